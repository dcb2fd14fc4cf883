//! Working on imports: every node looks for one, and whoever claims it goes from piece to piece.

use std::{sync::Arc, time::Duration};

use avnology_model::{
    Code, Error, Result, Timestamp,
    events::EventType,
    identities::{Import, ImportStatus},
    ids::ImportId,
};
use avnology_store::identities::imports as rows;
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::watch;

use super::{LEASE, apply, place, prepare, row};
use crate::{Cx, Tenant, events::emit};

/// How long to wait for an import.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long to wait after something failed.
const AGAIN_AFTER: Duration = Duration::from_secs(2);
/// How old a claim may be before it is renewed, in seconds.
const RENEW_AFTER: i64 = 5;

/// Works on imports until `stop` turns true.
pub async fn run(app: Arc<Tenant>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let worked = tokio::select! {
            // What was begun of a piece is done once more after the claim ran out.
            _ = stop.changed() => return,
            worked = work(&app) => worked,
        };
        let pause = match worked {
            Ok(()) => LOOK_EVERY,
            Err(error) => {
                tracing::warn!(?error, "an import could not be gone on with; trying again");
                AGAIN_AFTER
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Works on the import that waits, if there is one, to its end.
pub async fn work(app: &Arc<Tenant>) -> Result<()> {
    let now = app.now();
    if !app.store.identity().read(move |tx| rows::is_due(tx, now)).await? {
        return Ok(());
    }
    let lease = now.plus_seconds(LEASE);
    let claimed = app.store.identity().write(move |tx| rows::claim(tx, now, lease)).await?;
    let Some(mut import) = claimed else { return Ok(()) };
    match go_on(app, &mut import).await {
        // Somebody else claimed it.
        Err(error) if error.code() == Code::JobRunning => Ok(()),
        Err(error) if is_lasting(&error) => {
            tracing::error!(import = %import.id, ?error, "an import cannot be worked on");
            finish(app, &import, ImportStatus::Failed).await
        }
        other => {
            if other.is_err() {
                let id = import.id;
                app.store.identity().write(move |tx| rows::renew(tx, id, Timestamp::from_micros(0))).await?;
            }
            other
        }
    }
}

/// Whether trying again would end the same way.
fn is_lasting(error: &Error) -> bool {
    error.code() == Code::Internal
}

async fn go_on(app: &Arc<Tenant>, import: &mut Import) -> Result<()> {
    while import.position < import.pieces {
        step(app, import).await?;
    }
    finish(app, import, ImportStatus::Completed).await
}

/// Who asked for the import acts in it.
fn context(app: &Tenant, import: &Import) -> Cx {
    let mut cx = app.system_cx();
    cx.actor = import.request.actor.clone();
    cx.request_id = import.request.request_id.as_str().into();
    cx
}

async fn step(app: &Arc<Tenant>, import: &mut Import) -> Result<()> {
    let (id, position) = (import.id, import.position);
    let sealed = app.store.identity().read(move |tx| rows::piece(tx, id, position)).await?;
    let sealed = sealed.ok_or_else(|| Error::internal("a piece of an import is missing"))?;
    let piece = app.keys.open(&place(&row(id, position)), &sealed)?;
    let cx = context(app, import);
    let lease = Lease { id, claimed_at: Mutex::new(cx.now) };
    let lines = prepare::all(app, &cx, import, &piece, &lease).await?;
    let schema = app.traits_schema(&app.settings())?;
    let (before, lease) = (import.clone(), app.now().plus_seconds(LEASE));
    let job = Arc::clone(app);
    let done = app
        .store
        .identity()
        .write(move |tx| {
            let around =
                apply::Around { cx: &cx, import: &before, schema: schema.as_deref(), keys: &job.keys };
            apply::piece(tx, around, &lines, lease)
        })
        .await?;
    import.position += 1;
    import.counts.created += done.counts.created;
    import.counts.updated += done.counts.updated;
    import.counts.skipped += done.counts.skipped;
    import.counts.failed += done.counts.failed;
    import.counts.legacy += done.counts.legacy;
    app.sessions.forget(&done.session_hashes);
    for (organization, identity) in done.members {
        app.organizations.forget_member(organization, identity);
    }
    Ok(())
}

/// The claim of an import.
pub(super) struct Lease {
    id: ImportId,
    claimed_at: Mutex<Timestamp>,
}

impl Lease {
    /// Keeps the claim while plain passwords are hashed, which takes its time.
    pub(super) async fn keep(&self, app: &Tenant) -> Result<()> {
        let (now, id) = (app.now(), self.id);
        if self.claimed_at.lock().plus_seconds(RENEW_AFTER) > now {
            return Ok(());
        }
        app.store.identity().write(move |tx| rows::renew(tx, id, now.plus_seconds(LEASE))).await?;
        *self.claimed_at.lock() = now;
        Ok(())
    }
}

async fn finish(app: &Tenant, import: &Import, status: ImportStatus) -> Result<()> {
    let (id, position, counts) = (import.id, import.position, import.counts);
    let cx = context(app, import);
    let payload = json!({
        "import_id": id, "status": status, "dry_run": import.request.dry_run, "total": counts.total,
        "created": counts.created, "updated": counts.updated, "skipped": counts.skipped, "failed": counts.failed,
        "legacy": counts.legacy,
    });
    let mut event = cx.event(EventType::ImportCompleted, payload).on("import", &id);
    if let Some((organization, _)) = &import.request.membership {
        event = event.in_organization(*organization);
    }
    app.store
        .identity()
        .write(move |tx| {
            if rows::finish(tx, id, status, position, cx.now)? {
                emit(tx, &event)?;
            }
            Ok(())
        })
        .await
}
