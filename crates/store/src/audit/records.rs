//! The records of a log, in the order of its chain.

use std::collections::BTreeMap;

use avnology_model::{
    Error, Result, Timestamp,
    audit::{Digest, Export, Part, Record, RecordTarget},
    ids::{AuditId, EventId},
};
use serde_json::{Value as Json, json};

use crate::{
    Row, Tx,
    events::log::Cursor,
    list::{self, Field, List, ListQuery, Page, Scope},
    params,
};

crate::statements! {
    HEAD = "SELECT version, sequence, hash, identity_tx_id, identity_position, own_tx_id, own_position \
        FROM audit_head WHERE one = 1";
    ADVANCE = "UPDATE audit_head SET version = version + 1, sequence = $2, hash = $3, identity_tx_id = $4, \
        identity_position = $5, own_tx_id = $6, own_position = $7 WHERE one = 1 AND version = $1";
    INSERT = "INSERT INTO audit_events (sequence, id, event_id, create_time, action, result, actor_type, actor_id, \
        session_id, ip, request_id, error_code, record, personal_hashes, prev_hash, hash) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    INSERT_TARGET = "INSERT INTO audit_targets (sequence, ordinal, target_type, target_id, person) \
        VALUES ($1, $2, $3, $4, $5)";
    INSERT_PART = "INSERT INTO audit_parts (sequence, ordinal, person, salt, part) VALUES ($1, $2, $3, $4, $5)";
    COUNT = "INSERT INTO audit_counters (hour, action, count, failure_count) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (hour, action) DO UPDATE SET count = audit_counters.count + excluded.count, \
        failure_count = audit_counters.failure_count + excluded.failure_count";
    IS_TAKEN = "SELECT event_id FROM audit_events WHERE event_id {in_list:$1}";
    BY_ID = "SELECT e.sequence, e.id, e.event_id, e.create_time, e.record, e.personal_hashes, e.prev_hash, e.hash \
        FROM audit_events e WHERE e.id = $1";
    AFTER = "SELECT e.sequence, e.id, e.event_id, e.create_time, e.record, e.personal_hashes, e.prev_hash, e.hash \
        FROM audit_events e WHERE e.sequence > $1 AND e.sequence <= $2 ORDER BY e.sequence LIMIT $3";
    PARTS = "SELECT sequence, ordinal, person, salt, part FROM audit_parts WHERE sequence {in_numbers:$1} \
        ORDER BY sequence, ordinal";
    OF_PERSON = "SELECT e.sequence, e.id, e.event_id, e.create_time, e.record, e.personal_hashes, e.prev_hash, e.hash \
        FROM audit_events e WHERE e.sequence > $2 AND e.sequence IN \
        (SELECT p.sequence FROM audit_parts p WHERE p.person = $1 AND p.sequence > $2) ORDER BY e.sequence LIMIT $3";
    HASHES = "SELECT sequence, hash FROM audit_events WHERE sequence > $1 ORDER BY sequence LIMIT $2";
    FIRST_AFTER = "SELECT create_time FROM audit_events WHERE sequence > $1 ORDER BY sequence LIMIT 1";
    SUMMARY = "SELECT action, CAST(SUM(count) AS BIGINT), CAST(SUM(failure_count) AS BIGINT) FROM audit_counters \
        WHERE hour >= $1 AND hour < $2 GROUP BY action ORDER BY action";
    BOUNDS = "SELECT MIN(sequence), MAX(sequence) FROM audit_events WHERE create_time >= $1 AND create_time < $2";
    OF_EVENT = "SELECT sequence FROM audit_events WHERE event_id = $1";
    ERASE_PARTS = "DELETE FROM audit_parts WHERE person = $1";
    ERASE_ACTOR = "UPDATE audit_events SET actor_id = NULL, session_id = NULL, ip = NULL WHERE actor_id = $1";
    ERASE_TARGET = "UPDATE audit_targets SET target_id = NULL, person = NULL WHERE person = $1";
    KEPT_FROM = "SELECT sequence FROM audit_events WHERE create_time >= $1 ORDER BY create_time, sequence LIMIT 1";
    REMOVE = "DELETE FROM audit_events WHERE sequence <= $1";
    REMOVE_TARGETS = "DELETE FROM audit_targets WHERE sequence <= $1";
    REMOVE_PARTS = "DELETE FROM audit_parts WHERE sequence <= $1";
    REMOVE_COUNTERS = "DELETE FROM audit_counters WHERE hour < $1";
}

const HOUR: i64 = 3_600;

/// The end of a chain, and how far the event logs were taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    version: i64,
    /// The last record's number; 0 before the first.
    pub sequence: i64,
    /// The last record's hash.
    pub hash: Option<Digest>,
    /// How far the identity layer's log was taken over.
    pub identity: Cursor,
    /// How far the organization's own log was taken over.
    pub own: Cursor,
}

/// The end of the chain.
pub fn head(tx: &mut Tx<'_>) -> Result<Head> {
    let row = tx.query_one(&HEAD, &params![])?;
    let mut row = row.ok_or_else(|| Error::internal("the audit log has no head"))?;
    let (version, sequence, hash) = (row.take()?, row.take()?, row.take()?);
    Ok(Head { version, sequence, hash, identity: place(&mut row)?, own: place(&mut row)? })
}

fn place(row: &mut Row) -> Result<Cursor> {
    let (tx_id, position): (Option<i64>, Option<i64>) = (row.take()?, row.take()?);
    Ok(match (tx_id, position) {
        (Some(tx_id), Some(position)) => Cursor { tx_id, position },
        _ => Cursor::START,
    })
}

/// Moves the end of the chain from `before`, as it was read, to `after`; whether nobody else did meanwhile.
pub fn advance(tx: &mut Tx<'_>, before: &Head, after: &Head) -> Result<bool> {
    let params = params![
        before.version,
        after.sequence,
        after.hash.as_ref().map(<[u8; 32]>::as_slice),
        after.identity.tx_id,
        after.identity.position,
        after.own.tx_id,
        after.own.position,
    ];
    Ok(tx.execute(&ADVANCE, &params)? > 0)
}

/// Which of these events have a record already.
pub fn taken(tx: &mut Tx<'_>, events: &[String]) -> Result<Vec<String>> {
    tx.query(&IS_TAKEN, &params![json!(events)])?.into_iter().map(|mut row| row.take()).collect()
}

/// A record with what it is found and counted by.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRecord {
    /// The record.
    pub record: Record,
    /// The action.
    pub action: String,
    /// `success`, `failure` or `denied`.
    pub result: String,
    /// Kind of the actor.
    pub actor_type: String,
    /// Id of the actor.
    pub actor_id: Option<String>,
    /// Session of the actor.
    pub session_id: Option<String>,
    /// Address.
    pub ip: Option<String>,
    /// Request id.
    pub request_id: Option<String>,
    /// Code of a failure.
    pub error_code: Option<String>,
    /// What it is about.
    pub targets: Vec<RecordTarget>,
    /// The record as canonical text.
    pub text: String,
}

/// Adds records to the chain and counts them; the caller has advanced its end.
pub fn insert(tx: &mut Tx<'_>, records: &[NewRecord]) -> Result<()> {
    for new in records {
        let record = &new.record;
        let params = params![
            record.sequence,
            record.id,
            record.event_id,
            record.timestamp,
            &new.action,
            &new.result,
            &new.actor_type,
            new.actor_id.as_ref(),
            new.session_id.as_ref(),
            new.ip.as_ref(),
            new.request_id.as_ref(),
            new.error_code.as_ref(),
            &new.text,
            record.personal_hashes.concat(),
            record.prev_hash,
            record.hash,
        ];
        tx.execute(&INSERT, &params)?;
        for (ordinal, target) in (0_i64..).zip(&new.targets) {
            let params = params![record.sequence, ordinal, &target.kind, &target.id, target.person.as_ref()];
            tx.execute(&INSERT_TARGET, &params)?;
        }
        for (ordinal, part) in &record.parts {
            let ordinal = i64::try_from(*ordinal).map_err(Error::internal)?;
            let values = Json::Object(part.values.clone());
            let params = params![record.sequence, ordinal, part.person.as_ref(), part.salt, values];
            tx.execute(&INSERT_PART, &params)?;
        }
    }
    count(tx, records)
}

/// Counts records: each action of an hour at once.
fn count(tx: &mut Tx<'_>, records: &[NewRecord]) -> Result<()> {
    let mut counts: BTreeMap<(i64, &str), (i64, i64)> = BTreeMap::new();
    for new in records {
        let hour = new.record.timestamp.seconds().div_euclid(HOUR) * HOUR;
        let (all, failed) = counts.entry((hour, &new.action)).or_default();
        *all += 1;
        *failed += i64::from(new.result != "success");
    }
    for ((hour, action), (all, failed)) in counts {
        tx.execute(&COUNT, &params![hour, action, all, failed])?;
    }
    Ok(())
}

fn record(row: &mut Row) -> Result<Record> {
    let (sequence, id, event_id, timestamp) = (row.take()?, row.take()?, row.take()?, row.take()?);
    let public = row.take()?;
    let hashes: Vec<u8> = row.take()?;
    let personal_hashes =
        hashes.chunks(32).map(|hash| hash.try_into().map_err(Error::internal)).collect::<Result<_>>()?;
    let (prev_hash, hash) = (row.take()?, row.take()?);
    let parts = Vec::new();
    Ok(Record { sequence, id, event_id, timestamp, public, parts, personal_hashes, prev_hash, hash })
}

/// Adds the personal parts that are still there.
fn with_parts(tx: &mut Tx<'_>, records: &mut [Record]) -> Result<()> {
    let sequences: Vec<i64> = records.iter().map(|record| record.sequence).collect();
    if sequences.is_empty() {
        return Ok(());
    }
    for mut row in tx.query(&PARTS, &params![json!(sequences)])? {
        let (sequence, ordinal): (i64, i64) = (row.take()?, row.take()?);
        let (person, salt, values) = (row.take()?, row.take()?, row.take()?);
        let Json::Object(values) = values else {
            return Err(Error::internal("a personal part is no object"));
        };
        let ordinal = usize::try_from(ordinal).map_err(Error::internal)?;
        if let Some(record) = records.iter_mut().find(|record| record.sequence == sequence) {
            record.parts.push((ordinal, Part { person, salt, values }));
        }
    }
    Ok(())
}

const COLUMNS: &str =
    "e.sequence, e.id, e.event_id, e.create_time, e.record, e.personal_hashes, e.prev_hash, e.hash";

/// What records are filtered and sorted by (`contract/70` §3.2).
pub static RECORDS: List = List {
    columns: COLUMNS,
    from: "audit_events e",
    id: "e.sequence",
    default_order: &[("timestamp", true)],
    fields: FIELDS,
};

/// The same in the order of the chain.
static CHAIN: List =
    List { columns: COLUMNS, from: "audit_events e", id: "e.sequence", default_order: &[], fields: FIELDS };

/// What records are filtered by.
const FIELDS: &[Field] = &[
    Field::text("action", "e.action").indexed(),
    Field::choice("result", "e.result", &["success", "failure", "denied"]),
    Field::text("actor.id", "e.actor_id").nullable().indexed(),
    Field::text("actor.type", "e.actor_type"),
    Field::others("target.id", "e.sequence IN (SELECT t.sequence FROM audit_targets t WHERE t.target_id = ")
        .indexed(),
    Field::others(
        "target.type",
        "EXISTS (SELECT 1 FROM audit_targets t WHERE t.sequence = e.sequence AND t.target_type = ",
    ),
    Field::text("ip", "e.ip").nullable().indexed(),
    Field::text("request_id", "e.request_id").nullable().indexed(),
    Field::text("session_id", "e.session_id").nullable().indexed(),
    Field::text("error_code", "e.error_code").nullable(),
    Field::time("timestamp", "e.create_time").sortable().indexed(),
    Field::number("sequence", "e.sequence"),
];

/// One page of the records. `_902` for a filter or an order that [`RECORDS`] does not offer.
pub fn list(tx: &mut Tx<'_>, query: &ListQuery) -> Result<Page<Record>> {
    let mut page = list::page(tx, &RECORDS, &Scope::all(), query, record)?;
    with_parts(tx, &mut page.items)?;
    Ok(page)
}

/// Up to a page of the records of an export, in the order of the chain.
pub fn exported(tx: &mut Tx<'_>, export: &Export, query: &ListQuery) -> Result<Page<Record>> {
    let (start, end) = (export.request.start_time, export.request.end_time);
    let scope = Scope::of(
        "e.sequence <= $1 AND e.create_time >= $2 AND e.create_time < $3",
        params![export.last_sequence, start, end],
    );
    let mut page = list::page(tx, &CHAIN, &scope, query, record)?;
    with_parts(tx, &mut page.items)?;
    Ok(page)
}

/// The record with this id.
pub fn find(tx: &mut Tx<'_>, id: AuditId) -> Result<Option<Record>> {
    let mut found: Vec<Record> =
        tx.query_one(&BY_ID, &params![id])?.as_mut().map(record).transpose()?.into_iter().collect();
    with_parts(tx, &mut found)?;
    Ok(found.pop())
}

/// Up to `limit` records behind `after` and up to `last`, in the order of the chain.
pub fn after(tx: &mut Tx<'_>, after: i64, last: i64, limit: u32) -> Result<Vec<Record>> {
    let rows = tx.query(&AFTER, &params![after, last, limit])?;
    let mut records = rows.into_iter().map(|mut row| record(&mut row)).collect::<Result<Vec<_>>>()?;
    with_parts(tx, &mut records)?;
    Ok(records)
}

/// Up to `limit` records behind `after` that have a part of a person, in the order of the chain.
pub fn of_person(tx: &mut Tx<'_>, person: &str, after: i64, limit: u32) -> Result<Vec<Record>> {
    let rows = tx.query(&OF_PERSON, &params![person, after, limit])?;
    let mut records = rows.into_iter().map(|mut row| record(&mut row)).collect::<Result<Vec<_>>>()?;
    with_parts(tx, &mut records)?;
    Ok(records)
}

/// The numbers and hashes of up to `limit` records behind `after`.
pub fn hashes(tx: &mut Tx<'_>, after: i64, limit: u32) -> Result<Vec<(i64, Digest)>> {
    let rows = tx.query(&HASHES, &params![after, limit])?;
    rows.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
}

/// When the first record behind `after` happened.
pub fn first_after(tx: &mut Tx<'_>, after: i64) -> Result<Option<Timestamp>> {
    tx.query_one(&FIRST_AFTER, &params![after])?.map(|mut row| row.take()).transpose()
}

/// The first and the last number among the records of a period.
pub fn bounds(tx: &mut Tx<'_>, start: Timestamp, end: Timestamp) -> Result<Option<(i64, i64)>> {
    let Some(mut row) = tx.query_one(&BOUNDS, &params![start, end])? else { return Ok(None) };
    let (first, last): (Option<i64>, Option<i64>) = (row.take()?, row.take()?);
    Ok(first.zip(last))
}

/// The number of the record of an event.
pub fn of_event(tx: &mut Tx<'_>, event: EventId) -> Result<Option<i64>> {
    tx.query_one(&OF_EVENT, &params![event])?.map(|mut row| row.take()).transpose()
}

/// How often an action was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The action.
    pub action: String,
    /// How often.
    pub count: i64,
    /// How often of these it failed or was refused.
    pub failure_count: i64,
}

/// The counts of each action from the hour of `start` to before the hour of `end`.
pub fn summary(tx: &mut Tx<'_>, start: Timestamp, end: Timestamp) -> Result<Vec<Count>> {
    let hour = |at: Timestamp| at.seconds().div_euclid(HOUR) * HOUR;
    let rows = tx.query(&SUMMARY, &params![hour(start), hour(end)])?;
    let count =
        |mut row: Row| Ok(Count { action: row.take()?, count: row.take()?, failure_count: row.take()? });
    rows.into_iter().map(count).collect()
}

/// Removes what a log tells about a person. The chain holds hashes only and stays as it is.
pub fn erase(tx: &mut Tx<'_>, person: &str) -> Result<()> {
    for statement in [&ERASE_PARTS, &ERASE_ACTOR, &ERASE_TARGET] {
        tx.execute(statement, &params![person])?;
    }
    Ok(())
}

/// The number of the first record that is at least as young as `at`.
pub fn kept_from(tx: &mut Tx<'_>, at: Timestamp) -> Result<Option<i64>> {
    tx.query_one(&KEPT_FROM, &params![at])?.map(|mut row| row.take()).transpose()
}

/// Removes the records up to `sequence`, and counters from before `before`.
pub fn remove(tx: &mut Tx<'_>, sequence: i64, before: Timestamp) -> Result<u64> {
    tx.execute(&REMOVE_TARGETS, &params![sequence])?;
    tx.execute(&REMOVE_PARTS, &params![sequence])?;
    tx.execute(&REMOVE_COUNTERS, &params![before.seconds()])?;
    tx.execute(&REMOVE, &params![sequence])
}
