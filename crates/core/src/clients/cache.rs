//! Clients and resources in memory, ready for every request.

use std::{collections::HashSet, sync::Arc};

use avnology_jose::{Algorithm, KeySet};
use avnology_model::{
    Result, Timestamp,
    clients::{ApiResource, Client, ClientState},
    ids::ClientId,
    platform::Environment,
    secret_token::SecretHash,
};
use avnology_oauth::{AuthMethod, GrantType, RedirectUri, Scopes, SecurityProfile};
use avnology_store::clients::{clients, origins, resources};

use url::Url;

use super::{input::kind_of, keys::KeyMemory, known::KnownToken};
use crate::{Cx, Tenant, platform::Remembered};

/// How many clients memory holds.
const CLIENTS: usize = 4_096;
/// How many access tokens; one takes about five kilobytes.
const TOKENS: usize = 32_768;

/// A client that was read, as the rules of the protocol take it.
#[derive(Debug)]
pub struct LiveClient {
    /// The client.
    pub client: Client,
    /// The same for the rules.
    pub rules: avnology_oauth::Client,
}

impl LiveClient {
    fn of(client: Client, is_test: bool) -> Self {
        let settings = &client.settings;
        let kind = kind_of(settings.kind);
        let uri = |uri: &String| RedirectUri::register(uri, kind, is_test).ok();
        let keys = settings.jwks.as_ref().and_then(|set| KeySet::from_registration(set).ok());
        let rules = avnology_oauth::Client {
            id: client.client_id(),
            kind,
            profile: match settings.security_profile {
                avnology_model::clients::SecurityProfile::OAuth21 => SecurityProfile::OAuth21,
                avnology_model::clients::SecurityProfile::Fapi2 => SecurityProfile::Fapi2,
            },
            auth_method: AuthMethod::from_name(settings.auth_method().as_str()).unwrap_or(AuthMethod::None),
            grant_types: settings
                .grant_types
                .iter()
                .filter_map(|g| GrantType::from_name(g.as_str()))
                .chain(settings.token_exchange.enabled.then_some(GrantType::TokenExchange))
                .collect(),
            redirect_uris: settings.redirect_uris.iter().filter_map(uri).collect(),
            scopes: Scopes::of(settings.scopes.iter().map(String::as_str)),
            resources: settings.resources.clone(),
            keys: keys.unwrap_or_default(),
            request_object_alg: settings
                .request_object_signing_alg
                .and_then(|algorithm| Algorithm::from_name(algorithm.as_str())),
            request_uris: settings.request_uris.clone(),
            require_par: settings.require_par,
            require_dpop: settings.require_dpop,
            require_pkce: settings.require_pkce,
            default_max_age: settings.default_max_age.map(u64::from),
            default_acr_values: settings.default_acr_values.clone(),
        };
        Self { client, rules }
    }

    /// Id.
    pub fn id(&self) -> ClientId {
        self.client.id
    }

    /// Whether it works.
    pub fn is_active(&self) -> bool {
        self.client.settings.state == ClientState::Active
    }

    /// When something that is issued now counts as issued: never before the moment that ended what was before.
    pub(super) fn issues_at(&self, now: Timestamp) -> Timestamp {
        self.client.revoked_before.map_or(now, |limit| limit.max(now))
    }
}

/// The clients, resources and access tokens that memory holds.
pub(crate) struct ClientCache {
    clients: Remembered<ClientId, Arc<LiveClient>>,
    resources: Remembered<(), Arc<Vec<ApiResource>>>,
    pub(super) keys: KeyMemory,
    /// The origins whose pages may call, of all clients that work.
    origins: Remembered<(), Arc<HashSet<String>>>,
    /// The origins that people are sent back to, of all clients that work and did not register themselves.
    homes: Remembered<(), Arc<HashSet<String>>>,
    pub(super) tokens: Remembered<SecretHash, Arc<KnownToken>>,
}

impl Default for ClientCache {
    fn default() -> Self {
        Self {
            clients: Remembered::new(CLIENTS),
            resources: Remembered::new(1),
            origins: Remembered::new(1),
            homes: Remembered::new(1),
            tokens: Remembered::new(TOKENS),
            keys: KeyMemory::default(),
        }
    }
}

impl ClientCache {
    /// Forgets a client; to be called after the commit that changed it and before that is acknowledged.
    pub(crate) fn forget(&self, id: ClientId) {
        self.clients.forget(&id);
    }

    /// Forgets which origins may call, and which people are sent back to; to be called as [`Self::forget`].
    pub(crate) fn forget_origins(&self) {
        self.origins.forget(&());
        self.homes.forget(&());
    }

    /// Forgets the access tokens of everybody; to be called as [`Self::forget`].
    pub(crate) fn forget_tokens(&self) {
        self.tokens.clear();
    }

    /// Forgets the resources; to be called as [`Self::forget`].
    pub(crate) fn forget_resources(&self) {
        self.resources.forget(&());
    }
}

/// The client with this id. Warm, it asks no database.
pub(super) async fn find(app: &Tenant, cx: &Cx, id: ClientId) -> Result<Option<Arc<LiveClient>>> {
    let memory = &app.clients.clients;
    if let Some(live) = memory.warm(&id, cx.now) {
        return Ok(Some(live));
    }
    let ticket = memory.ticket(&id);
    let Some(client) = app.store.identity().read(move |tx| clients::find(tx, id)).await? else {
        return Ok(None);
    };
    let live = Arc::new(LiveClient::of(client, app.config.environment == Environment::Test));
    memory.keep(&ticket, &id, Arc::clone(&live), cx.now);
    Ok(Some(live))
}

/// Whether a client that works lets pages of this origin call. Warm, it asks no database.
pub async fn allows_origin(app: &Tenant, now: Timestamp, origin: &str) -> Result<bool> {
    let memory = &app.clients.origins;
    if let Some(known) = memory.warm(&(), now) {
        return Ok(known.contains(origin));
    }
    let ticket = memory.ticket(&());
    let known: HashSet<String> = app.store.identity().read(origins::list).await?.into_iter().collect();
    let known = Arc::new(known);
    memory.keep(&ticket, &(), Arc::clone(&known), now);
    Ok(known.contains(origin))
}

/// Whether a client that works has people sent back to this origin.
pub(crate) async fn returns_to(app: &Tenant, cx: &Cx, client: ClientId, origin: &str) -> Result<bool> {
    let live = find(app, cx, client).await?.filter(|live| live.is_active());
    Ok(live.is_some_and(|live| homes_of(&live.client.settings.redirect_uris).any(|home| home == origin)))
}

/// The origins of a client's apps, whose passkeys count in its flows.
pub(crate) async fn app_origins(app: &Tenant, cx: &Cx, client: ClientId) -> Result<Vec<String>> {
    let live = find(app, cx, client).await?.filter(|live| live.is_active());
    Ok(live.map(|live| live.client.settings.webauthn_origins.clone()).unwrap_or_default())
}

/// Whether any does that did not register itself. Warm, it asks no database.
pub(crate) async fn some_returns_to(app: &Tenant, cx: &Cx, origin: &str) -> Result<bool> {
    let memory = &app.clients.homes;
    if let Some(known) = memory.warm(&(), cx.now) {
        return Ok(known.contains(origin));
    }
    let ticket = memory.ticket(&());
    let uris = app.store.identity().read(clients::redirect_uris).await?;
    let known: Arc<HashSet<String>> = Arc::new(homes_of(&uris).collect());
    memory.keep(&ticket, &(), Arc::clone(&known), cx.now);
    Ok(known.contains(origin))
}

/// The origins of pages among these.
fn homes_of(uris: &[String]) -> impl Iterator<Item = String> {
    let pages = uris.iter().filter_map(|uri| Url::parse(uri).ok());
    pages.filter(|url| matches!(url.scheme(), "http" | "https")).map(|url| url.origin().ascii_serialization())
}

/// All resources. Warm, it asks no database.
pub(super) async fn all_resources(app: &Tenant, cx: &Cx) -> Result<Arc<Vec<ApiResource>>> {
    let memory = &app.clients.resources;
    if let Some(known) = memory.warm(&(), cx.now) {
        return Ok(known);
    }
    let ticket = memory.ticket(&());
    let known = Arc::new(app.store.identity().read(resources::list).await?);
    memory.keep(&ticket, &(), Arc::clone(&known), cx.now);
    Ok(known)
}
