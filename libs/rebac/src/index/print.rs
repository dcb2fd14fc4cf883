//! Fingerprints of tuples, from a key that nobody outside knows: SipHash-1-3 with an output of 128 bits (Aumasson and
//! Bernstein, "`SipHash`: a fast short-input PRF").

use std::array;

/// A fingerprint: its lower and its upper half.
pub(super) type Print = [u64; 2];

/// Which tuple: its place and its texts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named<'a> {
    pub(crate) store: u32,
    pub(crate) relation: u32,
    /// The space of the object, and its text.
    pub(crate) object: (u32, &'a str),
    /// The same of the subject.
    pub(crate) subject: (u32, &'a str),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Prints {
    key: [u64; 2],
}

impl Prints {
    pub(super) fn new(seed: u64) -> Self {
        // The second half of the key is drawn from the first.
        let [low, high] = hash::<2, 4>([seed, !seed], &[seed.rotate_left(32)]);
        Self { key: [seed ^ low, high] }
    }

    /// The fingerprint; two tuples have the same one as seldom as two random numbers of 128 bits are the same.
    #[inline]
    pub(super) fn of(&self, named: &Named<'_>) -> Print {
        let Named { store, relation, object, subject } = *named;
        let length = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX);
        let mut sip = Sip::<1, 3>::new(self.key);
        sip.word(both(store, relation));
        sip.word(both(object.0, subject.0));
        sip.word(both(length(object.1), length(subject.1)));
        sip.text(object.1.as_bytes());
        sip.text(subject.1.as_bytes());
        sip.finish()
    }
}

fn both(high: u32, low: u32) -> u64 {
    (u64::from(high) << 32) | u64::from(low)
}

/// The state, with `C` rounds for each word and `D` at the end.
struct Sip<const C: usize, const D: usize> {
    v: [u64; 4],
}

impl<const C: usize, const D: usize> Sip<C, D> {
    #[inline]
    fn new([k0, k1]: [u64; 2]) -> Self {
        let v = [
            k0 ^ 0x736f_6d65_7073_6575,
            k1 ^ 0x646f_7261_6e64_6f6d ^ 0xee,
            k0 ^ 0x6c79_6765_6e65_7261,
            k1 ^ 0x7465_6462_7974_6573,
        ];
        Self { v }
    }

    #[inline]
    fn rounds(&mut self, count: usize) {
        let [mut a, mut b, mut c, mut d] = self.v;
        for _ in 0..count {
            a = a.wrapping_add(b);
            c = c.wrapping_add(d);
            b = b.rotate_left(13) ^ a;
            d = d.rotate_left(16) ^ c;
            a = a.rotate_left(32).wrapping_add(d);
            c = c.wrapping_add(b);
            d = d.rotate_left(21) ^ a;
            b = b.rotate_left(17) ^ c;
            c = c.rotate_left(32);
        }
        self.v = [a, b, c, d];
    }

    #[inline]
    fn word(&mut self, word: u64) {
        let [_, _, _, d] = &mut self.v;
        *d ^= word;
        self.rounds(C);
        let [a, ..] = &mut self.v;
        *a ^= word;
    }

    /// Whole words, the last one filled up with zeros: the length is said elsewhere.
    #[inline]
    fn text(&mut self, text: &[u8]) {
        let (words, rest) = text.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            self.word(u64::from_le_bytes(array::from_fn(|at| rest.get(at).copied().unwrap_or_default())));
        }
    }

    #[inline]
    fn finish(mut self) -> Print {
        let low = self.half(0xee);
        let [_, b, ..] = &mut self.v;
        *b ^= 0xdd;
        let high = self.half(0);
        [low, high]
    }

    #[inline]
    fn half(&mut self, mark: u64) -> u64 {
        let [_, _, c, _] = &mut self.v;
        *c ^= mark;
        self.rounds(D);
        let [a, b, c, d] = self.v;
        a ^ b ^ c ^ d
    }
}

fn hash<const C: usize, const D: usize>(key: [u64; 2], words: &[u64]) -> Print {
    let mut sip = Sip::<C, D>::new(key);
    for word in words {
        sip.word(*word);
    }
    sip.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_the_published_function() {
        // Key 00 01 … 0f, inputs of 0, 1 and 2 bytes counted up; the last word holds the length in its upper byte.
        let key = [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908];
        for (word, output) in [
            (0, 0x9302_55c7_1472_f66d_e6a8_25ba_047f_81a3_u128),
            (1 << 56, 0x45fc_229b_1159_7634_44af_996b_d8c1_87da),
            (2 << 56 | 0x0100, 0xe4ff_0af6_de8b_a3fc_c75d_a4a4_8d22_7781),
        ] {
            let [low, high] = hash::<2, 4>(key, &[word]);
            assert_eq!((u128::from(high) << 64) | u128::from(low), output);
        }
    }

    proptest! {
        #[test]
        fn another_tuple_has_another_fingerprint(
            object in "[a-c]{0,20}", subject in "[a-c]{0,20}", other in "[a-c]{0,20}", seed in any::<u64>(),
        ) {
            let prints = Prints::new(seed);
            let named = |object, subject| prints.of(&Named { store: 1, relation: 2, object: (3, object), subject: (4, subject) });
            prop_assert_eq!(named(&object, &subject) == named(&object, &other), subject == other);
            prop_assert_eq!(named(&object, &subject) == named(&subject, &object), subject == object);
            // Where one text ends and the other begins counts.
            let joined = format!("{object}{subject}");
            prop_assert_eq!(named(&object, &subject) == named(&joined, ""), subject.is_empty());
            let elsewhere = prints.of(&Named { store: 2, relation: 1, object: (3, &object), subject: (4, &subject) });
            prop_assert_ne!(named(&object, &subject), elsewhere);
        }
    }
}
