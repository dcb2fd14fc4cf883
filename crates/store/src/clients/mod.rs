//! OAuth: clients, resources, requests, codes, grants, refresh tokens, consents (`contract/30`).

#[expect(clippy::module_inception, reason = "the area and its main table share their name")]
pub mod clients;
pub mod codes;
pub mod consents;
pub mod device_codes;
pub mod grants;
pub mod initial_tokens;
pub mod logouts;
pub mod once;
pub mod origins;
pub mod pushed_requests;
pub mod refresh_tokens;
pub mod registrations;
pub mod requests;
pub mod resources;
pub mod rules;
