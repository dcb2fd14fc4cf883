//! The audit log: each event becomes a record of the log that it concerns, chained to the one before (`contract/70` §3).
//!
//! Here: how events are taken over (`follow`), what of a record is personal (`separate`), the chain and its signed states,
//! reading, exporting, keeping and erasing. How rows are kept stands in `store::audit`. No change waits for any of this.

mod chain;
mod checkpoint;
mod exports;
mod follow;
mod forget;
mod home;
mod names;
mod offline;
mod person;
mod prepare;
mod read;
mod refusals;
mod retention;
mod search;
mod separate;
mod verify;
mod view;

pub use chain::check as check_chain;
pub use chain::first_hash;
pub use exports::{Download, ExportView, NewExport, download, export, get_export, read_piece, write_exports};
pub use follow::{follow, take_over};
pub(crate) use forget::{concerned, forget};
pub use home::Place;
pub use offline::{Checked, SignedState, Unsound, check_export};
pub(crate) use person::{logs_of, of_person};
pub use read::{
    AuditPage, CheckpointPage, CheckpointView, Period, Summary, SummaryBucket, get, list, list_checkpoints,
    summary,
};
pub(crate) use refusals::Refusals;
pub use refusals::record_refusal;
pub use retention::{remove_old, remove_old_daily};
pub use search::AuditSearch;
pub use verify::{Verification, verify_event, verify_period};
pub use view::{AuditActor, AuditEventView, AuditTarget, Integrity};
