//! The table of what devices ask for.

use avnology_model::{
    Error, Result, Timestamp,
    clients::{DeviceApproval, DeviceCode, DeviceStage},
    ids::{ClientId, IdentityId, OrganizationId},
    secret_token::SecretHash,
};

use crate::{IdentityTx, Row, params};

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT hash, user_code, client_id, scopes, resources, organization, ip, user_agent, stage, interval_seconds, \
             asked_at, grant_id, identity_id, session_id, organization_id, rights, create_time, expires_at \
             FROM oauth_device_codes WHERE ",
            $condition
        )
    };
}

crate::statements! {
    // A code that people type is drawn again when another device has it.
    INSERT = "INSERT INTO oauth_device_codes (hash, user_code, client_id, scopes, resources, organization, ip, user_agent, \
        stage, interval_seconds, create_time, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
        ON CONFLICT DO NOTHING";
    BY_HASH = select!("hash = $1");
    BY_USER_CODE = select!("user_code = $1");
    NOTE_QUESTION = "UPDATE oauth_device_codes SET asked_at = $2, interval_seconds = $3 WHERE hash = $1";
    // Guarded: of two who answer, and of two who redeem, one comes first.
    APPROVE = "UPDATE oauth_device_codes SET stage = 'approved', grant_id = $3, identity_id = $4, session_id = $5, \
        organization_id = $6, rights = $7 WHERE hash = $1 AND stage = 'pending' AND expires_at > $2 RETURNING hash";
    DENY = "UPDATE oauth_device_codes SET stage = 'denied' \
        WHERE hash = $1 AND stage = 'pending' AND expires_at > $2 RETURNING hash";
    USE = "UPDATE oauth_device_codes SET stage = 'used' \
        WHERE hash = $1 AND stage = 'approved' AND expires_at > $2 RETURNING hash";
    PURGE = "DELETE FROM oauth_device_codes WHERE expires_at < $1";
    ERASE_IDENTITY = "DELETE FROM oauth_device_codes WHERE identity_id = $1";
    ERASE_CLIENT = "DELETE FROM oauth_device_codes WHERE client_id = $1";
    ERASE_ORGANIZATION = "DELETE FROM oauth_device_codes WHERE organization_id = $1 OR organization = $1";
}

fn from_row(row: &mut Row) -> Result<DeviceCode> {
    let texts = |value| serde_json::from_value(value).map_err(Error::internal);
    Ok(DeviceCode {
        hash: row.take()?,
        user_code: row.take()?,
        client_id: row.take()?,
        scopes: texts(row.take()?)?,
        resources: texts(row.take()?)?,
        organization: row.take()?,
        ip: row.take()?,
        user_agent: row.take()?,
        stage: stage(&row.take::<String>()?)?,
        interval_seconds: row.take()?,
        asked_at: row.take()?,
        approval: approval(row)?,
        create_time: row.take()?,
        expires_at: row.take()?,
    })
}

fn stage(text: &str) -> Result<DeviceStage> {
    DeviceStage::parse(text).ok_or_else(|| Error::internal("an unknown stage of a device code"))
}

fn approval(row: &mut Row) -> Result<Option<DeviceApproval>> {
    let (grant, identity, session) = (row.take()?, row.take()?, row.take()?);
    let (organization_id, rights): (_, Option<serde_json::Value>) = (row.take()?, row.take()?);
    let (Some(grant_id), Some(identity_id), Some(session_id), Some(rights)) =
        (grant, identity, session, rights)
    else {
        return Ok(None);
    };
    let rights = serde_json::from_value(rights).map_err(Error::internal)?;
    Ok(Some(DeviceApproval { grant_id, identity_id, session_id, organization_id, rights }))
}

/// Adds a request that nobody answered; `false` when its code is another's.
pub fn insert(tx: &mut IdentityTx<'_>, code: &DeviceCode) -> Result<bool> {
    let values = params![
        code.hash,
        &code.user_code,
        code.client_id,
        serde_json::to_value(&code.scopes).map_err(Error::internal)?,
        serde_json::to_value(&code.resources).map_err(Error::internal)?,
        code.organization,
        code.ip.as_ref(),
        &code.user_agent,
        code.stage.as_str(),
        code.interval_seconds,
        code.create_time,
        code.expires_at,
    ];
    Ok(tx.execute(&INSERT, &values)? > 0)
}

/// The request of the device that holds the code with this hash.
pub fn find(tx: &mut IdentityTx<'_>, hash: &SecretHash) -> Result<Option<DeviceCode>> {
    tx.query_one(&BY_HASH, &params![hash])?.as_mut().map(from_row).transpose()
}

/// The request whose device shows this code.
pub fn find_typed(tx: &mut IdentityTx<'_>, user_code: &str) -> Result<Option<DeviceCode>> {
    tx.query_one(&BY_USER_CODE, &params![user_code])?.as_mut().map(from_row).transpose()
}

/// Notes that the device asked, and how long it waits from now on.
pub fn note_question(
    tx: &mut IdentityTx<'_>,
    hash: &SecretHash,
    now: Timestamp,
    interval_seconds: i64,
) -> Result<()> {
    tx.execute(&NOTE_QUESTION, &params![hash, now, interval_seconds]).map(drop)
}

/// Notes a yes; `false` when another answer came first or it is too late.
pub fn approve(
    tx: &mut IdentityTx<'_>,
    hash: &SecretHash,
    now: Timestamp,
    approval: &DeviceApproval,
) -> Result<bool> {
    let values = params![
        hash,
        now,
        approval.grant_id,
        approval.identity_id,
        approval.session_id,
        approval.organization_id,
        serde_json::to_value(&approval.rights).map_err(Error::internal)?,
    ];
    Ok(tx.query_one(&APPROVE, &values)?.is_some())
}

/// Notes a no; `false` when another answer came first or it is too late.
pub fn deny(tx: &mut IdentityTx<'_>, hash: &SecretHash, now: Timestamp) -> Result<bool> {
    Ok(tx.query_one(&DENY, &params![hash, now])?.is_some())
}

/// Uses a yes up; `false` for whoever comes second or too late.
pub fn use_once(tx: &mut IdentityTx<'_>, hash: &SecretHash, now: Timestamp) -> Result<bool> {
    Ok(tx.query_one(&USE, &params![hash, now])?.is_some())
}

/// Forgets the requests that ended before `limit`.
pub fn purge(tx: &mut IdentityTx<'_>, limit: Timestamp) -> Result<()> {
    tx.execute(&PURGE, &params![limit]).map(drop)
}

/// Forgets what a person granted to devices.
pub fn erase_identity(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<()> {
    tx.execute(&ERASE_IDENTITY, &params![identity]).map(drop)
}

/// Forgets what devices asked for a client.
pub fn erase_client(tx: &mut IdentityTx<'_>, client: ClientId) -> Result<()> {
    tx.execute(&ERASE_CLIENT, &params![client]).map(drop)
}

/// Forgets what devices asked for an organization.
pub fn erase_organization(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<()> {
    tx.execute(&ERASE_ORGANIZATION, &params![organization]).map(drop)
}
