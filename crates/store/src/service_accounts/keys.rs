//! The table of API keys.

use std::net::IpAddr;

use avnology_model::{
    Error, Result, Timestamp,
    ids::{ApiKeyId, OrganizationId, ServiceAccountId},
    permissions::Scope,
    secret_token::SecretHash,
    service_accounts::ApiKey,
};

use super::{accounts, scopes_to_json};
use crate::{IdentityTx, Row, params};

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT k.id, k.service_account_id, a.organization_id, k.hash, k.prefix, k.name, k.scopes, a.scopes, a.active, \
             k.allowed_cidrs, k.expire_time, k.replaced_by, k.last_used_at, k.last_used_ip, k.create_time, k.revoked_at \
             FROM api_keys k JOIN service_accounts a ON a.id = k.service_account_id WHERE ",
            $condition
        )
    };
}

crate::statements! {
    INSERT = "INSERT INTO api_keys (id, service_account_id, hash, prefix, scopes, create_time, name, allowed_cidrs, \
        expire_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    BY_HASH = select!("k.hash = $1");
    BY_ID = select!("k.id = $1 AND k.revoked_at IS NULL");
    OF_ACCOUNT = select!("k.service_account_id = $1 AND k.revoked_at IS NULL ORDER BY k.create_time DESC, k.id DESC");
    OF_ORGANIZATION = select!("a.organization_id = $1 AND k.revoked_at IS NULL ORDER BY k.create_time DESC, k.id DESC");
    COUNT_ACTIVE = "SELECT COUNT(*) FROM api_keys WHERE service_account_id = $1 AND replaced_by IS NULL \
        AND revoked_at IS NULL AND (expire_time IS NULL OR expire_time > $2)";
    COUNT_IN_GRACE = "SELECT COUNT(*) FROM api_keys WHERE service_account_id = $1 AND replaced_by IS NOT NULL \
        AND revoked_at IS NULL AND expire_time > $2";
    UPDATE = "UPDATE api_keys SET name = $2, allowed_cidrs = $3, expire_time = $4 WHERE id = $1";
    REPLACE = "UPDATE api_keys SET replaced_by = $2, expire_time = $3 WHERE id = $1 AND replaced_by IS NULL \
        AND revoked_at IS NULL AND (expire_time IS NULL OR expire_time > $4) RETURNING id";
    SET_SCOPES = "UPDATE api_keys SET scopes = $2 WHERE hash = $1";
    SET_ACCOUNT_SCOPES = "UPDATE service_accounts SET scopes = $2 \
        WHERE id = (SELECT service_account_id FROM api_keys WHERE hash = $1)";
    IS_REVOKED = "SELECT id FROM api_keys WHERE hash = $1 AND revoked_at IS NOT NULL";
    REVOKE = "UPDATE api_keys SET revoked_at = $2, expiry_noted_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING id";
    TOUCH = "UPDATE api_keys SET last_used_at = $2, last_used_ip = $3 \
        WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
    EXPIRED = select!("k.expire_time <= $1 AND k.expiry_noted_at IS NULL ORDER BY k.expire_time, k.id LIMIT $2");
    NOTE_EXPIRY = "UPDATE api_keys SET expiry_noted_at = $2 WHERE id = $1";
    PURGE = "DELETE FROM api_keys WHERE expiry_noted_at <= $1 AND EXISTS (SELECT 1 FROM service_accounts a \
        WHERE a.id = api_keys.service_account_id AND a.organization_id IS NOT NULL)";
}

fn from_row(row: &mut Row) -> Result<ApiKey> {
    Ok(ApiKey {
        id: row.take()?,
        service_account_id: row.take()?,
        organization_id: row.take()?,
        hash: row.take()?,
        prefix: row.take()?,
        name: row.take()?,
        scopes: serde_json::from_value(row.take()?).map_err(Error::internal)?,
        account_scopes: serde_json::from_value(row.take()?).map_err(Error::internal)?,
        account_active: row.take()?,
        allowed_cidrs: serde_json::from_value(row.take()?).map_err(Error::internal)?,
        expire_time: row.take()?,
        replaced_by: row.take()?,
        last_used_at: row.take()?,
        last_used_ip: row.take()?,
        create_time: row.take()?,
        revoked_at: row.take()?,
    })
}

fn cidrs_to_json(key: &ApiKey) -> Result<serde_json::Value> {
    serde_json::to_value(&key.allowed_cidrs).map_err(Error::internal)
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
        cidrs_to_json(key)?,
        key.expire_time,
    ];
    tx.execute(&INSERT, &values).map(drop)
}

/// The key with this hash, revoked or not.
pub fn by_hash(tx: &mut IdentityTx<'_>, hash: &SecretHash) -> Result<Option<ApiKey>> {
    tx.query_one(&BY_HASH, &params![hash])?.as_mut().map(from_row).transpose()
}

/// The key with this id of an account, or `_901` when there is none or it is revoked.
pub fn get(tx: &mut IdentityTx<'_>, account: ServiceAccountId, id: ApiKeyId) -> Result<ApiKey> {
    find(tx, id)?.filter(|key| key.service_account_id == account).ok_or_else(Error::not_found)
}

/// The key with this id, unless it is revoked.
pub fn find(tx: &mut IdentityTx<'_>, id: ApiKeyId) -> Result<Option<ApiKey>> {
    tx.query_one(&BY_ID, &params![id])?.as_mut().map(from_row).transpose()
}

/// The keys of an account that are not revoked, the newest first.
pub fn of_account(tx: &mut IdentityTx<'_>, account: ServiceAccountId) -> Result<Vec<ApiKey>> {
    tx.query(&OF_ACCOUNT, &params![account])?.iter_mut().map(from_row).collect()
}

/// The keys of all accounts of an organization that are not revoked, the newest first.
pub fn of_organization(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<Vec<ApiKey>> {
    tx.query(&OF_ORGANIZATION, &params![organization])?.iter_mut().map(from_row).collect()
}

/// How many keys of an account are good at `now` and not replaced.
pub fn count_active(tx: &mut IdentityTx<'_>, account: ServiceAccountId, now: Timestamp) -> Result<u32> {
    tx.query_one(&COUNT_ACTIVE, &params![account, now])?.map_or(Ok(0), |mut row| row.take())
}

/// How many replaced keys of an account are still good at `now`.
pub fn count_in_grace(tx: &mut IdentityTx<'_>, account: ServiceAccountId, now: Timestamp) -> Result<u32> {
    tx.query_one(&COUNT_IN_GRACE, &params![account, now])?.map_or(Ok(0), |mut row| row.take())
}

/// Writes what may change of a key, which must have been read in this transaction.
pub fn update(tx: &mut IdentityTx<'_>, key: &ApiKey) -> Result<()> {
    tx.execute(&UPDATE, &params![key.id, &key.name, cidrs_to_json(key)?, key.expire_time]).map(drop)
}

/// Notes that `new` takes the place of a key, which ends at `end`; `false` when it was replaced before, revoked, or has
/// ended.
pub fn replace(
    tx: &mut IdentityTx<'_>,
    old: ApiKeyId,
    new: ApiKeyId,
    end: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    Ok(tx.query_one(&REPLACE, &params![old, new, end, now])?.is_some())
}

/// Gives a key and its account these scopes; whether there is such a key.
pub fn set_scopes(tx: &mut IdentityTx<'_>, hash: &SecretHash, scopes: &[Scope]) -> Result<bool> {
    tx.execute(&SET_ACCOUNT_SCOPES, &params![hash, scopes_to_json(scopes)?])?;
    Ok(tx.execute(&SET_SCOPES, &params![hash, scopes_to_json(scopes)?])? > 0)
}

/// Whether a key was revoked, alone or with its account.
pub fn is_revoked(tx: &mut IdentityTx<'_>, hash: &SecretHash) -> Result<bool> {
    Ok(tx.query_one(&IS_REVOKED, &params![hash])?.is_some())
}

/// Revokes a key; `false` when it was revoked before.
pub fn revoke(tx: &mut IdentityTx<'_>, id: ApiKeyId, now: Timestamp) -> Result<bool> {
    Ok(tx.query_one(&REVOKE, &params![id, now])?.is_some())
}

/// One use of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// The key.
    pub key: ApiKeyId,
    /// Its account.
    pub account: ServiceAccountId,
    /// When, to the minute.
    pub at: Timestamp,
    /// From where.
    pub ip: Option<IpAddr>,
}

/// Notes that keys were used, and with them their accounts.
pub fn touch(tx: &mut IdentityTx<'_>, uses: &[KeyUse]) -> Result<()> {
    for used in uses {
        tx.execute(&TOUCH, &params![used.key, used.at, used.ip.map(|ip| ip.to_string())])?;
        accounts::touch(tx, used.account, used.at)?;
    }
    Ok(())
}

/// Up to `limit` keys that have ended by `now` and of which nobody was told; they count as told from now on.
pub fn take_expired(tx: &mut IdentityTx<'_>, now: Timestamp, limit: u32) -> Result<Vec<ApiKey>> {
    let expired: Vec<ApiKey> =
        tx.query(&EXPIRED, &params![now, limit])?.iter_mut().map(from_row).collect::<Result<_>>()?;
    for key in &expired {
        tx.execute(&NOTE_EXPIRY, &params![key.id, now])?;
    }
    Ok(expired)
}

/// Removes the keys of organizations that ended before `before`. Those of the tenant stay: one that an operator installs at
/// every start must not come back to life.
pub fn purge(tx: &mut IdentityTx<'_>, before: Timestamp) -> Result<u64> {
    tx.execute(&PURGE, &params![before])
}
