//! Finding the device that a request comes from, and counting a sign-in on it.

use avnology_model::{
    Result,
    ids::{DeviceId, IdentityId},
    secret_token::SecretHash,
    sessions::{Aal, Agent, Device, DeviceKey},
};
use avnology_store::{IdentityTx, sessions::devices as rows};

use super::Presented;
use crate::{Cx, network_of};

/// Most devices of an identity; of more, those go that were seen longest ago.
const MOST: u32 = 100;

/// The device of a sign-in.
pub(crate) struct Recognized {
    /// The device; none when the request shows nothing to recognize one by.
    pub(crate) device: Option<Device>,
    /// By what a browser is recognized from now on.
    pub(crate) key: Option<DeviceKey>,
    /// Whether the person was not here before, as far as can be told.
    pub(crate) is_new: bool,
}

/// The device of `identity` that the request comes from.
fn find(tx: &mut IdentityTx<'_>, cx: &Cx, identity: IdentityId) -> Result<Option<Device>> {
    let keys = match &cx.presented {
        Presented::Nothing => &[][..],
        Presented::Browser(keys) => &keys.held[..],
        Presented::Installation { key, .. } => std::slice::from_ref(key),
    };
    for key in keys {
        if let Some(device) = rows::by_key(tx, identity, key)? {
            return Ok(Some(device));
        }
    }
    Ok(None)
}

/// The same, if it showed something that nobody can guess.
pub(crate) fn with_secret(tx: &mut IdentityTx<'_>, cx: &Cx, identity: IdentityId) -> Result<Option<Device>> {
    Ok(find(tx, cx, identity)?.filter(|device| device.has_secret))
}

/// The device of a session that begins now, made where it is the first one there. `counts` is the assurance reached, where the
/// session is a sign-in.
pub(crate) fn on_sign_in(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    id: DeviceId,
    identity: IdentityId,
    counts: Option<Aal>,
) -> Result<Recognized> {
    let (key, has_secret) = match &cx.presented {
        Presented::Nothing => {
            let is_new = !is_familiar(tx, cx, identity)?;
            return Ok(Recognized { device: None, key: None, is_new });
        }
        Presented::Browser(keys) => (keys.fresh, true),
        Presented::Installation { key, is_secret } => (*key, *is_secret),
    };
    if let Some(device) = find(tx, cx, identity)? {
        return seen_again(tx, cx, device, counts);
    }
    let is_new = !is_familiar(tx, cx, identity)?;
    let mut device = made(cx, id, identity, key, has_secret);
    if let Some(aal) = counts {
        device.note_sign_in(aal, cx.now);
    }
    if rows::insert(tx, &device)? {
        rows::trim(tx, identity, MOST)?;
        return Ok(Recognized { key: browser_key(cx, key), device: Some(device), is_new });
    }
    // Another sign-in of this installation was first.
    match rows::by_key(tx, identity, &key)? {
        Some(device) => seen_again(tx, cx, device, counts),
        None => Ok(Recognized { device: None, key: None, is_new }),
    }
}

fn seen_again(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    mut device: Device,
    counts: Option<Aal>,
) -> Result<Recognized> {
    device.user_agent = cx.user_agent.to_string();
    device.ip = cx.ip_text();
    device.last_seen_at = cx.now;
    if let Some(aal) = counts {
        device.note_sign_in(aal, cx.now);
    }
    rows::note_sign_in(tx, &device)?;
    Ok(Recognized { key: browser_key(cx, device.key_hash), device: Some(device), is_new: false })
}

/// What a browser is told to keep.
fn browser_key(cx: &Cx, present: SecretHash) -> Option<DeviceKey> {
    matches!(cx.presented, Presented::Browser(_)).then_some(DeviceKey { present, former: None })
}

fn made(cx: &Cx, id: DeviceId, identity_id: IdentityId, key_hash: SecretHash, has_secret: bool) -> Device {
    Device {
        id,
        identity_id,
        key_hash,
        has_secret,
        own_name: None,
        user_agent: cx.user_agent.to_string(),
        ip: cx.ip_text(),
        known: false,
        sign_in_days: 0,
        last_sign_in_day: -1,
        trusted_at: None,
        trusted_until: None,
        posture: None,
        create_time: cx.now,
        last_seen_at: cx.now,
    }
}

/// Whether the person has signed in from this network with a program of this name while nothing told devices apart: before
/// there were devices, or with an application that does not name its installation.
fn is_familiar(tx: &mut IdentityTx<'_>, cx: &Cx, identity: IdentityId) -> Result<bool> {
    let (name, network) = (Agent::parse(&cx.user_agent).name(), network_of(cx.ip));
    let seen = rows::seen_without(tx, identity)?;
    Ok(seen
        .iter()
        .any(|(ip, agent)| network_of(ip.parse().ok()) == network && Agent::parse(agent).name() == name))
}
