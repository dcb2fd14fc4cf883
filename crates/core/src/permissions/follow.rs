//! Keeping memory up with other nodes, and removing what has served its time.

use std::{sync::Arc, time::Duration};

use avnology_model::Result;
use avnology_store::{
    Engine,
    permissions::{changes, own_tuples, tuples},
};
use tokio::sync::watch;

use crate::Tenant;

/// How long a change is kept in the log, in seconds.
pub(super) const KEPT_SECONDS: i64 = 60 * 60;
/// How often other nodes' changes are looked for.
const POLL: Duration = Duration::from_millis(300);
/// The same where there are no other nodes.
const ALONE: Duration = Duration::from_mins(1);
/// How many changes one transaction of the sweep forgets.
const BATCH: u32 = 5_000;

/// Reads the tuples into memory, then follows what changes, until `stop` turns true.
pub async fn keep_up(app: Arc<Tenant>, mut stop: watch::Receiver<bool>) {
    let mut news = app.store.identity().commits();
    let is_alone = app.store.engine() == Engine::Sqlite;
    while !*stop.borrow() {
        news.mark_unchanged();
        let memory = &app.permissions;
        let followed = if is_alone { memory.current(&app).await } else { memory.latest(&app).await };
        if let Err(error) = followed {
            tracing::warn!(?error, "memory could not follow the log of permissions; trying again");
        }
        tokio::select! {
            // On one node nothing else changes; on several a look at each commit would be too many.
            _ = news.changed(), if is_alone => {}
            () = tokio::time::sleep(if is_alone { ALONE } else { POLL }) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Removes the tuples that have ended by themselves, and the changes that everybody has followed.
pub async fn sweep(app: &Tenant) -> Result<()> {
    let now = app.now();
    let db = app.store.identity();
    db.write(move |tx| {
        own_tuples::remove_expired(tx, now)?;
        tuples::remove_expired(tx, now)
    })
    .await?;
    while db.write(|tx| changes::prune(tx, KEPT_SECONDS, BATCH)).await? > 0 {}
    Ok(())
}
