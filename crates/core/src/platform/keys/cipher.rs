//! AES-256-GCM with random nonces: `nonce (12) ‖ ciphertext ‖ tag (16)`.
//!
//! A key must not seal more than 2^32 values (NIST SP 800-38D §8.3), which no tenant comes near.

use avnology_model::{Error, Result};
use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

pub(super) struct Cipher {
    key: RandomizedNonceKey,
}

impl Cipher {
    /// Fails (`_999`) unless the key has 32 bytes.
    pub(super) fn new(key: &[u8]) -> Result<Self> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, key);
        key.map(|key| Self { key }).map_err(|_| Error::internal("a key for AES-256 must have 32 bytes"))
    }

    pub(super) fn seal(&self, aad: &[u8], secret: &[u8]) -> Result<Vec<u8>> {
        let mut text = Zeroizing::new(secret.to_vec());
        let sealed = self.key.seal_in_place_separate_tag(Aad::from(aad), &mut text);
        let (nonce, tag) = sealed.map_err(|_| Error::internal("AES-256-GCM could not seal"))?;
        Ok([nonce.as_ref(), text.as_slice(), tag.as_ref()].concat())
    }

    /// `None` when this is not what [`Cipher::seal`] made with the same key and `aad`.
    pub(super) fn open(&self, aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, text) = sealed.split_first_chunk::<12>()?;
        let mut text = Zeroizing::new(text.to_vec());
        let length = self.key.open_in_place(Nonce::from(nonce), Aad::from(aad), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

/// Parts joined so that no other parts give the same bytes: each after its length.
pub(super) fn bind(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        out.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}
