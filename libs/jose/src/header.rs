//! What stands before a signed or encrypted text (RFC 7515 §4, RFC 7516 §4).

use serde_json::{Map, Value};

use crate::{PublicKey, Refusal, base64url, json};

/// The members that bring a key or say where to fetch one. We look keys up among those that we know, so none of them is
/// ever followed; that they are refused besides makes an attempt visible.
const FOREIGN_KEYS: [&str; 3] = ["jwk", "jku", "x5u"];
/// Most characters of a text in a header that we read.
const TEXT: usize = 256;

/// A header whose form is good. What it says is nobody's word yet.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) members: Map<String, Value>,
    pub(crate) alg: String,
}

impl Header {
    /// Reads one, from base64url. `UnknownExtension` when it has `crit`, whatever that holds: we know no extension.
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let members = json::object(&base64url::decode(text)?)?;
        if members.contains_key("crit") {
            return Err(Refusal::UnknownExtension);
        }
        for name in ["alg", "enc", "kid", "typ", "cty", "zip"] {
            let is_text = |value: &Value| value.as_str().is_some_and(|text| text.len() <= TEXT);
            if members.get(name).is_some_and(|value| !is_text(value)) {
                return Err(Refusal::Malformed);
            }
        }
        let alg = members.get("alg").and_then(Value::as_str).ok_or(Refusal::Malformed)?.to_owned();
        Ok(Self { members, alg })
    }

    /// `KeyInHeader` when it brings a key along.
    pub(crate) fn without_keys(self) -> Result<Self, Refusal> {
        let has_one = FOREIGN_KEYS.iter().any(|name| self.members.contains_key(*name));
        if has_one { Err(Refusal::KeyInHeader) } else { Ok(self) }
    }

    /// The key in `jwk`, for the one kind of token that brings its own (RFC 9449 §4.2).
    pub(crate) fn own_key(&self) -> Result<PublicKey, Refusal> {
        if self.members.contains_key("jku") || self.members.contains_key("x5u") {
            return Err(Refusal::KeyInHeader);
        }
        PublicKey::from_jwk(self.members.get("jwk").ok_or(Refusal::UnknownKey)?)
    }

    /// A text of the header.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name).and_then(Value::as_str)
    }
}

/// Whether two media types are the same: without regard to case, and `application/` may be left out (RFC 7515 §4.1.9).
pub(crate) fn is_same_type(typ: &str, wanted: &str) -> bool {
    let short = match typ.split_at_checked("application/".len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") && !rest.contains('/') => rest,
        _ => typ,
    };
    short.eq_ignore_ascii_case(wanted)
}
