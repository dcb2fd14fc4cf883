//! Reading the file of an export by a signed link, without a credential.

use avnology_model::{
    Code, Error, Result, Timestamp,
    audit::{Export, ExportFormat, ExportStatus, Log},
    ids::ExportId,
};
use avnology_store::audit::exports as rows;

use super::{super::home, request::find};
use crate::{Cx, Tenant};

/// What the signatures of these links are for.
const PURPOSE: &str = "audit-export";
/// How long a link is good, in seconds.
const LINK: i64 = 24 * 60 * 60;

/// A file that can be read.
#[derive(Clone, Debug)]
pub struct Download {
    log: Log,
    id: ExportId,
    /// Bytes.
    pub size: u64,
    /// Name to save it under.
    pub name: String,
    /// Media type.
    pub media_type: &'static str,
    /// Hash of the file, in hexadecimal.
    pub sha256: String,
}

/// The link to an export's file and its end.
pub(super) fn link(app: &Tenant, cx: &Cx, log: Log, export: &Export) -> (String, Timestamp) {
    let end = cx.now.plus_seconds(LINK).min(export.expire_time);
    let (origin, id, until) = (app.config.origin(), export.id, end.micros());
    let signature = app.keys.sign_link(PURPOSE, &said(log, id, until));
    let url =
        format!("{origin}/v1/audit/exports/{id}:download?log={log}&until={until}&signature={signature}");
    (url, end)
}

/// What a link says.
fn said(log: Log, id: ExportId, until: i64) -> String {
    format!("{log} {id} {until}")
}

/// The file that a link leads to. `_901` for a link of somebody's own making, `_601` when its time is over.
pub async fn download(
    app: &Tenant,
    cx: &Cx,
    id: ExportId,
    (log, until, signed): (&str, i64, &str),
) -> Result<Download> {
    let log: Log = log.parse().map_err(|_| Error::not_found())?;
    app.keys.check_link(PURPOSE, &said(log, id, until), signed)?;
    if until <= cx.now.micros() {
        return Err(Code::ExportExpired.into());
    }
    let export = find(app, log, id).await?;
    if export.expire_time <= cx.now {
        return Err(Code::ExportExpired.into());
    }
    let Some(sha256) = export.sha256.filter(|_| export.status == ExportStatus::Complete) else {
        return Err(Error::not_found());
    };
    let (ending, media_type) = match export.request.format {
        ExportFormat::Csv => ("csv", "text/csv; charset=utf-8"),
        ExportFormat::JsonLines => ("jsonl", "application/jsonl"),
    };
    let size = u64::try_from(export.size).map_err(Error::internal)?;
    Ok(Download { log, id, size, name: format!("audit-{id}.{ending}"), media_type, sha256 })
}

/// The bytes of a file from `at` to the end of the piece that holds it; none at the end of the file.
pub async fn read_piece(app: &Tenant, file: &Download, at: u64) -> Result<Vec<u8>> {
    if at >= file.size {
        return Ok(Vec::new());
    }
    let (id, place) = (file.id, i64::try_from(at).map_err(Error::internal)?);
    let home = home::open(app, file.log).await?;
    let piece = home.read(move |tx| rows::chunk(tx, id, place)).await?;
    let (start, mut data) = piece.ok_or_else(|| Error::new(Code::ExportExpired))?;
    let skipped = usize::try_from(place - start).map_err(Error::internal)?;
    Ok(if skipped < data.len() { data.split_off(skipped) } else { Vec::new() })
}
