//! From the names of a question to the numbers of a snapshot.

use super::{Query, QueryError, Question};
use crate::{
    index::{
        edges::NONE,
        print::Named,
        program::{OPEN, Space},
        symbols::space,
    },
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
        let (target, found) = self.relation(namespace, relation)?;
        let object = self.state.symbols.find(found.objects, object).unwrap_or(NOWHERE);
        Ok(Target { object, ..target })
    }

    /// A target without its object, and its namespace.
    pub(super) fn relation(&self, namespace: &str, relation: &str) -> Result<(Target, &Space), QueryError> {
        let state = self.state;
        let namespace = canonical_namespace(namespace);
        let (index, found) = self.space(namespace)?;
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
        Ok((Target { namespace: index, object: NOWHERE, relation, definition }, found))
    }

    fn space(&self, namespace: &str) -> Result<(u32, &Space), QueryError> {
        let found = self.state.program.namespace_named(namespace);
        found.ok_or_else(|| QueryError::UnknownNamespace(namespace.to_owned()))
    }

    /// What is asked, and about whom. A subject that nothing names has no number, but may still be the object itself.
    pub(super) fn resolved(&self, question: &Question<'_>) -> Result<(Target, Asker), QueryError> {
        let place = self.relation(question.namespace, question.relation)?;
        self.resolved_at(question, place)
    }

    /// The same, when the relation was looked up.
    pub(super) fn resolved_at(
        &self,
        question: &Question<'_>,
        (target, found): (Target, &Space),
    ) -> Result<(Target, Asker), QueryError> {
        let Subject::Object { namespace, object } = question.subject else {
            let object = self.state.symbols.find(found.objects, question.object).unwrap_or(NOWHERE);
            return Ok((Target { object, ..target }, self.listed_asker(question.subject)?));
        };
        let (_, of) = self.space(namespace)?;
        let both = [(found.objects, question.object), (of.objects, &**object)];
        let [named, subject] = self.state.symbols.find_both(both);
        let unnamed = if named.is_none() && both[0] == both[1] { NOWHERE } else { NOBODY };
        let is_person = of.objects == self.state.program.identities;
        let asker = Asker { subject: subject.unwrap_or(unnamed), is_person };
        Ok((Target { object: named.unwrap_or(NOWHERE), ..target }, asker))
    }

    /// Whether a tuple of the subject's own says yes. A no says nothing.
    #[inline]
    pub(super) fn is_direct(&self, question: &Question<'_>, (target, found): (Target, &Space)) -> bool {
        let Some(subject) = self.state.caller(question.subject) else { return false };
        let own = [target.relation];
        let relations = match self.state.program.definition(target.definition) {
            Some(definition) => definition.direct.as_slice(),
            None if target.relation == UNHEARD => &[],
            None => &own,
        };
        let stores = self.view.stores(found);
        let is_there = |relation: u32, store: u32| {
            let object = (found.objects, question.object);
            store != NONE && self.state.is_direct(&Named { store, relation, object, subject })
        };
        self.limits.nodes > 0
            && relations.iter().any(|relation| stores.into_iter().any(|store| is_there(*relation, store)))
    }

    fn schema_of(&self, namespace: &str) -> Option<&Namespace> {
        self.state.program.schema.namespace(namespace)
    }

    /// The subject of a list.
    pub(super) fn listed_asker(&self, subject: &Subject) -> Result<Asker, QueryError> {
        let state = self.state;
        let (found, is_person) = match subject {
            Subject::Anyone => (Some(state.anyone), true),
            Subject::Opaque(id) => (state.symbols.find(space::OPAQUE, id), false),
            Subject::Object { namespace, object } => {
                let (_, found) = self.space(namespace)?;
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
