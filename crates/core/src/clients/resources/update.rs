//! Changing a resource.

use std::sync::Arc;

use avnology_model::{
    Error, FieldCode, Result, clients::ResourceSettings, events::EventType, ids::ResourceId,
    platform::Precondition,
};
use avnology_store::clients::resources as rows;
use serde_json::{Map, Value};

use super::{ResourceView, input, view};
use crate::{Cx, Tenant, clients::view::difference, events::emit, patch};

/// Changes a resource by a merge patch. `_902`, `_905`, `_901`.
pub async fn update(
    app: &Arc<Tenant>,
    cx: &Cx,
    id: ResourceId,
    expected: &Precondition,
    change: Map<String, Value>,
) -> Result<ResourceView> {
    let fixed = ["id", "identifier", "create_time"];
    if let Some(field) = change.keys().find(|name| fixed.contains(&name.as_str())) {
        return Err(Error::field(field, FieldCode::Immutable, "This is set once and never changed."));
    }
    let (issuer, cx, expected) = (app.config.origin(), cx.clone(), expected.clone());
    let resource = app
        .store
        .identity()
        .write(move |tx| {
            let before = rows::get(tx, id)?;
            expected.check(&before.etag())?;
            let mut merged = serde_json::to_value(&before.settings).map_err(Error::internal)?;
            patch::merge(&mut merged, &Value::Object(change.clone()));
            let mut settings: ResourceSettings = patch::read(merged)?;
            input::check(&mut settings, &issuer)?;
            if settings == before.settings {
                return Ok(before);
            }
            let mut after = before.clone();
            after.settings = settings;
            rows::update(tx, &mut after, cx.now)?;
            let more = difference(&before.settings, &after.settings);
            emit(tx, &view::event(&cx, EventType::OauthResourceUpdated, &after, more))?;
            Ok(after)
        })
        .await?;
    app.clients.forget_resources();
    Ok(ResourceView::of(&resource))
}
