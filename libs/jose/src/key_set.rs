//! Sets of public keys (RFC 7517 §5).

use serde_json::{Value, json};

use crate::{MAX_BYTES, PublicKey, Refusal};

/// The public keys of one signer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<PublicKey>,
}

impl KeySet {
    /// A set of these.
    pub fn new(keys: Vec<PublicKey>) -> Self {
        Self { keys }
    }

    /// Reads a JWK set. Keys that we cannot use are left out, as the standard asks.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if text.len() > MAX_BYTES {
            return Err(Refusal::TooLarge);
        }
        let set: Value = serde_json::from_str(text).map_err(|_| Refusal::Malformed)?;
        let keys = set.get("keys").and_then(Value::as_array).ok_or(Refusal::Malformed)?;
        Ok(Self { keys: keys.iter().filter_map(|jwk| PublicKey::from_jwk(jwk).ok()).collect() })
    }

    /// The document to be published.
    pub fn to_json(&self) -> Value {
        json!({ "keys": self.keys.iter().map(PublicKey::to_jwk).collect::<Vec<_>>() })
    }

    /// The key with this id.
    pub fn find(&self, kid: &str) -> Option<&PublicKey> {
        self.keys.iter().find(|key| key.kid() == kid)
    }

    /// All of them.
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }
}
