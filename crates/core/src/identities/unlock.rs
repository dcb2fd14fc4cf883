//! Lifting the lock that failures brought.

use avnology_model::{
    Result, events::EventType, identities::Identity, ids::IdentityId, platform::Precondition,
};
use avnology_store::{IdentityTx, credentials::lockouts};
use serde_json::json;

use super::{IdentityView, administer::administer};
use crate::{Cx, Tenant, events::emit};

/// Lifts the lock of an identity; nothing happens when there is none.
pub async fn unlock(app: &Tenant, cx: &Cx, id: IdentityId, expected: &Precondition) -> Result<IdentityView> {
    let change = move |tx: &mut IdentityTx<'_>, cx: &Cx, identity: &mut Identity| {
        let was_locked = identity.locked_until.take().is_some_and(|until| until > cx.now);
        if !lockouts::clear_all(tx, id)? || !was_locked {
            return Ok(());
        }
        let payload = json!({ "user_id": id, "by": "admin" });
        emit(tx, &cx.event(EventType::UserUnlocked, payload).on("identity", &id))
    };
    administer(app, cx, id, expected, None, change).await
}
