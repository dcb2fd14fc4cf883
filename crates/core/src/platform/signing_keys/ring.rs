//! What memory holds of the signing keys.

use std::{collections::BTreeMap, sync::Arc};

use avnology_jose::{KeySet, SigningKey};
use avnology_model::{Error, Result, Timestamp, platform::SigningAlgorithm, secret_token::sha256};
use avnology_store::platform::signing_keys::StoredSigningKey;
use bytes::Bytes;
use serde_json::{Value, json};

use super::make;
use crate::{hex, platform::Keys};

/// All keys at one moment.
pub(super) struct Ring {
    signing: BTreeMap<SigningAlgorithm, Arc<SigningKey>>,
    pub(super) verifying: KeySet,
    pub(super) published: PublishedKeys,
    /// When the next turn or end of a key is.
    pub(super) changes_at: Option<Timestamp>,
}

/// The public keys, as they are published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedKeys {
    /// A JWK set, as JSON.
    pub document: Bytes,
    /// Its entity tag, without quotes.
    pub etag: String,
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
        let etag = hex(sha256(document.as_bytes()).get(..8).unwrap_or_default());
        let turns = stored.iter().filter(|row| row.is_next()).map(|row| row.activate_time);
        let ends = stored.iter().filter_map(|row| row.retire_time);
        let changes_at = turns.chain(ends).filter(|at| *at > now).min();
        Ok(Self {
            signing,
            verifying,
            published: PublishedKeys { document: document.into(), etag },
            changes_at,
        })
    }

    /// The key that signs so.
    pub(super) fn signing(&self, algorithm: SigningAlgorithm) -> Option<&Arc<SigningKey>> {
        self.signing.get(&algorithm)
    }
}
