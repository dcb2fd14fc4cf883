//! The queue of clients that have yet to be told that a session ended.

use avnology_model::{
    Result, Timestamp,
    clients::PendingLogout,
    ids::{ClientId, IdentityId, SessionId},
};

use crate::{IdentityTx, Row, params};

crate::statements! {
    INSERT = "INSERT INTO oauth_logouts (session_id, client_id, identity_id, tries, due_at, create_time) \
        VALUES ($1, $2, $3, 0, $4, $4) ON CONFLICT (session_id, client_id) DO NOTHING";
    IS_DUE = "SELECT 1 FROM oauth_logouts WHERE due_at <= $1 LIMIT 1";
    CLAIM = "UPDATE oauth_logouts SET tries = tries + 1, due_at = $2 WHERE (session_id, client_id) IN \
        (SELECT session_id, client_id FROM oauth_logouts WHERE due_at <= $1 ORDER BY due_at LIMIT $3 {skip_locked}) \
        RETURNING session_id, client_id, identity_id, tries";
    AGAIN = "UPDATE oauth_logouts SET due_at = $3 WHERE session_id = $1 AND client_id = $2";
    DONE = "DELETE FROM oauth_logouts WHERE session_id = $1 AND client_id = $2";
    ERASE_CLIENT = "DELETE FROM oauth_logouts WHERE client_id = $1";
}

fn from_row(row: &mut Row) -> Result<PendingLogout> {
    Ok(PendingLogout {
        session_id: row.take()?,
        client_id: row.take()?,
        identity_id: row.take()?,
        tries: row.take()?,
    })
}

/// Adds a call, due at once; once for each client and session.
pub fn insert(
    tx: &mut IdentityTx<'_>,
    session: SessionId,
    client: ClientId,
    identity: IdentityId,
    now: Timestamp,
) -> Result<()> {
    tx.execute(&INSERT, &params![session, client, identity, now]).map(drop)
}

/// Whether a call is due.
pub fn is_due(tx: &mut IdentityTx<'_>, now: Timestamp) -> Result<bool> {
    Ok(tx.query_one(&IS_DUE, &params![now])?.is_some())
}

/// Takes up to `limit` calls that are due and counts the try. Who does not report back by `lease_until` is taken to have died,
/// and the call is due again.
pub fn claim(
    tx: &mut IdentityTx<'_>,
    now: Timestamp,
    lease_until: Timestamp,
    limit: u32,
) -> Result<Vec<PendingLogout>> {
    tx.query(&CLAIM, &params![now, lease_until, limit])?.iter_mut().map(from_row).collect()
}

/// Puts a call off until `due_at`.
pub fn again(tx: &mut IdentityTx<'_>, call: &PendingLogout, due_at: Timestamp) -> Result<()> {
    tx.execute(&AGAIN, &params![call.session_id, call.client_id, due_at]).map(drop)
}

/// Ends a call that was made, or given up.
pub fn done(tx: &mut IdentityTx<'_>, call: &PendingLogout) -> Result<()> {
    tx.execute(&DONE, &params![call.session_id, call.client_id]).map(drop)
}

/// Forgets the calls to a client.
pub fn erase_client(tx: &mut IdentityTx<'_>, client: ClientId) -> Result<()> {
    tx.execute(&ERASE_CLIENT, &params![client]).map(drop)
}
