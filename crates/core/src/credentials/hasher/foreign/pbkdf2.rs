//! PBKDF2 (RFC 8018 §5.2): `$pbkdf2-sha256$i=600000,l=32$<salt>$<hash>`, and as Django and passlib write it.

use std::{fmt, num::NonZeroU32};

use avnology_model::{
    Result,
    credentials::{ArgonCost, Prf},
};
use aws_lc_rs::pbkdf2::{self, Algorithm, PBKDF2_HMAC_SHA1, PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA512};
use zeroize::Zeroizing;

use super::{
    PART, ROUNDS, Scheme,
    encoding::{decode_base64, encode_base64, number, parts},
    long_enough, same, unforeseen,
};

fn algorithm(prf: Prf) -> Algorithm {
    match prf {
        Prf::Sha1 => PBKDF2_HMAC_SHA1,
        Prf::Sha256 => PBKDF2_HMAC_SHA256,
        Prf::Sha512 => PBKDF2_HMAC_SHA512,
    }
}

const fn length(prf: Prf) -> usize {
    match prf {
        Prf::Sha1 => 20,
        Prf::Sha256 => 32,
        Prf::Sha512 => 64,
    }
}

pub(crate) struct Pbkdf2 {
    pub(crate) prf: Prf,
    pub(crate) iterations: u32,
    pub(crate) salt: Vec<u8>,
    pub(crate) output: Vec<u8>,
}

impl Pbkdf2 {
    /// Any of its texts.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let read = if text.starts_with('$') { Self::phc(text) } else { Self::django(text) };
        read.ok_or_else(|| {
            "it is neither $pbkdf2-<hash>$i=..,l=..$<salt>$<hash> nor pbkdf2_<hash>$..$<salt>$<hash>"
                .to_owned()
        })
    }

    fn phc(text: &str) -> Option<Self> {
        // passlib names no hash where it is SHA-1.
        let prf = match text.strip_prefix("$pbkdf2")?.split('$').next()? {
            "" => Prf::Sha1,
            named => named.strip_prefix('-')?.parse().ok()?,
        };
        let [cost, salt, output] = parts(text)?;
        // passlib writes the bare number, and a point for the plus.
        let (iterations, length) = if let Some(iterations) = number(cost) {
            (iterations, None)
        } else {
            let mut named = cost.split(',');
            let iterations = number(named.next()?.strip_prefix("i=")?)?;
            let length = named.next().map(|l| number(l.strip_prefix("l=")?));
            (iterations, if named.next().is_none() { length } else { return None })
        };
        let (salt, output) =
            (decode_base64(&salt.replace('.', "+"))?, decode_base64(&output.replace('.', "+"))?);
        let as_said = match length {
            None => true,
            Some(said) => said.and_then(|l| usize::try_from(l).ok()) == Some(output.len()),
        };
        as_said.then_some(Self { prf, iterations, salt, output })
    }

    fn django(text: &str) -> Option<Self> {
        let (id, rest) = text.split_once('$')?;
        let prf = id.strip_prefix("pbkdf2_")?.parse().ok()?;
        let [iterations, salt, output] = rest.split('$').collect::<Vec<_>>().try_into().ok()?;
        let salt = salt.as_bytes().to_vec();
        Some(Self { prf, iterations: number(iterations)?, salt, output: decode_base64(output)? })
    }
}

impl fmt::Display for Pbkdf2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (salt, output) = (encode_base64(&self.salt), encode_base64(&self.output));
        write!(f, "$pbkdf2-{}$i={},l={}${salt}${output}", self.prf, self.iterations, self.output.len())
    }
}

impl Scheme for Pbkdf2 {
    fn check(&self, _: ArgonCost) -> Result<(), String> {
        long_enough(&self.output)?;
        if self.salt.len() > PART {
            return Err("the salt is too long".to_owned());
        }
        // What is longer than one output of the hash costs all iterations again.
        let blocks = u32::try_from(self.output.len().div_ceil(length(self.prf))).unwrap_or(u32::MAX);
        match self.iterations.checked_mul(blocks) {
            Some(1..=ROUNDS) => Ok(()),
            _ => Err(format!("{} iterations of {blocks} blocks are too many, or none", self.iterations)),
        }
    }

    fn matches(&self, password: &[u8]) -> Result<bool> {
        let iterations = NonZeroU32::new(self.iterations).ok_or_else(|| unforeseen("no iterations"))?;
        let mut output = Zeroizing::new(vec![0; self.output.len()]);
        pbkdf2::derive(algorithm(self.prf), iterations, &self.salt, password, &mut output);
        Ok(same(&output, &self.output))
    }
}
