//! Making a resource.

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    clients::{ApiResource, ResourceSettings},
    events::EventType,
    ids::ResourceId,
    platform::IdempotencyKey,
};
use avnology_store::clients::resources as rows;
use serde_json::Value;

use super::{ResourceView, input, view};
use crate::{Cx, Tenant, events::emit, platform};

/// Most resources.
const MOST: u32 = 500;

/// Makes a resource. `_902`; `_903` when its identifier is taken; `_914` beyond 500.
pub async fn create(
    app: &Arc<Tenant>,
    cx: &Cx,
    mut settings: ResourceSettings,
    key: Option<&IdempotencyKey>,
) -> Result<ResourceView> {
    input::check(&mut settings, &app.config.origin())?;
    let id = ResourceId::new(cx.now, cx.random());
    let resource = ApiResource { id, settings, create_time: cx.now, update_time: cx.now };
    let (job, cx, key) = (Arc::clone(app), cx.clone(), key.copied());
    let view = app
        .store
        .identity()
        .write(move |tx| {
            let used = rows::count(tx)?;
            if used >= MOST {
                return Err(Error::new(Code::LimitReached)
                    .with_member("limit", MOST)
                    .with_member("used", used));
            }
            rows::insert(tx, &resource)?;
            emit(tx, &view::event(&cx, EventType::OauthResourceCreated, &resource, Value::Null))?;
            let view = ResourceView::of(&resource);
            let body = serde_json::to_vec(&view).map_err(Error::internal)?;
            platform::finish(tx, &cx, &job.keys, key.as_ref(), 201, &body)?;
            Ok(view)
        })
        .await?;
    app.clients.forget_resources();
    Ok(view)
}
