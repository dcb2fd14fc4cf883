//! From hashes to numbers, made so that a look reads one cache line, and takes the same path through the processor
//! whether it finds a name early or late.
//!
//! A hash chooses one of 1,024 shards, and in it a bucket of twelve places. A place is a byte of the hash, its *tag*,
//! and a number; all tags of a bucket are compared at once. What finds its bucket full goes to one of the two behind
//! it, or makes the shard grow.

use std::{iter, sync::Arc};

use super::paged::Sharded;

/// Places of a bucket.
const ROOM: usize = 12;
/// Buckets in which an entry may be, its own the first.
const REACH: usize = 3;

/// The tag of a place where nothing ever was.
const EMPTY: u8 = 0;
/// The tag of a place whose entry was removed from a full bucket.
const GONE: u8 = 1;

const ONES: u64 = u64::MAX / 255;
/// The upper bit of each tag.
const UPPER: u128 = (0x80 * ONES as u128) << 64 | (0x80 * ONES as u128);
/// Twelve tags; the four bytes above them belong to no place.
const PLACES: u128 = (1 << 96) - 1;

/// A cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Bucket {
    tags: u128,
    ids: [u32; ROOM],
}

const NOTHING: Bucket = Bucket { tags: 0, ids: [0; ROOM] };

fn all(tag: u8) -> u128 {
    let half = ONES * u64::from(tag);
    (u128::from(half) << 64) | u128::from(half)
}

impl Bucket {
    /// Marks the places with a tag. The lowest mark is right; one above it may stand at a place whose tag is off by one.
    fn marks(&self, tag: u8) -> u128 {
        let difference = self.tags ^ all(tag);
        difference.wrapping_sub(all(1)) & !difference & UPPER & PLACES
    }

    fn put(&mut self, tag: u8, id: u32) -> bool {
        let (empty, gone) = (self.marks(EMPTY), self.marks(GONE));
        let marks = if gone == 0 { empty } else { gone };
        let Some(place) = self.ids.get_mut(at(marks)).filter(|_| marks != 0) else { return false };
        *place = id;
        self.tag(at(marks), tag);
        true
    }

    fn tag(&mut self, at: usize, tag: u8) {
        let shift = 8 * at;
        self.tags = (self.tags & !(0xff << shift)) | (u128::from(tag) << shift);
    }

    fn is_full(&self) -> bool {
        self.marks(EMPTY) == 0
    }

    /// The numbers in it.
    fn entries(&self) -> impl Iterator<Item = u32> {
        self.tags.to_le_bytes().into_iter().zip(self.ids).filter(|(tag, _)| *tag > GONE).map(|(_, id)| id)
    }
}

/// The lowest place that is marked.
fn at(marks: u128) -> usize {
    marks.trailing_zeros() as usize / 8
}

type Shard = Arc<[Bucket]>;

#[derive(Clone, Debug, Default)]
pub(super) struct Lookup {
    shards: Sharded<Shard>,
}

impl Lookup {
    /// The number with this hash of which `is` holds.
    #[inline]
    pub(super) fn find(&self, hash: u64, is: impl Fn(u32) -> bool) -> Option<u32> {
        let shard = self.shards.of(hash)?;
        let tag = tag(hash);
        for bucket in reach(hash, shard.len()).filter_map(|at| shard.get(at)) {
            let mut marks = bucket.marks(tag);
            while marks != 0 {
                let id = *bucket.ids.get(at(marks))?;
                if is(id) {
                    return Some(id);
                }
                marks &= marks - 1;
            }
            if !bucket.is_full() {
                return None;
            }
        }
        None
    }

    /// The number that most likely is the one with this hash. It reads the bucket and nothing that the bucket leads to.
    #[inline]
    pub(super) fn likely(&self, hash: u64) -> Option<u32> {
        let shard = self.shards.of(hash)?;
        let bucket = shard.get(reach(hash, shard.len()).next()?)?;
        let marks = bucket.marks(tag(hash));
        if marks == 0 { None } else { bucket.ids.get(at(marks)).copied() }
    }

    /// Adds a number that is not there. `hash_of` tells the hashes of others when they have to move.
    pub(super) fn insert(&mut self, hash: u64, id: u32, hash_of: impl Fn(u32) -> u64) {
        let Some(shard) = self.shards.of_mut(hash) else { return };
        if put(Arc::make_mut(shard), hash, id) {
            return;
        }
        let entries = shard.iter().flat_map(Bucket::entries).map(|id| (hash_of(id), id));
        let entries: Vec<(u64, u32)> = entries.chain([(hash, id)]).collect();
        *shard = built(&entries, shard.len() + shard.len() / 2 + 1);
    }

    pub(super) fn remove(&mut self, hash: u64, id: u32, hash_of: impl Fn(u32) -> u64) {
        let Some(shard) = self.shards.of_mut(hash) else { return };
        let tag = tag(hash);
        let places = reach(hash, shard.len());
        let buckets = Arc::make_mut(shard);
        let mut emptied = false;
        for number in places {
            let Some(bucket) = buckets.get_mut(number) else { return };
            let tags = bucket.tags.to_le_bytes();
            let found = iter::zip(tags, bucket.ids).position(|entry| entry == (tag, id));
            if let Some(found) = found {
                let left = if bucket.is_full() { GONE } else { EMPTY };
                bucket.tag(found, left);
                emptied = bucket.entries().next().is_none();
                break;
            }
        }
        // Looked at seldom: when a bucket has nothing left, the shard may be too large.
        let used: usize =
            if emptied { shard.iter().map(|bucket| bucket.entries().count()).sum() } else { ROOM };
        if emptied && used * 4 < shard.len() * ROOM {
            let entries: Vec<(u64, u32)> =
                shard.iter().flat_map(Bucket::entries).map(|id| (hash_of(id), id)).collect();
            *shard = built(&entries, used.div_ceil(ROOM / 2));
        }
    }

    /// Bytes of the buckets.
    pub(super) fn heap(&self) -> usize {
        self.shards.iter().map(|shard| size_of_val::<[Bucket]>(shard)).sum()
    }
}

/// The byte that stands for a hash in its bucket.
fn tag(hash: u64) -> u8 {
    ((hash & 0xff) as u8).max(GONE + 1)
}

/// The buckets in which an entry may be; the shard is chosen by the bits above those that this looks at.
#[inline]
fn reach(hash: u64, buckets: usize) -> impl Iterator<Item = usize> {
    let spread = (hash >> 20) & 0xffff_ffff;
    let first = ((spread * buckets as u64) >> 32) as usize;
    (first..first + REACH).map(move |at| if at < buckets { at } else { at % buckets.max(1) })
}

fn put(buckets: &mut [Bucket], hash: u64, id: u32) -> bool {
    reach(hash, buckets.len()).any(|at| buckets.get_mut(at).is_some_and(|bucket| bucket.put(tag(hash), id)))
}

/// A shard of at least so many buckets that holds all of these.
fn built(entries: &[(u64, u32)], least: usize) -> Shard {
    let mut len = least;
    loop {
        let mut buckets = vec![NOTHING; len];
        if entries.iter().all(|&(hash, id)| put(&mut buckets, hash, id)) {
            return buckets.into();
        }
        len += len / 2 + 1;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        hash::{BuildHasher, Hasher},
    };

    use foldhash::quality::FixedState;
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn hash_of(id: u32) -> u64 {
        let mut hasher = FixedState::with_seed(3).build_hasher();
        // Few shards, so that they grow and shrink.
        hasher.write_u32(id);
        hasher.finish() >> 4
    }

    #[test]
    fn a_bucket_is_a_cache_line() {
        assert_eq!((size_of::<Bucket>(), align_of::<Bucket>()), (64, 64));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn a_lookup_behaves_like_a_map(steps in vec((any::<bool>(), 0..40_000_u32), 0..30_000)) {
            let (mut lookup, mut model) = (Lookup::default(), BTreeSet::new());
            for (number, (turn, id)) in steps.iter().enumerate() {
                // Runs of one direction.
                if *turn || number / 5_000 % 2 == 0 {
                    if model.insert(*id) {
                        lookup.insert(hash_of(*id), *id, hash_of);
                    }
                } else if model.remove(id) {
                    lookup.remove(hash_of(*id), *id, hash_of);
                }
            }
            for id in 0..40_000 {
                let found = lookup.find(hash_of(id), |found| found == id);
                prop_assert_eq!(found, model.contains(&id).then_some(id));
            }
            let copy = lookup.clone();
            for &id in &model {
                lookup.remove(hash_of(id), id, hash_of);
                prop_assert_eq!(lookup.find(hash_of(id), |found| found == id), None);
                prop_assert_eq!(copy.find(hash_of(id), |found| found == id), Some(id));
            }
            prop_assert!(lookup.heap() <= 64 * 32 * size_of::<Bucket>());
        }
    }
}
