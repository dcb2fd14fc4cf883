//! SQLite's errors, sorted by what to do about them.

use rusqlite::ErrorCode;

use crate::engine::{Failure, Kind};

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        let kind = match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => {
                return Self::unavailable("the statement took more steps than a read in place may take");
            }
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                // A file that is damaged, replaced or locked away: the others go on.
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::OutOfMemory,
            ) => Kind::Unavailable,
            _ => Kind::Fault,
        };
        Self::new(kind, error.to_string())
    }
}
