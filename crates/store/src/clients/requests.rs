//! The table of authorization requests that wait for a person.

use avnology_model::{
    Error, Result, Timestamp, clients::AuthorizationRequestRow, ids::ClientId, secret_token::SecretHash,
};

use crate::{IdentityTx, Row, params};

crate::statements! {
    INSERT = "INSERT INTO oauth_requests (hash, client_id, parameters, holder, began_at, account_was_chosen, \
        consented_by, consented_scopes, chosen_organization, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    BY_HASH = "SELECT hash, client_id, parameters, holder, began_at, account_was_chosen, consented_by, \
        consented_scopes, chosen_organization, expires_at FROM oauth_requests WHERE hash = $1";
    UPDATE = "UPDATE oauth_requests SET account_was_chosen = $2, consented_by = $3, consented_scopes = $4, \
        chosen_organization = $5 WHERE hash = $1";
    DELETE = "DELETE FROM oauth_requests WHERE hash = $1 RETURNING hash";
    PURGE = "DELETE FROM oauth_requests WHERE expires_at < $1";
    ERASE_CLIENT = "DELETE FROM oauth_requests WHERE client_id = $1";
}

fn from_row(row: &mut Row) -> Result<AuthorizationRequestRow> {
    Ok(AuthorizationRequestRow {
        hash: row.take()?,
        client_id: row.take()?,
        parameters: row.take()?,
        holder: row.take()?,
        began_at: row.take()?,
        account_was_chosen: row.take()?,
        consented_by: row.take()?,
        consented_scopes: serde_json::from_value(row.take()?).map_err(Error::internal)?,
        chosen_organization: row.take()?,
        expires_at: row.take()?,
    })
}

/// Adds a request.
pub fn insert(tx: &mut IdentityTx<'_>, request: &AuthorizationRequestRow) -> Result<()> {
    let values = params![
        request.hash,
        request.client_id,
        &request.parameters,
        request.holder,
        request.began_at,
        request.account_was_chosen,
        request.consented_by,
        serde_json::to_value(&request.consented_scopes).map_err(Error::internal)?,
        request.chosen_organization.as_ref(),
        request.expires_at,
    ];
    tx.execute(&INSERT, &values).map(drop)
}

/// The request with this hash.
pub fn find(tx: &mut IdentityTx<'_>, hash: &SecretHash) -> Result<Option<AuthorizationRequestRow>> {
    tx.query_one(&BY_HASH, &params![hash])?.as_mut().map(from_row).transpose()
}

/// Writes what a person decided.
pub fn update(tx: &mut IdentityTx<'_>, request: &AuthorizationRequestRow) -> Result<()> {
    let values = params![
        request.hash,
        request.account_was_chosen,
        request.consented_by,
        serde_json::to_value(&request.consented_scopes).map_err(Error::internal)?,
        request.chosen_organization.as_ref(),
    ];
    tx.execute(&UPDATE, &values).map(drop)
}

/// Ends a request; `false` when it was ended before.
pub fn end(tx: &mut IdentityTx<'_>, hash: &SecretHash) -> Result<bool> {
    Ok(tx.query_one(&DELETE, &params![hash])?.is_some())
}

/// Forgets the requests that ended before `limit`.
pub fn purge(tx: &mut IdentityTx<'_>, limit: Timestamp) -> Result<()> {
    tx.execute(&PURGE, &params![limit]).map(drop)
}

/// Forgets the requests of a client.
pub fn erase_client(tx: &mut IdentityTx<'_>, client: ClientId) -> Result<()> {
    tx.execute(&ERASE_CLIENT, &params![client]).map(drop)
}
