//! Hashes of other systems, as they were imported (`contract/10` §4.2): read, limited and compared, never made.
//!
//! Each has one text, in the form that its own world writes where there is one. What fields an import names them by
//! stands in `imported_hash`; here are the texts only.

mod bcrypt;
mod digest;
mod encoding;
mod firebase;
mod pbkdf2;
mod phpass;
mod scrypt;
mod sha_crypt;

use std::fmt::Display;

use avnology_model::{Error, Result, credentials::ArgonCost};
use aws_lc_rs::constant_time::verify_slices_are_equal;

pub(crate) use self::{
    bcrypt::Bcrypt, digest::Digest, encoding::decode_base64, firebase::Firebase, pbkdf2::Pbkdf2,
    phpass::Phpass, scrypt::Scrypt, sha_crypt::ShaCrypt,
};

/// Most bytes of a salt, a key or a hash.
const PART: usize = 256;
/// Longest text.
const TEXT: usize = 2_048;
/// Most times that a hash may be repeated: twice what is usual for the quickest of them.
const ROUNDS: u32 = 2_000_000;
/// Longest password that is tried where each round reads it, in bytes: the longest that a policy allows to be set.
const PASSWORD: usize = 1_024;

/// A kind of hash. `Display` writes its text, and [`read`] reads it.
pub(crate) trait Scheme: Display + Send + Sync {
    /// Says what asks for too much: before any work, and by the parameters alone.
    fn check(&self, ceiling: ArgonCost) -> Result<(), String>;

    /// Whether it was made of this password.
    fn matches(&self, password: &[u8]) -> Result<bool>;

    /// Memory that one comparison takes, in KiB, where it is much.
    fn memory_kib(&self) -> u64 {
        0
    }
}

/// The hash in a text. The refusal does not show the text.
pub(crate) fn read(text: &str) -> Result<Box<dyn Scheme>, String> {
    if text.len() > TEXT {
        return Err("it is too long".to_owned());
    }
    let id = text.strip_prefix('$').and_then(|rest| rest.split('$').next()).unwrap_or_default();
    match id {
        "2a" | "2b" | "2y" => Bcrypt::read(text).map(boxed),
        "scrypt" => Scrypt::read(text).map(boxed),
        "firebase-scrypt" => Firebase::read(text).map(boxed),
        "P" | "H" => Phpass::read(text).map(boxed),
        "5" | "6" => ShaCrypt::read(text).map(boxed),
        id if id.starts_with("pbkdf2-") => Pbkdf2::read(text).map(boxed),
        id if id.starts_with("digest-") => Digest::read(text).map(boxed),
        _ => Err("it is of no known kind".to_owned()),
    }
}

fn boxed<S: Scheme + 'static>(scheme: S) -> Box<dyn Scheme> {
    Box::new(scheme)
}

fn same(computed: &[u8], stored: &[u8]) -> bool {
    verify_slices_are_equal(computed, stored).is_ok()
}

/// What a library says about parameters that were checked before.
fn unforeseen(error: impl std::fmt::Debug) -> Error {
    Error::internal(format!("an imported hash cannot be computed: {error:?}"))
}

/// A hash or key of at least 16 bytes, so that nothing short matches by chance, or everything an empty one.
fn long_enough(bytes: &[u8]) -> Result<(), String> {
    if (16..=PART).contains(&bytes.len()) {
        Ok(())
    } else {
        Err(format!("the hash is {} bytes long, not 16 to {PART}", bytes.len()))
    }
}

#[cfg(test)]
mod tests;
