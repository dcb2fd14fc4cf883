//! Keys that have ended: telling of them, and removing them in the end. That they are refused needs neither.

use avnology_model::{Result, events::EventType};
use avnology_store::service_accounts::keys;
use serde_json::Value;

use super::view::key_event;
use crate::{Tenant, events::emit};

const DAY: i64 = 24 * 60 * 60;
/// How long a key that has ended is still listed, in seconds.
const KEPT: i64 = 30 * DAY;
/// How many keys one transaction tells of.
const BATCH: u32 = 200;

/// Writes `api_key.expired` for the keys that have ended, once each; how many.
pub(crate) async fn note_expired(app: &Tenant) -> Result<usize> {
    let mut noted = 0;
    loop {
        let cx = app.system_cx();
        let count = app
            .store
            .identity()
            .write(move |tx| {
                let expired = keys::take_expired(tx, cx.now, BATCH)?;
                for key in &expired {
                    emit(tx, &key_event(&cx, EventType::ApiKeyExpired, key, Value::Null))?;
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

/// Removes organizations' keys that ended long ago.
pub(crate) async fn purge_ended(app: &Tenant) -> Result<()> {
    let before = app.now().plus_seconds(-KEPT);
    app.store.identity().write(move |tx| keys::purge(tx, before)).await.map(drop)
}
