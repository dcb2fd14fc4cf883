//! Everything a reader sees: tables of symbols, nodes and subjects, all persistent.
//!
//! - A *node* is a relation of an object in a store; its edges are the subjects that have it.
//! - A *subject* is a symbol (an identity, an object, an opaque id, `*`) or a *set*, marked by the upper bit.
//! - A *reverse* record holds, for a subject in a store, the nodes that name it.

use std::{collections::BTreeMap, collections::HashMap, sync::Arc};

use super::{
    direct::Direct,
    edges::{Edges, NONE},
    hashes::Hashes,
    paged::Sharded,
    print::{Named, Prints},
    program::Program,
    records::{Record, Records},
    symbols::Symbols,
};

/// The bit of subjects that are sets.
pub(crate) const SET: u32 = 1 << 31;
/// Ids stay below this: the rest are marks.
pub(super) const MAX_ID: u32 = SET - 16;

/// Which tuples a node belongs to.
pub(crate) mod store {
    pub(crate) const BUILT_IN: u32 = 0;
    pub(crate) const TENANT: u32 = 1;

    /// The store of an organization, by its symbol.
    pub(crate) fn organization(symbol: u32) -> u32 {
        symbol + 2
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) store: u32,
    /// [`NONE`] when the slot is free.
    pub(crate) object: u32,
    pub(crate) relation: u32,
    /// How many of its edges end by themselves.
    pub(crate) expiring: u32,
    pub(crate) edges: Edges,
}

impl Default for Node {
    fn default() -> Self {
        Self { store: 0, object: NONE, relation: NONE, expiring: 0, edges: Edges::default() }
    }
}

/// Whoever has `relation` to `object`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SetRecord {
    /// The space of the object.
    pub(crate) objects: u32,
    pub(crate) object: u32,
    pub(crate) relation: u32,
    /// How many reverse records name it.
    pub(super) refs: u32,
}

impl Default for SetRecord {
    fn default() -> Self {
        Self { objects: NONE, object: NONE, relation: NONE, refs: 0 }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Reverse {
    pub(super) store: u32,
    /// [`NONE`] when the slot is free.
    pub(super) subject: u32,
    pub(crate) nodes: Edges,
}

impl Default for Reverse {
    fn default() -> Self {
        Self { store: 0, subject: NONE, nodes: Edges::default() }
    }
}

fn node_hash(hashes: &Hashes, store: u32, object: u32, relation: u32) -> u64 {
    hashes.numbers([store, object, relation])
}

fn set_hash(hashes: &Hashes, object: u32, relation: u32) -> u64 {
    hashes.numbers([object, relation, SET])
}

fn reverse_hash(hashes: &Hashes, store: u32, subject: u32) -> u64 {
    hashes.numbers([store, subject, NONE])
}

impl Record for Node {
    fn hash(&self, hashes: &Hashes) -> u64 {
        node_hash(hashes, self.store, self.object, self.relation)
    }
}

impl Record for SetRecord {
    fn hash(&self, hashes: &Hashes) -> u64 {
        set_hash(hashes, self.object, self.relation)
    }
}

impl Record for Reverse {
    fn hash(&self, hashes: &Hashes) -> u64 {
        reverse_hash(hashes, self.store, self.subject)
    }
}

/// A custom role of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) key: u32,
    /// Whether it extends `admin`; `member` otherwise.
    pub(crate) admin: bool,
    /// Sorted.
    pub(crate) permissions: Vec<u32>,
}

#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) symbols: Symbols,
    pub(super) nodes: Records<Node>,
    pub(super) sets: Records<SetRecord>,
    pub(super) reverses: Records<Reverse>,
    /// Tuples that name whoever asks, and have no end.
    pub(super) direct: Direct,
    pub(super) prints: Prints,
    /// When edges end that do: `node, subject` to microseconds.
    pub(super) expiries: Sharded<Arc<BTreeMap<u64, i64>>>,
    /// Custom roles, by the symbol of the organization as an object.
    pub(super) roles: Arc<HashMap<u32, Arc<Vec<Role>>>>,
    pub(crate) program: Arc<Program>,
    pub(super) tuples: u64,
    pub(super) position: u64,
    /// The symbol of `*`.
    pub(crate) anyone: u32,
}

impl State {
    pub(crate) fn find_node(&self, store: u32, object: u32, relation: u32) -> Option<(u32, &Node)> {
        let hash = node_hash(&self.symbols.hashes, store, object, relation);
        let is = |node: &Node| node.object == object && node.relation == relation && node.store == store;
        let id = self.nodes.find(hash, is)?;
        self.nodes.at(id).map(|node| (id, node))
    }

    pub(crate) fn node(&self, id: u32) -> Option<&Node> {
        self.nodes.at(id)
    }

    /// All nodes with their ids.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = (u32, &Node)> {
        (0..).zip(self.nodes.places()).filter(|(_, node)| node.object != NONE)
    }

    /// Whether a tuple is there that names its subject and has no end: a yes is one, a no says nothing.
    #[inline]
    pub(crate) fn is_direct(&self, named: &Named<'_>) -> bool {
        self.direct.contains(self.prints.of(named))
    }

    /// The subject that is this set, with its mark.
    pub(crate) fn find_set(&self, object: u32, relation: u32) -> Option<u32> {
        let hash = set_hash(&self.symbols.hashes, object, relation);
        let id = self.sets.find(hash, |set| set.object == object && set.relation == relation)?;
        Some(id | SET)
    }

    pub(crate) fn set(&self, subject: u32) -> Option<&SetRecord> {
        self.sets.at(subject & !SET)
    }

    pub(super) fn find_reverse(&self, store: u32, subject: u32) -> Option<u32> {
        let hash = reverse_hash(&self.symbols.hashes, store, subject);
        self.reverses.find(hash, |record| record.subject == subject && record.store == store)
    }

    /// The nodes of a store that name a subject.
    pub(crate) fn naming(&self, store: u32, subject: u32) -> Option<&Edges> {
        self.find_reverse(store, subject).and_then(|id| self.reverses.at(id)).map(|record| &record.nodes)
    }

    /// When an edge ends, if it does by itself.
    pub(crate) fn expiry(&self, node: u32, subject: u32) -> Option<i64> {
        let key = edge_key(node, subject);
        self.expiries.of(self.edge_hash(key))?.get(&key).copied()
    }

    pub(super) fn edge_hash(&self, key: u64) -> u64 {
        self.symbols.hashes.numbers([(key >> 32) as u32, (key & 0xffff_ffff) as u32, 1])
    }

    /// Whether an edge that is there counts at `now`.
    pub(crate) fn is_live(&self, id: u32, node: &Node, subject: u32, now: i64) -> bool {
        node.expiring == 0 || self.expiry(id, subject).is_none_or(|end| end > now)
    }

    /// Whether a node has a subject at `now`.
    pub(crate) fn holds(&self, id: u32, node: &Node, subject: u32, now: i64) -> bool {
        node.edges.contains(subject) && self.is_live(id, node, subject, now)
    }

    /// The custom roles of an organization.
    pub(crate) fn roles(&self, organization: u32) -> &[Role] {
        self.roles.get(&organization).map_or(&[], |roles| roles.as_slice())
    }
}

pub(super) fn edge_key(node: u32, subject: u32) -> u64 {
    (u64::from(node) << 32) | u64::from(subject)
}
