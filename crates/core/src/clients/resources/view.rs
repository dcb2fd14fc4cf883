//! Resources as their readers see them.

use avnology_model::{
    Timestamp,
    clients::{ApiResource, ResourceSettings},
    events::{Event, EventType},
    ids::ResourceId,
};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::Cx;

/// A resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiResource)]
pub struct ResourceView {
    /// Id.
    #[schema(value_type = String)]
    pub id: ResourceId,
    /// What may be written of it.
    #[serde(flatten)]
    pub settings: ResourceSettings,
    /// Creation.
    #[schema(value_type = String, format = DateTime)]
    pub create_time: Timestamp,
    /// Last change.
    #[schema(value_type = String, format = DateTime)]
    pub update_time: Timestamp,
    /// Entity tag.
    pub etag: String,
}

impl ResourceView {
    pub(super) fn of(resource: &ApiResource) -> Self {
        Self {
            id: resource.id,
            settings: resource.settings.clone(),
            create_time: resource.create_time,
            update_time: resource.update_time,
            etag: resource.etag(),
        }
    }
}

/// An event about a resource.
pub(super) fn event(cx: &Cx, kind: EventType, resource: &ApiResource, more: Value) -> Event {
    let mut payload = json!({ "resource": ResourceView::of(resource) });
    if let (Value::Object(payload), Value::Object(more)) = (&mut payload, more) {
        payload.extend(more);
    }
    cx.event(kind, payload).on("resource", &resource.id)
}
