//! One's own devices.

use avnology_model::{
    Error, Result,
    ids::{DeviceId, IdentityId},
    sessions::{Device, RevokeReason},
    text::optional_line,
};
use avnology_store::{
    IdentityTx,
    sessions::{devices as rows, sessions as session_rows},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{DeviceDetail, remove_with_sessions};
use crate::{Cx, Tenant, patch::present, sessions::LiveSession};

/// Most characters of a name.
const NAME: usize = 100;

/// What a person changes about a device.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DeviceChange {
    /// What to call it, up to 100 characters; null for what it says of itself.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub name: Option<Option<String>>,
}

/// The caller's devices, the one seen last first.
pub async fn list(app: &Tenant, cx: &Cx, live: &LiveSession) -> Result<Vec<DeviceDetail>> {
    let (id, now, days) = (live.identity.id, cx.now, app.settings().settings.remember_device_days);
    let mut devices = app.store.identity().read(move |tx| rows::of_identity(tx, id)).await?;
    devices.sort_by_key(|device| std::cmp::Reverse(device.last_seen_at));
    Ok(devices.iter().map(|device| DeviceDetail::of(device, days, now)).collect())
}

/// A device of the caller. `_901`.
fn own(tx: &mut IdentityTx<'_>, person: IdentityId, id: DeviceId) -> Result<Device> {
    rows::find(tx, id)?.filter(|device| device.identity_id == person).ok_or_else(Error::not_found)
}

/// Gives a device of the caller a name. `_901`, `_902`.
pub async fn rename(
    app: &Tenant,
    cx: &Cx,
    live: &LiveSession,
    id: DeviceId,
    change: DeviceChange,
) -> Result<DeviceDetail> {
    let name = change
        .name
        .map(|name| optional_line(name.as_deref(), NAME))
        .transpose()
        .map_err(|(code, message)| Error::field("name", code, message))?;
    let (person, now, days) = (live.identity.id, cx.now, app.settings().settings.remember_device_days);
    let (device, hashes) = app
        .store
        .identity()
        .write(move |tx| {
            let mut device = own(tx, person, id)?;
            let Some(name) = &name else { return Ok((device, Vec::new())) };
            rows::rename(tx, id, person, name.as_deref())?;
            device.own_name.clone_from(name);
            Ok((device, session_rows::token_hashes_of(tx, person)?))
        })
        .await?;
    app.sessions.forget(&hashes);
    Ok(DeviceDetail::of(&device, days, now))
}

/// Removes a device of the caller with its sessions, the present one included. `_901`.
pub async fn remove(app: &Tenant, cx: &Cx, live: &LiveSession, id: DeviceId) -> Result<()> {
    let (cx, person) = (cx.clone(), live.identity.id);
    let hashes = app
        .store
        .identity()
        .write(move |tx| {
            let device = own(tx, person, id)?;
            remove_with_sessions(tx, &cx, &device, RevokeReason::User)?.ok_or_else(Error::not_found)
        })
        .await?;
    app.sessions.forget(&hashes);
    Ok(())
}
