//! Changing what a domain is good for.

use std::sync::Arc;

use avnology_model::{
    Result,
    events::{Event, EventType},
    ids::DomainId,
    organizations::{Domain, Organization},
};
use avnology_store::organizations::{domains as rows, organizations};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{
    super::{Acting, OrganizationView, membership::check_role},
    DomainView, check_connection, read_role,
};
use crate::{Cx, Tenant, events::emit};

/// What is to change.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = UpdateDomain)]
pub struct DomainChange {
    /// Whether people with an address there may join; null for true.
    #[serde(deserialize_with = "crate::patch::present")]
    #[schema(value_type = Option<bool>)]
    pub auto_join: Option<Option<bool>>,
    /// Whether an address there leads to the organization's sign-in; null for true.
    #[serde(deserialize_with = "crate::patch::present")]
    #[schema(value_type = Option<bool>)]
    pub sign_in_routing: Option<Option<bool>>,
    /// Role of those who join by it; null for the organization's default.
    #[serde(deserialize_with = "crate::patch::present")]
    #[schema(value_type = Option<String>)]
    pub default_role: Option<Option<String>>,
    /// The connection used for it; null for the organization's default.
    #[serde(deserialize_with = "crate::patch::present")]
    #[schema(value_type = Option<String>)]
    pub connection_id: Option<Option<String>>,
}

/// Changes a domain. `_902`; `_314` for a role that is not the caller's to give; `_901`.
pub async fn update(
    app: &Arc<Tenant>,
    cx: &Cx,
    acting: &Acting,
    id: DomainId,
    change: DomainChange,
) -> Result<DomainView> {
    check_connection(change.connection_id.flatten().as_deref())?;
    let role = change.default_role.map(|text| read_role(acting, text.as_deref())).transpose()?;
    let (auto_join, routing) = (change.auto_join, change.sign_in_routing);
    let (organization, cx) = (acting.id(), cx.clone());
    let changed = app
        .store
        .identity()
        .write(move |tx| {
            let before = rows::get(tx, organization, id)?;
            let mut after = before.clone();
            if let Some(wanted) = auto_join {
                after.auto_join = wanted.unwrap_or(true);
            }
            if let Some(wanted) = routing {
                after.sign_in_routing = wanted.unwrap_or(true);
            }
            if let Some(wanted) = &role {
                if let Some(role) = wanted {
                    check_role(tx, organization, role)?;
                }
                after.default_role.clone_from(wanted);
            }
            if after == before {
                return Ok(after);
            }
            rows::update(tx, &after)?;
            let place = organizations::get(tx, organization)?;
            emit(tx, &told(&cx, &place, &before, &after))?;
            Ok(after)
        })
        .await?;
    app.organizations.forget_domain(&changed.domain);
    Ok(DomainView::of(&changed))
}

/// A change of the organization's settings, of which this domain is the part that changed.
fn told(cx: &Cx, organization: &Organization, before: &Domain, after: &Domain) -> Event {
    let as_map = |domain| match DomainView::for_events(domain) {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    let (mut old, mut new) = (as_map(before), as_map(after));
    let changed: Vec<String> = new.keys().filter(|name| old.get(*name) != new.get(*name)).cloned().collect();
    old.retain(|name, _| changed.contains(name));
    new.retain(|name, _| changed.contains(name));
    let payload = json!({
        "organization": OrganizationView::for_events(organization), "domain": DomainView::for_events(after),
        "changed_fields": changed.iter().map(|name| format!("domain.{name}")).collect::<Vec<_>>(),
        "previous_values": { "domain": old }, "new_values": { "domain": new },
    });
    let event = cx.event(EventType::OrganizationUpdated, payload).in_organization(after.organization_id);
    event.on("domain", &after.id).on("organization", &after.organization_id)
}
