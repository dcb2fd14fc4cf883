//! The table of authorization codes.

use avnology_model::{
    Error, Result, Timestamp,
    clients::AuthorizationCode,
    ids::{ClientId, IdentityId, OrganizationId},
    secret_token::SecretHash,
};

use crate::{IdentityTx, Row, params};

crate::statements! {
    INSERT = "INSERT INTO oauth_codes (hash, grant_id, client_id, identity_id, session_id, organization_id, rights, \
        redirect_uri, redirect_uri_was_sent, code_challenge, nonce, create_time, expires_at, used_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    BY_HASH = "SELECT hash, grant_id, client_id, identity_id, session_id, organization_id, rights, redirect_uri, \
        redirect_uri_was_sent, code_challenge, nonce, create_time, expires_at, used_at FROM oauth_codes WHERE hash = $1";
    USE = "UPDATE oauth_codes SET used_at = $2 WHERE hash = $1 AND used_at IS NULL RETURNING hash";
    PURGE = "DELETE FROM oauth_codes WHERE expires_at < $1";
    ERASE_IDENTITY = "DELETE FROM oauth_codes WHERE identity_id = $1";
    ERASE_CLIENT = "DELETE FROM oauth_codes WHERE client_id = $1";
    ERASE_ORGANIZATION = "DELETE FROM oauth_codes WHERE organization_id = $1";
}

fn from_row(row: &mut Row) -> Result<AuthorizationCode> {
    Ok(AuthorizationCode {
        hash: row.take()?,
        grant_id: row.take()?,
        client_id: row.take()?,
        identity_id: row.take()?,
        session_id: row.take()?,
        organization_id: row.take()?,
        rights: serde_json::from_value(row.take()?).map_err(Error::internal)?,
        redirect_uri: row.take()?,
        redirect_uri_was_sent: row.take()?,
        code_challenge: row.take()?,
        nonce: row.take()?,
        create_time: row.take()?,
        expires_at: row.take()?,
        used_at: row.take()?,
    })
}

/// Adds a code.
pub fn insert(tx: &mut IdentityTx<'_>, code: &AuthorizationCode) -> Result<()> {
    let values = params![
        code.hash,
        code.grant_id,
        code.client_id,
        code.identity_id,
        code.session_id,
        code.organization_id,
        serde_json::to_value(&code.rights).map_err(Error::internal)?,
        &code.redirect_uri,
        code.redirect_uri_was_sent,
        code.code_challenge.as_ref(),
        code.nonce.as_ref(),
        code.create_time,
        code.expires_at,
        code.used_at,
    ];
    tx.execute(&INSERT, &values).map(drop)
}

/// The code with this hash.
pub fn find(tx: &mut IdentityTx<'_>, hash: &SecretHash) -> Result<Option<AuthorizationCode>> {
    tx.query_one(&BY_HASH, &params![hash])?.as_mut().map(from_row).transpose()
}

/// Uses a code, or uses it up; `false` for whoever comes second.
pub fn use_once(tx: &mut IdentityTx<'_>, hash: &SecretHash, now: Timestamp) -> Result<bool> {
    Ok(tx.query_one(&USE, &params![hash, now])?.is_some())
}

/// Forgets the codes that ended before `limit`.
pub fn purge(tx: &mut IdentityTx<'_>, limit: Timestamp) -> Result<()> {
    tx.execute(&PURGE, &params![limit]).map(drop)
}

/// Forgets the codes of a person.
pub fn erase_identity(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<()> {
    tx.execute(&ERASE_IDENTITY, &params![identity]).map(drop)
}

/// Forgets the codes of a client.
pub fn erase_client(tx: &mut IdentityTx<'_>, client: ClientId) -> Result<()> {
    tx.execute(&ERASE_CLIENT, &params![client]).map(drop)
}

/// Forgets the codes of an organization.
pub fn erase_organization(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<()> {
    tx.execute(&ERASE_ORGANIZATION, &params![organization]).map(drop)
}
