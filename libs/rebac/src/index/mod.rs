//! Tuples in memory.
//!
//! An [`Index`] is written by one; any number read [`Snapshot`]s of it, which cost a counter to take and never change.
//! Here lives what is kept; the questions are in `query`.

mod direct;
pub(crate) mod edges;
mod hashes;
mod lookup;
mod paged;
pub(crate) mod print;
pub(crate) mod program;
mod records;
mod roles;
mod snapshot;
pub(crate) mod state;
pub(crate) mod symbols;
mod write;

use std::{fmt, sync::Arc};

pub use roles::CustomRole;
pub use snapshot::{Kept, Snapshot};
pub use write::{Change, Counts, Written};

use crate::schema::{Misfit, Schema};
use state::State;

/// Which tuples of own namespaces are written or seen (`contract/50` §1.4). Tuples of built-in namespaces are one
/// set, wherever they come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// The tenant's.
    Tenant,
    /// Those of an organization; of shared namespaces also the tenant's.
    Organization(String),
}

/// Why a change is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexError {
    /// The schema has no place for the tuple.
    Misfit(Misfit),
    /// There are as many names as can be numbered: two thousand million.
    Full,
}

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misfit(misfit) => misfit.fmt(f),
            Self::Full => f.write_str("The index is full."),
        }
    }
}

impl std::error::Error for IndexError {}

/// Tuples that a new schema has no place for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InUse {
    /// Namespace.
    pub namespace: String,
    /// Relation.
    pub relation: String,
    /// How many tuples.
    pub tuples: u64,
}

/// The tuples of a tenant, for the one who writes them.
#[derive(Debug)]
pub struct Index {
    state: Arc<State>,
    free: Free,
}

/// Numbers that were given back.
#[derive(Debug, Default)]
struct Free {
    symbols: Vec<u32>,
    nodes: Vec<u32>,
    sets: Vec<u32>,
    reverses: Vec<u32>,
}

impl Index {
    /// An index without tuples. `seed` is any random number that stays in the process: it keeps others from choosing
    /// names that meet in the same place.
    pub fn new(schema: &Schema, seed: u64) -> Self {
        let mut free = Free::default();
        let state = State::new(schema, seed, &mut free.symbols);
        Self { state: Arc::new(state), free }
    }

    /// The tuples as they are now, for reading.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { state: Arc::clone(&self.state) }
    }
}

#[cfg(test)]
mod tests;
