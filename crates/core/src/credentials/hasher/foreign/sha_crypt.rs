//! SHA-crypt, as `/etc/shadow` keeps it: `$5$rounds=535000$<salt>$<hash>`, and `$6$` on SHA-512.

use std::fmt;

use avnology_model::{Result, credentials::ArgonCost};
use sha_crypt::{PasswordHashRef, PasswordVerifier as _, ShaCrypt as Implementation, password_hash};

use super::{
    PASSWORD, ROUNDS, Scheme,
    encoding::{crypt_value, number},
    unforeseen,
};

/// Rounds of a text that names none.
const USUAL: u32 = 5_000;

pub(crate) struct ShaCrypt {
    text: String,
    rounds: u32,
}

impl ShaCrypt {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        Self::parts(text)
            .ok_or_else(|| "it is not $5$ or $6$ with rounds, salt and a hash of 43 or 86 letters".to_owned())
    }

    fn parts(text: &str) -> Option<Self> {
        let (rest, length) = match (text.strip_prefix("$5$"), text.strip_prefix("$6$")) {
            (Some(rest), _) => (rest, 43),
            (_, Some(rest)) => (rest, 86),
            _ => return None,
        };
        let (rounds, rest) = match rest.strip_prefix("rounds=") {
            Some(named) => {
                let (rounds, rest) = named.split_once('$')?;
                (number(rounds)?, rest)
            }
            None => (USUAL, rest),
        };
        let (salt, hash) = rest.split_once('$')?;
        let is_whole = (1..=16).contains(&salt.len())
            && salt.bytes().all(|b| crypt_value(b).is_some())
            && hash.len() == length
            && hash.bytes().all(|b| crypt_value(b).is_some());
        is_whole.then(|| Self { text: text.to_owned(), rounds })
    }
}

impl fmt::Display for ShaCrypt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Scheme for ShaCrypt {
    fn check(&self, _: ArgonCost) -> Result<(), String> {
        match self.rounds {
            1_000..=ROUNDS => Ok(()),
            other => Err(format!("{other} rounds are too many, or too few")),
        }
    }

    fn matches(&self, password: &[u8]) -> Result<bool> {
        if password.len() > PASSWORD {
            return Ok(false);
        }
        let hash = PasswordHashRef::new(&self.text).map_err(unforeseen)?;
        match Implementation::SHA512.verify_password(password, hash) {
            Ok(()) => Ok(true),
            Err(password_hash::Error::PasswordInvalid) => Ok(false),
            Err(other) => Err(unforeseen(other)),
        }
    }
}
