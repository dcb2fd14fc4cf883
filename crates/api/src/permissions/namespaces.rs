//! The schema of own namespaces (`contract/50` §§2, 4).

use avnology_core::permissions::{self, ParseError, SchemaInput, SchemaView};
use avnology_http::{Auth, Body, Json, NoInput, Precondition, Reply, Route, Scoped, With, scopes};
use avnology_model::{Code, Error, Result, events::EventType};
use serde::Serialize;
use utoipa::ToSchema;

type Reader = Auth<Scoped<scopes::PermissionsRead>>;
type Writer = Auth<Scoped<scopes::PermissionsWrite>>;

fn tagged(view: SchemaView) -> With<Json<SchemaView>> {
    let etag = view.etag.clone();
    Json(view).with_etag(&etag)
}

async fn get(auth: Reader, _: NoInput) -> Result<impl Reply> {
    Ok(tagged(permissions::get_schema(&auth.app).await?))
}

async fn put(auth: Writer, (expected, Body(body)): (Precondition, Body<SchemaInput>)) -> Result<impl Reply> {
    if auth.organization_scope().is_some() {
        return Err(Error::new(Code::PermissionDenied)
            .with_detail("The schema is the tenant's. Send no `X-Avnology-Org`, or `personal`."));
    }
    Ok(tagged(permissions::put_schema(&auth.app, &auth.cx, &expected, body).await?))
}

/// What is wrong with a schema; nothing when it is valid.
#[derive(Serialize, ToSchema)]
struct SchemaErrors {
    errors: Vec<ParseError>,
}

async fn validate(_: Reader, Body(body): Body<SchemaInput>) -> Result<Json<SchemaErrors>> {
    Ok(Json(SchemaErrors { errors: permissions::validate_schema(&body.schema) }))
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/permissions/namespaces", get)
            .operation_id("getNamespaces")
            .summary("Read the schema of permissions")
            .tag("permissions")
            .answers::<SchemaView>(200, "The schema, and what is in it.")
            .etag(),
        Route::put("/v1/permissions/namespaces", put)
            .operation_id("putNamespaces")
            .records(EventType::PermissionSchemaUpdated)
            .summary("Replace the schema of permissions")
            .tag("permissions")
            .answers::<SchemaView>(200, "The schema, and what is in it.")
            .etag()
            .refuses(&[Code::SchemaInvalid, Code::NamespaceInUse]),
        Route::post("/v1/permissions/namespaces:validate", validate)
            .operation_id("validateNamespaces")
            .summary("Find out whether a schema is valid")
            .tag("permissions")
            .answers::<SchemaErrors>(200, "What is wrong with it."),
    ]
}
