//! What people are and do besides signing in: the tenant's own fields, pictures, missing details, accounts that others
//! made with their address. Each rule of the contract by its name, through the whole app, on SQLite and on PostgreSQL.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "a member that is missing fails the test")]

mod avatar;
mod complete_profile;
mod identity_schema;
mod not_me;
