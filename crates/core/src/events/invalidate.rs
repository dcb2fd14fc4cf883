//! What other nodes change is followed in their events: sessions here are forgotten within a second.

use std::sync::Arc;

use avnology_model::{
    Result,
    events::{Event, EventType},
    ids::IdentityId,
};
use avnology_store::{
    Engine,
    events::log::{self, Cursor},
};
use serde::Deserialize as _;

use super::emit::touched;
use crate::Tenant;

const POLL_MILLIS: u64 = 300;
const BATCH: u32 = 500;

/// Forgets what other nodes have changed, until `stop` turns true. On SQLite there are no other nodes.
pub async fn watch_other_nodes(app: Arc<Tenant>, mut stop: tokio::sync::watch::Receiver<bool>) {
    if app.store.engine() == Engine::Sqlite {
        return;
    }
    let mut at: Option<Cursor> = None;
    while !*stop.borrow() {
        match catch_up(&app, at).await {
            Ok(cursor) => at = Some(cursor),
            Err(error) => tracing::warn!(?error, "other nodes' changes could not be read; trying again"),
        }
        tokio::select! {
            () = tokio::time::sleep(std::time::Duration::from_millis(POLL_MILLIS)) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Reads from `at` to the end of the log, or finds the end when there is no `at` yet.
async fn catch_up(app: &Tenant, at: Option<Cursor>) -> Result<Cursor> {
    let Some(mut at) = at else { return app.store.identity().read(|tx| log::head(tx)).await };
    loop {
        let batch = app.store.identity().read(move |tx| log::read_after(tx, at, BATCH)).await?;
        let Some(last) = batch.last() else { return Ok(at) };
        at = last.cursor;
        for organization in batch.iter().filter_map(|stored| stored.organization_id) {
            app.organizations.forget(organization);
        }
        let events: Vec<Event> =
            batch.iter().filter_map(|stored| Event::deserialize(&stored.body).ok()).collect();
        let changed: Vec<IdentityId> = events.iter().filter_map(concerned).collect();
        if !changed.is_empty() {
            app.sessions.forget_identities(&changed);
        }
        let marks = app.store.identity().marks();
        events.iter().flat_map(touched).for_each(|subject| marks.touch(subject));
        for name in events.iter().filter_map(domain) {
            app.organizations.forget_domain(name);
        }
        let any = |wanted: EventType| batch.iter().any(|e| e.event_type == wanted.as_str());
        forget_keys(app, &events);
        for event in events.iter().filter(|event| event.event_type == EventType::OrganizationDeleted) {
            // Told in the tenant's log: the organization has none any more.
            let gone = event.targets.iter().filter_map(|target| target.id.parse().ok());
            gone.for_each(|organization| app.organizations.forget(organization));
        }
        if any(EventType::OauthResourceUpdated)
            || any(EventType::OauthResourceCreated)
            || any(EventType::OauthResourceDeleted)
        {
            app.clients.forget_resources();
        }
        if any(EventType::OauthClientCreated)
            || any(EventType::OauthClientUpdated)
            || any(EventType::OauthClientDeleted)
        {
            app.clients.forget_origins();
        }
        let clients = events.iter().flat_map(|event| &event.targets).filter(|target| target.kind == "client");
        clients.filter_map(|target| target.id.parse().ok()).for_each(|client| app.clients.forget(client));
        if any(EventType::SigningKeyRotated) || any(EventType::SigningKeyMade) {
            crate::platform::reload_signing_keys(app).await?;
        }
        if any(EventType::TenantUpdated) {
            crate::platform::reload_settings(app).await?;
            if events.iter().any(crosses_modes) {
                crate::platform::forget_everybody(app);
            }
        }
    }
}

/// Whether the event tells that identities belong elsewhere from now on.
fn crosses_modes(event: &Event) -> bool {
    event.event_type == EventType::TenantUpdated
        && event.payload.pointer("/new_values/identity_federation_mode").is_some()
}

/// Forgets the keys that may be good no longer, or for something else, after `events`.
fn forget_keys(app: &Tenant, events: &[Event]) {
    let (mut accounts, mut is_any_unnamed) = (Vec::new(), false);
    for event in events {
        let account =
            event.targets.iter().find(|t| t.kind == "service_account").and_then(|t| t.id.parse().ok());
        match event.event_type {
            EventType::ServiceAccountUpdated
            | EventType::ServiceAccountDeleted
            | EventType::ApiKeyRotated
            | EventType::ApiKeyRevoked => match account {
                Some(account) => accounts.push(account),
                // Written by an older version.
                None => is_any_unnamed = true,
            },
            // All its keys went with it.
            EventType::OrganizationDeleted => is_any_unnamed = true,
            _ => {}
        }
    }
    if is_any_unnamed {
        app.api_keys.clear();
    } else if !accounts.is_empty() {
        app.api_keys.forget_accounts(&accounts);
    }
}

/// The name of the domain that may lead somewhere else after `event`.
fn domain(event: &Event) -> Option<&str> {
    event.targets.iter().find(|t| t.kind == "domain")?;
    event.payload.pointer("/domain/domain")?.as_str()
}

/// The identity whose sessions may look different after `event`.
fn concerned(event: &Event) -> Option<IdentityId> {
    let changes = matches!(
        event.event_type,
        EventType::UserUpdated
            | EventType::UserDeleted
            | EventType::UserDisabled
            | EventType::UserEnabled
            | EventType::UserLocked
            | EventType::UserUnlocked
            | EventType::UserEmailVerified
            | EventType::UserEmailChanged
            | EventType::UserPasswordChanged
            | EventType::UserPasskeyAdded
            | EventType::UserPasskeyRemoved
            | EventType::UserMfaEnrolled
            | EventType::UserMfaRemoved
            | EventType::UserMfaReset
            | EventType::UserDeletionScheduled
            | EventType::UserDeletionCancelled
            | EventType::DevicePostureChanged
            | EventType::DeviceRemoved
            | EventType::SessionElevated
            | EventType::SessionRevoked
            | EventType::SessionOrganizationSwitched
            | EventType::MemberSuspended
            | EventType::MemberRemoved
            | EventType::PermissionGranted
            | EventType::PermissionRevoked
    );
    // Of relation tuples only roles on the platform stand in sessions.
    let is_tuple = matches!(event.event_type, EventType::PermissionGranted | EventType::PermissionRevoked);
    let changes =
        changes && (!is_tuple || event.payload.get("namespace").is_some_and(|name| name == "platform"));
    let target = event.targets.iter().find(|t| t.kind == "identity").filter(|_| changes)?;
    target.id.parse().ok()
}
