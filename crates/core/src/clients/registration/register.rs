//! Registering (RFC 7591 §3).

use std::sync::Arc;

use avnology_model::{
    Result,
    clients::{Client, ClientRegistration, InitialAccessToken, RegistrationLimits},
    events::EventType,
    ids::ClientId,
    platform::{DynamicRegistration, Environment},
    secret_token::{SecretKind, SecretToken},
};
use avnology_oauth::registration::judge;
use avnology_store::clients::{clients as rows, initial_tokens};
use serde_json::Value;

use super::{
    super::{Refusal, cache, create::kept, view},
    becomes::settings_of,
    check, check_is_on, metadata, object, take_turn, unauthorized,
};
use crate::{Cx, Tenant, events::emit};

/// Registers a client with what is in the body, by the initial access token that was sent. `_901` where that is off, `_021`;
/// `invalid_token`, `invalid_redirect_uri`, `invalid_client_metadata`.
pub async fn register(
    app: &Arc<Tenant>,
    cx: &Cx,
    token: Option<&str>,
    body: &[u8],
) -> Result<Value, Refusal> {
    let mode = check_is_on(app)?;
    take_turn(app, cx).await?;
    let initial = initial(app, cx, mode, token).await?;
    let limits = initial.as_ref().map(|initial| initial.limits.clone()).unwrap_or_default();
    let is_test = app.config.environment == Environment::Test;
    let asked = judge(&object(body)?, is_test)?;
    let known = cache::all_resources(app, cx).await?;
    let mut settings = settings_of(&asked, &limits, &known, None)?;
    check(app, &mut settings)?;
    let (secret, own) = (secret_of(cx, &settings), cx.secret(SecretKind::RegistrationAccessToken));
    let client = Client {
        id: ClientId::new(cx.now, cx.random()),
        settings,
        secrets: secret.iter().map(|secret| kept(secret, cx)).collect(),
        revoked_before: None,
        registration: Some(of_token(&own, limits, cx)),
        create_time: cx.now,
        update_time: cx.now,
    };
    let (client2, cx) = (client.clone(), cx.clone());
    let write = app.store.identity().write(move |tx| {
        if let Some(initial) = &initial
            && !initial_tokens::use_once(tx, &initial.hash, cx.now)?
        {
            return Ok(false);
        }
        rows::insert(tx, &client2)?;
        emit(tx, &view::event(&cx, EventType::OauthClientCreated, &client2, Value::Null))?;
        Ok(true)
    });
    if !write.await? {
        return Err(unauthorized());
    }
    Ok(metadata::of(app, &client, secret.as_ref(), own.expose()))
}

/// A new secret for a client that shows one.
pub(super) fn secret_of(cx: &Cx, settings: &avnology_model::clients::ClientSettings) -> Option<SecretToken> {
    settings.auth_method().uses_secret().then(|| cx.secret(SecretKind::ClientSecret))
}

fn of_token(own: &SecretToken, limits: RegistrationLimits, cx: &Cx) -> ClientRegistration {
    ClientRegistration { token_hash: Some(own.hash()), limits, document: None, last_token_at: cx.now }
}

/// The initial access token: one that was sent is good, and one must be sent where not everybody may register.
async fn initial(
    app: &Tenant,
    cx: &Cx,
    mode: DynamicRegistration,
    sent: Option<&str>,
) -> Result<Option<InitialAccessToken>, Refusal> {
    let Some(sent) = sent else {
        return if mode == DynamicRegistration::Open { Ok(None) } else { Err(unauthorized()) };
    };
    let token = SecretToken::parse(sent).filter(|token| token.kind() == SecretKind::InitialAccessToken);
    let hash = token.ok_or_else(unauthorized)?.hash();
    let found = app.store.identity().read(move |tx| initial_tokens::find(tx, &hash)).await?;
    let found = found.filter(|found| found.uses_left > 0 && found.expires_at > cx.now);
    found.map(Some).ok_or_else(unauthorized)
}
