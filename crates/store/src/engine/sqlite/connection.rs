//! Opening a file: flags, pragmas, and the budget of a read in place.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use crate::engine::Failure;

/// How much memory and log a database may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// The identity layer: one a tenant, always open.
    Large,
    /// An organization's: many, mostly small.
    Small,
}

impl Size {
    /// How much of the file is mapped into memory, in bytes: every connection has a map of its own, which hundreds of small
    /// databases could not afford.
    fn mapped_bytes(self) -> u64 {
        match self {
            Self::Large => 256 << 20,
            Self::Small => 0,
        }
    }

    /// The page cache of a connection in KiB.
    fn cache_kib(self) -> u32 {
        match self {
            Self::Large => 16_384,
            Self::Small => 512,
        }
    }

    /// What a checkpoint may leave of the write-ahead log, in bytes.
    fn journal_bytes(self) -> u64 {
        match self {
            Self::Large => 64 << 20,
            Self::Small => 2 << 20,
        }
    }

    /// Pages of the write-ahead log after which a commit also checkpoints: 16 MiB and 1 MiB.
    fn checkpoint_pages(self) -> u32 {
        match self {
            Self::Large => 4_096,
            Self::Small => 256,
        }
    }
}

/// Statements of one connection that stay compiled.
const CACHED_STATEMENTS: usize = 256;
const BUSY: Duration = Duration::from_secs(5);
/// Virtual machine steps between two looks at the budget.
const STEPS_PER_TICK: i32 = 1_000;

/// Opens the connection that writes, and makes the file when `create` is set.
pub(super) fn open_writer(path: &Path, size: Size, create: bool) -> Result<Connection, Failure> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let connection = open(path, size, flags)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(Failure::fault(format!("{} cannot be kept with a write-ahead log", path.display())));
    }
    connection.execute_batch(&format!(
        "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = {}; PRAGMA wal_autocheckpoint = {};",
        size.journal_bytes(),
        size.checkpoint_pages(),
    ))?;
    Ok(connection)
}

fn open(path: &Path, size: Size, flags: OpenFlags) -> Result<Connection, Failure> {
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|e| Failure::from(e).during("open a database file"))?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    // A plan never hangs on bound values. Otherwise every statement whose plan could would be compiled anew at each use,
    // for the cache clears its values: measured, two thirds of the time of a read by key.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch(&format!(
        "PRAGMA mmap_size = {}; PRAGMA cache_size = -{}; PRAGMA temp_store = MEMORY; \
         PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;",
        size.mapped_bytes(),
        size.cache_kib(),
    ))?;
    Ok(connection)
}

/// A connection that only reads.
pub(super) struct Reader {
    pub(super) connection: Connection,
    budget: Arc<AtomicI64>,
}

impl Reader {
    /// Opens an existing file for reading.
    pub(super) fn open(path: &Path, size: Size) -> Result<Self, Failure> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = open(path, size, flags)?;
        connection.execute_batch("PRAGMA query_only = ON;")?;
        let budget = Arc::new(AtomicI64::new(i64::MAX));
        let left = Arc::clone(&budget);
        // Steps are counted and time is not, so that a read's fate does not hang on the machine's load.
        let handler = move || left.fetch_sub(1, Ordering::Relaxed) <= 0;
        connection.progress_handler(STEPS_PER_TICK, Some(handler))?;
        Ok(Self { connection, budget })
    }

    /// Grants `steps` virtual machine steps to what runs next; `None` for as many as it takes.
    pub(super) fn grant(&self, steps: Option<u32>) {
        let ticks = steps.map_or(i64::MAX, |steps| i64::from(steps) / i64::from(STEPS_PER_TICK));
        self.budget.store(ticks, Ordering::Relaxed);
    }
}
