//! Mailed links that work once and belong to no flow.

use avnology_model::{Result, Timestamp, ids::IdentityId, secret_token::SecretHash};
use serde_json::Value as Json;

use crate::{IdentityTx, params};

crate::statements! {
    INSERT = "INSERT INTO single_use_links (hash, purpose, identity_id, data, create_time, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    FIND = "SELECT identity_id, data FROM single_use_links \
        WHERE hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3";
    USE = "UPDATE single_use_links SET used_at = $3 \
        WHERE hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3 RETURNING identity_id, data";
    DELETE_OF_IDENTITY = "DELETE FROM single_use_links WHERE identity_id = $1";
    PURGE = "DELETE FROM single_use_links WHERE expires_at < $1";
}

/// What a link leads to.
#[derive(Clone, Debug)]
pub struct Link {
    /// Whose.
    pub identity_id: IdentityId,
    /// What its purpose needs.
    pub data: Json,
}

/// Adds a link for `purpose`.
pub fn insert(
    tx: &mut IdentityTx<'_>,
    hash: &SecretHash,
    purpose: &str,
    link: &Link,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    tx.execute(&INSERT, &params![hash, purpose, link.identity_id, &link.data, now, expires_at]).map(drop)
}

/// The link with this hash, if it is good.
pub fn find(
    tx: &mut IdentityTx<'_>,
    hash: &SecretHash,
    purpose: &str,
    now: Timestamp,
) -> Result<Option<Link>> {
    let row = tx.query_one(&FIND, &params![hash, purpose, now])?;
    row.map(|mut row| Ok(Link { identity_id: row.take()?, data: row.take()? })).transpose()
}

/// Uses the link; `None` when it is unknown, too old or was used.
pub fn take(
    tx: &mut IdentityTx<'_>,
    hash: &SecretHash,
    purpose: &str,
    now: Timestamp,
) -> Result<Option<Link>> {
    let row = tx.query_one(&USE, &params![hash, purpose, now])?;
    row.map(|mut row| Ok(Link { identity_id: row.take()?, data: row.take()? })).transpose()
}

/// Removes the links of an identity.
pub fn erase(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<()> {
    tx.execute(&DELETE_OF_IDENTITY, &params![identity]).map(drop)
}

/// Removes links that ended before `before`.
pub fn purge(tx: &mut IdentityTx<'_>, before: Timestamp) -> Result<u64> {
    tx.execute(&PURGE, &params![before])
}
