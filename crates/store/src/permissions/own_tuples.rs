//! The table of tuples of the tenant's own namespaces, each in its store.

use avnology_model::{
    Result, Timestamp,
    ids::{IdentityId, OrganizationId},
    permissions::TupleSource,
};

use super::{
    changes::{self, StoredTuple},
    tuples::Tuple,
};
use crate::{IdentityTx, Row, params};

/// What is written into the log of the tuples that a condition holds for.
macro_rules! note {
    ($condition:literal) => {
        concat!(
            "INSERT INTO permission_changes (tx_id, kind, store, namespace, object, relation, subject, create_time) \
             SELECT {current_tx} + (SELECT shift FROM event_numbering), 'delete', store, namespace, object, relation, \
             subject, {server_micros} FROM own_tuples WHERE ",
            $condition
        )
    };
}

macro_rules! delete {
    ($condition:literal) => {
        concat!("DELETE FROM own_tuples WHERE ", $condition)
    };
}

crate::statements! {
    PUT = "INSERT INTO own_tuples (store, namespace, object, relation, subject, source, create_time, expire_time) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (store, namespace, object, relation, subject) DO UPDATE \
        SET source = excluded.source, create_time = excluded.create_time, expire_time = excluded.expire_time \
        WHERE own_tuples.expire_time <= excluded.create_time";
    REMOVE = "DELETE FROM own_tuples WHERE store = $1 AND namespace = $2 AND object = $3 AND relation = $4 AND subject = $5 \
        AND (expire_time IS NULL OR expire_time > $6)";
    FIND = "SELECT source, create_time, expire_time FROM own_tuples WHERE store = $1 AND namespace = $2 AND object = $3 \
        AND relation = $4 AND subject = $5 AND (expire_time IS NULL OR expire_time > $6)";
    NOTE_EXPIRED = note!("expire_time <= $1");
    REMOVE_EXPIRED = delete!("expire_time <= $1");
    NOTE_STORE = note!("store = $1");
    REMOVE_STORE = delete!("store = $1");
    NOTE_IDENTITY = note!("subject = $1 OR (subject >= $2 AND subject < $3)");
    REMOVE_IDENTITY = delete!("subject = $1 OR (subject >= $2 AND subject < $3)");
    OF_KIND = "SELECT store, object, subject FROM own_tuples WHERE namespace = $1 AND relation = $2 \
        AND (store, object, subject) > ($3, $4, $5) ORDER BY store, object, subject LIMIT $6";
    ALL_AFTER = "SELECT store, namespace, object, relation, subject, expire_time FROM own_tuples \
        WHERE (store, namespace, object, relation, subject) > ($1, $2, $3, $4, $5) \
        ORDER BY store, namespace, object, relation, subject LIMIT $6";
}

/// What is known of a tuple besides its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TupleFacts {
    /// Who wrote it.
    pub source: TupleSource,
    /// When.
    pub create_time: Timestamp,
    /// When it ends by itself.
    pub expire_time: Option<Timestamp>,
}

impl TupleFacts {
    pub(super) fn take(row: &mut Row) -> Result<Self> {
        Ok(Self { source: row.take()?, create_time: row.take()?, expire_time: row.take()? })
    }
}

/// Writes a tuple; whether it was not there.
pub fn put(tx: &mut IdentityTx<'_>, store: &str, tuple: &Tuple<'_>, facts: TupleFacts) -> Result<bool> {
    let Tuple { namespace, object, relation, subject } = *tuple;
    let TupleFacts { source, create_time, expire_time } = facts;
    let values = params![store, namespace, object, relation, subject, source, create_time, expire_time];
    if tx.execute(&PUT, &values)? == 0 {
        return Ok(false);
    }
    changes::put(tx, store, tuple.parts(), expire_time)?;
    Ok(true)
}

/// Removes a tuple that counts; whether it was there.
pub fn remove(tx: &mut IdentityTx<'_>, store: &str, tuple: &Tuple<'_>, now: Timestamp) -> Result<bool> {
    let Tuple { namespace, object, relation, subject } = *tuple;
    if tx.execute(&REMOVE, &params![store, namespace, object, relation, subject, now])? == 0 {
        return Ok(false);
    }
    changes::delete(tx, store, tuple.parts())?;
    Ok(true)
}

/// What is known of a tuple that counts.
pub fn find(
    tx: &mut IdentityTx<'_>,
    store: &str,
    tuple: &Tuple<'_>,
    now: Timestamp,
) -> Result<Option<TupleFacts>> {
    let Tuple { namespace, object, relation, subject } = *tuple;
    let row = tx.query_one(&FIND, &params![store, namespace, object, relation, subject, now])?;
    row.map(|mut row| TupleFacts::take(&mut row)).transpose()
}

/// Removes the tuples that have ended by themselves; how many.
pub fn remove_expired(tx: &mut IdentityTx<'_>, now: Timestamp) -> Result<u64> {
    if tx.execute(&NOTE_EXPIRED, &params![now])? == 0 {
        return Ok(0);
    }
    tx.mark_permissions();
    tx.execute(&REMOVE_EXPIRED, &params![now])
}

/// Removes the store of an organization.
pub fn remove_store(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<()> {
    if tx.execute(&NOTE_STORE, &params![organization])? == 0 {
        return Ok(());
    }
    tx.mark_permissions();
    tx.execute(&REMOVE_STORE, &params![organization]).map(drop)
}

/// Removes every tuple, in all stores, whose subject is the identity or a set of it.
pub(super) fn erase(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<()> {
    // `$` comes next after `#`.
    let (from, to) = (format!("identities:{identity}#"), format!("identities:{identity}$"));
    let values = params![identity, &from, &to];
    if tx.execute(&NOTE_IDENTITY, &values)? == 0 {
        return Ok(());
    }
    tx.mark_permissions();
    tx.execute(&REMOVE_IDENTITY, &values).map(drop)
}

/// Store, object and subject of up to `limit` tuples of a relation behind these, in order.
pub fn of_kind(
    tx: &mut IdentityTx<'_>,
    (namespace, relation): (&str, &str),
    after: &[String; 3],
    limit: u32,
) -> Result<Vec<[String; 3]>> {
    let [store, object, subject] = after;
    let rows = tx.query(&OF_KIND, &params![namespace, relation, store, object, subject, limit])?;
    rows.into_iter().map(|mut row| Ok([row.take()?, row.take()?, row.take()?])).collect()
}

/// Up to `limit` tuples behind this one, in order, those that ended included.
pub fn all_after(
    tx: &mut IdentityTx<'_>,
    after: &StoredTuple,
    limit: u32,
) -> Result<Vec<(StoredTuple, Option<Timestamp>)>> {
    let StoredTuple { store, namespace, object, relation, subject } = after;
    let rows = tx.query(&ALL_AFTER, &params![store, namespace, object, relation, subject, limit])?;
    let take = |mut row: Row| {
        let tuple = StoredTuple {
            store: row.take()?,
            namespace: row.take()?,
            object: row.take()?,
            relation: row.take()?,
            subject: row.take()?,
        };
        Ok((tuple, row.take()?))
    };
    rows.into_iter().map(take).collect()
}
