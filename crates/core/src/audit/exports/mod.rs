//! Exports: a file of a log's records, written piece by piece beside the log, so that a crash costs one piece
//! (`contract/70` §3.2). Whoever visits the log goes on with it; nothing of it is held in memory.

mod csv;
mod download;
mod request;
mod write;

pub use download::{Download, download, read_piece};
pub use request::{ExportView, NewExport, export, get_export};
pub(super) use write::go_on;
pub use write::write_exports;

/// How long a file is kept, in seconds.
const KEPT: i64 = 7 * 24 * 60 * 60;
