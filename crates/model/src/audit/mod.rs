//! The audit log (`contract/70` §3): which logs there are, a record of one, and an export.
//!
//! How a record comes of an event and how records are chained stands in `core::audit`.

mod export;
mod log;
mod record;

pub use export::{Export, ExportFormat, ExportRequest, ExportStatus};
pub use log::Log;
pub use record::{Checkpoint, Digest, Part, Record, RecordTarget};
