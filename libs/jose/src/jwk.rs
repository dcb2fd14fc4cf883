//! Public keys and their JSON form (RFC 7517; RFC 7518 §6.2 for elliptic curves).

use std::fmt;

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey},
};
use serde_json::{Value, json};

use crate::{Algorithm, Refusal, base64url};

/// Bytes of a coordinate on P-256.
const COORDINATE: usize = 32;
/// Most characters of a key's id.
const KID: usize = 256;

/// A public key that verifies signatures.
#[derive(Clone)]
pub struct PublicKey {
    algorithm: Algorithm,
    kid: String,
    x: [u8; COORDINATE],
    y: [u8; COORDINATE],
    parsed: ParsedPublicKey,
}

impl PublicKey {
    /// The key at an uncompressed point of P-256 (SEC 1 §2.3.3), under its thumbprint as id. `BadKey` when the curve has
    /// no such point.
    pub(crate) fn from_point(point: &[u8]) -> Result<Self, Refusal> {
        let (form, coordinates) = point.split_first().ok_or(Refusal::BadKey)?;
        let (x, y) = coordinates.split_at_checked(COORDINATE).ok_or(Refusal::BadKey)?;
        let (x, y) = (x.try_into().map_err(|_| Refusal::BadKey)?, y.try_into().map_err(|_| Refusal::BadKey)?);
        if *form != 4 {
            return Err(Refusal::BadKey);
        }
        let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_| Refusal::BadKey)?;
        let mut key = Self { algorithm: Algorithm::Es256, kid: String::new(), x, y, parsed };
        key.kid = key.thumbprint();
        Ok(key)
    }

    /// Reads a JWK. `BadKey` for kinds of keys that we do not use, for keys meant for something else than signatures, and
    /// for private ones, which should not have come here. Without `kid` the thumbprint is its id.
    pub fn from_jwk(jwk: &Value) -> Result<Self, Refusal> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let is_absent_or = |name: &str, wanted: &str| jwk.get(name).is_none_or(|value| value == wanted);
        let verifies = jwk.get("key_ops").is_none_or(|operations| {
            operations.as_array().is_some_and(|list| list.iter().any(|operation| operation == "verify"))
        });
        let is_usable = text("kty") == Some("EC")
            && text("crv") == Some("P-256")
            && is_absent_or("alg", Algorithm::Es256.name())
            && is_absent_or("use", "sig")
            && verifies
            && jwk.get("d").is_none();
        if !is_usable {
            return Err(Refusal::BadKey);
        }
        let coordinate = |name: &str| {
            let bytes = base64url::decode(text(name).unwrap_or_default()).map_err(|_| Refusal::BadKey)?;
            if bytes.len() == COORDINATE { Ok(bytes) } else { Err(Refusal::BadKey) }
        };
        let mut key = Self::from_point(&[vec![4], coordinate("x")?, coordinate("y")?].concat())?;
        match jwk.get("kid") {
            None => {}
            Some(Value::String(kid)) if (1..=KID).contains(&kid.len()) => key.kid.clone_from(kid),
            Some(_) => return Err(Refusal::BadKey),
        }
        Ok(key)
    }

    /// The JWK, for publishing.
    pub fn to_jwk(&self) -> Value {
        let (x, y) = (base64url::encode(&self.x), base64url::encode(&self.y));
        json!({
            "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": self.kid, "alg": self.algorithm.name(), "use": "sig",
        })
    }

    /// Its id in a set.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// How it signs.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// SHA-256 of the members that make the key, in base64url (RFC 7638).
    pub fn thumbprint(&self) -> String {
        let (x, y) = (base64url::encode(&self.x), base64url::encode(&self.y));
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        base64url::encode(digest(&SHA256, canonical.as_bytes()).as_ref())
    }

    /// `BadSignature` unless its private half made `signature` over `message`.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Refusal> {
        self.parsed.verify_sig(message, signature).map_err(|_| Refusal::BadSignature)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} {})", self.algorithm, self.kid)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        (self.algorithm, &self.kid, self.x, self.y) == (other.algorithm, &other.kid, other.x, other.y)
    }
}

impl Eq for PublicKey {}
