//! Sudden ends: the server killed under load, PostgreSQL stopped as in a crash. Whatever was acknowledged is there
//! afterwards; whatever was not is there whole or not at all.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "helpers of tests"
)]

mod imports;
mod organizations;
mod registrations;
mod server;
