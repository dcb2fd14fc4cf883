//! The contract of the store, on both engines: every test of [`both_engines`] runs on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[macro_use]
mod harness;

mod events;
mod opening;
mod organizations;
mod postgres;
mod snippets;
mod sqlite;
mod transactions;
mod unique;
mod values;
