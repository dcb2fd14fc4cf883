//! API keys in memory, by the same rule as sessions: forgotten after the commit that ended or changed them, before it is
//! told.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
};

use avnology_model::{
    Timestamp,
    ids::ServiceAccountId,
    permissions::{Scope, ScopeSet},
    secret_token::SecretHash,
    service_accounts::ApiKey,
};
use avnology_store::service_accounts::keys::KeyUse;
use parking_lot::Mutex;
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
    last_used: AtomicI64,
}

impl LiveKey {
    pub(super) fn new(key: ApiKey, now: Timestamp) -> Self {
        let scopes = key.effective_scopes().iter().filter(|scope| !scope.is_self()).collect();
        let last_used = AtomicI64::new(key.last_used_at.map_or(0, Timestamp::micros));
        Self { key, scopes, loaded_at: now, confirmed: AtomicBool::new(false), last_used }
    }

    /// Whether the key holds `scope`.
    pub fn holds(&self, scope: Scope) -> bool {
        self.scopes.contains(scope)
    }

    /// What the key holds: never what is about the caller alone.
    pub fn scopes(&self) -> ScopeSet {
        self.scopes
    }

    /// Whether it may be used from this address.
    pub(super) fn admits(&self, ip: Option<IpAddr>) -> bool {
        let networks = &self.key.allowed_cidrs;
        networks.is_empty() || ip.is_some_and(|ip| networks.iter().any(|network| network.contains(&ip)))
    }
}

/// The keys that memory holds, and the uses that wait to be written.
pub struct KeyCache {
    live: Cache<SecretHash, Arc<LiveKey>>,
    forgotten: AtomicU64,
    uses: Mutex<Vec<KeyUse>>,
}

impl Default for KeyCache {
    fn default() -> Self {
        Self { live: Cache::new(CAPACITY), forgotten: AtomicU64::new(0), uses: Mutex::new(Vec::new()) }
    }
}

impl KeyCache {
    pub(super) fn warm(&self, hash: &SecretHash, now: Timestamp) -> Option<Arc<LiveKey>> {
        let live = self.live.get(hash)?;
        let good =
            live.confirmed.load(Ordering::SeqCst) && live.loaded_at.plus_seconds(LIFETIME_SECONDS) > now;
        good.then_some(live)
    }

    /// To be drawn before the database is read.
    pub(super) fn ticket(&self) -> u64 {
        self.forgotten.load(Ordering::SeqCst)
    }

    /// Keeps what was read since `ticket` was drawn, unless something was forgotten meanwhile.
    pub(super) fn keep(&self, ticket: u64, live: &Arc<LiveKey>) {
        self.live.insert(live.key.hash, Arc::clone(live));
        if self.ticket() == ticket {
            live.confirmed.store(true, Ordering::SeqCst);
        } else {
            self.live.remove(&live.key.hash);
        }
    }

    /// Forgets every key.
    pub(crate) fn clear(&self) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.live.clear();
    }

    /// Forgets the keys of these accounts, which another node has changed.
    pub(crate) fn forget_accounts(&self, accounts: &[ServiceAccountId]) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.live.retain(|_, live| !accounts.contains(&live.key.service_account_id));
    }

    /// Forgets a key; to be called after the commit that ended or changed it, and before that is acknowledged.
    pub fn forget(&self, hash: &SecretHash) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.live.remove(hash);
    }

    /// The same for several.
    pub(super) fn forget_all(&self, hashes: &[SecretHash]) {
        for hash in hashes {
            self.forget(hash);
        }
    }

    /// Notes a use: at most once a minute and key.
    pub(super) fn touch(&self, live: &LiveKey, now: Timestamp, ip: Option<IpAddr>) {
        let at = now.to_the_minute();
        let before = live.last_used.load(Ordering::Relaxed);
        if before < at.micros()
            && live
                .last_used
                .compare_exchange(before, at.micros(), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            let used = KeyUse { key: live.key.id, account: live.key.service_account_id, at, ip };
            self.uses.lock().push(used);
        }
    }

    /// The uses to be written.
    pub(super) fn drain_uses(&self) -> Vec<KeyUse> {
        std::mem::take(&mut *self.uses.lock())
    }
}

#[cfg(test)]
mod tests {
    use avnology_model::{ids::ApiKeyId, service_accounts::parse_network};

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    fn loaded(hash: SecretHash, networks: &[&str]) -> Arc<LiveKey> {
        let key = ApiKey {
            id: ApiKeyId::new(NOW, [1; 10]),
            service_account_id: ServiceAccountId::new(NOW, [2; 10]),
            organization_id: None,
            hash,
            prefix: String::new(),
            name: String::new(),
            scopes: Vec::new(),
            account_scopes: vec![Scope::MembersRead, Scope::AccountSelf],
            account_active: true,
            allowed_cidrs: networks.iter().filter_map(|text| parse_network(text)).collect(),
            expire_time: None,
            replaced_by: None,
            last_used_at: None,
            last_used_ip: None,
            create_time: NOW,
            revoked_at: None,
        };
        Arc::new(LiveKey::new(key, NOW))
    }

    #[test]
    fn what_was_read_before_a_revocation_is_not_kept() {
        let (cache, hash) = (KeyCache::default(), [7; 32]);
        let ticket = cache.ticket();
        cache.forget(&hash);
        cache.keep(ticket, &loaded(hash, &[]));
        assert!(cache.warm(&hash, NOW).is_none());
        cache.keep(cache.ticket(), &loaded(hash, &[]));
        assert!(cache.warm(&hash, NOW).is_some());
        cache.forget_accounts(&[ServiceAccountId::new(NOW, [3; 10])]);
        assert!(cache.warm(&hash, NOW).is_some(), "another account's");
        cache.forget_accounts(&[ServiceAccountId::new(NOW, [2; 10])]);
        assert!(cache.warm(&hash, NOW).is_none());
    }

    #[test]
    fn an_entry_whose_check_is_still_to_come_is_given_to_nobody() {
        let (cache, hash) = (KeyCache::default(), [7; 32]);
        // The moment between the two halves of `keep`.
        cache.live.insert(hash, loaded(hash, &[]));
        assert!(cache.warm(&hash, NOW).is_none());
    }

    #[test]
    fn nothing_is_believed_for_longer_than_its_lifetime() {
        let (cache, hash) = (KeyCache::default(), [7; 32]);
        cache.keep(cache.ticket(), &loaded(hash, &[]));
        assert!(cache.warm(&hash, NOW.plus_seconds(LIFETIME_SECONDS - 1)).is_some());
        assert!(cache.warm(&hash, NOW.plus_seconds(LIFETIME_SECONDS)).is_none());
    }

    #[test]
    fn a_key_holds_nothing_that_is_about_a_person() {
        let live = loaded([7; 32], &[]);
        assert!(live.holds(Scope::MembersRead) && !live.holds(Scope::AccountSelf));
    }

    #[test]
    fn a_key_for_some_networks_is_for_no_others() {
        let ip = |text: &str| Some(text.parse::<IpAddr>().expect("an address"));
        assert!(loaded([7; 32], &[]).admits(None));
        let live = loaded([7; 32], &["192.0.2.0/24", "2001:db8::/32"]);
        assert!(live.admits(ip("192.0.2.9")) && live.admits(ip("2001:db8::9")));
        assert!(!live.admits(ip("198.51.100.9")) && !live.admits(ip("2001:db9::9")) && !live.admits(None));
    }

    #[test]
    fn uses_are_noted_once_a_minute() {
        let (cache, live) = (KeyCache::default(), loaded([7; 32], &[]));
        for seconds in [0, 1, 59, 60, 61, 119] {
            cache.touch(&live, NOW.to_the_minute().plus_seconds(seconds), None);
        }
        let at: Vec<Timestamp> = cache.drain_uses().iter().map(|used| used.at).collect();
        assert_eq!(at, [NOW.to_the_minute(), NOW.to_the_minute().plus_seconds(60)]);
        assert!(cache.drain_uses().is_empty());
    }
}
