//! Asking for an export, and looking how far it is.

use avnology_aip::{Expr, filter};
use avnology_model::{
    Code, Error, FieldCode, Result, Timestamp,
    audit::{Export, ExportFormat, ExportRequest, ExportStatus, Log},
    events::EventType,
    ids::ExportId,
    organizations::Feature,
};
use avnology_store::{
    audit::{backlog, exports as rows, records},
    list::{self, ListQuery},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    super::{Period, Place, home},
    KEPT, csv, download,
};
use crate::{Cx, Tenant, events::emit, platform::take_bulk_turn};

/// Most exports of one log that are written at a time.
const RUNNING: usize = 3;
/// Longest filter, in characters.
const FILTER: usize = 2_000;
/// Seconds until a log is looked after that was to be told of an export and was not.
const SOON: i64 = 15;

/// What is to be exported.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = ExportAuditEvents)]
#[serde(deny_unknown_fields)]
pub struct NewExport {
    /// From when.
    #[schema(value_type = String, format = DateTime)]
    pub start_time: Timestamp,
    /// Until before when.
    #[schema(value_type = String, format = DateTime)]
    pub end_time: Timestamp,
    /// `CSV` or `JSONL`.
    pub format: ExportFormat,
    /// Which records, in the filter grammar; all when absent.
    #[serde(default)]
    pub filter: Option<String>,
    /// The organization whose log it is, by id or slug; the one that the request is about when absent.
    #[serde(default)]
    pub organization_id: Option<String>,
    /// Whether salts and the newest checkpoint are told, for whoever checks the chain.
    #[serde(default)]
    pub include_proof: bool,
}

/// An export.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditExport)]
pub struct ExportView {
    /// Id.
    #[schema(value_type = String)]
    pub export_id: ExportId,
    /// Where it stands.
    pub status: ExportStatus,
    /// How it is written.
    pub format: ExportFormat,
    /// Records written so far.
    pub event_count: i64,
    /// Where the file is, once it is whole; the link is good for a day and whoever has it can read the file.
    pub download_url: Option<String>,
    /// End of the link.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub download_expires_at: Option<Timestamp>,
    /// Hash of the file.
    pub sha256: Option<String>,
    /// The newest checkpoint when the file was finished.
    pub checkpoint: Option<String>,
    /// Until when the file is kept.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// Begins an export. `_911`, `_902`, `_021`; `_801` while three are being written.
pub async fn export(app: &Tenant, cx: &Cx, place: &Place, new: NewExport) -> Result<ExportView> {
    place.check_feature(app, Feature::AuditExport)?;
    let request = check(&new)?;
    let log = place.log();
    let home = home::open(app, log).await?;
    take_bulk_turn(app, cx).await?;
    // Should we die before the end, somebody looks after the log all the same.
    mark(app, log, cx.now.plus_seconds(SOON)).await?;
    let id = ExportId::new(cx.now, cx.random());
    let payload = json!({
        "export_id": id, "filter": request.filter, "start_time": request.start_time,
        "end_time": request.end_time, "format": request.format,
    });
    let mut event = cx.event(EventType::AuditExported, payload).on("audit_export", &id);
    if let Log::Organization(organization) = log {
        event = event.in_organization(organization).on("organization", &organization);
    }
    let now = cx.now;
    let begun = home.write(move |tx| {
        let running = rows::running(tx)?;
        if let Some(oldest) = running.first().filter(|_| running.len() >= RUNNING) {
            return Err(Error::new(Code::JobRunning).with_member("id", oldest.clone()));
        }
        let export = Export {
            id,
            status: ExportStatus::Pending,
            request: request.clone(),
            last_sequence: 0,
            position: 0,
            size: 0,
            event_count: 0,
            sha256: None,
            checkpoint: None,
            create_time: now,
            finish_time: None,
            expire_time: now.plus_seconds(KEPT),
        };
        rows::insert(tx, &export)?;
        emit(tx, &event)?;
        Ok(export)
    });
    let export = begun.await?;
    mark(app, log, cx.now).await?;
    Ok(view(app, cx, log, &export))
}

async fn mark(app: &Tenant, log: Log, due: Timestamp) -> Result<()> {
    app.store.identity().write(move |tx| backlog::mark(tx, log, due)).await
}

fn check(new: &NewExport) -> Result<ExportRequest> {
    Period { start_time: new.start_time, end_time: new.end_time }.check()?;
    let text = new.filter.clone().unwrap_or_default();
    parse(&text)?;
    let columns = match new.format {
        ExportFormat::Csv => csv::columns(new.include_proof),
        ExportFormat::JsonLines => Vec::new(),
    };
    Ok(ExportRequest {
        start_time: new.start_time,
        end_time: new.end_time,
        format: new.format,
        filter: text,
        include_proof: new.include_proof,
        columns,
    })
}

/// The filter of an export. `_902`.
pub(super) fn parse(text: &str) -> Result<Option<Expr>> {
    if text.chars().count() > FILTER {
        return Err(Error::field("filter", FieldCode::TooLong, "At most 2,000 characters."));
    }
    let parsed = filter::parse(text);
    let filter = parsed.map_err(|e| Error::field("filter", FieldCode::InvalidFormat, e.to_string()))?;
    list::check(&records::RECORDS, &ListQuery { filter: filter.clone(), ..ListQuery::default() })?;
    Ok(filter)
}

/// An export of a log. `_901`, `_601` when its file is gone.
pub async fn get_export(app: &Tenant, cx: &Cx, place: &Place, id: ExportId) -> Result<ExportView> {
    let export = find(app, place.log(), id).await?;
    if export.expire_time <= cx.now {
        return Err(Code::ExportExpired.into());
    }
    Ok(view(app, cx, place.log(), &export))
}

/// The export of a log with this id. `_901`.
pub(super) async fn find(app: &Tenant, log: Log, id: ExportId) -> Result<Export> {
    let home = home::open(app, log).await?;
    home.read(move |tx| rows::find(tx, id)).await?.ok_or_else(Error::not_found)
}

fn view(app: &Tenant, cx: &Cx, log: Log, export: &Export) -> ExportView {
    let link = (export.status == ExportStatus::Complete).then(|| download::link(app, cx, log, export));
    let (download_url, download_expires_at) = link.unzip();
    ExportView {
        export_id: export.id,
        status: export.status,
        format: export.request.format,
        event_count: export.event_count,
        download_url,
        download_expires_at,
        sha256: export.sha256.clone(),
        checkpoint: export.checkpoint.clone().filter(|_| export.request.include_proof),
        expires_at: export.expire_time,
    }
}
