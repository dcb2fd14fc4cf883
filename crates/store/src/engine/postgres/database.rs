//! One database of a PostgreSQL server: its pool, and how often a closure is run.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::Arc,
    time::Duration,
};

use avnology_model::{Error, Result};
use deadpool_postgres::Pool;
use tokio::{runtime::Handle, sync::watch};

use super::attempt::{Mode, Outcome, attempt};
use crate::engine::{Failure, Kind, Tx};

/// Runs of one closure before its caller is sent away.
const RUNS: u32 = 10;

/// A database and its connections.
pub(crate) struct Database {
    pool: Pool,
    commits: watch::Sender<u64>,
}

impl Database {
    pub(super) fn new(pool: Pool) -> Arc<Self> {
        Arc::new(Self { pool, commits: watch::Sender::new(0) })
    }

    /// Counts commits of this process that wrote an event.
    pub(crate) fn commits(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    /// Reads one snapshot.
    pub(crate) async fn read<T, F>(&self, closure: F) -> Result<T>
    where
        F: Fn(Tx<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        self.run(Mode::Read, closure).await
    }

    /// Reads one snapshot for minutes.
    pub(crate) async fn scan<T, F>(&self, closure: F) -> Result<T>
    where
        F: Fn(Tx<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        self.run(Mode::Scan, closure).await
    }

    /// Reads and writes as if alone.
    pub(crate) async fn write<T, F>(&self, closure: F) -> Result<T>
    where
        F: Fn(Tx<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        self.run(Mode::Write, closure).await
    }

    /// Writes without a limit of time.
    pub(crate) async fn migrate<T, F>(&self, closure: F) -> Result<T>
    where
        F: Fn(Tx<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        self.run(Mode::Migrate, closure).await
    }

    /// Refuses new work and closes the connections as they come back.
    pub(crate) fn close(&self) {
        self.pool.close();
    }

    async fn run<T, F>(&self, mode: Mode, mut closure: F) -> Result<T>
    where
        F: Fn(Tx<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let mut lost = false;
        for run in 1..=RUNS {
            let client = self.pool.get().await.map_err(|e| Failure::from(e).error())?;
            let runtime = Handle::current();
            let task =
                tokio::task::spawn_blocking(move || (attempt(client, &runtime, mode, &closure), closure));
            let (outcome, back) = task.await.map_err(Error::internal)?;
            closure = back;
            let failure = match outcome {
                Outcome::Done { answer, emitted } => {
                    if emitted {
                        self.commits.send_modify(|count| *count = count.wrapping_add(1));
                    }
                    return answer;
                }
                Outcome::Again(failure) => failure,
            };
            if (lost && failure.kind == Kind::Lost) || run == RUNS {
                return Err(failure.error());
            }
            lost |= failure.kind == Kind::Lost;
            tokio::time::sleep(pause(run)).await;
        }
        Err(Error::unavailable("the transaction met others too often"))
    }
}

/// How long to wait before the next run: doubling from 2 ms to 256 ms, somewhere between half of it and all of it.
fn pause(run: u32) -> Duration {
    let micros = 2_000_u64 << run.saturating_sub(1).min(7);
    // Every new hasher has other keys, which is all the chance that spreading two transactions apart needs.
    let chance = RandomState::new().build_hasher().finish();
    Duration::from_micros(micros / 2 + chance % (micros / 2))
}
