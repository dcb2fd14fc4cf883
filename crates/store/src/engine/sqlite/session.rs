//! Statements on one SQLite connection inside a transaction.

use std::fmt;

use rusqlite::{
    CachedStatement, Connection, ToSql,
    types::{Null, ToSqlOutput, ValueRef},
};

use super::unique;
use crate::engine::{Failure, Row, UniqueViolation, Value, tx::Progress};

/// A connection with an open transaction, and what the runner wants to know of it.
pub(crate) struct Session<'a> {
    connection: &'a Connection,
    progress: Progress,
}

impl fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a SQLite transaction")
    }
}

impl<'a> Session<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection, progress: Progress::default() }
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    pub(crate) fn execute(&self, text: &str, params: &[Value]) -> Result<u64, Failure> {
        let mut statement = self.bound(text, params)?;
        Ok(run(&mut statement)?)
    }

    pub(crate) fn execute_unique(
        &self,
        text: &str,
        params: &[Value],
    ) -> Result<Result<u64, UniqueViolation>, Failure> {
        let mut statement = self.bound(text, params)?;
        match run(&mut statement) {
            Ok(changed) => Ok(Ok(changed)),
            Err(error) => match unique::violated(self.connection, &error)? {
                Some(constraint) => Ok(Err(UniqueViolation { constraint })),
                None => Err(error.into()),
            },
        }
    }

    pub(crate) fn query(&self, text: &str, params: &[Value]) -> Result<Vec<Row>, Failure> {
        let mut statement = self.bound(text, params)?;
        let width = statement.column_count();
        let mut rows = statement.raw_query();
        let mut answer = Vec::new();
        while let Some(row) = rows.next()? {
            let values = (0..width).map(|at| column(row.get_ref(at)?)).collect::<Result<_, Failure>>()?;
            answer.push(Row::new(values));
        }
        Ok(answer)
    }

    pub(crate) fn query_dynamic(&self, text: &str, params: &[Value]) -> Result<Vec<Row>, Failure> {
        self.query(text, params)
    }

    pub(crate) fn execute_dynamic(&self, text: &str, params: &[Value]) -> Result<u64, Failure> {
        self.execute(text, params)
    }

    pub(crate) fn prepare(&self, text: &str) -> Result<(), Failure> {
        Ok(self.connection.prepare(text).map(|_| ())?)
    }

    pub(crate) fn batch(&self, text: &str) -> Result<(), Failure> {
        Ok(self.connection.execute_batch(text)?)
    }

    fn bound(&self, text: &str, params: &[Value]) -> Result<CachedStatement<'_>, Failure> {
        let mut statement = self.connection.prepare_cached(text)?;
        let wanted = statement.parameter_count();
        if wanted != params.len() {
            return Err(Failure::fault(format!(
                "it takes {wanted} parameters and was given {}",
                params.len()
            )));
        }
        for (at, value) in params.iter().enumerate() {
            statement.raw_bind_parameter(at + 1, value)?;
        }
        Ok(statement)
    }
}

/// Runs to the end, whether or not the statement has a RETURNING clause.
fn run(statement: &mut CachedStatement<'_>) -> Result<u64, rusqlite::Error> {
    if statement.column_count() == 0 {
        return statement.raw_execute().map(|changed| u64::try_from(changed).unwrap_or_default());
    }
    let mut rows = statement.raw_query();
    let mut count = 0;
    while rows.next()?.is_some() {
        count += 1;
    }
    Ok(count)
}

fn column(value: ValueRef<'_>) -> Result<Value, Failure> {
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Int(number)),
        ValueRef::Text(text) => match str::from_utf8(text) {
            Ok(text) => Ok(Value::Text(text.to_owned())),
            Err(_) => Err(Failure::fault("a text in the database is not UTF-8")),
        },
        ValueRef::Blob(bytes) => Ok(Value::Bytes(bytes.to_vec())),
        ValueRef::Real(_) => {
            Err(Failure::fault("a column is a floating point number; cast it to BIGINT or TEXT"))
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Null => Null.to_sql(),
            Self::Int(number) => number.to_sql(),
            Self::Bool(flag) => flag.to_sql(),
            Self::Text(text) => text.to_sql(),
            Self::Bytes(bytes) => bytes.to_sql(),
        }
    }
}
