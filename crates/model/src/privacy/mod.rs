//! What people have a say in: their activity, copies of their data, deletion.
//!
//! Here: what these are and which categories of data there are. Who may ask for them stands in `core::privacy`.

mod activity;
mod category;
mod deletion;
mod export;

pub use activity::{Activity, ActivityActor};
pub use category::Category;
pub use deletion::{DeletionReason, DeletionRequest, DeletionStatus};
pub use export::{ExportState, PrivacyExport, PrivacyExportStatus, Step};
