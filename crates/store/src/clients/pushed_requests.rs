//! The table of authorization requests that clients pushed.

use avnology_model::{Result, Timestamp, clients::PushedRequest, ids::ClientId, secret_token::SecretHash};

use crate::{IdentityTx, Row, params};

crate::statements! {
    INSERT = "INSERT INTO oauth_pushed_requests (hash, client_id, parameters, expires_at, used_at) \
        VALUES ($1, $2, $3, $4, $5)";
    BY_HASH = "SELECT hash, client_id, parameters, expires_at, used_at FROM oauth_pushed_requests WHERE hash = $1";
    USE = "UPDATE oauth_pushed_requests SET used_at = $2 WHERE hash = $1 AND used_at IS NULL RETURNING hash";
    PURGE = "DELETE FROM oauth_pushed_requests WHERE expires_at < $1";
    ERASE_CLIENT = "DELETE FROM oauth_pushed_requests WHERE client_id = $1";
}

fn from_row(row: &mut Row) -> Result<PushedRequest> {
    Ok(PushedRequest {
        hash: row.take()?,
        client_id: row.take()?,
        parameters: row.take()?,
        expires_at: row.take()?,
        used_at: row.take()?,
    })
}

/// Adds a request.
pub fn insert(tx: &mut IdentityTx<'_>, request: &PushedRequest) -> Result<()> {
    let values =
        params![request.hash, request.client_id, &request.parameters, request.expires_at, request.used_at];
    tx.execute(&INSERT, &values).map(drop)
}

/// The request with this hash.
pub fn find(tx: &mut IdentityTx<'_>, hash: &SecretHash) -> Result<Option<PushedRequest>> {
    tx.query_one(&BY_HASH, &params![hash])?.as_mut().map(from_row).transpose()
}

/// Uses a request up; `false` for whoever comes second, and when it is gone.
pub fn use_once(tx: &mut IdentityTx<'_>, hash: &SecretHash, now: Timestamp) -> Result<bool> {
    Ok(tx.query_one(&USE, &params![hash, now])?.is_some())
}

/// Forgets the requests that could be begun with until `limit`.
pub fn purge(tx: &mut IdentityTx<'_>, limit: Timestamp) -> Result<()> {
    tx.execute(&PURGE, &params![limit]).map(drop)
}

/// Forgets the requests of a client.
pub fn erase_client(tx: &mut IdentityTx<'_>, client: ClientId) -> Result<()> {
    tx.execute(&ERASE_CLIENT, &params![client]).map(drop)
}
