//! The account of keys that were made without naming one.

use avnology_model::{
    Error, FieldCode, Result,
    ids::{IdentityId, OrganizationId, ServiceAccountId},
    permissions::Scope,
    service_accounts::ServiceAccount,
};
use avnology_store::{IdentityTx, organizations::memberships, service_accounts::accounts};

use super::{Keeper, create_account, owner};
use crate::Cx;

/// The default account of an organization, which is made with this id on first use; none when another transaction was
/// making it at the same time: to be tried again.
///
/// It may be given all that an account of an organization may: what a key of it allows is decided key by key, and is never
/// more than whoever makes the key holds.
pub(super) fn find_or_make(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    keeper: &Keeper,
    organization: OrganizationId,
    id: ServiceAccountId,
) -> Result<Option<ServiceAccount>> {
    if let Some(account) = accounts::default_of(tx, organization)? {
        return Ok(Some(account));
    }
    create_account::check_count(tx, Some(organization))?;
    let account = ServiceAccount {
        id,
        organization_id: Some(organization),
        name: "Default".to_owned(),
        description: Some("Keys that were made without naming an account.".to_owned()),
        owner_id: Some(choose_owner(tx, cx, keeper, organization)?),
        owner_lost_at: None,
        scopes: Scope::ALL.iter().copied().filter(|scope| scope.is_for_keys()).collect(),
        active: true,
        is_default: true,
        last_used_at: None,
        create_time: cx.now,
        update_time: cx.now,
    };
    if !accounts::insert(tx, &account)? {
        return Ok(None);
    }
    create_account::note_created(tx, cx, &account)?;
    Ok(Some(account))
}

/// The caller, when that is a member; else, for the platform, the longest-standing owner of the organization. `_902` when
/// nobody owns it yet.
fn choose_owner(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    keeper: &Keeper,
    organization: OrganizationId,
) -> Result<IdentityId> {
    if let Some(caller) = keeper.person()
        && owner::may_answer(tx, cx, Some(organization), caller)?
    {
        return Ok(caller);
    }
    let owners = memberships::owners(tx, organization)?;
    let first = owners.into_iter().find(|membership| membership.is_in_force(cx.now));
    first.map(|membership| membership.identity_id).ok_or_else(|| {
        let words = "Nobody owns the organization yet who could answer for its default account. Name another account.";
        Error::field("service_account_id", FieldCode::Required, words)
    })
}
