//! What went wrong in a database, sorted by what to do about it.

use avnology_model::Error;

/// What to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Transactions got in each other's way: run the closure again.
    Conflict,
    /// The connection is gone: once more on a new one, unless it went during COMMIT.
    Lost,
    /// The database is busy, full or away, or the work took too long: the caller may come back.
    Unavailable,
    /// A mistake of ours.
    Fault,
}

/// A statement, connection or commit that failed. Its text names no parameter.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    text: String,
}

impl Failure {
    pub(crate) fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }

    pub(crate) fn fault(text: impl Into<String>) -> Self {
        Self::new(Kind::Fault, text)
    }

    pub(crate) fn unavailable(text: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable, text)
    }

    /// The same, with what was being done in front.
    pub(crate) fn during(mut self, what: &str) -> Self {
        self.text = format!("{what}: {}", self.text);
        self
    }

    /// The text alone.
    pub(crate) fn to_text(&self) -> String {
        self.text.clone()
    }

    /// What the caller of the store is told.
    pub(crate) fn error(&self) -> Error {
        match self.kind {
            Kind::Fault => Error::internal(self.text.clone()),
            Kind::Conflict | Kind::Lost | Kind::Unavailable => Error::unavailable(self.text.clone()),
        }
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let said = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("a transaction panicked: {}", said.unwrap_or_else(|| "no message".to_owned()))
}
