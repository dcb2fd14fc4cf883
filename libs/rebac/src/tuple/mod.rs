//! Relation tuples: a subject has a relation to an object.

mod subject;

use std::fmt;

pub use subject::Subject;

use crate::{names, schema::Schema};

/// `namespace:object#relation@subject`.
///
/// The parts are checked where a tuple enters: by [`Tuple::parse`], and by everything that takes one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tuple {
    /// Namespace.
    pub namespace: String,
    /// Object.
    pub object: String,
    /// Relation.
    pub relation: String,
    /// Who has the relation.
    pub subject: Subject,
}

/// Why something is no tuple.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TupleError {
    /// Not `namespace:object#relation@subject`.
    Form,
    /// Not a name of a namespace.
    Namespace,
    /// Not an object's id.
    Object,
    /// Not a name of a relation.
    Relation,
    /// Not a subject.
    Subject,
}

impl fmt::Display for TupleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "A tuple is written `namespace:object#relation@subject`.",
            Self::Namespace => {
                "A namespace has 1 to 64 characters: a small letter, then small letters, digits, `_` and `-`."
            }
            Self::Object => "An object has 1 to 255 printable characters, no `#`, `@` or white space.",
            Self::Relation => {
                "A relation has 1 to 128 characters: a letter, then letters, digits and any of `_.:*-`."
            }
            Self::Subject => {
                "A subject is `namespace:object#relation`, `namespace:object`, `*` or an id of 1 to 255 \
                 printable characters without `#` or white space."
            }
        })
    }
}

impl std::error::Error for TupleError {}

impl Tuple {
    /// A tuple of its four parts, which are checked. `orgs` and `org` are read as `organizations`.
    pub fn new(namespace: &str, object: &str, relation: &str, subject: Subject) -> Result<Self, TupleError> {
        let namespace = canonical_namespace(namespace);
        check_parts(namespace, object, relation, &subject)?;
        Ok(Self {
            namespace: namespace.to_owned(),
            object: object.to_owned(),
            relation: relation.to_owned(),
            subject,
        })
    }

    /// Reads `namespace:object#relation@subject` (`contract/50` §1.3).
    ///
    /// A second colon in place of `#` is read as the same when there is no `#`; the subject may stand in
    /// parentheses. `schema` says which names before a colon are namespaces.
    pub fn parse(text: &str, schema: &Schema) -> Result<Self, TupleError> {
        let (head, subject) = text.split_once('@').ok_or(TupleError::Form)?;
        let (namespace, rest) = head.split_once(':').ok_or(TupleError::Form)?;
        let (object, relation) =
            rest.split_once('#').or_else(|| rest.split_once(':')).ok_or(TupleError::Form)?;
        let bare = subject.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(subject);
        Self::new(namespace, object, relation, Subject::parse(bare, schema)?)
    }
}

impl fmt::Display for Tuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}#{}@{}", self.namespace, self.object, self.relation, self.subject)
    }
}

/// The name under which a namespace is kept.
pub fn canonical_namespace(name: &str) -> &str {
    match name {
        "orgs" | "org" => "organizations",
        other => other,
    }
}

pub(crate) fn check_parts(
    namespace: &str,
    object: &str,
    relation: &str,
    subject: &Subject,
) -> Result<(), TupleError> {
    if !names::is_namespace(namespace) {
        return Err(TupleError::Namespace);
    }
    if !names::is_object(object) {
        return Err(TupleError::Object);
    }
    if !names::is_relation(relation) {
        return Err(TupleError::Relation);
    }
    if subject.is_well_formed() { Ok(()) } else { Err(TupleError::Subject) }
}

#[cfg(test)]
mod tests;
