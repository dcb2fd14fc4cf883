//! How long records are kept (`contract/70` §3.3): what is older goes, in whole spans between checkpoints, and the
//! checkpoint before the first record that stays is kept, so that the chain can still be checked from there.

use std::sync::Arc;

use avnology_model::{Result, audit::Log, ids::OrganizationId, platform::RateLimit};
use avnology_store::{
    audit::{checkpoints, exports, records},
    organizations::organizations,
    platform::rate_cells,
};

use super::home::{self, Home};
use crate::Tenant;

const DAY: i64 = 24 * 60 * 60;
/// How long an export is known by its id after its file is gone, in seconds.
const EXPORT_KNOWN: i64 = 30 * DAY;
/// How many organizations are read at a time.
const BATCH: u32 = 500;

/// Removes from every log what is older than it is to be kept, and files of exports whose time is over. A database that is
/// away is passed over until the next time.
pub async fn remove_old(app: &Arc<Tenant>) -> Result<()> {
    let usual = app.settings().settings.audit_retention_days;
    remove(app, Log::Tenant, usual).await?;
    let mut after: Option<OrganizationId> = None;
    loop {
        let page = app.store.identity().read(move |tx| organizations::kept_days(tx, after, BATCH)).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = Some(*last);
        for (id, own) in page {
            if let Err(error) = remove(app, Log::Organization(id), own.unwrap_or(usual)).await {
                tracing::warn!(organization = %id, ?error, "its old audit records stay for now");
            }
        }
    }
}

/// The same, once a day and by one node.
pub async fn remove_old_daily(app: &Arc<Tenant>) -> Result<()> {
    let now = app.now();
    let once = [RateLimit { limit: 1, window_seconds: 24 * 60 * 60 }];
    let turn = app.store.identity().write(move |tx| rate_cells::take(tx, "audit.retention", b"", &once, now));
    if turn.await?.is_some() {
        return Ok(());
    }
    remove_old(app).await
}

async fn remove(app: &Tenant, log: Log, days: u32) -> Result<()> {
    let home = home::open(app, log).await?;
    let now = app.now();
    let before = now.plus_seconds(-i64::from(days) * DAY);
    let is_due = home
        .read(move |tx| {
            Ok(records::first_after(tx, 0)?.is_some_and(|first| first < before)
                || exports::is_any_over(tx, now)?)
        })
        .await?;
    if is_due { cut(&home, before, now).await } else { Ok(()) }
}

async fn cut(home: &Home, before: avnology_model::Timestamp, now: avnology_model::Timestamp) -> Result<()> {
    home.write(move |tx| {
        exports::purge(tx, now, now.plus_seconds(-EXPORT_KNOWN))?;
        let kept = match records::kept_from(tx, before)? {
            Some(first) => first,
            // All of it is old.
            None => records::head(tx)?.sequence + 1,
        };
        let Some(anchor) = checkpoints::last_before(tx, kept)? else { return Ok(()) };
        records::remove(tx, anchor.sequence, before)?;
        checkpoints::remove_before(tx, anchor.sequence)
    })
    .await
}
