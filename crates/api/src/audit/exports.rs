//! Exports and the files that they make.

use std::sync::Arc;

use avnology_core::audit::{self, ExportView, NewExport};
use avnology_http::{
    Auth, Body, Json, Path1, Public, Query, Reply as _, Response, Route, Scoped, StatusCode, scopes,
};
use avnology_model::{Code, Result, Timestamp, audit::ExportStatus, events::EventType, ids::ExportId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{events::Whose, place};
use crate::file::{File, send};

/// An export that was begun.
#[derive(Serialize, ToSchema)]
struct ExportBegun {
    #[schema(value_type = String)]
    export_id: ExportId,
    status: ExportStatus,
    /// Where to see how far it is.
    status_url: String,
    /// Until when its file is kept.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

async fn export(auth: Auth<Scoped<scopes::AuditExport>>, Body(new): Body<NewExport>) -> Result<Response> {
    let place = place(&auth, new.organization_id.as_deref()).await?;
    let named = new.organization_id.as_ref().map(|_| place.log().to_string());
    let begun = audit::export(&auth.app, &auth.cx, &place, new).await?;
    let mut status_url = format!("{}/v1/audit/exports/{}", auth.app.config.origin(), begun.export_id);
    if let Some(organization) = named {
        status_url.push_str("?organization_id=");
        status_url.push_str(&organization);
    }
    let answer = ExportBegun {
        export_id: begun.export_id,
        status: begun.status,
        status_url,
        expires_at: begun.expires_at,
    };
    let mut response = Json(answer).respond();
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

async fn get(
    auth: Auth<Scoped<scopes::AuditExport>>,
    (Path1(id), Query(whose)): (Path1<ExportId>, Query<Whose>),
) -> Result<Json<ExportView>> {
    let place = place(&auth, whose.organization_id.as_deref()).await?;
    audit::get_export(&auth.app, &auth.cx, &place, id).await.map(Json)
}

/// What a link to a file says.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Link {
    /// The log.
    log: String,
    /// End of the link, in microseconds since 1970.
    until: i64,
    /// That we made it.
    signature: String,
}

async fn download(
    auth: Auth<Public>,
    (Path1(id), Query(link)): (Path1<ExportId>, Query<Link>),
) -> Result<Response> {
    let signed = (link.log.as_str(), link.until, link.signature.as_str());
    let held = audit::download(&auth.app, &auth.cx, id, signed).await?;
    let file = File {
        size: held.size,
        name: held.name.clone(),
        media_type: held.media_type,
        sha256: held.sha256.clone(),
    };
    let (app, held) = (Arc::clone(&auth.app), Arc::new(held));
    Ok(send(&auth.headers, &file, move |at| {
        let (app, held) = (Arc::clone(&app), Arc::clone(&held));
        async move { audit::read_piece(&app, &held, at).await }
    }))
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/v1/audit/events:export", export)
            .operation_id("exportAuditEvents")
            .records(EventType::AuditExported)
            .summary("Begin an export of the audit log")
            .tag("audit")
            .answers::<ExportBegun>(202, "It is being written.")
            .refuses(&[Code::JobRunning, Code::FeatureDisabled]),
        Route::get("/v1/audit/exports/{exp}", get)
            .operation_id("getAuditExport")
            .summary("See how far an export is, and where its file is")
            .tag("audit")
            .answers::<ExportView>(200, "The export.")
            .refuses(&[Code::ExportExpired]),
        Route::get("/v1/audit/exports/{exp}:download", download)
            .operation_id("downloadAuditExport")
            .summary("Read the file of an export by its signed link")
            .tag("audit")
            .answers_file(200, &["text/csv", "application/jsonl", "application/octet-stream"])
            .refuses(&[Code::ExportExpired]),
    ]
}
