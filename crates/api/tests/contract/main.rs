//! The contract, as far as it is built: each rule by its name, through the whole app, on SQLite and on PostgreSQL.
//!
//! One binary, so that all tests share one PostgreSQL. A test takes an app of its own; nothing is shared between two.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "a member that is missing fails the test")]

mod codes;
mod conventions;
mod writes;
mod lists;
mod limits;
mod identities;
mod identity_states;
mod passwords;
mod me;
mod sessions;
mod revocation;
mod flows;
mod login;
mod lockout;
mod mailed_codes;
mod mailed_links;
mod step_up;
mod registration;
mod recovery;
mod verification;
mod settings;
mod events;
mod tenant;
mod authorization;
mod two_nodes;
