//! The event log, the same in both homes: what changed, in an order in which nothing is skipped.
//!
//! Here are the log and its consumers' cursors. What the events mean is in the model; who follows them is in core.

pub mod log;
