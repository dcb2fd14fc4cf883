//! Every object to which a subject has a relation or permit.
//!
//! It goes backwards: from the tuples that name the subject to what follows from them, until nothing new follows. Where
//! a permit needs more than one thing (`&&`) or the absence of one (`!`), one of the needed things leads to objects
//! that *may* have it, and a check decides each of them.

use std::collections::{HashMap, HashSet, VecDeque};

use foldhash::fast::FixedState;

use super::{
    Limit, Query, QueryError,
    evaluate::Evaluator,
    resolve::{Asker, NOWHERE, Target},
};
use crate::{
    index::{
        edges::{Edges, NONE},
        program::Fact,
        state::{SET, State},
        symbols::space,
    },
    tuple::Subject,
};

impl Query<'_> {
    /// The ids of all objects of a namespace to which the subject has a relation or permit, sorted: complete, or an
    /// error.
    pub fn list_objects(
        &self,
        namespace: &str,
        relation: &str,
        subject: &Subject,
    ) -> Result<Vec<String>, QueryError> {
        let target = self.target(namespace, "", relation)?;
        let asker = self.listed_asker(subject)?;
        let mut search = Search::new(self, target, asker, relation);
        search.begin()?;
        search.follow()?;
        let mut objects = search.decided()?;
        objects.sort_unstable();
        Ok(objects.into_iter().map(str::to_owned).collect())
    }
}

/// A permission key that is looked for, and the symbol of its whole area.
struct Key {
    name: u32,
    whole: Option<u32>,
}

#[derive(Clone, Copy)]
struct Step {
    object: u32,
    relation: u32,
    namespace: u32,
    certain: bool,
    depth: u32,
}

struct Search<'a> {
    query: &'a Query<'a>,
    state: &'a State,
    target: Target,
    asker: Asker,
    relation: &'a str,
    relevant: HashSet<Fact, FixedState>,
    /// Whether no other answer follows from an answer.
    is_last: bool,
    keys: Vec<Key>,
    /// Objects and relations that follow, and whether for certain.
    found: HashMap<u64, bool, FixedState>,
    queue: VecDeque<Step>,
    answers: Vec<u32>,
    spent: u32,
}

impl<'a> Search<'a> {
    fn new(query: &'a Query<'a>, target: Target, asker: Asker, relation: &'a str) -> Self {
        let state = query.state;
        let program = &state.program;
        let whole = |text: &str| {
            let (area, _) = text.split_once(':')?;
            state.symbols.find(space::RELATIONS, &format!("{area}:*"))
        };
        let mut keys: Vec<Key> = program
            .keys
            .iter()
            .filter(|&&name| state.symbols.text(name).contains(':'))
            .map(|&name| Key { name, whole: whole(state.symbols.text(name)) })
            .collect();
        if target.namespace == program.organizations && relation.contains(':') {
            keys.push(Key { name: target.relation, whole: whole(relation) });
        }
        let fact = (target.namespace, target.relation);
        let relevant = program.relevant_to(fact);
        let is_last = relevant.len() == 1
            && target.namespace != program.organizations
            && !program.rests_on_itself(fact);
        Self {
            query,
            state,
            target,
            asker,
            relation,
            relevant,
            is_last,
            keys,
            found: HashMap::default(),
            queue: VecDeque::new(),
            answers: Vec::new(),
            spent: 0,
        }
    }

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

    /// What follows from the tuples that name the subject, and from nothing.
    fn begin(&mut self) -> Result<(), QueryError> {
        let state = self.state;
        self.named(self.asker.subject, None, true, 0)?;
        if self.asker.is_person && self.asker.subject != state.anyone {
            self.named(state.anyone, None, true, 0)?;
        }
        let program = &state.program;
        if let Some((namespace, space)) = program.namespace_of(state.symbols.space(self.asker.subject)) {
            for &(place, certain) in &space.equals {
                if let Some(permit) = program.definition(place) {
                    self.add(self.asker.subject, permit.name, namespace, certain, 1)?;
                }
            }
        }
        for (namespace, space) in (0..).zip(&program.namespaces) {
            for &place in &space.unbounded {
                let Some(permit) = program.definition(place) else { continue };
                if !self.relevant.contains(&(namespace, permit.name)) {
                    continue;
                }
                for object in self.known_objects(space.objects)? {
                    self.add(object, permit.name, namespace, false, 1)?;
                }
            }
        }
        Ok(())
    }

    /// Every object of a space that a tuple names which is seen.
    fn known_objects(&mut self, objects: u32) -> Result<HashSet<u32>, QueryError> {
        let state = self.state;
        let mut known = HashSet::new();
        for (_, node) in state.nodes() {
            self.spend()?;
            let namespace = state.program.namespace_of(state.symbols.space(node.object));
            if !namespace.is_some_and(|(_, space)| self.query.view.sees(space, node.store)) {
                continue;
            }
            known.insert(node.object);
            for subject in node.edges.iter() {
                self.spend()?;
                let object =
                    if subject & SET == 0 { Some(subject) } else { state.set(subject).map(|set| set.object) };
                known.extend(object);
            }
        }
        known.retain(|&object| state.symbols.space(object) == objects);
        Ok(known)
    }

    /// Goes to the nodes that name a subject; with `only`, to those of a relation of a namespace, as the permit that
    /// follows there.
    fn named(
        &mut self,
        subject: u32,
        only: Option<(u32, u32, u32)>,
        certain: bool,
        depth: u32,
    ) -> Result<(), QueryError> {
        let Query { state, now, view, .. } = *self.query;
        for store in view.all().into_iter().filter(|&store| store != NONE) {
            for id in state.naming(store, subject).into_iter().flat_map(Edges::iter) {
                self.spend()?;
                let Some(node) = state.node(id) else { continue };
                if only.is_some_and(|(_, relation, _)| relation != node.relation) {
                    continue;
                }
                let Some((namespace, space)) = state.program.namespace_of(state.symbols.space(node.object))
                else {
                    continue;
                };
                if !view.sees(space, store) || !state.is_live(id, node, subject, now) {
                    continue;
                }
                let follows = match only {
                    Some((of, ..)) if of != namespace => continue,
                    Some((_, _, permit)) => permit,
                    None => node.relation,
                };
                self.add(node.object, follows, namespace, certain, depth + 1)?;
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        object: u32,
        relation: u32,
        namespace: u32,
        certain: bool,
        depth: u32,
    ) -> Result<(), QueryError> {
        if !self.relevant.contains(&self.state.program.collapsed((namespace, relation))) {
            return Ok(());
        }
        let key = (u64::from(object) << 32) | u64::from(relation);
        let is_answer = relation == self.target.relation && namespace == self.target.namespace;
        match self.found.get_mut(&key) {
            Some(known) if *known || !certain => return Ok(()),
            Some(known) => *known = true,
            None => {
                self.found.insert(key, certain);
                if is_answer {
                    self.answers.push(object);
                }
            }
        }
        if depth > self.query.limits.depth {
            return Err(QueryError::Limit(Limit::Depth));
        }
        if !(is_answer && self.is_last) {
            self.queue.push_back(Step { object, relation, namespace, certain, depth });
        }
        Ok(())
    }

    fn follow(&mut self) -> Result<(), QueryError> {
        while let Some(step) = self.queue.pop_front() {
            self.spend()?;
            let Step { object, relation, namespace, certain, depth } = step;
            let program = &self.state.program;
            if let Some(uses) = program.uses((namespace, relation)) {
                for &(name, enough) in &uses.same {
                    self.add(object, name, namespace, certain && enough, depth + 1)?;
                }
                for &(of, through, permit, enough) in &uses.through {
                    if self.relevant.contains(&(of, permit)) {
                        self.named(object, Some((of, through, permit)), certain && enough, depth)?;
                    }
                }
            }
            if program.sets.contains(&(namespace, relation))
                && let Some(set) = self.state.find_set(object, relation)
            {
                self.named(set, None, certain, depth)?;
            }
            if namespace == program.organizations {
                self.roles(step)?;
            }
        }
        Ok(())
    }

    /// What a relation of an organization implies.
    fn roles(&mut self, step: Step) -> Result<(), QueryError> {
        let state = self.state;
        let program = &state.program;
        let Step { object, relation, namespace, certain, depth } = step;
        let [owner, admin, member] = program.roles;
        let custom = state.roles(object).iter().find(|role| role.key == relation);
        let base = match custom {
            _ if relation == owner => Some(admin),
            _ if relation == admin => Some(member),
            Some(role) => Some(if role.admin { admin } else { member }),
            None => None,
        };
        if let Some(base) = base {
            self.add(object, base, namespace, certain, depth + 1)?;
        }
        let built_in = program.roles.iter().position(|&role| role == relation);
        let built_in = built_in.and_then(|at| program.role_permissions.get(at));
        for at in 0..self.keys.len() {
            let Some(&Key { name, whole }) = self.keys.get(at) else { continue };
            let lists = |permissions: &[u32]| {
                permissions.binary_search(&name).is_ok()
                    || whole.is_some_and(|whole| permissions.binary_search(&whole).is_ok())
            };
            if whole == Some(relation)
                || built_in.is_some_and(|listed| lists(listed))
                || custom.is_some_and(|role| lists(&role.permissions))
            {
                self.add(object, name, namespace, certain, depth + 1)?;
            }
        }
        Ok(())
    }

    /// The answers, those that may be checked.
    fn decided(&self) -> Result<Vec<&'a str>, QueryError> {
        let mut evaluator = Evaluator::new(self.query, self.asker, self.relation);
        let mut objects = Vec::with_capacity(self.answers.len());
        for (number, &object) in (1_u32..).zip(&self.answers) {
            let key = (u64::from(object) << 32) | u64::from(self.target.relation);
            let certain = self.found.get(&key).copied().unwrap_or_default();
            if !certain {
                if number.is_multiple_of(256) && self.query.is_late.is_some_and(|is_late| is_late()) {
                    return Err(QueryError::Limit(Limit::Time));
                }
                if !evaluator.root(&Target { object, ..self.target })? {
                    continue;
                }
            }
            // The subject itself, where no tuple names it, has no text here and no object that anyone could ask for.
            if object != NOWHERE {
                objects.push(self.state.symbols.text(object));
            }
        }
        Ok(objects)
    }
}
