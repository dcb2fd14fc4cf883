//! What operators see from outside: log lines and metrics.
//!
//! Log lines go to standard error, so that what a command answers on standard output stays clean.

mod log;
mod metrics;
mod process;

pub use log::{effective_format as format, start as start_log};
pub use metrics::Metrics;
