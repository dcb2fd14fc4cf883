//! The tables of service accounts and their keys.

use avnology_model::{
    Error, Result, Timestamp,
    ids::{ApiKeyId, IdentityId, OrganizationId, ServiceAccountId},
    permissions::Scope,
    secret_token::SecretHash,
    service_accounts::ApiKey,
};

use crate::{IdentityTx, params};

crate::statements! {
    INSERT_ACCOUNT = "INSERT INTO service_accounts (id, name, scopes, active, create_time, update_time) \
        VALUES ($1, $2, $3, $4, $5, $5)";
    INSERT = "INSERT INTO api_keys (id, service_account_id, hash, prefix, scopes, create_time, name, allowed_cidrs, \
        expire_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    BY_HASH = "SELECT k.id, k.service_account_id, a.organization_id, k.hash, k.prefix, k.name, k.scopes, a.scopes, \
        k.allowed_cidrs, k.expire_time, k.last_used_at, k.last_used_ip, k.create_time, k.revoked_at \
        FROM api_keys k JOIN service_accounts a ON a.id = k.service_account_id WHERE k.hash = $1 AND a.active";
    SET_SCOPES = "UPDATE api_keys SET scopes = $2 WHERE hash = $1";
    SET_ACCOUNT_SCOPES = "UPDATE service_accounts SET scopes = $2 \
        WHERE id = (SELECT service_account_id FROM api_keys WHERE hash = $1)";
    NOTE_OWNER_LOST = "UPDATE service_accounts SET owner_lost_at = $3 WHERE organization_id = $1 AND owner_id = $2 \
        AND owner_lost_at IS NULL";
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
        key.create_time,
        &key.name,
        serde_json::to_value(&key.allowed_cidrs).map_err(Error::internal)?,
        key.expire_time,
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
            organization_id: row.take()?,
            hash: row.take()?,
            prefix: row.take()?,
            name: row.take()?,
            scopes: serde_json::from_value(row.take()?).map_err(Error::internal)?,
            account_scopes: serde_json::from_value(row.take()?).map_err(Error::internal)?,
            allowed_cidrs: serde_json::from_value(row.take()?).map_err(Error::internal)?,
            expire_time: row.take()?,
            last_used_at: row.take()?,
            last_used_ip: row.take()?,
            create_time: row.take()?,
            revoked_at: row.take()?,
        })
    })
    .transpose()
}

/// Gives a key and its account these scopes; whether there is such a key.
pub fn set_scopes(tx: &mut IdentityTx<'_>, hash: &SecretHash, scopes: &[Scope]) -> Result<bool> {
    tx.execute(&SET_ACCOUNT_SCOPES, &params![hash, scopes_to_json(scopes)?])?;
    Ok(tx.execute(&SET_SCOPES, &params![hash, scopes_to_json(scopes)?])? > 0)
}

/// Notes that a human who answers for accounts has left their organization; for how many.
pub fn note_owner_lost(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    owner: IdentityId,
    now: Timestamp,
) -> Result<u64> {
    tx.execute(&NOTE_OWNER_LOST, &params![organization, owner, now])
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
