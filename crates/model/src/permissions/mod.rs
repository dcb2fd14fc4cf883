//! Permissions: relation tuples and the scopes that limit tokens and keys (`contract/00` §§12–13).

mod scope;

pub use scope::{PlatformRole, Scope};
