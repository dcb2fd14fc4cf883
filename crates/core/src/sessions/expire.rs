//! Telling of sessions that reached a limit.

use avnology_model::{Result, events::EventType};
use avnology_store::sessions::sessions;
use serde_json::json;

use crate::{Tenant, clients::logout, events::emit};

/// How many sessions one transaction tells of.
const BATCH: u32 = 200;

/// Writes `session.expired` for the sessions that reached their idle or absolute limit, once each; how many. Times of use
/// that still wait in memory are written first.
pub(crate) async fn note_expired(app: &Tenant) -> Result<usize> {
    super::flush_uses(app).await?;
    let mut noted = 0;
    loop {
        let cx = app.system_cx();
        let idle = i64::from(app.settings().settings.session_policy.idle_timeout_seconds);
        let count = app
            .store
            .identity()
            .write(move |tx| {
                let expired = sessions::take_expired(tx, cx.now, cx.now.plus_seconds(-idle), BATCH)?;
                for session in &expired {
                    logout::note(tx, &cx, session.id, session.identity_id)?;
                    let limit = if session.expires_at <= cx.now { "absolute" } else { "idle" };
                    let payload =
                        json!({ "session_id": session.id, "user_id": session.identity_id, "limit": limit });
                    let event = cx.event(EventType::SessionExpired, payload);
                    emit(tx, &event.on("session", &session.id).on("identity", &session.identity_id))?;
                }
                Ok(expired.len())
            })
            .await?;
        noted += count;
        if count == 0 {
            return Ok(noted);
        }
    }
}
