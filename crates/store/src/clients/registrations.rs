//! The table of how clients registered themselves.

use avnology_model::{
    Error, Result, Timestamp,
    clients::{ClientDocument, ClientRegistration},
    ids::ClientId,
};

use crate::{IdentityTx, Row, params};

crate::statements! {
    INSERT = "INSERT INTO oauth_registrations (client_id, token_hash, limits, document_url, fresh_until, \
        last_token_at) VALUES ($1, $2, $3, $4, $5, $6)";
    REFRESH = "UPDATE oauth_registrations SET fresh_until = $2 WHERE client_id = $1";
    NOTE_TOKEN = "UPDATE oauth_registrations SET last_token_at = $2 WHERE client_id = $1 AND last_token_at < $2";
    UNUSED = "SELECT client_id FROM oauth_registrations WHERE last_token_at < $1 ORDER BY last_token_at LIMIT $2";
    DELETE = "DELETE FROM oauth_registrations WHERE client_id = $1";
}

/// Reads what a client's row was joined with: nothing for one that somebody made.
pub(super) fn from_row(row: &mut Row) -> Result<Option<ClientRegistration>> {
    let client: Option<ClientId> = row.take()?;
    if client.is_none() {
        return Ok(None);
    }
    Ok(Some(ClientRegistration {
        token_hash: row.take()?,
        limits: serde_json::from_value(row.take()?).map_err(Error::internal)?,
        document: match (row.take()?, row.take()?) {
            (Some(url), Some(fresh_until)) => Some(ClientDocument { url, fresh_until }),
            _ => None,
        },
        last_token_at: row.take()?,
    }))
}

/// Adds the registration of a client.
pub(super) fn insert(
    tx: &mut IdentityTx<'_>,
    client: ClientId,
    registration: &ClientRegistration,
) -> Result<()> {
    let limits = serde_json::to_value(&registration.limits).map_err(Error::internal)?;
    let document = registration.document.as_ref();
    let values = params![
        client,
        registration.token_hash,
        limits,
        document.map(|document| &document.url),
        document.map(|document| document.fresh_until),
        registration.last_token_at,
    ];
    tx.execute(&INSERT, &values).map(drop)
}

/// Notes until when the document of a client need not be fetched again.
pub fn refresh(tx: &mut IdentityTx<'_>, client: ClientId, fresh_until: Timestamp) -> Result<()> {
    tx.execute(&REFRESH, &params![client, fresh_until]).map(drop)
}

/// Notes that a client got a token.
pub fn note_token(tx: &mut IdentityTx<'_>, client: ClientId, now: Timestamp) -> Result<()> {
    tx.execute(&NOTE_TOKEN, &params![client, now]).map(drop)
}

/// Clients that registered themselves and got no token since `limit`, at most `most`.
pub fn unused(tx: &mut IdentityTx<'_>, limit: Timestamp, most: u32) -> Result<Vec<ClientId>> {
    tx.query(&UNUSED, &params![limit, i64::from(most)])?.iter_mut().map(Row::take).collect()
}

pub(super) fn delete(tx: &mut IdentityTx<'_>, client: ClientId) -> Result<()> {
    tx.execute(&DELETE, &params![client]).map(drop)
}
