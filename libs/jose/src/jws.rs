//! Signed bytes in the compact form, `header.payload.signature` (RFC 7515 §7.1).

use serde_json::json;

use crate::{
    Algorithm, MAX_BYTES, PublicKey, Refusal, SigningKey, base64url,
    header::{Header, is_same_type},
    json,
};

/// A token that was taken apart. It shows its header, which serves to find the key and is nobody's word; the payload comes
/// out by [`Unverified::verify`] alone.
#[derive(Debug)]
pub struct Unverified<'t> {
    header: Header,
    signed: &'t str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'t> Unverified<'t> {
    /// Takes a token apart. `UnknownExtension` when its header has `crit`: we know no extension. `KeyInHeader` when it
    /// brings a key or the address of one.
    pub fn parse(token: &'t str) -> Result<Self, Refusal> {
        let mut unverified = Self::take_apart(token)?;
        unverified.header = unverified.header.without_keys()?;
        Ok(unverified)
    }

    /// Takes a token apart that brings the key which it is signed by, and gives that key: whoever holds its private half
    /// made the token, and that is all that is known of them. For proofs of possession only (RFC 9449).
    pub fn parse_with_own_key(token: &'t str) -> Result<(Self, PublicKey), Refusal> {
        let unverified = Self::take_apart(token)?;
        let key = unverified.header.own_key()?;
        Ok((unverified, key))
    }

    fn take_apart(token: &'t str) -> Result<Self, Refusal> {
        if token.len() > MAX_BYTES {
            return Err(Refusal::TooLarge);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Refusal::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Refusal::Malformed)?;
        Ok(Self {
            header: Header::parse(header)?,
            signed,
            payload: base64url::decode(payload)?,
            signature: base64url::decode(signature)?,
        })
    }

    /// By which key it says it was signed.
    pub fn kid(&self) -> Option<&str> {
        self.header.text("kid")
    }

    /// How it says it was signed, if that is a way we know.
    pub fn algorithm(&self) -> Option<Algorithm> {
        Algorithm::from_name(&self.header.alg)
    }

    /// Of which type it says it is.
    pub fn typ(&self) -> Option<&str> {
        self.header.text("typ")
    }

    /// Whether it says it is of this type: without regard to case, and `application/` may be left out (§4.1.9).
    pub fn is_of_type(&self, wanted: &str) -> bool {
        self.typ().is_some_and(|typ| is_same_type(typ, wanted))
    }

    /// A text that the payload claims, which is nobody's word: to find the keys of whoever it says it is of.
    pub fn claimed_text(&self, name: &str) -> Option<String> {
        json::object(&self.payload).ok()?.get(name)?.as_str().map(str::to_owned)
    }

    /// The payload, if `key` signed it by an algorithm that is both the key's and allowed.
    pub fn verify(self, key: &PublicKey, allowed: &[Algorithm]) -> Result<Vec<u8>, Refusal> {
        let algorithm = self.algorithm().filter(|named| allowed.contains(named));
        key.verify(algorithm.ok_or(Refusal::WrongAlgorithm)?, self.signed.as_bytes(), &self.signature)?;
        Ok(self.payload)
    }
}

/// Signs a payload. `TooLarge` when the result would be so large that nobody would read it.
pub fn sign(key: &SigningKey, typ: &str, payload: &[u8]) -> Result<String, Refusal> {
    let header = json!({ "alg": key.algorithm().name(), "kid": key.kid(), "typ": typ });
    sign_with(key, &header.to_string(), payload)
}

/// Signs a payload under a header that brings the public key along instead of its id: a proof of possession (RFC 9449
/// §4.2).
pub fn sign_with_own_key(key: &SigningKey, typ: &str, payload: &[u8]) -> Result<String, Refusal> {
    let mut jwk = key.public().to_jwk();
    for name in ["kid", "use", "alg"] {
        jwk.as_object_mut().and_then(|members| members.remove(name));
    }
    let header = json!({ "alg": key.algorithm().name(), "typ": typ, "jwk": jwk });
    sign_with(key, &header.to_string(), payload)
}

fn sign_with(key: &SigningKey, header: &str, payload: &[u8]) -> Result<String, Refusal> {
    let mut token = format!("{}.{}", base64url::encode(header.as_bytes()), base64url::encode(payload));
    if token.len() + 1 + (key.signature_bytes() * 4).div_ceil(3) > MAX_BYTES {
        return Err(Refusal::TooLarge);
    }
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    token.push_str(&base64url::encode(&signature));
    Ok(token)
}
