//! `:sendRecovery`: an administrator has the link to recover mailed to the person, and does not see it.

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result, Timestamp,
    events::{EventType, MessageRequest, MessageType},
    identities::IdentityState,
    ids::{FlowId, IdentityId},
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{reach, recovery_link::Prepared};
use crate::{
    Cx, Tenant,
    events::{emit, emit_message, seal},
    flows::take_message,
};

/// Life of the link, in seconds.
const LINK_SECONDS: i64 = 60 * 60;

/// A recovery that was mailed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RecoverySent {
    /// The flow that link and code lead to.
    #[schema(value_type = String)]
    pub flow_id: FlowId,
    /// Until when they are good.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// Mails an identity the link and the code to recover with. `_901`, `_100`; `_003` when it is not active, `_022` when it has no
/// address, `_021` when its address had too much mail.
pub async fn send(app: &Arc<Tenant>, cx: &Cx, id: IdentityId) -> Result<RecoverySent> {
    let (link, expires_at) = (Prepared::draw(cx, LINK_SECONDS), cx.now.plus_seconds(LINK_SECONDS));
    let answer = RecoverySent { flow_id: link.flow_id(), expires_at };
    let (app2, cx) = (Arc::clone(app), cx.clone());
    let wait = app
        .store
        .identity()
        .write(move |tx| {
            let identity = reach::manage(tx, &cx, id)?;
            if identity.state != IdentityState::Active {
                return Err(Error::new(Code::AccountInactive));
            }
            let Some(address) = identity.email.as_deref() else {
                return Err(Error::new(Code::VerificationRequired));
            };
            let wait = take_message(tx, &app2, &cx, address)?;
            if wait.is_some() {
                return Ok(wait);
            }
            let (url, code) = link.insert_for_mail(tx, &cx, &app2, &identity, address)?;
            let mut message = MessageRequest::to_person(MessageType::Recovery, address, &identity);
            message.until = Some(expires_at);
            let sealed = seal(&app2.keys, address, Some(code), Some(&url))?;
            emit_message(tx, &cx, &message, Some(&sealed))?;
            let payload = json!({ "user_id": id, "channel": "email" });
            emit(tx, &cx.event(EventType::UserRecoveryRequested, payload).on("identity", &id))?;
            Ok(None)
        })
        .await?;
    match wait {
        Some(seconds) => Err(Error::new(Code::TooManyRequests).with_retry_after(seconds)),
        None => Ok(answer),
    }
}
