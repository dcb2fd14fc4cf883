//! Reading the file of a copy: by a signed link, or by those who had it made.

use avnology_model::{
    Code, Error, Result, Timestamp,
    ids::{IdentityId, PrivacyExportId},
    privacy::{PrivacyExport, PrivacyExportStatus},
};
use avnology_store::privacy::exports as rows;

use super::exports::managed;
use crate::{Cx, Tenant};

/// What the signatures of these links are for.
const PURPOSE: &str = "privacy-export";
/// How long a link is good, in seconds.
const LINK: i64 = 24 * 60 * 60;

/// A file that can be read.
#[derive(Clone, Debug)]
pub struct Download {
    id: PrivacyExportId,
    /// Bytes.
    pub size: u64,
    /// Name to save it under.
    pub name: String,
    /// Hash of the file, in hexadecimal.
    pub sha256: String,
}

/// The link to the file of a copy and its end.
pub(super) fn link(app: &Tenant, cx: &Cx, export: &PrivacyExport) -> (String, Timestamp) {
    let end = cx.now.plus_seconds(LINK).min(export.expire_time);
    let (origin, id, until) = (app.config.origin(), export.id, end.micros());
    let signature = app.keys.sign_link(PURPOSE, &said(id, until));
    (format!("{origin}/v1/privacy/exports/{id}:download?until={until}&signature={signature}"), end)
}

/// What a link says.
fn said(id: PrivacyExportId, until: i64) -> String {
    format!("{id} {until}")
}

/// The file that a link leads to. `_901` for a link of somebody's own making, `_601` when its time is over.
pub async fn download(
    app: &Tenant,
    cx: &Cx,
    id: PrivacyExportId,
    (until, signed): (i64, &str),
) -> Result<Download> {
    app.keys.check_link(PURPOSE, &said(id, until), signed)?;
    if until <= cx.now.micros() {
        return Err(Code::ExportExpired.into());
    }
    let found = app.store.identity().read(move |tx| rows::find(tx, id)).await?;
    file(found.filter(|export| export.expire_time > cx.now).ok_or(Code::ExportExpired)?)
}

/// The file that administrators had made of a person's data. `_901`, `_100`, `_601`.
pub async fn download_for(
    app: &Tenant,
    cx: &Cx,
    person: IdentityId,
    id: PrivacyExportId,
) -> Result<Download> {
    file(managed(app, cx, person, id).await?)
}

fn file(export: PrivacyExport) -> Result<Download> {
    let is_whole = export.status == PrivacyExportStatus::Completed;
    let sha256 = export.sha256.filter(|_| is_whole).ok_or_else(Error::not_found)?;
    let size = u64::try_from(export.size).map_err(Error::internal)?;
    Ok(Download { id: export.id, size, name: format!("my-data-{}.zip", export.id), sha256 })
}

/// The bytes of a file from `at` to the end of the piece that holds it; none at the end of the file.
pub async fn read_piece(app: &Tenant, file: &Download, at: u64) -> Result<Vec<u8>> {
    if at >= file.size {
        return Ok(Vec::new());
    }
    let (id, place) = (file.id, i64::try_from(at).map_err(Error::internal)?);
    let piece = app.store.identity().read(move |tx| rows::chunk(tx, id, place)).await?;
    let (start, mut data) = piece.ok_or_else(|| Error::new(Code::ExportExpired))?;
    let skipped = usize::try_from(place - start).map_err(Error::internal)?;
    Ok(if skipped < data.len() { data.split_off(skipped) } else { Vec::new() })
}
