//! The log of what changed in tuples, in the roles of organizations and in the schema.
//!
//! Its places are numbered as those of events are (`events::log`): on PostgreSQL a place is *settled* once nothing that
//! commits later can lie before it.

use avnology_model::{Error, Result, Timestamp, ids::OrganizationId};

use crate::{IdentityTx, Row, Tx, events::log::Cursor, params};

crate::statements! {
    APPEND = "INSERT INTO permission_changes (tx_id, kind, store, namespace, object, relation, subject, expire_time, \
        create_time) VALUES ({current_tx} + (SELECT shift FROM event_numbering), $1, $2, $3, $4, $5, $6, $7, {server_micros})";
    READ_AFTER = "SELECT tx_id, position, tx_id < {tx_horizon} + (SELECT shift FROM event_numbering), \
        kind, store, namespace, object, relation, subject, expire_time \
        FROM permission_changes WHERE {behind:$1:$2} ORDER BY tx_id, position LIMIT $3";
    HEAD = "SELECT tx_id, position FROM permission_changes WHERE tx_id < {tx_horizon} + (SELECT shift FROM event_numbering) \
        ORDER BY tx_id DESC, position DESC LIMIT 1";
    OWN_HEAD = "SELECT tx_id, position FROM permission_changes \
        WHERE tx_id = {current_tx} + (SELECT shift FROM event_numbering) ORDER BY position DESC LIMIT 1";
    PRUNE = "DELETE FROM permission_changes WHERE position IN (SELECT position FROM permission_changes \
        WHERE create_time < {server_micros} - $1 AND position <> (SELECT position FROM permission_changes \
        ORDER BY tx_id DESC, position DESC LIMIT 1) ORDER BY create_time LIMIT $2)";
}

/// The store of built-in namespaces.
pub const BUILT_IN: &str = "";
/// The store of the tenant; that of an organization has its id.
pub const TENANT: &str = "tenant";

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A tuple is there, until then if it ends by itself.
    Put(StoredTuple, Option<Timestamp>),
    /// A tuple is gone.
    Delete(StoredTuple),
    /// The custom roles of this organization are others.
    Roles(OrganizationId),
    /// The schema is another one.
    Schema,
}

/// A tuple and its store, as they are kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StoredTuple {
    /// [`BUILT_IN`], [`TENANT`], or the id of an organization.
    pub store: String,
    /// Namespace.
    pub namespace: String,
    /// Object.
    pub object: String,
    /// Relation.
    pub relation: String,
    /// Subject.
    pub subject: String,
}

/// A change and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// Where.
    pub cursor: Cursor,
    /// Whether nothing can come before it any more.
    pub is_settled: bool,
    /// What.
    pub change: Change,
}

/// Notes that a tuple is there.
pub(super) fn put(
    tx: &mut Tx<'_>,
    store: &str,
    [namespace, object, relation, subject]: [&str; 4],
    expire_time: Option<Timestamp>,
) -> Result<()> {
    append(tx, "put", store, [namespace, object, relation, subject], expire_time)
}

/// Notes that a tuple is gone.
pub(super) fn delete(tx: &mut Tx<'_>, store: &str, tuple: [&str; 4]) -> Result<()> {
    append(tx, "delete", store, tuple, None)
}

/// Notes that an organization has other custom roles.
pub(crate) fn roles(tx: &mut Tx<'_>, organization: OrganizationId) -> Result<()> {
    append(tx, "roles", BUILT_IN, ["", &organization.to_string(), "", ""], None)
}

/// Notes that the schema is another one.
pub(super) fn schema(tx: &mut Tx<'_>) -> Result<()> {
    append(tx, "schema", BUILT_IN, ["", "", "", ""], None)
}

fn append(
    tx: &mut Tx<'_>,
    kind: &str,
    store: &str,
    [namespace, object, relation, subject]: [&str; 4],
    expire_time: Option<Timestamp>,
) -> Result<()> {
    tx.execute(&APPEND, &params![kind, store, namespace, object, relation, subject, expire_time])?;
    tx.mark_permissions();
    Ok(())
}

/// Up to `limit` changes behind a place, in order, those that are not settled included.
pub fn read_after(tx: &mut IdentityTx<'_>, after: Cursor, limit: u32) -> Result<Vec<Noted>> {
    let rows = tx.query(&READ_AFTER, &params![after.tx_id, after.position, limit])?;
    rows.into_iter().map(noted).collect()
}

fn noted(mut row: Row) -> Result<Noted> {
    let cursor = Cursor { tx_id: row.take()?, position: row.take()? };
    let is_settled: bool = row.take()?;
    let kind: String = row.take()?;
    let tuple = StoredTuple {
        store: row.take()?,
        namespace: row.take()?,
        object: row.take()?,
        relation: row.take()?,
        subject: row.take()?,
    };
    let change = match kind.as_str() {
        "put" => Change::Put(tuple, row.take()?),
        "delete" => Change::Delete(tuple),
        "roles" => Change::Roles(tuple.object.parse().map_err(Error::internal)?),
        _ => Change::Schema,
    };
    Ok(Noted { cursor, is_settled, change })
}

/// The last place that is settled; the start for an empty log.
pub fn head(tx: &mut IdentityTx<'_>) -> Result<Cursor> {
    match tx.query_one(&HEAD, &params![])? {
        Some(mut row) => Ok(Cursor { tx_id: row.take()?, position: row.take()? }),
        None => Ok(Cursor::START),
    }
}

/// The last place that this transaction wrote; the start when it wrote none.
pub fn own_head(tx: &mut IdentityTx<'_>) -> Result<Cursor> {
    match tx.query_one(&OWN_HEAD, &params![])? {
        Some(mut row) => Ok(Cursor { tx_id: row.take()?, position: row.take()? }),
        None => Ok(Cursor::START),
    }
}

/// Removes up to `limit` changes older than so many seconds; the last one stays, for it tells how far the numbers have
/// come. How many.
pub fn prune(tx: &mut IdentityTx<'_>, older_than_seconds: i64, limit: u32) -> Result<u64> {
    tx.execute(&PRUNE, &params![older_than_seconds * 1_000_000, limit])
}
