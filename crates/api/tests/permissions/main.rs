//! Permissions through the whole app, on SQLite and on PostgreSQL: each rule of `contract/50` by its name.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "a member that is missing fails the test")]

mod bad_input;
mod checks;
mod consistency;
mod keto;
mod kit;
mod lists;
mod roles;
mod schema;
mod scope;
mod tokens;
mod two_nodes;
mod writes;
