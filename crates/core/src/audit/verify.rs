//! Checking a stretch of a log, or proving that one record is in it.

use avnology_model::{
    Error, FieldCode, Result,
    audit::{Digest, Log, Record},
    ids::EventId,
};
use avnology_store::{
    Tx,
    audit::{checkpoints, records},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{CheckpointView, Period, Place, chain, home};
use crate::{Tenant, hex};

/// Most records that are checked on request.
const MOST: i64 = 100_000;
/// How many are read at a time.
const STEP: u32 = 1_000;

/// What a check found.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[schema(as = AuditVerification)]
pub struct Verification {
    /// Whether all of it is as it was recorded.
    pub valid: bool,
    /// How many records were checked.
    pub checked: i64,
    /// The first of them.
    pub first_sequence: Option<i64>,
    /// The last of them.
    pub last_sequence: Option<i64>,
    /// The first that is not what it was, or is missing.
    pub first_broken_sequence: Option<i64>,
    /// The newest signed state that covers the last of them.
    pub checkpoint: Option<CheckpointView>,
    /// For one record: the hashes that lead from its own to the root of the checkpoint (RFC 6962), the lowest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub inclusion_proof: Option<Vec<String>>,
}

/// Checks the records of a period. `_902` when there are more than 100,000: these are exported and checked elsewhere.
pub async fn verify_period(app: &Tenant, place: &Place, period: Period) -> Result<Verification> {
    period.check()?;
    let (log, home) = (place.log(), home::open(app, place.log()).await?);
    let bounds = home.scan(move |tx| records::bounds(tx, period.start_time, period.end_time)).await?;
    let Some((first, last)) = bounds else {
        return Ok(Verification { valid: true, ..Verification::default() });
    };
    if last - first >= MOST {
        return Err(Error::field("end_time", FieldCode::TooLarge, "More than 100,000 records: export them."));
    }
    let broken = home.scan(move |tx| first_broken(tx, log, first, last)).await?;
    let checkpoint = home.read(move |tx| checkpoints::covering(tx, last)).await?;
    Ok(Verification {
        valid: broken.is_none(),
        checked: last - first + 1,
        first_sequence: Some(first),
        last_sequence: Some(last),
        first_broken_sequence: broken,
        checkpoint: checkpoint.as_ref().map(CheckpointView::of),
        inclusion_proof: None,
    })
}

/// The number of the first record from `first` to `last` that breaks the chain.
fn first_broken(tx: &mut Tx<'_>, log: Log, first: i64, last: i64) -> Result<Option<i64>> {
    let mut at = before(tx, log, first)?;
    while at.0 < last {
        let step = records::after(tx, at.0, last, STEP)?;
        if let Some(broken) = chain::check(&step, at) {
            return Ok(Some(broken));
        }
        let Some(end) = step.last() else { return Ok(Some(at.0 + 1)) };
        at = (end.sequence, end.hash);
    }
    Ok(None)
}

/// The number and hash of the record before one: kept by itself or, where it was removed, by a checkpoint.
fn before(tx: &mut Tx<'_>, log: Log, sequence: i64) -> Result<(i64, Digest)> {
    if sequence <= 1 {
        return Ok((0, chain::first_hash(log)));
    }
    let previous = records::after(tx, sequence - 2, sequence - 1, 1)?;
    if let Some(Record { sequence, hash, .. }) = previous.first() {
        return Ok((*sequence, *hash));
    }
    let anchor = checkpoints::covering(tx, sequence - 1)?.filter(|anchor| anchor.sequence == sequence - 1);
    // Without either the record itself is the first that cannot be checked.
    Ok(anchor.map_or((sequence - 1, [0; 32]), |anchor| (anchor.sequence, anchor.hash)))
}

/// Proves that the record of an event is in the log. `_901`.
pub async fn verify_event(app: &Tenant, place: &Place, event: EventId) -> Result<Verification> {
    let (log, home) = (place.log(), home::open(app, place.log()).await?);
    let answer = home
        .scan(move |tx| {
            let Some(sequence) = records::of_event(tx, event)? else { return Ok(None) };
            let broken = first_broken(tx, log, sequence, sequence)?;
            let checkpoint = checkpoints::covering(tx, sequence)?;
            let proof = match &checkpoint {
                Some(checkpoint) => inclusion(tx, sequence, checkpoint.sequence)?,
                None => None,
            };
            Ok(Some(Verification {
                valid: broken.is_none(),
                checked: 1,
                first_sequence: Some(sequence),
                last_sequence: Some(sequence),
                first_broken_sequence: broken,
                checkpoint: checkpoint.as_ref().map(CheckpointView::of),
                inclusion_proof: proof,
            }))
        })
        .await?;
    answer.ok_or_else(Error::not_found)
}

/// The path from a record's hash to the root of the checkpoint at `end`.
fn inclusion(tx: &mut Tx<'_>, sequence: i64, end: i64) -> Result<Option<Vec<String>>> {
    let start = checkpoints::last_before(tx, end)?.map_or(0, |previous| previous.sequence);
    let count = u32::try_from(end - start).map_err(Error::internal)?;
    let hashes: Vec<Digest> = records::hashes(tx, start, count)?.into_iter().map(|(_, hash)| hash).collect();
    let Ok(index) = usize::try_from(sequence - start - 1) else { return Ok(None) };
    let path = chain::merkle_path(&hashes, index);
    Ok(Some(path.iter().map(|hash| hex(hash)).collect()))
}
