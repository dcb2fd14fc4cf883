//! Relation tuples.

pub mod tuples;
