//! Which tuples a schema takes.

use std::fmt;

use super::{
    Schema, built_in,
    model::{Namespace, SubjectType},
};
use crate::tuple::{Subject, Tuple, TupleError, check_parts};

/// Why a tuple does not fit a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// Its parts are no names or ids.
    Malformed(TupleError),
    /// No such namespace.
    UnknownNamespace(String),
    /// No such relation in the namespace.
    UnknownRelation(String, String),
    /// It is a permit, which follows from relations and is not written.
    OnlyAPermit(String, String),
    /// The relation does not take subjects of this type; namespace, relation, subject.
    WrongSubject(String, String, String),
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::UnknownNamespace(name) => write!(f, "Unknown namespace \"{name}\"."),
            Self::UnknownRelation(namespace, name) => {
                write!(f, "The namespace \"{namespace}\" has no relation \"{name}\".")
            }
            Self::OnlyAPermit(namespace, name) => {
                write!(
                    f,
                    "\"{name}\" of the namespace \"{namespace}\" is a permit: it is computed, not written."
                )
            }
            Self::WrongSubject(namespace, relation, subject) => {
                write!(
                    f,
                    "The relation \"{relation}\" of \"{namespace}\" does not take the subject \"{subject}\"."
                )
            }
        }
    }
}

impl std::error::Error for Misfit {}

impl Schema {
    /// Whether a tuple can be written.
    pub fn check_tuple(&self, tuple: &Tuple) -> Result<(), Misfit> {
        let Tuple { namespace: name, object, relation, subject } = tuple;
        check_parts(name, object, relation, subject).map_err(Misfit::Malformed)?;
        let Some(namespace) = self.namespace(name) else {
            return Err(Misfit::UnknownNamespace(name.clone()));
        };
        if !namespace.has_relation(relation) {
            let parts = (name.clone(), relation.clone());
            return Err(if namespace.permit(relation).is_some() {
                Misfit::OnlyAPermit(parts.0, parts.1)
            } else {
                Misfit::UnknownRelation(parts.0, parts.1)
            });
        }
        if namespace.takes(relation, subject) {
            return Ok(());
        }
        Err(Misfit::WrongSubject(name.clone(), relation.clone(), subject.to_string()))
    }
}

impl Namespace {
    /// Whether subjects of this kind can have the relation.
    pub(crate) fn takes(&self, relation: &str, subject: &Subject) -> bool {
        let named = self.relation(relation);
        let open;
        let types = if let Some(relation) = named {
            relation.types.as_slice()
        } else {
            open = built_in::open_types();
            open.as_slice()
        };
        match subject {
            // Free relations of an organization, and own relations that take people.
            Subject::Anyone | Subject::Opaque(_) if self.built_in => named.is_none() && !relation.contains(':'),
            Subject::Anyone | Subject::Opaque(_) => {
                types.iter().any(|kind| matches!(kind, SubjectType::Object(name) if &**name == built_in::IDENTITIES))
            }
            Subject::Object { namespace, .. } => {
                types.iter().any(|kind| matches!(kind, SubjectType::Object(name) if **name == **namespace))
            }
            Subject::Set { namespace, relation, .. } => types.iter().any(|kind| {
                matches!(kind, SubjectType::Set(name, of) if **name == **namespace && **of == **relation)
            }),
        }
    }
}
