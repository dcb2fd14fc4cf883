//! Failures of accounts and the locks they bring. An account that does not exist is counted just the same; networks are
//! counted for CAPTCHAs alone, and never locked.

use avnology_model::{Result, Timestamp, ids::IdentityId};

use crate::{IdentityTx, params};

crate::statements! {
    FIND = "SELECT failures, window_start, locked_until, locks, last_lock_at FROM lockouts WHERE account = $1";
    PUT = "INSERT INTO lockouts (account, failures, window_start, locked_until, locks, last_lock_at, identity_id) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account) DO UPDATE SET failures = excluded.failures, \
        window_start = excluded.window_start, locked_until = excluded.locked_until, locks = excluded.locks, \
        last_lock_at = excluded.last_lock_at";
    DELETE = "DELETE FROM lockouts WHERE account = $1";
    DELETE_ALL = "DELETE FROM lockouts WHERE account = $1 OR identity_id = $1";
    PURGE = "DELETE FROM lockouts WHERE window_start < $1 AND (last_lock_at IS NULL OR last_lock_at < $1)";
}

/// The failures of one account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// Since `window_start`.
    pub failures: u32,
    /// When counting began.
    pub window_start: Timestamp,
    /// End of the present lock.
    pub locked_until: Option<Timestamp>,
    /// Locks that followed each other within a day.
    pub locks: u32,
    /// Begin of the last one.
    pub last_lock_at: Option<Timestamp>,
}

/// The failures of `account` (an identity's id, that with one of its devices, or the keyed hash of what was entered or of a
/// network).
pub fn find(tx: &mut IdentityTx<'_>, account: &str) -> Result<Option<Failures>> {
    let row = tx.query_one(&FIND, &params![account])?;
    row.map(|mut row| {
        Ok(Failures {
            failures: row.take()?,
            window_start: row.take()?,
            locked_until: row.take()?,
            locks: row.take()?,
            last_lock_at: row.take()?,
        })
    })
    .transpose()
}

/// Writes the failures of `account`; `identity` is whose, when they are counted for one device.
pub fn put(
    tx: &mut IdentityTx<'_>,
    account: &str,
    identity: Option<IdentityId>,
    failures: &Failures,
) -> Result<()> {
    let f = failures;
    let values =
        params![account, f.failures, f.window_start, f.locked_until, f.locks, f.last_lock_at, identity];
    tx.execute(&PUT, &values).map(drop)
}

/// Forgets the failures of `account`; whether there were any.
pub fn clear(tx: &mut IdentityTx<'_>, account: &str) -> Result<bool> {
    Ok(tx.execute(&DELETE, &params![account])? > 0)
}

/// Forgets the failures of an identity, those on single devices, too; whether there were any.
pub fn clear_all(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<bool> {
    Ok(tx.execute(&DELETE_ALL, &params![identity])? > 0)
}

/// Forgets what is older than `before`.
pub fn purge(tx: &mut IdentityTx<'_>, before: Timestamp) -> Result<u64> {
    tx.execute(&PURGE, &params![before])
}
