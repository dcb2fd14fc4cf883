//! PostgreSQL: closures run on blocking threads, each with one connection of a bounded pool.
//!
//! Only built-in types and standard statements are used here, no advisory locks and no LISTEN, so that the wire-compatible
//! distributed engines stay possible.

mod attempt;
mod cluster;
mod connect;
mod database;
mod failure;
mod session;
mod values;

pub(super) use cluster::Cluster;
pub(super) use database::Database;
pub(super) use session::Session;
