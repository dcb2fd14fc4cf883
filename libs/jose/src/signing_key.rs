//! Private keys that sign.

use std::fmt;

use aws_lc_rs::{
    encoding::{AsBigEndian as _, AsDer as _},
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    },
};
use serde_json::Value;
use zeroize::{Zeroize as _, Zeroizing};

use crate::{
    Algorithm, PublicKey, Refusal, base64url, der, jwk,
    material::{Curve, Material},
};

/// The numbers of a private RSA key in the order of `RSAPrivateKey` (RFC 8017 §A.1.2) after the version, `n` and `e`.
const RSA_MEMBERS: [&str; 6] = ["d", "p", "q", "dp", "dq", "qi"];

/// An `ECPrivateKey` on P-256 (RFC 5915 §3) before and after the 32 bytes of the key. It leaves out the public half, which
/// follows from the private one.
const DER_BEFORE: [u8; 7] = [0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
const DER_AFTER: [u8; 12] = [0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// A private key that signs by one algorithm, with its public half. Never shown; clones share nothing that changes.
#[derive(Clone)]
pub struct SigningKey {
    pair: Pair,
    algorithm: Algorithm,
    public: PublicKey,
}

#[derive(Clone)]
enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(rsa::KeyPair),
}

impl SigningKey {
    /// The ES256 key that these bytes are, which nobody must be able to guess. `BadKey` for the very few that are none
    /// (1 in 2^32): draw others.
    pub fn from_secret(secret: &[u8; 32]) -> Result<Self, Refusal> {
        let der = Zeroizing::new([DER_BEFORE.as_slice(), secret, &DER_AFTER].concat());
        let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &der);
        Self::of(Pair::Ecdsa(pair.map_err(|_| Refusal::BadKey)?), Algorithm::Es256)
    }

    /// The `EdDSA` key on Ed25519 that these bytes are, which nobody must be able to guess.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, Refusal> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| Refusal::BadKey)?;
        Self::of(Pair::Ed25519(pair), Algorithm::EdDsa)
    }

    /// A new RSA key of 3072 bits. No bytes of a caller make one: the cryptographic library draws it, which takes a good
    /// part of a second. `BadKey` for algorithms that are not RSA's.
    pub fn generate_rsa(algorithm: Algorithm) -> Result<Self, Refusal> {
        if !algorithm.is_rsa() {
            return Err(Refusal::BadKey);
        }
        let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa3072).map_err(|_| Refusal::Failure)?;
        Self::of(Pair::Rsa(pair), algorithm)
    }

    /// Reads a key of this algorithm from PKCS#8 (RFC 5208).
    pub fn from_pkcs8(algorithm: Algorithm, document: &[u8]) -> Result<Self, Refusal> {
        let pair = match (ecdsa(algorithm), algorithm) {
            (Some((signing, _)), _) => EcdsaKeyPair::from_pkcs8(signing, document).map(Pair::Ecdsa),
            (None, Algorithm::EdDsa) => Ed25519KeyPair::from_pkcs8(document).map(Pair::Ed25519),
            (None, _) => rsa::KeyPair::from_pkcs8(document).map(Pair::Rsa),
        };
        Self::of(pair.map_err(|_| Refusal::BadKey)?, algorithm)
    }

    /// Reads a private JWK, whose public half must fit. An RSA key says its `alg` and brings all its numbers. Its id is the
    /// thumbprint unless it has a `kid`.
    pub fn from_jwk(jwk: &Value) -> Result<Self, Refusal> {
        let members = jwk.as_object().ok_or(Refusal::BadKey)?;
        if !jwk::is_for(members, "sig", &["sign"]) || members.contains_key("oth") {
            return Err(Refusal::BadKey);
        }
        let material = Material::from_public_members(members)?;
        let algorithm = match (jwk::algorithm(members)?, material.algorithms()) {
            (Some(named), has) if has.contains(&named) => named,
            (None, [only]) => *only,
            _ => return Err(Refusal::BadKey),
        };
        let secret = Zeroizing::new(crate::material::bytes(members, "d")?);
        let pair = match &material {
            Material::Ec(_, point) => {
                let (signing, _) = ecdsa(algorithm).ok_or(Refusal::BadKey)?;
                EcdsaKeyPair::from_private_key_and_public_key(signing, &secret, point).map(Pair::Ecdsa)
            }
            Material::Ed25519(key) => {
                Ed25519KeyPair::from_seed_and_public_key(&secret, key).map(Pair::Ed25519)
            }
            Material::Rsa(n, e) => {
                let mut numbers = vec![Zeroizing::new(n.clone()), Zeroizing::new(e.clone())];
                for name in RSA_MEMBERS {
                    numbers.push(Zeroizing::new(crate::material::bytes(members, name)?));
                }
                rsa_pair(&numbers)?.map(Pair::Rsa)
            }
            Material::X25519(_) => return Err(Refusal::BadKey),
        };
        let mut key = Self::of(pair.map_err(|_| Refusal::BadKey)?, algorithm)?;
        key.public.rename(jwk::kid(members)?);
        Ok(key)
    }

    fn of(pair: Pair, algorithm: Algorithm) -> Result<Self, Refusal> {
        let material = match (&pair, ecdsa(algorithm)) {
            (Pair::Ecdsa(pair), Some((_, curve))) => Material::ec(curve, pair.public_key().as_ref())?,
            (Pair::Ed25519(pair), None) => Material::ed25519(pair.public_key().as_ref())?,
            (Pair::Rsa(pair), None) => {
                let [n, e] = <[Vec<u8>; 2]>::try_from(der::numbers(pair.public_key().as_ref())?)
                    .map_err(|_| Refusal::BadKey)?;
                Material::rsa(n, e)?
            }
            _ => return Err(Refusal::BadKey),
        };
        let public = PublicKey::new(material, &[algorithm])?;
        Ok(Self { pair, algorithm, public })
    }

    /// Writes it as PKCS#8, unencrypted: to be sealed by whoever keeps it.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let document = match &self.pair {
            Pair::Ecdsa(pair) => pair.to_pkcs8v1().map(|document| document.as_ref().to_vec()),
            Pair::Ed25519(pair) => pair.to_pkcs8v1().map(|document| document.as_ref().to_vec()),
            Pair::Rsa(pair) => pair.as_der().map(|document| document.as_ref().to_vec()),
        };
        document.map(Zeroizing::new).map_err(|_| Refusal::Failure)
    }

    /// Writes it as a private JWK, in JSON: to be sealed by whoever keeps it.
    pub fn to_jwk(&self) -> Result<Zeroizing<String>, Refusal> {
        let mut jwk = self.public.to_jwk();
        let members = jwk.as_object_mut().ok_or(Refusal::Failure)?;
        let mut put = |name: &str, bytes: &[u8]| {
            members.insert(name.to_owned(), base64url::encode(bytes).into());
        };
        match &self.pair {
            Pair::Ecdsa(pair) => {
                put("d", pair.private_key().as_be_bytes().map_err(|_| Refusal::Failure)?.as_ref());
            }
            Pair::Ed25519(pair) => {
                let seed = pair.seed().map_err(|_| Refusal::Failure)?;
                put("d", seed.as_be_bytes().map_err(|_| Refusal::Failure)?.as_ref());
            }
            Pair::Rsa(_) => {
                let document = self.to_pkcs8()?;
                let mut numbers = der::numbers(der::private_key(&document)?)?;
                for (name, number) in RSA_MEMBERS.iter().zip(numbers.iter().skip(3)) {
                    put(name, number);
                }
                numbers.zeroize();
            }
        }
        let text = Zeroizing::new(jwk.to_string());
        wipe(&mut jwk);
        Ok(text)
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Its id in the set: the thumbprint, unless it was read with another.
    pub fn kid(&self) -> &str {
        self.public.kid()
    }

    /// How it signs.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Bytes of a signature.
    pub(crate) fn signature_bytes(&self) -> usize {
        match (&self.pair, self.algorithm) {
            (Pair::Rsa(pair), _) => pair.public_modulus_len(),
            (_, Algorithm::Es384) => 96,
            _ => 64,
        }
    }

    /// Signs. (The nonces and salts are drawn by the library, which does not look at the generator that it is given.)
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        let random = SystemRandom::new();
        let failure = |_| Refusal::Failure;
        match &self.pair {
            Pair::Ecdsa(pair) => Ok(pair.sign(&random, message).map_err(failure)?.as_ref().to_vec()),
            Pair::Ed25519(pair) => Ok(pair.try_sign(message).map_err(failure)?.as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let signed = if self.algorithm == Algorithm::Ps256 {
                    pair.sign(&RSA_PSS_SHA256, &random, message, &mut signature)
                } else {
                    pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                };
                signed.map_err(failure)?;
                Ok(signature)
            }
        }
    }
}

fn ecdsa(algorithm: Algorithm) -> Option<(&'static EcdsaSigningAlgorithm, Curve)> {
    match algorithm {
        Algorithm::Es256 => Some((&ECDSA_P256_SHA256_FIXED_SIGNING, Curve::P256)),
        Algorithm::Es384 => Some((&ECDSA_P384_SHA384_FIXED_SIGNING, Curve::P384)),
        Algorithm::Rs256 | Algorithm::Ps256 | Algorithm::EdDsa => None,
    }
}

type Rejected = aws_lc_rs::error::KeyRejected;

/// The pair of `n`, `e` and the [`RSA_MEMBERS`].
pub(crate) fn rsa_pair(numbers: &[Zeroizing<Vec<u8>>]) -> Result<Result<rsa::KeyPair, Rejected>, Refusal> {
    let [n, e, private, primes @ .., dp, dq, qi] = numbers else { return Err(Refusal::BadKey) };
    let [first, second] = primes else { return Err(Refusal::BadKey) };
    Ok(rsa::KeyPair::from_components(&rsa::KeyPairComponents {
        public_key: rsa::PublicKeyComponents { n: n.as_slice(), e: e.as_slice() },
        d: private.as_slice(),
        p: first.as_slice(),
        q: second.as_slice(),
        dP: dp.as_slice(),
        dQ: dq.as_slice(),
        qInv: qi.as_slice(),
    }))
}

/// Overwrites the texts of a document.
fn wipe(document: &mut Value) {
    for member in document.as_object_mut().into_iter().flat_map(|members| members.values_mut()) {
        if let Value::String(text) = member {
            text.zeroize();
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.algorithm(), self.kid())
    }
}
