//! The filter language of lists: its tree, its parser, how a tree is written, and what it means.
//!
//! [`parse`] reads text, `Display` writes it back, [`Expr::matches`] is the meaning. Which fields an endpoint
//! offers, of what type, and how they are looked up is not known here: a store compiles the tree and refuses
//! what does not fit. Texts in Unicode NFC are the caller's care.

mod display;
mod eval;
mod lexer;
mod number;
mod parser;
mod rfc3339;

use std::fmt;

pub use eval::Datum;
pub use number::Number;
pub use parser::parse;
pub use rfc3339::parse as parse_timestamp;

/// The longest filter, in characters, without white space at its ends.
pub const MAX_CHARACTERS: usize = 2_000;
/// The most restrictions in one filter.
pub const MAX_RESTRICTIONS: usize = 50;
/// How deep parentheses may nest.
pub const MAX_DEPTH: usize = 10;

/// A filter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expr {
    /// Every one holds. Two or more when parsed.
    And(Vec<Expr>),
    /// At least one holds. Two or more when parsed.
    Or(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// One comparison.
    Restriction(Restriction),
}

impl Expr {
    /// Every restriction, from left to right.
    pub fn restrictions(&self) -> Vec<&Restriction> {
        match self {
            Self::And(terms) | Self::Or(terms) => terms.iter().flat_map(Self::restrictions).collect(),
            Self::Not(inner) => inner.restrictions(),
            Self::Restriction(restriction) => vec![restriction],
        }
    }
}

/// A comparison of one field with one value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Restriction {
    /// The field.
    pub field: FieldPath,
    /// The operator.
    pub op: Op,
    /// The value.
    pub value: Value,
}

impl Restriction {
    /// Whether this asks only if the field is set (`Some(true)`: `field:*`, `field != null`) or unset
    /// (`Some(false)`: `field = null`). Every other use of `*` and `null` fits no type.
    pub fn presence(&self) -> Option<bool> {
        match (self.op, &self.value) {
            (Op::Has, Value::Any) | (Op::Ne, Value::Null) => Some(true),
            (Op::Eq, Value::Null) => Some(false),
            _ => None,
        }
    }
}

/// The names of a field, outermost first: `metadata.public.plan` has three.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath(pub Vec<String>);

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `:`, which has a prefix, an element or a key
    Has,
    /// `~`, which matches a pattern
    Match,
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// A string without its quotes and escapes; timestamps are strings.
    Text(String),
    /// A number.
    Number(Number),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
    /// `*`.
    Any,
}

/// A filter that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// What is wrong, for a person.
    pub message: String,
    /// Where: the number of characters before it.
    pub position: usize,
}

impl FilterError {
    fn new(message: impl Into<String>, position: usize) -> Self {
        Self { message: message.into(), position }
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "At character {}: {}", self.position + 1, self.message)
    }
}

impl std::error::Error for FilterError {}
