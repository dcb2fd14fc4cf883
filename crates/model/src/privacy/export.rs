//! A copy of all that is held about a person, and where the work on it stands.

use serde::{Deserialize, Serialize};

use super::Category;
use crate::{
    Timestamp,
    ids::{IdentityId, PrivacyExportId},
    text::text_enum,
};

text_enum! {
    /// Where a copy stands.
    pub enum PrivacyExportStatus {
        /// Not begun.
        Pending = "pending",
        /// Being made.
        Running = "running",
        /// The file is there.
        Completed = "completed",
        /// It could not be made.
        Failed = "failed",
    }
}

/// The next thing to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Find out which logs tell about the person.
    #[default]
    Begin,
    /// Gather a category.
    Gather(Category),
    /// Pack what was gathered.
    Pack,
}

/// How far the work is, so that whoever goes on with it knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExportState {
    /// The next thing to do.
    pub step: Step,
    /// The logs that are still to be read.
    pub logs: Vec<String>,
    /// How many there were.
    pub all_logs: u32,
    /// The last record, or time, that was read in the present one.
    pub after: i64,
    /// How much of the present log was read, from 0 to 100.
    pub log_percent: i64,
    /// The id of the last event that was read, where time alone does not tell.
    pub after_id: Option<String>,
    /// How many of the remaining logs were away, one after the other.
    pub away: u32,
    /// Logs that stayed away for too long.
    pub missing: Vec<String>,
    /// Pieces gathered of the present category.
    pub pieces: i64,
    /// Entries gathered, by category.
    pub entries: std::collections::BTreeMap<String, i64>,
}

/// A copy of all that is held about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivacyExport {
    /// Id.
    pub id: PrivacyExportId,
    /// Whose data.
    pub identity_id: IdentityId,
    /// Who asked for it, when that was not the person.
    pub requested_by: Option<String>,
    /// Where it stands.
    pub status: PrivacyExportStatus,
    /// From 0 to 100.
    pub progress: i64,
    /// How far the work is.
    pub state: ExportState,
    /// Counts the steps, so that two who work on it notice each other.
    pub version: i64,
    /// Bytes of the file.
    pub size: i64,
    /// Hash of the file, once it is whole.
    pub sha256: Option<String>,
    /// When it was asked for.
    pub create_time: Timestamp,
    /// Until when its file is kept.
    pub expire_time: Timestamp,
}
