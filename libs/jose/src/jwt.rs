//! Signed claims (RFC 7519), by the advice of RFC 8725: the key decides on the algorithm, and every token says of which
//! type it is, so that none can be taken for one of another.

use serde_json::{Map, Value};

use crate::{KeySet, Refusal, SigningKey, jws};

/// Signs claims as a token of this type.
pub fn sign(key: &SigningKey, typ: &str, claims: &Map<String, Value>) -> Result<String, Refusal> {
    let payload = serde_json::to_vec(claims).map_err(|_| Refusal::Malformed)?;
    jws::sign(key, typ, &payload)
}

/// The claims of a token of this type that a key of the set signed. When they are good, and for whom, is to be checked by
/// the caller.
pub fn verify(token: &str, keys: &KeySet, typ: &str) -> Result<Map<String, Value>, Refusal> {
    let unverified = jws::Unverified::parse(token)?;
    if !unverified.is_of_type(typ) {
        return Err(Refusal::WrongType);
    }
    let key = unverified.kid().and_then(|kid| keys.find(kid)).ok_or(Refusal::UnknownKey)?;
    let payload = unverified.verify(key)?;
    serde_json::from_slice(&payload).map_err(|_| Refusal::Malformed)
}
