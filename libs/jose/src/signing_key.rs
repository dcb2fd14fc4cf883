//! Private keys.

use std::fmt;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use zeroize::Zeroizing;

use crate::{Algorithm, PublicKey, Refusal};

/// An `ECPrivateKey` on P-256 (RFC 5915 §3) before and after the 32 bytes of the key. It leaves out the public half, which
/// follows from the private one.
const DER_BEFORE: [u8; 7] = [0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
const DER_AFTER: [u8; 12] = [0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// A private key that signs, with its public half. Never shown; clones share nothing that changes.
#[derive(Clone)]
pub struct SigningKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// The key on P-256 that these bytes are, which nobody must be able to guess. `BadKey` for the very few that are none
    /// (1 in 2^32): draw others.
    pub fn from_secret(secret: &[u8; 32]) -> Result<Self, Refusal> {
        let der = Zeroizing::new([DER_BEFORE.as_slice(), secret, &DER_AFTER].concat());
        let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &der);
        Self::of(pair.map_err(|_| Refusal::BadKey)?)
    }

    /// Reads a key on P-256 from PKCS#8 (RFC 5208).
    pub fn from_pkcs8(document: &[u8]) -> Result<Self, Refusal> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document);
        Self::of(pair.map_err(|_| Refusal::BadKey)?)
    }

    fn of(pair: EcdsaKeyPair) -> Result<Self, Refusal> {
        let public = PublicKey::from_point(pair.public_key().as_ref())?;
        Ok(Self { pair, public })
    }

    /// Writes it as PKCS#8, unencrypted: to be sealed by whoever keeps it.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let document = self.pair.to_pkcs8v1().map_err(|_| Refusal::Failure)?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Its id in the set: the thumbprint.
    pub fn kid(&self) -> &str {
        self.public.kid()
    }

    /// How it signs.
    pub fn algorithm(&self) -> Algorithm {
        self.public.algorithm()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        // The library draws the nonce itself and does not look at what is given.
        let signature = self.pair.sign(&SystemRandom::new(), message).map_err(|_| Refusal::Failure)?;
        Ok(signature.as_ref().to_vec())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.algorithm(), self.kid())
    }
}
