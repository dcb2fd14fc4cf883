//! Persistent arrays: a copy costs one counter, and a write copies the page it touches when somebody holds a copy.

use std::{array, sync::Arc};

const FAN: usize = 64;
/// Shards are this number's square.
const SHARDS: usize = 32;

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

/// A page of values of one size, in cache lines of its own.
#[derive(Clone, Debug)]
#[repr(align(64))]
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

/// A fixed number of shards, chosen by a hash, each of which is cheap to copy; those that nothing was written to are
/// one.
#[derive(Clone, Debug)]
pub(super) struct Sharded<S> {
    shards: Arc<[Arc<[S; SHARDS]>; SHARDS]>,
}

impl<S: Clone + Default> Default for Sharded<S> {
    fn default() -> Self {
        let middle = Arc::new(array::from_fn(|_| S::default()));
        Self { shards: Arc::new(array::from_fn(|_| Arc::clone(&middle))) }
    }
}

impl<S: Clone> Sharded<S> {
    pub(super) fn of(&self, hash: u64) -> Option<&S> {
        let (high, low) = place(hash);
        self.shards.get(high)?.get(low)
    }

    pub(super) fn of_mut(&mut self, hash: u64) -> Option<&mut S> {
        let (high, low) = place(hash);
        let middle = Arc::make_mut(&mut self.shards).get_mut(high)?;
        Arc::make_mut(middle).get_mut(low)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &S> {
        self.shards.iter().flat_map(|middle| middle.iter())
    }
}

/// The upper ten bits choose the shard.
fn place(hash: u64) -> (usize, usize) {
    ((hash >> 59) as usize, (hash >> 54) as usize % SHARDS)
}
