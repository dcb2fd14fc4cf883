//! What a client submits, and who it is.

use avnology_model::secret_token::SecretHash;
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::sessions::BrowserKeyHashes;

/// Who may hold a flow: the browser with this key, or any program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A browser, by the hash of its key; `None` for one that has none.
    Browser(Option<SecretHash>),
    /// A program.
    Program,
}

impl Holder {
    /// The hash of the browser's key.
    pub fn browser_hash(self) -> Option<SecretHash> {
        match self {
            Self::Browser(hash) => hash,
            Self::Program => None,
        }
    }
}

/// One submit: the method and its fields.
#[derive(Clone)]
pub struct Submission {
    /// The method chosen.
    pub method: String,
    /// The fields; forms give texts only.
    pub body: Map<String, Value>,
    /// The keys of the browser that it comes from, if it comes from one.
    pub browser: BrowserKeyHashes,
}

impl Submission {
    /// A text field; one that is empty counts as missing.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A secret text field, exactly as entered.
    pub(crate) fn secret(&self, name: &str) -> Option<SecretString> {
        self.text(name).map(SecretString::from)
    }

    /// A yes or no: JSON's `true`, or what a ticked box sends.
    pub(crate) fn flag(&self, name: &str) -> bool {
        match self.body.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => matches!(text.as_str(), "true" | "on" | "1"),
            _ => false,
        }
    }

    /// A yes or no, if it is said.
    pub(crate) fn choice(&self, name: &str) -> Option<bool> {
        self.body.get(name).filter(|value| !value.is_null()).map(|_| self.flag(name))
    }

    /// An object field.
    pub(crate) fn object(&self, name: &str) -> Map<String, Value> {
        match self.body.get(name) {
            Some(Value::Object(map)) => map.clone(),
            _ => Map::new(),
        }
    }

    /// A one-time code, without the white space that people type into it.
    pub(crate) fn code(&self) -> Option<String> {
        let text = match self.body.get("code")? {
            Value::String(text) => text.clone(),
            Value::Number(number) => format!("{number:0>6}"),
            _ => return None,
        };
        let compact: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        (!compact.is_empty()).then_some(compact)
    }
}
