//! From an API key to what it allows.

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    events::EventType,
    platform::Environment,
    secret_token::{SecretKind, SecretToken},
};
use avnology_store::service_accounts::keys;
use serde_json::json;

use super::LiveKey;
use crate::{Cx, Tenant, events::emit};

/// The key with this text. `_204` when it belongs to the other environment, `_005` when it is unknown or revoked.
pub async fn authenticate(app: &Tenant, cx: &Cx, key: &str) -> Result<Arc<LiveKey>> {
    let Some(token) = SecretToken::parse(key) else { return Err(Error::new(Code::SessionInvalid)) };
    match (token.kind(), app.config.environment) {
        (SecretKind::LiveKey, Environment::Live) | (SecretKind::TestKey, Environment::Test) => {}
        (SecretKind::LiveKey | SecretKind::TestKey, _) => return Err(Error::new(Code::WrongEnvironment)),
        _ => return Err(Error::new(Code::SessionInvalid)),
    }
    let hash = token.hash();
    if let Some(live) = app.api_keys.warm(&hash, cx.now) {
        return Ok(live);
    }
    let ticket = app.api_keys.ticket();
    let found = app.store.identity().read(move |tx| keys::by_hash(tx, &hash)).await?;
    let key = found.filter(|key| key.revoked_at.is_none()).ok_or(Error::new(Code::SessionInvalid))?;
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
        .write(move |tx| {
            let Some(revoked) = keys::revoke(tx, &hash, cx.now)? else { return Ok(()) };
            let shown = json!({
                "id": revoked.id, "service_account_id": revoked.service_account_id, "prefix": revoked.prefix,
            });
            let event = cx.event(EventType::ApiKeyRevoked, json!({ "key": shown }));
            emit(tx, &event.on("api_key", &revoked.id))
        })
        .await?;
    app.api_keys.forget(&hash);
    Ok(())
}
