//! The portable hash of phpass, as `WordPress` and phpBB kept it: `$P$<count><salt><hash>`.

use std::fmt;

use avnology_model::{Result, credentials::ArgonCost};
use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

use super::{
    PASSWORD, ROUNDS, Scheme,
    encoding::{crypt_base64, crypt_value},
    same,
};

pub(crate) struct Phpass {
    text: String,
    log_rounds: u32,
}

impl Phpass {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let read = || {
            let letters = text.strip_prefix("$P$").or_else(|| text.strip_prefix("$H$"))?;
            let is_whole = letters.len() == 31 && letters.bytes().all(|b| crypt_value(b).is_some());
            let log_rounds = letters.bytes().next().and_then(crypt_value)?;
            is_whole.then(|| Self { text: text.to_owned(), log_rounds })
        };
        read().ok_or_else(|| "it is not $P$ or $H$ with 31 letters".to_owned())
    }

    fn salt_and_hash(&self) -> Option<(&[u8], &[u8])> {
        let bytes = self.text.as_bytes();
        Some((bytes.get(4..12)?, bytes.get(12..)?))
    }
}

impl fmt::Display for Phpass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Scheme for Phpass {
    fn check(&self, _: ArgonCost) -> Result<(), String> {
        match 1_u32.checked_shl(self.log_rounds) {
            Some(128..=ROUNDS) => Ok(()),
            _ => Err(format!("2^{} rounds are too many, or too few", self.log_rounds)),
        }
    }

    fn matches(&self, password: &[u8]) -> Result<bool> {
        let Some((salt, stored)) = self.salt_and_hash().filter(|_| password.len() <= PASSWORD) else {
            return Ok(false);
        };
        let hash = |first: &[u8]| Md5::new().chain_update(first).chain_update(password).finalize();
        let mut output = Zeroizing::new(<[u8; 16]>::from(hash(salt)));
        for _ in 0..1_u32.checked_shl(self.log_rounds).unwrap_or(0) {
            *output = hash(output.as_slice()).into();
        }
        Ok(same(crypt_base64(output.as_slice()).as_bytes(), stored))
    }
}
