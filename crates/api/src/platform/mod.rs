//! `/v1/tenant`, `/v1/outbox` (`contract/00` §§2.1, 14), the keys that sign, and the documents about the server.

mod metadata;
mod offered;
mod passkey_endpoints;
mod signing_keys;

use avnology_aip::Key;
use avnology_core::platform::{self, CapturedMessage, OutboxSearch, TenantView};
use avnology_http::{
    Auth, Json, List, NoContent, NoInput, PatchValue, Precondition, Reply, Route, TenantScoped, With, scopes,
};
use avnology_model::{Error, FieldCode, Result, Timestamp, events::EventType};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
struct OutboxParams {
    /// To this address.
    to: Option<String>,
    /// Of this type.
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// A page of captured messages.
#[derive(Serialize, ToSchema)]
struct OutboxList {
    messages: Vec<CapturedMessage>,
    next_page_token: String,
}

async fn tenant(auth: Auth<TenantScoped<scopes::TenantRead>>, _: NoInput) -> Result<With<Json<TenantView>>> {
    Ok(tagged(platform::tenant_view(&auth.app)))
}

async fn update(
    auth: Auth<TenantScoped<scopes::TenantWrite>>,
    (expected, PatchValue(patch)): (Precondition, PatchValue),
) -> Result<With<Json<TenantView>>> {
    Ok(tagged(platform::update_settings(&auth.app, &auth.cx, &expected, patch).await?))
}

fn tagged(view: TenantView) -> With<Json<TenantView>> {
    let etag = view.etag.clone();
    Json(view).with_etag(&etag)
}

async fn outbox(
    auth: Auth<TenantScoped<scopes::OutboxRead>>,
    list: List<OutboxParams>,
) -> Result<Json<OutboxList>> {
    let bad = || Error::field("page_token", FieldCode::InvalidFormat, "This is no page token of this list.");
    let after = match list.position.as_deref() {
        None => None,
        Some([Key::Number(at), Key::Text(id)]) => {
            Some((Timestamp::from_micros(*at), id.parse().map_err(|_| bad())?))
        }
        Some(_) => return Err(bad()),
    };
    let search = OutboxSearch {
        to: list.query.to.clone(),
        kind: list.query.kind.clone(),
        after,
        page_size: list.page_size,
    };
    let page = platform::list_outbox(&auth.app, &auth.cx, search).await?;
    let next = page.next.map(|(at, id)| vec![Key::Number(at.micros()), Key::Text(id.to_string())]);
    let next_page_token = list.next_page_token(&auth.app, auth.cx.now, next);
    Ok(Json(OutboxList { messages: page.messages, next_page_token }))
}

async fn clear_outbox(auth: Auth<TenantScoped<scopes::OutboxRead>>, _: NoInput) -> Result<NoContent> {
    platform::clear_outbox(&auth.app).await?;
    Ok(NoContent)
}

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::get("/v1/tenant", tenant)
            .operation_id("getTenant")
            .summary("Read the tenant's settings")
            .tag("tenant")
            .answers::<TenantView>(200, "The settings.")
            .etag(),
        Route::patch("/v1/tenant", update)
            .operation_id("updateTenant")
            .records(EventType::TenantUpdated)
            .summary("Change the tenant's settings")
            .tag("tenant")
            .answers::<TenantView>(200, "The settings.")
            .etag(),
        Route::get("/v1/outbox/messages", outbox)
            .operation_id("listOutbox")
            .summary("List captured messages (test environment)")
            .tag("outbox")
            .answers::<OutboxList>(200, "One page of messages, newest first."),
        Route::delete("/v1/outbox/messages", clear_outbox)
            .operation_id("clearOutbox")
            .summary("Remove captured messages (test environment)")
            .tag("outbox")
            .answers_empty(204),
    ];
    routes.extend(passkey_endpoints::routes());
    routes.extend(signing_keys::routes());
    routes.extend(metadata::routes());
    routes
}
