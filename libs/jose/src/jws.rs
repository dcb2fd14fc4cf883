//! Signed bytes in the compact form, `header.payload.signature` (RFC 7515 §7.1).

use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::json;

use crate::{Algorithm, MAX_BYTES, PublicKey, Refusal, SigningKey, base64url};

/// What we read of a header. Others of its members are not looked at: above all none that brings a key (`jwk`, `jku`, `x5c`,
/// `x5u`).
#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    crit: Present,
}

/// Whether a member is there, whatever it holds.
#[derive(Debug, Default)]
struct Present(bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer)?;
        Ok(Self(true))
    }
}

/// A token that was taken apart. Nothing of it is to be believed but to find the key.
#[derive(Debug)]
pub struct Unverified<'t> {
    header: Header,
    signed: &'t str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'t> Unverified<'t> {
    /// Takes a token apart. `UnknownExtension` when its header has `crit`: we know no extension.
    pub fn parse(token: &'t str) -> Result<Self, Refusal> {
        if token.len() > MAX_BYTES {
            return Err(Refusal::TooLarge);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Refusal::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Refusal::Malformed)?;
        let header = base64url::decode(header)?;
        // A reader of structures takes lists, too.
        if !header.trim_ascii_start().starts_with(b"{") {
            return Err(Refusal::Malformed);
        }
        let header: Header = serde_json::from_slice(&header).map_err(|_| Refusal::Malformed)?;
        if header.crit.0 {
            return Err(Refusal::UnknownExtension);
        }
        Ok(Self {
            header,
            signed,
            payload: base64url::decode(payload)?,
            signature: base64url::decode(signature)?,
        })
    }

    /// By which key it says it was signed.
    pub fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// Whether it says it is of this type: without regard to case, and `application/` may be left out (§4.1.9).
    pub fn is_of_type(&self, wanted: &str) -> bool {
        let Some(typ) = self.header.typ.as_deref() else { return false };
        let short = match typ.split_at_checked("application/".len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") && !rest.contains('/') => {
                rest
            }
            _ => typ,
        };
        short.eq_ignore_ascii_case(wanted)
    }

    /// The payload, if `key` signed it with its own algorithm.
    pub fn verify(self, key: &PublicKey) -> Result<Vec<u8>, Refusal> {
        if self.header.alg != key.algorithm().name() {
            return Err(Refusal::WrongAlgorithm);
        }
        key.verify(self.signed.as_bytes(), &self.signature)?;
        Ok(self.payload)
    }
}

/// Signs a payload. `TooLarge` when the result would be so large that nobody would read it.
pub fn sign(key: &SigningKey, typ: &str, payload: &[u8]) -> Result<String, Refusal> {
    let header = json!({ "alg": key.algorithm().name(), "kid": key.kid(), "typ": typ }).to_string();
    let mut token = format!("{}.{}", base64url::encode(header.as_bytes()), base64url::encode(payload));
    if token.len() + 1 + signature_length(key.algorithm()) > MAX_BYTES {
        return Err(Refusal::TooLarge);
    }
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    token.push_str(&base64url::encode(&signature));
    Ok(token)
}

/// Characters of a signature.
const fn signature_length(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Es256 => 86,
    }
}
