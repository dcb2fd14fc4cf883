//! Reading a log: lists, one record, counts and checkpoints.

use avnology_aip::page_token::Key;
use avnology_model::{Error, FieldCode, Result, Timestamp, audit::Checkpoint, ids::AuditId};
use avnology_store::{
    audit::{checkpoints, records},
    list::{ListQuery, Total},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{AuditEventView, Place, home};
use crate::{Tenant, hex};

const DAY: i64 = 24 * 60 * 60;
/// Longest time that is summed up, in days.
const SUMMARY_DAYS: i64 = 92;

/// A page of records.
#[derive(Clone, Debug)]
pub struct AuditPage {
    /// The records.
    pub events: Vec<AuditEventView>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Vec<Key>>,
    /// How many there are, when asked for.
    pub total: Option<Total>,
}

/// A page of a log, the newest first. `_902` for a filter or an order that does not fit, `_912` when the database is away.
pub async fn list(app: &Tenant, place: &Place, query: ListQuery) -> Result<AuditPage> {
    let home = home::open(app, place.log()).await?;
    let is_short = query.is_short();
    let read = move |tx: &mut avnology_store::Tx<'_>| records::list(tx, &query);
    let page = if is_short { home.read(read).await? } else { home.scan(read).await? };
    Ok(AuditPage {
        events: page.items.iter().map(AuditEventView::of).collect(),
        next: page.next,
        total: page.total,
    })
}

/// One record. `_901`.
pub async fn get(app: &Tenant, place: &Place, id: AuditId) -> Result<AuditEventView> {
    let home = home::open(app, place.log()).await?;
    let found = home.read(move |tx| records::find(tx, id)).await?;
    found.as_ref().map(AuditEventView::of).ok_or_else(Error::not_found)
}

/// A stretch of time: from `start_time` to before `end_time`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// From when.
    pub start_time: Timestamp,
    /// Until before when.
    pub end_time: Timestamp,
}

impl Period {
    /// `_902` unless it begins before it ends.
    pub fn check(self) -> Result<()> {
        if self.start_time < self.end_time {
            return Ok(());
        }
        Err(Error::field("end_time", FieldCode::TooSmall, "Later than start_time."))
    }
}

/// How often an action was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SummaryBucket {
    /// The action.
    pub action: String,
    /// How often.
    pub count: i64,
    /// How often of these it failed or was refused.
    pub failure_count: i64,
}

/// How much happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AuditSummary)]
pub struct Summary {
    /// By action.
    pub buckets: Vec<SummaryBucket>,
    /// All together.
    pub total: i64,
}

/// What happened how often in whole hours, at most 92 days. `_902`.
pub async fn summary(app: &Tenant, place: &Place, period: Period) -> Result<Summary> {
    period.check()?;
    if period.start_time.plus_seconds(SUMMARY_DAYS * DAY) < period.end_time {
        return Err(Error::field("end_time", FieldCode::TooLarge, "At most 92 days after start_time."));
    }
    let home = home::open(app, place.log()).await?;
    let counts = home.read(move |tx| records::summary(tx, period.start_time, period.end_time)).await?;
    let total = counts.iter().map(|count| count.count).sum();
    let bucket = |count: records::Count| SummaryBucket {
        action: count.action,
        count: count.count,
        failure_count: count.failure_count,
    };
    Ok(Summary { buckets: counts.into_iter().map(bucket).collect(), total })
}

/// A signed state of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AuditCheckpoint)]
pub struct CheckpointView {
    /// The last record that it covers.
    pub sequence: i64,
    /// That record's hash.
    pub hash: String,
    /// Root of the Merkle tree (RFC 6962) over the hashes since the checkpoint before.
    pub root: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
    /// The signed statement; its key is in the JWKS.
    pub jws: String,
}

impl CheckpointView {
    /// As readers see it.
    pub fn of(checkpoint: &Checkpoint) -> Self {
        Self {
            sequence: checkpoint.sequence,
            hash: hex(&checkpoint.hash),
            root: hex(&checkpoint.root),
            timestamp: checkpoint.timestamp,
            jws: checkpoint.jws.clone(),
        }
    }
}

/// A page of checkpoints.
#[derive(Clone, Debug)]
pub struct CheckpointPage {
    /// The checkpoints.
    pub checkpoints: Vec<CheckpointView>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Vec<Key>>,
    /// How many there are, when asked for.
    pub total: Option<Total>,
}

/// A page of the checkpoints of a log, the newest first. `_902`, `_912`.
pub async fn list_checkpoints(app: &Tenant, place: &Place, query: ListQuery) -> Result<CheckpointPage> {
    let home = home::open(app, place.log()).await?;
    let page = home.scan(move |tx| checkpoints::list(tx, &query)).await?;
    Ok(CheckpointPage {
        checkpoints: page.items.iter().map(CheckpointView::of).collect(),
        next: page.next,
        total: page.total,
    })
}
