//! Changing an organization.

use std::sync::Arc;

use avnology_model::{
    Error, FieldCode, Result, events::EventType, organizations::Organization, platform::Precondition,
};
use avnology_store::organizations::organizations as rows;
use serde_json::{Map, Value, json};

use super::{Acting, OrganizationInput, OrganizationView, membership};
use crate::{Cx, Tenant, events::emit, patch};

/// Members that are set at creation only.
const IMMUTABLE: &[&str] = &["id", "slug", "placement", "create_time"];

/// Changes an organization by a merge patch. `_902`, `_905`, `_903` for `external_id`, `_407`; `_314` for a `default_role`
/// that the caller could not give; `_100` for what only the platform may change.
pub async fn update(
    app: &Arc<Tenant>,
    cx: &Cx,
    acting: &Acting,
    expected: &Precondition,
    mut change: Map<String, Value>,
) -> Result<OrganizationView> {
    if let Some(name) = change.remove("display_name") {
        change.entry("name").or_insert(name);
    }
    if let Some(field) = change.keys().find(|name| IMMUTABLE.contains(&name.as_str())) {
        return Err(Error::field(field, FieldCode::Immutable, "This is set once and never changed."));
    }
    let acting2 = acting.clone();
    let (id, settings, cx, expected) = (acting.id(), app.settings(), cx.clone(), expected.clone());
    let changed = app
        .store
        .identity()
        .write(move |tx| {
            let before = rows::get(tx, id)?;
            expected.check(&before.etag())?;
            let mut merged = serde_json::to_value(OrganizationInput::of(&before)).map_err(Error::internal)?;
            patch::merge(&mut merged, &Value::Object(change.clone()));
            let mut input: OrganizationInput = patch::read(merged)?;
            input.check(&settings.settings)?;
            input.check_rights(&before, acting2.is_platform())?;
            if input.default_role != before.default_role {
                membership::check_role(tx, id, &input.default_role)?;
                acting2.check_assignable(&input.default_role)?;
            }
            let mut after = before.clone();
            input.write(&mut after);
            if after == before {
                return OrganizationView::whole(tx, &after, true);
            }
            rows::update(tx, &mut after, cx.now)?;
            let event = cx.event(EventType::OrganizationUpdated, payload(&before, &after));
            emit(tx, &event.in_organization(id).on("organization", &id))?;
            OrganizationView::whole(tx, &after, true)
        })
        .await?;
    app.organizations.forget(id);
    Ok(changed)
}

pub(super) fn payload(before: &Organization, after: &Organization) -> Value {
    let as_map = |organization| match OrganizationView::for_events(organization) {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    let (mut old, mut new) = (as_map(before), as_map(after));
    for map in [&mut old, &mut new] {
        map.retain(|name, _| !matches!(name.as_str(), "etag" | "update_time"));
    }
    let mut changed: Vec<String> =
        new.keys().filter(|name| old.get(*name) != new.get(*name)).cloned().collect();
    old.retain(|name, _| changed.contains(name));
    new.retain(|name, _| changed.contains(name));
    if before.metadata_admin != after.metadata_admin {
        // By name only: its values are for administrators.
        changed.push("metadata.admin".to_owned());
    }
    json!({
        "organization": OrganizationView::for_events(after), "changed_fields": changed, "previous_values": old,
        "new_values": new,
    })
}
