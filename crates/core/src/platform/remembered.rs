//! Things in memory over the database, by one rule: who changes something commits, then forgets it; who loads something
//! checks afterwards whether anything was forgotten meanwhile and, if so, does not keep what it read. Until that check is
//! passed nobody else is given the entry.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use avnology_model::Timestamp;
use quick_cache::sync::Cache;

/// How long an entry is believed without asking the database again, in seconds.
const LIFETIME_SECONDS: i64 = 60;
const STRIPES: usize = 64;

struct Entry<V> {
    value: V,
    loaded_at: Timestamp,
    /// Whether nothing was forgotten while it was loaded.
    confirmed: AtomicBool,
}

/// A bounded memory of what the database holds; the least used goes first.
pub(crate) struct Remembered<K, V> {
    entries: Cache<K, Arc<Entry<V>>>,
    forgotten: [AtomicU64; STRIPES],
}

/// Tells whether anything of a stripe was forgotten since it was drawn.
pub(crate) struct Ticket {
    stripe: usize,
    count: u64,
}

impl<K: Hash + Eq + Clone, V: Clone> Remembered<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { entries: Cache::new(capacity), forgotten: std::array::from_fn(|_| AtomicU64::new(0)) }
    }

    /// What memory holds under `key` and need not ask again.
    pub(crate) fn warm(&self, key: &K, now: Timestamp) -> Option<V> {
        let entry = self.entries.get(key)?;
        let good =
            entry.confirmed.load(Ordering::SeqCst) && entry.loaded_at.plus_seconds(LIFETIME_SECONDS) > now;
        good.then(|| entry.value.clone())
    }

    /// To be drawn before the database is read.
    pub(crate) fn ticket(&self, key: &K) -> Ticket {
        let stripe = stripe_of(key);
        Ticket { stripe, count: self.count(stripe) }
    }

    /// Keeps what was read since `ticket` was drawn, unless something was forgotten meanwhile.
    pub(crate) fn keep(&self, ticket: &Ticket, key: &K, value: V, now: Timestamp) {
        let entry = Arc::new(Entry { value, loaded_at: now, confirmed: AtomicBool::new(false) });
        self.entries.insert(key.clone(), Arc::clone(&entry));
        if self.count(ticket.stripe) == ticket.count {
            entry.confirmed.store(true, Ordering::SeqCst);
        } else {
            self.entries.remove(key);
        }
    }

    /// Forgets what is held under `key`; to be called after the commit that changed it and before it is acknowledged.
    pub(crate) fn forget(&self, key: &K) {
        if let Some(count) = self.forgotten.get(stripe_of(key)) {
            count.fetch_add(1, Ordering::SeqCst);
        }
        self.entries.remove(key);
    }

    /// Forgets everything; to be called as [`Self::forget`].
    pub(crate) fn clear(&self) {
        for count in &self.forgotten {
            count.fetch_add(1, Ordering::SeqCst);
        }
        self.entries.clear();
    }

    fn count(&self, stripe: usize) -> u64 {
        self.forgotten.get(stripe).map_or(0, |count| count.load(Ordering::SeqCst))
    }
}

fn stripe_of<K: Hash>(key: &K) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    usize::try_from(hasher.finish() % 64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    #[test]
    fn what_was_read_before_a_change_is_not_kept() {
        let memory = Remembered::new(16);
        let ticket = memory.ticket(&"a");
        memory.forget(&"a");
        memory.keep(&ticket, &"a", 1, NOW);
        assert_eq!(memory.warm(&"a", NOW), None);
        let ticket = memory.ticket(&"a");
        memory.keep(&ticket, &"a", 2, NOW);
        assert_eq!(memory.warm(&"a", NOW), Some(2));
        memory.forget(&"a");
        assert_eq!(memory.warm(&"a", NOW), None);
    }

    #[test]
    fn nothing_is_believed_for_longer_than_its_lifetime() {
        let memory = Remembered::new(16);
        memory.keep(&memory.ticket(&"a"), &"a", 1, NOW);
        assert_eq!(memory.warm(&"a", NOW.plus_seconds(LIFETIME_SECONDS - 1)), Some(1));
        assert_eq!(memory.warm(&"a", NOW.plus_seconds(LIFETIME_SECONDS)), None);
    }
}
