//! A bare hash of salt and password, as old systems kept them: `$digest-sha256$i=1,s=prefix$<salt>$<hash>`.
//!
//! The first round hashes salt and password, each further one what the round before gave.

use std::fmt;

use avnology_model::{
    Result,
    credentials::{ArgonCost, DigestKind, SaltPosition},
};
use aws_lc_rs::digest::{Algorithm, Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512};
use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

use super::{
    PART, ROUNDS, Scheme,
    encoding::{decode_base64, encode_base64, number, parts},
    same,
};

/// Bytes of a hash.
const fn length(kind: DigestKind) -> usize {
    match kind {
        DigestKind::Md5 => 16,
        DigestKind::Sha1 => 20,
        DigestKind::Sha256 => 32,
        DigestKind::Sha512 => 64,
    }
}

fn hash(kind: DigestKind, parts: [&[u8]; 2]) -> Zeroizing<Vec<u8>> {
    let algorithm: &'static Algorithm = match kind {
        DigestKind::Md5 => {
            let hash = parts.into_iter().fold(Md5::new(), md5::Digest::chain_update);
            return Zeroizing::new(hash.finalize().to_vec());
        }
        DigestKind::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
        DigestKind::Sha256 => &SHA256,
        DigestKind::Sha512 => &SHA512,
    };
    let mut hash = Context::new(algorithm);
    for part in parts {
        hash.update(part);
    }
    Zeroizing::new(hash.finish().as_ref().to_vec())
}

pub(crate) struct Digest {
    pub(crate) kind: DigestKind,
    pub(crate) iterations: u32,
    pub(crate) position: SaltPosition,
    pub(crate) salt: Vec<u8>,
    pub(crate) output: Vec<u8>,
}

impl Digest {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let read = || {
            let kind = text.strip_prefix("$digest-")?.split('$').next()?.parse().ok()?;
            let [how, salt, output] = parts(text)?;
            let (iterations, position) = how.split_once(',')?;
            Some(Self {
                kind,
                iterations: number(iterations.strip_prefix("i=")?)?,
                position: position.strip_prefix("s=")?.parse().ok()?,
                salt: decode_base64(salt)?,
                output: decode_base64(output)?,
            })
        };
        read().ok_or_else(|| "it is not a whole $digest-".to_owned())
    }

    /// LDAP's `{SSHA}`, `{SSHA256}` and `{SSHA512}`: hash and salt in one.
    pub(crate) fn read_ssha(kind: DigestKind, text: &str) -> Option<Self> {
        let mut output = decode_base64(text)?;
        if output.len() < length(kind) {
            return None;
        }
        let salt = output.split_off(length(kind));
        Some(Self { kind, iterations: 1, position: SaltPosition::Suffix, salt, output })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (salt, output) = (encode_base64(&self.salt), encode_base64(&self.output));
        write!(f, "$digest-{}$i={},s={}${salt}${output}", self.kind, self.iterations, self.position)
    }
}

impl Scheme for Digest {
    fn check(&self, _: ArgonCost) -> Result<(), String> {
        if self.output.len() != length(self.kind) {
            return Err(format!("the hash is {} bytes long, not {}", self.output.len(), length(self.kind)));
        }
        if self.salt.len() > PART {
            return Err("the salt is too long".to_owned());
        }
        match self.iterations {
            1..=ROUNDS => Ok(()),
            other => Err(format!("{other} iterations are too many, or none")),
        }
    }

    fn matches(&self, password: &[u8]) -> Result<bool> {
        let first = match self.position {
            SaltPosition::Prefix => [&self.salt, password],
            SaltPosition::Suffix => [password, &self.salt],
        };
        let mut output = hash(self.kind, first);
        for _ in 1..self.iterations {
            output = hash(self.kind, [&output, &[]]);
        }
        Ok(same(&output, &self.output))
    }
}
