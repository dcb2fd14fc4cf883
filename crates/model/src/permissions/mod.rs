//! Permissions: relation tuples, roles, and the scopes that limit tokens and keys (`contract/00` §§12–13).

mod reason;
mod scope;
mod scope_set;
mod tuple;

pub use reason::{Reason, Relation, Thing, Whom};
pub use scope::{BuiltInRole, PlatformRole, RoleKey, Scope};
pub use scope_set::ScopeSet;
pub use tuple::TupleSource;
