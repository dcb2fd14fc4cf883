//! One open file: its reading connections, its writing connection, and how a group of closures is committed.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use avnology_model::{Error, Result};
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::{Semaphore, watch};

use super::{
    connection::{Reader, Size, open_writer},
    job::{Job, Wish, call, job},
    writer::{Request, Writer},
};
use crate::engine::{Failure, News, Tx};

/// Virtual machine steps that one read in place may take: 150 to 700 ms, by what they do (7 to 30 million a second).
const STEPS_IN_PLACE: u32 = 5_000_000;
/// Scans of one database at a time.
const SCANS: usize = 4;

/// An open database file.
pub(crate) struct Database {
    // Readers close before the writer, whose closing checkpoints.
    readers: Mutex<Vec<Reader>>,
    connection: Mutex<Option<Connection>>, // opened when first wanted
    path: PathBuf,
    size: Size,
    writer: Writer,
    scans: Semaphore,
    commits: watch::Sender<u64>,
    permissions: AtomicU64,
    /// The database was destroyed or the store closed.
    gone: AtomicBool,
}

impl Database {
    /// A database at `path`, whose file exists.
    pub(crate) fn new(path: PathBuf, size: Size, writer: Writer) -> Arc<Self> {
        Arc::new(Self {
            readers: Mutex::new(Vec::new()),
            connection: Mutex::new(None),
            path,
            size,
            writer,
            scans: Semaphore::new(SCANS),
            commits: watch::Sender::new(0),
            permissions: AtomicU64::new(0),
            gone: AtomicBool::new(false),
        })
    }

    /// Makes an empty file at `path`, or leaves the one that is there.
    pub(crate) fn create_file(path: &Path, size: Size) -> Result<(), Failure> {
        open_writer(path, size, true).map(|_| ())
    }

    /// Counts commits that wrote an event.
    pub(crate) fn commits(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    /// Counts commits that changed permissions.
    pub(crate) fn permission_commits(&self) -> u64 {
        self.permissions.load(Ordering::Acquire)
    }

    /// Runs a short read on the calling thread.
    pub(crate) fn read_in_place<T>(&self, closure: impl Fn(Tx<'_>) -> Result<T>) -> Result<T> {
        self.read(Some(STEPS_IN_PLACE), closure)
    }

    /// Runs a long read on a blocking thread.
    pub(crate) async fn scan<T, F>(self: &Arc<Self>, closure: F) -> Result<T>
    where
        F: Fn(Tx<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let _permit = self.scans.acquire().await.map_err(Error::unavailable)?;
        let database = Arc::clone(self);
        let scan = tokio::task::spawn_blocking(move || database.read(None, closure));
        scan.await.map_err(Error::internal)?
    }

    /// Hands a write to the writer and waits for its commit.
    pub(crate) async fn write<T, F>(self: &Arc<Self>, closure: F) -> Result<T>
    where
        F: Fn(Tx<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let (job, answer) = job(closure);
        self.writer.send(Request { database: Arc::clone(self), job }).await?;
        answer.await.map_err(|_| Error::unavailable("the writer stopped"))?
    }

    /// Commits what the jobs want kept, each in a savepoint of its own, in one transaction.
    pub(super) fn commit(&self, jobs: &mut [Box<dyn Job>]) -> Result<(), Failure> {
        let mut slot = self.connection.lock();
        self.check_open()?;
        let connection = match slot.take() {
            Some(connection) => connection,
            None => open_writer(&self.path, self.size, false)?,
        };
        // After a failure a new connection takes its place, whatever state this one is in.
        match commit_on(&connection, jobs) {
            Ok(news) => {
                *slot = Some(connection);
                if news.permissions {
                    self.permissions.fetch_add(1, Ordering::Release);
                }
                if news.events {
                    self.commits.send_modify(|count| *count = count.wrapping_add(1));
                }
                Ok(())
            }
            Err(failure) => Err(failure.during("group commit")),
        }
    }

    /// Closes every connection for good, after what runs now; checkpoints the log into the file.
    pub(crate) fn close(&self) {
        self.gone.store(true, Ordering::Release);
        let connection = self.connection.lock().take();
        self.readers.lock().clear();
        if let Some(connection) = connection
            && let Err(error) = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);")
        {
            tracing::warn!(%error, path = %self.path.display(), "the write-ahead log stays beside its file");
        }
    }

    fn check_open(&self) -> Result<(), Failure> {
        if self.gone.load(Ordering::Acquire) {
            return Err(Failure::unavailable("the database was closed"));
        }
        Ok(())
    }

    fn read<T>(&self, steps: Option<u32>, closure: impl Fn(Tx<'_>) -> Result<T>) -> Result<T> {
        let reader = self.reader().map_err(|failure| failure.error())?;
        reader.grant(steps);
        run(&reader.connection, "BEGIN DEFERRED").map_err(|e| Failure::from(e).error())?;
        let (answer, _) = call(&reader.connection, closure);
        // The end of a read must not be interrupted, or the connection would keep its snapshot.
        reader.grant(None);
        if run(&reader.connection, "COMMIT").is_ok() || run(&reader.connection, "ROLLBACK").is_ok() {
            self.put_back(reader);
        }
        answer
    }

    fn reader(&self) -> Result<Reader, Failure> {
        self.check_open()?;
        match self.readers.lock().pop() {
            Some(reader) => Ok(reader),
            None => Reader::open(&self.path, self.size),
        }
    }

    fn put_back(&self, reader: Reader) {
        let keep = match self.size {
            Size::Large => 16,
            Size::Small => 2,
        };
        let mut readers = self.readers.lock();
        if readers.len() < keep && self.check_open().is_ok() {
            readers.push(reader);
        }
    }
}

fn run(connection: &Connection, text: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(text)?.execute([]).map(|_| ())
}

/// What the jobs wrote that others wait for. After an error nothing of the group is kept.
fn commit_on(connection: &Connection, jobs: &mut [Box<dyn Job>]) -> Result<News, Failure> {
    run(connection, "BEGIN IMMEDIATE")?;
    let mut kept = false;
    let mut all = News::default();
    for job in jobs.iter_mut() {
        run(connection, "SAVEPOINT job")?;
        match job.run(connection) {
            Wish::Keep { news } => {
                kept = true;
                all = all.and(news);
            }
            Wish::Undo if connection.is_autocommit() => {}
            Wish::Undo => run(connection, "ROLLBACK TO job")?,
        }
        // A full disk or a failed write may have undone the whole transaction.
        if connection.is_autocommit() {
            return Err(Failure::unavailable("the database undid the transaction"));
        }
        run(connection, "RELEASE job")?;
    }
    run(connection, if kept { "COMMIT" } else { "ROLLBACK" })?;
    Ok(all)
}
