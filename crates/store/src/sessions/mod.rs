//! Sessions and the tokens that stand for them.

pub mod devices;
#[expect(clippy::module_inception, reason = "the area and its main table share their name")]
pub mod sessions;
