//! First answers of creating requests (`contract/00` §8).

use avnology_model::{Result, Timestamp};

use crate::{IdentityTx, params};

crate::statements! {
    FIND = "SELECT body, status, sealed, create_time FROM idempotency_keys WHERE scope = $1";
    CLAIM = "INSERT INTO idempotency_keys (scope, body, create_time) VALUES ($1, $2, $3)";
    FINISH = "UPDATE idempotency_keys SET status = $3, sealed = $4 WHERE scope = $1 AND create_time = $2";
    RELEASE = "DELETE FROM idempotency_keys WHERE scope = $1";
    PURGE = "DELETE FROM idempotency_keys WHERE create_time < $1";
}

/// What is known of a key.
#[derive(Clone, Debug)]
pub struct FirstCall {
    /// Hash of the first call's body.
    pub body: [u8; 32],
    /// Status of its answer; `None` while it runs.
    pub status: Option<u16>,
    /// Its sealed answer.
    pub sealed: Option<Vec<u8>>,
    /// When it began.
    pub create_time: Timestamp,
}

/// The first call with this key.
pub fn find(tx: &mut IdentityTx<'_>, scope: &[u8; 32]) -> Result<Option<FirstCall>> {
    let row = tx.query_one(&FIND, &params![scope])?;
    row.map(|mut row| {
        Ok(FirstCall {
            body: row.take()?,
            status: row.take()?,
            sealed: row.take()?,
            create_time: row.take()?,
        })
    })
    .transpose()
}

/// Begins the first call with this key, replacing what was there.
pub fn claim(tx: &mut IdentityTx<'_>, scope: &[u8; 32], body: &[u8; 32], now: Timestamp) -> Result<()> {
    tx.execute(&RELEASE, &params![scope])?;
    tx.execute(&CLAIM, &params![scope, body, now]).map(drop)
}

/// Keeps the answer of the call that claimed the key at `claimed_at`; whether the key is still its own.
pub fn finish(
    tx: &mut IdentityTx<'_>,
    scope: &[u8; 32],
    claimed_at: Timestamp,
    status: u16,
    sealed: &[u8],
) -> Result<bool> {
    Ok(tx.execute(&FINISH, &params![scope, claimed_at, status, sealed])? > 0)
}

/// Frees the key.
pub fn release(tx: &mut IdentityTx<'_>, scope: &[u8; 32]) -> Result<()> {
    tx.execute(&RELEASE, &params![scope]).map(drop)
}

/// Frees keys first used before `before`.
pub fn purge(tx: &mut IdentityTx<'_>, before: Timestamp) -> Result<u64> {
    tx.execute(&PURGE, &params![before])
}
