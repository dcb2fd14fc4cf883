//! Time and randomness that a test decides.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use avnology_core::{Clock, Entropy};
use avnology_jose::{Algorithm, SigningKey};
use avnology_model::{Error, Result, Timestamp};

/// 2026-03-02T09:00:00Z, the day of the contract's examples.
const START: i64 = 1_772_442_000_000_000;

/// A clock that moves when it is told to.
#[derive(Debug)]
pub struct FakeClock(AtomicI64);

impl Default for FakeClock {
    fn default() -> Self {
        Self(AtomicI64::new(START))
    }
}

impl FakeClock {
    /// Moves forward.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// Moves to a point in time.
    pub fn set(&self, to: Timestamp) {
        self.0.store(to.micros(), Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// The same bytes in every run, and never twice in one: `SplitMix64`. RSA keys are others in every run, and shared by all
/// apps of a process: each takes a second to make.
#[derive(Debug)]
pub struct SeededEntropy {
    state: Mutex<u64>,
    seed: u64,
    rsa_keys: AtomicU64,
}

impl SeededEntropy {
    /// The bytes that follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self { state: Mutex::new(seed), seed, rsa_keys: AtomicU64::new(0) }
    }
}

/// The RSA keys of this process, as PKCS#8, by the seed that asked for them and how many it had before.
static RSA_KEYS: Mutex<BTreeMap<(u64, u64), Vec<u8>>> = Mutex::new(BTreeMap::new());

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.state.lock().expect("no test panics while it draws");
        for chunk in bytes.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = *state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            for (to, from) in chunk.iter_mut().zip(z.to_le_bytes()) {
                *to = from;
            }
        }
    }

    fn rsa_key(&self, algorithm: Algorithm) -> Result<SigningKey> {
        let place = (self.seed, self.rsa_keys.fetch_add(1, Ordering::SeqCst));
        let mut keys = RSA_KEYS.lock().expect("no test panics while it draws");
        if let Some(document) = keys.get(&place) {
            return SigningKey::from_pkcs8(algorithm, document).map_err(Error::internal);
        }
        let key = SigningKey::generate_rsa(algorithm).map_err(Error::internal)?;
        keys.insert(place, key.to_pkcs8().map_err(Error::internal)?.to_vec());
        Ok(key)
    }
}
