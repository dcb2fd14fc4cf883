//! Relation tuples, the schema of the tenant's own namespaces, and the log of what changed in either.
//!
//! Every change of a tuple, of a custom role or of the schema writes the log in its own transaction: memory that follows
//! the log holds what the tables hold.

pub mod changes;
pub mod lists;
pub mod own_tuples;
pub mod schemas;
pub mod tuples;
