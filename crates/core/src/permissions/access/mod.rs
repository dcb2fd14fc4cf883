//! Who has access to something, and why: what an organization's administrators look at.
//!
//! [`who_has`] lists everybody, [`whether`] looks at one, [`choices`] says what can be asked. Names are told of members, groups
//! and programs of the organization only; of others there is the id.

mod choices;
mod names;
mod reasons;
mod who;

pub use choices::{AccessChoices, NamespaceChoice, choices};
pub use reasons::Why;
pub use who::{AccessQuestion, Everybody, Holder, Holders, Verdict, Who, whether, who_has};
