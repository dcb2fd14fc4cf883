//! The kit in process, over a real tenant on SQLite and a small table of routes of its own.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod answers;
mod browsers;
mod callers;
mod documents;
mod requests;
mod routes;
mod support;
