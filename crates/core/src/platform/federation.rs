//! Whether an identity belongs to its human or to one organization, and the change from one to the other
//! (`contract/20` §13). What makes identities and memberships asks here, in its transaction: memory may be a moment old.

use avnology_model::{
    Code, Error, Result,
    identities::{Identity, Realm},
    ids::OrganizationId,
    platform::FederationMode,
};
use avnology_store::{
    IdentityTx,
    identities::{federation as rows, identities},
};
use serde_json::json;

use crate::{Cx, Tenant};

/// Beyond so many identities the mode is changed offline.
const ONLINE: u64 = 100_000;
/// How many conflicts are named.
const NAMED: u32 = 100;

/// Who changes the mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// A server that answers others meanwhile: `_910` for more identities than it can take over in time.
    Online,
    /// The operator.
    Offline,
}

impl Tenant {
    /// Within what the e-mail, phone and username of an organization's people are unique.
    pub fn realm_of(&self, organization: OrganizationId) -> Realm {
        match self.settings().settings.identity_federation_mode {
            FederationMode::Shared => Realm::Tenant,
            FederationMode::Strict => Realm::Organization(organization),
        }
    }

    /// Whether an identity may be a member of an organization at all.
    pub(crate) fn may_belong(&self, identity: &Identity, organization: OrganizationId) -> bool {
        identity.realm == self.realm_of(organization)
    }

    /// Whether identities belong to organizations.
    pub fn is_strict(&self) -> bool {
        self.settings().settings.identity_federation_mode == FederationMode::Strict
    }
}

/// `_912` for an identity that was to be made under another mode than the one that holds by now.
pub(crate) fn check_new_identity(tx: &mut IdentityTx<'_>, realm: Realm) -> Result<()> {
    let fits = match rows::mode(tx)? {
        FederationMode::Shared => realm == Realm::Tenant,
        FederationMode::Strict => realm != Realm::Tenant,
    };
    if fits { Ok(()) } else { Err(crossed()) }
}

/// `_302` for an identity that is not made for this organization.
pub(crate) fn check_new_member(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    identity: avnology_model::ids::IdentityId,
) -> Result<()> {
    let mode = rows::mode(tx)?;
    let realm = identities::get(tx, identity)?.realm;
    let fits = match mode {
        FederationMode::Shared => realm == Realm::Tenant,
        FederationMode::Strict => realm == Realm::Organization(organization),
    };
    if fits {
        return Ok(());
    }
    Err(Error::new(Code::NotAMember)
        .with_detail("Here an account belongs to the organization that it was made in."))
}

/// Whether an identity that loses its membership loses its home.
pub(crate) fn is_strict(tx: &mut IdentityTx<'_>) -> Result<bool> {
    Ok(rows::mode(tx)? == FederationMode::Strict)
}

fn crossed() -> Error {
    Error::unavailable("the federation mode was changed meanwhile")
        .with_detail("The way accounts are kept has just been changed. Begin anew.")
        .with_retry_after(1)
}

/// Takes every identity over into another mode. `_318` with the first conflicts, `_910` when there are too many identities.
pub(super) fn switch(tx: &mut IdentityTx<'_>, cx: &Cx, to: FederationMode, by: Switch) -> Result<()> {
    if by == Switch::Online && identities::count(tx)? > ONLINE {
        return Err(Error::new(Code::ConflictingState)
            .with_detail("There are too many identities for a change in service: `avnology tenant set-federation-mode`.")
            .with_member("state", "too_many_identities"));
    }
    let (first, total) = rows::conflicts(tx, to, NAMED)?;
    if total > 0 {
        let named: Vec<_> =
            first.iter().map(|c| json!({ "identity_id": c.identity_id, "reason": c.reason })).collect();
        return Err(Error::new(Code::FederationConflict)
            .with_member("conflicts", named)
            .with_member("total", total));
    }
    rows::rewrite(tx, to, cx.now).map(drop)
}
