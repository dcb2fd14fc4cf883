//! Adding and removing tuples, and changing the schema.

use std::{collections::BTreeMap, collections::HashMap, sync::Arc};

use super::{
    Free, InUse, Index, IndexError, Scope,
    direct::Direct,
    paged::Sharded,
    print::{Named, Prints},
    program::{Intern, Program},
    records::Records,
    state::{MAX_ID, Node, Reverse, SET, SetRecord, State, edge_key, store},
    symbols::{Symbols, space},
};
use crate::{
    schema::Schema,
    tuple::{Subject, Tuple},
};

/// What became of a tuple.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It was not there.
    New,
    /// It was there, with another end.
    Changed,
    /// It was there.
    Same,
}

/// A change of the tuples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Adds a tuple, or gives it another end.
    Insert {
        /// Whose it is.
        scope: Scope,
        /// The tuple.
        tuple: Tuple,
        /// When it ends by itself, in microseconds of the epoch.
        expire_time: Option<i64>,
    },
    /// Removes a tuple.
    Delete {
        /// Whose it is.
        scope: Scope,
        /// The tuple.
        tuple: Tuple,
    },
}

/// What a batch did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tuples that were not there.
    pub inserted: usize,
    /// Tuples that were there.
    pub deleted: usize,
}

impl Index {
    /// Makes all changes, or none: the first that is refused is the error, by its place. `position` is the place in
    /// the log that readers of later snapshots can rely on.
    pub fn apply(&mut self, position: u64, changes: &[Change]) -> Result<Counts, (usize, IndexError)> {
        for (at, change) in changes.iter().enumerate() {
            if let Change::Insert { tuple, .. } = change {
                self.check(tuple).map_err(|error| (at, error))?;
            }
        }
        let mut counts = Counts::default();
        for (at, change) in changes.iter().enumerate() {
            match change {
                Change::Insert { scope, tuple, expire_time } => {
                    let written = self.insert(scope, tuple, *expire_time).map_err(|error| (at, error))?;
                    counts.inserted += usize::from(written == Written::New);
                }
                Change::Delete { scope, tuple } => counts.deleted += usize::from(self.delete(scope, tuple)),
            }
        }
        self.set_position(position);
        Ok(counts)
    }

    /// Notes up to where the log is in the index.
    pub fn set_position(&mut self, position: u64) {
        Arc::make_mut(&mut self.state).position = position;
    }

    fn check(&self, tuple: &Tuple) -> Result<(), IndexError> {
        self.state.program.schema.check_tuple(tuple).map_err(IndexError::Misfit)?;
        // A batch adds six numbers a tuple at most; a thousand tuples are a batch.
        if self.state.symbols.end() >= MAX_ID - 100_000 { Err(IndexError::Full) } else { Ok(()) }
    }

    /// Adds a tuple that ends at `expire_time`, in microseconds of the epoch, if that is given.
    pub fn insert(
        &mut self,
        scope: &Scope,
        tuple: &Tuple,
        expire_time: Option<i64>,
    ) -> Result<Written, IndexError> {
        self.check(tuple)?;
        let state = Arc::make_mut(&mut self.state);
        let free = &mut self.free;
        let Some((_, namespace)) = state.program.namespace_named(&tuple.namespace) else {
            return Err(IndexError::Full);
        };
        let (objects, built_in) = (namespace.objects, namespace.built_in);
        let store = state.intern_store(free, scope, built_in);
        let object = state.symbols.intern(&mut free.symbols, objects, &tuple.object);
        let relation = state.symbols.intern(&mut free.symbols, space::RELATIONS, &tuple.relation);
        let node = state.node_or_new(free, store, object, relation);
        let subject = state.intern_subject(free, &tuple.subject);
        let is_new = state.nodes.at_mut(node).is_some_and(|node| node.edges.insert(subject));
        if is_new {
            state.name(free, store, subject, node);
            state.tuples += 1;
        }
        let changed = state.set_expiry(node, subject, expire_time);
        if is_new || changed {
            state.note_direct((store, relation), (objects, tuple), expire_time.is_none());
        }
        Ok(match (is_new, changed) {
            (true, _) => Written::New,
            (false, true) => Written::Changed,
            (false, false) => Written::Same,
        })
    }

    /// Removes a tuple; whether it was there.
    pub fn delete(&mut self, scope: &Scope, tuple: &Tuple) -> bool {
        let Some((store, node, subject)) = self.state.find_tuple(scope, tuple) else { return false };
        let state = Arc::make_mut(&mut self.state);
        let of = state.nodes.at(node).map(|node| (node.relation, state.symbols.space(node.object)));
        if let Some((relation, objects)) = of {
            state.note_direct((store, relation), (objects, tuple), false);
        }
        state.set_expiry(node, subject, None);
        state.remove_edge(&mut self.free, node, subject);
        state.unname(&mut self.free, store, subject, node);
        state.tuples -= 1;
        true
    }

    /// Puts another schema in force. Tuples that it has no place for are the error, and nothing changes.
    pub fn set_schema(&mut self, schema: &Schema) -> Result<(), Vec<InUse>> {
        let orphans = self.state.orphans(schema);
        if !orphans.is_empty() {
            return Err(orphans);
        }
        let state = Arc::make_mut(&mut self.state);
        let program = bind(schema, &mut state.symbols, &mut self.free.symbols);
        let before = std::mem::replace(&mut state.program, Arc::new(program));
        for id in &before.held {
            state.symbols.release(&mut self.free.symbols, *id);
        }
        Ok(())
    }
}

struct Binder<'a> {
    symbols: &'a mut Symbols,
    free: &'a mut Vec<u32>,
}

impl Intern for Binder<'_> {
    fn intern(&mut self, space: u32, text: &str) -> u32 {
        let id = self.symbols.intern(self.free, space, text);
        self.symbols.hold(id);
        id
    }
}

fn bind(schema: &Schema, symbols: &mut Symbols, free: &mut Vec<u32>) -> Program {
    Program::new(schema, &mut Binder { symbols, free })
}

impl State {
    pub(super) fn new(schema: &Schema, seed: u64, free: &mut Vec<u32>) -> Self {
        let mut symbols = Symbols::new(seed);
        let anyone = symbols.intern(free, space::OPAQUE, "*");
        symbols.hold(anyone);
        let program = Arc::new(bind(schema, &mut symbols, free));
        Self {
            symbols,
            nodes: Records::default(),
            sets: Records::default(),
            reverses: Records::default(),
            direct: Direct::default(),
            prints: Prints::new(seed),
            expiries: Sharded::default(),
            roles: Arc::new(HashMap::new()),
            program,
            tuples: 0,
            position: 0,
            anyone,
        }
    }

    fn intern_store(&mut self, free: &mut Free, scope: &Scope, built_in: bool) -> u32 {
        match scope {
            _ if built_in => store::BUILT_IN,
            Scope::Tenant => store::TENANT,
            Scope::Organization(id) => {
                store::organization(self.symbols.intern(&mut free.symbols, space::STORES, id))
            }
        }
    }

    fn node_or_new(&mut self, free: &mut Free, store: u32, object: u32, relation: u32) -> u32 {
        if let Some((id, _)) = self.find_node(store, object, relation) {
            return id;
        }
        let node = Node { store, object, relation, ..Node::default() };
        let id = self.nodes.add(&self.symbols.hashes, &mut free.nodes, node);
        self.symbols.hold(object);
        self.symbols.hold(relation);
        if store > store::TENANT {
            self.symbols.hold(store - 2);
        }
        id
    }

    fn intern_subject(&mut self, free: &mut Free, subject: &Subject) -> u32 {
        let mut object = |state: &mut Self, namespace: &str, object: &str| {
            let symbol = state.program.namespace_named(namespace).map_or(space::OPAQUE, |(_, of)| of.objects);
            state.symbols.intern(&mut free.symbols, symbol, object)
        };
        match subject {
            Subject::Anyone => self.anyone,
            Subject::Opaque(id) => self.symbols.intern(&mut free.symbols, space::OPAQUE, id),
            Subject::Object { namespace, object: id } => object(self, namespace, id),
            Subject::Set { namespace, object: id, relation } => {
                let object = object(self, namespace, id);
                let relation = self.symbols.intern(&mut free.symbols, space::RELATIONS, relation);
                self.set_or_new(free, object, relation)
            }
        }
    }

    fn set_or_new(&mut self, free: &mut Free, object: u32, relation: u32) -> u32 {
        if let Some(id) = self.find_set(object, relation) {
            return id;
        }
        let objects = self.symbols.space(object);
        let set = SetRecord { objects, object, relation, refs: 0 };
        let id = self.sets.add(&self.symbols.hashes, &mut free.sets, set);
        self.symbols.hold(object);
        self.symbols.hold(relation);
        id | SET
    }

    /// Notes that a node names a subject.
    fn name(&mut self, free: &mut Free, store: u32, subject: u32, node: u32) {
        let id = self.find_reverse(store, subject).unwrap_or_else(|| {
            let record = Reverse { store, subject, ..Reverse::default() };
            let id = self.reverses.add(&self.symbols.hashes, &mut free.reverses, record);
            if subject & SET == 0 {
                self.symbols.hold(subject);
            } else if let Some(set) = self.sets.at_mut(subject & !SET) {
                set.refs += 1;
            }
            id
        });
        if let Some(record) = self.reverses.at_mut(id) {
            record.nodes.insert(node);
        }
    }

    fn unname(&mut self, free: &mut Free, store: u32, subject: u32, node: u32) {
        let Some(id) = self.find_reverse(store, subject) else { return };
        let Some(record) = self.reverses.at_mut(id) else { return };
        record.nodes.remove(node);
        if !record.nodes.is_empty() {
            return;
        }
        self.reverses.take(&self.symbols.hashes, &mut free.reverses, id);
        if subject & SET == 0 {
            self.symbols.release(&mut free.symbols, subject);
            return;
        }
        let Some(set) = self.sets.at_mut(subject & !SET) else { return };
        set.refs = set.refs.saturating_sub(1);
        if set.refs > 0 {
            return;
        }
        let gone = self.sets.take(&self.symbols.hashes, &mut free.sets, subject & !SET);
        let Some(gone) = gone else { return };
        self.symbols.release(&mut free.symbols, gone.object);
        self.symbols.release(&mut free.symbols, gone.relation);
    }

    /// Notes whether a tuple is there and has no end, if it names somebody who asks.
    fn note_direct(
        &mut self,
        (store, relation): (u32, u32),
        (objects, tuple): (u32, &Tuple),
        is_there: bool,
    ) {
        let Some(subject) = self.caller(&tuple.subject) else { return };
        let print = self.prints.of(&Named { store, relation, object: (objects, &tuple.object), subject });
        if is_there { self.direct.insert(print) } else { self.direct.remove(print) }
    }

    /// The space and text of a subject that asks: a person, a program, or an id that means nothing here.
    #[inline]
    pub(crate) fn caller<'s>(&self, subject: &'s Subject) -> Option<(u32, &'s str)> {
        match subject {
            Subject::Opaque(id) => Some((space::OPAQUE, id)),
            Subject::Object { namespace, object } => {
                let (_, found) = self.program.namespace_named(namespace)?;
                self.program.callers.contains(&found.objects).then_some((found.objects, object))
            }
            Subject::Anyone | Subject::Set { .. } => None,
        }
    }

    fn remove_edge(&mut self, free: &mut Free, id: u32, subject: u32) {
        let Some(node) = self.nodes.at_mut(id) else { return };
        node.edges.remove(subject);
        if !node.edges.is_empty() {
            return;
        }
        let gone = self.nodes.take(&self.symbols.hashes, &mut free.nodes, id);
        let Some(gone) = gone else { return };
        self.symbols.release(&mut free.symbols, gone.object);
        self.symbols.release(&mut free.symbols, gone.relation);
        if gone.store > store::TENANT {
            self.symbols.release(&mut free.symbols, gone.store - 2);
        }
    }

    /// Sets when an edge ends; whether that is another time than before.
    fn set_expiry(&mut self, node: u32, subject: u32, end: Option<i64>) -> bool {
        let expiring = self.nodes.at(node).map_or(0, |node| node.expiring);
        if end.is_none() && expiring == 0 {
            return false;
        }
        let key = edge_key(node, subject);
        let hash = self.edge_hash(key);
        let Some(shard) = self.expiries.of_mut(hash).map(Arc::make_mut) else { return false };
        let before = match end {
            Some(end) => shard.insert(key, end),
            None => shard.remove(&key),
        };
        if let Some(node) = self.nodes.at_mut(node) {
            node.expiring = match (before, end) {
                (None, Some(_)) => node.expiring + 1,
                (Some(_), None) => node.expiring.saturating_sub(1),
                _ => node.expiring,
            };
        }
        before != end
    }

    /// Store, node and subject of a tuple that is there.
    fn find_tuple(&self, scope: &Scope, tuple: &Tuple) -> Option<(u32, u32, u32)> {
        let (_, namespace) = self.program.namespace_named(&tuple.namespace)?;
        let store = match scope {
            _ if namespace.built_in => store::BUILT_IN,
            Scope::Tenant => store::TENANT,
            Scope::Organization(id) => self.store_of(id)?,
        };
        let object = self.symbols.find(namespace.objects, &tuple.object)?;
        let relation = self.symbols.find(space::RELATIONS, &tuple.relation)?;
        let subject = self.find_subject(&tuple.subject)?;
        let (id, node) = self.find_node(store, object, relation)?;
        node.edges.contains(subject).then_some((store, id, subject))
    }

    /// The number of a subject, if anything names it.
    pub(crate) fn find_subject(&self, subject: &Subject) -> Option<u32> {
        let object = |namespace: &str, object: &str| {
            let (_, space) = self.program.namespace_named(namespace)?;
            self.symbols.find(space.objects, object)
        };
        match subject {
            Subject::Anyone => Some(self.anyone),
            Subject::Opaque(id) => self.symbols.find(space::OPAQUE, id),
            Subject::Object { namespace, object: id } => object(namespace, id),
            Subject::Set { namespace, object: id, relation } => {
                self.find_set(object(namespace, id)?, self.symbols.find(space::RELATIONS, relation)?)
            }
        }
    }

    /// What a schema has no place for.
    fn orphans(&self, schema: &Schema) -> Vec<InUse> {
        let mut kept: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        let mut changed: HashMap<(&str, &str), bool> = HashMap::new();
        for (_, node) in self.nodes() {
            let (namespace, relation) = (self.namespace_text(node.object), self.symbols.text(node.relation));
            let is_other = *changed.entry((namespace, relation)).or_insert_with(|| {
                let types = |schema: &Schema| {
                    schema.namespace(namespace).map(|found| found.relation(relation).cloned())
                };
                types(schema) != types(&self.program.schema)
            });
            if !is_other {
                continue;
            }
            let takes = |subject: u32| {
                let found = schema.namespace(namespace).filter(|found| found.has_relation(relation));
                found
                    .zip(self.subject(subject))
                    .is_some_and(|(found, subject)| found.takes(relation, &subject))
            };
            let lost = node.edges.iter().filter(|&subject| !takes(subject)).count();
            if lost > 0 {
                *kept.entry((namespace, relation)).or_default() += lost as u64;
            }
        }
        let in_use = |((namespace, relation), tuples): ((&str, &str), u64)| InUse {
            namespace: namespace.to_owned(),
            relation: relation.to_owned(),
            tuples,
        };
        kept.into_iter().map(in_use).collect()
    }
}
