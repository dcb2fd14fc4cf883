//! Skipping the second factor on a device (`contract/11` §4.2).

use avnology_model::{
    Result, Timestamp,
    identities::Identity,
    ids::{DeviceId, IdentityId},
    platform::TenantSettings,
    sessions::{Aal, CompletedMethod, DeviceKey, Method, Session},
};
use avnology_store::{IdentityTx, sessions::devices as rows};

use super::{Presented, recognize::with_secret};
use crate::Cx;

const DAY: i64 = 24 * 60 * 60;

/// Whether the person has chosen to be asked for one factor only on the device that the request comes from, and the tenant
/// still allows it.
pub(crate) fn is_trusted(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    settings: &TenantSettings,
    identity: &Identity,
) -> Result<bool> {
    let days = settings.remember_device_days;
    if days == 0 {
        return Ok(false);
    }
    let device = with_secret(tx, cx, identity.id)?;
    Ok(device.is_some_and(|device| device.trusted_until(days, cx.now).is_some()))
}

/// Trusts the device of a session, where the tenant allows it and a second factor was shown since `begun`; backup codes are for
/// emergencies and do not count. A browser gets a new key with it: whoever copied the old one gains nothing.
pub(crate) fn trust(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    settings: &TenantSettings,
    session: &mut Session,
    (methods, begun): (&[CompletedMethod], Timestamp),
) -> Result<()> {
    let days = settings.remember_device_days;
    let is_shown = methods.iter().any(|done| {
        done.aal >= Aal::Aal2 && done.method != Method::RecoveryCode && done.completed_at >= begun
    });
    if days == 0 || !is_shown {
        return Ok(());
    }
    let key = match &cx.presented {
        Presented::Browser(keys) => Some(keys.fresh),
        Presented::Installation { .. } | Presented::Nothing => None,
    };
    let fresh = session.device.as_ref().and_then(|device| device.key).map(|key| key.present);
    let device = match (session.device_id, fresh == key && key.is_some()) {
        // It was made just now, with a key that nobody has seen.
        (Some(id), true) => rows::find(tx, id)?,
        _ => with_secret(tx, cx, session.identity_id)?,
    };
    let Some(device) = device.filter(|d| d.has_secret && Some(d.id) == session.device_id) else {
        return Ok(());
    };
    let present = key.unwrap_or(device.key_hash);
    rows::trust(tx, device.id, (cx.now, cx.now.plus_seconds(i64::from(days) * DAY)), &present)?;
    if let (Some(_), Some(shown)) = (key, &mut session.device) {
        let former = Some(device.key_hash).filter(|former| *former != present);
        shown.key = Some(DeviceKey { present, former });
    }
    Ok(())
}

/// Ends the trust in all devices of an identity but `except`: what they sign in with has changed, or may be known to others.
pub(crate) fn end_trust(
    tx: &mut IdentityTx<'_>,
    identity: IdentityId,
    except: Option<DeviceId>,
) -> Result<()> {
    rows::end_trust(tx, identity, except)
}
