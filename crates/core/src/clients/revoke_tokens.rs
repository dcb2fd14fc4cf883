//! Ending everything that was issued to a client until now.

use avnology_model::{Result, Timestamp, events::EventType, ids::ClientId};
use avnology_store::clients::clients as rows;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{Cx, Tenant, events::emit};

/// From when on what is issued is good.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct RevokedTokens {
    /// What was issued before is refused.
    #[schema(value_type = String, format = DateTime)]
    pub revoked_before: Timestamp,
}

/// The moment before which everything is refused: tokens tell their age in whole seconds, so the present one counts too.
pub(super) fn cut_off(cx: &Cx) -> Timestamp {
    Timestamp::from_micros((cx.now.seconds() + 1).saturating_mul(1_000_000))
}

/// Refuses from now on all codes, tokens and grants that were issued to a client; what people agreed to stays. `_901`.
pub async fn revoke_tokens(app: &Tenant, cx: &Cx, id: ClientId) -> Result<RevokedTokens> {
    let revoked_before = cut_off(cx);
    let cx = cx.clone();
    app.store
        .identity()
        .write(move |tx| {
            let mut client = rows::get(tx, id)?;
            client.revoked_before = Some(revoked_before);
            rows::update(tx, &mut client, cx.now)?;
            let payload = json!({ "client_id": id, "user_id": null, "reason": "client" });
            emit(tx, &cx.event(EventType::OauthTokenRevoked, payload).on("client", &id))
        })
        .await?;
    app.clients.forget(id);
    Ok(RevokedTokens { revoked_before })
}
