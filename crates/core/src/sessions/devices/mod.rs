//! Devices: how one is recognized, what follows from that, and what people and administrators do with them.
//!
//! A browser holds keys in a cookie, one for each person who signs in at it; an application names its installation. Kept are
//! hashes. What depends on a device (the second factor, failures of its own) depends on a key that nobody can guess.

mod manage;
mod own;
mod posture;
mod presented;
mod recognize;
mod trust;
mod view;

pub use manage::{list as list_devices, remove as remove_device};
pub use own::{
    DeviceChange, list as list_own_devices, remove as remove_own_device, rename as rename_own_device,
};
pub use posture::{PostureReport, report as report_posture};
pub(crate) use presented::installation;
pub use presented::{BrowserKeyHashes, Presented};
pub(crate) use recognize::{on_sign_in, with_secret};
pub(crate) use trust::{end_trust, is_trusted, trust};
pub use view::DeviceDetail;

use avnology_model::{
    Result,
    events::EventType,
    ids::IdentityId,
    secret_token::SecretHash,
    sessions::{Device, RevokeReason},
};
use avnology_store::{IdentityTx, sessions::devices as rows};
use serde_json::json;

use super::end_one;
use crate::{Cx, events::emit};

/// Removes a device with its sessions and its trust; the hashes to forget, or `None` when it is gone already.
fn remove_with_sessions(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    device: &Device,
    reason: RevokeReason,
) -> Result<Option<Vec<SecretHash>>> {
    let (id, identity): (_, IdentityId) = (device.id, device.identity_id);
    let sessions = rows::sessions_of(tx, id, identity, cx.now)?;
    if !rows::remove(tx, id, identity)? {
        return Ok(None);
    }
    let mut hashes = Vec::new();
    for session in sessions {
        hashes.extend(end_one(tx, cx, session, identity, reason)?.unwrap_or_default());
    }
    let payload = json!({ "device_id": id, "user_id": identity });
    emit(tx, &cx.event(EventType::DeviceRemoved, payload).on("device", &id).on("identity", &identity))?;
    Ok(Some(hashes))
}
