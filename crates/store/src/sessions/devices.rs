//! The table of devices.

use avnology_model::{
    Result, Timestamp,
    ids::{DeviceId, IdentityId, SessionId},
    secret_token::SecretHash,
    sessions::{Device, Posture},
};

use crate::{IdentityTx, Row, params};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, d.identity_id, d.key_hash, d.has_secret, d.own_name, d.user_agent, d.ip, d.known, d.sign_in_days, \
             d.last_sign_in_day, d.trusted_at, d.trusted_until, d.posture_managed, d.posture_compliant, d.posture_source, \
             d.posture_expires_at, d.create_time, d.last_seen_at, \
             (SELECT MAX(s.last_used_at) FROM sessions s WHERE s.device_id = d.id) FROM devices d ",
            $rest
        )
    };
}

crate::statements! {
    INSERT = "INSERT INTO devices (id, identity_id, key_hash, has_secret, own_name, user_agent, ip, known, sign_in_days, \
        last_sign_in_day, create_time, last_seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
        ON CONFLICT (identity_id, key_hash) DO NOTHING";
    BY_ID = select!("WHERE d.id = $1");
    BY_KEY = select!("WHERE d.identity_id = $1 AND d.key_hash = $2");
    OF_IDENTITY = select!("WHERE d.identity_id = $1 ORDER BY d.create_time DESC, d.id DESC");
    NOTE_SIGN_IN = "UPDATE devices SET user_agent = $2, ip = $3, known = $4, sign_in_days = $5, last_sign_in_day = $6, \
        last_seen_at = $7 WHERE id = $1";
    MAKE_KNOWN = "UPDATE devices SET known = TRUE WHERE id = $1 AND NOT known";
    RENAME = "UPDATE devices SET own_name = $3 WHERE id = $1 AND identity_id = $2";
    TRUST = "UPDATE devices SET trusted_at = $2, trusted_until = $3, key_hash = $4 WHERE id = $1";
    END_TRUST = "UPDATE devices SET trusted_at = NULL, trusted_until = NULL WHERE identity_id = $1 \
        AND (CAST($2 AS TEXT) IS NULL OR id <> $2) AND trusted_at IS NOT NULL";
    REPORT = "UPDATE devices SET posture_managed = $2, posture_compliant = $3, posture_source = $4, posture_expires_at = $5 \
        WHERE id = $1";
    REMOVE = "DELETE FROM devices WHERE id = $1 AND identity_id = $2";
    OLDEST_OVER = "SELECT d.id FROM devices d WHERE d.identity_id = $1 ORDER BY d.last_seen_at DESC, d.id DESC LIMIT 100 OFFSET $2";
    SESSIONS_OF = "SELECT s.id FROM sessions s WHERE s.device_id = $1 AND s.identity_id = $2 AND s.revoked_at IS NULL \
        AND s.expires_at > $3 ORDER BY s.id";
    SEEN_WITHOUT = "SELECT s.ip, s.user_agent FROM sessions s WHERE s.identity_id = $1 AND s.device_id IS NULL \
        ORDER BY s.issued_at DESC, s.id DESC LIMIT 50";
    ERASE = "DELETE FROM devices WHERE identity_id = $1";
    PURGE = "DELETE FROM devices WHERE last_seen_at < $1 AND NOT EXISTS \
        (SELECT 1 FROM sessions s WHERE s.device_id = devices.id AND s.last_used_at >= $1)";
}

fn from_row(row: &mut Row) -> Result<Device> {
    let mut device = Device {
        id: row.take()?,
        identity_id: row.take()?,
        key_hash: row.take()?,
        has_secret: row.take()?,
        own_name: row.take()?,
        user_agent: row.take()?,
        ip: row.take()?,
        known: row.take()?,
        sign_in_days: row.take()?,
        last_sign_in_day: row.take()?,
        trusted_at: row.take()?,
        trusted_until: row.take()?,
        posture: None,
        create_time: Timestamp::default(),
        last_seen_at: Timestamp::default(),
    };
    let (managed, compliant) = (row.take()?, row.take()?);
    let (source, expires_at): (Option<String>, Option<Timestamp>) = (row.take()?, row.take()?);
    if let (Some(source), Some(expires_at)) = (source, expires_at) {
        device.posture = Some(Posture { managed, compliant, source, expires_at });
    }
    device.create_time = row.take()?;
    let (signed_in_at, used_at): (Timestamp, Option<Timestamp>) = (row.take()?, row.take()?);
    device.last_seen_at = used_at.map_or(signed_in_at, |used_at| used_at.max(signed_in_at));
    Ok(device)
}

/// Adds a device without trust and posture; `false` when the identity has one with this key.
pub fn insert(tx: &mut IdentityTx<'_>, new: &Device) -> Result<bool> {
    let d = new;
    let values = params![
        d.id,
        d.identity_id,
        d.key_hash,
        d.has_secret,
        d.own_name.as_ref(),
        &d.user_agent,
        &d.ip,
        d.known,
        d.sign_in_days,
        d.last_sign_in_day,
        d.create_time,
        d.last_seen_at,
    ];
    Ok(tx.execute(&INSERT, &values)? > 0)
}

/// The device with this id.
pub fn find(tx: &mut IdentityTx<'_>, id: DeviceId) -> Result<Option<Device>> {
    tx.query_one(&BY_ID, &params![id])?.as_mut().map(from_row).transpose()
}

/// The device of an identity that is recognized by this key.
pub fn by_key(tx: &mut IdentityTx<'_>, identity: IdentityId, key: &SecretHash) -> Result<Option<Device>> {
    tx.query_one(&BY_KEY, &params![identity, key])?.as_mut().map(from_row).transpose()
}

/// All devices of an identity, the newest first.
pub fn of_identity(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<Vec<Device>> {
    tx.query(&OF_IDENTITY, &params![identity])?.iter_mut().map(from_row).collect()
}

/// Writes what a sign-in changes, and nothing else.
pub fn note_sign_in(tx: &mut IdentityTx<'_>, device: &Device) -> Result<()> {
    let d = device;
    let values =
        params![d.id, &d.user_agent, &d.ip, d.known, d.sign_in_days, d.last_sign_in_day, d.last_seen_at];
    tx.execute(&NOTE_SIGN_IN, &values).map(drop)
}

/// Makes a device known; whether it was not.
pub fn make_known(tx: &mut IdentityTx<'_>, id: DeviceId) -> Result<bool> {
    Ok(tx.execute(&MAKE_KNOWN, &params![id])? > 0)
}

/// Gives a device of an identity a name, or takes it away; whether there is one.
pub fn rename(
    tx: &mut IdentityTx<'_>,
    id: DeviceId,
    identity: IdentityId,
    name: Option<&str>,
) -> Result<bool> {
    Ok(tx.execute(&RENAME, &params![id, identity, name])? > 0)
}

/// Trusts a device from `at` until `until`; it is recognized by this key from now on.
pub fn trust(
    tx: &mut IdentityTx<'_>,
    id: DeviceId,
    (at, until): (Timestamp, Timestamp),
    key: &SecretHash,
) -> Result<()> {
    tx.execute(&TRUST, &params![id, at, until, key]).map(drop)
}

/// Ends the trust in all devices of an identity but `except`.
pub fn end_trust(tx: &mut IdentityTx<'_>, identity: IdentityId, except: Option<DeviceId>) -> Result<()> {
    tx.execute(&END_TRUST, &params![identity, except]).map(drop)
}

/// Writes what was reported of a device.
pub fn report(tx: &mut IdentityTx<'_>, id: DeviceId, posture: &Posture) -> Result<()> {
    let p = posture;
    tx.execute(&REPORT, &params![id, p.managed, p.compliant, &p.source, p.expires_at]).map(drop)
}

/// Removes a device of an identity; whether there was one.
pub fn remove(tx: &mut IdentityTx<'_>, id: DeviceId, identity: IdentityId) -> Result<bool> {
    Ok(tx.execute(&REMOVE, &params![id, identity])? > 0)
}

/// Removes the devices of an identity that were seen longest ago, so that `most` stay.
pub fn trim(tx: &mut IdentityTx<'_>, identity: IdentityId, most: u32) -> Result<()> {
    for mut row in tx.query(&OLDEST_OVER, &params![identity, most])? {
        remove(tx, row.take()?, identity)?;
    }
    Ok(())
}

/// The sessions of a device that have not ended.
pub fn sessions_of(
    tx: &mut IdentityTx<'_>,
    id: DeviceId,
    identity: IdentityId,
    now: Timestamp,
) -> Result<Vec<SessionId>> {
    tx.query(&SESSIONS_OF, &params![id, identity, now])?.into_iter().map(|mut row| row.take()).collect()
}

/// Address and `User-Agent` of the latest sign-ins of an identity that had no device.
pub fn seen_without(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<Vec<(String, String)>> {
    let take = |mut row: Row| Ok((row.take()?, row.take()?));
    tx.query(&SEEN_WITHOUT, &params![identity])?.into_iter().map(take).collect()
}

/// Removes all devices of an identity.
pub fn erase(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<()> {
    tx.execute(&ERASE, &params![identity]).map(drop)
}

/// Removes the devices that nobody has used since `before`.
pub fn purge(tx: &mut IdentityTx<'_>, before: Timestamp) -> Result<u64> {
    tx.execute(&PURGE, &params![before])
}
