//! The end of an organization: first its rows in the identity layer, from when on nobody gets in, then its database.

use std::sync::Arc;

use avnology_model::{
    Result, Timestamp,
    audit::Log,
    events::EventType,
    ids::OrganizationId,
    organizations::{Organization, OrganizationState},
};
use avnology_store::{
    IdentityTx,
    audit::erasures,
    clients::{codes, consents, device_codes, grants, rules},
    organizations::{
        destructions, domains, groups, invitations, memberships, organizations as rows, roles, seats,
    },
    permissions::tuples,
    platform::data_keys,
    service_accounts::accounts,
    sessions::sessions,
};
use serde_json::json;

use crate::{Cx, Tenant, events::emit, identities};

const DAY: i64 = 24 * 60 * 60;
/// How many organizations one run destroys.
const BATCH: u32 = 10;
/// How many databases one run removes.
const DATABASES: u32 = 1_000;

/// Destroys the organizations whose grace period is over; how many. What a crash cuts off is gone on with by the next run.
pub async fn destroy_due(app: &Arc<Tenant>, cx: &Cx) -> Result<usize> {
    let mut destroyed = 0;
    loop {
        let now = cx.now;
        let due = app.store.identity().read(move |tx| rows::due_for_deletion(tx, now, BATCH)).await?;
        if due.is_empty() {
            break;
        }
        for organization in due {
            destroyed += usize::from(destroy(app, cx, organization.id).await?);
        }
    }
    remove_rest(app, cx).await?;
    Ok(destroyed)
}

/// Removes an organization from the identity layer, unless it was restored meanwhile.
async fn destroy(app: &Arc<Tenant>, cx: &Cx, id: OrganizationId) -> Result<bool> {
    let days = i64::from(app.settings().settings.retired_slug_days);
    let cx2 = cx.clone();
    let erased = app
        .store
        .identity()
        .write(move |tx| {
            let due = rows::find(tx, id)?.filter(|found| is_due(found, cx2.now));
            due.map(|organization| erase(tx, &cx2, &organization, days)).transpose()
        })
        .await?;
    let Some(hashes) = erased else { return Ok(false) };
    for hash in &hashes {
        app.api_keys.forget(hash);
    }
    app.organizations.forget(id);
    Ok(true)
}

fn is_due(organization: &Organization, now: Timestamp) -> bool {
    organization.state == OrganizationState::Deleting
        && organization.deletion_scheduled_for.is_some_and(|at| at <= now)
}

/// Removes what is left of organizations that are gone: in a strict tenant the accounts whose home they were, and their
/// databases. One that cannot be removed now is tried again by the next run.
async fn remove_rest(app: &Arc<Tenant>, cx: &Cx) -> Result<()> {
    for id in app.store.identity().read(|tx| destructions::list(tx, DATABASES)).await? {
        identities::purge_of_organization(app, cx, id).await?;
        match app.store.destroy_org(id).await {
            Ok(()) => app.store.identity().write(move |tx| destructions::delete(tx, id)).await?,
            Err(error) => tracing::warn!(organization = %id, ?error, "its database could not be removed yet"),
        }
    }
    Ok(())
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
    codes::erase_organization(tx, id)?;
    device_codes::erase_organization(tx, id)?;
    grants::erase_organization(tx, id)?;
    consents::erase_organization(tx, id)?;
    rules::erase_organization(tx, id)?;
    sessions::leave_all(tx, id)?;
    tuples::remove_of_organization(tx, id)?;
    groups::erase(tx, id)?;
    roles::erase(tx, id)?;
    invitations::erase(tx, id)?;
    domains::erase(tx, id)?;
    memberships::erase(tx, id)?;
    seats::erase(tx, id)?;
    data_keys::destroy(tx, &id.to_string())?;
    destructions::insert(tx, id, cx.now)?;
    erasures::leave(tx, Log::Organization(id))?;
    rows::delete(tx, organization, cx.now.plus_seconds(retired_days * DAY))?;
    let payload = json!({ "organization_id": id, "scheduled_for": organization.deletion_scheduled_for });
    // For the tenant's log: the organization's own goes with its database.
    emit(tx, &cx.event(EventType::OrganizationDeleted, payload).on("organization", &id))?;
    Ok(hashes)
}
