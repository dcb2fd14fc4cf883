//! SQLite: one file a database, read in place, written by one thread that groups waiting closures into one commit.
//!
//! No constraint may be DEFERRABLE INITIALLY DEFERRED: it would fail the COMMIT that several closures share.

mod connection;
mod database;
mod failure;
mod files;
mod job;
mod session;
mod unique;
mod writer;

pub(super) use connection::Size;
pub(super) use database::Database;
pub(super) use files::{Files, Stamp};
pub(super) use session::Session;
pub(super) use writer::Writer;
