//! scrypt (RFC 7914): `$scrypt$ln=15,r=8,p=1$<salt>$<hash>`.

use std::fmt;

use avnology_model::{Result, credentials::ArgonCost};
use scrypt::Params;
use zeroize::Zeroizing;

use super::{
    PART, Scheme,
    encoding::{decode_base64, encode_base64, numbers, parts},
    long_enough, same, unforeseen,
};

/// Most blocks of 128 bytes that are mixed, `N·r·p`: twice what OWASP asks for today.
const WORK: u64 = 1 << 21;

pub(crate) struct Scrypt {
    pub(crate) log_n: u32,
    pub(crate) r: u32,
    pub(crate) p: u32,
    pub(crate) salt: Vec<u8>,
    pub(crate) output: Vec<u8>,
}

impl Scrypt {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let read = || {
            let [cost, salt, output] = parts(text)?;
            let [log_n, r, p] = numbers(cost, ["ln", "r", "p"])?;
            Some(Self { log_n, r, p, salt: decode_base64(salt)?, output: decode_base64(output)? })
        };
        read().ok_or_else(|| "it is not $scrypt$ln=..,r=..,p=..$<salt>$<hash>".to_owned())
    }
}

/// What scrypt with these parameters asks for.
pub(super) fn check_cost(log_n: u32, r: u32, p: u32, ceiling: ArgonCost) -> Result<(), String> {
    let cost = || {
        let n = 1_u64.checked_shl(log_n).filter(|_| (1..=40).contains(&log_n))?;
        let (r, p) = (u64::from(r), u64::from(p));
        let work = n.checked_mul(r)?.checked_mul(p)?;
        (r > 0 && p > 0 && work <= WORK && kib(log_n, r, p) <= u64::from(ceiling.memory_kib)).then_some(())
    };
    // The library asks for what the algorithm does; not before, since it multiplies without a look at the size.
    let is_scrypt = || u8::try_from(log_n).is_ok_and(|log_n| Params::new(log_n, r, p).is_ok());
    match cost() {
        Some(()) if is_scrypt() => Ok(()),
        _ => Err(format!("scrypt with N = 2^{log_n}, r = {r}, p = {p} asks for too much, or is none")),
    }
}

fn kib(log_n: u32, r: u64, p: u64) -> u64 {
    // The great table, without the small one beside it, as such costs are told everywhere.
    let table = 1_u64.checked_shl(log_n).and_then(|n| n.checked_mul(r)).unwrap_or(u64::MAX);
    let beside = r.saturating_mul(p);
    table.max(beside).saturating_mul(128) / 1_024
}

pub(super) fn derive(
    password: &[u8],
    salt: &[u8],
    (log_n, r, p): (u32, u32, u32),
    length: usize,
) -> Result<Zeroizing<Vec<u8>>> {
    let log_n = u8::try_from(log_n).map_err(unforeseen)?;
    let params = Params::new(log_n, r, p).map_err(unforeseen)?;
    let mut output = Zeroizing::new(vec![0; length]);
    scrypt::scrypt(password, salt, &params, &mut output).map_err(unforeseen)?;
    Ok(output)
}

impl fmt::Display for Scrypt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { log_n, r, p, salt, output } = self;
        write!(f, "$scrypt$ln={log_n},r={r},p={p}${}${}", encode_base64(salt), encode_base64(output))
    }
}

impl Scheme for Scrypt {
    fn check(&self, ceiling: ArgonCost) -> Result<(), String> {
        long_enough(&self.output)?;
        if self.salt.len() > PART {
            return Err("the salt is too long".to_owned());
        }
        check_cost(self.log_n, self.r, self.p, ceiling)
    }

    fn matches(&self, password: &[u8]) -> Result<bool> {
        let cost = (self.log_n, self.r, self.p);
        Ok(same(&derive(password, &self.salt, cost, self.output.len())?, &self.output))
    }

    fn memory_kib(&self) -> u64 {
        kib(self.log_n, u64::from(self.r), u64::from(self.p))
    }
}
