//! What a reader holds.

use std::sync::Arc;

use super::{
    Scope,
    edges::Edges,
    state::{Node, SET, State, store},
    symbols::space,
};
use crate::{
    schema::Schema,
    tuple::{Subject, Tuple},
};

/// The tuples at one moment. Copies cost a counter, and nothing that is written later is seen in them.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(crate) state: Arc<State>,
}

/// A tuple as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kept {
    /// Whose it is: [`Scope::Tenant`] for tuples of built-in namespaces.
    pub scope: Scope,
    /// The tuple.
    pub tuple: Tuple,
    /// When it ends by itself, in microseconds of the epoch.
    pub expire_time: Option<i64>,
}

impl Snapshot {
    /// How many tuples there are, ended ones included until they are deleted.
    pub fn len(&self) -> u64 {
        self.state.tuples
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.state.tuples == 0
    }

    /// The position in the log that the writer gave last.
    pub fn position(&self) -> u64 {
        self.state.position
    }

    /// The schema in force.
    pub fn schema(&self) -> &Schema {
        &self.state.program.schema
    }

    /// All tuples, in no order.
    pub fn tuples(&self) -> impl Iterator<Item = Kept> {
        let state = &*self.state;
        state.nodes().flat_map(move |(id, node)| {
            node.edges.iter().filter_map(move |subject| {
                let expire_time = if node.expiring > 0 { state.expiry(id, subject) } else { None };
                Some(Kept {
                    scope: state.scope_of(node.store),
                    tuple: state.tuple(node, subject)?,
                    expire_time,
                })
            })
        })
    }

    /// Bytes that the tuples take, worked out from the sizes of what is kept; without what the allocator adds.
    pub fn bytes(&self) -> usize {
        self.state.bytes()
    }
}

impl State {
    fn scope_of(&self, store: u32) -> Scope {
        match store {
            store::BUILT_IN | store::TENANT => Scope::Tenant,
            other => Scope::Organization(self.symbols.text(other - 2).to_owned()),
        }
    }

    /// The store of an organization, if anything is in it.
    pub(crate) fn store_of(&self, organization: &str) -> Option<u32> {
        self.symbols.find(space::STORES, organization).map(store::organization)
    }

    pub(crate) fn namespace_text(&self, object: u32) -> &str {
        let namespace = self.program.namespace_of(self.symbols.space(object));
        namespace.map(|(_, space)| self.symbols.text(space.symbol)).unwrap_or_default()
    }

    pub(crate) fn subject(&self, subject: u32) -> Option<Subject> {
        if subject == self.anyone {
            return Some(Subject::Anyone);
        }
        if subject & SET != 0 {
            let set = self.set(subject)?;
            let namespace = self.namespace_text(set.object);
            return Some(Subject::set(
                namespace,
                self.symbols.text(set.object),
                self.symbols.text(set.relation),
            ));
        }
        let text = self.symbols.text(subject);
        if self.symbols.space(subject) == space::OPAQUE {
            return Some(Subject::Opaque(text.to_owned()));
        }
        Some(Subject::object(self.namespace_text(subject), text))
    }

    pub(crate) fn tuple(&self, node: &Node, subject: u32) -> Option<Tuple> {
        Some(Tuple {
            namespace: self.namespace_text(node.object).to_owned(),
            object: self.symbols.text(node.object).to_owned(),
            relation: self.symbols.text(node.relation).to_owned(),
            subject: self.subject(subject)?,
        })
    }

    fn bytes(&self) -> usize {
        let nodes = self.nodes.places().map(|node| node.edges.heap());
        let reverses = self.reverses.places().map(|record| record.nodes.heap());
        let records = self.nodes.heap() + self.sets.heap() + self.reverses.heap() + self.symbols.heap();
        records + self.direct.heap() + nodes.chain(reverses).sum::<usize>()
    }
}

impl Edges {
    /// Bytes outside the value itself.
    fn heap(&self) -> usize {
        use super::edges::Many;
        let Self::Many(many) = self else { return 0 };
        16 + size_of::<Many>()
            + match &**many {
                Many::List(list) => {
                    if list.spilled() {
                        4 * list.capacity()
                    } else {
                        0
                    }
                }
                Many::Pieces { firsts, pieces, .. } => {
                    12 * firsts.capacity()
                        + pieces.iter().map(|piece| 40 + 4 * piece.capacity()).sum::<usize>()
                }
            }
    }
}
