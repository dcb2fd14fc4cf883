//! What the tenant keeps of itself: settings, keys, messages, limits, first answers.

pub mod clock;
pub mod data_keys;
pub mod idempotency;
pub mod messages;
pub mod rate_cells;
pub mod settings;
pub mod signing_keys;
