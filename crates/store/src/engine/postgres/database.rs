//! One database of a PostgreSQL server: its pool, and how often a closure is run.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use avnology_model::{Error, Result};
use deadpool_postgres::Pool;
use tokio::{
    runtime::Handle,
    sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, watch},
};

use super::attempt::{Mode, Outcome, attempt};
use crate::engine::{Failure, Kind, Tx};

/// Runs of one closure before its caller is sent away.
const RUNS: u32 = 10;
/// Runs beside others. Whoever met others that often runs while no other change of this process does, so that under any
/// load everyone gets through: only another node can still come between.
const RUNS_IN_COMPANY: u32 = 5;

/// A database and its connections.
pub(crate) struct Database {
    pool: Pool,
    commits: watch::Sender<u64>,
    permissions: AtomicU64,
    /// Held by changes: shared at first, alone after [`RUNS_IN_COMPANY`]. It is fair, so nobody waits for ever.
    company: RwLock<()>,
}

/// The right to run a change now; given back when dropped.
enum Turn<'a> {
    Free,
    Shared { _held: RwLockReadGuard<'a, ()> },
    Alone { _held: RwLockWriteGuard<'a, ()> },
}

impl Database {
    pub(super) fn new(pool: Pool) -> Arc<Self> {
        Arc::new(Self {
            pool,
            commits: watch::Sender::new(0),
            permissions: AtomicU64::new(0),
            company: RwLock::new(()),
        })
    }

    /// Counts commits of this process that wrote an event.
    pub(crate) fn commits(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    /// Counts commits of this process that changed permissions.
    pub(crate) fn permission_commits(&self) -> u64 {
        self.permissions.load(Ordering::Acquire)
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
            let turn = self.turn(mode, run).await;
            let client = self.pool.get().await.map_err(|e| Failure::from(e).error())?;
            let runtime = Handle::current();
            let task =
                tokio::task::spawn_blocking(move || (attempt(client, &runtime, mode, &closure), closure));
            let (outcome, back) = task.await.map_err(Error::internal)?;
            drop(turn);
            closure = back;
            let failure = match outcome {
                Outcome::Done { answer, news } => {
                    if news.permissions {
                        self.permissions.fetch_add(1, Ordering::Release);
                    }
                    if news.events {
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

    async fn turn(&self, mode: Mode, run: u32) -> Turn<'_> {
        match mode {
            Mode::Read | Mode::Scan => Turn::Free,
            Mode::Write if run <= RUNS_IN_COMPANY => Turn::Shared { _held: self.company.read().await },
            Mode::Write | Mode::Migrate => Turn::Alone { _held: self.company.write().await },
        }
    }
}

/// How long to wait before the next run: doubling from 2 ms to 256 ms, somewhere between half of it and all of it.
fn pause(run: u32) -> Duration {
    let micros = 2_000_u64 << run.saturating_sub(1).min(7);
    // Every new hasher has other keys, which is all the chance that spreading two transactions apart needs.
    let chance = RandomState::new().build_hasher().finish();
    Duration::from_micros(micros / 2 + chance % (micros / 2))
}
