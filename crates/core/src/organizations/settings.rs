//! The settings that people change together, as the change that says so.

use avnology_model::{organizations::SessionLimits, platform::LoginMethod};
use serde::Serialize;
use serde_json::{Map, Value};

/// Name, door and sign-in rules of an organization.
#[derive(Clone, Debug, Serialize)]
pub struct OrganizationSettings {
    /// Display name.
    pub name: String,
    /// Who may join.
    pub registration_mode: String,
    /// Role of those who join without one of their own.
    pub default_role: String,
    /// Whether a second factor is asked of everyone.
    pub mfa_required: bool,
    /// First factors offered; empty for the tenant's.
    pub allowed_methods: Vec<LoginMethod>,
    /// Shorter session limits.
    pub session_policy: SessionLimits,
}

impl OrganizationSettings {
    /// The merge patch for [`super::update`].
    pub fn into_patch(self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(patch)) => patch,
            _ => Map::new(),
        }
    }
}
