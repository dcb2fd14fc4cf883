//! Taking events over into the audit logs.
//!
//! One reader follows the identity layer's log: what reaches no organization it records in the tenant's log, and it notes
//! which organizations have news, all in the transaction that moves its place. Then each of those is visited: its events
//! are recorded in its own database, in one transaction with its place. A database that is away delays only its own.
//!
//! On PostgreSQL every node does this. Visits are claimed; and whoever writes checks in the same transaction that the chain
//! ends where it did when the records were made, so no two nodes can interleave.

use std::{sync::Arc, time::Duration};

use avnology_model::{
    Result, Timestamp, audit::Log, events::EventType, ids::OrganizationId, organizations::OrganizationState,
};
use avnology_store::{
    audit::{
        backlog::{self, Claimed},
        erasures,
        records::{self, Head},
    },
    events::log::{self, StoredEvent},
    organizations::organizations,
};
use tokio::{sync::watch, task::JoinSet};

use super::{
    checkpoint, exports,
    home::{self, Home},
    prepare::{self, Prepared},
};
use crate::Tenant;

/// How many events are taken at a time.
const BATCH: u32 = 200;
/// How many logs are visited at once: with more, calls wait for the processors while thousands of logs have news.
const AT_ONCE: usize = 4;
/// How long a visit may take before others believe that the visitor died, in seconds.
const LEASE: i64 = 60;
/// The same on the clock of the runtime.
const PATIENCE: Duration = Duration::from_secs(50);
/// Longest wait before a database that is away is tried again, in seconds.
const LONGEST_WAIT: i64 = 60;
const HOUR: i64 = 3_600;
/// How long to wait for news that this node is not told of (another node's), in milliseconds.
const POLL_MILLIS: u64 = 500;

/// Takes events over until `stop` turns true.
pub async fn follow(app: Arc<Tenant>, mut stop: watch::Receiver<bool>) {
    let mut news = app.store.identity().commits();
    let mut visits = JoinSet::new();
    while !*stop.borrow() {
        news.mark_unchanged();
        if let Err(error) = begin(&app, &mut visits).await {
            tracing::warn!(?error, "events could not be taken over into the audit logs; trying again");
        }
        tokio::select! {
            _ = news.changed() => {}
            () = tokio::time::sleep(Duration::from_millis(POLL_MILLIS)) => {}
            Some(_) = visits.join_next(), if !visits.is_empty() => {}
            _ = stop.changed() => {}
        }
    }
    while visits.join_next().await.is_some() {}
}

/// Reads the log to its end and begins visits of the logs that are due.
async fn begin(app: &Arc<Tenant>, visits: &mut JoinSet<()>) -> Result<()> {
    dispatch(app).await?;
    while visits.try_join_next().is_some() {}
    let room = AT_ONCE.saturating_sub(visits.len());
    for claimed in claim(app, room).await? {
        let app = Arc::clone(app);
        visits.spawn(async move { visit(&app, claimed).await });
    }
    Ok(())
}

/// Takes over all that there is now, one log after the other.
pub async fn take_over(app: &Arc<Tenant>) -> Result<()> {
    dispatch(app).await?;
    loop {
        let claimed = claim(app, AT_ONCE).await?;
        if claimed.is_empty() {
            return Ok(());
        }
        for log in claimed {
            visit(app, log).await;
        }
    }
}

async fn claim(app: &Tenant, room: usize) -> Result<Vec<Claimed>> {
    let (now, limit) = (app.now(), u32::try_from(room).unwrap_or_default());
    let any = app.store.identity().read(move |tx| backlog::is_any_due(tx, now)).await?;
    if limit == 0 || !any {
        return Ok(Vec::new());
    }
    app.store.identity().write(move |tx| backlog::claim(tx, now, now.plus_seconds(LEASE), limit)).await
}

/// Reads the identity layer's log to its end: records in the tenant's log, and notes of the organizations with news.
async fn dispatch(app: &Tenant) -> Result<()> {
    loop {
        let read = |tx: &mut avnology_store::IdentityTx<'_>| {
            let head = records::head(tx)?;
            Ok((head, log::read_after(tx, head.identity, BATCH)?))
        };
        let (before, batch) = app.store.identity().read(read).await?;
        let Some(last) = batch.last() else { return Ok(()) };
        let mut after = before;
        after.identity = last.cursor;
        let own: Vec<StoredEvent> = batch
            .iter()
            .filter(|stored| stored.organization_id.is_none() && stored.managing_organization_id.is_none())
            .cloned()
            .collect();
        let events = prepare::readable(&own);
        let cx = app.system_cx();
        let prepared = prepare::prepare(app, &cx, Log::Tenant, &mut after, events).await?;
        let news = News::of(&batch, &before, &after, cx.now);
        let write = move |tx: &mut avnology_store::IdentityTx<'_>| {
            if !records::advance(tx, &before, &after)? {
                // Another node was here first.
                return Ok(());
            }
            records::insert(tx, &prepared.records)?;
            erasures::note(tx, Log::Tenant, &prepared.people)?;
            news.note(tx, &prepared)
        };
        app.store.identity().write(write).await?;
    }
}

/// What a batch of events means for other logs.
struct News {
    logs: Vec<(Log, Timestamp)>,
    /// People to be removed from all logs.
    erased: Vec<String>,
    now: Timestamp,
}

impl News {
    fn of(batch: &[StoredEvent], before: &Head, after: &Head, now: Timestamp) -> Self {
        let told = |stored: &StoredEvent| [stored.organization_id, stored.managing_organization_id];
        let mut organizations: Vec<OrganizationId> = batch.iter().flat_map(told).flatten().collect();
        organizations.sort_unstable();
        organizations.dedup();
        let mut logs: Vec<_> = organizations.into_iter().map(|id| (Log::Organization(id), now)).collect();
        if after.sequence > before.sequence {
            let is_full = after.sequence / checkpoint::SPAN > before.sequence / checkpoint::SPAN;
            logs.push((Log::Tenant, if is_full { now } else { now.plus_seconds(HOUR) }));
        }
        let deleted = batch.iter().filter(|e| e.event_type == EventType::UserDeleted.as_str());
        let person = |stored: &StoredEvent| {
            let targets = stored.body.get("targets")?.as_array()?;
            let person = targets.iter().find(|t| t.get("type").is_some_and(|kind| kind == "identity"))?;
            person.get("id")?.as_str().map(str::to_owned)
        };
        Self { logs, erased: deleted.filter_map(person).collect(), now }
    }

    fn note(&self, tx: &mut avnology_store::IdentityTx<'_>, prepared: &Prepared) -> Result<()> {
        for (log, due) in &self.logs {
            backlog::mark(tx, *log, *due)?;
        }
        for person in self.erased.iter().chain(&prepared.gone) {
            for log in erasures::want(tx, person)? {
                backlog::mark(tx, log, self.now)?;
            }
        }
        Ok(())
    }
}

/// Visits a log and reports back.
async fn visit(app: &Arc<Tenant>, claimed: Claimed) {
    let ended = tokio::time::timeout(PATIENCE, serve(app, claimed.log)).await;
    let now = app.now();
    let report = match ended {
        Ok(Ok(next)) => app.store.identity().write(move |tx| backlog::done(tx, &claimed, next, now)).await,
        failed => {
            let wait = (1_i64 << claimed.attempts.min(6)).min(LONGEST_WAIT);
            let error = failed.map(Result::err);
            tracing::warn!(log = %claimed.log, ?error, wait, "an audit log could not be brought up to date");
            let due = now.plus_seconds(wait);
            app.store.identity().write(move |tx| backlog::failed(tx, claimed.log, due)).await
        }
    };
    if let Err(error) = report {
        tracing::warn!(log = %claimed.log, ?error, "a visit could not be reported; it is repeated");
    }
}

/// Does what there is to do for a log; when to come back without news.
async fn serve(app: &Arc<Tenant>, log: Log) -> Result<Option<Timestamp>> {
    if let Log::Organization(id) = log {
        let found = app.store.identity().read(move |tx| organizations::find(tx, id)).await?;
        match found.map(|organization| organization.state) {
            // It was destroyed, and its log with it.
            None => {
                app.store.identity().write(move |tx| erasures::leave(tx, log)).await?;
                return Ok(None);
            }
            // Its database is being made.
            Some(OrganizationState::Provisioning) => return Ok(Some(app.now().plus_seconds(1))),
            Some(_) => {}
        }
    }
    let home = home::open(app, log).await?;
    if let Log::Organization(id) = log {
        record(app, id, &home).await?;
    }
    erase(app, log, &home).await?;
    let unsigned = checkpoint::sign_due(app, log, &home).await?;
    let is_more = exports::go_on(app, log, &home).await?;
    Ok(if is_more { Some(app.now()) } else { unsigned.map(|since| since.plus_seconds(HOUR)) })
}

/// Records what is new for an organization.
async fn record(app: &Tenant, id: OrganizationId, home: &Home) -> Result<()> {
    let log = Log::Organization(id);
    loop {
        // Not in place: the first statements of a database that was just opened are work.
        let (before, own) = home
            .scan(|tx| {
                let head = records::head(tx)?;
                Ok((head, log::read_after(tx, head.own, BATCH)?))
            })
            .await?;
        let from = before.identity;
        let told = app.store.identity().read(move |tx| {
            let own = log::read_organization_after(tx, id, from, BATCH)?;
            Ok(merged(own, log::read_managed_after(tx, id, from, BATCH)?))
        });
        let told = told.await?;
        if told.is_empty() && own.is_empty() {
            return Ok(());
        }
        let mut after = before;
        after.identity = told.last().map_or(after.identity, |stored| stored.cursor);
        after.own = own.last().map_or(after.own, |stored| stored.cursor);
        let mut events = prepare::readable(&told);
        events.extend(prepare::readable(&own));
        let ids: Vec<String> = events.iter().map(|event| event.event_id.to_string()).collect();
        let taken = home.scan(move |tx| records::taken(tx, &ids)).await?;
        events.retain(|event| !taken.contains(&event.event_id.to_string()));
        let prepared = prepare::prepare(app, &app.system_cx(), log, &mut after, events).await?;
        note_people(app, log, &prepared).await?;
        home.write(move |tx| {
            // If not, another node was here first.
            if records::advance(tx, &before, &after)? {
                records::insert(tx, &prepared.records)?;
            }
            Ok(())
        })
        .await?;
    }
}

/// Notes in the identity layer whom a log is about to tell about, and who of them is to be removed again.
async fn note_people(app: &Tenant, log: Log, prepared: &Prepared) -> Result<()> {
    let people = prepared.people.clone();
    let unknown = app.store.identity().read(move |tx| erasures::unknown(tx, log, &people)).await?;
    let gone = prepared.gone.clone();
    if unknown.is_empty() && gone.is_empty() {
        return Ok(());
    }
    app.store
        .identity()
        .write(move |tx| {
            erasures::note(tx, log, &unknown)?;
            gone.iter().try_for_each(|person| erasures::want(tx, person).map(drop))
        })
        .await
}

/// Both lists in the order of the log, as far as both reach.
fn merged(one: Vec<StoredEvent>, other: Vec<StoredEvent>) -> Vec<StoredEvent> {
    let is_full = |list: &Vec<StoredEvent>| list.len() >= usize::try_from(BATCH).unwrap_or(usize::MAX);
    let ends = [&one, &other].into_iter().filter(|list| is_full(list)).filter_map(|list| list.last());
    let end = ends.map(|stored| stored.cursor).min();
    let mut all: Vec<StoredEvent> = one.into_iter().chain(other).collect();
    all.retain(|stored| end.is_none_or(|end| stored.cursor <= end));
    all.sort_by_key(|stored| stored.cursor);
    all
}

/// Removes from a log those who were erased.
async fn erase(app: &Tenant, log: Log, home: &Home) -> Result<()> {
    loop {
        let wanted = app.store.identity().read(move |tx| erasures::wanted(tx, log)).await?;
        if wanted.is_empty() {
            return Ok(());
        }
        let people = wanted.clone();
        home.write(move |tx| people.iter().try_for_each(|person| records::erase(tx, person))).await?;
        app.store
            .identity()
            .write(move |tx| wanted.iter().try_for_each(|person| erasures::erased(tx, log, person)))
            .await?;
    }
}
