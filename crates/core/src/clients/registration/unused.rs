//! Clients that registered themselves and are not used: they go after 90 days without a token.

use avnology_model::{Code, Result, platform::Precondition};
use avnology_store::clients::registrations;

use super::super::{LiveClient, delete};
use crate::{Cx, Tenant};

const DAY: i64 = 24 * 60 * 60;
/// How long a client is kept that gets no token, in seconds: what is noted of its last one may be a day behind.
const KEPT: i64 = 90 * DAY + DAY;
/// Most clients that are removed at a time.
const BATCH: u32 = 100;

/// Notes that a client got a token, once a day.
pub(in super::super) async fn note_token(app: &Tenant, cx: &Cx, live: &LiveClient) -> Result<()> {
    let Some(registration) = &live.client.registration else { return Ok(()) };
    if cx.now.seconds_since(registration.last_token_at) < DAY {
        return Ok(());
    }
    let (id, now) = (live.id(), cx.now);
    app.store.identity().write(move |tx| registrations::note_token(tx, id, now)).await?;
    app.clients.forget(id);
    Ok(())
}

/// Removes the clients that registered themselves and got no token for 90 days.
pub async fn remove_unused(app: &Tenant, cx: &Cx) -> Result<()> {
    let limit = cx.now.plus_seconds(-KEPT);
    let due = app.store.identity().read(move |tx| registrations::unused(tx, limit, BATCH)).await?;
    for id in due {
        match delete::delete(app, cx, id, &Precondition::default()).await {
            // Another node came first.
            Err(error) if error.code() == Code::NotFound => {}
            done => done?,
        }
    }
    Ok(())
}
