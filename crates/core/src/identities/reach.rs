//! Which identities a caller sees and manages: all in tenant scope; in an organization's, its members and those of them that
//! it manages (`contract/10` §2.2).

use avnology_model::{
    Code, Error, Result,
    identities::{Identity, IdentityState},
    ids::IdentityId,
};
use avnology_store::{IdentityTx, identities::identities, organizations::memberships, permissions::tuples};
use serde_json::Map;

use super::IdentityView;
use crate::Cx;

/// An identity that the caller sees. `_901`.
pub(crate) fn see(tx: &mut IdentityTx<'_>, cx: &Cx, id: IdentityId) -> Result<Identity> {
    let identity = identities::get(tx, id)?;
    match cx.scope {
        Some(scope) if memberships::of_person(tx, scope.organization, id)?.is_none() => {
            Err(Error::not_found())
        }
        _ => Ok(identity),
    }
}

/// An identity that the caller may change. `_901`, or `_100` for a member that the organization does not manage.
pub(crate) fn manage(tx: &mut IdentityTx<'_>, cx: &Cx, id: IdentityId) -> Result<Identity> {
    let identity = see(tx, cx, id)?;
    if is_managed(cx, &identity) && !is_above(tx, cx, id)? {
        return Ok(identity);
    }
    Err(Error::new(Code::PermissionDenied)
        .with_detail("Your organization does not manage this person's account."))
}

/// Whether the person is more than the caller is: runs the platform, or owns the organization. Whoever sets the password of
/// somebody could become that somebody.
fn is_above(tx: &mut IdentityTx<'_>, cx: &Cx, id: IdentityId) -> Result<bool> {
    let Some(scope) = cx.scope.filter(|scope| !scope.is_platform) else { return Ok(false) };
    if tuples::platform_role(tx, id)?.is_some() {
        return Ok(true);
    }
    let membership = memberships::of_person(tx, scope.organization, id)?;
    Ok(!scope.is_owner && membership.is_some_and(|m| m.role.is_owner()))
}

fn is_managed(cx: &Cx, identity: &Identity) -> bool {
    cx.scope.is_none_or(|scope| scope.is_platform || identity.managed_by == Some(scope.organization))
}

/// An identity as the caller may see it.
pub(super) fn view(cx: &Cx, identity: &Identity) -> IdentityView {
    let view = IdentityView::for_administrators(identity, cx.now);
    if is_managed(cx, identity) { view } else { card(view) }
}

/// What an organization sees of a person whose account it does not manage.
fn card(mut view: IdentityView) -> IdentityView {
    if view.state != IdentityState::Active {
        view.state = IdentityState::Inactive;
    }
    view.email_verified = false;
    view.phone = None;
    view.phone_verified = false;
    view.username = None;
    view.traits = Map::new();
    view.metadata.public = Map::new();
    view.metadata.admin = Some(Map::new());
    view.external_id = Some(None);
    view.managed_by = None;
    view.mfa_methods = Vec::new();
    view.has_password = false;
    view.password_change_required = false;
    view.update_time = view.create_time;
    view.last_login_at = None;
    view.locked_until = None;
    view.deletion = None;
    view
}
