//! A line of our import, made of a record of theirs.

use serde_json::{Map, Value, json};

/// A line, and what of the record did not come along.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) members: Map<String, Value>,
    pub(super) notes: Vec<String>,
}

/// Why a record is not imported.
pub(super) type Refusal = String;

impl Line {
    /// Sets a member, unless the record has nothing for it.
    pub(super) fn set(&mut self, name: &str, value: Option<impl Into<Value>>) {
        let Some(value) = value.map(Into::into) else { return };
        let is_nothing = match &value {
            Value::Null => true,
            Value::String(text) => text.trim().is_empty(),
            Value::Object(members) => members.is_empty(),
            _ => false,
        };
        if !is_nothing {
            self.members.insert(name.to_owned(), value);
        }
    }

    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// A username, if it is one here. Many providers put the address there.
    pub(super) fn username(&mut self, name: Option<&str>) {
        let Some(name) = name.filter(|name| !name.is_empty()) else { return };
        let is_one = (3..=64).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && !name.bytes().all(|b| b.is_ascii_digit());
        if is_one {
            self.set("username", Some(name));
        } else if self.members.get("email").and_then(Value::as_str) != Some(name) {
            self.note(format!("the username {name:?} is none here, and is left out"));
        }
    }

    /// A picture, if it is at an address that everybody may be sent to.
    pub(super) fn picture(&mut self, url: Option<&str>) {
        self.set("avatar_url", url.filter(|url| url.starts_with("https://")));
    }

    /// A hash that is one text.
    pub(super) fn encoded_hash(&mut self, algorithm: &str, text: &str) {
        self.set("password_hash", Some(json!({ "algorithm": algorithm, "encoded": text })));
    }

    /// Applications' data.
    pub(super) fn metadata(&mut self, public: Option<&Value>, admin: Option<&Value>) {
        let mut metadata = Map::new();
        for (name, value) in [("public", public), ("admin", admin)] {
            let members = value.filter(|value| value.as_object().is_some_and(|members| !members.is_empty()));
            metadata.extend(members.map(|value| (name.to_owned(), value.clone())));
        }
        self.set("metadata", Some(metadata));
    }

    /// The shared secret of an authenticator application, in base32.
    pub(super) fn totp_seed(&mut self, seed: &str) {
        self.set("totp_seed", Some(seed));
    }

    /// A second factor that did not come along.
    pub(super) fn note_factor(&mut self, which: &str) {
        self.note(format!("the second factor ({which}) does not come along; it is to be set up again"));
    }

    /// Other providers that people sign in with.
    pub(super) fn note_providers<'r>(&mut self, names: impl IntoIterator<Item = &'r str>) {
        let names: Vec<&str> = names.into_iter().collect();
        if !names.is_empty() {
            self.note(format!("sign-in by {} does not come along", names.join(", ")));
        }
    }
}

/// The text of a member.
pub(super) fn text<'r>(record: &'r Value, name: &str) -> Option<&'r str> {
    record.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// Whether a member says yes: as JSON, or as a table writes it.
pub(super) fn flag(record: &Value, name: &str) -> Option<bool> {
    match record.get(name)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// Whoever was switched off there must not be able to sign in here.
pub(super) fn switched_off() -> Refusal {
    "the account is switched off there; it is not imported, for here it could sign in".to_owned()
}

/// The members of a list; none where there is no list.
pub(super) fn list<'r>(record: &'r Value, name: &str) -> impl Iterator<Item = &'r Value> {
    record.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// Base32 (RFC 4648 §6) without padding.
pub(super) fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bit = |at: usize| bytes.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
    (0..(bytes.len() * 8).div_ceil(5))
        .filter_map(|group| {
            let value = (group * 5..group * 5 + 5).fold(0, |value, at| value << 1 | usize::from(bit(at)));
            ALPHABET.get(value).map(|letter| char::from(*letter))
        })
        .collect()
}
