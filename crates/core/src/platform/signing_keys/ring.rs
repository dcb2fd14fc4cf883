//! What memory holds of the signing keys.

use std::{collections::BTreeMap, sync::Arc};

use avnology_jose::{KeySet, SigningKey};
use avnology_model::{Error, Result, Timestamp, platform::SigningAlgorithm};
use avnology_store::platform::signing_keys::StoredSigningKey;
use serde_json::{Value, json};

use super::make;
use crate::platform::{Document, Keys};

/// All keys at one moment.
pub(super) struct Ring {
    signing: BTreeMap<SigningAlgorithm, Arc<SigningKey>>,
    pub(super) verifying: KeySet,
    /// The public keys, as they are published: a JWK set.
    pub(super) published: Document,
    /// When the next turn or end of a key is.
    pub(super) changes_at: Option<Timestamp>,
}

impl Ring {
    /// Opens what the database has. Newer releases may have keys of algorithms that this one does not know: they are
    /// published, and do not sign here.
    pub(super) fn open(keys: &Keys, stored: &[StoredSigningKey], now: Timestamp) -> Result<Self> {
        let mut signing = BTreeMap::new();
        for row in stored.iter().filter(|row| row.active) {
            if let Some(algorithm) = SigningAlgorithm::parse(&row.algorithm) {
                signing.insert(algorithm, Arc::new(make::open(keys, row, algorithm)?));
            }
        }
        let public: Vec<&Value> = stored.iter().map(|row| &row.public_jwk).collect();
        let document = json!({ "keys": public }).to_string();
        let verifying = KeySet::parse(&document).map_err(Error::internal)?;
        let turns = stored.iter().filter(|row| row.is_next()).map(|row| row.activate_time);
        let ends = stored.iter().filter_map(|row| row.retire_time);
        let changes_at = turns.chain(ends).filter(|at| *at > now).min();
        Ok(Self { signing, verifying, published: Document::new(document.into()), changes_at })
    }

    /// The key that signs so.
    pub(super) fn signing(&self, algorithm: SigningAlgorithm) -> Option<&Arc<SigningKey>> {
        self.signing.get(&algorithm)
    }
}
