//! The tables of service accounts and their keys.

use avnology_model::{
    Error, Result, Timestamp,
    ids::{ApiKeyId, ServiceAccountId},
    permissions::Scope,
    secret_token::SecretHash,
    service_accounts::ApiKey,
};

use crate::{IdentityTx, params};

crate::statements! {
    INSERT_ACCOUNT = "INSERT INTO service_accounts (id, name, scopes, active, create_time) VALUES ($1, $2, $3, $4, $5)";
    INSERT = "INSERT INTO api_keys (id, service_account_id, hash, prefix, scopes, create_time) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    BY_HASH = "SELECT k.id, k.service_account_id, k.hash, k.prefix, k.scopes, k.create_time, k.revoked_at \
        FROM api_keys k JOIN service_accounts a ON a.id = k.service_account_id WHERE k.hash = $1 AND a.active";
    SET_SCOPES = "UPDATE api_keys SET scopes = $2 WHERE hash = $1";
    REVOKE = "UPDATE api_keys SET revoked_at = $2 WHERE hash = $1 AND revoked_at IS NULL RETURNING id, service_account_id, prefix";
}

fn scopes_to_json(scopes: &[Scope]) -> Result<serde_json::Value> {
    serde_json::to_value(scopes).map_err(Error::internal)
}

/// Adds an active service account.
pub fn insert_account(
    tx: &mut IdentityTx<'_>,
    id: ServiceAccountId,
    name: &str,
    scopes: &[Scope],
    now: Timestamp,
) -> Result<()> {
    tx.execute(&INSERT_ACCOUNT, &params![id, name, scopes_to_json(scopes)?, true, now]).map(drop)
}

/// Adds a key.
pub fn insert(tx: &mut IdentityTx<'_>, key: &ApiKey) -> Result<()> {
    let values = params![
        key.id,
        key.service_account_id,
        key.hash,
        &key.prefix,
        scopes_to_json(&key.scopes)?,
        key.create_time
    ];
    tx.execute(&INSERT, &values).map(drop)
}

/// The key with this hash, of an active account.
pub fn by_hash(tx: &mut IdentityTx<'_>, hash: &SecretHash) -> Result<Option<ApiKey>> {
    let row = tx.query_one(&BY_HASH, &params![hash])?;
    row.map(|mut row| {
        Ok(ApiKey {
            id: row.take()?,
            service_account_id: row.take()?,
            hash: row.take()?,
            prefix: row.take()?,
            scopes: serde_json::from_value(row.take()?).map_err(Error::internal)?,
            create_time: row.take()?,
            revoked_at: row.take()?,
        })
    })
    .transpose()
}

/// Gives a key these scopes; whether there is such a key.
pub fn set_scopes(tx: &mut IdentityTx<'_>, hash: &SecretHash, scopes: &[Scope]) -> Result<bool> {
    Ok(tx.execute(&SET_SCOPES, &params![hash, scopes_to_json(scopes)?])? > 0)
}

/// What is told of a key that was revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedKey {
    /// Id.
    pub id: ApiKeyId,
    /// Whose it was.
    pub service_account_id: ServiceAccountId,
    /// Type prefix and first four characters.
    pub prefix: String,
}

/// Revokes a key; `None` when it was not in force.
pub fn revoke(tx: &mut IdentityTx<'_>, hash: &SecretHash, now: Timestamp) -> Result<Option<RevokedKey>> {
    let row = tx.query_one(&REVOKE, &params![hash, now])?;
    row.map(|mut row| {
        Ok(RevokedKey { id: row.take()?, service_account_id: row.take()?, prefix: row.take()? })
    })
    .transpose()
}
