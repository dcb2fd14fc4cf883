//! The table of grants.

use avnology_model::{
    Error, Result, Timestamp,
    clients::{Grant, RefreshToken},
    ids::{ClientId, GrantId, IdentityId, OrganizationId, SessionId},
    secret_token::SecretHash,
};

use crate::{IdentityTx, Row, params};

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT g.id, g.client_id, g.identity_id, g.session_id, g.organization_id, g.rights, g.is_offline, g.generation, \
             g.create_time, g.expires_at, g.idle_expires_at, g.last_used_at, g.revoked_at FROM oauth_grants g WHERE ",
            $condition
        )
    };
}

crate::statements! {
    INSERT = "INSERT INTO oauth_grants (id, client_id, identity_id, session_id, organization_id, rights, is_offline, \
        generation, create_time, expires_at, idle_expires_at, last_used_at, revoked_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    BY_ID = select!("g.id = $1");
    OF_TOKEN = "SELECT t.generation, t.first_used_at, g.id, g.client_id, g.identity_id, g.session_id, g.organization_id, \
        g.rights, g.is_offline, g.generation, g.create_time, g.expires_at, g.idle_expires_at, g.last_used_at, g.revoked_at \
        FROM oauth_refresh_tokens t JOIN oauth_grants g ON g.id = t.grant_id WHERE t.hash = $1";
    // One guarded update: of two who present the newest token at once, one comes first.
    ROTATE = "UPDATE oauth_grants SET generation = $3, idle_expires_at = $4, last_used_at = $5, organization_id = $6 \
        WHERE id = $1 AND generation = $2 AND revoked_at IS NULL RETURNING id";
    REVOKE = "UPDATE oauth_grants SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING id";
    REVOKE_OF_IDENTITY = "UPDATE oauth_grants SET revoked_at = $2 WHERE identity_id = $1 AND revoked_at IS NULL";
    REVOKE_OF_SESSION = "UPDATE oauth_grants SET revoked_at = $2 WHERE session_id = $1 AND revoked_at IS NULL";
    REVOKE_OF_MEMBER = "UPDATE oauth_grants SET revoked_at = $3 WHERE organization_id = $1 AND identity_id = $2 \
        AND revoked_at IS NULL";
    REVOKE_OF_CONSENT = "UPDATE oauth_grants SET revoked_at = $4 WHERE identity_id = $1 AND client_id = $2 \
        AND COALESCE(organization_id, '') = $3 AND revoked_at IS NULL";
    REVOKE_OF_CLIENT_IN = "UPDATE oauth_grants SET revoked_at = $3 WHERE client_id = $1 AND organization_id = $2 \
        AND revoked_at IS NULL";
    CLIENTS_OF_SESSION = "SELECT DISTINCT g.client_id FROM oauth_grants g WHERE g.session_id = $1";
    PURGE_TOKENS = "DELETE FROM oauth_refresh_tokens WHERE grant_id IN \
        (SELECT g.id FROM oauth_grants g WHERE g.expires_at < $1)";
    PURGE = "DELETE FROM oauth_grants WHERE expires_at < $1";
    ERASE_TOKENS_OF_IDENTITY = "DELETE FROM oauth_refresh_tokens WHERE grant_id IN \
        (SELECT g.id FROM oauth_grants g WHERE g.identity_id = $1)";
    ERASE_IDENTITY = "DELETE FROM oauth_grants WHERE identity_id = $1";
    ERASE_TOKENS_OF_CLIENT = "DELETE FROM oauth_refresh_tokens WHERE grant_id IN \
        (SELECT g.id FROM oauth_grants g WHERE g.client_id = $1)";
    ERASE_CLIENT = "DELETE FROM oauth_grants WHERE client_id = $1";
    ERASE_TOKENS_OF_ORGANIZATION = "DELETE FROM oauth_refresh_tokens WHERE grant_id IN \
        (SELECT g.id FROM oauth_grants g WHERE g.organization_id = $1)";
    ERASE_ORGANIZATION = "DELETE FROM oauth_grants WHERE organization_id = $1";
}

fn from_row(row: &mut Row) -> Result<Grant> {
    Ok(Grant {
        id: row.take()?,
        client_id: row.take()?,
        identity_id: row.take()?,
        session_id: row.take()?,
        organization_id: row.take()?,
        rights: serde_json::from_value(row.take()?).map_err(Error::internal)?,
        is_offline: row.take()?,
        generation: number(row)?,
        create_time: row.take()?,
        expires_at: row.take()?,
        idle_expires_at: row.take()?,
        last_used_at: row.take()?,
        revoked_at: row.take()?,
    })
}

/// A number that is never below zero.
pub(super) fn number(row: &mut Row) -> Result<u64> {
    u64::try_from(row.take::<i64>()?).map_err(Error::internal)
}

pub(super) fn to_column(number: u64) -> Result<i64> {
    i64::try_from(number).map_err(Error::internal)
}

/// Adds a grant.
pub fn insert(tx: &mut IdentityTx<'_>, grant: &Grant) -> Result<()> {
    let values = params![
        grant.id,
        grant.client_id,
        grant.identity_id,
        grant.session_id,
        grant.organization_id,
        serde_json::to_value(&grant.rights).map_err(Error::internal)?,
        grant.is_offline,
        to_column(grant.generation)?,
        grant.create_time,
        grant.expires_at,
        grant.idle_expires_at,
        grant.last_used_at,
        grant.revoked_at,
    ];
    tx.execute(&INSERT, &values).map(drop)
}

/// The grant with this id.
pub fn find(tx: &mut IdentityTx<'_>, id: GrantId) -> Result<Option<Grant>> {
    tx.query_one(&BY_ID, &params![id])?.as_mut().map(from_row).transpose()
}

/// The refresh token with this hash, and its grant.
pub fn of_token(tx: &mut IdentityTx<'_>, hash: &SecretHash) -> Result<Option<(RefreshToken, Grant)>> {
    let Some(mut row) = tx.query_one(&OF_TOKEN, &params![hash])? else { return Ok(None) };
    let (generation, first_used_at) = (number(&mut row)?, row.take()?);
    let grant = from_row(&mut row)?;
    Ok(Some((RefreshToken { grant_id: grant.id, generation, first_used_at }, grant)))
}

/// Writes a grant after a use of its newest token, which leaves its rights as they are; `false` when another use came first or the grant was ended.
pub fn after_use(tx: &mut IdentityTx<'_>, before: &Grant, after: &Grant) -> Result<bool> {
    let values = params![
        before.id,
        to_column(before.generation)?,
        to_column(after.generation)?,
        after.idle_expires_at,
        after.last_used_at,
        after.organization_id,
    ];
    Ok(tx.query_one(&ROTATE, &values)?.is_some())
}

/// Ends a grant; `false` when it was ended before.
pub fn revoke(tx: &mut IdentityTx<'_>, id: GrantId, now: Timestamp) -> Result<bool> {
    Ok(tx.query_one(&REVOKE, &params![id, now])?.is_some())
}

/// Ends the grants of a person.
pub fn revoke_of_identity(tx: &mut IdentityTx<'_>, identity: IdentityId, now: Timestamp) -> Result<()> {
    tx.execute(&REVOKE_OF_IDENTITY, &params![identity, now]).map(drop)
}

/// Ends the grants that were given in a session.
pub fn revoke_of_session(tx: &mut IdentityTx<'_>, session: SessionId, now: Timestamp) -> Result<()> {
    tx.execute(&REVOKE_OF_SESSION, &params![session, now]).map(drop)
}

/// Ends the grants of a person for an organization.
pub fn revoke_of_member(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    identity: IdentityId,
    now: Timestamp,
) -> Result<()> {
    tx.execute(&REVOKE_OF_MEMBER, &params![organization, identity, now]).map(drop)
}

/// Ends what a person granted to a client for an organization, or for none.
pub fn revoke_of_consent(
    tx: &mut IdentityTx<'_>,
    identity: IdentityId,
    client: ClientId,
    organization: Option<OrganizationId>,
    now: Timestamp,
) -> Result<()> {
    let organization = organization.map(|id| id.to_string()).unwrap_or_default();
    tx.execute(&REVOKE_OF_CONSENT, &params![identity, client, organization, now]).map(drop)
}

/// Ends what the members of an organization granted to a client for it.
pub fn revoke_of_client_in(
    tx: &mut IdentityTx<'_>,
    client: ClientId,
    organization: OrganizationId,
    now: Timestamp,
) -> Result<()> {
    tx.execute(&REVOKE_OF_CLIENT_IN, &params![client, organization, now]).map(drop)
}

/// The clients that got tokens in a session.
pub fn clients_of_session(tx: &mut IdentityTx<'_>, session: SessionId) -> Result<Vec<ClientId>> {
    tx.query(&CLIENTS_OF_SESSION, &params![session])?.iter_mut().map(Row::take).collect()
}

/// Forgets the grants that ended before `limit`, and their tokens.
pub fn purge(tx: &mut IdentityTx<'_>, limit: Timestamp) -> Result<()> {
    tx.execute(&PURGE_TOKENS, &params![limit])?;
    tx.execute(&PURGE, &params![limit]).map(drop)
}

/// Forgets the grants of a person.
pub fn erase_identity(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<()> {
    tx.execute(&ERASE_TOKENS_OF_IDENTITY, &params![identity])?;
    tx.execute(&ERASE_IDENTITY, &params![identity]).map(drop)
}

/// Forgets the grants to a client.
pub fn erase_client(tx: &mut IdentityTx<'_>, client: ClientId) -> Result<()> {
    tx.execute(&ERASE_TOKENS_OF_CLIENT, &params![client])?;
    tx.execute(&ERASE_CLIENT, &params![client]).map(drop)
}

/// Forgets the grants for an organization.
pub fn erase_organization(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<()> {
    tx.execute(&ERASE_TOKENS_OF_ORGANIZATION, &params![organization])?;
    tx.execute(&ERASE_ORGANIZATION, &params![organization]).map(drop)
}
