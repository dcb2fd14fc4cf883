//! Sets of ids: a few in place, many in one sorted list, very many in pieces, so that adding to a set of a million
//! copies a piece of it.

use std::{slice, sync::Arc};

use smallvec::SmallVec;

/// Stands for no id.
pub(crate) const NONE: u32 = u32::MAX;

const FEW: usize = 3;
const PIECE: usize = 1024;
/// As many ids of a list lie beside its length.
const BESIDE: usize = 18;

/// A sorted set of ids.
#[derive(Clone, Debug)]
pub(crate) enum Edges {
    /// Sorted; [`NONE`] fills the rest.
    Few([u32; FEW]),
    Many(Arc<Many>),
}

#[derive(Clone, Debug)]
pub(crate) enum Many {
    /// At most [`PIECE`].
    List(SmallVec<[u32; BESIDE]>),
    /// No piece is empty; `firsts` holds the first id of each.
    Pieces { firsts: Vec<u32>, pieces: Vec<Arc<Vec<u32>>>, len: usize },
}

impl Default for Edges {
    fn default() -> Self {
        Self::Few([NONE; FEW])
    }
}

impl Edges {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Few(few) => few.iter().filter(|&&id| id != NONE).count(),
            Self::Many(many) => match &**many {
                Many::List(list) => list.len(),
                Many::Pieces { len, .. } => *len,
            },
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Few([NONE, ..]))
    }

    pub(crate) fn contains(&self, id: u32) -> bool {
        match self {
            Self::Few(few) => id != NONE && few.contains(&id),
            Self::Many(many) => match &**many {
                Many::List(list) => list.binary_search(&id).is_ok(),
                Many::Pieces { firsts, pieces, .. } => {
                    pieces.get(piece_of(firsts, id)).is_some_and(|piece| piece.binary_search(&id).is_ok())
                }
            },
        }
    }

    /// The largest id.
    #[inline]
    pub(crate) fn last(&self) -> Option<u32> {
        match self {
            Self::Few(few) => few.iter().rev().copied().find(|&id| id != NONE),
            Self::Many(many) => match &**many {
                Many::List(list) => list.last().copied(),
                Many::Pieces { pieces, .. } => pieces.last().and_then(|piece| piece.last().copied()),
            },
        }
    }

    /// The ids from `least` on, in order.
    pub(crate) fn from(&self, least: u32) -> EdgesIter<'_> {
        match self {
            Self::Few(few) => {
                let end = few.iter().position(|&id| id == NONE).unwrap_or(FEW);
                let start = few.iter().position(|&id| id >= least).unwrap_or(end).min(end);
                EdgesIter { now: few.get(start..end).unwrap_or_default().iter(), later: [].iter() }
            }
            Self::Many(many) => match &**many {
                Many::List(list) => EdgesIter { now: tail(list, least), later: [].iter() },
                Many::Pieces { firsts, pieces, .. } => {
                    let at = piece_of(firsts, least);
                    let now = pieces.get(at).map_or([].iter(), |piece| tail(piece, least));
                    EdgesIter { now, later: pieces.get(at + 1..).unwrap_or_default().iter() }
                }
            },
        }
    }

    pub(crate) fn iter(&self) -> EdgesIter<'_> {
        self.from(0)
    }

    /// Adds an id; whether it was not there.
    pub(crate) fn insert(&mut self, id: u32) -> bool {
        // Looked at before a copy is made: an id that is there already must not cost one.
        if self.contains(id) {
            return false;
        }
        match self {
            Self::Few(few) => {
                if let Some(last) = few.last_mut().filter(|last| **last == NONE) {
                    *last = id;
                    few.sort_unstable();
                    return true;
                }
                let mut list = SmallVec::from_slice(few);
                if let Err(at) = list.binary_search(&id) {
                    list.insert(at, id);
                }
                *self = Self::Many(Arc::new(Many::List(list)));
                true
            }
            Self::Many(many) => {
                Arc::make_mut(many).insert(id);
                true
            }
        }
    }

    /// Takes an id out; whether it was there.
    pub(crate) fn remove(&mut self, id: u32) -> bool {
        if !self.contains(id) {
            return false;
        }
        match self {
            Self::Few(few) => {
                if let Some(slot) = few.iter_mut().find(|slot| **slot == id) {
                    *slot = NONE;
                }
                few.sort_unstable();
            }
            Self::Many(many) => {
                Arc::make_mut(many).remove(id);
                if self.len() <= FEW {
                    let mut few = [NONE; FEW];
                    for (slot, id) in few.iter_mut().zip(self.iter()) {
                        *slot = id;
                    }
                    *self = Self::Few(few);
                }
            }
        }
        true
    }
}

impl Many {
    fn insert(&mut self, id: u32) {
        match self {
            Self::List(list) if list.len() < PIECE => {
                if let Err(at) = list.binary_search(&id) {
                    if list.spilled() && list.len() == list.capacity() {
                        list.reserve_exact(list.len() / 4 + 2);
                    }
                    list.insert(at, id);
                }
            }
            Self::List(list) => {
                let mut list = list.to_vec();
                let upper = list.split_off(PIECE / 2);
                let firsts = [&list, &upper].iter().filter_map(|piece| piece.first().copied()).collect();
                let len = list.len() + upper.len();
                *self = Self::Pieces { firsts, pieces: vec![Arc::new(list), Arc::new(upper)], len };
                self.insert(id);
            }
            Self::Pieces { firsts, pieces, len } => {
                let at = piece_of(firsts, id);
                let Some(piece) = pieces.get_mut(at).map(Arc::make_mut) else { return };
                insert_sorted(piece, id);
                *len += 1;
                let upper = (piece.len() > PIECE).then(|| piece.split_off(PIECE / 2));
                if let (Some(first), Some(&id)) = (firsts.get_mut(at), piece.first()) {
                    *first = id;
                }
                if let Some(upper) = upper
                    && let Some(&first) = upper.first()
                {
                    firsts.insert(at + 1, first);
                    pieces.insert(at + 1, Arc::new(upper));
                }
            }
        }
    }

    fn remove(&mut self, id: u32) {
        match self {
            Self::List(list) => {
                if let Ok(at) = list.binary_search(&id) {
                    list.remove(at);
                }
            }
            Self::Pieces { firsts, pieces, len } => {
                let at = piece_of(firsts, id);
                let Some(piece) = pieces.get_mut(at).map(Arc::make_mut) else { return };
                remove_sorted(piece, id);
                *len -= 1;
                if let Some(&id) = piece.first() {
                    if let Some(first) = firsts.get_mut(at) {
                        *first = id;
                    }
                } else {
                    firsts.remove(at);
                    pieces.remove(at);
                }
                // Pieces that became few and small are one list again.
                if *len <= PIECE / 4 {
                    *self = Self::List(pieces.iter().flat_map(|piece| piece.iter().copied()).collect());
                }
            }
        }
    }
}

/// The piece that holds `id` if any does.
fn piece_of(firsts: &[u32], id: u32) -> usize {
    firsts.partition_point(|&first| first <= id).saturating_sub(1)
}

fn tail(list: &[u32], least: u32) -> slice::Iter<'_, u32> {
    list.get(list.partition_point(|&id| id < least)..).unwrap_or_default().iter()
}

fn insert_sorted(list: &mut Vec<u32>, id: u32) {
    if let Err(at) = list.binary_search(&id) {
        if list.len() == list.capacity() {
            list.reserve_exact(list.len() / 4 + 2);
        }
        list.insert(at, id);
    }
}

fn remove_sorted(list: &mut Vec<u32>, id: u32) {
    if let Ok(at) = list.binary_search(&id) {
        list.remove(at);
    }
}

/// Ids in order.
#[derive(Clone, Debug)]
pub(crate) struct EdgesIter<'a> {
    now: slice::Iter<'a, u32>,
    later: slice::Iter<'a, Arc<Vec<u32>>>,
}

impl Iterator for EdgesIter<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        loop {
            if let Some(&id) = self.now.next() {
                return Some(id);
            }
            self.now = self.later.next()?.iter();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    #[test]
    fn a_set_stays_small_in_memory() {
        assert_eq!(size_of::<Edges>(), 16);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn a_set_behaves_like_a_set(steps in vec((any::<bool>(), 0..5000_u32), 0..6000), least in 0..5000_u32) {
            let (mut edges, mut model) = (Edges::default(), BTreeSet::new());
            // Runs of one direction reach the sizes at which the form changes.
            for (number, (turn, id)) in steps.iter().enumerate() {
                let add = (number / 2000) % 2 == 0 || (*turn && number % 5 == 0);
                if add {
                    prop_assert_eq!(edges.insert(*id), model.insert(*id));
                } else {
                    let id = model.iter().nth(*id as usize % model.len().max(1)).copied().unwrap_or(*id);
                    prop_assert_eq!(edges.remove(id), model.remove(&id));
                }
            }
            prop_assert_eq!(edges.len(), model.len());
            prop_assert_eq!(edges.is_empty(), model.is_empty());
            prop_assert!(edges.iter().eq(model.iter().copied()));
            prop_assert!(edges.from(least).eq(model.range(least..).copied()));
            prop_assert!(model.iter().all(|&id| edges.contains(id)));
            prop_assert_eq!(edges.contains(least), model.contains(&least));
        }
    }
}
