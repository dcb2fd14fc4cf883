//! An organization's database: made after its row, by whoever made that or, after a crash, by the sweep.

use std::sync::Arc;

use avnology_model::{
    Result,
    events::EventType,
    ids::OrganizationId,
    organizations::{Organization, OrganizationState},
};
use avnology_store::organizations::organizations as rows;
use serde_json::json;

use crate::{Cx, Tenant, events::emit};

/// How many unfinished organizations one sweep goes on with.
const BATCH: u32 = 100;

/// Makes the database of an organization and lets people in; harmless when repeated. None when it is gone meanwhile.
pub(super) async fn finish(app: &Arc<Tenant>, cx: &Cx, id: OrganizationId) -> Result<Option<Organization>> {
    app.store.create_org(id).await?;
    let cx = cx.clone();
    let finished = app
        .store
        .identity()
        .write(move |tx| {
            let Some(mut organization) = rows::find(tx, id)? else { return Ok(None) };
            if organization.state == OrganizationState::Provisioning {
                organization.state = OrganizationState::Active;
                rows::update(tx, &mut organization, cx.now)?;
                let payload = json!({ "organization_id": id, "reason": null });
                let event = cx.event(EventType::OrganizationActivated, payload);
                emit(tx, &event.in_organization(id).on("organization", &id))?;
            }
            Ok(Some(organization))
        })
        .await?;
    app.organizations.forget(id);
    if finished.is_none() {
        app.store.destroy_org(id).await?;
    }
    Ok(finished)
}

/// Finishes what a crash left half made; how many.
pub async fn finish_all(app: &Arc<Tenant>) -> Result<usize> {
    let cx = app.system_cx();
    let unfinished = app.store.identity().read(|tx| rows::unfinished(tx, BATCH)).await?;
    let mut finished = 0;
    for organization in unfinished {
        match finish(app, &cx, organization.id).await {
            Ok(_) => finished += 1,
            Err(error) => {
                tracing::warn!(organization = %organization.id, ?error, "its database could not be made; trying again");
            }
        }
    }
    Ok(finished)
}
