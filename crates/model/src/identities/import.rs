//! An import of identities: what was asked for, and where it stands (`contract/10` §4.1).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Timestamp,
    events::Actor,
    ids::{ImportId, OrganizationId},
    permissions::RoleKey,
    text::text_enum,
};

text_enum! {
    /// Where an import stands.
    pub enum ImportStatus {
        /// Its lines are coming in.
        Receiving = "receiving",
        /// It waits to be worked on.
        Pending = "pending",
        /// It is being worked on.
        Running = "running",
        /// All lines were looked at.
        Completed = "completed",
        /// It could not be worked on.
        Failed = "failed",
    }
}

text_enum! {
    /// What becomes of a line whose identity is there already.
    pub enum OnConflict {
        /// Nothing.
        Skip = "skip",
        /// The identity is changed to what the line says.
        Update = "update",
        /// The line fails.
        Fail = "fail",
    }
}

/// What is to be imported, and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ImportRequest {
    /// Whether nothing is written.
    pub dry_run: bool,
    /// What becomes of those who are there.
    pub on_conflict: OnConflict,
    /// The organization that everybody becomes a member of, and with which role.
    pub membership: Option<(OrganizationId, RoleKey)>,
    /// Who asked for it.
    pub actor: Actor,
    /// In which request.
    pub request_id: String,
}

/// How many lines came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Lines.
    pub total: i64,
    /// Identities made.
    pub created: i64,
    /// Identities changed.
    pub updated: i64,
    /// Lines that had nothing to change.
    pub skipped: i64,
    /// Lines that were refused.
    pub failed: i64,
    /// Password hashes among those taken that are quick to guess.
    pub legacy: i64,
}

/// A line that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ImportError)]
pub struct ImportError {
    /// Which line, or which member of the list; the first is 1.
    pub line: i64,
    /// The id in the source system, where the line names one.
    pub external_id: Option<String>,
    /// Code, as of an answer.
    pub code: String,
    /// The same for a person.
    pub message: String,
}

/// An import.
#[derive(Clone, Debug)]
pub struct Import {
    /// Id.
    pub id: ImportId,
    /// Where it stands.
    pub status: ImportStatus,
    /// What was asked for.
    pub request: ImportRequest,
    /// The pieces that are kept.
    pub pieces: i64,
    /// The next piece to be worked on.
    pub position: i64,
    /// What came of it so far.
    pub counts: ImportCounts,
    /// When it was asked for.
    pub create_time: Timestamp,
    /// When it was over.
    pub finish_time: Option<Timestamp>,
}
