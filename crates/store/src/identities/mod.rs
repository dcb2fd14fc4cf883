//! Identities: rows, look-ups by what people enter, tombstones, accepted consents. Lists stand in `list`.

#[expect(clippy::module_inception, reason = "the area and its main table share their name")]
pub mod identities;
pub mod list;
