//! Signed states of a log's chain.

use avnology_model::{Result, audit::Checkpoint};

use crate::{
    Row, Tx,
    list::{self, Field, List, ListQuery, Page, Scope},
    params,
};

crate::statements! {
    INSERT = "INSERT INTO audit_checkpoints (sequence, hash, root, create_time, jws) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (sequence) DO NOTHING";
    LAST = "SELECT c.sequence, c.hash, c.root, c.create_time, c.jws FROM audit_checkpoints c \
        ORDER BY c.sequence DESC LIMIT 1";
    LAST_BEFORE = "SELECT c.sequence, c.hash, c.root, c.create_time, c.jws FROM audit_checkpoints c \
        WHERE c.sequence < $1 ORDER BY c.sequence DESC LIMIT 1";
    FROM = "SELECT c.sequence, c.hash, c.root, c.create_time, c.jws FROM audit_checkpoints c \
        WHERE c.sequence >= $1 ORDER BY c.sequence LIMIT 1";
    REMOVE = "DELETE FROM audit_checkpoints WHERE sequence < $1";
}

fn from_row(row: &mut Row) -> Result<Checkpoint> {
    Ok(Checkpoint {
        sequence: row.take()?,
        hash: row.take()?,
        root: row.take()?,
        timestamp: row.take()?,
        jws: row.take()?,
    })
}

/// Adds a checkpoint; another node's of the same record is as good.
pub fn insert(tx: &mut Tx<'_>, checkpoint: &Checkpoint) -> Result<()> {
    let params = params![
        checkpoint.sequence,
        checkpoint.hash,
        checkpoint.root,
        checkpoint.timestamp,
        &checkpoint.jws,
    ];
    tx.execute(&INSERT, &params).map(drop)
}

/// The newest one.
pub fn last(tx: &mut Tx<'_>) -> Result<Option<Checkpoint>> {
    tx.query_one(&LAST, &params![])?.as_mut().map(from_row).transpose()
}

/// The newest one whose record lies before `sequence`.
pub fn last_before(tx: &mut Tx<'_>, sequence: i64) -> Result<Option<Checkpoint>> {
    tx.query_one(&LAST_BEFORE, &params![sequence])?.as_mut().map(from_row).transpose()
}

/// The one that covers the record of this number.
pub fn covering(tx: &mut Tx<'_>, sequence: i64) -> Result<Option<Checkpoint>> {
    tx.query_one(&FROM, &params![sequence])?.as_mut().map(from_row).transpose()
}

/// Removes those of records before `sequence`.
pub fn remove_before(tx: &mut Tx<'_>, sequence: i64) -> Result<()> {
    tx.execute(&REMOVE, &params![sequence]).map(drop)
}

static CHECKPOINTS: List = List {
    columns: "c.sequence, c.hash, c.root, c.create_time, c.jws",
    from: "audit_checkpoints c",
    id: "c.sequence",
    default_order: &[("sequence", true)],
    fields: &[
        Field::number("sequence", "c.sequence").sortable().indexed(),
        Field::time("timestamp", "c.create_time"),
    ],
};

/// One page of the checkpoints, the newest first.
pub fn list(tx: &mut Tx<'_>, query: &ListQuery) -> Result<Page<Checkpoint>> {
    list::page(tx, &CHECKPOINTS, &Scope::all(), query, from_row)
}
