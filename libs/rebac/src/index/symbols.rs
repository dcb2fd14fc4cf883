//! Names as numbers. A symbol is a text in a space: a namespace's objects are one space, relations' names another.

use std::{num::NonZeroU8, sync::Arc};

use super::{
    hashes::Hashes,
    records::{Record, Records},
};

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

/// Our own ids have 30 bytes.
const SHORT: usize = 31;

/// A text; a short one lies in place, so that comparing it reads no other memory.
#[derive(Clone, Debug)]
enum Text {
    /// One more than its length, and its bytes.
    Short(NonZeroU8, [u8; SHORT]),
    Long(Arc<str>),
}

impl Text {
    fn new(text: &str) -> Self {
        let mut bytes = [0; SHORT];
        match bytes.get_mut(..text.len()) {
            Some(place) => {
                place.copy_from_slice(text.as_bytes());
                let length = u8::try_from(text.len()).unwrap_or_default();
                Self::Short(NonZeroU8::MIN.saturating_add(length), bytes)
            }
            None => Self::Long(text.into()),
        }
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Short(length, bytes) => bytes.get(..usize::from(length.get()) - 1).unwrap_or_default(),
            Self::Long(text) => text.as_bytes(),
        }
    }

    fn get(&self) -> &str {
        match self {
            Self::Short(..) => str::from_utf8(self.bytes()).unwrap_or_default(),
            Self::Long(text) => text,
        }
    }
}

#[derive(Clone, Debug)]
struct Symbol {
    space: u32,
    /// How many records name it.
    refs: u32,
    text: Text,
}

impl Default for Symbol {
    fn default() -> Self {
        Self { space: u32::MAX, refs: 0, text: Text::Short(NonZeroU8::MIN, [0; SHORT]) }
    }
}

impl Record for Symbol {
    fn hash(&self, hashes: &Hashes) -> u64 {
        hashes.text(self.space, self.text.bytes())
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Symbols {
    records: Records<Symbol>,
    pub(super) hashes: Hashes,
}

impl Symbols {
    pub(super) fn new(seed: u64) -> Self {
        Self { records: Records::default(), hashes: Hashes::new(seed) }
    }

    #[inline]
    pub(crate) fn find(&self, space: u32, text: &str) -> Option<u32> {
        let text = text.as_bytes();
        let hash = self.hashes.text(space, text);
        self.records.find(hash, |symbol| symbol.space == space && symbol.text.bytes() == text)
    }

    /// Both symbols, in the order of what is asked for. The processor looks both up at once: no step of one stands
    /// between two steps of the other for long.
    #[inline]
    pub(crate) fn find_both(&self, asked: [(u32, &str); 2]) -> [Option<u32>; 2] {
        let asked = asked.map(|(space, text)| (space, text, self.hashes.text(space, text.as_bytes())));
        asked.map(|asked| (asked, self.records.likely(asked.2))).map(|((space, text, hash), likely)| {
            let is = |symbol: &Symbol| symbol.space == space && symbol.text.bytes() == text.as_bytes();
            match likely {
                Some((id, symbol)) if is(symbol) => Some(id),
                _ => self.records.find(hash, is),
            }
        })
    }

    pub(crate) fn text(&self, id: u32) -> &str {
        self.records.at(id).map(|symbol| symbol.text.get()).unwrap_or_default()
    }

    pub(crate) fn space(&self, id: u32) -> u32 {
        self.records.at(id).map_or(u32::MAX, |symbol| symbol.space)
    }

    /// The symbol of a text, made if there is none. Nobody holds a new one yet.
    pub(super) fn intern(&mut self, free: &mut Vec<u32>, space: u32, text: &str) -> u32 {
        self.find(space, text).unwrap_or_else(|| {
            self.records.add(&self.hashes, free, Symbol { space, refs: 0, text: Text::new(text) })
        })
    }

    pub(super) fn hold(&mut self, id: u32) {
        if let Some(symbol) = self.records.at_mut(id) {
            symbol.refs += 1;
        }
    }

    /// Lets go of a symbol; when nobody holds it any more, it is gone.
    pub(super) fn release(&mut self, free: &mut Vec<u32>, id: u32) {
        let Some(symbol) = self.records.at_mut(id) else { return };
        symbol.refs = symbol.refs.saturating_sub(1);
        if symbol.refs == 0 {
            self.records.take(&self.hashes, free, id);
        }
    }

    /// The next id that was never used: ids stay below it.
    pub(super) fn end(&self) -> u32 {
        self.records.end()
    }

    /// Bytes of texts and records.
    pub(super) fn heap(&self) -> usize {
        let long = |symbol: &Symbol| if let Text::Long(text) = &symbol.text { 16 + text.len() } else { 0 };
        self.records.heap() + self.records.places().map(long).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_is_small_and_keeps_its_text() {
        assert_eq!(size_of::<Symbol>(), 40);
        for length in [0, 1, 30, 31, 32, 1020] {
            let text = "é".repeat(length / 2) + if length % 2 == 1 { "x" } else { "" };
            assert_eq!(Text::new(&text).get(), text);
            assert_eq!(Text::new(&text).bytes(), text.as_bytes());
        }
    }
}
