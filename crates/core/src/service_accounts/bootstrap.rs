//! The tenant-level key with every scope that an operator installs for automation (`contract/00` §13).

use avnology_model::{
    Error, Result,
    events::EventType,
    ids::{ApiKeyId, ServiceAccountId},
    permissions::Scope,
    secret_token::SecretToken,
    service_accounts::{ApiKey, ServiceAccount},
};
use avnology_store::service_accounts::{accounts, keys};
use serde_json::Value;

use super::{authenticate::kind_of, create_account::note_created, view::key_event};
use crate::{Cx, Tenant, events::emit};

/// Installs `key`, or gives it every scope again if it is there. Fails when it is malformed or of the other environment.
pub async fn install_bootstrap_key(app: &Tenant, cx: &Cx, key: &str) -> Result<()> {
    let wanted = kind_of(app.config.environment);
    let token = SecretToken::parse(key).filter(|t| t.kind() == wanted).ok_or_else(|| {
        Error::internal(format!("the bootstrap API key is not a well-formed {}… key", wanted.prefix()))
    })?;
    let scopes: Vec<Scope> = Scope::ALL.iter().copied().filter(|s| !s.is_self()).collect();
    let account = ServiceAccount {
        id: ServiceAccountId::new(cx.now, cx.random()),
        organization_id: None,
        name: "Bootstrap".to_owned(),
        description: Some("Installed by the operator.".to_owned()),
        owner_id: None,
        owner_lost_at: None,
        scopes: scopes.clone(),
        active: true,
        is_default: false,
        last_used_at: None,
        create_time: cx.now,
        update_time: cx.now,
    };
    let key = ApiKey {
        id: ApiKeyId::new(cx.now, cx.random()),
        service_account_id: account.id,
        hash: token.hash(),
        prefix: token.shown_prefix(),
        organization_id: None,
        name: "Bootstrap".to_owned(),
        account_scopes: scopes.clone(),
        account_active: true,
        scopes,
        allowed_cidrs: Vec::new(),
        expire_time: None,
        replaced_by: None,
        last_used_at: None,
        last_used_ip: None,
        create_time: cx.now,
        revoked_at: None,
    };
    let cx = cx.clone();
    app.store
        .identity()
        .write(move |tx| {
            if keys::is_revoked(tx, &key.hash)? {
                return Err(Error::internal("the bootstrap API key is revoked")
                    .with_detail("The bootstrap API key was revoked, for example because it was sent in a URL. Make a new one."));
            }
            if keys::set_scopes(tx, &key.hash, &key.scopes)? {
                return Ok(());
            }
            accounts::insert(tx, &account)?;
            note_created(tx, &cx, &account)?;
            keys::insert(tx, &key)?;
            emit(tx, &key_event(&cx, EventType::ApiKeyCreated, &key, Value::Null))
        })
        .await
}
