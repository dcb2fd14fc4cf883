//! Switching an identity off and on.

use avnology_model::{
    Code, Error, Result,
    events::EventType,
    identities::{Identity, IdentityState},
    ids::IdentityId,
    permissions::PlatformRole,
    platform::Precondition,
    secret_token::SecretHash,
    sessions::RevokeReason,
};
use avnology_store::{IdentityTx, identities::identities, permissions::tuples};
use serde_json::json;

use super::{IdentityView, administer::administer};
use crate::{Cx, Tenant, events::emit, sessions};

/// Switches an identity off: it cannot sign in, and unless `keep_sessions` its sessions end. `_910`, `_305`.
pub async fn deactivate(
    app: &Tenant,
    cx: &Cx,
    id: IdentityId,
    expected: &Precondition,
    reason: Option<String>,
    keep_sessions: bool,
) -> Result<IdentityView> {
    let ends = (!keep_sessions).then_some(RevokeReason::Deactivated);
    let change = move |tx: &mut IdentityTx<'_>, cx: &Cx, identity: &mut Identity| {
        if identity.state != IdentityState::Active {
            return Err(wrong_state(identity.state));
        }
        switch_off(tx, cx, identity, reason.as_deref())
    };
    administer(app, cx, id, expected, ends, change).await
}

/// Switches an identity off in this transaction. `_305` for the last platform administrator.
fn switch_off(tx: &mut IdentityTx<'_>, cx: &Cx, identity: &mut Identity, reason: Option<&str>) -> Result<()> {
    keep_last_admin(tx, identity.id)?;
    identity.state = IdentityState::Inactive;
    identities::update(tx, identity, cx.now)?;
    let payload = json!({ "user_id": identity.id, "reason": reason });
    emit(tx, &cx.event(EventType::UserDisabled, payload).on("identity", &identity.id))
}

/// Switches off an identity that has lost its home, and ends its sessions; the hashes to forget. `_305`.
pub(crate) fn lose_home(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    id: IdentityId,
    reason: &str,
) -> Result<Vec<SecretHash>> {
    let mut identity = identities::get(tx, id)?;
    if identity.state == IdentityState::Active {
        switch_off(tx, cx, &mut identity, Some(reason))?;
    }
    sessions::end_all(tx, cx, id, None, RevokeReason::Deactivated)
}

/// Switches an identity on again. `_910` unless it is inactive.
pub async fn reactivate(
    app: &Tenant,
    cx: &Cx,
    id: IdentityId,
    expected: &Precondition,
) -> Result<IdentityView> {
    let change = move |tx: &mut IdentityTx<'_>, cx: &Cx, identity: &mut Identity| {
        if identity.state != IdentityState::Inactive {
            return Err(wrong_state(identity.state));
        }
        identity.state = IdentityState::Active;
        identities::update(tx, identity, cx.now)?;
        emit(tx, &cx.event(EventType::UserEnabled, json!({ "user_id": id })).on("identity", &id))
    };
    administer(app, cx, id, expected, None, change).await
}

pub(super) fn wrong_state(state: IdentityState) -> Error {
    Error::new(Code::ConflictingState).with_member("state", state.as_str())
}

/// `_305` when the identity is the only platform administrator who can sign in.
pub(crate) fn keep_last_admin(tx: &mut IdentityTx<'_>, id: IdentityId) -> Result<()> {
    let is_admin = tuples::platform_role(tx, id)? == Some(PlatformRole::Admin);
    if is_admin && tuples::count_other_active(tx, PlatformRole::Admin, id)? == 0 {
        return Err(
            Error::new(Code::LastOwner).with_detail("The last platform administrator cannot be removed.")
        );
    }
    Ok(())
}
