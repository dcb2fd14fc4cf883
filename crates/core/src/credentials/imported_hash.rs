//! From the members that an import names a hash by to the one text that is stored (`contract/10` §4.2).

use avnology_model::{
    Error, FieldCode, FieldError, Result,
    credentials::{BinaryEncoding, DigestKind, HashAlgorithm, PasswordHash, SaltPosition},
    text::from_hex,
};

use super::hasher::{
    PasswordHasher,
    foreign::{Bcrypt, Digest, Firebase, Pbkdf2, Phpass, Scheme, Scrypt, ShaCrypt, decode_base64},
};

/// The text to store for a hash. `_902` with fields below `prefix` when members are missing, do not belong to the
/// algorithm or cannot be read, and when the parameters ask for more than this server computes: before any work.
pub(crate) fn text_of(hasher: &PasswordHasher, hash: &PasswordHash, prefix: &str) -> Result<String> {
    let mut members = Members { hash, prefix, errors: Vec::new() };
    let text = members.text();
    members.refuse_others();
    let Some(text) = text.filter(|_| members.errors.is_empty()) else {
        return Err(Error::of_fields(members.errors));
    };
    hasher.admit(&text).map_err(|why| Error::field(prefix, FieldCode::NotAllowed, sentence(&why)))?;
    Ok(text)
}

fn sentence(why: &str) -> String {
    let mut letters = why.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

struct Members<'a> {
    hash: &'a PasswordHash,
    prefix: &'a str,
    errors: Vec<FieldError>,
}

impl Members<'_> {
    fn text(&mut self) -> Option<String> {
        let hash = self.hash;
        match hash.algorithm {
            HashAlgorithm::Argon2 => self.encoded("argon2", |text| {
                if text.starts_with("$argon2") {
                    Ok(text.to_owned())
                } else {
                    Err("it is not Argon2".to_owned())
                }
            }),
            HashAlgorithm::Bcrypt => self.encoded("bcrypt", |text| text_in(Bcrypt::read(text))),
            HashAlgorithm::Phpass => self.encoded("phpass", |text| text_in(Phpass::read(text))),
            HashAlgorithm::CryptSha256 => self.sha_crypt("$5$"),
            HashAlgorithm::CryptSha512 => self.sha_crypt("$6$"),
            HashAlgorithm::Scrypt if hash.encoded.is_some() => {
                self.encoded("scrypt", |text| text_in(Scrypt::read(text)))
            }
            HashAlgorithm::Scrypt => self.scrypt(),
            HashAlgorithm::FirebaseScrypt => self.firebase(),
            HashAlgorithm::Pbkdf2 if hash.encoded.is_some() => {
                self.encoded("PBKDF2", |text| text_in(Pbkdf2::read(text)))
            }
            HashAlgorithm::Pbkdf2 => self.pbkdf2(),
            HashAlgorithm::Md5 => self.bare(DigestKind::Md5),
            HashAlgorithm::Sha1 => self.bare(DigestKind::Sha1),
            HashAlgorithm::Sha256 => self.bare(DigestKind::Sha256),
            HashAlgorithm::Sha512 => self.bare(DigestKind::Sha512),
            HashAlgorithm::Ssha => self.ssha("{SSHA}", DigestKind::Sha1),
            HashAlgorithm::Ssha256 => self.ssha("{SSHA256}", DigestKind::Sha256),
            HashAlgorithm::Ssha512 => self.ssha("{SSHA512}", DigestKind::Sha512),
        }
    }

    fn encoded(&mut self, kind: &str, read: impl Fn(&str) -> Result<String, String>) -> Option<String> {
        let encoded = self.required("encoded", self.hash.encoded.as_deref())?;
        match read(encoded) {
            Ok(text) => Some(text),
            Err(why) => {
                self.push("encoded", FieldCode::InvalidFormat, &format!("This is no {kind} hash: {why}."));
                None
            }
        }
    }

    fn sha_crypt(&mut self, start: &str) -> Option<String> {
        self.encoded("SHA-crypt", |text| {
            if text.starts_with(start) {
                text_in(ShaCrypt::read(text))
            } else {
                Err(format!("it begins with no {start}"))
            }
        })
    }

    fn ssha(&mut self, start: &str, kind: DigestKind) -> Option<String> {
        self.encoded("salted", |text| {
            let parts = text.strip_prefix(start).and_then(|rest| Digest::read_ssha(kind, rest));
            parts.map(|digest| digest.to_string()).ok_or_else(|| format!("it is not {start} and base64"))
        })
    }

    fn scrypt(&mut self) -> Option<String> {
        let hash = self.hash;
        let output = self.binary("hash", hash.hash.as_deref());
        let salt = self.binary("salt", hash.salt.as_deref());
        let n = self.required("n", hash.n);
        let (r, p) = (self.required("r", hash.r), self.required("p", hash.p));
        let (output, n) = (output?, n?);
        if !n.is_power_of_two() || n < 2 {
            self.push("n", FieldCode::InvalidFormat, "A power of two.");
        }
        if hash.length.is_some_and(|length| usize::try_from(length) != Ok(output.len())) {
            self.push("length", FieldCode::Conflict, "The hash is not as long as this.");
        }
        Some(Scrypt { log_n: n.checked_ilog2()?, r: r?, p: p?, salt: salt?, output }.to_string())
    }

    fn firebase(&mut self) -> Option<String> {
        let hash = self.hash;
        let output = self.binary("hash", hash.hash.as_deref());
        let salt = self.binary("salt", hash.salt.as_deref());
        let signer_key = self.binary("signer_key", hash.signer_key.as_deref());
        let separator = self.binary("salt_separator", hash.salt_separator.as_deref());
        let rounds = self.required("rounds", hash.rounds);
        let mem_cost = self.required("mem_cost", hash.mem_cost);
        let firebase = Firebase {
            rounds: rounds?,
            mem_cost: mem_cost?,
            salt: salt?,
            separator: separator?,
            signer_key: signer_key?,
            output: output?,
        };
        Some(firebase.to_string())
    }

    fn pbkdf2(&mut self) -> Option<String> {
        let hash = self.hash;
        let output = self.binary("hash", hash.hash.as_deref());
        let salt = self.binary("salt", hash.salt.as_deref());
        let iterations = self.required("iterations", hash.iterations);
        let prf = self.required("digest", hash.digest);
        Some(Pbkdf2 { prf: prf?, iterations: iterations?, salt: salt?, output: output? }.to_string())
    }

    fn bare(&mut self, kind: DigestKind) -> Option<String> {
        let hash = self.hash;
        let output = self.binary("hash", hash.hash.as_deref())?;
        let salt = match hash.salt.as_deref() {
            Some(salt) => self.binary("salt", Some(salt))?,
            None => Vec::new(),
        };
        let position = hash.salt_position.unwrap_or(SaltPosition::Prefix);
        let digest = Digest { kind, iterations: hash.iterations.unwrap_or(1), position, salt, output };
        Some(digest.to_string())
    }

    /// Members that the algorithm does not have.
    fn refuse_others(&mut self) {
        let h = self.hash;
        let is_encoded = h.encoded.is_some();
        let (bare, structured): (bool, &[&str]) = match h.algorithm {
            HashAlgorithm::Scrypt if !is_encoded => (false, &["hash", "salt", "n", "r", "p", "length"]),
            HashAlgorithm::FirebaseScrypt => {
                (false, &["hash", "salt", "signer_key", "salt_separator", "rounds", "mem_cost"])
            }
            HashAlgorithm::Pbkdf2 if !is_encoded => (false, &["hash", "salt", "iterations", "digest"]),
            algorithm if algorithm.is_legacy() => {
                (true, &["hash", "salt", "iterations", "salt_position", "encoding"])
            }
            _ => (false, &["encoded"]),
        };
        let present = [
            ("encoded", is_encoded),
            ("hash", h.hash.is_some()),
            ("salt", h.salt.is_some()),
            ("n", h.n.is_some()),
            ("r", h.r.is_some()),
            ("p", h.p.is_some()),
            ("length", h.length.is_some()),
            ("signer_key", h.signer_key.is_some()),
            ("salt_separator", h.salt_separator.is_some()),
            ("rounds", h.rounds.is_some()),
            ("mem_cost", h.mem_cost.is_some()),
            ("iterations", h.iterations.is_some()),
            ("digest", h.digest.is_some()),
            ("salt_position", h.salt_position.is_some()),
            ("encoding", h.encoding.is_some()),
        ];
        for (name, _) in present.into_iter().filter(|(name, given)| *given && !structured.contains(name)) {
            let what = if bare { "A bare hash has no such member." } else { "This hash has no such member." };
            self.push(name, FieldCode::NotAllowed, what);
        }
    }

    fn required<T>(&mut self, name: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.push(name, FieldCode::Required, "This algorithm needs it.");
        }
        value
    }

    fn binary(&mut self, name: &str, text: Option<&str>) -> Option<Vec<u8>> {
        let text = self.required(name, text)?;
        let bytes = match self.hash.encoding {
            Some(BinaryEncoding::Hex) => Some(text).filter(|text| text.len() <= 512).and_then(from_hex),
            Some(BinaryEncoding::Base64) | None => decode_base64(text),
        };
        if bytes.is_none() {
            let message = match self.hash.encoding {
                Some(BinaryEncoding::Hex) => "Hexadecimal, at most 256 bytes.",
                Some(BinaryEncoding::Base64) | None => "Base64, at most 256 bytes.",
            };
            self.push(name, FieldCode::InvalidFormat, message);
        }
        bytes
    }

    fn push(&mut self, name: &str, code: FieldCode, message: &str) {
        let field = format!("{}.{name}", self.prefix);
        self.errors.push(FieldError { field, code, message: message.to_owned() });
    }
}

fn text_in(read: Result<impl Scheme, String>) -> Result<String, String> {
    read.map(|scheme| scheme.to_string())
}

#[cfg(test)]
mod tests;
