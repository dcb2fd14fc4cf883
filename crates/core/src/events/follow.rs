//! Driving a consumer along the log.

use std::sync::Arc;

use avnology_model::{
    Result,
    events::{Event, EventResult},
};
use avnology_store::{
    IdentityTx,
    events::log::{self, StoredEvent},
};
use serde::Deserialize as _;

use crate::Tenant;

/// How many events are taken at a time.
const BATCH: u32 = 200;
/// How long a follower waits for news that it is not told of (another node's), in milliseconds.
const POLL_MILLIS: u64 = 500;

/// Something that follows the log. What it does with an event must be harmless when repeated.
pub trait Consumer: Send + Sync + 'static {
    /// The name under which its cursor is kept.
    fn name(&self) -> &'static str;

    /// Whether it does anything with events of this type; others are passed over unread.
    fn wants(&self, event_type: &str) -> bool;

    /// Takes one event of something that happened, in the transaction that moves the cursor past it.
    fn take(&self, tx: &mut IdentityTx<'_>, event: &Event, stored: &StoredEvent) -> Result<()>;

    /// Called when what it took is committed: the time to forget what memory holds.
    fn committed(&self) {}
}

/// Brings a consumer to the end of the log; how many events it took.
pub async fn follow_once(app: &Tenant, consumer: &Arc<impl Consumer>) -> Result<usize> {
    let mut taken = 0;
    loop {
        let batch = next_batch(app, consumer.name()).await?;
        let Some(last) = batch.last() else { return Ok(taken) };
        let (end, count) = (last.cursor, batch.len());
        let (events, follower, now) =
            (Arc::new(wanted(consumer.as_ref(), batch)), Arc::clone(consumer), app.now());
        app.store
            .identity()
            .write(move |tx| {
                if !log::advance(tx, follower.name(), end, now)? {
                    // Another node was here first.
                    return Ok(());
                }
                events.iter().try_for_each(|(event, stored)| follower.take(tx, event, stored))
            })
            .await?;
        consumer.committed();
        taken += count;
    }
}

/// What of a batch a consumer takes, read before the transaction in which it does.
fn wanted(consumer: &impl Consumer, batch: Vec<StoredEvent>) -> Vec<(Event, StoredEvent)> {
    let read = |stored: StoredEvent| match Event::deserialize(&stored.body) {
        // What was refused did not happen.
        Ok(event) if event.result == EventResult::Denied => None,
        Ok(event) => Some((event, stored)),
        Err(error) => {
            // Written by a newer version: not for this consumer of this version.
            tracing::warn!(event = %stored.event_id, %error, "an event could not be read");
            None
        }
    };
    batch.into_iter().filter(|stored| consumer.wants(&stored.event_type)).filter_map(read).collect()
}

async fn next_batch(app: &Tenant, consumer: &'static str) -> Result<Vec<StoredEvent>> {
    app.store
        .identity()
        .read(move |tx| {
            let from = log::cursor(tx, consumer)?;
            log::read_after(tx, from, BATCH)
        })
        .await
}

/// Follows the log until `stop` turns true.
pub async fn follow<C: Consumer>(
    app: Arc<Tenant>,
    consumer: C,
    mut stop: tokio::sync::watch::Receiver<bool>,
) {
    let consumer = Arc::new(consumer);
    let mut news = app.store.identity().commits();
    while !*stop.borrow() {
        news.mark_unchanged();
        if let Err(error) = follow_once(&app, &consumer).await {
            tracing::warn!(
                consumer = consumer.name(),
                ?error,
                "a consumer could not go on; it will try again"
            );
        }
        tokio::select! {
            _ = news.changed() => {}
            () = tokio::time::sleep(std::time::Duration::from_millis(POLL_MILLIS)) => {}
            _ = stop.changed() => {}
        }
    }
}
