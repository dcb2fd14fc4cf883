//! A store in a directory or a database of its own, for each test.

use std::ops::Deref;

use avnology_model::{Code, Error, Result, Timestamp, ids::OrganizationId};
use avnology_store::{IdentityDb, Row, Store, StoreConfig, Value};
use avnology_throwaway_postgres::ThrowawayPostgres;
use tempfile::TempDir;

pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

/// A store and the directory that goes with it.
pub(crate) struct TestStore {
    store: Store,
    pub(crate) config: StoreConfig,
    dir: TempDir,
}

impl Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl TestStore {
    pub(crate) async fn on_sqlite() -> Self {
        Self::open(|config| config).await
    }

    pub(crate) async fn on_postgres() -> Self {
        let url = ThrowawayPostgres::shared().missing_database();
        Self::open(|config| config.on_postgres(url)).await
    }

    pub(crate) async fn open(change: impl FnOnce(StoreConfig) -> StoreConfig) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = change(StoreConfig::new(dir.path().join("data"), NOW));
        let store = Store::open(config.clone()).await.unwrap();
        Self { store, config, dir }
    }

    /// Lets go of the store and keeps its directory, for another one to open.
    pub(crate) fn released(self) -> (StoreConfig, TempDir) {
        (self.config, self.dir)
    }

    /// Runs statements one by one in the identity layer.
    pub(crate) async fn run(&self, texts: &[&'static str]) {
        for &text in texts {
            self.identity().write(move |tx| tx.execute_text(text, &[])).await.unwrap();
        }
    }

    /// A table with one number, 0.
    pub(crate) async fn with_counter(self) -> Self {
        self.run(&["CREATE TABLE counter (n BIGINT NOT NULL)", "INSERT INTO counter (n) VALUES (0)"]).await;
        self
    }

    pub(crate) async fn counter(&self) -> i64 {
        number(self.identity(), "SELECT n FROM counter").await
    }
}

pub(crate) async fn number(db: &IdentityDb, text: &'static str) -> i64 {
    db.read(move |tx| first(tx.query_text(text, &[])?)).await.unwrap()
}

/// The first column of the only row.
pub(crate) fn first<T: avnology_store::FromValue>(rows: Vec<Row>) -> Result<T> {
    assert_eq!(rows.len(), 1);
    rows.into_iter().next().unwrap().take()
}

pub(crate) fn org(number: u8) -> OrganizationId {
    OrganizationId::new(NOW, [number; 10])
}

/// Reads until the answer is as wanted, or long enough. For the event log: an event may be held back for a moment while the
/// server cannot tell whether a transaction of another test, just ended, was one of this database.
pub(crate) async fn until<T>(mut read: impl AsyncFnMut() -> T, wanted: impl Fn(&T) -> bool) -> T {
    for _ in 0..500 {
        let answer = read().await;
        if wanted(&answer) {
            return answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    read().await
}

/// No parameters.
pub(crate) const NONE: &[Value] = &[];

pub(crate) fn is(code: Code) -> impl Fn(&Error) -> bool {
    move |error| error.code() == code
}

/// Declares tests that run on both engines.
macro_rules! both_engines {
    ($(async fn $name:ident($store:ident) $body:block)+) => {$(
        async fn $name($store: crate::harness::TestStore) $body

        mod $name {
            use crate::harness::TestStore;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::$name(TestStore::on_sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                super::$name(TestStore::on_postgres().await).await;
            }
        }
    )+};
}
