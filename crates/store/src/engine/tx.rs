//! A running transaction, the same on both engines.

use std::cell::{Cell, RefCell};

use avnology_model::Result;

use super::{Engine, Failure, Row, Sql, Value, postgres, sqlite};

/// The name of the unique index (or constraint) that a statement would have broken; the same on both engines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UniqueViolation {
    /// As in `CREATE UNIQUE INDEX <name>`; `<table>_pkey` for a primary key.
    pub constraint: String,
}

impl UniqueViolation {
    /// Whether it is the index of this name.
    pub fn is(&self, constraint: &str) -> bool {
        self.constraint == constraint
    }
}

/// A running transaction on one database. [`crate::IdentityTx`] and [`crate::OrgTx`] are this and say which.
///
/// A statement that fails fails the transaction, even when the closure goes on and answers `Ok`; only
/// [`Tx::execute_unique`] foresees one failure.
#[derive(Debug)]
pub struct Tx<'a> {
    link: Link<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Link<'a> {
    Sqlite(&'a sqlite::Session<'a>),
    Postgres(&'a postgres::Session<'a>),
}

/// What a transaction wrote that others wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    /// An event.
    pub(crate) events: bool,
    /// Something that permissions follow from.
    pub(crate) permissions: bool,
}

impl News {
    /// The news of both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { events: self.events || other.events, permissions: self.permissions || other.permissions }
    }
}

/// What the runner must know of a transaction besides the closure's answer.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    news: Cell<News>,
    touched: RefCell<Vec<String>>,
    failure: RefCell<Option<Failure>>,
}

impl Progress {
    /// What was written that others wait for.
    pub(crate) fn news(&self) -> News {
        self.news.get()
    }

    /// The first statement that failed.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.failure.borrow().clone()
    }

    fn note(&self, failure: &Failure) {
        let mut first = self.failure.borrow_mut();
        if first.is_none() {
            *first = Some(failure.clone());
        }
    }
}

/// The name of statements that have none.
const MADE: &str = "a statement made at run time";

/// The same call on whichever engine runs the transaction.
macro_rules! on_engine {
    ($tx:expr, $session:ident => $call:expr) => {
        match $tx.link {
            Link::Sqlite($session) => $call,
            Link::Postgres($session) => $call,
        }
    };
}

impl<'a> Tx<'a> {
    pub(super) fn sqlite(session: &'a sqlite::Session<'a>) -> Self {
        Self { link: Link::Sqlite(session) }
    }

    pub(super) fn postgres(session: &'a postgres::Session<'a>) -> Self {
        Self { link: Link::Postgres(session) }
    }

    /// The engine that runs this transaction.
    pub fn engine(&self) -> Engine {
        match self.link {
            Link::Sqlite(_) => Engine::Sqlite,
            Link::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs a statement; how many rows it changed.
    pub fn execute(&mut self, sql: &Sql, params: &[Value]) -> Result<u64> {
        let answer =
            self.checked(sql, params).and_then(|text| on_engine!(self, s => s.execute(text, params)));
        self.settle(sql.name(), answer)
    }

    /// Runs a statement; all rows of its answer.
    pub fn query(&mut self, sql: &Sql, params: &[Value]) -> Result<Vec<Row>> {
        let answer = self.checked(sql, params).and_then(|text| on_engine!(self, s => s.query(text, params)));
        self.settle(sql.name(), answer)
    }

    /// Runs a statement; the first row of its answer, if there is one.
    pub fn query_one(&mut self, sql: &Sql, params: &[Value]) -> Result<Option<Row>> {
        Ok(self.query(sql, params)?.into_iter().next())
    }

    /// Runs a statement that was put together at run time (a compiled filter), in the syntax of [`crate::dialect`].
    /// It must hold no value of a caller: those are parameters.
    pub fn query_text(&mut self, text: &str, params: &[Value]) -> Result<Vec<Row>> {
        let answer =
            self.made(text, params).and_then(|text| on_engine!(self, s => s.query_dynamic(&text, params)));
        self.settle(MADE, answer)
    }

    /// Like [`Tx::query_text`]; how many rows it changed.
    pub fn execute_text(&mut self, text: &str, params: &[Value]) -> Result<u64> {
        let answer =
            self.made(text, params).and_then(|text| on_engine!(self, s => s.execute_dynamic(&text, params)));
        self.settle(MADE, answer)
    }

    /// Runs a statement that may break a unique index; which one it would have broken, in which case it did nothing
    /// and the transaction goes on.
    pub fn execute_unique(&mut self, sql: &Sql, params: &[Value]) -> Result<Result<u64, UniqueViolation>> {
        let answer =
            self.checked(sql, params).and_then(|text| on_engine!(self, s => s.execute_unique(text, params)));
        self.settle(sql.name(), answer)
    }

    /// Compiles a statement without running it, and checks that its types are ones we can carry.
    pub fn prepare(&mut self, sql: &Sql) -> Result<()> {
        let answer = self.checked(sql, &[]).and_then(|text| on_engine!(self, s => s.prepare(text)));
        self.settle(sql.name(), answer)
    }

    /// Runs several statements without parameters, already rendered: migrations.
    pub(crate) fn batch(&mut self, text: &str) -> Result<()> {
        let answer = on_engine!(self, s => s.batch(text));
        self.settle("several statements", answer)
    }

    /// Begins a part that can be undone.
    pub(super) fn open_part(&mut self) -> Result<()> {
        self.batch("SAVEPOINT part")
    }

    /// Ends the part that was begun last, and keeps or undoes what it did.
    pub(super) fn close_part(&mut self, keep: bool) -> Result<()> {
        if let Some(failure) = self.progress().failure() {
            return Err(failure.error());
        }
        if !keep {
            self.batch("ROLLBACK TO SAVEPOINT part")?;
        }
        self.batch("RELEASE SAVEPOINT part")
    }

    /// Notes that an event was written, so that followers are woken after the commit.
    pub(crate) fn mark_emitted(&mut self) {
        let news = &self.progress().news;
        news.set(News { events: true, ..news.get() });
    }

    /// Notes that permissions changed, so that no check of this process that begins after the commit is answered without.
    pub(crate) fn mark_permissions(&mut self) {
        let news = &self.progress().news;
        news.set(News { permissions: true, ..news.get() });
    }

    /// Notes that what stands on this subject may be different after the commit ([`super::Marks`]).
    pub fn touch(&mut self, subject: &str) {
        self.progress().touched.borrow_mut().push(subject.to_owned());
    }

    pub(super) fn take_touched(&mut self) -> Vec<String> {
        self.progress().touched.take()
    }

    fn progress(&self) -> &'a Progress {
        match self.link {
            Link::Sqlite(session) => session.progress(),
            Link::Postgres(session) => session.progress(),
        }
    }

    fn made(&self, text: &str, params: &[Value]) -> Result<String, Failure> {
        check_values(params)?;
        crate::dialect::render(text, self.engine()).map_err(Failure::fault)
    }

    fn checked<'s>(&self, sql: &'s Sql, params: &[Value]) -> Result<&'s str, Failure> {
        check_values(params)?;
        sql.rendered(self.engine())
    }

    fn settle<T>(&self, name: &str, answer: Result<T, Failure>) -> Result<T> {
        answer.map_err(|failure| {
            let failure = failure.during(name);
            self.progress().note(&failure);
            failure.error()
        })
    }
}

/// Refuses on both engines what only one of them can keep.
fn check_values(params: &[Value]) -> Result<(), Failure> {
    let holds_nul = |value: &Value| matches!(value, Value::Text(text) if text.contains('\0'));
    match params.iter().position(holds_nul) {
        Some(at) => Err(Failure::fault(format!("parameter {} holds a NUL", at + 1))),
        None => Ok(()),
    }
}
