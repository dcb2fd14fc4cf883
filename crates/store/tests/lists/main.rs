//! Lists on both engines: filters mean what their definition says, pages neither repeat nor skip.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[macro_use]
#[path = "../contract/harness.rs"]
#[expect(dead_code, reason = "the contract suite uses all of it")]
mod harness;

mod filters;
mod hostile;
mod identities;
mod limits;
mod pages;
mod refusals;
mod things;
