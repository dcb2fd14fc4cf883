//! The keys that sign what others verify by `/.well-known/jwks.json` (`contract/30` §13): one for each algorithm, made when
//! first needed, sealed in the database, kept in memory, and replaced every 90 days.
//!
//! Here: what signs, what verifies, and the memory that both answer from. `ring` is that memory's content, `load` brings it,
//! `make` draws keys, `rotate` replaces them, `view` shows them.

mod load;
mod make;
mod ring;
mod rotate;
#[cfg(test)]
mod tests;
mod view;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use arc_swap::ArcSwapOption;
use avnology_jose::{KeySet, PublicKey, SigningKey, jws};
use avnology_model::{Error, Result, Timestamp, platform::SigningAlgorithm};
use serde::Serialize;
use tokio::sync::{Mutex, RwLock};

use self::ring::Ring;
pub use self::{
    rotate::{rotate_due, rotate_signing_key},
    view::{SigningKeyView, list_signing_keys},
};
use crate::{Cx, Tenant, platform::Document};

/// How long memory is believed without asking the database again, in seconds; never beyond the turn or end of a key.
const LIFETIME_SECONDS: i64 = 60;
/// How long before the database is asked again when it was away, in seconds.
const PATIENCE_SECONDS: i64 = 5;
/// How often the database is asked for keys that tokens name and nobody knows, in microseconds.
const UNKNOWN_EVERY: i64 = 1_000_000;

/// The signing keys that memory holds.
#[derive(Default)]
pub(crate) struct SigningKeys {
    held: ArcSwapOption<Held>,
    /// Whoever only loads goes side by side; whoever changes keys goes alone, so that nothing older comes after it.
    gate: RwLock<()>,
    /// Keys are made one at a time: who comes second finds it made.
    making: Mutex<()>,
    /// When a key was last looked for that nobody knew, in microseconds.
    looked: AtomicI64,
}

/// What was loaded, and until when it is believed.
struct Held {
    ring: Arc<Ring>,
    good_until: Timestamp,
}

/// The key that signs by one algorithm now.
#[derive(Clone, Debug)]
pub struct Signer {
    key: Arc<SigningKey>,
    algorithm: SigningAlgorithm,
}

impl Signer {
    /// Its id in the published set.
    pub fn kid(&self) -> &str {
        self.key.kid()
    }

    /// How it signs.
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// Signs claims as a token of this type (header `typ`). Not to be called in a transaction.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String> {
        let payload = serde_json::to_vec(claims).map_err(Error::internal)?;
        jws::sign(&self.key, typ, &payload).map_err(Error::internal)
    }
}

/// The public keys that what we signed is verified by.
#[derive(Clone)]
pub struct Verifier(Arc<Ring>);

impl Verifier {
    /// The key with this id; none when it never was ours, or is published no longer.
    pub fn find(&self, kid: &str) -> Option<&PublicKey> {
        self.0.verifying.find(kid)
    }

    /// All of them.
    pub fn keys(&self) -> &KeySet {
        &self.0.verifying
    }
}

/// What signs by this algorithm; its key is made when there is none yet. Warm, it asks no database.
pub async fn signer(app: &Tenant, cx: &Cx, algorithm: SigningAlgorithm) -> Result<Signer> {
    let ring = ring(app, cx, &[algorithm]).await?;
    let key = ring.signing(algorithm).ok_or_else(|| Error::internal("the key is not there"))?;
    Ok(Signer { key: Arc::clone(key), algorithm })
}

/// What verifies `token`. Warm, it asks no database, unless the token names a key that only another node can have made: then
/// at most once a second. Whether the token is one of ours is for the caller to find out.
pub async fn verifier(app: &Tenant, cx: &Cx, token: &str) -> Result<Verifier> {
    let ring = ring(app, cx, &[]).await?;
    let is_known = match jws::Unverified::parse(token) {
        Ok(token) => token.kid().is_none_or(|kid| ring.verifying.find(kid).is_some()),
        Err(_) => true,
    };
    if is_known || !app.signing_keys.may_look(cx.now) {
        return Ok(Verifier(ring));
    }
    refresh(app, cx, &[]).await.map(Verifier)
}

/// The public keys. Warm, it asks no database.
pub async fn published_keys(app: &Tenant, cx: &Cx) -> Result<Document> {
    Ok(ring(app, cx, SigningAlgorithm::ALWAYS).await?.published.clone())
}

/// Takes over what another node changed.
pub(crate) async fn reload_signing_keys(app: &Tenant) -> Result<()> {
    let _alone = app.signing_keys.gate.write().await;
    if app.signing_keys.held.load().is_some() {
        let cx = app.system_cx();
        let ring = load::load(app, &cx, &[]).await?;
        app.signing_keys.keep(ring, cx.now);
    }
    // The other node may have done it in an emergency.
    app.clients.forget_tokens();
    Ok(())
}

/// What memory holds, or the database if memory may be behind or lacks the key of an algorithm that is needed.
async fn ring(app: &Tenant, cx: &Cx, needed: &[SigningAlgorithm]) -> Result<Arc<Ring>> {
    let signs = |ring: &Ring| needed.iter().all(|algorithm| ring.signing(*algorithm).is_some());
    let held = app.signing_keys.held.load_full();
    if let Some(held) = &held
        && held.good_until > cx.now
        && signs(&held.ring)
    {
        return Ok(Arc::clone(&held.ring));
    }
    match (refresh(app, cx, needed).await, held) {
        (Ok(ring), _) => Ok(ring),
        // Whoever signs in or verifies should not suffer while the database is away.
        (Err(error), Some(held)) if signs(&held.ring) => {
            tracing::warn!(?error, "signing keys could not be read again; going on with those in memory");
            app.signing_keys.keep_a_little(&held, cx.now);
            Ok(Arc::clone(&held.ring))
        }
        (Err(error), _) => Err(error),
    }
}

async fn refresh(app: &Tenant, cx: &Cx, needed: &[SigningAlgorithm]) -> Result<Arc<Ring>> {
    let _with_others = app.signing_keys.gate.read().await;
    let ring = load::load(app, cx, needed).await?;
    Ok(app.signing_keys.keep(ring, cx.now))
}

impl SigningKeys {
    fn keep(&self, ring: Ring, now: Timestamp) -> Arc<Ring> {
        let ring = Arc::new(ring);
        let lifetime = now.plus_seconds(LIFETIME_SECONDS);
        let good_until = ring.changes_at.map_or(lifetime, |at| at.min(lifetime));
        self.held.store(Some(Arc::new(Held { ring: Arc::clone(&ring), good_until })));
        ring
    }

    /// Believes what was held a little longer, unless something newer is there.
    fn keep_a_little(&self, held: &Arc<Held>, now: Timestamp) {
        let longer = Held { ring: Arc::clone(&held.ring), good_until: now.plus_seconds(PATIENCE_SECONDS) };
        self.held.compare_and_swap(held, Some(Arc::new(longer)));
    }

    /// Whether it is time again to look for a key that nobody knows.
    fn may_look(&self, now: Timestamp) -> bool {
        let last = self.looked.load(Ordering::Relaxed);
        now.micros().saturating_sub(last) >= UNKNOWN_EVERY
            && self.looked.compare_exchange(last, now.micros(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}
