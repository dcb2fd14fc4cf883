//! Writing and following the log.
//!
//! An event's place is its transaction's number and its own. On PostgreSQL transactions commit in another order than they
//! take numbers, so a reader takes only events below the oldest transaction that still runs: whatever commits later
//! lies behind. On SQLite all transactions have the number 0 and commit in order.
//!
//! A server counts its own transactions, so a database that was moved to a younger one would number new events below old
//! ones. `event_numbering` holds what is added to the server's numbers; [`renumber`] raises it when a database is opened.

use avnology_model::{
    Result, Timestamp,
    ids::{EventId, OrganizationId},
};

use crate::{Row, Tx, params, statements};

/// An event to be written.
#[derive(Clone, Debug)]
pub struct NewEvent<'a> {
    /// Its id, by which consumers know a repeat.
    pub event_id: EventId,
    /// The organization that it concerns, if one.
    pub organization_id: Option<OrganizationId>,
    /// The organization that manages the person whom it is about, if that is another one.
    pub managing_organization_id: Option<OrganizationId>,
    /// Its kind, as in `identity.created`.
    pub event_type: &'a str,
    /// What it says.
    pub body: &'a serde_json::Value,
    /// What it says in secret, sealed: codes and links on their way into a message.
    pub sealed: Option<&'a [u8]>,
    /// When it happened.
    pub create_time: Timestamp,
}

/// A place in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    /// Number of the transaction.
    pub tx_id: i64,
    /// Number of the event; counts up within a transaction.
    pub position: i64,
}

impl Cursor {
    /// Before everything in a log.
    pub const START: Self = Self { tx_id: i64::MIN, position: 0 };
}

/// An event of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place.
    pub cursor: Cursor,
    /// Its id.
    pub event_id: EventId,
    /// The organization that it concerns, if one.
    pub organization_id: Option<OrganizationId>,
    /// The organization that manages the person whom it is about, if that is another one.
    pub managing_organization_id: Option<OrganizationId>,
    /// Its kind.
    pub event_type: String,
    /// What it says.
    pub body: serde_json::Value,
    /// What it says in secret, sealed, until that was cleared.
    pub sealed: Option<Vec<u8>>,
    /// When it happened.
    pub create_time: Timestamp,
}

statements! {
    APPEND = "INSERT INTO events (tx_id, event_id, organization_id, managing_organization_id, event_type, body, sealed, create_time)
        VALUES ({current_tx} + (SELECT shift FROM event_numbering), $1, $2, $3, $4, $5, $6, $7)";
    READ_AFTER = "SELECT tx_id, position, event_id, organization_id, managing_organization_id, event_type, body, sealed, create_time
        FROM events WHERE {behind:$1:$2} AND tx_id < {tx_horizon} + (SELECT shift FROM event_numbering)
        ORDER BY tx_id, position LIMIT $3";
    READ_ORGANIZATION_AFTER =
        "SELECT tx_id, position, event_id, organization_id, managing_organization_id, event_type, body, sealed, create_time
        FROM events WHERE organization_id = $1 AND {behind:$2:$3} AND tx_id < {tx_horizon} + (SELECT shift FROM event_numbering)
        ORDER BY tx_id, position LIMIT $4";
    READ_MANAGED_AFTER =
        "SELECT tx_id, position, event_id, organization_id, managing_organization_id, event_type, body, sealed, create_time
        FROM events WHERE managing_organization_id = $1 AND {behind:$2:$3} AND tx_id < {tx_horizon} + (SELECT shift FROM event_numbering)
        ORDER BY tx_id, position LIMIT $4";
    HEAD = "SELECT tx_id, position FROM events WHERE tx_id < {tx_horizon} + (SELECT shift FROM event_numbering)
        ORDER BY tx_id DESC, position DESC LIMIT 1";
    CURSOR = "SELECT tx_id, position FROM event_cursors WHERE consumer = $1";
    ADVANCE = "INSERT INTO event_cursors (consumer, tx_id, position, update_time) VALUES ($1, $2, $3, $4)
        ON CONFLICT (consumer) DO UPDATE
        SET tx_id = excluded.tx_id, position = excluded.position, update_time = excluded.update_time
        WHERE (event_cursors.tx_id, event_cursors.position) < (excluded.tx_id, excluded.position)";
    FORGET = "DELETE FROM event_cursors WHERE consumer = $1";
    CLEAR_SEALED = "UPDATE events SET sealed = NULL WHERE event_id = $1 AND sealed IS NOT NULL";
    PRUNE = "DELETE FROM events WHERE event_id IN
        (SELECT event_id FROM events WHERE create_time < $1 AND (tx_id, position) <= ($2, $3)
         AND event_id <> (SELECT event_id FROM events ORDER BY tx_id DESC, position DESC LIMIT 1)
         ORDER BY tx_id, position LIMIT $4)";
    IS_MISNUMBERED = "SELECT EXISTS (SELECT 1 FROM event_numbering
        WHERE shift + {tx_limit} <= (SELECT MAX(tx_id) FROM events))";
    RENUMBER = "UPDATE event_numbering SET shift = (SELECT MAX(tx_id) FROM events)
        WHERE shift + {tx_limit} <= (SELECT MAX(tx_id) FROM events)";
}

/// Writes an event in this transaction; followers are woken when it commits.
pub fn append(tx: &mut Tx<'_>, event: &NewEvent<'_>) -> Result<()> {
    let params = params![
        event.event_id,
        event.organization_id,
        event.managing_organization_id,
        event.event_type,
        event.body,
        event.sealed,
        event.create_time,
    ];
    tx.execute(&APPEND, &params)?;
    tx.mark_emitted();
    Ok(())
}

/// Up to `limit` events behind `after`, in order. An event that is not shown yet will be, behind all that were.
pub fn read_after(tx: &mut Tx<'_>, after: Cursor, limit: u32) -> Result<Vec<StoredEvent>> {
    let rows = tx.query(&READ_AFTER, &params![after.tx_id, after.position, limit])?;
    rows.into_iter().map(stored).collect()
}

/// The same for the events that concern one organization.
pub fn read_organization_after(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    after: Cursor,
    limit: u32,
) -> Result<Vec<StoredEvent>> {
    let params = params![organization, after.tx_id, after.position, limit];
    tx.query(&READ_ORGANIZATION_AFTER, &params)?.into_iter().map(stored).collect()
}

/// The same for the events about people whom the organization manages.
pub fn read_managed_after(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    after: Cursor,
    limit: u32,
) -> Result<Vec<StoredEvent>> {
    let params = params![organization, after.tx_id, after.position, limit];
    tx.query(&READ_MANAGED_AFTER, &params)?.into_iter().map(stored).collect()
}

/// The place of the last event that [`read_after`] would show; the start for an empty log.
pub fn head(tx: &mut Tx<'_>) -> Result<Cursor> {
    place(tx.query_one(&HEAD, &params![])?)
}

/// How far a consumer has come; the start for a new one.
pub fn cursor(tx: &mut Tx<'_>, consumer: &str) -> Result<Cursor> {
    place(tx.query_one(&CURSOR, &params![consumer])?)
}

/// Notes how far a consumer has come; whether that was further than before. A cursor never goes back.
pub fn advance(tx: &mut Tx<'_>, consumer: &str, to: Cursor, now: Timestamp) -> Result<bool> {
    Ok(tx.execute(&ADVANCE, &params![consumer, to.tx_id, to.position, now])? > 0)
}

/// Forgets a consumer; whether there was one.
pub fn forget(tx: &mut Tx<'_>, consumer: &str) -> Result<bool> {
    Ok(tx.execute(&FORGET, &params![consumer])? > 0)
}

/// Removes the secret part of an event, once it was used; whether there was one.
pub fn clear_sealed(tx: &mut Tx<'_>, event: EventId) -> Result<bool> {
    Ok(tx.execute(&CLEAR_SEALED, &params![event])? > 0)
}

/// Removes up to `limit` events older than `before` that lie at or before `consumed`, the place that every consumer has
/// passed; how many were removed. The newest event stays: it tells how far the numbers have come.
pub fn prune(tx: &mut Tx<'_>, before: Timestamp, consumed: Cursor, limit: u32) -> Result<u64> {
    tx.execute(&PRUNE, &params![before, consumed.tx_id, consumed.position, limit])
}

/// Whether the server's transaction numbers lie below those of the log.
pub(crate) fn is_misnumbered(tx: &mut Tx<'_>) -> Result<bool> {
    tx.query_one(&IS_MISNUMBERED, &params![])?.map_or(Ok(false), |mut row| row.take())
}

/// Lifts the numbers of new events above those of the log.
pub(crate) fn renumber(tx: &mut Tx<'_>) -> Result<()> {
    let lifted = tx.execute(&RENUMBER, &params![])?;
    if lifted > 0 {
        tracing::warn!("the database comes from another server; its event log goes on with higher numbers");
    }
    Ok(())
}

fn place(row: Option<Row>) -> Result<Cursor> {
    match row {
        Some(mut row) => Ok(Cursor { tx_id: row.take()?, position: row.take()? }),
        None => Ok(Cursor::START),
    }
}

fn stored(mut row: Row) -> Result<StoredEvent> {
    Ok(StoredEvent {
        cursor: Cursor { tx_id: row.take()?, position: row.take()? },
        event_id: row.take()?,
        organization_id: row.take()?,
        managing_organization_id: row.take()?,
        event_type: row.take()?,
        body: row.take()?,
        sealed: row.take()?,
        create_time: row.take()?,
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::Engine;

    /// How SQLite answers a statement on a database of the identity layer.
    fn plan(sql: &crate::Sql) -> String {
        let connection = Connection::open_in_memory().unwrap();
        let schema = include_str!("../../migrations/identity/0001_foundation.sql");
        connection.execute_batch(&crate::dialect::render(schema, Engine::Sqlite).unwrap()).unwrap();
        connection.execute_batch(include_str!("../../migrations/identity/0007_audit.sql")).unwrap();
        let text = format!("EXPLAIN QUERY PLAN {}", sql.rendered(Engine::Sqlite).unwrap());
        let mut statement = connection.prepare(&text).unwrap();
        let mut rows = statement.raw_query();
        rows.next().unwrap().unwrap().get(3).unwrap()
    }

    #[test]
    fn a_reader_of_the_log_never_reads_what_lies_before_its_place() {
        let all = plan(&READ_AFTER);
        assert!(all.contains("tx_id=?") && (all.contains("position>?") || all.contains("rowid>?")), "{all}");
        let one = plan(&READ_ORGANIZATION_AFTER);
        assert!(one.contains("organization_id=? AND tx_id=?") && one.contains("position>?"), "{one}");
        let managed = plan(&READ_MANAGED_AFTER);
        assert!(managed.contains("organization_id=? AND tx_id=?"), "{managed}");
    }
}
