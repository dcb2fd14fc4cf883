//! Devices: browsers, and installations of applications, that people sign in on (`contract/10` §6). Two people at one browser have
//! a device each.

use super::{Aal, Agent, Platform};
use crate::{
    Timestamp,
    ids::{DeviceId, IdentityId},
    secret_token::SecretHash,
};

const DAY: i64 = 24 * 60 * 60;
/// Days with sign-ins by one factor after which a device is known.
const KNOWN_AFTER: u32 = 3;

/// What an administrator's tools report of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posture {
    /// Whether somebody administers it; none when that is not known.
    pub managed: Option<bool>,
    /// Whether it keeps their rules.
    pub compliant: Option<bool>,
    /// Who says so.
    pub source: String,
    /// Until when to believe it.
    pub expires_at: Timestamp,
}

/// A browser or an installation, as one person's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Id.
    pub id: DeviceId,
    /// Whose.
    pub identity_id: IdentityId,
    /// SHA-256 of what it is recognized by.
    pub key_hash: SecretHash,
    /// Whether that cannot be guessed: only then does anything depend on it.
    pub has_secret: bool,
    /// The name that the person gave it.
    pub own_name: Option<String>,
    /// `User-Agent` of the last sign-in.
    pub user_agent: String,
    /// Network address of the last sign-in.
    pub ip: String,
    /// Whether the person has signed in here well enough, or often enough.
    pub known: bool,
    /// On how many days they did.
    pub sign_in_days: u32,
    /// The last one of these, counted from 1970-01-01; −1 before the first.
    pub last_sign_in_day: i64,
    /// When the person chose to be asked for one factor only.
    pub trusted_at: Option<Timestamp>,
    /// Until when, by the rule of that day.
    pub trusted_until: Option<Timestamp>,
    /// What was reported.
    pub posture: Option<Posture>,
    /// First sign-in.
    pub create_time: Timestamp,
    /// Last sign-in, or last use of a session that began there.
    pub last_seen_at: Timestamp,
}

impl Device {
    /// What people call it: as they said, or as in "Firefox on Linux".
    pub fn name(&self) -> String {
        self.own_name.clone().unwrap_or_else(|| Agent::parse(&self.user_agent).name())
    }

    /// `web` for browsers, otherwise the system.
    pub fn platform(&self) -> Platform {
        Agent::parse(&self.user_agent).platform()
    }

    /// What was reported, as long as it is to be believed.
    pub fn posture(&self, now: Timestamp) -> Option<&Posture> {
        self.posture.as_ref().filter(|posture| posture.expires_at > now)
    }

    /// Until when a second factor is skipped here, where the tenant allows so many `days` now; none when it is asked for.
    pub fn trusted_until(&self, days: u32, now: Timestamp) -> Option<Timestamp> {
        let (since, until) = (self.trusted_at?, self.trusted_until?);
        let allowed = since.plus_seconds(i64::from(days) * DAY);
        Some(until.min(allowed)).filter(|until| self.has_secret && *until > now)
    }

    /// Counts a sign-in.
    pub fn note_sign_in(&mut self, aal: Aal, now: Timestamp) {
        let today = now.micros().div_euclid(DAY * 1_000_000);
        if today != self.last_sign_in_day {
            self.sign_in_days = self.sign_in_days.saturating_add(1);
            self.last_sign_in_day = today;
        }
        self.known |= aal >= Aal::Aal2 || self.sign_in_days >= KNOWN_AFTER;
    }
}

/// What a session tells of its device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionDevice {
    /// The name that the person gave it.
    pub own_name: Option<String>,
    /// Whether it is known.
    pub known: bool,
    /// Whether somebody administers it.
    pub managed: Option<bool>,
    /// Until when to believe that.
    pub posture_expires_at: Option<Timestamp>,
    /// What it is recognized by from now on; only in the sign-in that decides so.
    pub key: Option<DeviceKey>,
}

impl SessionDevice {
    /// Whether somebody administers it, as far as that is known now.
    pub fn managed(&self, now: Timestamp) -> Option<bool> {
        self.managed.filter(|_| self.posture_expires_at.is_some_and(|until| until > now))
    }
}

impl From<&Device> for SessionDevice {
    fn from(device: &Device) -> Self {
        Self {
            own_name: device.own_name.clone(),
            known: device.known,
            managed: device.posture.as_ref().and_then(|posture| posture.managed),
            posture_expires_at: device.posture.as_ref().map(|posture| posture.expires_at),
            key: None,
        }
    }
}

/// By which of its keys a browser is recognized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceKey {
    /// The hash of the key that counts.
    pub present: SecretHash,
    /// The hash of one that counts no more.
    pub former: Option<SecretHash>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    fn device() -> Device {
        Device {
            id: DeviceId::new(NOW, [1; 10]),
            identity_id: IdentityId::new(NOW, [2; 10]),
            key_hash: [3; 32],
            has_secret: true,
            own_name: None,
            user_agent: "curl/8.5.0".to_owned(),
            ip: String::new(),
            known: false,
            sign_in_days: 0,
            last_sign_in_day: -1,
            trusted_at: None,
            trusted_until: None,
            posture: None,
            create_time: NOW,
            last_seen_at: NOW,
        }
    }

    #[test]
    fn two_factors_make_a_device_known_at_once_and_one_on_the_third_day() {
        let mut device = device();
        for (day, known) in [(0, false), (0, false), (1, false), (1, false), (2, true)] {
            device.note_sign_in(Aal::Aal1, NOW.plus_seconds(day * DAY));
            assert_eq!(device.known, known, "day {day}");
        }
        let mut other = self::device();
        other.note_sign_in(Aal::Aal2, NOW);
        assert!(other.known);
    }

    #[test]
    fn trust_lasts_no_longer_than_the_tenant_allows_now() {
        let mut device = device();
        device.trusted_at = Some(NOW);
        device.trusted_until = Some(NOW.plus_seconds(14 * DAY));
        assert_eq!(device.trusted_until(14, NOW), device.trusted_until);
        assert_eq!(device.trusted_until(7, NOW), Some(NOW.plus_seconds(7 * DAY)));
        assert_eq!(device.trusted_until(30, NOW), device.trusted_until, "a longer time is for new ones");
        assert_eq!(device.trusted_until(0, NOW), None);
        assert_eq!(device.trusted_until(14, NOW.plus_seconds(14 * DAY)), None);
        device.has_secret = false;
        assert_eq!(device.trusted_until(14, NOW), None);
    }

    #[test]
    fn what_was_reported_is_believed_until_it_expires() {
        let mut device = device();
        let expires_at = NOW.plus_seconds(60);
        device.posture =
            Some(Posture { managed: Some(true), compliant: None, source: "mdm".to_owned(), expires_at });
        assert!(device.posture(NOW).is_some() && device.posture(expires_at).is_none());
        let shown = SessionDevice::from(&device);
        assert_eq!((shown.managed(NOW), shown.managed(expires_at)), (Some(true), None));
    }
}
