//! What a command that did not work says and exits with.

use std::{fmt, io};

use crate::config::ConfigError;

/// Words for the operator and an exit code.
#[derive(Debug)]
pub struct Failure {
    text: String,
    code: u8,
}

impl Failure {
    /// Something did not work: exit code 1.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: 1 }
    }

    /// 1: it did not work. 2: it was asked for wrongly (command line or configuration).
    pub fn code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self { text: error.to_string(), code: 2 }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<avnology_model::Error> for Failure {
    /// The words for the operator where the error has some, else the causes.
    fn from(error: avnology_model::Error) -> Self {
        if error.detail() == error.code().title() {
            Self::new(format!("{error:?}"))
        } else {
            Self::new(error.detail())
        }
    }
}
