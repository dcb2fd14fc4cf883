//! Keys that sign tokens; their private halves sealed. Of each algorithm one is active; one more may wait for its turn, and
//! those that had theirs have a time of retirement.

use avnology_model::{Result, Timestamp};
use serde_json::Value as Json;

use crate::{IdentityTx, Row, params};

crate::statements! {
    LIST = "SELECT kid, algorithm, active, public_jwk, private_key, create_time, activate_time, retire_time \
        FROM signing_keys WHERE retire_time IS NULL OR retire_time > $1 ORDER BY create_time DESC, kid";
    INSERT = "INSERT INTO signing_keys \
        (kid, algorithm, active, public_jwk, private_key, create_time, activate_time, retire_time) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
    RETIRE = "UPDATE signing_keys SET active = FALSE, retire_time = $2 WHERE algorithm = $1 AND active";
    ACTIVATE = "UPDATE signing_keys SET active = TRUE WHERE kid = $1 AND NOT active AND retire_time IS NULL";
    REMOVE = "DELETE FROM signing_keys WHERE algorithm = $1";
    PURGE = "DELETE FROM signing_keys WHERE retire_time <= $1";
}

/// A key that signs, did, or will.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSigningKey {
    /// Its id in the published set.
    pub kid: String,
    /// The algorithm, as in `alg`.
    pub algorithm: String,
    /// Whether it signs; the others are published for what they signed or will sign.
    pub active: bool,
    /// The public half.
    pub public_jwk: Json,
    /// The private half as PKCS#8, sealed.
    pub private_key: Vec<u8>,
    /// When it was made and published.
    pub create_time: Timestamp,
    /// When it begins to sign.
    pub activate_time: Timestamp,
    /// Until when it is published; without end before and while it signs.
    pub retire_time: Option<Timestamp>,
}

impl StoredSigningKey {
    /// Whether it waits for its turn.
    pub fn is_next(&self) -> bool {
        !self.active && self.retire_time.is_none()
    }
}

/// The keys that are published, newest first.
pub fn list(tx: &mut IdentityTx<'_>, now: Timestamp) -> Result<Vec<StoredSigningKey>> {
    tx.query(&LIST, &params![now])?.into_iter().map(from_row).collect()
}

fn from_row(mut row: Row) -> Result<StoredSigningKey> {
    let (kid, algorithm, active) = (row.take()?, row.take()?, row.take()?);
    let (public_jwk, private_key, create_time) = (row.take()?, row.take()?, row.take()?);
    let activate_time = row.take::<Option<Timestamp>>()?.unwrap_or(create_time);
    let retire_time = row.take()?;
    Ok(StoredSigningKey {
        kid,
        algorithm,
        active,
        public_jwk,
        private_key,
        create_time,
        activate_time,
        retire_time,
    })
}

/// Adds a key. Whether it was added: nothing happens when it would be the second of its algorithm that is active, or waits.
pub fn insert(tx: &mut IdentityTx<'_>, key: &StoredSigningKey) -> Result<bool> {
    let values = params![
        &key.kid,
        &key.algorithm,
        key.active,
        &key.public_jwk,
        &key.private_key,
        key.create_time,
        key.activate_time,
        key.retire_time
    ];
    Ok(tx.execute(&INSERT, &values)? > 0)
}

/// Gives the turn of its algorithm to the one that waits; the one that had it is published until `retire_time`.
pub fn activate(tx: &mut IdentityTx<'_>, next: &StoredSigningKey, retire_time: Timestamp) -> Result<()> {
    tx.execute(&RETIRE, &params![&next.algorithm, retire_time])?;
    tx.execute(&ACTIVATE, &params![&next.kid]).map(drop)
}

/// Removes every key of an algorithm.
pub fn remove(tx: &mut IdentityTx<'_>, algorithm: &str) -> Result<()> {
    tx.execute(&REMOVE, &params![algorithm]).map(drop)
}

/// Removes the keys that are published no longer.
pub fn purge(tx: &mut IdentityTx<'_>, now: Timestamp) -> Result<()> {
    tx.execute(&PURGE, &params![now]).map(drop)
}
