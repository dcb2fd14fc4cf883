//! PostgreSQL's errors, sorted by what to do about them.

use std::{error::Error as StdError, io};

use deadpool_postgres::PoolError;
use tokio_postgres::{Error, error::SqlState};

use crate::engine::{Failure, Kind};

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        // The detail of a server's message may hold values of rows, so it is left out.
        let text = match error.as_db_error() {
            Some(told) => format!("{} ({})", told.message(), told.code().code()),
            None => match error.source() {
                Some(cause) => format!("{error}: {cause}"),
                None => error.to_string(),
            },
        };
        Self::new(kind(&error), text)
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => {
                let kind = match kind(&error) {
                    Kind::Fault => Kind::Fault,
                    _ => Kind::Unavailable,
                };
                Self::new(kind, Self::from(error).to_text()).during("connect to PostgreSQL")
            }
            other => Self::unavailable(format!("no connection to PostgreSQL: {other}")),
        }
    }
}

fn kind(error: &Error) -> Kind {
    let Some(told) = error.as_db_error() else {
        let io = error.source().is_some_and(<dyn StdError>::is::<io::Error>);
        return if io || error.is_closed() { Kind::Lost } else { Kind::Fault };
    };
    let code = told.code();
    // A statement that was prepared before another node changed the schema.
    let stale = *code == SqlState::FEATURE_NOT_SUPPORTED && told.message().contains("cached plan");
    match code.code() {
        "40001" | "40P01" => Kind::Conflict,
        "57P01" | "57P02" | "57P03" | "57P05" => Kind::Lost,
        _ if stale => Kind::Lost,
        // Timeouts, whatever the server lacks at the moment, and a database that is gone or may only be read.
        "55P03" | "57014" | "25P03" | "25P04" | "3D000" | "25006" => Kind::Unavailable,
        other if other.starts_with("08") => Kind::Lost,
        other if other.starts_with("53") || other.starts_with("58") => Kind::Unavailable,
        _ => Kind::Fault,
    }
}

/// Whether the server says that there is no such database.
pub(super) fn no_such_database(error: &PoolError) -> bool {
    matches!(error, PoolError::Backend(error) if error.code() == Some(&SqlState::INVALID_CATALOG_NAME))
}
