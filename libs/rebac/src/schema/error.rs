//! What is wrong with a schema, and where.

use std::fmt;

/// A place in a text; both numbers count from 1, columns in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

/// One thing that is wrong with a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaError {
    /// What, in a sentence.
    pub message: String,
    /// Where it begins.
    pub start: Position,
    /// Behind its last character.
    pub end: Position,
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.start.line, self.start.column, self.message)
    }
}

impl std::error::Error for SchemaError {}

/// A stretch of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: Position,
    pub(crate) end: Position,
}

impl Span {
    pub(crate) fn error(self, message: impl Into<String>) -> SchemaError {
        SchemaError { message: message.into(), start: self.start, end: self.end }
    }
}
