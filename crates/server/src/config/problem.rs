//! What is wrong with a configuration: which key, what about it, and what to do.

use std::fmt;

use super::{Key, Source};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key as its writer spelled it, and where: `AVNOLOGY_LISTEN`, or `listen` in the file.
    pub place: String,
    /// What is wrong. Never holds a secret.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl Problem {
    /// A problem of this place.
    pub fn new(place: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into(), remedy: remedy.into() }
    }

    /// A problem of a key's value that came from `source`.
    pub fn of(key: Key, source: &Source, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        let place = match source {
            Source::File(path) => format!("`{}` in {}", key.name(), path.display()),
            Source::SecretFile(path) => format!("{} (read from {})", key.variable(), path.display()),
            Source::Environment | Source::Default => key.variable(),
        };
        Self::new(place, what, remedy)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.place, self.what, self.remedy)
    }
}

/// Everything that is wrong, at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub Vec<Problem>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is not usable:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
    }
}

impl std::error::Error for ConfigError {}
