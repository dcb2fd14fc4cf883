//! Which logs have something to be taken over, and who is at it. In the identity layer, so that no database of an
//! organization is opened in vain.

use avnology_model::{Error, Result, Timestamp, audit::Log};

use crate::{IdentityTx, Row, params};

crate::statements! {
    MARK = "INSERT INTO audit_backlog (log, version, due, claimed_until, attempts) VALUES ($1, 1, $2, 0, 0) \
        ON CONFLICT (log) DO UPDATE SET version = audit_backlog.version + 1, \
        due = CASE WHEN audit_backlog.attempts = 0 AND excluded.due < audit_backlog.due THEN excluded.due \
        ELSE audit_backlog.due END";
    CLAIM = "UPDATE audit_backlog SET claimed_until = $2 WHERE log IN \
        (SELECT log FROM audit_backlog WHERE due <= $1 AND claimed_until <= $1 ORDER BY due LIMIT $3 {skip_locked}) \
        RETURNING log, version, attempts";
    IS_DUE = "SELECT EXISTS (SELECT 1 FROM audit_backlog WHERE due <= $1 AND claimed_until <= $1)";
    DONE = "DELETE FROM audit_backlog WHERE log = $1 AND version = $2";
    AGAIN = "UPDATE audit_backlog SET claimed_until = 0, attempts = 0, \
        due = CASE WHEN version = $2 THEN CAST($3 AS BIGINT) ELSE CAST($4 AS BIGINT) END WHERE log = $1";
    FAILED = "UPDATE audit_backlog SET claimed_until = 0, attempts = attempts + 1, due = $2 WHERE log = $1";
}

/// A log that was claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Which.
    pub log: Log,
    /// How much news it had; more came meanwhile when that is another number.
    pub version: i64,
    /// How often it was tried in vain.
    pub attempts: u32,
}

/// Notes that a log has news, to be taken over at `due`. One that is being retried waits for its turn.
pub fn mark(tx: &mut IdentityTx<'_>, log: Log, due: Timestamp) -> Result<()> {
    tx.execute(&MARK, &params![log.to_string(), due]).map(drop)
}

/// Whether any log is due.
pub fn is_any_due(tx: &mut IdentityTx<'_>, now: Timestamp) -> Result<bool> {
    tx.query_one(&IS_DUE, &params![now])?.map_or(Ok(false), |mut row| row.take())
}

/// Takes up to `limit` logs that are due. Who does not report back by `lease_until` is taken to have died.
pub fn claim(
    tx: &mut IdentityTx<'_>,
    now: Timestamp,
    lease_until: Timestamp,
    limit: u32,
) -> Result<Vec<Claimed>> {
    let rows = tx.query(&CLAIM, &params![now, lease_until, limit])?;
    rows.into_iter().map(claimed).collect()
}

fn claimed(mut row: Row) -> Result<Claimed> {
    let log: String = row.take()?;
    Ok(Claimed { log: log.parse().map_err(Error::internal)?, version: row.take()?, attempts: row.take()? })
}

/// The log is taken over, and due again at `next`, if at all; at once when news came meanwhile.
pub fn done(
    tx: &mut IdentityTx<'_>,
    claimed: &Claimed,
    next: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    let log = claimed.log.to_string();
    if next.is_none() && tx.execute(&DONE, &params![&log, claimed.version])? > 0 {
        return Ok(());
    }
    tx.execute(&AGAIN, &params![log, claimed.version, next.unwrap_or(now), now]).map(drop)
}

/// The log could not be taken over; it is tried again at `due`.
pub fn failed(tx: &mut IdentityTx<'_>, log: Log, due: Timestamp) -> Result<()> {
    tx.execute(&FAILED, &params![log.to_string(), due]).map(drop)
}
