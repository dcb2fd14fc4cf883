//! `/v1/resources`.

use avnology_core::clients::resources::{self, ResourceView};
use avnology_http::{
    Auth, Body, Created, Idempotency, Json, NoContent, NoInput, PatchValue, Path1, Precondition, Reply,
    Response, Route, TenantScoped, With, scopes,
};
use avnology_model::{Code, Result, clients::ResourceSettings, events::EventType, ids::ResourceId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::once::once;

/// All resources.
#[derive(Serialize, ToSchema)]
struct ResourceList {
    resources: Vec<ResourceView>,
}

async fn list(auth: Auth<TenantScoped<scopes::ClientsRead>>, _: NoInput) -> Result<Json<ResourceList>> {
    Ok(Json(ResourceList { resources: resources::list(&auth.app).await? }))
}

fn path(id: &str) -> String {
    format!("/v1/resources/{id}")
}

fn tagged(view: ResourceView) -> With<Json<ResourceView>> {
    let etag = view.etag.clone();
    Json(view).with_etag(&etag)
}

async fn create(
    auth: Auth<TenantScoped<scopes::ClientsWrite>>,
    (Idempotency(key), Body(settings)): (Idempotency, Body<ResourceSettings>),
) -> Result<Response> {
    let call = async {
        let made = resources::create(&auth.app, &auth.cx, settings, key.as_ref()).await?;
        let etag = made.etag.clone();
        Ok(Created { location: path(&made.id.to_string()), body: made }.with_etag(&etag).respond())
    };
    let location = |body: &serde_json::Value| body.get("id")?.as_str().map(path);
    once(&auth.app, &auth.cx, key, location, Box::pin(call)).await
}

async fn get(
    auth: Auth<TenantScoped<scopes::ClientsRead>>,
    Path1(id): Path1<ResourceId>,
) -> Result<impl Reply> {
    Ok(tagged(resources::get(&auth.app, id).await?))
}

async fn update(
    auth: Auth<TenantScoped<scopes::ClientsWrite>>,
    (Path1(id), (expected, PatchValue(change))): (Path1<ResourceId>, (Precondition, PatchValue)),
) -> Result<impl Reply> {
    Ok(tagged(resources::update(&auth.app, &auth.cx, id, &expected, change).await?))
}

async fn delete(
    auth: Auth<TenantScoped<scopes::ClientsWrite>>,
    (Path1(id), expected): (Path1<ResourceId>, Precondition),
) -> Result<NoContent> {
    resources::delete(&auth.app, &auth.cx, id, &expected).await?;
    Ok(NoContent)
}

pub(super) fn routes() -> Vec<Route> {
    let one = "The resource.";
    vec![
        Route::get("/v1/resources", list)
            .operation_id("listResources")
            .summary("List the resources that tokens are for")
            .tag("clients")
            .answers::<ResourceList>(200, "All of them, by identifier."),
        Route::post("/v1/resources", create)
            .operation_id("createResource")
            .records(EventType::OauthResourceCreated)
            .summary("Create a resource")
            .tag("clients")
            .answers::<ResourceView>(201, one)
            .etag()
            .creates()
            .refuses(&[Code::AlreadyExists, Code::LimitReached]),
        Route::get("/v1/resources/{res}", get)
            .operation_id("getResource")
            .summary("Read a resource")
            .tag("clients")
            .answers::<ResourceView>(200, one)
            .etag(),
        Route::patch("/v1/resources/{res}", update)
            .operation_id("updateResource")
            .records(EventType::OauthResourceUpdated)
            .summary("Change a resource")
            .tag("clients")
            .answers::<ResourceView>(200, one)
            .etag(),
        Route::delete("/v1/resources/{res}", delete)
            .operation_id("deleteResource")
            .records(EventType::OauthResourceDeleted)
            .summary("Delete a resource")
            .tag("clients")
            .answers_empty(204),
    ]
}
