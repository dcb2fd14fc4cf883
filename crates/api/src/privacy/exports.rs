//! Copies of all that is held about a person.

use std::sync::Arc;

use avnology_core::{
    Tenant,
    privacy::{self, CategoryView, Download, PrivacyExportView},
};
use avnology_http::{
    Auth, HeaderMap, Json, NoInput, Path1, Path2, Public, Query, Reply as _, Response, Route, Scoped,
    StatusCode, scopes, step_up::with_step_up,
};
use avnology_model::{
    Code, Error, Result, Timestamp,
    events::EventType,
    ids::{IdentityId, PrivacyExportId},
    permissions::Scope,
    privacy::PrivacyExportStatus,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Own, person};
use crate::file::{File, send};

/// The categories of data that are held about people.
#[derive(Serialize, ToSchema)]
struct CategoryList {
    categories: Vec<CategoryView>,
}

async fn categories(auth: Own, _: NoInput) -> Result<Json<CategoryList>> {
    Ok(Json(CategoryList { categories: privacy::categories(&auth.app) }))
}

/// A copy that was begun.
#[derive(Serialize, ToSchema)]
struct PrivacyExportBegun {
    #[schema(value_type = String)]
    export_id: PrivacyExportId,
    status: PrivacyExportStatus,
    /// Where to see how far it is.
    status_url: String,
    /// Until when its file is kept.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

fn begun(export: PrivacyExportView) -> Response {
    let PrivacyExportView { export_id, status, status_url, expires_at, .. } = export;
    let mut response = Json(PrivacyExportBegun { export_id, status, status_url, expires_at }).respond();
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

async fn export_own(auth: Own, _: NoInput) -> Result<Response> {
    let live = person(&auth)?;
    let export = privacy::export_own(&auth.app, &auth.cx, live).await;
    Ok(begun(with_step_up(&auth, live, export).await?))
}

async fn get(auth: Own, Path1(id): Path1<PrivacyExportId>) -> Result<Json<PrivacyExportView>> {
    privacy::get_export(&auth.app, &auth.cx, person(&auth)?, id).await.map(Json)
}

/// What a link to a file says.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Link {
    /// End of the link, in microseconds since 1970.
    until: i64,
    /// That we made it.
    signature: String,
}

async fn download(
    auth: Auth<Public>,
    (Path1(id), Query(link)): (Path1<PrivacyExportId>, Query<Link>),
) -> Result<Response> {
    let file = privacy::download(&auth.app, &auth.cx, id, (link.until, &link.signature)).await?;
    Ok(answer(&auth.app, &auth.headers, file))
}

fn answer(app: &Arc<Tenant>, headers: &HeaderMap, held: Download) -> Response {
    let file = File {
        size: held.size,
        name: held.name.clone(),
        media_type: "application/zip",
        sha256: held.sha256.clone(),
    };
    let (app, held) = (Arc::clone(app), Arc::new(held));
    send(headers, &file, move |at| {
        let (app, held) = (Arc::clone(&app), Arc::clone(&held));
        async move { privacy::read_piece(&app, &held, at).await }
    })
}

/// Who takes a copy of somebody else's data needs `identities:read` besides.
type Exporter = Auth<Scoped<scopes::AuditExport>>;

/// `_012` without the second scope.
fn check_reads(auth: &Exporter) -> Result<()> {
    let scope = Scope::IdentitiesRead;
    match auth.organization_scope() {
        Some(acting) => acting.check_scope(scope),
        None if auth.caller.holds(scope) => Ok(()),
        None => Err(Error::new(Code::ScopeMissing).with_member("required_scopes", vec![scope.as_str()])),
    }
}

async fn export_for(auth: Exporter, Path1(id): Path1<IdentityId>) -> Result<Response> {
    check_reads(&auth)?;
    privacy::export_for(&auth.app, &auth.cx, id).await.map(begun)
}

async fn get_for(
    auth: Exporter,
    Path2(id, export): Path2<IdentityId, PrivacyExportId>,
) -> Result<Json<PrivacyExportView>> {
    check_reads(&auth)?;
    privacy::get_export_for(&auth.app, &auth.cx, id, export).await.map(Json)
}

async fn download_for(
    auth: Exporter,
    Path2(id, export): Path2<IdentityId, PrivacyExportId>,
) -> Result<Response> {
    check_reads(&auth)?;
    let file = privacy::download_for(&auth.app, &auth.cx, id, export).await?;
    Ok(answer(&auth.app, &auth.headers, file))
}

const FILES: &[&str] = &["application/zip", "application/octet-stream"];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/privacy:getDataCategories", categories)
            .operation_id("getDataCategories")
            .summary("Read which data is held about people, what for and for how long")
            .tag("privacy")
            .answers::<CategoryList>(200, "The categories."),
        Route::post("/v1/privacy:exportMyData", export_own)
            .operation_id("exportMyData")
            .records(EventType::PrivacyExportRequested)
            .summary("Begin a copy of all that is held about oneself")
            .tag("privacy")
            .answers::<PrivacyExportBegun>(202, "It is being made.")
            .refuses(&[Code::StepUpRequired, Code::SecondFactorRequired, Code::JobRunning]),
        Route::get("/v1/privacy/exports/{pex_id}", get)
            .operation_id("getMyExport")
            .summary("See how far a copy of one's own data is, and where its file is")
            .tag("privacy")
            .answers::<PrivacyExportView>(200, "The copy.")
            .refuses(&[Code::ExportExpired]),
        Route::get("/v1/privacy/exports/{pex_id}:download", download)
            .operation_id("downloadMyExport")
            .summary("Read the file of a copy by its signed link")
            .tag("privacy")
            .answers_file(200, FILES)
            .refuses(&[Code::ExportExpired]),
        Route::post("/v1/identities/{id}:exportData", export_for)
            .operation_id("exportIdentityData")
            .records(EventType::PrivacyExportRequested)
            .summary("Begin a copy of all that is held about a person")
            .tag("privacy")
            .answers::<PrivacyExportBegun>(202, "It is being made, and the person is told.")
            .refuses(&[Code::JobRunning]),
        Route::get("/v1/identities/{id}/exports/{pex_id}", get_for)
            .operation_id("getIdentityExport")
            .summary("See how far a copy of a person's data is, and where its file is")
            .tag("privacy")
            .answers::<PrivacyExportView>(200, "The copy.")
            .refuses(&[Code::ExportExpired]),
        Route::get("/v1/identities/{id}/exports/{pex_id}:download", download_for)
            .operation_id("downloadIdentityExport")
            .summary("Read the file of a copy of a person's data")
            .tag("privacy")
            .answers_file(200, FILES)
            .refuses(&[Code::ExportExpired]),
    ]
}
