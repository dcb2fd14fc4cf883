//! Flows and single-use links.

#[expect(clippy::module_inception, reason = "the area and its main table share their name")]
pub mod flows;
pub mod links;
