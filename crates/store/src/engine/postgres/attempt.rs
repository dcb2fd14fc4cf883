//! One run of a closure on one connection.

use std::panic::{AssertUnwindSafe, catch_unwind};

use avnology_model::{Error, Result};
use deadpool_postgres::{Client, Object};
use tokio::runtime::Handle;

use super::Session;
use crate::engine::{Failure, Kind, News, Tx, failure::panic_text};

/// What a transaction may do, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Reads one snapshot.
    Read,
    /// The same, with minutes to do it in.
    Scan,
    /// Reads and writes as if alone.
    Write,
    /// The same without a limit of time: migrations.
    Migrate,
}

impl Mode {
    fn begin(self) -> &'static str {
        match self {
            Self::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Self::Scan => {
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '5min'; \
                 SET LOCAL idle_in_transaction_session_timeout = '5min'"
            }
            Self::Write => "BEGIN ISOLATION LEVEL SERIALIZABLE",
            Self::Migrate => {
                "BEGIN ISOLATION LEVEL SERIALIZABLE; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
                 SET LOCAL idle_in_transaction_session_timeout = 0"
            }
        }
    }
}

/// How a run ended.
pub(super) enum Outcome<T> {
    /// For good; with what was committed that others wait for.
    Done { answer: Result<T>, news: News },
    /// Nothing was changed, and it may be run again.
    Again(Failure),
}

/// Runs `closure` on `client`, which goes back to its pool only when its transaction has surely ended.
pub(super) fn attempt<T>(
    client: Client,
    runtime: &Handle,
    mode: Mode,
    closure: &impl Fn(Tx<'_>) -> Result<T>,
) -> Outcome<T> {
    let session = Session::new(&client, runtime);
    if let Err(failure) = session.batch(mode.begin()) {
        drop(Object::take(client));
        return refuse(failure);
    }
    let answer = catch_unwind(AssertUnwindSafe(|| closure(Tx::postgres(&session))));
    let failure = session.progress().failure();
    let news = session.progress().news();
    let outcome = match (answer, failure) {
        (Ok(Ok(value)), None) => match session.batch("COMMIT") {
            Ok(()) => return Outcome::Done { answer: Ok(value), news },
            Err(failure) if failure.kind == Kind::Lost && matches!(mode, Mode::Write | Mode::Migrate) => {
                done(Err(unknown(&failure)))
            }
            Err(failure) => refuse(failure.during("COMMIT")),
        },
        (Err(panic), _) => done(Err(Error::internal(panic_text(panic.as_ref())))),
        (_, Some(failure)) if matches!(failure.kind, Kind::Conflict | Kind::Lost) => Outcome::Again(failure),
        (Ok(Err(error)), _) => done(Err(error)),
        (Ok(Ok(_)), Some(failure)) => done(Err(failure.error())),
    };
    if session.batch("ROLLBACK").is_err() {
        drop(Object::take(client));
    }
    outcome
}

fn done<T>(answer: Result<T>) -> Outcome<T> {
    Outcome::Done { answer, news: News::default() }
}

fn refuse<T>(failure: Failure) -> Outcome<T> {
    match failure.kind {
        Kind::Conflict | Kind::Lost => Outcome::Again(failure),
        Kind::Unavailable | Kind::Fault => done(Err(failure.error())),
    }
}

/// The connection went while COMMIT was on its way: nobody knows what became of it.
fn unknown(failure: &Failure) -> Error {
    let detail = "The database went away while the change was being saved, so it may have been made or not. \
                  Look before you repeat it.";
    failure.error().with_detail(detail)
}
