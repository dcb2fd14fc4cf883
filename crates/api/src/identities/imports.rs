//! Import of identities (`contract/10` §4).

use avnology_core::identities::{
    self as people, IMPORT_BYTES, ImportBody, ImportForm, ImportView, NewImport,
};
use avnology_http::{
    Auth, BodyStream, Json, Path1, Query, Reply as _, Response, Route, Scoped, StatusCode, scopes,
};
use avnology_model::{Code, Result, events::EventType, identities::OnConflict, ids::ImportId};
use serde::Deserialize;
use utoipa::IntoParams;

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
struct ImportParams {
    /// Whether to check only, and write nothing.
    dry_run: bool,
    /// What becomes of a line whose identity is there: found by `external_id`, else by a proven `email`.
    #[param(inline)]
    on_conflict: OnConflict,
    /// Makes everybody a member of this organization; in `strict` federation their home.
    organization_id: Option<String>,
    /// With which role; `member` when absent. Only with an organization.
    role: Option<String>,
}

impl Default for ImportParams {
    fn default() -> Self {
        Self { dry_run: false, on_conflict: OnConflict::Skip, organization_id: None, role: None }
    }
}

type Lines = BodyStream<ImportBody, IMPORT_BYTES>;

async fn import(
    auth: Auth<Scoped<scopes::IdentitiesImport>>,
    (Query(params), mut body): (Query<ImportParams>, Lines),
) -> Result<Response> {
    let ImportParams { dry_run, on_conflict, organization_id, role } = params;
    let new = NewImport { dry_run, on_conflict, organization_id, role };
    let form = if body.is_ndjson() { ImportForm::Ndjson } else { ImportForm::Json };
    let mut intake = people::begin_import(&auth.app, &auth.cx, new, form).await?;
    loop {
        let taken = match body.next().await {
            Ok(None) => break,
            Ok(Some(bytes)) => intake.push(&bytes).await,
            Err(error) => Err(error),
        };
        if let Err(error) = taken {
            intake.abandon().await?;
            return Err(error);
        }
    }
    let mut response = Json(intake.finish().await?).respond();
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

async fn get(
    auth: Auth<Scoped<scopes::IdentitiesImport>>,
    Path1(id): Path1<ImportId>,
) -> Result<Json<ImportView>> {
    people::get_import(&auth.app, &auth.cx, id).await.map(Json)
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/v1/identities:import", import)
            .operation_id("importIdentities")
            .records(EventType::ImportCompleted)
            .summary("Begin an import of identities")
            .tag("identities")
            .answers::<ImportView>(202, "It is being worked on.")
            .refuses(&[Code::JobRunning]),
        Route::get("/v1/identities/imports/{imp}", get)
            .operation_id("getIdentityImport")
            .summary("See how far an import is, and which lines were refused")
            .tag("identities")
            .answers::<ImportView>(200, "The import."),
    ]
}
