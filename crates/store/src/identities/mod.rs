//! Identities: rows, look-ups by what people enter, tombstones, accepted consents, pictures. Lists stand in `list`.

pub mod avatars;
pub mod factor_recoveries;
pub mod federation;
#[expect(clippy::module_inception, reason = "the area and its main table share their name")]
pub mod identities;
pub mod imports;
pub mod list;
