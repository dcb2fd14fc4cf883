//! From a session token to its session.

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    secret_token::{SecretKind, SecretToken},
};
use avnology_store::{identities::identities, permissions::tuples, sessions::sessions};

use super::LiveSession;
use crate::{Cx, Tenant};

/// How long a token tells that its session has expired, in seconds (`contract/10` §8.1).
const REMEMBERED_SECONDS: i64 = 30 * 24 * 60 * 60;

/// The session that `token` stands for. `_005` when it is malformed, unknown, replaced or revoked; `_004` when the
/// session reached its idle or absolute limit within the last 30 days. Warm, it asks no database.
pub async fn authenticate(app: &Tenant, cx: &Cx, token: &str) -> Result<Arc<LiveSession>> {
    let token = SecretToken::parse(token).filter(|t| t.kind() == SecretKind::Session);
    let Some(token) = token else { return Err(Error::new(Code::SessionInvalid)) };
    let hash = token.hash();
    let live = match app.sessions.warm(&hash, cx.now) {
        Some(live) => live,
        None => load(app, cx, hash).await?,
    };
    if live.token_valid_until.is_some_and(|until| until <= cx.now) || live.session.revoked_at.is_some() {
        return Err(Error::new(Code::SessionInvalid));
    }
    let end = live.idle_expires_at(&app.settings().settings.session_policy);
    if end <= cx.now {
        let is_remembered = end.plus_seconds(REMEMBERED_SECONDS) > cx.now;
        return Err(Error::new(if is_remembered { Code::SessionExpired } else { Code::SessionInvalid }));
    }
    app.sessions.touch(&live, cx.now);
    Ok(live)
}

async fn load(app: &Tenant, cx: &Cx, hash: [u8; 32]) -> Result<Arc<LiveSession>> {
    let ticket = app.sessions.ticket(&hash);
    let now = cx.now;
    let found = app
        .store
        .identity()
        .read(move |tx| {
            let Some((session, valid_until)) = sessions::by_token(tx, &hash)? else { return Ok(None) };
            let Some(identity) = identities::find(tx, session.identity_id)? else { return Ok(None) };
            let role = tuples::platform_role(tx, identity.id)?;
            Ok(Some(LiveSession::new(session, identity, role, valid_until, now)))
        })
        .await?;
    let live = Arc::new(found.ok_or(Error::new(Code::SessionInvalid))?);
    app.sessions.keep(&ticket, &live);
    Ok(live)
}
