//! Hashes, all from one seed that nobody outside knows.

use std::hash::{BuildHasher, Hasher};

use foldhash::quality::FixedState;

#[derive(Clone, Debug)]
pub(super) struct Hashes(FixedState);

impl Hashes {
    pub(super) fn new(seed: u64) -> Self {
        Self(FixedState::with_seed(seed))
    }

    #[inline]
    pub(super) fn text(&self, space: u32, text: &[u8]) -> u64 {
        let mut hasher = self.0.build_hasher();
        hasher.write_u32(space);
        hasher.write(text);
        hasher.finish()
    }

    #[inline]
    pub(super) fn numbers(&self, [a, b, c]: [u32; 3]) -> u64 {
        let mut hasher = self.0.build_hasher();
        hasher.write_u64((u64::from(a) << 32) | u64::from(b));
        hasher.write_u32(c);
        hasher.finish()
    }
}
