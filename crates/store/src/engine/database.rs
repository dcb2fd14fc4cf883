//! The two homes: databases and transactions whose types say which home they are of.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use avnology_model::Result;
use tokio::sync::watch;

use super::{Engine, Marks, Tx, postgres, sqlite};

/// A database on either engine.
#[derive(Clone)]
pub(crate) enum Database {
    Sqlite(Arc<sqlite::Database>),
    Postgres(Arc<postgres::Database>),
}

impl Database {
    pub(crate) fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    pub(crate) async fn read<T, F>(&self, closure: F) -> Result<T>
    where
        F: Fn(Tx<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        match self {
            Self::Sqlite(database) => database.read_in_place(closure),
            Self::Postgres(database) => database.read(closure).await,
        }
    }

    pub(crate) async fn scan<T, F>(&self, closure: F) -> Result<T>
    where
        F: Fn(Tx<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        match self {
            Self::Sqlite(database) => database.scan(closure).await,
            Self::Postgres(database) => database.scan(closure).await,
        }
    }

    pub(crate) async fn write<T, F>(&self, closure: F) -> Result<T>
    where
        F: Fn(Tx<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        match self {
            Self::Sqlite(database) => database.write(closure).await,
            Self::Postgres(database) => database.write(closure).await,
        }
    }

    /// A write that may take as long as it takes.
    pub(crate) async fn migrate<T, F>(&self, closure: F) -> Result<T>
    where
        F: Fn(Tx<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        match self {
            Self::Sqlite(database) => database.write(closure).await,
            Self::Postgres(database) => database.migrate(closure).await,
        }
    }

    pub(crate) fn commits(&self) -> watch::Receiver<u64> {
        match self {
            Self::Sqlite(database) => database.commits(),
            Self::Postgres(database) => database.commits(),
        }
    }

    pub(crate) fn permission_commits(&self) -> u64 {
        match self {
            Self::Sqlite(database) => database.permission_commits(),
            Self::Postgres(database) => database.permission_commits(),
        }
    }

    pub(crate) fn close(&self) {
        match self {
            Self::Sqlite(database) => database.close(),
            Self::Postgres(database) => database.close(),
        }
    }

    /// Whether somebody besides its keeper has this database.
    pub(crate) fn is_used(&self) -> bool {
        match self {
            Self::Sqlite(database) => Arc::strong_count(database) > 1,
            Self::Postgres(database) => Arc::strong_count(database) > 1,
        }
    }
}

/// Runs the closure of a write; its answer, and what it touched.
fn with_touched<'a, T, X: DerefMut<Target = Tx<'a>>>(
    mut tx: X,
    closure: impl Fn(&mut X) -> Result<T>,
) -> Result<(T, Vec<String>)> {
    let answer = closure(&mut tx)?;
    let touched = tx.take_touched();
    Ok((answer, touched))
}

macro_rules! home {
    ($(#[$doc:meta])* $db:ident, $(#[$tx_doc:meta])* $tx:ident, $marks:expr) => {
        $(#[$tx_doc])*
        #[derive(Debug)]
        pub struct $tx<'a>(Tx<'a>);

        impl<'a> Deref for $tx<'a> {
            type Target = Tx<'a>;

            fn deref(&self) -> &Tx<'a> {
                &self.0
            }
        }

        impl<'a> DerefMut for $tx<'a> {
            fn deref_mut(&mut self) -> &mut Tx<'a> {
                &mut self.0
            }
        }

        impl $tx<'_> {
            /// Runs a part of the transaction on its own: when it answers `Err`, what it did is undone and the rest goes
            /// on. A statement that fails fails the whole, as everywhere.
            pub fn attempt<T>(&mut self, part: impl FnOnce(&mut Self) -> Result<T>) -> Result<Result<T>> {
                self.0.open_part()?;
                let answer = part(self);
                self.0.close_part(answer.is_ok())?;
                Ok(answer)
            }

            /// Runs a part of the transaction and undoes what it did.
            pub fn rehearse<T>(&mut self, part: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
                self.0.open_part()?;
                let answer = part(self);
                self.0.close_part(false)?;
                answer
            }
        }

        $(#[$doc])*
        #[derive(Clone)]
        pub struct $db {
            pub(super) database: Database,
            marks: Marks,
        }

        impl $db {
            pub(super) fn new(database: Database) -> Self {
                Self { database, marks: $marks }
            }

            /// Reads one snapshot. For short indexed reads: on SQLite it runs on the calling thread and is refused
            /// (`_912`) after about 250 ms of work.
            pub async fn read<T, F>(&self, closure: F) -> Result<T>
            where
                F: Fn(&mut $tx<'_>) -> Result<T> + Send + 'static,
                T: Send + 'static,
            {
                self.database.read(move |tx| closure(&mut $tx(tx))).await
            }

            /// Reads one snapshot on a blocking thread, for long reads: exports, searches, rebuilding an index.
            pub async fn scan<T, F>(&self, closure: F) -> Result<T>
            where
                F: Fn(&mut $tx<'_>) -> Result<T> + Send + 'static,
                T: Send + 'static,
            {
                self.database.scan(move |tx| closure(&mut $tx(tx))).await
            }

            /// Reads and writes as if alone; commits on `Ok`, undoes everything on `Err` or a panic. The closure may
            /// run several times and must do nothing but use the transaction. Once called, it runs to its end even
            /// when the caller goes away.
            pub async fn write<T, F>(&self, closure: F) -> Result<T>
            where
                F: Fn(&mut $tx<'_>) -> Result<T> + Send + 'static,
                T: Send + 'static,
            {
                let done = self.database.write(move |tx| with_touched($tx(tx), &closure)).await;
                Ok(self.touched(done?))
            }

            /// The same, and it may take as long as it takes: for changes of everything that there is.
            pub async fn write_at_length<T, F>(&self, closure: F) -> Result<T>
            where
                F: Fn(&mut $tx<'_>) -> Result<T> + Send + 'static,
                T: Send + 'static,
            {
                let done = self.database.migrate(move |tx| with_touched($tx(tx), &closure)).await;
                Ok(self.touched(done?))
            }

            /// What the commits of this process touched.
            pub fn marks(&self) -> &Marks {
                &self.marks
            }

            /// The answer of a commit, once what it touched is known to have been.
            fn touched<T>(&self, (answer, subjects): (T, Vec<String>)) -> T {
                for subject in &subjects {
                    self.marks.touch(subject);
                }
                answer
            }

            /// Counts this process's commits that wrote an event; followers wait for it to change. Ends when the
            /// database is closed, which does not happen while a clone of this value is kept.
            pub fn commits(&self) -> watch::Receiver<u64> {
                self.database.commits()
            }

            /// The engine that runs this database.
            pub fn engine(&self) -> Engine {
                self.database.engine()
            }
        }

        impl fmt::Debug for $db {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($db), self.engine())
            }
        }
    };
}

home! {
    /// The identity layer's database: whatever decides whether someone gets in.
    IdentityDb,
    /// A transaction on the identity layer.
    IdentityTx,
    Marks::default()
}

home! {
    /// One organization's own database: what is bulky or private to it.
    OrgDb,
    /// A transaction on one organization's own database.
    OrgTx,
    Marks::none()
}

impl IdentityDb {
    /// Counts this process's commits that changed permissions. It has counted a commit before whoever asked for it is
    /// answered, so memory that has followed the log since it counted so far holds all that was answered before.
    pub fn permission_commits(&self) -> u64 {
        self.database.permission_commits()
    }
}
