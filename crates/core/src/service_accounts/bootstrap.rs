//! The tenant-level key with every scope that an operator installs for automation (`contract/00` §13).

use avnology_model::{
    Error, Result,
    events::EventType,
    ids::{ApiKeyId, ServiceAccountId},
    permissions::Scope,
    platform::Environment,
    secret_token::{SecretKind, SecretToken},
    service_accounts::ApiKey,
};
use avnology_store::service_accounts::keys;
use serde_json::json;

use crate::{Cx, Tenant, events::emit};

/// Installs `key`, or gives it every scope again if it is there. Fails when it is malformed or of the other environment.
pub async fn install_bootstrap_key(app: &Tenant, cx: &Cx, key: &str) -> Result<()> {
    let wanted = match app.config.environment {
        Environment::Live => SecretKind::LiveKey,
        Environment::Test => SecretKind::TestKey,
    };
    let token = SecretToken::parse(key).filter(|t| t.kind() == wanted).ok_or_else(|| {
        Error::internal(format!("the bootstrap API key is not a well-formed {}… key", wanted.prefix()))
    })?;
    let scopes: Vec<Scope> = Scope::ALL.iter().copied().filter(|s| !s.is_self()).collect();
    let account = ServiceAccountId::new(cx.now, cx.random());
    let key = ApiKey {
        id: ApiKeyId::new(cx.now, cx.random()),
        service_account_id: account,
        hash: token.hash(),
        prefix: token.shown_prefix(),
        organization_id: None,
        name: "Bootstrap".to_owned(),
        account_scopes: scopes.clone(),
        scopes,
        allowed_cidrs: Vec::new(),
        expire_time: None,
        last_used_at: None,
        last_used_ip: None,
        create_time: cx.now,
        revoked_at: None,
    };
    let cx = cx.clone();
    app.store
        .identity()
        .write(move |tx| {
            if keys::by_hash(tx, &key.hash)?.is_some_and(|known| known.revoked_at.is_some()) {
                return Err(Error::internal("the bootstrap API key is revoked")
                    .with_detail("The bootstrap API key was revoked, for example because it was sent in a URL. Make a new one."));
            }
            if keys::set_scopes(tx, &key.hash, &key.scopes)? {
                return Ok(());
            }
            keys::insert_account(tx, account, "Bootstrap", &key.scopes, cx.now)?;
            keys::insert(tx, &key)?;
            let shown = json!({ "id": account, "name": "Bootstrap", "scopes": key.scopes });
            emit(tx, &cx.event(EventType::ServiceAccountCreated, json!({ "service_account": shown })).on("service_account", &account))?;
            let shown = json!({ "id": key.id, "service_account_id": account, "prefix": key.prefix, "scopes": key.scopes });
            emit(tx, &cx.event(EventType::ApiKeyCreated, json!({ "key": shown })).on("api_key", &key.id))
        })
        .await
}
