//! The ciphers of the content (RFC 7518 §5).

use aws_lc_rs::{
    aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    cipher::{
        AES_128, AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
        PaddedBlockEncryptingKey, UnboundCipherKey,
    },
    constant_time::verify_slices_are_equal,
    hmac,
    iv::FixedLength,
};
use zeroize::Zeroizing;

use crate::Refusal;

/// Bytes of the tag of AES in GCM.
const GCM_TAG: usize = 16;

/// How a content is encrypted and authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContentEncryption {
    /// AES in GCM with a key of 128 bits.
    A128Gcm,
    /// AES in GCM with a key of 256 bits.
    A256Gcm,
    /// AES in CBC with HMAC-SHA-256, a key of 128 bits each.
    A128CbcHs256,
    /// AES in CBC with HMAC-SHA-512, a key of 256 bits each.
    A256CbcHs512,
}

impl ContentEncryption {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::A128Gcm, Self::A256Gcm, Self::A128CbcHs256, Self::A256CbcHs512];

    /// The name in `enc`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A128Gcm => "A128GCM",
            Self::A256Gcm => "A256GCM",
            Self::A128CbcHs256 => "A128CBC-HS256",
            Self::A256CbcHs512 => "A256CBC-HS512",
        }
    }

    /// The cipher of this name, exactly as it is spelt.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cipher| cipher.name() == name)
    }

    /// Bytes of the content key.
    pub const fn key_bytes(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A256Gcm | Self::A128CbcHs256 => 32,
            Self::A256CbcHs512 => 64,
        }
    }

    pub(super) const fn iv_bytes(self) -> usize {
        match self {
            Self::A128Gcm | Self::A256Gcm => 12,
            Self::A128CbcHs256 | Self::A256CbcHs512 => 16,
        }
    }

    /// The ciphertext and its tag.
    pub(super) fn seal(
        self,
        key: &[u8],
        iv: &[u8],
        aad: &[u8],
        mut text: Vec<u8>,
    ) -> Result<(Vec<u8>, Vec<u8>), Refusal> {
        let failure = |_| Refusal::Failure;
        match self {
            Self::A128Gcm | Self::A256Gcm => {
                let nonce = Nonce::try_assume_unique_for_key(iv).map_err(failure)?;
                let key = self.gcm(key)?;
                let tag =
                    key.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut text).map_err(failure)?;
                Ok((text, tag.as_ref().to_vec()))
            }
            Self::A128CbcHs256 | Self::A256CbcHs512 => {
                let (mac, cipher) = self.halves(key)?;
                let iv: [u8; 16] = iv.try_into().map_err(|_| Refusal::Failure)?;
                let context = EncryptionContext::Iv128(FixedLength::from(iv));
                let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(cipher).map_err(failure)?;
                cipher.less_safe_encrypt(&mut text, context).map_err(failure)?;
                let tag = self.cbc_tag(&mac, aad, &iv, &text)?;
                Ok((text, tag))
            }
        }
    }

    /// The plain text, if the tag fits. Everything that is wrong is `Undecryptable`.
    pub(super) fn open(
        self,
        key: &[u8],
        iv: &[u8],
        aad: &[u8],
        mut text: Vec<u8>,
        tag: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let undecryptable = |_| Refusal::Undecryptable;
        match self {
            Self::A128Gcm | Self::A256Gcm => {
                // A shorter tag would be easier to guess.
                if tag.len() != GCM_TAG {
                    return Err(Refusal::Undecryptable);
                }
                let nonce = Nonce::try_assume_unique_for_key(iv).map_err(undecryptable)?;
                let key = self.gcm(key)?;
                key.open_in_place_separate_tag(nonce, Aad::from(aad), tag, &mut text)
                    .map_err(undecryptable)?;
                Ok(Zeroizing::new(text))
            }
            Self::A128CbcHs256 | Self::A256CbcHs512 => {
                let (mac, cipher) = self.halves(key)?;
                let iv: [u8; 16] = iv.try_into().map_err(|_| Refusal::Undecryptable)?;
                let expected = self.cbc_tag(&mac, aad, &iv, &text)?;
                verify_slices_are_equal(&expected, tag).map_err(undecryptable)?;
                let cipher = PaddedBlockDecryptingKey::cbc_pkcs7(cipher).map_err(undecryptable)?;
                let context = DecryptionContext::Iv128(FixedLength::from(iv));
                let length = cipher.decrypt(&mut text, context).map_err(undecryptable)?.len();
                text.truncate(length);
                Ok(Zeroizing::new(text))
            }
        }
    }

    fn gcm(self, key: &[u8]) -> Result<LessSafeKey, Refusal> {
        let algorithm = if self == Self::A128Gcm { &AES_128_GCM } else { &AES_256_GCM };
        UnboundKey::new(algorithm, key).map(LessSafeKey::new).map_err(|_| Refusal::Undecryptable)
    }

    /// The first half of the key authenticates, the second encrypts (§5.2.2.1).
    fn halves(self, key: &[u8]) -> Result<(hmac::Key, UnboundCipherKey), Refusal> {
        let (mac, cipher) = key.split_at_checked(self.key_bytes() / 2).ok_or(Refusal::Undecryptable)?;
        let (mac_algorithm, algorithm) = match self {
            Self::A256CbcHs512 => (hmac::HMAC_SHA512, &AES_256),
            _ => (hmac::HMAC_SHA256, &AES_128),
        };
        let cipher = UnboundCipherKey::new(algorithm, cipher).map_err(|_| Refusal::Undecryptable)?;
        Ok((hmac::Key::new(mac_algorithm, mac), cipher))
    }

    /// The first half of the HMAC over what is authenticated, the vector, the ciphertext, and the bits of the first.
    fn cbc_tag(self, key: &hmac::Key, aad: &[u8], iv: &[u8], text: &[u8]) -> Result<Vec<u8>, Refusal> {
        let bits = u64::try_from(aad.len()).map_err(|_| Refusal::TooLarge)?.saturating_mul(8);
        let mut context = hmac::Context::with_key(key);
        for part in [aad, iv, text, &bits.to_be_bytes()] {
            context.update(part);
        }
        let whole = context.sign();
        Ok(whole.as_ref().get(..self.key_bytes() / 2).ok_or(Refusal::Failure)?.to_vec())
    }
}

#[cfg(test)]
mod tests;
