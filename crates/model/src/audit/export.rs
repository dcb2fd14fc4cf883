//! An export of a log: what was asked for, and where it stands.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, ids::ExportId, text::text_enum};

text_enum! {
    /// How records are written.
    pub enum ExportFormat {
        /// A table (RFC 4180), members of objects in columns of their own.
        Csv = "CSV",
        /// One record a line.
        JsonLines = "JSONL",
    }
}

text_enum! {
    /// Where an export stands.
    pub enum ExportStatus {
        /// Being written.
        Pending = "pending",
        /// Its file is there.
        Complete = "complete",
        /// It could not be written.
        Failed = "failed",
    }
}

/// What is exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportRequest {
    /// From when.
    pub start_time: Timestamp,
    /// Until before when.
    pub end_time: Timestamp,
    /// How it is written.
    pub format: ExportFormat,
    /// Which records; all when empty.
    pub filter: String,
    /// Whether salts and checkpoints are told.
    pub include_proof: bool,
    /// The columns of a table, once they are known.
    #[serde(default)]
    pub columns: Vec<String>,
}

/// An export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Id.
    pub id: ExportId,
    /// Where it stands.
    pub status: ExportStatus,
    /// What was asked for.
    pub request: ExportRequest,
    /// The last record that there was.
    pub last_sequence: i64,
    /// The last record that was looked at.
    pub position: i64,
    /// Bytes written.
    pub size: i64,
    /// Records written.
    pub event_count: i64,
    /// Hash of the file, once it is whole.
    pub sha256: Option<String>,
    /// The newest checkpoint when it was finished.
    pub checkpoint: Option<String>,
    /// When it was asked for.
    pub create_time: Timestamp,
    /// When it was finished.
    pub finish_time: Option<Timestamp>,
    /// Until when its file is kept.
    pub expire_time: Timestamp,
}
