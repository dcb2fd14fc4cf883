//! Records with numbers, found by what they are about.

use super::{
    hashes::Hashes,
    lookup::Lookup,
    paged::{Slots, Table},
};

/// What is kept under a number. The default is a free place.
pub(super) trait Record: Clone + Default {
    /// By what it is found.
    fn hash(&self, hashes: &Hashes) -> u64;
}

#[derive(Clone, Debug)]
pub(super) struct Records<T> {
    table: Table<T>,
    lookup: Lookup,
    /// The lowest number that was never used.
    next: u32,
}

impl<T: Record> Default for Records<T> {
    fn default() -> Self {
        Self { table: Table::default(), lookup: Lookup::default(), next: 0 }
    }
}

impl<T: Record> Records<T> {
    pub(super) fn at(&self, id: u32) -> Option<&T> {
        self.table.at(id)
    }

    /// To change what it is not found by.
    pub(super) fn at_mut(&mut self, id: u32) -> Option<&mut T> {
        self.table.at_mut(id)
    }

    /// All places in order, free ones included.
    pub(super) fn places(&self) -> impl Iterator<Item = &T> {
        self.table.slots()
    }

    #[inline]
    pub(super) fn find(&self, hash: u64, is: impl Fn(&T) -> bool) -> Option<u32> {
        self.lookup.find(hash, |id| self.table.at(id).is_some_and(&is))
    }

    /// The record that most likely is the one with this hash, and its number.
    #[inline]
    pub(super) fn likely(&self, hash: u64) -> Option<(u32, &T)> {
        let id = self.lookup.likely(hash)?;
        self.table.at(id).map(|record| (id, record))
    }

    /// Keeps a record that is not there yet; its number is one that was given back, if there is one.
    pub(super) fn add(&mut self, hashes: &Hashes, free: &mut Vec<u32>, record: T) -> u32 {
        let id = free.pop().unwrap_or(self.next);
        self.next = self.next.max(id + 1);
        let hash = record.hash(hashes);
        if let Some(place) = self.table.at_mut(id) {
            *place = record;
        }
        let table = &self.table;
        self.lookup.insert(hash, id, |id| hash_at(table, hashes, id));
        id
    }

    /// Forgets a record and gives its number back.
    pub(super) fn take(&mut self, hashes: &Hashes, free: &mut Vec<u32>, id: u32) -> Option<T> {
        let table = &self.table;
        self.lookup.remove(hash_at(table, hashes, id), id, |id| hash_at(table, hashes, id));
        free.push(id);
        self.table.at_mut(id).map(std::mem::take)
    }

    /// Numbers stay below this.
    pub(super) fn end(&self) -> u32 {
        self.next
    }

    /// Bytes, without what records hold elsewhere.
    pub(super) fn heap(&self) -> usize {
        self.lookup.heap() + self.table.iter().map(size_of_val::<Slots<T>>).sum::<usize>()
    }
}

fn hash_at<T: Record>(table: &Table<T>, hashes: &Hashes, id: u32) -> u64 {
    table.at(id).map_or(0, |record| record.hash(hashes))
}
