//! Which tuples name a person, a program or an opaque id, and do not end by themselves: a set of fingerprints, so that whether
//! somebody has a relation by a tuple of their own takes one read of memory.
//!
//! A fingerprint's upper ten bits choose one of 1,024 shards; of the rest, eighty bits are kept, and choose a bucket. A bucket
//! is a cache line with six places. What finds its bucket full goes to one of those behind it, or makes the shard grow. Whoever
//! is not in it is met by mistake once in 10²¹ questions at a million tuples, and nobody without the key can bring that about.

use std::sync::Arc;

use super::{paged::Sharded, print::Print};

/// Places of a bucket.
const ROOM: usize = 6;
/// Buckets in which an entry may be, its own the first.
const REACH: usize = 6;

/// A place where nothing is.
const EMPTY: u64 = 0;
/// A place of a full bucket whose entry was removed.
const GONE: u64 = 1;

#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Bucket {
    upper: [u64; ROOM],
    lower: [u16; ROOM],
}

/// What is kept of a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    upper: u64,
    lower: u16,
}

impl Entry {
    fn of([low, high]: Print) -> Self {
        Self { upper: low.max(GONE + 1), lower: (high & 0xffff) as u16 }
    }

    /// The buckets in which it may be.
    #[inline]
    fn reach(self, buckets: usize) -> impl Iterator<Item = usize> {
        let first = (((self.upper >> 32) * buckets as u64) >> 32) as usize;
        (first..first + REACH.min(buckets)).map(move |at| if at < buckets { at } else { at - buckets })
    }
}

impl Bucket {
    #[inline]
    fn holds(&self, entry: Entry) -> bool {
        let mut found = false;
        for (upper, lower) in self.upper.iter().zip(&self.lower) {
            found |= *upper == entry.upper && *lower == entry.lower;
        }
        found
    }

    #[inline]
    fn is_full(&self) -> bool {
        !self.upper.contains(&EMPTY)
    }

    fn put(&mut self, entry: Entry) -> bool {
        let Some(at) = self.upper.iter().position(|upper| *upper <= GONE) else { return false };
        self.set(at, entry);
        true
    }

    fn set(&mut self, at: usize, entry: Entry) {
        if let (Some(upper), Some(lower)) = (self.upper.get_mut(at), self.lower.get_mut(at)) {
            (*upper, *lower) = (entry.upper, entry.lower);
        }
    }

    fn entries(&self) -> impl Iterator<Item = Entry> {
        self.upper
            .iter()
            .zip(&self.lower)
            .filter(|(upper, _)| **upper > GONE)
            .map(|(upper, lower)| Entry { upper: *upper, lower: *lower })
    }
}

type Shard = Arc<[Bucket]>;

#[derive(Clone, Debug, Default)]
pub(super) struct Direct {
    shards: Sharded<Shard>,
}

/// What chooses the shard.
fn shard([_, high]: Print) -> u64 {
    high
}

impl Direct {
    #[inline]
    pub(super) fn contains(&self, print: Print) -> bool {
        let Some(buckets) = self.shards.of(shard(print)) else { return false };
        let entry = Entry::of(print);
        for bucket in entry.reach(buckets.len()).filter_map(|at| buckets.get(at)) {
            if bucket.holds(entry) {
                return true;
            }
            if !bucket.is_full() {
                return false;
            }
        }
        false
    }

    pub(super) fn insert(&mut self, print: Print) {
        if self.contains(print) {
            return;
        }
        let Some(buckets) = self.shards.of_mut(shard(print)) else { return };
        let entry = Entry::of(print);
        if put(Arc::make_mut(buckets), entry) {
            return;
        }
        let entries: Vec<Entry> = buckets.iter().flat_map(Bucket::entries).chain([entry]).collect();
        *buckets = built(&entries, buckets.len() + buckets.len() / 4 + 1);
    }

    pub(super) fn remove(&mut self, print: Print) {
        if !self.contains(print) {
            return;
        }
        let Some(shard) = self.shards.of_mut(shard(print)) else { return };
        let entry = Entry::of(print);
        let buckets = Arc::make_mut(shard);
        let mut emptied = false;
        for at in entry.reach(buckets.len()) {
            let Some(bucket) = buckets.get_mut(at) else { continue };
            let place = bucket
                .upper
                .iter()
                .zip(&bucket.lower)
                .position(|(upper, lower)| *upper == entry.upper && *lower == entry.lower);
            if let Some(place) = place {
                let left = if bucket.is_full() { GONE } else { EMPTY };
                bucket.set(place, Entry { upper: left, lower: 0 });
                emptied = bucket.entries().next().is_none();
                break;
            }
        }
        // Looked at seldom: when a bucket has nothing left, the shard may be too large.
        if emptied {
            let entries: Vec<Entry> = shard.iter().flat_map(Bucket::entries).collect();
            if entries.len() * 4 < shard.len() * ROOM {
                *shard = built(&entries, entries.len().div_ceil(ROOM / 2));
            }
        }
    }

    /// Bytes of the buckets.
    pub(super) fn heap(&self) -> usize {
        self.shards.iter().map(|shard| size_of_val::<[Bucket]>(shard)).sum()
    }
}

fn put(buckets: &mut [Bucket], entry: Entry) -> bool {
    entry.reach(buckets.len()).any(|at| buckets.get_mut(at).is_some_and(|bucket| bucket.put(entry)))
}

/// A shard of at least so many buckets that holds all of these.
fn built(entries: &[Entry], least: usize) -> Shard {
    let mut len = least;
    loop {
        let mut buckets = vec![Bucket::default(); len];
        if entries.iter().all(|entry| put(&mut buckets, *entry)) {
            return buckets.into();
        }
        len += len / 4 + 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// Few shards, so that they grow and shrink.
    fn print(number: u32) -> Print {
        let spread = |by: u64| u64::from(number).wrapping_mul(by).rotate_left(32).wrapping_mul(by);
        [spread(0x9e37_79b9_7f4a_7c15), spread(0xf39c_c060_5ced_c835) >> 10]
    }

    #[test]
    fn a_bucket_is_a_cache_line() {
        assert_eq!((size_of::<Bucket>(), align_of::<Bucket>()), (64, 64));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn it_behaves_like_a_set(steps in vec((any::<bool>(), 0..20_000_u32), 0..20_000)) {
            let (mut direct, mut model) = (Direct::default(), BTreeSet::new());
            for (number, (turn, id)) in steps.iter().enumerate() {
                // Runs of one direction.
                if *turn || number / 5_000 % 2 == 0 {
                    model.insert(*id);
                    direct.insert(print(*id));
                } else {
                    model.remove(id);
                    direct.remove(print(*id));
                }
            }
            for id in 0..20_000 {
                prop_assert_eq!(direct.contains(print(id)), model.contains(&id));
            }
            let copy = direct.clone();
            for &id in &model {
                direct.remove(print(id));
                prop_assert!(!direct.contains(print(id)) && copy.contains(print(id)));
            }
            prop_assert!(direct.heap() <= 64 * 64);
        }
    }
}
