//! Asking about a token (RFC 7662, `contract/30` §9).

use std::sync::Arc;

use avnology_model::{
    Error, Result,
    clients::ApiResource,
    permissions::Scope,
    secret_token::{SecretKind, SecretToken},
};
use avnology_oauth::introspection::{self, Caller, Found, INACTIVE, TokenKind, may_learn};
use avnology_store::clients::grants;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{
    ClientAuthentication, LiveClient, Refusal,
    authenticate::{authenticate, check_confidential},
    cache,
    known::{self, LiveToken},
};
use crate::{
    Cx, Tenant,
    service_accounts::{self, LiveKey},
    sessions,
};

/// Who asks.
pub enum Introspecting {
    /// A key of a service account of the tenant.
    Key(Arc<LiveKey>),
    /// A confidential client.
    Client(Arc<LiveClient>),
}

impl Introspecting {
    /// Who sent a request. `invalid_client` for everybody who may not ask anything.
    pub async fn of(app: &Tenant, cx: &Cx, shown: &ClientAuthentication<'_>) -> Result<Self, Refusal> {
        let key = shown.authorization.and_then(|header| {
            let (scheme, key) = header.split_once(' ')?;
            (scheme.eq_ignore_ascii_case("bearer") && key.starts_with("ak_")).then(|| key.trim())
        });
        let Some(key) = key else {
            let live = authenticate(app, cx, shown).await?;
            check_confidential(&live)?;
            return Ok(Self::Client(live));
        };
        match service_accounts::authenticate(app, cx, key).await {
            Ok(live) if live.key.organization_id.is_none() && live.holds(Scope::ClientsRead) => {
                Ok(Self::Key(live))
            }
            Err(error) if error.is_failure() => Err(error.into()),
            _ => Err(super::oauth_error::refuse(
                avnology_oauth::ErrorCode::InvalidClient,
                "the key may not ask about tokens",
            )),
        }
    }
}

/// A token that is good, and what is said of it.
enum Known {
    Access(LiveToken),
    /// Of another kind, with the client to which it was given.
    Other(TokenKind, Option<Arc<LiveClient>>, Bytes),
}

impl Known {
    fn found(&self) -> Found<'_> {
        match self {
            Self::Access(live) => Found {
                kind: TokenKind::AccessToken,
                client_id: Some(&live.client.rules.id),
                audience: &live.known.said.audience,
            },
            Self::Other(kind, client, _) => {
                let client_id = client.as_ref().map(|live| live.rules.id.as_str());
                Found { kind: *kind, client_id, audience: &[] }
            }
        }
    }

    fn says(&self) -> Bytes {
        match self {
            Self::Access(live) => live.known.says.clone(),
            Self::Other(_, _, says) => says.clone(),
        }
    }
}

/// What the caller may learn of a token, as JSON: everything it says, or that it is not active.
pub async fn introspect(
    app: &Arc<Tenant>,
    cx: &Cx,
    caller: &Introspecting,
    shown: &ClientAuthentication<'_>,
) -> Result<Bytes, Refusal> {
    let token = introspection::token(shown.params)?;
    let inactive = || Bytes::from_static(INACTIVE.as_bytes());
    let Some(known) = look(app, cx, token).await? else { return Ok(inactive()) };
    let resources = cache::all_resources(app, cx).await?;
    let may = match caller {
        Introspecting::Key(_) => may_learn(Caller::TenantKey, &known.found()),
        Introspecting::Client(live) => {
            let own = introspectable(live, &resources);
            let is_first_party = live.client.settings.first_party;
            may_learn(Caller::Client { id: &live.rules.id, is_first_party, resources: &own }, &known.found())
        }
    };
    Ok(if may { known.says() } else { inactive() })
}

/// The resources whose tokens a client may ask about.
fn introspectable(live: &LiveClient, resources: &[ApiResource]) -> Vec<String> {
    let own = resources.iter().filter(|one| one.settings.introspection_clients.contains(&live.id()));
    own.map(|resource| resource.settings.identifier.clone()).collect()
}

/// What a token is, if it is good.
async fn look(app: &Arc<Tenant>, cx: &Cx, token: &str) -> Result<Option<Known>> {
    let known = match SecretToken::parse(token) {
        Some(secret) => match secret.kind() {
            SecretKind::RefreshToken => return refresh_token(app, cx, &secret).await,
            SecretKind::Session => session(app, cx, token).await,
            SecretKind::LiveKey | SecretKind::TestKey => api_key(app, cx, token).await,
            _ => return Ok(None),
        },
        None => known::access_token(app, cx, token).await.map(Known::Access),
    };
    match known {
        Ok(known) => Ok(Some(known)),
        Err(error) if error.is_failure() => Err(error),
        Err(_) => Ok(None),
    }
}

async fn refresh_token(app: &Arc<Tenant>, cx: &Cx, token: &SecretToken) -> Result<Option<Known>> {
    let hash = token.hash();
    let found = app.store.identity().read(move |tx| grants::of_token(tx, &hash));
    let Some((token, grant)) = found.await? else { return Ok(None) };
    let end = grant.expires_at.min(grant.idle_expires_at);
    let is_newest = token.generation == grant.generation;
    if grant.revoked_at.is_some() || end <= cx.now || !is_newest {
        return Ok(None);
    }
    let Some(live) = cache::find(app, cx, grant.client_id).await?.filter(|live| live.is_active()) else {
        return Ok(None);
    };
    if !live.client.honours(grant.create_time.seconds()) {
        return Ok(None);
    }
    let mut says = object(json!({
        "active": true, "token_type": TokenKind::RefreshToken.token_type(false), "iss": app.config.origin(),
        "sub": grant.identity_id, "client_id": live.rules.id, "scope": grant.rights.scopes.join(" "),
        "iat": grant.create_time.seconds(), "exp": end.seconds(),
    }));
    says.extend(grant.rights.dpop_jkt.map(|jkt| ("cnf".to_owned(), json!({ "jkt": jkt }))));
    says.extend(grant.organization_id.map(|id| ("org_id".to_owned(), Value::from(id.to_string()))));
    Ok(Some(Known::Other(TokenKind::RefreshToken, Some(live), text(&says)?)))
}

async fn session(app: &Tenant, cx: &Cx, token: &str) -> Result<Known> {
    let live = sessions::authenticate(app, cx, token).await?;
    let settings = app.settings();
    let says = object(json!({
        "active": true, "token_type": TokenKind::Session.token_type(false), "iss": app.config.origin(),
        "sub": live.identity.id, "session_id": live.id(), "username": live.identity.email, "aal": live.session.aal,
        "auth_time": live.session.authenticated_at.seconds(), "iat": live.session.issued_at.seconds(),
        "exp": live.idle_expires_at(&settings.settings.session_policy).seconds(),
    }));
    Ok(Known::Other(TokenKind::Session, None, text(&says)?))
}

async fn api_key(app: &Tenant, cx: &Cx, token: &str) -> Result<Known> {
    // Whoever asks is not the one who would use it: its networks do not matter.
    let live = service_accounts::recognize(app, cx, token).await?;
    let scopes: Vec<&str> = live.scopes().iter().map(Scope::as_str).collect();
    let mut says = object(json!({
        "active": true, "token_type": TokenKind::ApiKey.token_type(false), "iss": app.config.origin(),
        "sub": live.key.service_account_id, "scope": scopes.join(" "), "iat": live.key.create_time.seconds(),
    }));
    says.extend(live.key.expire_time.map(|end| ("exp".to_owned(), Value::from(end.seconds()))));
    says.extend(live.key.organization_id.map(|id| ("org_id".to_owned(), Value::from(id.to_string()))));
    Ok(Known::Other(TokenKind::ApiKey, None, text(&says)?))
}

fn text(says: &Map<String, Value>) -> Result<Bytes> {
    serde_json::to_vec(says).map(Bytes::from).map_err(Error::internal)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(mut map) => {
            map.retain(|_, value| !value.is_null());
            map
        }
        _ => Map::new(),
    }
}
