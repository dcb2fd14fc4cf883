//! Removing a resource.

use avnology_model::{Result, events::EventType, ids::ResourceId, platform::Precondition};
use avnology_store::clients::resources as rows;
use serde_json::Value;

use super::view;
use crate::{Cx, Tenant, events::emit};

/// Removes a resource; nobody gets tokens for it any more. `_901`, `_905`.
pub async fn delete(app: &Tenant, cx: &Cx, id: ResourceId, expected: &Precondition) -> Result<()> {
    let (cx, expected) = (cx.clone(), expected.clone());
    app.store
        .identity()
        .write(move |tx| {
            let resource = rows::get(tx, id)?;
            expected.check(&resource.etag())?;
            rows::delete(tx, id)?;
            emit(tx, &view::event(&cx, EventType::OauthResourceDeleted, &resource, Value::Null))
        })
        .await?;
    app.clients.forget_resources();
    Ok(())
}
