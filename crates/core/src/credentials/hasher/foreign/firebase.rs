//! The scrypt of Firebase: the derived key encrypts the project's signer key, and that is the hash.
//! `$firebase-scrypt$r=8,m=14$<salt>$<separator>$<signer key>$<hash>`.

use std::fmt;

use avnology_model::{Result, credentials::ArgonCost};
use aws_lc_rs::{
    cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey},
    iv::FixedLength,
};
use zeroize::Zeroizing;

use super::{
    Scheme,
    encoding::{decode_base64, encode_base64, numbers, parts},
    long_enough, same,
    scrypt::{check_cost, derive},
    unforeseen,
};

pub(crate) struct Firebase {
    pub(crate) rounds: u32,
    pub(crate) mem_cost: u32,
    pub(crate) salt: Vec<u8>,
    pub(crate) separator: Vec<u8>,
    pub(crate) signer_key: Vec<u8>,
    pub(crate) output: Vec<u8>,
}

impl Firebase {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let read = || {
            let [cost, salt, separator, signer_key, output] = parts(text)?;
            let [rounds, mem_cost] = numbers(cost, ["r", "m"])?;
            Some(Self {
                rounds,
                mem_cost,
                salt: decode_base64(salt)?,
                separator: decode_base64(separator)?,
                signer_key: decode_base64(signer_key)?,
                output: decode_base64(output)?,
            })
        };
        read().ok_or_else(|| "it is not a whole $firebase-scrypt$".to_owned())
    }
}

impl fmt::Display for Firebase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "$firebase-scrypt$r={},m={}", self.rounds, self.mem_cost)?;
        for part in [&self.salt, &self.separator, &self.signer_key, &self.output] {
            write!(f, "${}", encode_base64(part))?;
        }
        Ok(())
    }
}

impl Scheme for Firebase {
    fn check(&self, ceiling: ArgonCost) -> Result<(), String> {
        long_enough(&self.output)?;
        if self.signer_key.len() != self.output.len() {
            return Err("the hash and the signer key differ in length".to_owned());
        }
        if !(1..=8).contains(&self.rounds) || !(1..=14).contains(&self.mem_cost) {
            return Err("rounds are 1 to 8, mem_cost 1 to 14".to_owned());
        }
        check_cost(self.mem_cost, self.rounds, 1, ceiling)
    }

    fn matches(&self, password: &[u8]) -> Result<bool> {
        let salt: Vec<u8> = self.salt.iter().chain(&self.separator).copied().collect();
        let key = derive(password, &salt, (self.mem_cost, self.rounds, 1), 32)?;
        let key = UnboundCipherKey::new(&AES_256, &key).map_err(unforeseen)?;
        let key = EncryptingKey::ctr(key).map_err(unforeseen)?;
        let mut output = Zeroizing::new(self.signer_key.clone());
        // The counter begins at nothing in every hash: the key is another one each time.
        let start = EncryptionContext::Iv128(FixedLength::from([0; 16]));
        key.less_safe_encrypt(&mut output, start).map_err(unforeseen)?;
        Ok(same(&output, &self.output))
    }

    fn memory_kib(&self) -> u64 {
        u64::from(self.rounds) * 128 * (1 << self.mem_cost.min(14)) / 1_024
    }
}
