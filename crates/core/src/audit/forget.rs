//! Taking a person out of the log of events, once every follower has passed what it says about them.

use avnology_model::{
    Error, Result,
    audit::Log,
    events::{Actor, Event, Origin},
    ids::{IdentityId, OrganizationId},
};
use avnology_store::{
    Tx,
    audit::records,
    events::log::Cursor,
    privacy::holdings::{self, Naming},
};
use serde_json::{Map, Value, json};

use super::home;
use crate::Tenant;

/// How many events are gone over at a time.
const WINDOW: u32 = 5_000;

/// What is left of a person in the log of events beside an audit log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Left {
    /// Whether nothing is.
    pub(crate) is_nothing: bool,
    /// The organizations that the events which named the person concern.
    pub(crate) organizations: Vec<OrganizationId>,
}

/// Looks which organizations the events that name a person concern; changes nothing.
pub(crate) async fn concerned(app: &Tenant, person: IdentityId) -> Result<Vec<OrganizationId>> {
    walk(app, Log::Tenant, person, false).await.map(|left| left.organizations)
}

/// Takes a person out of the events beside a log that every follower has passed. `_912` when the database is away.
pub(crate) async fn forget(app: &Tenant, log: Log, person: IdentityId) -> Result<Left> {
    walk(app, log, person, true).await
}

async fn walk(app: &Tenant, log: Log, person: IdentityId, redacts: bool) -> Result<Left> {
    let home = home::open(app, log).await?;
    let head = home.read(records::head).await?;
    let passed = match log {
        Log::Organization(_) => head.own,
        Log::Tenant => {
            let slowest = app.store.identity().read(holdings::slowest).await?;
            slowest.map_or(head.identity, |slowest| slowest.min(head.identity))
        }
    };
    let mut left = Left { is_nothing: true, ..Left::default() };
    let mut from = Cursor::START;
    while let Some((found, end)) = home.scan(move |tx| holdings::naming(tx, from, WINDOW, person)).await? {
        let told = found.iter().flat_map(|event| [event.organization_id, event.managing_organization_id]);
        left.organizations.extend(told.flatten());
        left.organizations.sort_unstable();
        left.organizations.dedup();
        let (taken, ahead): (Vec<_>, Vec<_>) = found.into_iter().partition(|event| event.cursor <= passed);
        left.is_nothing &= ahead.is_empty();
        if redacts && !taken.is_empty() {
            home.write(move |tx| redact(tx, &taken)).await?;
        }
        from = end;
    }
    Ok(left)
}

/// What happened stays in its place in the log, and nobody it happened to.
fn redact(tx: &mut Tx<'_>, found: &[Naming]) -> Result<()> {
    for event in found {
        let body = match serde_json::from_value::<Event>(event.body.clone()) {
            Ok(told) => {
                let bare = Event {
                    actor: Actor { id: None, session_id: None, ..told.actor },
                    targets: Vec::new(),
                    origin: Origin::default(),
                    payload: Value::Object(Map::new()),
                    ..told
                };
                serde_json::to_value(bare).map_err(Error::internal)?
            }
            // Written by a newer version, and taken by whoever reads that.
            Err(_) => json!({}),
        };
        holdings::redact(tx, event.event_id, &body)?;
    }
    Ok(())
}
