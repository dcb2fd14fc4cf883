//! The end of an organization: first its rows in the identity layer, from when on nobody gets in, then its database.

use std::sync::Arc;

use avnology_model::{Result, audit::Log, events::EventType, ids::OrganizationId, organizations::Organization};
use avnology_store::{
    IdentityTx,
    audit::erasures,
    organizations::{domains, groups, invitations, memberships, organizations as rows, roles, seats},
    permissions::tuples,
    service_accounts::accounts,
    sessions::sessions,
};
use serde_json::json;

use crate::{Cx, Tenant, events::emit};

const DAY: i64 = 24 * 60 * 60;
/// How many organizations one run destroys.
const BATCH: u32 = 10;

/// Destroys the organizations whose grace period is over; how many. What a crash cuts off is gone on with by the next run:
/// a database without an organization is removed at the start.
pub async fn destroy_due(app: &Arc<Tenant>, cx: &Cx) -> Result<usize> {
    let mut destroyed = 0;
    loop {
        let now = cx.now;
        let due = app.store.identity().read(move |tx| rows::due_for_deletion(tx, now, BATCH)).await?;
        if due.is_empty() {
            return Ok(destroyed);
        }
        for organization in due {
            destroy(app, cx, organization.id).await?;
            destroyed += 1;
        }
    }
}

async fn destroy(app: &Arc<Tenant>, cx: &Cx, id: OrganizationId) -> Result<()> {
    let days = i64::from(app.settings().settings.retired_slug_days);
    let cx2 = cx.clone();
    let hashes = app
        .store
        .identity()
        .write(move |tx| {
            let Some(organization) = rows::find(tx, id)? else { return Ok(Vec::new()) };
            erase(tx, &cx2, &organization, days)
        })
        .await?;
    for hash in &hashes {
        app.api_keys.forget(hash);
    }
    app.organizations.forget(id);
    app.store.destroy_org(id).await
}

/// Removes everything of an organization from the identity layer; the hashes of its keys.
fn erase(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    organization: &Organization,
    retired_days: i64,
) -> Result<Vec<avnology_model::secret_token::SecretHash>> {
    let id = organization.id;
    let hashes = accounts::erase(tx, id)?;
    sessions::leave_all(tx, id)?;
    tuples::remove_of_organization(tx, id)?;
    groups::erase(tx, id)?;
    roles::erase(tx, id)?;
    invitations::erase(tx, id)?;
    domains::erase(tx, id)?;
    memberships::erase(tx, id)?;
    seats::erase(tx, id)?;
    erasures::leave(tx, Log::Organization(id))?;
    rows::delete(tx, organization, cx.now.plus_seconds(retired_days * DAY))?;
    let payload = json!({ "organization_id": id, "scheduled_for": organization.deletion_scheduled_for });
    // For the tenant's log: the organization's own goes with its database.
    emit(tx, &cx.event(EventType::OrganizationDeleted, payload).on("organization", &id))?;
    Ok(hashes)
}

/// Removes databases that no organization has: a crash came between the two halves of a destruction.
pub async fn remove_orphans(app: &Arc<Tenant>) -> Result<usize> {
    let mut removed = 0;
    for id in app.store.list_orgs().await? {
        let known = app.store.identity().read(move |tx| rows::find(tx, id)).await?;
        if known.is_none() {
            app.store.destroy_org(id).await?;
            removed += 1;
        }
    }
    Ok(removed)
}
