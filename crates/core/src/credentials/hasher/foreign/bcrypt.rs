//! bcrypt: `$2b$12$<salt><hash>`, in the alphabet of its own.

use std::fmt;

use avnology_model::{Result, credentials::ArgonCost};
use zeroize::Zeroizing;

use super::{Scheme, encoding::decode_bcrypt, same};

/// Bytes of a password that it looks at, the zero at its end included.
const PASSWORD: usize = 72;

pub(crate) struct Bcrypt {
    text: String,
    cost: u32,
    salt: [u8; 16],
    output: Vec<u8>,
}

impl Bcrypt {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        Self::parts(text)
            .ok_or_else(|| "it is not $2a$, $2b$ or $2y$ with two digits and 53 letters".to_owned())
    }

    fn parts(text: &str) -> Option<Self> {
        let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|version| text.strip_prefix(version))?;
        let (cost, letters) = rest.split_once('$')?;
        let is_number = cost.len() == 2 && cost.bytes().all(|b| b.is_ascii_digit());
        let cost = if is_number { cost.parse().ok()? } else { return None };
        if letters.len() != 53 {
            return None;
        }
        let (salt, output) = letters.split_at_checked(22)?;
        let (salt, output) = (decode_bcrypt(salt)?.try_into().ok()?, decode_bcrypt(output)?);
        Some(Self { text: text.to_owned(), cost, salt, output })
    }
}

impl fmt::Display for Bcrypt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Scheme for Bcrypt {
    fn check(&self, _: ArgonCost) -> Result<(), String> {
        match self.cost {
            4..=16 => Ok(()),
            other => Err(format!("its cost is {other}, not 4 to 16")),
        }
    }

    fn matches(&self, password: &[u8]) -> Result<bool> {
        let mut key = Zeroizing::new(Vec::with_capacity(PASSWORD));
        key.extend(password.iter().copied().chain([0]).take(PASSWORD));
        let computed = ::bcrypt::bcrypt(self.cost, self.salt, &key);
        // The last of 24 bytes is not written.
        Ok(computed.get(..23).is_some_and(|computed| same(computed, &self.output)))
    }
}
