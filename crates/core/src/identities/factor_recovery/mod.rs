//! Removing second factors that somebody has lost: asked for, waited for, told on every channel, cancelled or completed.
//!
//! Whoever holds the mailbox alone does not get in: the account waits, its owner hears of it in mail and in every session, and
//! one sign-in with a factor that is not lost ends it. Here: the case and its ends. The flow around it stands in
//! `flows::lost_factors`.

mod administer;
mod advance;
mod cancel;
mod complete;
mod notice;
mod start;
mod view;

pub use administer::{cancel_for, list_for, start_for};
pub use advance::advance as advance_factor_recoveries;
pub use cancel::{CancelFactorRecovery, cancel_by_link, cancel_own, peek_cancel_link, waiting_of_own};
pub(crate) use cancel::{cancel_with, factor_was_used};
pub(crate) use complete::complete;
pub(crate) use start::{Start, Started, start};
pub use view::{FactorRecoveryView, StartedBy};
