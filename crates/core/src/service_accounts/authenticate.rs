//! From an API key to what it allows.

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    platform::Environment,
    secret_token::{SecretHash, SecretKind, SecretToken},
};
use avnology_store::service_accounts::keys;

use super::{LiveKey, revoke_key::revoke};
use crate::{Cx, Tenant};

/// The kind of key that is good in an environment.
pub(super) fn kind_of(environment: Environment) -> SecretKind {
    match environment {
        Environment::Live => SecretKind::LiveKey,
        Environment::Test => SecretKind::TestKey,
    }
}

/// The key with this text, used by whoever sends the request: as [`recognize`], and `_203` from an address that it is not for.
pub async fn authenticate(app: &Tenant, cx: &Cx, key: &str) -> Result<Arc<LiveKey>> {
    let live = recognize(app, cx, key).await?;
    if !live.admits(cx.ip) {
        return Err(Error::new(Code::AddressNotAllowed));
    }
    app.api_keys.touch(&live, cx.now, cx.ip);
    Ok(live)
}

/// The key with this text, which nobody uses now. `_204` when it belongs to the other environment; `_005` when it is unknown, revoked or has ended,
/// or its account is inactive. Warm, it asks no database.
pub(crate) async fn recognize(app: &Tenant, cx: &Cx, key: &str) -> Result<Arc<LiveKey>> {
    let Some(token) = SecretToken::parse(key) else { return Err(Error::new(Code::SessionInvalid)) };
    match token.kind() {
        kind if kind == kind_of(app.config.environment) => {}
        SecretKind::LiveKey | SecretKind::TestKey => return Err(Error::new(Code::WrongEnvironment)),
        _ => return Err(Error::new(Code::SessionInvalid)),
    }
    let hash = token.hash();
    let live = match app.api_keys.warm(&hash, cx.now) {
        Some(live) => live,
        None => load(app, cx, hash).await?,
    };
    // Memory may hold it beyond its end.
    if live.key.has_expired(cx.now) {
        return Err(Error::new(Code::SessionInvalid));
    }
    Ok(live)
}

async fn load(app: &Tenant, cx: &Cx, hash: SecretHash) -> Result<Arc<LiveKey>> {
    let ticket = app.api_keys.ticket();
    let found = app.store.identity().read(move |tx| keys::by_hash(tx, &hash)).await?;
    let key = found.filter(|key| key.is_active(cx.now)).ok_or(Error::new(Code::SessionInvalid))?;
    let live = Arc::new(LiveKey::new(key, cx.now));
    app.api_keys.keep(ticket, &live);
    Ok(live)
}

/// Revokes a key that was found where it must not be, such as in a URL.
pub async fn revoke_leaked(app: &Tenant, cx: &Cx, key: &str) -> Result<()> {
    let Some(token) = SecretToken::parse(key) else { return Ok(()) };
    let (hash, cx) = (token.hash(), cx.clone());
    app.store
        .identity()
        .write(move |tx| match keys::by_hash(tx, &hash)? {
            Some(key) => revoke(tx, &cx, &key).map(drop),
            None => Ok(()),
        })
        .await?;
    app.api_keys.forget(&hash);
    Ok(())
}
