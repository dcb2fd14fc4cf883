//! What people see of their account and take from it: activity, deletions, copies of their data.

pub mod activity;
pub mod deletions;
pub mod exports;
pub mod holdings;
