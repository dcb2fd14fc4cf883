//! The public keys of clients: those that they registered, or those at their `jwks_uri` (`contract/30` §2.1).

use std::{borrow::Cow, sync::Arc};

use avnology_jose::{KeySet, jws::Unverified};
use avnology_model::{Timestamp, ids::ClientId};
use quick_cache::sync::Cache;
use tokio::sync::Mutex;
use url::Url;

use super::LiveClient;
use crate::{Cx, Tenant, ports::OutboundCalls};

/// How long a set that was fetched is believed, in seconds.
const LIFETIME: i64 = 300;
/// How long a good set is asked for no key that it did not have, in seconds: anybody can name one.
const UNKNOWN_KEY: i64 = 30;
/// How long nobody is asked again who did not answer, in seconds.
const SILENCE: i64 = 5;
/// How many sets memory holds.
const SETS: usize = 4_096;

/// The sets that were fetched.
pub(super) struct KeyMemory(Cache<(ClientId, String), Arc<Mutex<Fetched>>>);

impl Default for KeyMemory {
    fn default() -> Self {
        Self(Cache::new(SETS))
    }
}

/// A set, and when it was asked for.
#[derive(Default)]
struct Fetched {
    keys: KeySet,
    came_at: Option<Timestamp>,
    tried_at: Option<Timestamp>,
}

impl Fetched {
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.came_at.is_some_and(|at| at.plus_seconds(LIFETIME) > now)
    }

    /// Whether the set is to be fetched for a token that names this key.
    fn is_wanting(&self, kid: Option<&str>, now: Timestamp) -> bool {
        let (lacks, wait) = if self.is_fresh(now) {
            (kid.is_some_and(|kid| self.keys.find(kid).is_none()), UNKNOWN_KEY)
        } else {
            (true, SILENCE)
        };
        lacks && self.tried_at.is_none_or(|at| at.plus_seconds(wait) <= now)
    }
}

/// The client for the rules, with the keys by which `token` may be signed. None are known when those at `jwks_uri` cannot be had:
/// then no token holds.
pub(super) async fn rules_for<'l>(
    app: &Tenant,
    cx: &Cx,
    live: &'l LiveClient,
    token: &str,
) -> Cow<'l, avnology_oauth::Client> {
    let Some(uri) = &live.client.settings.jwks_uri else { return Cow::Borrowed(&live.rules) };
    let named = Unverified::parse(token).ok();
    let kid = named.as_ref().and_then(Unverified::kid);
    let keys = keys_at(app, cx, live.id(), uri, kid).await;
    Cow::Owned(avnology_oauth::Client { keys, ..live.rules.clone() })
}

async fn keys_at(app: &Tenant, cx: &Cx, client: ClientId, uri: &str, kid: Option<&str>) -> KeySet {
    let memory = &app.clients.keys.0;
    let key = (client, uri.to_owned());
    let kept = memory.get(&key).unwrap_or_else(|| {
        let new = Arc::new(Mutex::new(Fetched::default()));
        memory.insert(key, Arc::clone(&new));
        new
    });
    // Of many who need the set at once, one fetches it.
    let mut kept = kept.lock().await;
    if kept.is_wanting(kid, cx.now) {
        kept.tried_at = Some(cx.now);
        match fetch(&*app.outbound, uri).await {
            Ok(keys) => {
                kept.keys = keys;
                kept.came_at = Some(cx.now);
            }
            Err(why) => tracing::warn!(%client, %why, "the keys of a client cannot be had"),
        }
    }
    if kept.is_fresh(cx.now) { kept.keys.clone() } else { KeySet::default() }
}

async fn fetch(outbound: &dyn OutboundCalls, uri: &str) -> Result<KeySet, String> {
    let url = Url::parse(uri).map_err(|why| why.to_string())?;
    let fetched = outbound.get(&url).await.map_err(|why| why.to_string())?;
    let set = serde_json::from_slice(&fetched.body).map_err(|_| "the document is no JSON".to_owned())?;
    KeySet::from_registration(&set).map_err(|_| "the document is no set of public keys".to_owned())
}
