//! API keys in memory, by the same rule as sessions: forgotten after the commit that ended them, before it is told.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use avnology_model::{Timestamp, permissions::{Scope, ScopeSet}, secret_token::SecretHash, service_accounts::ApiKey};
use quick_cache::sync::Cache;

const CAPACITY: usize = 16_384;
const LIFETIME_SECONDS: i64 = 60;

/// A key that was checked.
pub struct LiveKey {
    /// The key.
    pub key: ApiKey,
    scopes: ScopeSet,
    loaded_at: Timestamp,
    /// Whether nothing was forgotten while it was loaded.
    confirmed: AtomicBool,
}

impl LiveKey {
    pub(super) fn new(key: ApiKey, now: Timestamp) -> Self {
        let account: ScopeSet = key.account_scopes.iter().copied().collect();
        let own: ScopeSet = key.scopes.iter().copied().collect();
        let held = if own.is_empty() { account } else { own.intersection(account) };
        let scopes = held.iter().filter(|scope| !scope.is_self()).collect();
        Self { key, scopes, loaded_at: now, confirmed: AtomicBool::new(false) }
    }

    /// Whether the key holds `scope`.
    pub fn holds(&self, scope: Scope) -> bool {
        self.scopes.contains(scope)
    }

    /// What the key holds: never what is about the caller alone.
    pub fn scopes(&self) -> ScopeSet {
        self.scopes
    }
}

/// The keys that memory holds.
pub struct KeyCache {
    live: Cache<SecretHash, Arc<LiveKey>>,
    forgotten: AtomicU64,
}

impl Default for KeyCache {
    fn default() -> Self {
        Self { live: Cache::new(CAPACITY), forgotten: AtomicU64::new(0) }
    }
}

impl KeyCache {
    pub(super) fn warm(&self, hash: &SecretHash, now: Timestamp) -> Option<Arc<LiveKey>> {
        let live = self.live.get(hash)?;
        let good =
            live.confirmed.load(Ordering::SeqCst) && live.loaded_at.plus_seconds(LIFETIME_SECONDS) > now;
        good.then_some(live)
    }

    pub(super) fn ticket(&self) -> u64 {
        self.forgotten.load(Ordering::SeqCst)
    }

    pub(super) fn keep(&self, ticket: u64, live: &Arc<LiveKey>) {
        self.live.insert(live.key.hash, Arc::clone(live));
        if self.ticket() == ticket {
            live.confirmed.store(true, Ordering::SeqCst);
        } else {
            self.live.remove(&live.key.hash);
        }
    }

    /// Forgets every key: another node has changed one.
    pub(crate) fn clear(&self) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.live.clear();
    }

    /// Forgets a key.
    pub fn forget(&self, hash: &SecretHash) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.live.remove(hash);
    }
}
