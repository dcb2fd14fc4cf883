//! A hash as it is stored: PHC text, `$argon2id$v=19$m=65536,t=3,p=4$<salt>$<hash>`, or that of another system.

use argon2::{Algorithm, Params, PasswordHash, Version};
use avnology_model::credentials::ArgonCost;
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

use super::foreign::{self, Scheme};

/// Bytes of a new hash.
pub(super) const OUTPUT_LEN: usize = 32;

/// A stored hash of any kind.
pub(super) enum Kept {
    /// Argon2, of our own or imported.
    Argon2(StoredHash),
    /// Imported.
    Foreign(Box<dyn Scheme>),
}

impl Kept {
    /// Reads a text. The refusal does not show it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if text.starts_with("$argon2") {
            return StoredHash::read(text).map(Self::Argon2);
        }
        foreign::read(text).map(Self::Foreign)
    }

    /// Says what would take more than `ceiling`, before any work is done: an import could ask for gigabytes.
    pub(super) fn check(&self, ceiling: ArgonCost) -> Result<(), String> {
        match self {
            Self::Argon2(hash) => hash.check(ceiling),
            Self::Foreign(scheme) => scheme.check(ceiling),
        }
    }
}

/// A stored Argon2 hash, taken apart.
pub(super) struct StoredHash {
    pub(super) algorithm: Algorithm,
    pub(super) version: Version,
    pub(super) params: Params,
    pub(super) salt: Vec<u8>,
    pub(super) output: Vec<u8>,
}

/// The text of an Argon2id hash.
pub(super) fn format(cost: ArgonCost, salt: &[u8], output: &[u8]) -> String {
    let ArgonCost { memory_kib, passes, lanes } = cost;
    let (salt, output) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output));
    format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${output}")
}

impl StoredHash {
    /// Reads PHC text of any Argon2. The refusal does not show the text.
    pub(super) fn read(phc: &str) -> Result<Self, String> {
        let parts = PasswordHash::new(phc).map_err(|e| e.to_string())?;
        let algorithm = Algorithm::try_from(parts.algorithm.as_str()).map_err(|e| e.to_string())?;
        // Argon2 wrote no version before 1.3 (`argon2` reference implementation, encoded form).
        let version =
            parts.version.map_or(Ok(Version::V0x10), Version::try_from).map_err(|e| e.to_string())?;
        let params = Params::try_from(&parts).map_err(|e| e.to_string())?;
        let salt = parts.salt.ok_or("it has no salt")?;
        let output = parts.hash.ok_or("it has no hash")?;
        Ok(Self { algorithm, version, params, salt: salt.to_vec(), output: output.as_bytes().to_vec() })
    }

    fn check(&self, ceiling: ArgonCost) -> Result<(), String> {
        let work = |memory: u32, passes: u32| u64::from(memory) * u64::from(passes);
        // Fewer passes over more memory or more over less cost the same; only memory has a limit of its own.
        let too_much = self.params.m_cost() > ceiling.memory_kib
            || work(self.params.m_cost(), self.params.t_cost())
                > work(ceiling.memory_kib, ceiling.passes) / 2;
        if !too_much && self.params.p_cost() <= ceiling.lanes {
            return Ok(());
        }
        let (m, t, p) = (self.params.m_cost(), self.params.t_cost(), self.params.p_cost());
        Err(format!("it asks for too much: m={m}, t={t}, p={p}"))
    }

    /// Whether a new hash at `cost` would resist longer.
    pub(super) fn is_weaker_than(&self, cost: ArgonCost) -> bool {
        let work = |memory: u32, passes: u32| u64::from(memory) * u64::from(passes);
        self.algorithm != Algorithm::Argon2id
            || self.version != Version::V0x13
            || self.params.m_cost() < cost.memory_kib
            || work(self.params.m_cost(), self.params.t_cost()) < work(cost.memory_kib, cost.passes)
            || self.output.len() < OUTPUT_LEN
            || self.salt.len() < 16
    }
}
