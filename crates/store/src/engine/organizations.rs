//! The organizations' databases: opened when wanted, the least recently used closed when too many are open.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use avnology_model::{Error, Result, Timestamp, ids::OrganizationId};
use parking_lot::Mutex;

use super::{Engine, OrgDb, database::Database, postgres::Cluster, sqlite};
use crate::migrations::{self, Schema};

/// Where the databases are.
pub(super) enum Home {
    Sqlite { files: sqlite::Files, writers: Vec<sqlite::Writer> },
    Postgres(Arc<Cluster>),
}

impl Home {
    /// Gets the directories and the template of new files ready.
    pub(super) async fn sqlite(
        data_dir: &Path,
        writers: Vec<sqlite::Writer>,
        now: Timestamp,
    ) -> Result<Self> {
        let files = sqlite::Files::open(data_dir, &migrations::fingerprint(Schema::Organization))?;
        if files.template().is_none()
            && let Some(writer) = writers.first()
        {
            let path = files.new_template()?;
            sqlite::Database::create_file(&path, sqlite::Size::Small).map_err(|failure| failure.error())?;
            let template = Database::Sqlite(sqlite::Database::new(path, sqlite::Size::Small, writer.clone()));
            migrations::bring_up(&template, Schema::Organization, true, now).await?;
            template.close();
            files.keep_template()?;
        }
        Ok(Self::Sqlite { files, writers })
    }

    pub(super) fn engine(&self) -> Engine {
        match self {
            Self::Sqlite { .. } => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    async fn database(&self, id: OrganizationId) -> Result<Option<Database>> {
        match self {
            Self::Sqlite { files, writers } => {
                let mut hasher = DefaultHasher::new();
                id.hash(&mut hasher);
                let count = u64::try_from(writers.len()).unwrap_or(1).max(1);
                let at = usize::try_from(hasher.finish() % count).unwrap_or_default();
                match writers.get(at) {
                    Some(writer) if files.exists(id)? => {
                        let database =
                            sqlite::Database::new(files.path(id), sqlite::Size::Small, writer.clone());
                        Ok(Some(Database::Sqlite(database)))
                    }
                    _ => Ok(None),
                }
            }
            Self::Postgres(cluster) => Ok(cluster.organization(id).await?.map(Database::Postgres)),
        }
    }
}

/// An organization's place in the table: at most one open database, at most one step of its life at a time.
#[derive(Default)]
struct Slot {
    life: tokio::sync::Mutex<()>,
    open: Mutex<Option<OrgDb>>,
    /// Which file was opened.
    stamp: Mutex<Option<sqlite::Stamp>>,
}

#[derive(Default)]
struct Table {
    slots: HashMap<OrganizationId, (Arc<Slot>, u64)>,
    uses: u64,
}

/// All organizations' databases of a tenant.
pub(super) struct Organizations {
    home: Home,
    limit: usize,
    migrate: bool,
    now: Timestamp,
    table: Mutex<Table>,
    closed: AtomicBool,
}

impl Organizations {
    pub(super) fn new(home: Home, limit: usize, migrate: bool, now: Timestamp) -> Self {
        Self {
            home,
            limit: limit.max(1),
            migrate,
            now,
            table: Mutex::default(),
            closed: AtomicBool::new(false),
        }
    }

    pub(super) fn engine(&self) -> Engine {
        self.home.engine()
    }

    pub(super) async fn open(&self, id: OrganizationId) -> Result<OrgDb> {
        let slot = self.slot(id)?;
        if let Some(open) = slot.open.lock().clone()
            && self.is_current(id, &slot)?
        {
            return Ok(open);
        }
        let _life = slot.life.lock().await;
        if !self.is_current(id, &slot)?
            && let Some(stale) = slot.open.lock().take()
        {
            // What is written to a file that was removed is lost, and nobody would notice.
            tracing::warn!(organization = %id, "the database was replaced or removed while it was open");
            tokio::task::spawn_blocking(move || stale.database.close());
        }
        self.bring_up(id, &slot, self.migrate).await.map(|(org, _)| org)
    }

    /// Whether the file that is open is the one that lies there now.
    fn is_current(&self, id: OrganizationId, slot: &Slot) -> Result<bool> {
        match &self.home {
            Home::Sqlite { files, .. } => {
                let there = files.stamp(id)?;
                Ok(there.is_some() && there == *slot.stamp.lock())
            }
            Home::Postgres(_) => Ok(true),
        }
    }

    pub(super) async fn create(&self, id: OrganizationId) -> Result<()> {
        let slot = self.slot(id)?;
        let _life = slot.life.lock().await;
        match &self.home {
            Home::Sqlite { files, .. } if !files.exists(id)? => {
                let files = files.clone();
                let copying = tokio::task::spawn_blocking(move || files.create(id));
                copying.await.map_err(Error::internal)?
            }
            Home::Sqlite { .. } => Ok(()),
            Home::Postgres(cluster) => {
                cluster.create(id).await?;
                self.bring_up(id, &slot, true).await.map(|_| ())
            }
        }
    }

    pub(super) async fn destroy(&self, id: OrganizationId) -> Result<()> {
        let slot = self.slot(id)?;
        let _life = slot.life.lock().await;
        let open = slot.open.lock().take();
        if let Some(open) = open {
            let closing = tokio::task::spawn_blocking(move || open.database.close());
            closing.await.map_err(Error::internal)?;
        }
        match &self.home {
            Home::Sqlite { files, .. } => {
                let files = files.clone();
                let removing = tokio::task::spawn_blocking(move || files.destroy(id));
                removing.await.map_err(Error::internal)?
            }
            Home::Postgres(cluster) => cluster.destroy(id).await,
        }
    }

    pub(super) async fn exists(&self, id: OrganizationId) -> Result<bool> {
        match &self.home {
            Home::Sqlite { files, .. } => files.exists(id),
            Home::Postgres(cluster) => cluster.exists(id).await,
        }
    }

    pub(super) async fn list(&self) -> Result<Vec<OrganizationId>> {
        match &self.home {
            Home::Sqlite { files, .. } => files.list(),
            Home::Postgres(cluster) => cluster.list().await,
        }
    }

    pub(super) async fn migrate_all(&self) -> Result<usize> {
        let mut migrated = 0;
        let mut first_failure = None;
        for id in self.list().await? {
            let slot = self.slot(id)?;
            let _life = slot.life.lock().await;
            match self.bring_up(id, &slot, true).await {
                Ok((_, applied)) => migrated += usize::from(applied > 0),
                Err(error) => {
                    tracing::error!(organization = %id, ?error, "the organization's database was not migrated");
                    first_failure.get_or_insert(error);
                }
            }
        }
        first_failure.map_or(Ok(migrated), Err)
    }

    /// Closes all that is open, for good.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let slots: Vec<_> = self.table.lock().slots.drain().map(|(_, (slot, _))| slot).collect();
        for slot in slots {
            if let Some(open) = slot.open.lock().take() {
                open.database.close();
            }
        }
    }

    pub(super) fn open_count(&self) -> usize {
        self.table.lock().slots.values().filter(|(slot, _)| slot.open.lock().is_some()).count()
    }

    /// Opens a database and migrates it, if nobody did; the caller holds the slot's life.
    async fn bring_up(&self, id: OrganizationId, slot: &Slot, migrate: bool) -> Result<(OrgDb, usize)> {
        if let Some(open) = slot.open.lock().clone() {
            return Ok((open, 0));
        }
        if let Home::Sqlite { files, .. } = &self.home {
            // Before it is opened: should it be replaced meanwhile, it is opened again.
            let stamp = files.stamp(id)?;
            *slot.stamp.lock() = stamp;
        }
        let database = self.home.database(id).await?.ok_or_else(Error::not_found)?;
        let applied = migrations::bring_up(&database, Schema::Organization, migrate, self.now).await?;
        let org = OrgDb::new(database);
        *slot.open.lock() = Some(org.clone());
        Ok((org, applied))
    }

    fn slot(&self, id: OrganizationId) -> Result<Arc<Slot>> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::unavailable("the store was closed"));
        }
        let mut table = self.table.lock();
        table.uses += 1;
        let uses = table.uses;
        if let Some((slot, used)) = table.slots.get_mut(&id) {
            *used = uses;
            return Ok(Arc::clone(slot));
        }
        let slot = Arc::new(Slot::default());
        table.slots.insert(id, (Arc::clone(&slot), uses));
        let spare = make_room(&mut table, self.limit);
        drop(table);
        if !spare.is_empty() {
            // Closing may checkpoint a log, which is no work for this thread.
            tokio::task::spawn_blocking(move || drop(spare));
        }
        Ok(slot)
    }
}

/// Takes out the least recently used databases that nobody uses, until no more than `limit` are left or all are used.
fn make_room(table: &mut Table, limit: usize) -> Vec<Arc<Slot>> {
    let mut spare = Vec::new();
    while table.slots.len() > limit {
        let idle = table.slots.iter().filter(|(_, (slot, _))| is_idle(slot));
        let Some(oldest) = idle.min_by_key(|(_, (_, used))| *used).map(|(id, _)| *id) else { break };
        spare.extend(table.slots.remove(&oldest).map(|(slot, _)| slot));
    }
    spare
}

fn is_idle(slot: &Arc<Slot>) -> bool {
    Arc::strong_count(slot) == 1 && slot.open.lock().as_ref().is_none_or(|open| !open.database.is_used())
}
