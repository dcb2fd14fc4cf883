//! All tuples of the tenant in memory, and how they keep up with the database.
//!
//! The database counts the commits of this process that changed permissions, each before it is acknowledged. Whoever asks
//! compares that number with the one that memory has followed the log for: when they are the same, nothing that was
//! acknowledged on this node is missing, and the answer comes from memory; when not, memory follows first. What other
//! nodes change is followed in the background, and at once for whoever shows a token of it.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use avnology_model::{Error, Result};
use avnology_rebac::Snapshot;
use avnology_store::{events::log::Cursor, permissions::schemas::StoredSchema};
use tokio::{sync::Mutex, time::timeout};

use super::load::Writer;
use crate::Tenant;

/// How long a question waits for memory to follow the log.
const FOLLOW: Duration = Duration::from_secs(1);
/// How long a question waits for the tuples to be read when the server has just started.
const LOAD: Duration = Duration::from_secs(30);

/// The tuples at one moment, for questions.
#[derive(Debug)]
pub(crate) struct View {
    /// The tuples.
    pub(super) snapshot: Snapshot,
    /// The schema as it was written.
    pub(super) schema: Arc<StoredSchema>,
    /// The last change that is among them.
    pub(super) seen: Cursor,
    /// Everything up to here is among them.
    pub(super) floor: Cursor,
    /// How many commits of this process are.
    pub(super) commits: u64,
    /// The token of what is seen, once somebody was told.
    pub(super) token: OnceLock<String>,
    /// How many own tuples each store has.
    pub(super) sizes: Arc<std::collections::HashMap<String, u64>>,
}

/// The tuples in memory.
#[derive(Default)]
pub(crate) struct PermissionMemory {
    view: ArcSwapOption<View>,
    writer: Mutex<Option<Writer>>,
}

impl PermissionMemory {
    /// What was followed last; none until everything was read.
    pub(super) fn last(&self) -> Option<Arc<View>> {
        self.view.load_full()
    }

    /// A view that holds at least what this node has acknowledged. `_912` when it cannot be had in time.
    pub(super) async fn current(&self, app: &Arc<Tenant>) -> Result<Arc<View>> {
        let wanted = app.store.identity().permission_commits();
        match self.last() {
            Some(view) if view.commits >= wanted => Ok(view),
            Some(_) => self.followed(app, Some(wanted)).await,
            None => self.loaded(app).await,
        }
    }

    /// A view that holds everything that was committed, by whichever node, before the call.
    pub(super) async fn latest(&self, app: &Arc<Tenant>) -> Result<Arc<View>> {
        match self.last() {
            Some(_) => self.followed(app, None).await,
            None => self.loaded(app).await,
        }
    }

    /// Reads everything, unless that was done.
    async fn loaded(&self, app: &Arc<Tenant>) -> Result<Arc<View>> {
        let answer = timeout(LOAD, followed(app, Some(0))).await;
        answer.unwrap_or_else(|_| Err(Error::unavailable("the relation tuples are still being read")))
    }

    async fn followed(&self, app: &Arc<Tenant>, wanted: Option<u64>) -> Result<Arc<View>> {
        let answer = timeout(FOLLOW, followed(app, wanted)).await;
        answer.unwrap_or_else(|_| {
            Err(Error::unavailable("memory could not follow the log of permissions in time"))
        })
    }

    /// Follows the log to its end, or reads everything when that was not done yet. Whoever wants only so many commits of
    /// this process, and finds that another one has just followed that far, does nothing.
    async fn follow(&self, app: &Tenant, wanted: Option<u64>) -> Result<Arc<View>> {
        let mut place = self.writer.lock().await;
        if let Some(view) = self.last()
            && wanted.is_some_and(|wanted| view.commits >= wanted)
        {
            return Ok(view);
        }
        let commits = app.store.identity().permission_commits();
        let present = place.take().filter(|writer| writer.is_recent(app.now()));
        let mut writer = match present {
            Some(present) => present,
            None => Writer::read_all(app).await?,
        };
        let news = match writer.read_news(app).await {
            Ok(news) => news,
            Err(error) => {
                *place = Some(writer);
                return Err(error);
            }
        };
        // What could not be applied leaves no writer: the next one reads everything again, and meanwhile the last view
        // stands.
        writer.apply(news, app.now())?;
        let view = Arc::new(writer.view(commits));
        self.view.store(Some(Arc::clone(&view)));
        *place = Some(writer);
        Ok(view)
    }
}

/// Follows on a task of its own: who asked may go away, and others wait for the same.
async fn followed(app: &Arc<Tenant>, wanted: Option<u64>) -> Result<Arc<View>> {
    let job = Arc::clone(app);
    let task = tokio::spawn(async move { job.permissions.follow(&job, wanted).await });
    task.await.map_err(Error::internal)?
}
