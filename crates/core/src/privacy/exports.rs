//! Asking for a copy of all that is held about a person, and looking how far it is (`contract/10` §9.1).

use avnology_model::{
    Code, Error, Result, Timestamp,
    events::{EventType, MessageRequest, MessageType},
    ids::{IdentityId, PrivacyExportId},
    privacy::{ExportState, PrivacyExport, PrivacyExportStatus},
};
use avnology_store::{IdentityTx, identities::identities, privacy::exports as rows};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::download;
use crate::{
    Cx, Tenant,
    events::{emit, emit_message},
    identities::manage,
    platform::take_bulk_turn,
    sessions::LiveSession,
};

const DAY: i64 = 24 * 60 * 60;
/// How long a file is kept, in seconds.
pub(super) const KEPT: i64 = 7 * DAY;
/// How long a copy is known by its id after its file is gone, in seconds.
const KNOWN: i64 = 30 * DAY;
/// How many a person may ask for in a day.
const A_DAY: usize = 3;

/// A copy of all that is held about a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PrivacyExport)]
pub struct PrivacyExportView {
    /// Id.
    #[schema(value_type = String)]
    pub export_id: PrivacyExportId,
    /// Where it stands.
    pub status: PrivacyExportStatus,
    /// From 0 to 100.
    #[schema(minimum = 0, maximum = 100)]
    pub progress: i64,
    /// Where to see how far it is.
    pub status_url: String,
    /// Where the file is, once it is whole.
    pub download_url: Option<String>,
    /// End of the link.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub download_expires_at: Option<Timestamp>,
    /// Bytes of the file.
    pub size_bytes: Option<i64>,
    /// Hash of the file.
    pub sha256: Option<String>,
    /// Until when the file is kept.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

pub(super) fn view(app: &Tenant, cx: &Cx, export: &PrivacyExport) -> PrivacyExportView {
    let origin = app.config.origin();
    let (id, person) = (export.id, export.identity_id);
    let is_whole = export.status == PrivacyExportStatus::Completed;
    let (status_url, link) = if export.requested_by.is_none() {
        (format!("{origin}/v1/privacy/exports/{id}"), download::link(app, cx, export))
    } else {
        let url = format!("{origin}/v1/identities/{person}/exports/{id}");
        let file = format!("{url}:download");
        (url, (file, export.expire_time))
    };
    let (download_url, download_expires_at) = is_whole.then_some(link).unzip();
    PrivacyExportView {
        export_id: id,
        status: export.status,
        progress: export.progress,
        status_url,
        download_url,
        download_expires_at,
        size_bytes: is_whole.then_some(export.size),
        sha256: export.sha256.clone(),
        expires_at: export.expire_time,
    }
}

fn new_export(cx: &Cx, person: IdentityId, requested_by: Option<String>) -> PrivacyExport {
    PrivacyExport {
        id: PrivacyExportId::new(cx.now, cx.random()),
        identity_id: person,
        requested_by,
        status: PrivacyExportStatus::Pending,
        progress: 0,
        state: ExportState::default(),
        version: 0,
        size: 0,
        sha256: None,
        create_time: cx.now,
        expire_time: cx.now.plus_seconds(KEPT),
    }
}

/// Begins a copy of all that is held about the caller. `_110` without a fresh sign-in, `_006` without the second factor
/// they have; `_021` after three in a day; `_801` while one is being made.
pub async fn export_own(app: &Tenant, cx: &Cx, live: &LiveSession) -> Result<PrivacyExportView> {
    live.check_privileged(&app.settings().settings, cx.now)?;
    take_bulk_turn(app, cx).await?;
    let export = new_export(cx, live.identity.id, None);
    let (new, cx2) = (export.clone(), cx.clone());
    let begun = app.store.identity().write(move |tx| {
        refuse_second(tx, new.identity_id)?;
        refuse_many(tx, &cx2, new.identity_id)?;
        begin(tx, &cx2, &new)
    });
    begun.await?;
    Ok(view(app, cx, &export))
}

/// `_801` while a copy is being made.
fn refuse_second(tx: &mut IdentityTx<'_>, person: IdentityId) -> Result<()> {
    match rows::running(tx, person)? {
        Some(id) => Err(Error::new(Code::JobRunning).with_member("id", id.to_string())),
        None => Ok(()),
    }
}

/// `_021` when the person has asked three times since this time yesterday.
fn refuse_many(tx: &mut IdentityTx<'_>, cx: &Cx, person: IdentityId) -> Result<()> {
    let asked = rows::asked_since(tx, person, cx.now.plus_seconds(-DAY))?;
    let Some(place) = asked.len().checked_sub(A_DAY) else { return Ok(()) };
    let free = asked.get(place).map_or(cx.now, |at| at.plus_seconds(DAY));
    let wait = u32::try_from(free.seconds_since(cx.now).max(1)).map_err(Error::internal)?;
    Err(Error::new(Code::TooManyRequests).with_detail("Three copies a day are made.").with_retry_after(wait))
}

fn begin(tx: &mut IdentityTx<'_>, cx: &Cx, export: &PrivacyExport) -> Result<()> {
    rows::insert(tx, export)?;
    let payload = json!({ "export_id": export.id, "user_id": export.identity_id });
    let event = cx.event(EventType::PrivacyExportRequested, payload);
    emit(tx, &event.on("privacy_export", &export.id).on("identity", &export.identity_id))
}

/// Begins a copy of all that is held about a person whom the caller manages, and tells that person. `_901`, `_100`; `_021`;
/// `_801` while one is being made.
pub async fn export_for(app: &Tenant, cx: &Cx, person: IdentityId) -> Result<PrivacyExportView> {
    take_bulk_turn(app, cx).await?;
    let export = new_export(cx, person, Some(cx.actor.id.clone().unwrap_or_default()));
    let (new, cx2) = (export.clone(), cx.clone());
    let begun = app.store.identity().write(move |tx| {
        let identity = manage(tx, &cx2, person)?;
        refuse_second(tx, person)?;
        begin(tx, &cx2, &new)?;
        let Some(address) = &identity.email else { return Ok(()) };
        let notice = MessageRequest::to_person(MessageType::DataExported, address, &identity);
        emit_message(tx, &cx2, &notice, None)
    });
    begun.await?;
    Ok(view(app, cx, &export))
}

/// One of the caller's own copies. `_901`, `_601` when its file is gone.
pub async fn get_export(
    app: &Tenant,
    cx: &Cx,
    live: &LiveSession,
    id: PrivacyExportId,
) -> Result<PrivacyExportView> {
    let person = live.identity.id;
    let found = app.store.identity().read(move |tx| rows::find(tx, id)).await?;
    let own = found.filter(|export| export.identity_id == person && export.requested_by.is_none());
    let export = own.ok_or_else(Error::not_found)?;
    refuse_expired(cx, &export)?;
    Ok(view(app, cx, &export))
}

/// The caller's newest own copy whose file is not gone.
pub async fn newest_export(app: &Tenant, cx: &Cx, live: &LiveSession) -> Result<Option<PrivacyExportView>> {
    let person = live.identity.id;
    let found = app.store.identity().read(move |tx| rows::of_identity(tx, person, 10)).await?;
    let own = found.iter().find(|export| export.requested_by.is_none() && export.expire_time > cx.now);
    Ok(own.map(|export| view(app, cx, export)))
}

/// A copy that administrators had made of the data of a person whom the caller manages. `_901`, `_100`, `_601`.
pub async fn get_export_for(
    app: &Tenant,
    cx: &Cx,
    person: IdentityId,
    id: PrivacyExportId,
) -> Result<PrivacyExportView> {
    let export = managed(app, cx, person, id).await?;
    Ok(view(app, cx, &export))
}

pub(super) async fn managed(
    app: &Tenant,
    cx: &Cx,
    person: IdentityId,
    id: PrivacyExportId,
) -> Result<PrivacyExport> {
    let cx2 = cx.clone();
    let found = app
        .store
        .identity()
        .read(move |tx| {
            manage(tx, &cx2, person)?;
            rows::find(tx, id)
        })
        .await?;
    let export = found.filter(|export| export.identity_id == person && export.requested_by.is_some());
    let export = export.ok_or_else(Error::not_found)?;
    refuse_expired(cx, &export)?;
    Ok(export)
}

fn refuse_expired(cx: &Cx, export: &PrivacyExport) -> Result<()> {
    if export.expire_time <= cx.now { Err(Code::ExportExpired.into()) } else { Ok(()) }
}

/// Removes the files whose time is over.
pub async fn remove_old_exports(app: &Tenant, now: Timestamp) -> Result<()> {
    app.store.identity().write(move |tx| rows::purge(tx, now, now.plus_seconds(-KNOWN))).await
}

/// Tells that a copy is there.
pub(super) fn tell_completed(tx: &mut IdentityTx<'_>, cx: &Cx, export: &PrivacyExport) -> Result<()> {
    if identities::find(tx, export.identity_id)?.is_none() {
        return Ok(());
    }
    let payload = json!({ "export_id": export.id, "user_id": export.identity_id });
    let event = cx.event(EventType::PrivacyExportCompleted, payload);
    emit(tx, &event.on("privacy_export", &export.id).on("identity", &export.identity_id))
}
