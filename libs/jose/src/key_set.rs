//! Sets of public keys (RFC 7517 §5).

use serde_json::{Value, json};

use crate::{Algorithm, PublicKey, Refusal, json, jws::Unverified};

/// Most keys that a set may have.
const KEYS: usize = 100;

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

    /// Reads a JWK set of at most 100 keys. Keys that we cannot use are left out, as the standard asks.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        Self::from_json(&Value::Object(json::object(text.as_bytes())?))
    }

    /// Takes a JWK set that is part of another document. `Malformed` when it holds a private or a shared key: that should
    /// never have left its owner, and must not go unnoticed.
    pub fn from_registration(set: &Value) -> Result<Self, Refusal> {
        let keys = set.get("keys").and_then(Value::as_array).ok_or(Refusal::Malformed)?;
        if keys.iter().any(|key| ["d", "k", "p", "q"].iter().any(|name| key.get(*name).is_some())) {
            return Err(Refusal::Malformed);
        }
        Self::from_json(set)
    }

    fn from_json(set: &Value) -> Result<Self, Refusal> {
        let keys = set.get("keys").and_then(Value::as_array).ok_or(Refusal::Malformed)?;
        if keys.len() > KEYS {
            return Err(Refusal::TooLarge);
        }
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

    /// The key that a token says it was signed by: the one with its `kid` that signs so, or, when it names none, the only
    /// one that does. `UnknownKey` when there is none or more than one.
    pub fn key_for(&self, token: &Unverified<'_>) -> Result<&PublicKey, Refusal> {
        let algorithm = token.algorithm().ok_or(Refusal::WrongAlgorithm)?;
        let fits = |key: &&PublicKey| token.kid().is_none_or(|kid| key.kid() == kid);
        let mut known = self.keys.iter().filter(fits).peekable();
        if known.peek().is_none() {
            return Err(Refusal::UnknownKey);
        }
        let mut usable = known.filter(|key| key.has(algorithm));
        let first = usable.next().ok_or(Refusal::WrongAlgorithm)?;
        if usable.next().is_some() { Err(Refusal::UnknownKey) } else { Ok(first) }
    }

    /// All of them.
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// Whether one of them signs so.
    pub fn has(&self, algorithm: Algorithm) -> bool {
        self.keys.iter().any(|key| key.has(algorithm))
    }
}
