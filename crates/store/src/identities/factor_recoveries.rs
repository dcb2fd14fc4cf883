//! Requests to remove second factors that somebody has lost. An identity has at most one that waits.

use avnology_model::{
    Result, Timestamp,
    identities::{FactorRecovery, FactorRecoveryState},
    ids::{FactorRecoveryId, IdentityId},
};

use crate::{IdentityTx, Row, params};

crate::statements! {
    INSERT = "INSERT INTO factor_recoveries (id, identity_id, status, is_own, reason, address, create_time, effective_time, \
        remind_time, expire_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
        ON CONFLICT (identity_id) WHERE status = 'waiting' DO NOTHING";
    WAITING_OF = "SELECT id, identity_id, status, is_own, reason, address, create_time, effective_time, remind_time, expire_time, \
        finish_time, finished_by \
        FROM factor_recoveries WHERE identity_id = $1 AND status = 'waiting'";
    OF_IDENTITY = "SELECT id, identity_id, status, is_own, reason, address, create_time, effective_time, remind_time, expire_time, \
        finish_time, finished_by \
        FROM factor_recoveries WHERE identity_id = $1 ORDER BY create_time DESC, id DESC LIMIT $2";
    FIND = "SELECT id, identity_id, status, is_own, reason, address, create_time, effective_time, remind_time, expire_time, \
        finish_time, finished_by \
        FROM factor_recoveries WHERE id = $1";
    COMPLETE = "UPDATE factor_recoveries SET status = 'completed', finish_time = $2, finished_by = 'self' \
        WHERE id = $1 AND status = 'waiting' AND effective_time <= $2 AND expire_time > $2";
    END = "UPDATE factor_recoveries SET status = $2, finish_time = $3, finished_by = $4 WHERE id = $1 AND status = 'waiting'";
    REMIND = "UPDATE factor_recoveries SET reminded_at = $1 WHERE id IN (SELECT r.id FROM factor_recoveries r \
        WHERE r.status = 'waiting' AND r.reminded_at IS NULL AND r.remind_time <= $1 ORDER BY r.remind_time LIMIT $2) \
        AND reminded_at IS NULL RETURNING id, identity_id, status, is_own, reason, address, create_time, effective_time, remind_time, expire_time, \
        finish_time, finished_by";
    SEND_LINK = "UPDATE factor_recoveries SET link_sent_at = $1 WHERE id IN (SELECT r.id FROM factor_recoveries r \
        WHERE r.status = 'waiting' AND r.link_sent_at IS NULL AND r.effective_time <= $1 ORDER BY r.effective_time LIMIT $2) \
        AND link_sent_at IS NULL RETURNING id, identity_id, status, is_own, reason, address, create_time, effective_time, remind_time, expire_time, \
        finish_time, finished_by";
    EXPIRE = "SELECT id, identity_id, status, is_own, reason, address, create_time, effective_time, remind_time, expire_time, \
        finish_time, finished_by \
        FROM factor_recoveries WHERE status = 'waiting' AND expire_time <= $1 ORDER BY expire_time LIMIT $2";
    ERASE = "DELETE FROM factor_recoveries WHERE identity_id = $1";
    PURGE = "DELETE FROM factor_recoveries WHERE status <> 'waiting' AND finish_time < $1";
}

fn from_row(row: &mut Row) -> Result<FactorRecovery> {
    Ok(FactorRecovery {
        id: row.take()?,
        identity_id: row.take()?,
        status: row.take()?,
        is_own: row.take()?,
        reason: row.take()?,
        address: row.take()?,
        create_time: row.take()?,
        effective_time: row.take()?,
        remind_time: row.take()?,
        expire_time: row.take()?,
        finish_time: row.take()?,
        finished_by: row.take()?,
    })
}

fn all(mut rows: Vec<Row>) -> Result<Vec<FactorRecovery>> {
    rows.iter_mut().map(from_row).collect()
}

/// Adds one; `false` when the identity has one that waits.
pub fn insert(tx: &mut IdentityTx<'_>, new: &FactorRecovery) -> Result<bool> {
    let params = params![
        new.id,
        new.identity_id,
        new.status,
        new.is_own,
        new.reason.as_ref(),
        &new.address,
        new.create_time,
        new.effective_time,
        new.remind_time,
        new.expire_time,
    ];
    Ok(tx.execute(&INSERT, &params)? > 0)
}

/// The one that waits, or that can be completed.
pub fn waiting_of(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<Option<FactorRecovery>> {
    tx.query_one(&WAITING_OF, &params![identity])?.as_mut().map(from_row).transpose()
}

/// Up to `limit` of an identity, the newest first.
pub fn of_identity(tx: &mut IdentityTx<'_>, identity: IdentityId, limit: u32) -> Result<Vec<FactorRecovery>> {
    all(tx.query(&OF_IDENTITY, &params![identity, limit])?)
}

/// The one with this id.
pub fn find(tx: &mut IdentityTx<'_>, id: FactorRecoveryId) -> Result<Option<FactorRecovery>> {
    tx.query_one(&FIND, &params![id])?.as_mut().map(from_row).transpose()
}

/// Completes one whose waiting period is over; `false` when somebody else ended it first, or it is too early or too late.
pub fn complete(tx: &mut IdentityTx<'_>, id: FactorRecoveryId, now: Timestamp) -> Result<bool> {
    Ok(tx.execute(&COMPLETE, &params![id, now])? > 0)
}

/// Ends one that waits without anything being removed; `false` when it had ended before.
pub fn end(
    tx: &mut IdentityTx<'_>,
    id: FactorRecoveryId,
    how: FactorRecoveryState,
    by: &str,
    now: Timestamp,
) -> Result<bool> {
    Ok(tx.execute(&END, &params![id, how, now, by])? > 0)
}

/// Takes up to `limit` whose people are to be reminded now.
pub fn remind(tx: &mut IdentityTx<'_>, now: Timestamp, limit: u32) -> Result<Vec<FactorRecovery>> {
    all(tx.query(&REMIND, &params![now, limit])?)
}

/// Takes up to `limit` whose waiting period is over and whose people have no link yet.
pub fn send_link(tx: &mut IdentityTx<'_>, now: Timestamp, limit: u32) -> Result<Vec<FactorRecovery>> {
    all(tx.query(&SEND_LINK, &params![now, limit])?)
}

/// Up to `limit` that nobody completed in time.
pub fn expired(tx: &mut IdentityTx<'_>, now: Timestamp, limit: u32) -> Result<Vec<FactorRecovery>> {
    all(tx.query(&EXPIRE, &params![now, limit])?)
}

/// Removes those of an identity that goes.
pub fn erase(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<()> {
    tx.execute(&ERASE, &params![identity]).map(drop)
}

/// Removes those that ended before `before`.
pub fn purge(tx: &mut IdentityTx<'_>, before: Timestamp) -> Result<u64> {
    tx.execute(&PURGE, &params![before])
}
