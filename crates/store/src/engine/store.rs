//! The store of one tenant: opened once, shared by cloning.

use std::{fmt, path::PathBuf, sync::Arc};

use avnology_model::{Error, Result, Timestamp, ids::OrganizationId};

use super::{
    Engine, IdentityDb, OrgDb,
    database::Database,
    lock::DirLock,
    organizations::{Home, Organizations},
    postgres::Cluster,
    sqlite,
};
use crate::migrations::{self, Schema};

/// Where one home is kept.
#[derive(Clone)]
pub enum Placement {
    /// In the data directory: `identity.db`, or `orgs/<id>.db`.
    Sqlite,
    /// On a PostgreSQL server. The database that the URL names is the identity layer's and is created if it is not
    /// there; organizations' databases lie beside it as `<name>_<id>`. `sslmode=require` encrypts and checks.
    Postgres {
        /// `postgres://user:password@host/database?…`, or `host=/run/postgresql dbname=…`.
        url: String,
    },
}

impl Placement {
    fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite)
    }
}

impl fmt::Debug for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may hold a password.
        f.write_str(if self.is_sqlite() { "Sqlite" } else { "Postgres" })
    }
}

/// How a store is kept.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// Directory of the SQLite files; made when missing, for our user alone, and locked while open.
    pub data_dir: PathBuf,
    /// Where the identity layer is.
    pub identity: Placement,
    /// Where the organizations' databases are.
    pub organizations: Placement,
    /// Whether pending migrations are applied; if not, a database that has some is refused.
    pub migrate: bool,
    /// Organizations' databases that stay open on SQLite (about 0.4 MB and six descriptors each).
    pub max_open_organizations: usize,
    /// Connections to the identity layer's database on PostgreSQL.
    pub pg_pool: usize,
    /// Organizations' databases that stay open on PostgreSQL, two connections each.
    pub pg_open_organizations: usize,
    /// PEM file of the authorities to trust for `sslmode=require`; the public ones if `None`.
    pub pg_ca_file: Option<PathBuf>,
    /// The time of opening, noted beside the migrations that are applied.
    pub now: Timestamp,
}

impl StoreConfig {
    /// Everything on SQLite in `data_dir`, migrations applied.
    pub fn new(data_dir: impl Into<PathBuf>, now: Timestamp) -> Self {
        Self {
            data_dir: data_dir.into(),
            identity: Placement::Sqlite,
            organizations: Placement::Sqlite,
            migrate: true,
            max_open_organizations: 500,
            pg_pool: 16,
            pg_open_organizations: 24,
            pg_ca_file: None,
            now,
        }
    }

    /// The same with both homes on this PostgreSQL server.
    #[must_use]
    pub fn on_postgres(mut self, url: impl Into<String>) -> Self {
        let placement = Placement::Postgres { url: url.into() };
        self.identity = placement.clone();
        self.organizations = placement;
        self
    }
}

/// A tenant's identity layer and its organizations' databases. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    identity: IdentityDb,
    organizations: Organizations,
    writers: Vec<sqlite::Writer>,
    clusters: Vec<Arc<Cluster>>,
    _lock: Option<DirLock>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, organizations on {:?}", self.identity, self.organizations.engine())
    }
}

impl Store {
    /// Opens the identity layer, creating and migrating it as needed, and gets ready for the organizations.
    ///
    /// Fails with a `detail` for the operator: another process has the directory, a database is newer than this binary,
    /// a migration was edited, or migrations are pending and `migrate` is off.
    pub async fn open(config: StoreConfig) -> Result<Self> {
        let any_sqlite = config.identity.is_sqlite() || config.organizations.is_sqlite();
        let lock = if any_sqlite { Some(DirLock::take(&config.data_dir)?) } else { None };
        let mut writers = Vec::new();
        let mut clusters = Vec::new();
        let identity = open_identity(&config, &mut writers, &mut clusters).await?;
        migrations::bring_up(&identity, Schema::Identity, config.migrate, config.now).await?;
        let home = open_organizations(&config, &mut writers, &mut clusters).await?;
        let limit = match home.engine() {
            Engine::Sqlite => config.max_open_organizations,
            Engine::Postgres => config.pg_open_organizations,
        };
        let organizations = Organizations::new(home, limit, config.migrate, config.now);
        let identity = IdentityDb::new(identity);
        Ok(Self { inner: Arc::new(Inner { identity, organizations, writers, clusters, _lock: lock }) })
    }

    /// The identity layer.
    pub fn identity(&self) -> &IdentityDb {
        &self.inner.identity
    }

    /// An organization's own database, opened and migrated when it was not open; `_901` when there is none.
    pub async fn org(&self, id: OrganizationId) -> Result<OrgDb> {
        self.inner.organizations.open(id).await
    }

    /// Creates an organization's own database; nothing happens when there is one.
    pub async fn create_org(&self, id: OrganizationId) -> Result<()> {
        self.inner.organizations.create(id).await
    }

    /// Destroys an organization's own database; nothing happens when there is none. Transactions that still run on it
    /// fail or are lost.
    pub async fn destroy_org(&self, id: OrganizationId) -> Result<()> {
        self.inner.organizations.destroy(id).await
    }

    /// Whether an organization has a database.
    pub async fn org_exists(&self, id: OrganizationId) -> Result<bool> {
        self.inner.organizations.exists(id).await
    }

    /// Every organization that has a database, by id.
    pub async fn list_orgs(&self) -> Result<Vec<OrganizationId>> {
        self.inner.organizations.list().await
    }

    /// Opens and migrates every organization's database; how many had migrations pending. Goes on after one that
    /// fails, and then answers with the first failure.
    pub async fn migrate_all_orgs(&self) -> Result<usize> {
        self.inner.organizations.migrate_all().await
    }

    /// Commits what waits, checkpoints and closes; whatever comes later is refused (`_912`).
    pub async fn close(&self) -> Result<()> {
        for writer in &self.inner.writers {
            writer.stop().await;
        }
        let store = self.clone();
        let closing = tokio::task::spawn_blocking(move || {
            store.inner.organizations.close();
            store.inner.identity.database.close();
            for cluster in &store.inner.clusters {
                cluster.close();
            }
        });
        closing.await.map_err(Error::internal)
    }

    /// The engine of the identity layer.
    pub fn engine(&self) -> Engine {
        self.inner.identity.engine()
    }

    /// The number of open organizations' databases.
    pub fn open_orgs(&self) -> usize {
        self.inner.organizations.open_count()
    }

    /// Whether the identity layer answers and can be written, for readiness checks.
    pub async fn ping(&self) -> Result<()> {
        self.inner.identity.read(|tx| tx.query(&migrations::PING, &[]).map(|_| ())).await?;
        match self.engine() {
            Engine::Sqlite => {
                self.inner.identity.write(|tx| tx.query(&migrations::PING, &[]).map(|_| ())).await
            }
            Engine::Postgres => Ok(()),
        }
    }
}

async fn open_identity(
    config: &StoreConfig,
    writers: &mut Vec<sqlite::Writer>,
    clusters: &mut Vec<Arc<Cluster>>,
) -> Result<Database> {
    match &config.identity {
        Placement::Sqlite => {
            let path = config.data_dir.join("identity.db");
            sqlite::Database::create_file(&path, sqlite::Size::Large).map_err(|failure| failure.error())?;
            let writer = sqlite::Writer::start("store-identity".to_owned())?;
            writers.push(writer.clone());
            Ok(Database::Sqlite(sqlite::Database::new(path, sqlite::Size::Large, writer)))
        }
        Placement::Postgres { url } => {
            let cluster = Cluster::open(url, config.pg_ca_file.as_deref(), config.pg_pool).await?;
            let database = Database::Postgres(cluster.database());
            clusters.push(Arc::new(cluster));
            Ok(database)
        }
    }
}

async fn open_organizations(
    config: &StoreConfig,
    writers: &mut Vec<sqlite::Writer>,
    clusters: &mut Vec<Arc<Cluster>>,
) -> Result<Home> {
    match &config.organizations {
        Placement::Sqlite => {
            let mut threads = Vec::new();
            for number in 0..WRITERS {
                threads.push(sqlite::Writer::start(format!("store-orgs-{number}"))?);
            }
            writers.extend(threads.iter().cloned());
            Home::sqlite(&config.data_dir, threads, config.now).await
        }
        Placement::Postgres { url } => {
            // Two connections suffice to create, list and destroy.
            let cluster = Arc::new(Cluster::open(url, config.pg_ca_file.as_deref(), 2).await?);
            clusters.push(Arc::clone(&cluster));
            Ok(Home::Postgres(cluster))
        }
    }
}

/// Threads that write the organizations' files.
const WRITERS: usize = 4;
