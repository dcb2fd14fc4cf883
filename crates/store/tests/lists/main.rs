//! Lists on both engines: filters mean what their definition says, pages neither repeat nor skip.

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
