//! Removing the factors once the waiting period is over.

use avnology_model::{
    Result, credentials::Factor, events::EventType, identities::Identity, ids::SessionId,
    secret_token::SecretHash, sessions::RevokeReason,
};
use avnology_store::{IdentityTx, identities::factor_recoveries as rows};
use serde_json::json;

use crate::{Cx, events::emit, identities::remove_factors, sessions};

/// Removes all second factors of an identity whose waiting period is over, and ends every session but `except`; the hashes
/// to forget. `None` when there is no such recovery: it was cancelled, completed by another request, or it is too early.
pub(crate) fn complete(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: &mut Identity,
    except: SessionId,
) -> Result<Option<Vec<SecretHash>>> {
    let Some(recovery) = rows::waiting_of(tx, identity.id)? else { return Ok(None) };
    let is_same = identity.email.as_deref() == Some(recovery.address.as_str());
    if !is_same || !rows::complete(tx, recovery.id, cx.now)? {
        return Ok(None);
    }
    let removed = remove_factors(tx, cx, identity, Factor::ALL)?;
    let payload = json!({ "user_id": identity.id, "factor_recovery_id": recovery.id, "methods": removed });
    emit(tx, &cx.event(EventType::UserFactorRecoveryCompleted, payload).on("identity", &identity.id))?;
    sessions::end_all(tx, cx, identity.id, Some(except), RevokeReason::FactorChanged).map(Some)
}
