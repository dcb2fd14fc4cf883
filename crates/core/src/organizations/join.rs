//! Joining an organization that one's account fits (`contract/20` §6, *Existing identities*).

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result, Timestamp,
    identities::{Identity, Realm},
    ids::{InvitationId, MembershipId, OrganizationId},
    organizations::{Domain, Organization},
};
use avnology_store::{
    IdentityTx,
    identities::identities,
    organizations::{domains, invitations, memberships, organizations},
    sessions::sessions,
};

use super::{
    Admission, Door, Joining, MemberView, Showing, Sso, WayIn, admission, check_state, find_named,
    members::{self, forget},
    membership,
};
use crate::{Cx, Tenant, sessions::LiveSession};

/// Makes the caller a member of the organization named by id or slug, by what their account shows. `_300`; `_310` and
/// `_312` by its state; `_301` for a member; `_304` or `_110` for those whom it does not let in; `_311`.
pub async fn join(app: &Arc<Tenant>, cx: &Cx, live: &LiveSession, name: &str) -> Result<MemberView> {
    join_through(app, cx, live, name, Door::OPEN).await
}

/// The same by way of a client, whose own door stands before the organization's.
pub(crate) async fn join_through(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &LiveSession,
    name: &str,
    outer: Door,
) -> Result<MemberView> {
    let found = find_named(app, cx, name).await?;
    let id = found.ok_or_else(|| Error::new(Code::OrganizationNotFound))?.id();
    let new = MembershipId::new(cx.now, cx.random());
    let (job, cx2, caller) = (Arc::clone(app), cx.clone(), live.identity.id);
    let (member, hashes) = app
        .store
        .identity()
        .write(move |tx| {
            let identity = identities::get(tx, caller)?;
            let organization = organizations::get(tx, id)?;
            check_state(organization.state)?;
            if let Some(present) = memberships::of_person(tx, id, caller)? {
                return Err(Error::new(Code::MemberExists).with_member("member_id", present.id.to_string()));
            }
            let domain = shown_domain(tx, &organization, &identity)?;
            let way = way_in(&job, &organization, &identity, domain.as_ref(), outer)?;
            let joining = Joining {
                id: new,
                identity: caller,
                role: way.default_role(
                    &organization,
                    domain.as_ref().and_then(|domain| domain.default_role.as_ref()),
                ),
                source: way.source(),
                expire_time: None,
            };
            let joined = membership::join(tx, &cx2, &organization, &joining)?;
            Ok((members::view(tx, &joined)?, sessions::token_hashes_of(tx, caller)?))
        })
        .await?;
    forget(app, id, caller, &hashes);
    Ok(member)
}

/// `_304` or `_110` unless the table lets this account in without invitation and single sign-on.
fn way_in(
    app: &Tenant,
    organization: &Organization,
    identity: &Identity,
    domain: Option<&Domain>,
    outer: Door,
) -> Result<WayIn> {
    let door = outer.and(Door::of(organization));
    if !app.may_belong(identity, organization.id) {
        // In a strict tenant an identity belongs where it was made.
        return Err(
            Error::new(Code::RegistrationDisabled).with_member("registration_mode", door.mode.as_str())
        );
    }
    let showing = Showing { invitation: false, domain: domain.is_some(), sso: Sso::No };
    let way = admission(door, showing).for_session(door);
    way.map_err(|error| error.with_member("organization_id", organization.id.to_string()))
}

/// How somebody who is signed in would come into an organization that they are no member of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// By the invitation to their proven address.
    Invited(InvitationId),
    /// By joining.
    Joins,
}

/// How an identity would come into an organization by way of a client; none where the rules do not let it in.
pub(crate) fn entry_of(
    tx: &mut IdentityTx<'_>,
    app: &Tenant,
    identity: &Identity,
    organization: &Organization,
    outer: Door,
    now: Timestamp,
) -> Result<Option<Entry>> {
    if check_state(organization.state).is_err() || !app.may_belong(identity, organization.id) {
        return Ok(None);
    }
    let key = identity.email_key.as_deref().filter(|_| identity.email_verified);
    let invitation = key.map(|key| invitations::open_of_address_in(tx, organization.id, key)).transpose()?;
    let invitation = invitation.flatten().filter(|invitation| invitation.expires_at > now);
    let domain = shown_domain(tx, organization, identity)?;
    let door = outer.and(Door::of(organization));
    let showing = Showing { invitation: invitation.is_some(), domain: domain.is_some(), sso: Sso::No };
    Ok(match (admission(door, showing), invitation) {
        (Admission::Joins(WayIn::Invitation), Some(invitation)) => Some(Entry::Invited(invitation.id)),
        (Admission::Joins(_), _) => Some(Entry::Joins),
        (Admission::NeedsSso | Admission::Refused(_), _) => None,
    })
}

/// Whether an identity can become a member of an organization at all.
pub(crate) fn may_belong(identity: &Identity, organization: OrganizationId) -> bool {
    match identity.realm {
        Realm::Tenant => true,
        Realm::Organization(home) => home == organization,
    }
}

/// The verified domain of the organization with `auto_join` at which the identity has a proven address.
pub(crate) fn shown_domain(
    tx: &mut IdentityTx<'_>,
    organization: &Organization,
    identity: &Identity,
) -> Result<Option<Domain>> {
    let domain = held_domain(tx, identity)?;
    Ok(domain.filter(|domain| domain.organization_id == organization.id))
}

/// The verified domain with `auto_join`, whoever holds it, at which the identity has a proven address.
pub(super) fn held_domain(tx: &mut IdentityTx<'_>, identity: &Identity) -> Result<Option<Domain>> {
    match identity.email_key.as_deref().filter(|_| identity.email_verified) {
        Some(key) => auto_join_domain(tx, key),
        None => Ok(None),
    }
}

/// The verified domain with `auto_join`, whoever holds it, of an address by its key, proven or not.
pub(crate) fn auto_join_domain(tx: &mut IdentityTx<'_>, key: &str) -> Result<Option<Domain>> {
    let Some((_, name)) = key.rsplit_once('@') else { return Ok(None) };
    Ok(domains::verified_holder(tx, name)?.filter(|domain| domain.auto_join))
}

/// Makes a new account, whose address has just been proven for the first time, a member of the organization that takes
/// people by its domain (`contract/20` §6, *Personal registration*). Where that is not possible now, the account stays
/// personal. The organization joined, whose member must be forgotten after the commit.
pub(crate) fn join_by_domain(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: &Identity,
    id: MembershipId,
) -> Result<Option<OrganizationId>> {
    let Some(domain) = held_domain(tx, identity)?.filter(|_| identity.realm == Realm::Tenant) else {
        return Ok(None);
    };
    let organization = organizations::get(tx, domain.organization_id)?;
    let door = Door::of(&organization);
    let outcome = admission(door, Showing { invitation: false, domain: true, sso: Sso::No });
    let is_in_use = check_state(organization.state).is_ok();
    let is_member = memberships::of_person(tx, organization.id, identity.id)?.is_some();
    if outcome != Admission::Joins(WayIn::Domain) || !is_in_use || is_member {
        return Ok(None);
    }
    let joining = Joining {
        id,
        identity: identity.id,
        role: WayIn::Domain.default_role(&organization, domain.default_role.as_ref()),
        source: WayIn::Domain.source(),
        expire_time: None,
    };
    match membership::join(tx, cx, &organization, &joining) {
        Ok(_) => Ok(Some(organization.id)),
        // Refused before anything is written.
        Err(error) if matches!(error.code(), Code::SeatLimitReached | Code::RoleNotAssignable) => Ok(None),
        Err(error) => Err(error),
    }
}
