//! Making a client.

use std::sync::Arc;

use avnology_model::{
    Error, Result,
    clients::{Client, ClientSecret, ClientSettings},
    events::EventType,
    ids::ClientId,
    platform::{Environment, IdempotencyKey},
    secret_token::{SecretKind, SecretToken},
};
use avnology_store::clients::clients as rows;
use serde_json::Value;

use super::{ClientView, input, profile, view};
use crate::{Cx, Tenant, events::emit, platform};

/// Makes a client, with a secret if it shows one. `_902`.
pub async fn create(
    app: &Arc<Tenant>,
    cx: &Cx,
    settings: ClientSettings,
    key: Option<&IdempotencyKey>,
) -> Result<ClientView> {
    let mut settings = settings.completed();
    input::check(&mut settings, app.config.environment == Environment::Test)?;
    profile::check(&settings, &*app.outbound)?;
    let secret = settings.auth_method().uses_secret().then(|| cx.secret(SecretKind::ClientSecret));
    let client = Client {
        id: ClientId::new(cx.now, cx.random()),
        settings,
        secrets: secret.iter().map(|secret| kept(secret, cx)).collect(),
        revoked_before: None,
        registration: None,
        create_time: cx.now,
        update_time: cx.now,
    };
    let (job, cx, key) = (Arc::clone(app), cx.clone(), key.copied());
    let view = app
        .store
        .identity()
        .write(move |tx| {
            let mut client = client.clone();
            input::check_kept(tx, &mut client.settings)?;
            rows::insert(tx, &client)?;
            emit(tx, &view::event(&cx, EventType::OauthClientCreated, &client, Value::Null))?;
            let view = ClientView::of(&client, cx.now).with_secret(secret.as_ref());
            let body = serde_json::to_vec(&view).map_err(Error::internal)?;
            platform::finish(tx, &cx, &job.keys, key.as_ref(), 201, &body)?;
            Ok(view)
        })
        .await?;
    app.clients.forget_origins();
    Ok(view)
}

/// A secret as it is kept.
pub(super) fn kept(secret: &SecretToken, cx: &Cx) -> ClientSecret {
    ClientSecret { hash: secret.hash(), prefix: secret.shown_prefix(), create_time: cx.now, expires_at: None }
}
