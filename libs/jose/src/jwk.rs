//! Public keys that verify, and their JSON form (RFC 7517).

use std::fmt;

use aws_lc_rs::signature::ParsedPublicKey;
use serde_json::{Map, Value};

use crate::{Algorithm, Refusal, material::Material};

/// Most characters of a key's id.
const KID: usize = 256;
/// What a key may be for, at most (RFC 7517 §4.3).
const OPERATIONS: usize = 8;

/// A public key that verifies signatures, by the algorithms that it has.
#[derive(Clone)]
pub struct PublicKey {
    kid: String,
    material: Material,
    /// One for each algorithm of the key, at least one.
    verifiers: Vec<(Algorithm, ParsedPublicKey)>,
}

impl PublicKey {
    /// The key of this material, under its thumbprint as id. `BadKey` when the library finds no such point or number, and
    /// for keys that cannot sign.
    pub(crate) fn new(material: Material, algorithms: &[Algorithm]) -> Result<Self, Refusal> {
        let form = material.library_form();
        let mut verifiers = Vec::new();
        for algorithm in material.algorithms().iter().filter(|one| algorithms.contains(one)) {
            let parsed = ParsedPublicKey::new(algorithm.verification(), &form);
            verifiers.push((*algorithm, parsed.map_err(|_| Refusal::BadKey)?));
        }
        if verifiers.is_empty() {
            return Err(Refusal::BadKey);
        }
        Ok(Self { kid: material.thumbprint(), material, verifiers })
    }

    /// Reads a JWK. `BadKey` for kinds of keys that we do not use, for weak ones (RSA below 2048 bits, Ed25519 points of
    /// small order), for keys meant for something else than signatures, and for private and shared ones, which should not
    /// have come here. Without `kid` the thumbprint is its id; without `alg` an RSA key has both RS256 and PS256.
    pub fn from_jwk(jwk: &Value) -> Result<Self, Refusal> {
        let jwk = jwk.as_object().ok_or(Refusal::BadKey)?;
        if !is_for(jwk, "sig", &["verify"]) {
            return Err(Refusal::BadKey);
        }
        let named = algorithm(jwk)?;
        let algorithms = named.as_ref().map_or(Algorithm::ALL.as_slice(), std::slice::from_ref);
        let mut key = Self::new(Material::from_jwk(jwk)?, algorithms)?;
        key.rename(kid(jwk)?);
        Ok(key)
    }

    /// Gives it another id.
    pub(crate) fn rename(&mut self, kid: Option<&str>) {
        if let Some(kid) = kid {
            kid.clone_into(&mut self.kid);
        }
    }

    /// The JWK, for publishing. `alg` is left out when the key has more than one.
    pub fn to_jwk(&self) -> Value {
        let members =
            self.material.members().into_iter().map(|(name, value)| (name.to_owned(), value.into()));
        let mut jwk: Map<String, Value> = members.collect();
        jwk.insert("kid".to_owned(), self.kid.clone().into());
        jwk.insert("use".to_owned(), "sig".into());
        if let [(algorithm, _)] = self.verifiers.as_slice() {
            jwk.insert("alg".to_owned(), algorithm.name().into());
        }
        Value::Object(jwk)
    }

    /// Its id in a set.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// How it may sign.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.verifiers.iter().map(|(algorithm, _)| *algorithm)
    }

    /// Whether it may sign so.
    pub fn has(&self, algorithm: Algorithm) -> bool {
        self.algorithms().any(|one| one == algorithm)
    }

    /// SHA-256 of the members that make the key, in base64url (RFC 7638). Whatever else a JWK holds does not count.
    pub fn thumbprint(&self) -> String {
        self.material.thumbprint()
    }

    /// `BadSignature` unless its private half made `signature` over `message` by this algorithm, `WrongAlgorithm` when it
    /// is none of the key's.
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Result<(), Refusal> {
        let found = self.verifiers.iter().find(|(one, _)| *one == algorithm);
        let (_, parsed) = found.ok_or(Refusal::WrongAlgorithm)?;
        parsed.verify_sig(message, signature).map_err(|_| Refusal::BadSignature)
    }
}

/// Whether `use` and `key_ops` (each may be left out) let the key do one of these operations.
pub(crate) fn is_for(jwk: &Map<String, Value>, purpose: &str, operations: &[&str]) -> bool {
    let has_purpose = jwk.get("use").is_none_or(|value| value == purpose);
    let has_operation = jwk.get("key_ops").is_none_or(|value| {
        value.as_array().is_some_and(|list| {
            list.len() <= OPERATIONS
                && list.iter().any(|one| one.as_str().is_some_and(|name| operations.contains(&name)))
        })
    });
    has_purpose && has_operation
}

/// The signature algorithm that the JWK names, if it names one.
pub(crate) fn algorithm(jwk: &Map<String, Value>) -> Result<Option<Algorithm>, Refusal> {
    let Some(named) = jwk.get("alg") else { return Ok(None) };
    named.as_str().and_then(Algorithm::from_name).map(Some).ok_or(Refusal::BadKey)
}

/// The id of the key, if it has one.
pub(crate) fn kid(jwk: &Map<String, Value>) -> Result<Option<&str>, Refusal> {
    match jwk.get("kid") {
        None => Ok(None),
        Some(Value::String(kid)) if (1..=KID).contains(&kid.len()) => Ok(Some(kid)),
        Some(_) => Err(Refusal::BadKey),
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.algorithms().map(Algorithm::name).collect();
        write!(f, "PublicKey({} {})", names.join("/"), self.kid)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        (&self.kid, &self.material) == (&other.kid, &other.material)
            && self.algorithms().eq(other.algorithms())
    }
}

impl Eq for PublicKey {}
