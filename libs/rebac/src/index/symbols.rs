//! Names as numbers. A symbol is a text in a space: a namespace's objects are one space, relations' names another.

use std::{
    array, fmt,
    hash::{BuildHasher, Hasher},
};

use foldhash::quality::FixedState;

use super::paged::{Lookup, Paged};

/// Spaces that are no namespace's objects.
pub(crate) mod space {
    pub(crate) const NAMESPACES: u32 = 0;
    pub(crate) const RELATIONS: u32 = 1;
    pub(crate) const OPAQUE: u32 = 2;
    pub(crate) const STORES: u32 = 3;

    /// The space of the objects of a namespace.
    pub(crate) fn objects(namespace: u32) -> u32 {
        namespace + 4
    }
}

const SLOTS: usize = 64;

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    start: u32,
    space: u32,
    /// How many records name it; zero when the slot is free.
    refs: u32,
    len: u16,
}

/// Symbols, and their texts one behind the other.
#[derive(Clone)]
struct Page {
    slots: [Slot; SLOTS],
    text: String,
    /// Bytes of `text` that belong to nobody.
    garbage: u32,
}

impl Default for Page {
    fn default() -> Self {
        Self { slots: [Slot::default(); SLOTS], text: String::new(), garbage: 0 }
    }
}

impl Page {
    fn text_of(&self, slot: Slot) -> &str {
        let start = slot.start as usize;
        self.text.get(start..start + slot.len as usize).unwrap_or_default()
    }

    fn put(&mut self, at: usize, space: u32, text: &str) {
        if self.text.capacity() - self.text.len() < text.len() {
            self.text.reserve_exact(text.len().max(self.text.len() / 8));
        }
        let slot = Slot {
            start: u32::try_from(self.text.len()).unwrap_or_default(),
            space,
            refs: 0,
            len: u16::try_from(text.len()).unwrap_or_default(),
        };
        self.text.push_str(text);
        if let Some(place) = self.slots.get_mut(at) {
            *place = slot;
        }
    }

    fn forget(&mut self, at: usize) {
        let Some(slot) = self.slots.get_mut(at) else { return };
        self.garbage += u32::from(slot.len);
        *slot = Slot::default();
        if self.garbage as usize <= self.text.len() / 2 {
            return;
        }
        let mut text = String::with_capacity(self.text.len() - self.garbage as usize);
        let starts: [u32; SLOTS] = array::from_fn(|at| {
            let start = u32::try_from(text.len()).unwrap_or_default();
            if let Some(slot) = self.slots.get(at) {
                text.push_str(self.text_of(*slot));
            }
            start
        });
        for (slot, start) in self.slots.iter_mut().zip(starts) {
            slot.start = start;
        }
        self.text = text;
        self.garbage = 0;
    }
}

#[derive(Clone)]
pub(crate) struct Symbols {
    pages: Paged<Page>,
    lookup: Lookup,
    hasher: FixedState,
    next: u32,
}

impl fmt::Debug for Symbols {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Symbols").field("next", &self.next).finish_non_exhaustive()
    }
}

impl Symbols {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            pages: Paged::default(),
            lookup: Lookup::default(),
            hasher: FixedState::with_seed(seed),
            next: 0,
        }
    }

    fn hash(&self, space: u32, text: &str) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u32(space);
        hasher.write(text.as_bytes());
        hasher.finish()
    }

    /// A hash of numbers, for the other look-ups.
    pub(super) fn hash_numbers(&self, numbers: [u32; 3]) -> u64 {
        let [a, b, c] = numbers;
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u64((u64::from(a) << 32) | u64::from(b));
        hasher.write_u32(c);
        hasher.finish()
    }

    fn slot(&self, id: u32) -> Option<(&Page, Slot)> {
        let page = self.pages.get(id as usize / SLOTS)?;
        Some((page, *page.slots.get(id as usize % SLOTS)?))
    }

    pub(crate) fn find(&self, space: u32, text: &str) -> Option<u32> {
        self.find_hashed(self.hash(space, text), space, text)
    }

    fn find_hashed(&self, hash: u64, space: u32, text: &str) -> Option<u32> {
        self.lookup.find(hash, |id| {
            self.slot(id).is_some_and(|(page, slot)| slot.space == space && page.text_of(slot) == text)
        })
    }

    pub(crate) fn text(&self, id: u32) -> &str {
        self.slot(id).map(|(page, slot)| page.text_of(slot)).unwrap_or_default()
    }

    pub(crate) fn space(&self, id: u32) -> u32 {
        self.slot(id).map_or(u32::MAX, |(_, slot)| slot.space)
    }

    /// The symbol of a text, made if there is none. Nobody holds a new one yet.
    pub(super) fn intern(&mut self, free: &mut Vec<u32>, space: u32, text: &str) -> u32 {
        let hash = self.hash(space, text);
        if let Some(id) = self.find_hashed(hash, space, text) {
            return id;
        }
        let id = free.pop().unwrap_or_else(|| {
            self.next += 1;
            self.next - 1
        });
        if let Some(page) = self.pages.get_mut(id as usize / SLOTS) {
            page.put(id as usize % SLOTS, space, text);
        }
        self.lookup.insert(hash, id);
        id
    }

    pub(super) fn hold(&mut self, id: u32) {
        if let Some(page) = self.pages.get_mut(id as usize / SLOTS)
            && let Some(slot) = page.slots.get_mut(id as usize % SLOTS)
        {
            slot.refs += 1;
        }
    }

    /// Lets go of a symbol; when nobody holds it any more, it is gone.
    pub(super) fn release(&mut self, free: &mut Vec<u32>, id: u32) {
        let Some((page, slot)) = self.slot(id) else { return };
        let hash = (slot.refs == 1).then(|| self.hash(slot.space, page.text_of(slot)));
        let Some(page) = self.pages.get_mut(id as usize / SLOTS) else { return };
        if let Some(hash) = hash {
            page.forget(id as usize % SLOTS);
            self.lookup.remove(hash, id);
            free.push(id);
        } else if let Some(slot) = page.slots.get_mut(id as usize % SLOTS) {
            slot.refs = slot.refs.saturating_sub(1);
        }
    }

    /// The next id that was never used: ids stay below it.
    pub(super) fn end(&self) -> u32 {
        self.next
    }
}

impl Symbols {
    /// Bytes of texts and records.
    pub(super) fn heap(&self) -> usize {
        self.lookup.heap()
            + self.pages.iter().map(|page| size_of::<Page>() + page.text.capacity()).sum::<usize>()
    }
}
