//! Statements on one PostgreSQL connection inside a transaction, from a blocking thread.

use std::fmt;

use deadpool_postgres::ClientWrapper;
use tokio::runtime::Handle;
use tokio_postgres::{Statement, error::SqlState, types::ToSql};

use super::values::is_carried;
use crate::engine::{Failure, Row, UniqueViolation, Value, tx::Progress};

/// A connection with an open transaction, and what the runner wants to know of it.
pub(crate) struct Session<'a> {
    client: &'a ClientWrapper,
    runtime: &'a Handle,
    progress: Progress,
}

impl fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a PostgreSQL transaction")
    }
}

impl<'a> Session<'a> {
    pub(super) fn new(client: &'a ClientWrapper, runtime: &'a Handle) -> Self {
        Self { client, runtime, progress: Progress::default() }
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    pub(crate) fn execute(&self, text: &str, params: &[Value]) -> Result<u64, Failure> {
        self.runtime.block_on(async {
            let statement = self.client.prepare_cached(text).await?;
            check_count(&statement, params)?;
            Ok(self.client.execute(&statement, &refs(params)).await?)
        })
    }

    pub(crate) fn execute_unique(
        &self,
        text: &str,
        params: &[Value],
    ) -> Result<Result<u64, UniqueViolation>, Failure> {
        self.runtime.block_on(async {
            let statement = self.client.prepare_cached(text).await?;
            check_count(&statement, params)?;
            let params = refs(params);
            // All three go out together, in this order: one round trip when nothing is violated.
            let (begun, changed, ended) = tokio::join!(
                biased;
                self.client.batch_execute("SAVEPOINT once"),
                self.client.execute(&statement, &params),
                self.client.batch_execute("RELEASE once"),
            );
            begun?;
            match changed {
                Ok(changed) => {
                    ended?;
                    Ok(Ok(changed))
                }
                Err(error) => match violated(&error) {
                    Some(constraint) => {
                        self.client.batch_execute("ROLLBACK TO once; RELEASE once").await?;
                        Ok(Err(UniqueViolation { constraint }))
                    }
                    None => Err(error.into()),
                },
            }
        })
    }

    pub(crate) fn query(&self, text: &str, params: &[Value]) -> Result<Vec<Row>, Failure> {
        self.runtime.block_on(async {
            let statement = self.client.prepare_cached(text).await?;
            self.rows(&statement, params).await
        })
    }

    /// Like [`Session::query`], but the server forgets the statement afterwards.
    pub(crate) fn query_dynamic(&self, text: &str, params: &[Value]) -> Result<Vec<Row>, Failure> {
        self.runtime.block_on(async {
            let statement = self.client.prepare(text).await?;
            self.rows(&statement, params).await
        })
    }

    pub(crate) fn execute_dynamic(&self, text: &str, params: &[Value]) -> Result<u64, Failure> {
        self.runtime.block_on(async {
            let statement = self.client.prepare(text).await?;
            check_count(&statement, params)?;
            Ok(self.client.execute(&statement, &refs(params)).await?)
        })
    }

    pub(crate) fn prepare(&self, text: &str) -> Result<(), Failure> {
        let statement = self.runtime.block_on(self.client.prepare(text))?;
        if let Some(kind) = statement.params().iter().find(|kind| !is_carried(kind)) {
            return Err(Failure::fault(format!(
                "a parameter is {kind}; cast it to BIGINT, TEXT, BOOLEAN or BYTEA"
            )));
        }
        match statement.columns().iter().find(|column| !is_carried(column.type_())) {
            Some(column) => Err(Failure::fault(format!(
                "column {} is {}; cast it to BIGINT, TEXT, BOOLEAN or BYTEA",
                column.name(),
                column.type_()
            ))),
            None => Ok(()),
        }
    }

    pub(crate) fn batch(&self, text: &str) -> Result<(), Failure> {
        Ok(self.runtime.block_on(self.client.batch_execute(text))?)
    }

    async fn rows(&self, statement: &Statement, params: &[Value]) -> Result<Vec<Row>, Failure> {
        check_count(statement, params)?;
        let rows = self.client.query(statement, &refs(params)).await?;
        let values = |row: tokio_postgres::Row| {
            (0..row.len()).map(|at| row.try_get(at)).collect::<Result<_, _>>().map(Row::new)
        };
        Ok(rows.into_iter().map(values).collect::<Result<_, _>>()?)
    }
}

fn refs(params: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|value| value as _).collect()
}

fn check_count(statement: &Statement, params: &[Value]) -> Result<(), Failure> {
    let wanted = statement.params().len();
    if wanted == params.len() {
        return Ok(());
    }
    Err(Failure::fault(format!("it takes {wanted} parameters and was given {}", params.len())))
}

fn violated(error: &tokio_postgres::Error) -> Option<String> {
    let told = error.as_db_error()?;
    if *told.code() != SqlState::UNIQUE_VIOLATION {
        return None;
    }
    told.constraint().map(str::to_owned)
}
