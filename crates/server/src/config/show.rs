//! Prints the effective configuration without its secrets.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    Key, Source,
    keys::Kind,
    sources::{Gathered, Written},
};

/// One key as `config check` prints it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The key.
    pub key: Key,
    /// Its value, secrets masked; for a default, what holds instead.
    pub value: String,
    /// Where it came from.
    pub source: Source,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = match &self.source {
            Source::Default => "default".to_owned(),
            Source::Environment => self.key.variable(),
            Source::File(path) | Source::SecretFile(path) => path.display().to_string(),
        };
        write!(f, "{} = {}  # {origin}", self.key.name(), self.value)
    }
}

/// Every key as it stands.
pub(super) fn all(gathered: &Gathered) -> Vec<Shown> {
    let shown = |key: &Key| match gathered.values.get(key) {
        Some(written) => Shown { key: *key, value: value(*key, written), source: written.source.clone() },
        None => Shown { key: *key, value: format!("({})", key.default()), source: Source::Default },
    };
    Key::ALL.iter().map(shown).collect()
}

fn value(key: Key, written: &Written) -> String {
    match key.kind() {
        Kind::Plain => format!("{:?}", written.text()),
        Kind::List => format!("{:?}", written.items),
        Kind::Secret => MASK.to_owned(),
        Kind::SecretUrl => format!("{:?}", masked(&written.text())),
    }
}

const MASK: &str = "***";

/// A URL without its password and its query, which may hold one too.
pub(super) fn masked_url(url: &SecretString) -> String {
    masked(url.expose_secret())
}

fn masked(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else { return MASK.to_owned() };
    let is_masked = url.password().is_none() || url.set_password(Some(MASK)).is_ok();
    if url.query().is_some() {
        url.set_query(Some(MASK));
    }
    url.set_fragment(None);
    if is_masked && !url.cannot_be_a_base() { url.into() } else { MASK.to_owned() }
}
