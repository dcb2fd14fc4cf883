//! A client reads, changes and removes itself (RFC 7592).

use std::sync::Arc;

use avnology_model::{
    Result,
    clients::{Client, ClientState},
    events::EventType,
    ids::ClientId,
    platform::{Environment, Precondition},
    secret_token::{SecretKind, SecretToken, sha256},
};
use avnology_oauth::{
    ErrorCode, OAuthError,
    registration::{Registration, judge},
};
use avnology_store::clients::clients as rows;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use serde_json::{Map, Value};

use super::{
    super::{LiveClient, Refusal, cache, create::kept, delete, oauth_error::refuse, view},
    becomes::settings_of,
    check, check_is_on, metadata, object,
    register::secret_of,
    unauthorized,
};
use crate::{Cx, Tenant, events::emit};

/// Members of answers that a client never sends back (RFC 7592 §2.2).
const OURS: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

/// How often a change is tried anew because another one came between.
const TRIES: usize = 3;

/// The client that a registration access token is of. `invalid_token` for every other one, and for clients that are gone.
async fn own(app: &Tenant, cx: &Cx, id: &str, token: Option<&str>) -> Result<Arc<LiveClient>, Refusal> {
    check_is_on(app)?;
    let token = token.and_then(SecretToken::parse);
    let token = token.filter(|token| token.kind() == SecretKind::RegistrationAccessToken);
    let hash = token.ok_or_else(unauthorized)?.hash();
    let id: ClientId = id.parse().map_err(|_| unauthorized())?;
    let live = cache::find(app, cx, id).await?.ok_or_else(unauthorized)?;
    let kept = live.client.registration.as_ref().and_then(|registration| registration.token_hash);
    if kept.is_none_or(|kept| verify_slices_are_equal(&kept, &hash).is_err()) {
        return Err(unauthorized());
    }
    if live.client.settings.state == ClientState::Disabled {
        return Err(refuse(ErrorCode::UnauthorizedClient, "the client is disabled"));
    }
    Ok(live)
}

/// What is registered. `_901`; `invalid_token`.
pub async fn read_registration(
    app: &Tenant,
    cx: &Cx,
    id: &str,
    token: Option<&str>,
) -> Result<Value, Refusal> {
    let live = own(app, cx, id, token).await?;
    Ok(metadata::of(app, &live.client, None, token.unwrap_or_default()))
}

/// Replaces what is registered: members that are not sent are as at a registration without them. The type stays. `_901`;
/// `invalid_token`, `invalid_redirect_uri`, `invalid_client_metadata`.
pub async fn replace_registration(
    app: &Arc<Tenant>,
    cx: &Cx,
    id: &str,
    token: Option<&str>,
    body: &[u8],
) -> Result<Value, Refusal> {
    let sent = object(body)?;
    let asked = judge(&sent, app.config.environment == Environment::Test);
    for _ in 0..TRIES {
        let live = own(app, cx, id, token).await?;
        check_sent(&live, &sent, cx)?;
        let asked = asked.as_ref().map_err(Clone::clone)?;
        if let Some((after, secret)) = replace(app, cx, &live, asked).await? {
            return Ok(metadata::of(app, &after, secret.as_ref(), token.unwrap_or_default()));
        }
    }
    Err(refuse(ErrorCode::TemporarilyUnavailable, "the client is being changed by others"))
}

/// The client as it is then, with its new secret; none when another change came between.
async fn replace(
    app: &Tenant,
    cx: &Cx,
    live: &LiveClient,
    asked: &Registration,
) -> Result<Option<(Client, Option<SecretToken>)>, Refusal> {
    let known = cache::all_resources(app, cx).await?;
    let before = live.client.clone();
    let limits = before.registration.as_ref().map(|one| one.limits.clone()).unwrap_or_default();
    let mut settings = settings_of(asked, &limits, &known, Some(&before.settings))?;
    check(app, &mut settings)?;
    // One that showed keys before needs a secret when it wants to show one now.
    let has_secret = before.secrets.iter().any(|secret| secret.is_good(cx.now));
    let secret = secret_of(cx, &settings).filter(|_| !has_secret);
    let (id, new, cx) = (live.id(), secret.as_ref().map(|secret| kept(secret, cx)), cx.clone());
    let write = app.store.identity().write(move |tx| {
        let Some(mut after) = rows::find(tx, id)?.filter(|now| now.update_time == before.update_time) else {
            return Ok(None);
        };
        if let Some(new) = &new {
            rows::insert_secret(tx, id, new)?;
        }
        if !settings.auth_method().uses_secret() {
            after.secrets.iter().try_for_each(|secret| rows::delete_secret(tx, &secret.hash))?;
        }
        let more = view::difference(&after.settings, &settings);
        after.settings = settings.clone();
        rows::update(tx, &mut after, cx.now)?;
        emit(tx, &view::event(&cx, EventType::OauthClientUpdated, &after, more))?;
        Ok(Some(after))
    });
    let after = write.await?;
    app.clients.forget(id);
    Ok(after.map(|after| (after, secret)))
}

/// RFC 7592 §2.2: the client names itself, its secret if it names one, and nothing that is ours to say.
fn check_sent(live: &LiveClient, sent: &Map<String, Value>, cx: &Cx) -> Result<(), OAuthError> {
    let invalid = |why| Err(OAuthError::new(ErrorCode::InvalidClientMetadata, why));
    if sent.get("client_id").and_then(Value::as_str) != Some(live.rules.id.as_str()) {
        return invalid("client_id is missing or another client's");
    }
    if OURS.iter().any(|name| sent.contains_key(*name)) {
        return invalid("the body holds members that only the server says");
    }
    let Some(secret) = sent.get("client_secret") else { return Ok(()) };
    let hash = sha256(secret.as_str().unwrap_or_default().as_bytes());
    let mut good = live.client.secrets.iter().filter(|kept| kept.is_good(cx.now));
    if good.any(|kept| verify_slices_are_equal(&kept.hash, &hash).is_ok()) {
        return Ok(());
    }
    invalid("client_secret is not the client's")
}

/// Removes a client at its own wish; its tokens and this one are good for nothing when this returns. `_901`; `invalid_token`.
pub async fn remove_registration(
    app: &Tenant,
    cx: &Cx,
    id: &str,
    token: Option<&str>,
) -> Result<(), Refusal> {
    let live = own(app, cx, id, token).await?;
    Ok(delete::delete(app, cx, live.id(), &Precondition::default()).await?)
}
