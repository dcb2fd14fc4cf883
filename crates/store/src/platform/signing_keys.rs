//! Keys that sign tokens; their private halves sealed.

use avnology_model::{Result, Timestamp};
use serde_json::Value as Json;

use crate::{IdentityTx, Row, params};

crate::statements! {
    LIST = "SELECT kid, algorithm, active, public_jwk, private_key, create_time, retire_time FROM signing_keys \
        WHERE retire_time IS NULL OR retire_time > $1 ORDER BY create_time DESC, kid";
    INSERT = "INSERT INTO signing_keys (kid, algorithm, active, public_jwk, private_key, create_time, retire_time) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
}

/// A key that signs, or did.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSigningKey {
    /// Its id in the published set.
    pub kid: String,
    /// The algorithm, as in `alg`.
    pub algorithm: String,
    /// Whether it signs; the others are published for what they signed.
    pub active: bool,
    /// The public half.
    pub public_jwk: Json,
    /// The private half as PKCS#8, sealed.
    pub private_key: Vec<u8>,
    /// When it was made.
    pub create_time: Timestamp,
    /// Until when it is published; without end while it is active.
    pub retire_time: Option<Timestamp>,
}

/// The keys that are published, newest first.
pub fn list(tx: &mut IdentityTx<'_>, now: Timestamp) -> Result<Vec<StoredSigningKey>> {
    tx.query(&LIST, &params![now])?.into_iter().map(from_row).collect()
}

fn from_row(mut row: Row) -> Result<StoredSigningKey> {
    Ok(StoredSigningKey {
        kid: row.take()?,
        algorithm: row.take()?,
        active: row.take()?,
        public_jwk: row.take()?,
        private_key: row.take()?,
        create_time: row.take()?,
        retire_time: row.take()?,
    })
}

/// Adds a key. Nothing happens when it would be the second active one of its algorithm.
pub fn insert(tx: &mut IdentityTx<'_>, key: &StoredSigningKey) -> Result<()> {
    let values = params![
        &key.kid,
        &key.algorithm,
        key.active,
        &key.public_jwk,
        &key.private_key,
        key.create_time,
        key.retire_time
    ];
    tx.execute(&INSERT, &values).map(drop)
}
