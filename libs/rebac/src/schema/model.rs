//! What a schema says.

use std::{fmt, ops::Deref};

use super::error::Span;

/// A name, and where it stands in the text. Names are equal when their texts are.
#[derive(Clone)]
pub struct Name {
    text: String,
    pub(crate) span: Span,
}

impl Name {
    pub(crate) fn new(text: impl Into<String>, span: Span) -> Self {
        Self { text: text.into(), span }
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self::new(text, Span::default())
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Name {}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A kind of objects: which relations they have, and what follows from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// Name.
    pub name: Name,
    /// Whether it belongs to the product, and cannot be changed.
    pub built_in: bool,
    /// Whether it has relations besides those that are named: custom roles, free relations, permission keys.
    pub open: bool,
    /// Relations, of which tuples are written.
    pub relations: Vec<Relation>,
    /// Permits, which are computed.
    pub permits: Vec<Permit>,
}

impl Namespace {
    /// A named relation.
    pub fn relation(&self, name: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| &*relation.name == name)
    }

    /// A permit.
    pub fn permit(&self, name: &str) -> Option<&Permit> {
        self.permits.iter().find(|permit| &*permit.name == name)
    }

    /// Whether tuples can have this relation, named or not.
    pub fn has_relation(&self, name: &str) -> bool {
        self.relation(name).is_some() || (self.open && is_open_relation(name))
    }

    /// Whether it can be asked for: a relation or a permit.
    pub fn has(&self, name: &str) -> bool {
        self.has_relation(name) || self.permit(name).is_some()
    }
}

/// Relations that organizations have without being named: keys of roles, free ones, and permission keys.
fn is_open_relation(name: &str) -> bool {
    crate::names::is_relation(name)
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && (name.contains(':')
            || name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-')))
}

/// A relation that tuples have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// Name.
    pub name: Name,
    /// What its subjects may be; not empty.
    pub types: Vec<SubjectType>,
    /// Relations of the same object that imply this one (built-in namespaces only).
    pub implied_by: Vec<Name>,
}

/// What a subject may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectType {
    /// An object of a namespace.
    Object(Name),
    /// Whoever has a relation, or a permit, to an object of a namespace.
    Set(Name, Name),
}

/// Something that follows from relations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    /// Name.
    pub name: Name,
    /// When it holds.
    pub expr: Expr,
}

/// When a permit holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// `a || b`: one of at least two.
    Or(Vec<Expr>),
    /// `a && b`: all of at least two.
    And(Vec<Expr>),
    /// `!a`.
    Not(Box<Expr>),
    /// `this.related.r.includes(ctx.subject)`.
    Includes(Name),
    /// `this.permits.p(ctx)`.
    Permits(Name),
    /// `this.related.r.traverse((x) => …)`: one of the objects that have the relation.
    Traverse(Name, Tail),
    /// `this.equals(ctx.subject)`.
    Equals,
}

/// What is asked of an object behind `traverse`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tail {
    /// `x.related.r.includes(ctx.subject)`.
    Includes(Name),
    /// `x.permits.p(ctx)`.
    Permits(Name),
}

impl Tail {
    /// What is asked for.
    pub fn name(&self) -> &Name {
        match self {
            Self::Includes(name) | Self::Permits(name) => name,
        }
    }
}
