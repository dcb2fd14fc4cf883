//! Persistent arrays: a copy costs one counter, and a write copies the page it touches when somebody holds a copy.

use std::{array, sync::Arc};

const FAN: usize = 64;

/// An array of pages `P`, three levels deep.
#[derive(Clone, Debug)]
pub(super) struct Paged<P> {
    root: Arc<Vec<Arc<[Arc<P>; FAN]>>>,
    empty: Arc<P>,
}

impl<P: Clone + Default> Default for Paged<P> {
    fn default() -> Self {
        Self { root: Arc::default(), empty: Arc::default() }
    }
}

impl<P: Clone> Paged<P> {
    pub(super) fn get(&self, page: usize) -> Option<&P> {
        self.root.get(page / FAN)?.get(page % FAN).map(|page| &**page)
    }

    /// The page to write to; the array grows to hold it.
    pub(super) fn get_mut(&mut self, page: usize) -> Option<&mut P> {
        let root = Arc::make_mut(&mut self.root);
        while root.len() <= page / FAN {
            root.push(Arc::new(array::from_fn(|_| Arc::clone(&self.empty))));
        }
        Arc::make_mut(root.get_mut(page / FAN)?).get_mut(page % FAN).map(Arc::make_mut)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &P> {
        self.root.iter().flat_map(|middle| middle.iter()).map(|page| &**page)
    }
}

/// A page of values of one size.
#[derive(Clone, Debug)]
pub(super) struct Slots<T>([T; FAN]);

impl<T: Default> Default for Slots<T> {
    fn default() -> Self {
        Self(array::from_fn(|_| T::default()))
    }
}

/// An array of values.
pub(super) type Table<T> = Paged<Slots<T>>;

impl<T: Clone> Paged<Slots<T>> {
    pub(super) fn at(&self, id: u32) -> Option<&T> {
        let id = id as usize;
        self.get(id / FAN)?.0.get(id % FAN)
    }

    pub(super) fn at_mut(&mut self, id: u32) -> Option<&mut T> {
        let id = id as usize;
        self.get_mut(id / FAN)?.0.get_mut(id % FAN)
    }

    /// All slots in order, those that hold nothing included.
    pub(super) fn slots(&self) -> impl Iterator<Item = &T> {
        self.iter().flat_map(|page| page.0.iter())
    }
}

/// A fixed number of shards, chosen by a hash; those that nothing was written to are one.
#[derive(Clone, Debug)]
pub(super) struct Sharded<S> {
    shards: Arc<[Arc<[Arc<S>; FAN]>; FAN]>,
}

impl<S: Default> Default for Sharded<S> {
    fn default() -> Self {
        let shard = Arc::new(S::default());
        let middle = Arc::new(array::from_fn(|_| Arc::clone(&shard)));
        Self { shards: Arc::new(array::from_fn(|_| Arc::clone(&middle))) }
    }
}

impl<S: Clone> Sharded<S> {
    pub(super) fn of(&self, hash: u64) -> Option<&S> {
        let (high, low) = place(hash);
        self.shards.get(high)?.get(low).map(|shard| &**shard)
    }

    pub(super) fn of_mut(&mut self, hash: u64) -> Option<&mut S> {
        let (high, low) = place(hash);
        let middle = Arc::make_mut(&mut self.shards).get_mut(high)?;
        Arc::make_mut(middle).get_mut(low).map(Arc::make_mut)
    }
}

/// The upper twelve bits choose the shard.
fn place(hash: u64) -> (usize, usize) {
    ((hash >> 58) as usize, (hash >> 52) as usize % FAN)
}

/// From hashes to ids: each shard is a sorted list of `fingerprint, id`, which is as small as can be and, since
/// fingerprints are spread evenly, found at the place where it should be.
#[derive(Clone, Debug, Default)]
pub(super) struct Lookup {
    shards: Sharded<Vec<u64>>,
}

impl Lookup {
    /// The id with this hash of which `is` holds.
    pub(super) fn find(&self, hash: u64, is: impl Fn(u32) -> bool) -> Option<u32> {
        let shard = self.shards.of(hash)?;
        let mark = fingerprint(hash);
        for &entry in shard.get(first(shard, mark)..)? {
            if entry >> 32 != mark {
                return None;
            }
            let id = id(entry);
            if is(id) {
                return Some(id);
            }
        }
        None
    }

    pub(super) fn insert(&mut self, hash: u64, id: u32) {
        let Some(shard) = self.shards.of_mut(hash) else { return };
        let entry = (fingerprint(hash) << 32) | u64::from(id);
        if let Err(at) = shard.binary_search(&entry) {
            if shard.len() == shard.capacity() {
                shard.reserve_exact(shard.len() / 8 + 2);
            }
            shard.insert(at, entry);
        }
    }

    pub(super) fn remove(&mut self, hash: u64, id: u32) {
        let Some(shard) = self.shards.of_mut(hash) else { return };
        if let Ok(at) = shard.binary_search(&((fingerprint(hash) << 32) | u64::from(id))) {
            shard.remove(at);
            if shard.capacity() > 2 * shard.len() + 8 {
                shard.shrink_to_fit();
            }
        }
    }
}

/// The 32 bits below those that choose the shard.
fn fingerprint(hash: u64) -> u64 {
    (hash >> 20) & 0xffff_ffff
}

fn id(entry: u64) -> u32 {
    (entry & 0xffff_ffff) as u32
}

/// Where entries of this fingerprint begin: a guess, a few steps, and a search by halves if those do not do.
fn first(shard: &[u64], mark: u64) -> usize {
    const STEPS: usize = 24;
    let least = mark << 32;
    let mut at = ((mark * shard.len() as u64) >> 32) as usize;
    let below = |at: usize| shard.get(at).is_some_and(|&entry| entry < least);
    if below(at) {
        for _ in 0..STEPS {
            at += 1;
            if !below(at) {
                return at;
            }
        }
    } else {
        for _ in 0..STEPS {
            if at == 0 || below(at - 1) {
                return at;
            }
            at -= 1;
        }
    }
    shard.partition_point(|&entry| entry < least)
}

impl Lookup {
    /// Bytes of the lists.
    pub(super) fn heap(&self) -> usize {
        let shards = self.shards.shards.iter().flat_map(|middle| middle.iter());
        shards.map(|shard| 8 * shard.capacity()).sum()
    }
}
