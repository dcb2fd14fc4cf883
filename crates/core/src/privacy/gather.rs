//! Gathering what is held about a person, a piece at a time. Each piece goes into the database with the place to go on
//! from, so that a crash costs one piece and memory holds no more than one.

use avnology_model::{
    Code, Error, Result, Timestamp,
    audit::Log,
    identities::Identity,
    ids::{EventId, IdentityId},
    privacy::{Category, ExportState, PrivacyExport},
    sessions::Device,
};
use avnology_store::{
    IdentityTx,
    identities::{factor_recoveries, identities},
    privacy::{activity, deletions, exports, holdings},
    sessions::devices as device_rows,
};
use serde_json::{Value, json};

use crate::{
    Tenant, audit,
    clients::consents,
    identities::{IdentityView, credentials_of},
};

const DAY: i64 = 24 * 60 * 60;
/// Entries that one piece is made of.
const PIECE: u32 = 500;
/// How long a database may be away until the copy is made without it, in seconds.
const PATIENCE: i64 = DAY;

/// What one step found.
pub(super) enum Found {
    /// Entries of the present category, and whether there are more.
    Entries(Vec<Value>, bool),
    /// Every database that is left is away; the work is taken up later.
    Away,
}

/// The next entries of a category; `state` moves behind them.
pub(super) async fn next(
    app: &Tenant,
    export: &PrivacyExport,
    category: Category,
    state: &mut ExportState,
) -> Result<Found> {
    if category == Category::Audit {
        return next_records(app, export, state).await;
    }
    let (person, now, from) = (export.identity_id, app.now(), state.clone());
    let (entries, place) =
        app.store.identity().scan(move |tx| of_identity_layer(tx, person, category, &from, now)).await?;
    let is_more = place.is_some();
    if let Some((after, id)) = place {
        (state.after, state.after_id) = (after, Some(id));
    }
    Ok(Found::Entries(entries, is_more))
}

/// Where the entries of a category go on.
type Place = Option<(i64, String)>;

fn of_identity_layer(
    tx: &mut IdentityTx<'_>,
    person: IdentityId,
    category: Category,
    from: &ExportState,
    now: Timestamp,
) -> Result<(Vec<Value>, Place)> {
    let identity = identities::get(tx, person)?;
    let whole = |entries: Vec<Value>| Ok((entries, None));
    match category {
        Category::Profile => whole(vec![profile(&identity, now)?]),
        Category::Credentials => whole(vec_json(&credentials_of(tx, person)?)?),
        Category::Sessions => sessions(tx, person, from),
        Category::Devices => whole(devices(tx, person)?),
        Category::Organizations => whole(holdings::organizations(tx, person)?),
        Category::Consents => {
            let mut entries = holdings::consents(tx, person)?;
            entries.extend(vec_json(&consents::views(tx, person)?)?);
            whole(entries)
        }
        Category::Permissions => whole(holdings::relations(tx, person)?),
        Category::Activity => happened(tx, person, from),
        Category::Privacy => whole(requests(tx, &identity)?),
        // Lies in the logs.
        Category::Audit => whole(Vec::new()),
    }
}

fn json(value: &impl serde::Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(Error::internal)
}

/// The profile, with the address and the phone that wait to be proven.
fn profile(identity: &Identity, now: Timestamp) -> Result<Value> {
    let mut shown = json(&IdentityView::for_itself(identity, now))?;
    if let Some(fields) = shown.as_object_mut() {
        let waiting =
            [("pending_email", &identity.pending_email), ("pending_phone", &identity.pending_phone)];
        fields.extend(
            waiting.into_iter().filter_map(|(name, value)| Some((name.into(), value.as_deref()?.into()))),
        );
    }
    Ok(shown)
}

fn vec_json(values: &[impl serde::Serialize]) -> Result<Vec<Value>> {
    values.iter().map(json).collect()
}

fn is_full(count: usize) -> bool {
    u32::try_from(count).is_ok_and(|count| count >= PIECE)
}

fn sessions(tx: &mut IdentityTx<'_>, person: IdentityId, from: &ExportState) -> Result<(Vec<Value>, Place)> {
    let after = (Timestamp::from_micros(from.after), from.after_id.clone().unwrap_or_default());
    let found = holdings::sessions(tx, person, &after, PIECE)?;
    let place = found.last().filter(|_| is_full(found.len())).map(|((at, id), _)| (at.micros(), id.clone()));
    Ok((found.into_iter().map(|(_, shown)| shown).collect(), place))
}

fn devices(tx: &mut IdentityTx<'_>, person: IdentityId) -> Result<Vec<Value>> {
    let shown = |device: &Device| {
        json!({
            "id": device.id, "name": device.name(), "platform": device.platform(), "known": device.known,
            "trusted_until": device.trusted_until, "user_agent": device.user_agent, "last_ip": device.ip,
            "managed": device.posture.as_ref().and_then(|posture| posture.managed),
            "compliant": device.posture.as_ref().and_then(|posture| posture.compliant),
            "create_time": device.create_time, "last_seen_at": device.last_seen_at,
        })
    };
    Ok(device_rows::of_identity(tx, person)?.iter().map(shown).collect())
}

fn happened(tx: &mut IdentityTx<'_>, person: IdentityId, from: &ExportState) -> Result<(Vec<Value>, Place)> {
    let id = from.after_id.as_deref().and_then(|id| id.parse::<EventId>().ok());
    let after = id.map(|id| (Timestamp::from_micros(from.after), id));
    let found = activity::list(tx, person, after, PIECE)?;
    let place = found
        .last()
        .filter(|_| is_full(found.len()))
        .map(|last| (last.timestamp.micros(), last.id.to_string()));
    Ok((vec_json(&found)?, place))
}

fn requests(tx: &mut IdentityTx<'_>, identity: &Identity) -> Result<Vec<Value>> {
    let mut entries: Vec<Value> = Vec::new();
    if let Some(at) = identity.metadata.public.get(super::opt_out::OPTED_OUT) {
        entries.push(json!({ "type": "opt_out_of_sale", "recorded_at": at }));
    }
    for request in deletions::of_identity(tx, identity.id)? {
        entries.push(json!({
            "type": "deletion", "id": request.id, "status": request.status, "reason": request.reason,
            "note": request.note, "create_time": request.create_time, "scheduled_for": request.scheduled_for,
            "finish_time": request.finish_time,
        }));
    }
    for export in exports::of_identity(tx, identity.id, PIECE)? {
        entries.push(json!({
            "type": "export", "id": export.id, "status": export.status, "create_time": export.create_time,
            "by_administrator": export.requested_by.is_some(),
        }));
    }
    for recovery in factor_recoveries::of_identity(tx, identity.id, PIECE)? {
        entries.push(json!({
            "type": "factor_recovery", "id": recovery.id, "status": recovery.status, "create_time": recovery.create_time,
            "effective_time": recovery.effective_time, "finish_time": recovery.finish_time,
            "by_administrator": !recovery.is_own,
        }));
    }
    Ok(entries)
}

/// The next records of the log that is read; one that is away waits behind the others.
async fn next_records(app: &Tenant, export: &PrivacyExport, state: &mut ExportState) -> Result<Found> {
    let Some(name) = state.logs.first().cloned() else { return Ok(Found::Entries(Vec::new(), false)) };
    let log: Log = name.parse().map_err(Error::internal)?;
    match audit::of_person(app, log, export.identity_id, state.after, PIECE).await {
        Ok(page) => {
            state.away = 0;
            state.after = page.last;
            state.log_percent = (page.last * 100 / page.head.max(1)).clamp(0, 100);
            if !page.is_more {
                state.logs.remove(0);
                (state.after, state.log_percent) = (0, 0);
            }
            Ok(Found::Entries(page.records, !state.logs.is_empty()))
        }
        Err(error) if error.code() == Code::Unavailable => {
            tracing::warn!(export = %export.id, %log, ?error, "a database is away; the copy waits for it");
            Ok(pass_over(app, export, state))
        }
        Err(error) => Err(error),
    }
}

/// The present log is away: it is named in the manifest when it was for a day, and read later until then.
fn pass_over(app: &Tenant, export: &PrivacyExport, state: &mut ExportState) -> Found {
    if export.create_time.plus_seconds(PATIENCE) <= app.now() {
        let gone = state.logs.remove(0);
        (state.after, state.away) = (0, 0);
        state.missing.push(gone);
        return Found::Entries(Vec::new(), !state.logs.is_empty());
    }
    // What was read of it stays read; the others are read from their begin, so it goes first again when they are done.
    if state.after > 0 || state.logs.len() == 1 {
        return Found::Away;
    }
    state.logs.rotate_left(1);
    state.away += 1;
    let is_round = usize::try_from(state.away).is_ok_and(|away| away >= state.logs.len());
    if is_round {
        state.away = 0;
        return Found::Away;
    }
    Found::Entries(Vec::new(), true)
}
