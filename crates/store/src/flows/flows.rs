//! The table of flows.

use avnology_model::{Error, Result, Timestamp, flows::Flow, ids::FlowId, secret_token::SecretHash};

use crate::{IdentityTx, Row, params};

crate::statements! {
    INSERT = "INSERT INTO flows (id, kind, transport, state, active, issued_at, expires_at, completed_at, browser_hash, \
        session_id, identity_id, submits, code_hash, code_tries, link_hash, secret_expires_at, data) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    UPDATE = "UPDATE flows SET kind = $2, transport = $3, state = $4, active = $5, issued_at = $6, expires_at = $7, \
        completed_at = $8, browser_hash = $9, session_id = $10, identity_id = $11, submits = $12, code_hash = $13, \
        code_tries = $14, link_hash = $15, secret_expires_at = $16, data = $17 WHERE id = $1";
    BY_ID = "SELECT id, kind, transport, state, active, issued_at, expires_at, completed_at, browser_hash, session_id, \
        identity_id, submits, code_hash, code_tries, link_hash, secret_expires_at, data FROM flows WHERE id = $1";
    USE_CODE = "UPDATE flows SET code_hash = NULL, link_hash = NULL WHERE id = $1 AND code_hash = $2 RETURNING id";
    USE_LINK = "UPDATE flows SET code_hash = NULL, link_hash = NULL WHERE id = $1 AND link_hash = $2 RETURNING id";
    DELETE_OF_IDENTITY = "DELETE FROM flows WHERE identity_id = $1";
    PURGE = "DELETE FROM flows WHERE expires_at < $1";
}

fn from_row(row: &mut Row) -> Result<Flow> {
    Ok(Flow {
        id: row.take()?,
        kind: row.take()?,
        transport: row.take()?,
        state: row.take()?,
        active: row.take()?,
        issued_at: row.take()?,
        expires_at: row.take()?,
        completed_at: row.take()?,
        browser_hash: row.take()?,
        session_id: row.take()?,
        identity_id: row.take()?,
        submits: row.take()?,
        code_hash: row.take()?,
        code_tries: row.take()?,
        link_hash: row.take()?,
        secret_expires_at: row.take()?,
        data: serde_json::from_str(&row.take::<String>()?).map_err(Error::internal)?,
    })
}

fn values(flow: &Flow) -> Result<[crate::Value; 17]> {
    let f = flow;
    Ok(params![
        f.id,
        f.kind,
        f.transport,
        f.state,
        &f.active,
        f.issued_at,
        f.expires_at,
        f.completed_at,
        f.browser_hash,
        f.session_id,
        f.identity_id,
        f.submits,
        f.code_hash,
        f.code_tries,
        f.link_hash,
        f.secret_expires_at,
        serde_json::to_string(&f.data).map_err(Error::internal)?,
    ])
}

/// Adds a flow.
pub fn insert(tx: &mut IdentityTx<'_>, flow: &Flow) -> Result<()> {
    tx.execute(&INSERT, &values(flow)?).map(drop)
}

/// Writes a flow, which must have been read in this transaction.
pub fn update(tx: &mut IdentityTx<'_>, flow: &Flow) -> Result<()> {
    tx.execute(&UPDATE, &values(flow)?).map(drop)
}

/// The flow with this id.
pub fn find(tx: &mut IdentityTx<'_>, id: FlowId) -> Result<Option<Flow>> {
    tx.query_one(&BY_ID, &params![id])?.as_mut().map(from_row).transpose()
}

/// Uses the live code, and with it the link; whether it was still there to be used.
pub fn use_code(tx: &mut IdentityTx<'_>, id: FlowId, code: &SecretHash) -> Result<bool> {
    Ok(tx.query_one(&USE_CODE, &params![id, code])?.is_some())
}

/// Uses the live link, and with it the code; whether it was still there to be used.
pub fn use_link(tx: &mut IdentityTx<'_>, id: FlowId, link: &SecretHash) -> Result<bool> {
    Ok(tx.query_one(&USE_LINK, &params![id, link])?.is_some())
}

/// Removes the flows of an identity.
pub fn erase(tx: &mut IdentityTx<'_>, identity: avnology_model::ids::IdentityId) -> Result<()> {
    tx.execute(&DELETE_OF_IDENTITY, &params![identity]).map(drop)
}

/// Removes flows that expired before `before`.
pub fn purge(tx: &mut IdentityTx<'_>, before: Timestamp) -> Result<u64> {
    tx.execute(&PURGE, &params![before])
}
