//! Service accounts and API keys.

pub mod keys;
