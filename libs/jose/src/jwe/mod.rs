//! Encrypted bytes in the compact form, `header.key.iv.text.tag` (RFC 7516 §7.1).
//!
//! Keys have one way of their own to bring the content key about (`alg`), and the caller names the ciphers that count
//! (`enc`). Passwords (`PBES2-…`, whose count of rounds a sender could raise without end), RSA with PKCS#1 v1.5 padding or
//! SHA-1, and compression (a few bytes that grow to gigabytes) are not there.

mod agreement;
mod content;
mod key;
mod wrap;

use serde_json::{Value, json};
use zeroize::Zeroizing;

pub use content::ContentEncryption;
pub use key::{DecryptionKey, EncryptionKey, KeyManagement};

use crate::{MAX_BYTES, Refusal, base64url, header::Header};

/// Bytes that nobody can guess, from whoever has them.
pub type Random<'r> = &'r mut dyn FnMut(&mut [u8]);

/// An encrypted text that was taken apart. Its header serves to find the key.
#[derive(Debug)]
pub struct Encrypted<'t> {
    header: Header,
    /// As it stands in the text: it is authenticated with the content.
    protected: &'t str,
    content_key: Vec<u8>,
    iv: Vec<u8>,
    ciphertext: Vec<u8>,
    tag: Vec<u8>,
}

impl<'t> Encrypted<'t> {
    /// Takes an encrypted text apart. `UnknownExtension` when its header has `crit` or `zip`, `KeyInHeader` when it brings
    /// a key along.
    pub fn parse(text: &'t str) -> Result<Self, Refusal> {
        if text.len() > MAX_BYTES {
            return Err(Refusal::TooLarge);
        }
        let mut parts = text.split('.');
        let (Some(protected), Some(key), Some(iv), Some(ciphertext), Some(tag), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refusal::Malformed);
        };
        let header = Header::parse(protected)?.without_keys()?;
        if header.members.contains_key("zip") {
            return Err(Refusal::UnknownExtension);
        }
        Ok(Self {
            header,
            protected,
            content_key: base64url::decode(key)?,
            iv: base64url::decode(iv)?,
            ciphertext: base64url::decode(ciphertext)?,
            tag: base64url::decode(tag)?,
        })
    }

    /// For which key it says it was encrypted.
    pub fn kid(&self) -> Option<&str> {
        self.header.text("kid")
    }

    /// What it says it holds; `JWT` for a token that was signed before.
    pub fn content_type(&self) -> Option<&str> {
        self.header.text("cty")
    }

    /// The content, if it was encrypted for this key in the key's way and by a cipher that is allowed. Whatever fails
    /// after that is `Undecryptable`.
    pub fn decrypt(
        self,
        key: &DecryptionKey,
        allowed: &[ContentEncryption],
    ) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        if self.header.alg != key.management().name() {
            return Err(Refusal::WrongAlgorithm);
        }
        let named = self.header.text("enc").and_then(ContentEncryption::from_name);
        let content = named.filter(|one| allowed.contains(one)).ok_or(Refusal::WrongAlgorithm)?;
        let content_key = key.content_key(content, &self.header, &self.content_key)?;
        content.open(&content_key, &self.iv, self.protected.as_bytes(), self.ciphertext, &self.tag)
    }
}

/// Encrypts a content for a key. `TooLarge` when the result would be so large that nobody would read it.
pub fn encrypt(
    key: &EncryptionKey,
    content: ContentEncryption,
    content_type: Option<&str>,
    plaintext: &[u8],
    random: Random<'_>,
) -> Result<String, Refusal> {
    let sealed = key.content_key(content, random)?;
    let mut header = json!({ "alg": key.management().name(), "enc": content.name() });
    for (name, value) in [
        ("kid", key.kid().map(Value::from)),
        ("cty", content_type.map(Value::from)),
        ("epk", sealed.ephemeral),
    ] {
        if let (Some(value), Some(members)) = (value, header.as_object_mut()) {
            members.insert(name.to_owned(), value);
        }
    }
    let protected = base64url::encode(header.to_string().as_bytes());
    let mut iv = vec![0; content.iv_bytes()];
    random(&mut iv);
    let (ciphertext, tag) =
        content.seal(&sealed.content_key, &iv, protected.as_bytes(), plaintext.to_vec())?;
    let rest = [sealed.encrypted_key, iv, ciphertext, tag].map(|part| base64url::encode(&part));
    let text = format!("{protected}.{}", rest.join("."));
    if text.len() > MAX_BYTES { Err(Refusal::TooLarge) } else { Ok(text) }
}
