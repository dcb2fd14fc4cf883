//! Ending sessions. Every verb here answers only after memory has forgotten what it ended.

use avnology_model::{
    Error, Result, Timestamp,
    events::EventType,
    ids::{IdentityId, SessionId},
    secret_token::{SecretHash, SecretKind, SecretToken},
    sessions::RevokeReason,
};
use avnology_store::{IdentityTx, clients::grants, sessions::sessions};
use serde_json::json;

use super::{LiveSession, end_trust};
use crate::{Cx, Tenant, clients::logout, events::emit};

/// Ends one session in this transaction; the hashes to forget, or `None` when it had ended before.
pub(crate) fn end_one(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    id: SessionId,
    identity: IdentityId,
    reason: RevokeReason,
) -> Result<Option<Vec<SecretHash>>> {
    let Some(hashes) = sessions::revoke(tx, id, cx.now)? else { return Ok(None) };
    if !leaves_grants(reason) {
        grants::revoke_of_session(tx, id, cx.now)?;
    }
    logout::note(tx, cx, id, identity)?;
    let payload = json!({ "session_id": id, "user_id": identity, "reason": reason });
    emit(tx, &cx.event(EventType::SessionRevoked, payload).on("session", &id).on("identity", &identity))?;
    Ok(Some(hashes))
}

/// Whether what was granted with `offline_access` in a session outlives it (`contract/10` §8.3): a sign-out, by whomever.
fn leaves_grants(reason: RevokeReason) -> bool {
    matches!(reason, RevokeReason::Logout | RevokeReason::User | RevokeReason::Admin)
}

/// Ends all sessions of an identity but `except` in this transaction, and the trust in its devices; the hashes to forget. Where a
/// person ends the others, the device of the present one stays trusted.
pub(crate) fn end_all(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: IdentityId,
    except: Option<SessionId>,
    reason: RevokeReason,
) -> Result<Vec<SecretHash>> {
    let (mut hashes, mut here) = (Vec::new(), None);
    if matches!(reason, RevokeReason::FactorChanged | RevokeReason::Deactivated)
        || (except.is_none() && reason == RevokeReason::PasswordChanged)
    {
        grants::revoke_of_identity(tx, identity, cx.now)?;
    }
    for session in sessions::open_of(tx, identity, cx.now)? {
        if Some(session.id) != except {
            hashes.extend(end_one(tx, cx, session.id, identity, reason)?.unwrap_or_default());
        } else if reason == RevokeReason::User {
            here = session.device_id;
        }
    }
    end_trust(tx, identity, here)?;
    Ok(hashes)
}

/// Ends the present session.
pub async fn logout(app: &Tenant, cx: &Cx, live: &LiveSession) -> Result<()> {
    end(app, cx, live.identity.id, live.id(), RevokeReason::Logout).await.map(drop)
}

/// Ends one of the caller's own sessions, the present one included. `_901` when it is not theirs or has ended.
pub async fn revoke_own(app: &Tenant, cx: &Cx, live: &LiveSession, id: SessionId) -> Result<()> {
    let reason = if id == live.id() { RevokeReason::Logout } else { RevokeReason::User };
    if end(app, cx, live.identity.id, id, reason).await? { Ok(()) } else { Err(Error::not_found()) }
}

/// Ends all of the caller's sessions but the present one.
pub async fn revoke_others(app: &Tenant, cx: &Cx, live: &LiveSession) -> Result<()> {
    let (cx, identity, present) = (cx.clone(), live.identity.id, live.id());
    let hashes = app
        .store
        .identity()
        .write(move |tx| end_all(tx, &cx, identity, Some(present), RevokeReason::User))
        .await?;
    app.sessions.forget(&hashes);
    Ok(())
}

/// Ends the session whose token was found where it must not be, such as in a URL.
pub async fn revoke_leaked(app: &Tenant, cx: &Cx, token: &str) -> Result<()> {
    let Some(token) = SecretToken::parse(token).filter(|t| t.kind() == SecretKind::Session) else {
        return Ok(());
    };
    let (cx, hash) = (cx.clone(), token.hash());
    let hashes = app
        .store
        .identity()
        .write(move |tx| match sessions::by_token(tx, &hash)? {
            Some((session, _)) => end_one(tx, &cx, session.id, session.identity_id, RevokeReason::User),
            None => Ok(None),
        })
        .await?;
    app.sessions.forget(&hashes.unwrap_or_default());
    Ok(())
}

/// Ends the session `id` if it is one of `identity`'s and open; whether it was.
async fn end(
    app: &Tenant,
    cx: &Cx,
    identity: IdentityId,
    id: SessionId,
    reason: RevokeReason,
) -> Result<bool> {
    let cx = cx.clone();
    let hashes = app
        .store
        .identity()
        .write(move |tx| match sessions::find(tx, id)? {
            Some(session) if session.identity_id == identity && is_open(&session, cx.now) => {
                end_one(tx, &cx, id, identity, reason)
            }
            _ => Ok(None),
        })
        .await?;
    let ended = hashes.is_some();
    app.sessions.forget(&hashes.unwrap_or_default());
    Ok(ended)
}

fn is_open(session: &avnology_model::sessions::Session, now: Timestamp) -> bool {
    session.revoked_at.is_none() && session.expires_at > now
}
