//! Other people's devices, for administrators.

use avnology_model::{
    Error, Result,
    ids::{DeviceId, IdentityId},
    sessions::RevokeReason,
};
use avnology_store::sessions::devices as rows;

use super::{DeviceDetail, remove_with_sessions};
use crate::{Cx, Tenant, identities::manage};

/// The devices of an identity, the one seen last first. `_901`, `_100`.
pub async fn list(app: &Tenant, cx: &Cx, id: IdentityId) -> Result<Vec<DeviceDetail>> {
    let (cx, now, days) = (cx.clone(), cx.now, app.settings().settings.remember_device_days);
    let mut devices = app
        .store
        .identity()
        .read(move |tx| {
            manage(tx, &cx, id)?;
            rows::of_identity(tx, id)
        })
        .await?;
    devices.sort_by_key(|device| std::cmp::Reverse(device.last_seen_at));
    Ok(devices.iter().map(|device| DeviceDetail::of(device, days, now)).collect())
}

/// Removes a device of an identity with its sessions. `_901`, `_100`.
pub async fn remove(app: &Tenant, cx: &Cx, identity: IdentityId, id: DeviceId) -> Result<()> {
    let cx = cx.clone();
    let hashes = app
        .store
        .identity()
        .write(move |tx| {
            manage(tx, &cx, identity)?;
            let device = rows::find(tx, id)?.filter(|device| device.identity_id == identity);
            let device = device.ok_or_else(Error::not_found)?;
            remove_with_sessions(tx, &cx, &device, RevokeReason::Admin)?.ok_or_else(Error::not_found)
        })
        .await?;
    app.sessions.forget(&hashes);
    Ok(())
}
