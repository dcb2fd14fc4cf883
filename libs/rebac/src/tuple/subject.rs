//! Who has a relation (`contract/50` §1.2).

use std::fmt;

use super::{TupleError, canonical_namespace};
use crate::{names, schema::Schema};

/// Who has a relation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// `*`: any identity that is signed in.
    Anyone,
    /// An id that belongs to no namespace.
    Opaque(String),
    /// An object: an identity, or what `traverse` goes on from.
    Object {
        /// Namespace.
        namespace: String,
        /// Object.
        object: String,
    },
    /// Whoever has a relation to an object.
    Set {
        /// Namespace.
        namespace: String,
        /// Object.
        object: String,
        /// Relation.
        relation: String,
    },
}

/// Kinds of callers that are written without `#`, and how their ids begin.
const CALLERS: [(&str, &str); 3] = [("identities", "usr_"), ("service_accounts", "sa_"), ("clients", "cli_")];

impl Subject {
    /// An object as a subject.
    pub fn object(namespace: impl Into<String>, object: impl Into<String>) -> Self {
        Self::Object { namespace: namespace.into(), object: object.into() }
    }

    /// An identity.
    pub fn identity(id: impl Into<String>) -> Self {
        Self::object("identities", id)
    }

    /// Whoever has `relation` to an object.
    pub fn set(namespace: impl Into<String>, object: impl Into<String>, relation: impl Into<String>) -> Self {
        Self::Set { namespace: namespace.into(), object: object.into(), relation: relation.into() }
    }

    /// Reads any form of a subject.
    ///
    /// With `#` it is a set, or an object when nothing follows. Without, ids of identities, service accounts and
    /// clients are known by how they begin; `name:object` is an object when `schema` has a namespace of that name;
    /// the rest is opaque.
    pub fn parse(text: &str, schema: &Schema) -> Result<Self, TupleError> {
        if text == "*" {
            return Ok(Self::Anyone);
        }
        let subject = if let Some((object, relation)) = text.split_once('#') {
            let (namespace, object) = object.split_once(':').ok_or(TupleError::Subject)?;
            let namespace = canonical_namespace(namespace);
            if relation.is_empty() {
                Self::object(namespace, object)
            } else {
                Self::set(namespace, object, relation)
            }
        } else {
            Self::without_hash(text, schema)
        };
        if subject.is_well_formed() { Ok(subject) } else { Err(TupleError::Subject) }
    }

    fn without_hash(text: &str, schema: &Schema) -> Self {
        let bare = text.strip_prefix("user:").filter(|id| id.starts_with("usr_")).unwrap_or(text);
        if let Some((namespace, _)) = CALLERS.iter().find(|(_, prefix)| bare.starts_with(prefix))
            && !bare.contains(':')
        {
            return Self::object(*namespace, bare);
        }
        match text.split_once(':') {
            Some((name, object)) if schema.namespace(canonical_namespace(name)).is_some() => {
                Self::object(canonical_namespace(name), object)
            }
            _ => Self::Opaque(text.to_owned()),
        }
    }

    pub(crate) fn is_well_formed(&self) -> bool {
        match self {
            Self::Anyone => true,
            Self::Opaque(id) => names::is_opaque(id),
            Self::Object { namespace, object } => names::is_namespace(namespace) && names::is_object(object),
            Self::Set { namespace, object, relation } => {
                names::is_namespace(namespace) && names::is_object(object) && names::is_relation(relation)
            }
        }
    }
}

/// The canonical form.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anyone => f.write_str("*"),
            Self::Opaque(id) => f.write_str(id),
            Self::Object { namespace, object } => {
                let without_hash = CALLERS.iter().any(|(caller, _)| caller == namespace);
                write!(f, "{namespace}:{object}{}", if without_hash { "" } else { "#" })
            }
            Self::Set { namespace, object, relation } => write!(f, "{namespace}:{object}#{relation}"),
        }
    }
}
