//! Requests to delete an account, and from which logs a person is still to be removed.

use avnology_model::{
    Result, Timestamp,
    audit::Log,
    ids::{DeletionId, IdentityId},
    privacy::DeletionRequest,
};

use crate::{IdentityTx, Row, params};

crate::statements! {
    INSERT = "INSERT INTO deletions (id, identity_id, status, is_own, reason, note, revoke_sessions, cancel_on_login, create_time, \
        scheduled_for) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    FIND = "SELECT id, identity_id, status, is_own, reason, note, revoke_sessions, cancel_on_login, create_time, scheduled_for, \
        removed_at, finish_time, receipt FROM deletions WHERE id = $1";
    OF_IDENTITY = "SELECT id, identity_id, status, is_own, reason, note, revoke_sessions, cancel_on_login, create_time, \
        scheduled_for, removed_at, finish_time, receipt FROM deletions WHERE identity_id = $1 ORDER BY create_time, id";
    CANCEL = "UPDATE deletions SET status = 'cancelled', finish_time = $2 WHERE id = $1 AND status = 'scheduled'";
    REMIND = "UPDATE deletions SET reminded_at = $1 WHERE id IN (SELECT d.id FROM deletions d WHERE d.status = 'scheduled' \
        AND d.reminded_at IS NULL AND d.scheduled_for <= $2 AND d.scheduled_for - d.create_time > $3 \
        ORDER BY d.scheduled_for LIMIT $4) AND reminded_at IS NULL RETURNING id, identity_id";
    BEGIN = "UPDATE deletions SET status = 'erasing', note = NULL, removed_at = $2 WHERE id = $1";
    FORGET_OTHERS = "DELETE FROM deletions WHERE identity_id = $1 AND id <> $2";
    ADD_LOG = "INSERT INTO deletion_logs (deletion_id, log) VALUES ($1, $2) ON CONFLICT (deletion_id, log) DO NOTHING";
    LOGS = "SELECT log FROM deletion_logs WHERE deletion_id = $1 ORDER BY log";
    ERASING = "SELECT id, identity_id, status, is_own, reason, note, revoke_sessions, cancel_on_login, create_time, scheduled_for, \
        removed_at, finish_time, receipt FROM deletions WHERE status = 'erasing' AND removed_at <= $1 \
        AND ($2 = '' OR id > $2) ORDER BY id LIMIT $3";
    IS_OPEN = "SELECT EXISTS (SELECT 1 FROM audit_erasures WHERE person = $1) \
        OR EXISTS (SELECT 1 FROM audit_people WHERE person = $1) \
        OR EXISTS (SELECT 1 FROM audit_backlog b JOIN deletion_logs l ON l.log = b.log WHERE l.deletion_id = $2 \
        AND (b.due <= $3 OR b.claimed_until > $3))";
    FINISH = "UPDATE deletions SET status = 'completed', identity_id = NULL, finish_time = $2, receipt = $3 \
        WHERE id = $1 AND status = 'erasing'";
    DROP_LOGS = "DELETE FROM deletion_logs WHERE deletion_id = $1";
}

fn from_row(row: &mut Row) -> Result<DeletionRequest> {
    Ok(DeletionRequest {
        id: row.take()?,
        identity_id: row.take()?,
        status: row.take()?,
        is_own: row.take()?,
        reason: row.take()?,
        note: row.take()?,
        revoke_sessions: row.take()?,
        cancel_on_login: row.take()?,
        create_time: row.take()?,
        scheduled_for: row.take()?,
        removed_at: row.take()?,
        finish_time: row.take()?,
        receipt: row.take()?,
    })
}

/// Adds a request.
pub fn insert(tx: &mut IdentityTx<'_>, request: &DeletionRequest) -> Result<()> {
    let params = params![
        request.id,
        request.identity_id,
        request.status,
        request.is_own,
        request.reason,
        request.note.as_ref(),
        request.revoke_sessions,
        request.cancel_on_login,
        request.create_time,
        request.scheduled_for,
    ];
    tx.execute(&INSERT, &params).map(drop)
}

/// The request with this id.
pub fn find(tx: &mut IdentityTx<'_>, id: DeletionId) -> Result<Option<DeletionRequest>> {
    tx.query_one(&FIND, &params![id])?.as_mut().map(from_row).transpose()
}

/// All requests of an identity, the oldest first.
pub fn of_identity(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<Vec<DeletionRequest>> {
    tx.query(&OF_IDENTITY, &params![identity])?.iter_mut().map(from_row).collect()
}

/// Cancels a request; `false` when the account is gone or it was cancelled before.
pub fn cancel(tx: &mut IdentityTx<'_>, id: DeletionId, now: Timestamp) -> Result<bool> {
    Ok(tx.execute(&CANCEL, &params![id, now])? > 0)
}

/// Takes up to `limit` requests that end by `until` and whose people were not reminded, if they began more than `notice`
/// microseconds before their end.
pub fn remind(
    tx: &mut IdentityTx<'_>,
    now: Timestamp,
    until: Timestamp,
    notice: i64,
    limit: u32,
) -> Result<Vec<(DeletionId, IdentityId)>> {
    let rows = tx.query(&REMIND, &params![now, until, notice, limit])?;
    rows.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
}

/// The account is gone: what it said of itself goes with it, and other requests of its owner.
pub fn begin(tx: &mut IdentityTx<'_>, id: DeletionId, identity: IdentityId, now: Timestamp) -> Result<()> {
    tx.execute(&BEGIN, &params![id, now])?;
    tx.execute(&FORGET_OTHERS, &params![identity, id]).map(drop)
}

/// Notes that a log may tell about the person.
pub fn add_log(tx: &mut IdentityTx<'_>, id: DeletionId, log: Log) -> Result<()> {
    tx.execute(&ADD_LOG, &params![id, log.to_string()]).map(drop)
}

/// The logs that may tell about the person.
pub fn logs(tx: &mut IdentityTx<'_>, id: DeletionId) -> Result<Vec<String>> {
    tx.query(&LOGS, &params![id])?.into_iter().map(|mut row| row.take()).collect()
}

/// Up to `limit` requests behind `after` whose account went by `until` and whose logs follow.
pub fn erasing(
    tx: &mut IdentityTx<'_>,
    until: Timestamp,
    after: Option<DeletionId>,
    limit: u32,
) -> Result<Vec<DeletionRequest>> {
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    tx.query(&ERASING, &params![until, after, limit])?.iter_mut().map(from_row).collect()
}

/// Whether anything of the person may still be in a log, or on its way into one.
pub fn is_open(tx: &mut IdentityTx<'_>, id: DeletionId, person: IdentityId, now: Timestamp) -> Result<bool> {
    tx.query_one(&IS_OPEN, &params![person, id, now])?.map_or(Ok(true), |mut row| row.take())
}

/// Everything is gone, as `receipt` says; `false` when somebody else was first.
pub fn finish(tx: &mut IdentityTx<'_>, id: DeletionId, receipt: &str, now: Timestamp) -> Result<bool> {
    if tx.execute(&FINISH, &params![id, now, receipt])? == 0 {
        return Ok(false);
    }
    tx.execute(&DROP_LOGS, &params![id])?;
    Ok(true)
}
