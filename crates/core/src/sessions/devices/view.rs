//! A device as its readers see it (`contract/10` §6).

use avnology_model::{
    Timestamp,
    ids::DeviceId,
    sessions::{Agent, Device, Platform},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A device.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Device)]
pub struct DeviceDetail {
    /// Id.
    #[schema(value_type = String)]
    pub id: DeviceId,
    /// As in "Firefox on Linux", or as the person calls it.
    pub name: String,
    /// Whether it is a phone or tablet; for pages.
    #[serde(skip)]
    pub is_mobile: bool,
    /// `web` for browsers, otherwise the system.
    pub platform: Platform,
    /// Whether the person has completed a sign-in by two factors here, or sign-ins on three days.
    pub known: bool,
    /// Until when the second factor is skipped here.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub trusted_until: Option<Timestamp>,
    /// Whether somebody administers it; null when that is not known.
    pub managed: Option<bool>,
    /// Whether it keeps their rules; null when that is not known.
    pub compliant: Option<bool>,
    /// Address of the last sign-in.
    pub last_ip: String,
    /// Place of the address, where known.
    #[schema(value_type = Option<Object>)]
    pub last_location: Option<Value>,
    /// First sign-in.
    #[schema(value_type = String, format = DateTime)]
    pub create_time: Timestamp,
    /// Last sign-in, or last use of a session that began here.
    #[schema(value_type = String, format = DateTime)]
    pub last_seen_at: Timestamp,
}

impl DeviceDetail {
    /// A device, where trust may last so many days.
    pub(super) fn of(device: &Device, days: u32, now: Timestamp) -> Self {
        let posture = device.posture(now);
        Self {
            id: device.id,
            name: device.name(),
            is_mobile: Agent::parse(&device.user_agent).is_mobile(),
            platform: device.platform(),
            known: device.known,
            trusted_until: device.trusted_until(days, now),
            managed: posture.and_then(|posture| posture.managed),
            compliant: posture.and_then(|posture| posture.compliant),
            last_ip: device.ip.clone(),
            last_location: None,
            create_time: device.create_time,
            last_seen_at: device.last_seen_at,
        }
    }
}
