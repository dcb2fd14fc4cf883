//! Exports and the files that they make.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use avnology_core::{
    Tenant,
    audit::{self, Download, ExportView, NewExport},
};
use avnology_http::{
    Auth, Body, HeaderMap, Json, Path1, Public, Query, Reply as _, Response, ResponseBody, Route, Scoped,
    StatusCode, header, pieces, scopes,
};
use avnology_model::{Code, Result, Timestamp, audit::ExportStatus, events::EventType, ids::ExportId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{events::Whose, place};

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
    let file = audit::download(&auth.app, &auth.cx, id, signed).await?;
    Ok(send(&auth.app, &auth.headers, file))
}

/// The file, or the part of it that is asked for: one that was cut off is gone on with.
fn send(app: &Arc<Tenant>, headers: &HeaderMap, file: Download) -> Response {
    let etag = format!("\"{}\"", file.sha256);
    let is_same = headers.get(header::IF_RANGE).is_none_or(|held| held.as_bytes() == etag.as_bytes());
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok()).filter(|_| is_same);
    let part = asked.map_or(Part::Whole, |range| part(range, file.size));
    let (status, from, to) = match part {
        Part::Whole => (StatusCode::OK, 0, file.size),
        Part::Some(from, to) => (StatusCode::PARTIAL_CONTENT, from, to),
        Part::Nothing => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
    };
    let size = file.size;
    let mut answer = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, file.media_type)
        .header(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", file.name))
        .header(header::CONTENT_LENGTH, to - from)
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::ETAG, etag);
    answer = match part {
        Part::Whole => answer,
        Part::Some(..) => {
            answer.header(header::CONTENT_RANGE, format!("bytes {from}-{}/{size}", to.saturating_sub(1)))
        }
        Part::Nothing => answer.header(header::CONTENT_RANGE, format!("bytes */{size}")),
    };
    answer.body(body(app, file, from, to)).unwrap_or_default()
}

/// The bytes of a file from one place to another, read as they are sent.
fn body(app: &Arc<Tenant>, file: Download, from: u64, to: u64) -> ResponseBody {
    let (app, file, place) = (Arc::clone(app), Arc::new(file), Arc::new(AtomicU64::new(from)));
    pieces(move || {
        let (app, file, place) = (Arc::clone(&app), Arc::clone(&file), Arc::clone(&place));
        async move {
            let from = place.load(Ordering::Relaxed);
            let Some(left) = to.checked_sub(from).filter(|left| *left > 0) else { return Ok(None) };
            let mut piece = audit::read_piece(&app, &file, from).await?;
            piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            place.store(from + u64::try_from(piece.len()).unwrap_or(left), Ordering::Relaxed);
            Ok((!piece.is_empty()).then(|| piece.into()))
        }
    })
}

/// What of a file is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// All of it.
    Whole,
    /// From one byte to before another.
    Some(u64, u64),
    /// Something behind its end.
    Nothing,
}

/// One range of bytes (RFC 9110 §14.1.2). Several, and what cannot be read, are answered with the whole.
fn part(range: &str, size: u64) -> Part {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Part::Whole;
    };
    let number = |text: &str| text.trim().parse::<u64>();
    let (from, to) = match (first.trim().is_empty(), number(first), number(last)) {
        (true, _, Ok(count)) => (size.saturating_sub(count), size),
        (false, Ok(from), Ok(last)) if last >= from => (from, last.saturating_add(1).min(size)),
        (false, Ok(from), _) if last.trim().is_empty() => (from, size),
        _ => return Part::Whole,
    };
    if from < to { Part::Some(from, to) } else { Part::Nothing }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_read_and_anything_else_is_the_whole() {
        for (range, expected) in [
            ("bytes=0-3", Part::Some(0, 4)),
            ("bytes=4-", Part::Some(4, 10)),
            ("bytes=-3", Part::Some(7, 10)),
            ("bytes=-30", Part::Some(0, 10)),
            ("bytes=8-80", Part::Some(8, 10)),
            ("bytes=10-", Part::Nothing),
            ("bytes=-0", Part::Nothing),
            ("bytes=5-4", Part::Whole),
            ("bytes=0-1,4-5", Part::Whole),
            ("bytes=x-", Part::Whole),
            ("items=0-3", Part::Whole),
            ("", Part::Whole),
        ] {
            assert_eq!(part(range, 10), expected, "{range}");
        }
        assert_eq!(part("bytes=0-", 0), Part::Nothing);
    }
}
