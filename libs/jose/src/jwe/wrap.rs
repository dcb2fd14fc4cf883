//! AES Key Wrap (RFC 3394), for content keys.

use aws_lc_rs::key_wrap::{AES_128, AES_256, AesKek, KeyWrap as _};
use zeroize::Zeroizing;

use crate::Refusal;

/// What the wrapping adds.
const CHECK: usize = 8;

pub(super) fn wrap(key: &[u8], content_key: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut wrapped = vec![0; content_key.len() + CHECK];
    let kek = kek(key).ok_or(Refusal::Failure)?;
    let length = kek.wrap(content_key, &mut wrapped).map_err(|_| Refusal::Failure)?.len();
    wrapped.truncate(length);
    Ok(wrapped)
}

/// The content key, if it was wrapped by this one and has so many bytes.
pub(super) fn unwrap(key: &[u8], wrapped: &[u8], bytes: usize) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    if wrapped.len() != bytes + CHECK {
        return Err(Refusal::Undecryptable);
    }
    let mut content_key = Zeroizing::new(vec![0; bytes]);
    let kek = kek(key).ok_or(Refusal::Undecryptable)?;
    kek.unwrap(wrapped, &mut content_key).map_err(|_| Refusal::Undecryptable)?;
    Ok(content_key)
}

fn kek(key: &[u8]) -> Option<AesKek> {
    let cipher = match key.len() {
        16 => &AES_128,
        32 => &AES_256,
        _ => return None,
    };
    AesKek::new(cipher, key).ok()
}

#[cfg(test)]
mod tests;
