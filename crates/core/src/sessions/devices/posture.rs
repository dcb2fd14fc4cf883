//! What an administrator's tools report of a device.

use avnology_model::{
    Error, FieldCode, Result, Timestamp,
    events::EventType,
    ids::DeviceId,
    sessions::{Device, Posture},
    text::line,
};
use avnology_store::{
    IdentityTx,
    sessions::{devices as rows, sessions as session_rows},
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::DeviceDetail;
use crate::{Cx, Tenant, events::emit, identities::manage};

/// How long a report may be believed, in seconds.
const LONGEST: i64 = 30 * 24 * 60 * 60;
/// Most characters of the name of a source.
const SOURCE: usize = 100;

/// A report.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostureReport {
    /// Whether somebody administers the device; null when that is not known.
    #[serde(default)]
    pub managed: Option<bool>,
    /// Whether it keeps their rules; null when that is not known.
    #[serde(default)]
    pub compliant: Option<bool>,
    /// Who says so, 1–100 characters.
    pub source: String,
    /// Until when to believe it, at most 30 days; that long when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

impl PostureReport {
    fn check(&self, now: Timestamp) -> Result<Posture> {
        let source =
            line(&self.source, SOURCE).map_err(|(code, message)| Error::field("source", code, message))?;
        if source.is_empty() {
            return Err(Error::field("source", FieldCode::TooShort, "At least 1 character."));
        }
        let latest = now.plus_seconds(LONGEST);
        let expires_at = self.expires_at.unwrap_or(latest);
        if expires_at <= now {
            return Err(Error::field("expires_at", FieldCode::TooSmall, "This is in the past."));
        }
        if expires_at > latest {
            return Err(Error::field("expires_at", FieldCode::TooLarge, "At most 30 days from now."));
        }
        Ok(Posture { managed: self.managed, compliant: self.compliant, source, expires_at })
    }
}

/// Takes a report about a device in the place of the one before. `_901`; `_100` for the device of somebody whom the caller's
/// organization does not manage; `_902`.
pub async fn report(app: &Tenant, cx: &Cx, id: DeviceId, report: PostureReport) -> Result<DeviceDetail> {
    let (cx, now, days) = (cx.clone(), cx.now, app.settings().settings.remember_device_days);
    let posture = report.check(now)?;
    let (device, hashes) = app
        .store
        .identity()
        .write(move |tx| {
            let device = rows::find(tx, id)?.ok_or_else(Error::not_found)?;
            manage(tx, &cx, device.identity_id)?;
            take(tx, &cx, device, &posture)
        })
        .await?;
    app.sessions.forget(&hashes);
    Ok(DeviceDetail::of(&device, days, now))
}

fn take(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    mut device: Device,
    posture: &Posture,
) -> Result<(Device, Vec<[u8; 32]>)> {
    let previous = told(device.posture(cx.now));
    rows::report(tx, device.id, posture)?;
    device.posture = Some(posture.clone());
    let current = told(device.posture(cx.now));
    if previous != current {
        let (id, user) = (device.id, device.identity_id);
        let payload = json!({ "device_id": id, "user_id": user, "previous": previous, "current": current });
        let event = cx.event(EventType::DevicePostureChanged, payload);
        emit(tx, &event.on("device", &id).on("identity", &user))?;
    }
    let hashes = session_rows::token_hashes_of(tx, device.identity_id)?;
    Ok((device, hashes))
}

fn told(posture: Option<&Posture>) -> Value {
    json!({
        "managed": posture.and_then(|posture| posture.managed),
        "compliant": posture.and_then(|posture| posture.compliant),
    })
}
