//! The tables of sessions and their tokens.

use avnology_model::{
    Error, Result, Timestamp,
    ids::{DeviceId, IdentityId, OrganizationId, SessionId},
    secret_token::SecretHash,
    sessions::{Session, SessionDevice},
};

use crate::{IdentityTx, Row, params};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT s.id, s.identity_id, s.kind, s.aal, s.methods, s.authenticated_at, s.issued_at, s.last_used_at, \
             s.expires_at, s.revoked_at, s.device_id, s.ip, s.user_agent, s.organization_id, d.id, d.own_name, d.known, \
             d.posture_managed, d.posture_expires_at FROM sessions s LEFT JOIN devices d ON d.id = s.device_id ",
            $rest
        )
    };
}

crate::statements! {
    INSERT = "INSERT INTO sessions (id, identity_id, kind, aal, methods, authenticated_at, issued_at, last_used_at, \
        expires_at, revoked_at, device_id, ip, user_agent, organization_id) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    RAISE = "UPDATE sessions SET kind = $2, aal = $3, methods = $4, authenticated_at = $5, expires_at = $6, \
        last_used_at = $7, organization_id = $8 WHERE id = $1 AND revoked_at IS NULL";
    BY_ID = select!("WHERE s.id = $1");
    BY_TOKEN = "SELECT t.valid_until, s.id, s.identity_id, s.kind, s.aal, s.methods, s.authenticated_at, s.issued_at, \
        s.last_used_at, s.expires_at, s.revoked_at, s.device_id, s.ip, s.user_agent, s.organization_id, \
        d.id, d.own_name, d.known, d.posture_managed, d.posture_expires_at FROM session_tokens t \
        JOIN sessions s ON s.id = t.session_id LEFT JOIN devices d ON d.id = s.device_id WHERE t.hash = $1";
    ACTIVE_OF = select!("WHERE s.identity_id = $1 AND s.revoked_at IS NULL AND s.expires_at > $2 AND s.last_used_at > $3 \
        AND (CAST($4 AS BIGINT) IS NULL OR s.issued_at < $4 OR (s.issued_at = $4 AND s.id < $5)) \
        ORDER BY s.issued_at DESC, s.id DESC LIMIT $6");
    BEGUN_AT = select!("WHERE s.identity_id = $1 AND s.issued_at = $2 ORDER BY s.id LIMIT 1");
    OPEN_OF = select!("WHERE s.identity_id = $1 AND s.revoked_at IS NULL AND s.expires_at > $2");
    COUNT_ACTIVE = "SELECT COUNT(*) FROM sessions s WHERE s.identity_id = $1 AND s.revoked_at IS NULL \
        AND s.expires_at > $2 AND s.last_used_at > $3";
    REVOKE = "UPDATE sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING identity_id";
    EXPIRED = select!("WHERE s.expires_at <= $1 AND s.revoked_at IS NULL AND s.expiry_noted_at IS NULL LIMIT $2");
    IDLE = select!("WHERE s.last_used_at <= $1 AND s.revoked_at IS NULL AND s.expiry_noted_at IS NULL LIMIT $2");
    NOTE_EXPIRY = "UPDATE sessions SET expiry_noted_at = $2 WHERE id = $1";
    TOUCH = "UPDATE sessions SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2";
    ADD_TOKEN = "INSERT INTO session_tokens (hash, session_id, valid_until) VALUES ($1, $2, NULL)";
    END_TOKENS_AT = "UPDATE session_tokens SET valid_until = $2 WHERE session_id = $1 AND valid_until IS NULL";
    DROP_TOKENS = "DELETE FROM session_tokens WHERE session_id = $1 RETURNING hash";
    TOKENS_OF = "SELECT hash FROM session_tokens WHERE session_id = $1";
    TOKENS_OF_IDENTITY = "SELECT t.hash FROM session_tokens t JOIN sessions s ON s.id = t.session_id \
        WHERE s.identity_id = $1 AND s.revoked_at IS NULL";
    DROP_TOKENS_OF_IDENTITY = "DELETE FROM session_tokens WHERE session_id IN \
        (SELECT s.id FROM sessions s WHERE s.identity_id = $1) RETURNING hash";
    DELETE_OF_IDENTITY = "DELETE FROM sessions WHERE identity_id = $1";
    SWITCH = "UPDATE sessions SET organization_id = $2 WHERE id = $1 AND revoked_at IS NULL";
    LEAVE = "UPDATE sessions SET organization_id = NULL WHERE organization_id = $1 AND identity_id = $2";
    LEAVE_ALL = "UPDATE sessions SET organization_id = NULL WHERE organization_id = $1";
    PURGE_TOKENS = "DELETE FROM session_tokens WHERE session_id IN \
        (SELECT s.id FROM sessions s WHERE s.expires_at < $1) OR valid_until < $2";
    PURGE = "DELETE FROM sessions WHERE expires_at < $1";
}

fn from_row(row: &mut Row, token_hash: SecretHash) -> Result<Session> {
    let mut session = Session {
        id: row.take()?,
        identity_id: row.take()?,
        kind: row.take()?,
        aal: row.take()?,
        methods: serde_json::from_value(row.take()?).map_err(Error::internal)?,
        authenticated_at: row.take()?,
        issued_at: row.take()?,
        last_used_at: row.take()?,
        expires_at: row.take()?,
        revoked_at: row.take()?,
        device_id: row.take()?,
        device: None,
        ip: row.take()?,
        user_agent: row.take()?,
        organization_id: row.take()?,
        token_hash,
    };
    let device: Option<DeviceId> = row.take()?;
    let (own_name, known): (_, Option<bool>) = (row.take()?, row.take()?);
    let (managed, posture_expires_at) = (row.take()?, row.take()?);
    let known = known.unwrap_or_default();
    session.device =
        device.map(|_| SessionDevice { own_name, known, managed, posture_expires_at, key: None });
    Ok(session)
}

fn without_token(mut row: Row) -> Result<Session> {
    from_row(&mut row, [0; 32])
}

fn methods(session: &Session) -> Result<serde_json::Value> {
    serde_json::to_value(&session.methods).map_err(Error::internal)
}

/// Adds a session with its token.
pub fn insert(tx: &mut IdentityTx<'_>, session: &Session) -> Result<()> {
    let s = session;
    let values = params![
        s.id,
        s.identity_id,
        s.kind,
        s.aal,
        methods(s)?,
        s.authenticated_at,
        s.issued_at,
        s.last_used_at,
        s.expires_at,
        s.revoked_at,
        s.device_id,
        &s.ip,
        &s.user_agent,
        s.organization_id,
    ];
    tx.execute(&INSERT, &values)?;
    tx.execute(&ADD_TOKEN, &params![s.token_hash, s.id]).map(drop)
}

/// The session that an identity began at this very moment, ended or not; its token is not read.
pub fn begun_at(tx: &mut IdentityTx<'_>, identity: IdentityId, at: Timestamp) -> Result<Option<Session>> {
    tx.query_one(&BEGUN_AT, &params![identity, at])?.map(without_token).transpose()
}

/// Writes kind, assurance, methods and limits of an open session; whether it was still open.
pub fn raise(tx: &mut IdentityTx<'_>, session: &Session) -> Result<bool> {
    let s = session;
    let values = params![
        s.id,
        s.kind,
        s.aal,
        methods(s)?,
        s.authenticated_at,
        s.expires_at,
        s.last_used_at,
        s.organization_id
    ];
    Ok(tx.execute(&RAISE, &values)? > 0)
}

/// Gives a session a new token. The present ones end at `old_valid_until`, or at once when that is `None`; answers the
/// hashes of all former ones.
pub fn replace_token(
    tx: &mut IdentityTx<'_>,
    session: SessionId,
    new: &SecretHash,
    old_valid_until: Option<Timestamp>,
) -> Result<Vec<SecretHash>> {
    let former = match old_valid_until {
        Some(until) => {
            tx.execute(&END_TOKENS_AT, &params![session, until])?;
            hashes(tx.query(&TOKENS_OF, &params![session])?)?
        }
        None => hashes(tx.query(&DROP_TOKENS, &params![session])?)?,
    };
    tx.execute(&ADD_TOKEN, &params![new, session])?;
    Ok(former)
}

/// Makes an organization, or none, the active one of an open session; whether it was open.
pub fn switch(tx: &mut IdentityTx<'_>, id: SessionId, to: Option<OrganizationId>) -> Result<bool> {
    Ok(tx.execute(&SWITCH, &params![id, to])? > 0)
}

/// Takes an organization from the sessions of an identity that act for it.
pub fn leave(tx: &mut IdentityTx<'_>, organization: OrganizationId, identity: IdentityId) -> Result<()> {
    tx.execute(&LEAVE, &params![organization, identity]).map(drop)
}

/// Takes an organization from every session that acts for it.
pub fn leave_all(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<()> {
    tx.execute(&LEAVE_ALL, &params![organization]).map(drop)
}

/// The session that this token stands for, and until when the token is good if it was replaced.
pub fn by_token(tx: &mut IdentityTx<'_>, hash: &SecretHash) -> Result<Option<(Session, Option<Timestamp>)>> {
    let Some(mut row) = tx.query_one(&BY_TOKEN, &params![hash])? else { return Ok(None) };
    let valid_until = row.take()?;
    Ok(Some((from_row(&mut row, *hash)?, valid_until)))
}

/// The session with this id; its token hash is all zeros.
pub fn find(tx: &mut IdentityTx<'_>, id: SessionId) -> Result<Option<Session>> {
    tx.query_one(&BY_ID, &params![id])?.map(without_token).transpose()
}

/// A page of the active sessions of an identity, newest first, after the one made at `after`.
pub fn active_of(
    tx: &mut IdentityTx<'_>,
    identity: IdentityId,
    now: Timestamp,
    used_after: Timestamp,
    after: Option<(Timestamp, SessionId)>,
    limit: u32,
) -> Result<Vec<Session>> {
    let values = params![identity, now, used_after, after.map(|a| a.0), after.map(|a| a.1), limit];
    tx.query(&ACTIVE_OF, &values)?.into_iter().map(without_token).collect()
}

/// How many active sessions an identity has.
pub fn count_active(
    tx: &mut IdentityTx<'_>,
    identity: IdentityId,
    now: Timestamp,
    used_after: Timestamp,
) -> Result<u64> {
    tx.query_one(&COUNT_ACTIVE, &params![identity, now, used_after])?.map_or(Ok(0), |mut row| row.take())
}

/// Every session of an identity that has not ended.
pub fn open_of(tx: &mut IdentityTx<'_>, identity: IdentityId, now: Timestamp) -> Result<Vec<Session>> {
    tx.query(&OPEN_OF, &params![identity, now])?.into_iter().map(without_token).collect()
}

/// Ends a session and its tokens; their hashes, or `None` when it had ended before.
pub fn revoke(tx: &mut IdentityTx<'_>, id: SessionId, now: Timestamp) -> Result<Option<Vec<SecretHash>>> {
    if tx.query_one(&REVOKE, &params![id, now])?.is_none() {
        return Ok(None);
    }
    hashes(tx.query(&DROP_TOKENS, &params![id])?).map(Some)
}

/// Hashes of the tokens of a session.
pub fn token_hashes(tx: &mut IdentityTx<'_>, session: SessionId) -> Result<Vec<SecretHash>> {
    hashes(tx.query(&TOKENS_OF, &params![session])?)
}

/// Hashes of the tokens of an identity's open sessions: what memory may hold of it.
pub fn token_hashes_of(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<Vec<SecretHash>> {
    hashes(tx.query(&TOKENS_OF_IDENTITY, &params![identity])?)
}

/// Removes every session of an identity; the hashes of their tokens.
pub fn erase(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<Vec<SecretHash>> {
    let dropped = hashes(tx.query(&DROP_TOKENS_OF_IDENTITY, &params![identity])?)?;
    tx.execute(&DELETE_OF_IDENTITY, &params![identity])?;
    Ok(dropped)
}

/// Notes that sessions were used, each at its time.
pub fn touch(tx: &mut IdentityTx<'_>, used: &[(SessionId, Timestamp)]) -> Result<()> {
    for (id, at) in used {
        tx.execute(&TOUCH, &params![id, *at])?;
    }
    Ok(())
}

/// Up to `limit` sessions that reached their absolute limit by `now`, or were last used by `used_by`, and of which nobody
/// was told; they count as told from now on.
pub fn take_expired(
    tx: &mut IdentityTx<'_>,
    now: Timestamp,
    used_by: Timestamp,
    limit: u32,
) -> Result<Vec<Session>> {
    let mut rows = tx.query(&EXPIRED, &params![now, limit])?;
    rows.extend(tx.query(&IDLE, &params![used_by, limit])?);
    let mut sessions: Vec<Session> = rows.into_iter().map(without_token).collect::<Result<_>>()?;
    sessions.sort_by_key(|session| session.id);
    sessions.dedup_by_key(|session| session.id);
    for session in &sessions {
        tx.execute(&NOTE_EXPIRY, &params![session.id, now])?;
    }
    Ok(sessions)
}

/// Removes sessions that expired before `expired_before`, and replaced tokens that ended before `now`.
pub fn purge(tx: &mut IdentityTx<'_>, expired_before: Timestamp, now: Timestamp) -> Result<u64> {
    tx.execute(&PURGE_TOKENS, &params![expired_before, now])?;
    tx.execute(&PURGE, &params![expired_before])
}

fn hashes(rows: Vec<Row>) -> Result<Vec<SecretHash>> {
    rows.into_iter().map(|mut row| row.take()).collect()
}
