//! Every subject that has a relation to an object, or a permit.
//!
//! It goes forwards, through everything the relation consists of. Where a permit has `&&` or `!`, a check decides each
//! subject that was met.

use std::collections::{HashSet, VecDeque};

use foldhash::fast::FixedState;

use super::{
    Limit, Query, QueryError,
    evaluate::Evaluator,
    resolve::{Asker, NOBODY, NOWHERE, Target, UNHEARD},
};
use crate::{
    index::{
        edges::NONE,
        program::{OPEN, Op, Rule, Space, Through},
        state::{SET, State},
        symbols::space,
    },
    tuple::canonical_namespace,
};

/// Who has a relation to an object, or a permit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subjects {
    /// Ids in the namespace that was asked for, sorted. With `anyone`, those that are named besides.
    pub ids: Vec<String>,
    /// Whether it holds for `*`: any identity that is signed in.
    pub anyone: bool,
    /// With `anyone`, the identities for which it does not hold all the same, sorted.
    pub except: Vec<String>,
}

impl Query<'_> {
    /// All subjects of a namespace that have the relation or permit: complete, or an error.
    pub fn list_subjects(
        &self,
        namespace: &str,
        object: &str,
        relation: &str,
        subject_namespace: &str,
    ) -> Result<Subjects, QueryError> {
        let target = self.target(namespace, object, relation)?;
        let of = canonical_namespace(subject_namespace);
        let Some((_, space)) = self.state.program.namespace_named(of) else {
            return Err(QueryError::UnknownNamespace(of.to_owned()));
        };
        let mut search = Search {
            query: self,
            state: self.state,
            relation,
            seen: HashSet::default(),
            queue: VecDeque::new(),
            subjects: HashSet::default(),
            exact: true,
            spent: 0,
        };
        search.go(target.object, target.relation, target.definition, 1)?;
        search.follow()?;
        search.decided(&target, space, (object, of == canonical_namespace(namespace)))
    }
}

struct Search<'a> {
    query: &'a Query<'a>,
    state: &'a State,
    relation: &'a str,
    seen: HashSet<u64, FixedState>,
    /// Object, relation, definition, depth.
    queue: VecDeque<(u32, u32, u32, u32)>,
    subjects: HashSet<u32, FixedState>,
    /// Whether whoever was met has it for certain.
    exact: bool,
    spent: u32,
}

impl<'a> Search<'a> {
    fn spend(&mut self) -> Result<(), QueryError> {
        self.spent += 1;
        if self.spent > self.query.limits.list {
            return Err(QueryError::Limit(Limit::Width));
        }
        if self.spent.is_multiple_of(1024) && self.query.is_late.is_some_and(|is_late| is_late()) {
            return Err(QueryError::Limit(Limit::Time));
        }
        Ok(())
    }

    fn go(&mut self, object: u32, relation: u32, definition: u32, depth: u32) -> Result<(), QueryError> {
        if !self.seen.insert((u64::from(object) << 32) | u64::from(relation)) {
            return Ok(());
        }
        if depth > self.query.limits.depth {
            return Err(QueryError::Limit(Limit::Depth));
        }
        self.queue.push_back((object, relation, definition, depth));
        Ok(())
    }

    fn follow(&mut self) -> Result<(), QueryError> {
        let program = &self.state.program;
        while let Some((object, relation, definition, depth)) = self.queue.pop_front() {
            self.spend()?;
            if definition == OPEN {
                if let Some(space) = program.namespaces.get(program.organizations as usize) {
                    self.tuples(space, object, relation, depth)?;
                    self.roles(space, object, relation, depth)?;
                }
                continue;
            }
            let Some(found) = program.definition(definition) else { continue };
            match &found.rule {
                Rule::Permit(op) => self.op(op, object, depth)?,
                Rule::Relation(implied) => {
                    if let Some(space) = program.namespaces.get(found.namespace as usize) {
                        self.tuples(space, object, relation, depth)?;
                    }
                    for &by in implied {
                        if let Some(name) = program.definition(by).map(|by| by.name) {
                            self.go(object, name, by, depth + 1)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn op(&mut self, op: &'a Op, object: u32, depth: u32) -> Result<(), QueryError> {
        match op {
            Op::Or(parts) => parts.iter().try_for_each(|part| self.op(part, object, depth)),
            Op::And(parts) => {
                self.exact = false;
                parts.iter().try_for_each(|part| self.op(part, object, depth))
            }
            Op::Not(inner) => {
                self.exact = false;
                self.op(inner, object, depth)
            }
            Op::Same(name, definition) => self.go(object, *name, *definition, depth + 1),
            Op::Traverse(through) => self.traverse(object, through, depth),
            Op::Equals => {
                self.subjects.insert(object);
                Ok(())
            }
        }
    }

    fn tuples(&mut self, space: &Space, object: u32, relation: u32, depth: u32) -> Result<(), QueryError> {
        let Query { state, now, view, .. } = *self.query;
        for store in view.stores(space).into_iter().filter(|&store| store != NONE) {
            let Some((id, node)) = state.find_node(store, object, relation) else { continue };
            for subject in node.edges.iter() {
                self.spend()?;
                if !state.is_live(id, node, subject, now) {
                    continue;
                }
                if subject & SET == 0 {
                    self.subjects.insert(subject);
                    continue;
                }
                let Some(set) = state.set(subject) else { continue };
                let namespace = state.program.namespace_of(set.objects);
                if let Some(definition) = namespace.and_then(|(_, space)| space.by_symbol(set.relation)) {
                    self.go(set.object, set.relation, definition, depth + 1)?;
                }
            }
        }
        Ok(())
    }

    fn traverse(&mut self, object: u32, through: &Through, depth: u32) -> Result<(), QueryError> {
        let Query { state, now, view, .. } = *self.query;
        let namespace = state.program.namespace_of(state.symbols.space(object));
        for store in namespace.map(|(_, space)| view.stores(space)).into_iter().flatten() {
            let Some((id, node)) = state.find_node(store, object, through.relation).filter(|_| store != NONE)
            else {
                continue;
            };
            for next in node.edges.iter().take_while(|subject| subject & SET == 0) {
                self.spend()?;
                let tail = through.tail_of(|| state.symbols.space(next));
                if let Some(tail) = tail.filter(|_| state.is_live(id, node, next, now)) {
                    self.go(next, tail.name, tail.definition, depth + 1)?;
                }
            }
        }
        Ok(())
    }

    fn roles(&mut self, space: &Space, object: u32, relation: u32, depth: u32) -> Result<(), QueryError> {
        let state = self.state;
        let program = &state.program;
        let [owner, admin, member] = program.roles;
        let text = if relation == UNHEARD { self.relation } else { state.symbols.text(relation) };
        if relation == admin || relation == member {
            self.go(object, if relation == admin { owner } else { admin }, OPEN, depth + 1)?;
            for role in state.roles(object).iter().filter(|role| role.admin == (relation == admin)) {
                self.go(object, role.key, OPEN, depth + 1)?;
            }
            return Ok(());
        }
        let Some((area, _)) = text.split_once(':') else { return Ok(()) };
        let whole = state.symbols.find(space::RELATIONS, &format!("{area}:*"));
        if let Some(whole) = whole {
            self.tuples(space, object, whole, depth)?;
        }
        let lists = |permissions: &[u32]| {
            permissions.binary_search(&relation).is_ok()
                || whole.is_some_and(|whole| permissions.binary_search(&whole).is_ok())
        };
        for (&role, permissions) in program.roles.iter().zip(&program.role_permissions) {
            if lists(permissions) {
                self.go(object, role, OPEN, depth + 1)?;
            }
        }
        for role in state.roles(object).iter().filter(|role| lists(&role.permissions)) {
            self.go(object, role.key, OPEN, depth + 1)?;
        }
        Ok(())
    }

    fn decided(
        &self,
        target: &Target,
        space: &Space,
        (object, same_namespace): (&str, bool),
    ) -> Result<Subjects, QueryError> {
        let state = self.state;
        let of_people = space.objects == state.program.identities;
        let holds = |subject: u32| {
            let asker = Asker { subject, is_person: of_people };
            Evaluator::new(self.query, asker, self.relation).root(target)
        };
        let generic = if self.exact {
            of_people && self.subjects.contains(&state.anyone)
        } else {
            // Somebody about whom nothing is written.
            holds(NOBODY)?
        };
        if generic && !of_people {
            return Err(QueryError::Endless);
        }
        let mut listed = Subjects { anyone: generic, ..Subjects::default() };
        for (number, &subject) in (1_u32..).zip(&self.subjects) {
            if number.is_multiple_of(256) && self.query.is_late.is_some_and(|is_late| is_late()) {
                return Err(QueryError::Limit(Limit::Time));
            }
            let id = match subject {
                NOWHERE if same_namespace => object,
                subject if state.symbols.space(subject) == space.objects => state.symbols.text(subject),
                _ => continue,
            };
            if self.exact || holds(subject)? {
                listed.ids.push(id.to_owned());
            } else if generic {
                listed.except.push(id.to_owned());
            }
        }
        listed.ids.sort_unstable();
        listed.except.sort_unstable();
        Ok(listed)
    }
}
