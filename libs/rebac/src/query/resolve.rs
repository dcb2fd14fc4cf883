//! From the names of a question to the numbers of a snapshot.

use super::{Query, QueryError, Question};
use crate::{
    index::{program::OPEN, symbols::space},
    schema::Namespace,
    tuple::{Subject, canonical_namespace},
};

/// The number of an object that no tuple names.
pub(super) const NOWHERE: u32 = u32::MAX - 1;
/// The number of a subject that no tuple names.
pub(super) const NOBODY: u32 = u32::MAX - 2;
/// The number of a relation that no tuple and no role names.
pub(super) const UNHEARD: u32 = u32::MAX - 3;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub(super) namespace: u32,
    pub(super) object: u32,
    pub(super) relation: u32,
    pub(super) definition: u32,
}

impl Target {
    pub(super) fn is_known(&self) -> bool {
        self.object != NOWHERE && self.relation != UNHEARD
    }
}

/// Who is asked about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    pub(super) subject: u32,
    /// Whether `*` stands for it too.
    pub(super) is_person: bool,
}

impl Asker {
    pub(super) fn is_known(self) -> bool {
        self.subject != NOBODY && self.subject != NOWHERE
    }
}

impl Query<'_> {
    pub(super) fn target(&self, namespace: &str, object: &str, relation: &str) -> Result<Target, QueryError> {
        let state = self.state;
        let namespace = canonical_namespace(namespace);
        let Some((index, found)) = state.program.namespace_named(namespace) else {
            return Err(QueryError::UnknownNamespace(namespace.to_owned()));
        };
        let (relation, definition) = if found.open {
            if !self.schema_of(namespace).is_some_and(|namespace| namespace.has_relation(relation)) {
                return Err(QueryError::UnknownRelation(namespace.to_owned(), relation.to_owned()));
            }
            (state.symbols.find(space::RELATIONS, relation).unwrap_or(UNHEARD), OPEN)
        } else {
            let place = found.by_name(relation);
            let defined = place.and_then(|place| Some((state.program.definition(place)?.name, place)));
            defined.ok_or_else(|| QueryError::UnknownRelation(namespace.to_owned(), relation.to_owned()))?
        };
        let object = state.symbols.find(found.objects, object).unwrap_or(NOWHERE);
        Ok(Target { namespace: index, object, relation, definition })
    }

    fn schema_of(&self, namespace: &str) -> Option<&Namespace> {
        self.state.program.schema.namespace(namespace)
    }

    /// The subject of a question. One that nothing names has no number, but may still be the object itself.
    pub(super) fn asker(
        &self,
        subject: &Subject,
        target: &Target,
        question: &Question<'_>,
    ) -> Result<Asker, QueryError> {
        let mut asker = self.listed_asker(subject)?;
        if asker.subject == NOBODY
            && target.object == NOWHERE
            && let Subject::Object { namespace, object } = subject
            && object == question.object
            && namespace == canonical_namespace(question.namespace)
        {
            asker.subject = NOWHERE;
        }
        Ok(asker)
    }

    /// The subject of a list.
    pub(super) fn listed_asker(&self, subject: &Subject) -> Result<Asker, QueryError> {
        let state = self.state;
        let (found, is_person) = match subject {
            Subject::Anyone => (Some(state.anyone), true),
            Subject::Opaque(id) => (state.symbols.find(space::OPAQUE, id), false),
            Subject::Object { namespace, object } => {
                let Some((_, found)) = state.program.namespace_named(namespace) else {
                    return Err(QueryError::UnknownNamespace(namespace.clone()));
                };
                (state.symbols.find(found.objects, object), found.objects == state.program.identities)
            }
            Subject::Set { namespace, relation, .. } => {
                let Some(found) = self.schema_of(namespace) else {
                    return Err(QueryError::UnknownNamespace(namespace.clone()));
                };
                if !found.has(relation) {
                    return Err(QueryError::UnknownRelation(namespace.clone(), relation.clone()));
                }
                (state.find_subject(subject), false)
            }
        };
        Ok(Asker { subject: found.unwrap_or(NOBODY), is_person })
    }
}
