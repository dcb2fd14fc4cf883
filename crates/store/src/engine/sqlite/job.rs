//! A write that waits for its turn: a closure, its answer, and who waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use avnology_model::{Error, Result};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::Session;
use crate::engine::{Failure, News, Tx, failure::panic_text};

/// What a closure wants done with its changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Keep them; with what there is among them that others wait for.
    Keep { news: News },
    /// Undo them.
    Undo,
}

/// A job whose answer's type is forgotten, so that the writer can hold many.
pub(super) trait Job: Send {
    /// Runs the closure in the open savepoint.
    fn run(&mut self, connection: &Connection) -> Wish;
    /// Tells who waits, after the commit that it was part of.
    fn answer(self: Box<Self>, commit: &Result<(), Failure>);
}

pub(super) struct Typed<T, F> {
    closure: F,
    answer: Option<Result<T>>,
    waits: oneshot::Sender<Result<T>>,
}

/// A job, and where its answer will come.
pub(super) fn job<T, F>(closure: F) -> (Box<dyn Job>, oneshot::Receiver<Result<T>>)
where
    F: Fn(Tx<'_>) -> Result<T> + Send + 'static,
    T: Send + 'static,
{
    let (waits, receiver) = oneshot::channel();
    (Box::new(Typed { closure, answer: None, waits }), receiver)
}

impl<T, F> Job for Typed<T, F>
where
    F: Fn(Tx<'_>) -> Result<T> + Send,
    T: Send,
{
    fn run(&mut self, connection: &Connection) -> Wish {
        let (answer, news) = call(connection, &self.closure);
        let wish = if answer.is_ok() { Wish::Keep { news } } else { Wish::Undo };
        self.answer = Some(answer);
        wish
    }

    fn answer(self: Box<Self>, commit: &Result<(), Failure>) {
        let answer = match (self.answer, commit) {
            (Some(Ok(_)) | None, Err(failure)) => Err(failure.error()),
            (None, Ok(())) => Err(Error::internal("the writer did not run this")),
            (Some(answer), _) => answer,
        };
        // Nobody waits any more when the caller went away; the change stands all the same.
        let _ = self.waits.send(answer);
    }
}

/// Runs a closure on a connection with an open transaction; also tells what it wrote that others wait for.
pub(super) fn call<T>(connection: &Connection, closure: impl Fn(Tx<'_>) -> Result<T>) -> (Result<T>, News) {
    let session = Session::new(connection);
    let answer = catch_unwind(AssertUnwindSafe(|| closure(Tx::sqlite(&session))));
    let answer = match (answer, session.progress().failure()) {
        (Ok(Ok(_)), Some(failure)) => Err(failure.error()),
        (Ok(answer), _) => answer,
        (Err(panic), _) => Err(Error::internal(panic_text(panic.as_ref()))),
    };
    (answer, session.progress().news())
}
