//! How far an import is.

use avnology_model::{
    Error, Result, Timestamp,
    identities::{Import, ImportError, ImportStatus},
    ids::ImportId,
};
use avnology_store::identities::imports as rows;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Cx, Tenant};

/// How long an import is remembered after its end, in seconds.
const KEPT: i64 = 30 * 24 * 60 * 60;

/// An import.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ImportJob)]
pub struct ImportView {
    /// Id.
    #[schema(value_type = String)]
    pub id: ImportId,
    /// `pending`, `running`, `completed` or `failed`.
    pub status: &'static str,
    /// Whether nothing is written.
    pub dry_run: bool,
    /// Lines.
    pub total: i64,
    /// Identities made.
    pub created: i64,
    /// Identities changed.
    pub updated: i64,
    /// Lines that had nothing to change.
    pub skipped: i64,
    /// Lines that were refused.
    pub failed: i64,
    /// Password hashes among those taken that are quick to guess.
    pub legacy: i64,
    /// The first 1,000 lines that were refused.
    pub errors: Vec<ImportError>,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    pub create_time: Timestamp,
    /// When it was over.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finish_time: Option<Timestamp>,
}

impl ImportView {
    pub(super) fn of(import: &Import, errors: Vec<ImportError>) -> Self {
        let counts = import.counts;
        let status = match import.status {
            ImportStatus::Receiving => ImportStatus::Pending,
            other => other,
        };
        Self {
            id: import.id,
            status: status.as_str(),
            dry_run: import.request.dry_run,
            total: counts.total,
            created: counts.created,
            updated: counts.updated,
            skipped: counts.skipped,
            failed: counts.failed,
            legacy: counts.legacy,
            errors,
            create_time: import.create_time,
            finish_time: import.finish_time,
        }
    }
}

/// An import; in an organization's scope, one into that organization. `_901`.
pub async fn get(app: &Tenant, cx: &Cx, id: ImportId) -> Result<ImportView> {
    let scope = cx.scope.map(|scope| scope.organization);
    app.store
        .identity()
        .read(move |tx| {
            let import = rows::find(tx, id)?.ok_or_else(Error::not_found)?;
            if scope.is_some() && scope != import.request.membership.as_ref().map(|(id, _)| *id) {
                return Err(Error::not_found());
            }
            Ok(ImportView::of(&import, rows::errors(tx, id)?))
        })
        .await
}

/// Forgets imports that were over long ago, and those whose sender went away.
pub async fn purge(app: &Tenant) -> Result<()> {
    let now = app.now();
    app.store
        .identity()
        .write(move |tx| {
            rows::remove_abandoned(tx, now)?;
            rows::purge(tx, now.plus_seconds(-KEPT))
        })
        .await
}
