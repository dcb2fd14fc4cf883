//! The work on copies, done in the background by whichever node takes it. A copy is taken by lease; each step is noted with
//! its result, so that whoever takes it next goes on where the last one stopped.

use std::{sync::Arc, time::Duration};

use avnology_model::{
    Error, Result,
    audit::Log,
    privacy::{Category, ExportState, PrivacyExport, PrivacyExportStatus, Step},
};
use avnology_store::privacy::exports as rows;
use serde_json::Value;
use tokio::sync::watch;

use super::{
    gather::{self, Found},
    pack::pack,
};
use crate::{Tenant, audit};

/// How long a step may take before others believe that the worker died, in seconds.
pub(super) const LEASE: i64 = 60;
/// How long a copy waits for a database that is away, in seconds.
const WAIT: i64 = 30;
/// How long a copy is tried that fails, in seconds.
const PATIENCE: i64 = 2 * 24 * 60 * 60;
/// How long to wait for news that this node is not told of.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Makes copies until `stop` turns true: woken by commits of this node, looking every few seconds for those of others.
pub async fn follow_exports(app: Arc<Tenant>, mut stop: watch::Receiver<bool>) {
    let mut news = app.store.identity().commits();
    while !*stop.borrow() {
        news.mark_unchanged();
        if let Err(error) = write_exports(&app).await {
            tracing::warn!(?error, "a copy of a person's data could not be made; trying again");
        }
        tokio::select! {
            _ = news.changed() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Makes the copies that are wanted; how many were worked on.
pub async fn write_exports(app: &Tenant) -> Result<usize> {
    let mut worked = 0;
    loop {
        let now = app.now();
        if !app.store.identity().read(move |tx| rows::is_any_due(tx, now)).await? {
            return Ok(worked);
        }
        let lease = now.plus_seconds(LEASE);
        let Some(export) = app.store.identity().write(move |tx| rows::claim(tx, now, lease)).await? else {
            return Ok(worked);
        };
        worked += 1;
        if let Err(error) = Box::pin(make(app, export.clone())).await {
            tracing::warn!(export = %export.id, ?error, "a copy of a person's data stopped; it is gone on with");
            give_up(app, &export).await?;
        }
    }
}

/// Ends a copy that was tried in vain for long enough.
async fn give_up(app: &Tenant, export: &PrivacyExport) -> Result<()> {
    let id = export.id;
    if export.create_time.plus_seconds(PATIENCE) > app.now() {
        return Ok(());
    }
    let write = move |tx: &mut avnology_store::IdentityTx<'_>| {
        let Some(now) = rows::find(tx, id)? else { return Ok(()) };
        let failed = PrivacyExport { status: PrivacyExportStatus::Failed, ..now.clone() };
        rows::finish(tx, &now, &failed).map(drop)
    };
    app.store.identity().write(write).await
}

async fn make(app: &Tenant, mut export: PrivacyExport) -> Result<()> {
    loop {
        match export.state.step.clone() {
            Step::Begin => {
                let logs = audit::logs_of(app, export.identity_id).await?;
                let state = begun(&logs)?;
                let Some(next) = note(app, &export, state, None, LEASE).await? else { return Ok(()) };
                export = next;
            }
            Step::Gather(category) => {
                let mut state = export.state.clone();
                let (part, wait) = match gather::next(app, &export, category, &mut state).await? {
                    Found::Away => (None, WAIT),
                    Found::Entries(entries, is_more) => {
                        let count = i64::try_from(entries.len()).map_err(Error::internal)?;
                        *state.entries.entry(category.to_string()).or_default() += count;
                        let part = (count > 0).then(|| (category, state.pieces, lines(&entries)));
                        state.pieces += i64::from(count > 0);
                        if !is_more {
                            leave(&mut state, category);
                        }
                        (part, LEASE)
                    }
                };
                let Some(next) = note(app, &export, state, part, wait).await? else { return Ok(()) };
                if wait == WAIT {
                    return Ok(());
                }
                export = next;
            }
            Step::Pack => return Box::pin(pack(app, export)).await,
        }
    }
}

fn begun(logs: &[Log]) -> Result<ExportState> {
    Ok(ExportState {
        step: first(),
        logs: logs.iter().map(ToString::to_string).collect(),
        all_logs: u32::try_from(logs.len()).map_err(Error::internal)?,
        ..ExportState::default()
    })
}

fn first() -> Step {
    Category::ALL.first().map_or(Step::Pack, |category| Step::Gather(*category))
}

/// Moves on to the category behind this one.
fn leave(state: &mut ExportState, category: Category) {
    let next = Category::ALL.iter().skip_while(|other| **other != category).nth(1);
    state.step = next.map_or(Step::Pack, |next| Step::Gather(*next));
    (state.after, state.after_id, state.pieces) = (0, None, 0);
}

/// The entries as they stand in the list of their file.
fn lines(entries: &[Value]) -> Vec<u8> {
    let lines: Vec<String> = entries.iter().map(ToString::to_string).collect();
    lines.join(",\n").into_bytes()
}

/// From 0 to 85: gathering; the records of the logs are most of it.
fn progress(state: &ExportState) -> i64 {
    const BEFORE_LOGS: i64 = 25;
    const LOGS: i64 = 55;
    let place =
        |category: Category| Category::ALL.iter().position(|other| *other == category).unwrap_or_default();
    let (all, left) = (i64::from(state.all_logs), i64::try_from(state.logs.len()).unwrap_or_default());
    match state.step {
        Step::Begin => 0,
        Step::Gather(Category::Audit) => {
            let read = (all - left).max(0) * 100 + state.log_percent;
            BEFORE_LOGS + LOGS * read.min(all * 100) / (all.max(1) * 100)
        }
        Step::Gather(category) if place(category) > place(Category::Audit) => BEFORE_LOGS + LOGS,
        Step::Gather(category) => i64::try_from(place(category)).unwrap_or_default() * 3,
        Step::Pack => 85,
    }
}

/// Notes a step with what it found; the copy as it stands then, or `None` when somebody else works on it.
async fn note(
    app: &Tenant,
    export: &PrivacyExport,
    state: ExportState,
    part: Option<(Category, i64, Vec<u8>)>,
    wait: i64,
) -> Result<Option<PrivacyExport>> {
    let before = export.clone();
    let after = PrivacyExport {
        progress: progress(&state).max(before.progress),
        state,
        version: before.version + 1,
        ..before.clone()
    };
    let (due, noted) = (app.now().plus_seconds(wait), after.clone());
    let write = move |tx: &mut avnology_store::IdentityTx<'_>| {
        if !rows::advance(tx, &before, &noted, due)? {
            return Ok(false);
        }
        if let Some((category, ordinal, data)) = &part {
            rows::add_part(tx, before.id, *category, *ordinal, data)?;
        }
        Ok(true)
    };
    Ok(app.store.identity().write(write).await?.then_some(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_has_its_turn_and_progress_never_falls() {
        let mut state = begun(&[Log::Tenant]).unwrap();
        let (mut seen, mut last) = (Vec::new(), 0);
        while let Step::Gather(category) = state.step.clone() {
            assert!(progress(&state) >= last, "{category}");
            last = progress(&state);
            seen.push(category);
            if category == Category::Audit {
                state.logs.clear();
                assert!(progress(&state) > last);
                last = progress(&state);
            }
            leave(&mut state, category);
        }
        assert_eq!(seen, Category::ALL);
        assert_eq!(progress(&state), 85);
    }
}
