//! The organization itself.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{FeatureFlags, Slug};
use crate::{
    Timestamp,
    credentials::PasswordPolicy,
    ids::{IdentityId, OrganizationId},
    permissions::RoleKey,
    platform::LoginMethod,
    text::text_enum,
};

text_enum! {
    /// Where an organization stands (`contract/20` §1.1).
    pub enum OrganizationState {
        /// Its database is being made.
        Provisioning = "provisioning",
        /// In use.
        Active = "active",
        /// Closed by the platform; its data is kept.
        Suspended = "suspended",
        /// Waits for its destruction.
        Deleting = "deleting",
    }
}

text_enum! {
    /// Who may join, or register (`contract/20` §6), from the most open to the most closed but for `sso_only`.
    pub enum RegistrationMode {
        /// Anyone.
        Public = "public",
        /// Who is invited.
        ByInvitationOnly = "by_invitation_only",
        /// Who is invited, or has an address at a verified domain.
        ByInvitationOrDomain = "by_invitation_or_domain",
        /// Who comes by single sign-on.
        SsoOnly = "sso_only",
        /// Nobody.
        Closed = "closed",
    }
}

impl RegistrationMode {
    /// The mode with this text or one of its former names.
    pub fn parse_alias(text: &str) -> Option<Self> {
        match text {
            "open" => Some(Self::Public),
            "invite_only" => Some(Self::ByInvitationOnly),
            "disabled" => Some(Self::Closed),
            _ => Self::parse(text),
        }
    }
}

text_enum! {
    /// Who may sign in past a required single sign-on when it fails.
    pub enum BreakGlass {
        /// Owners.
        Owners = "owners",
        /// Nobody.
        None = "none",
    }
}

/// Limits of sessions that are shorter than the tenant's; none leaves the tenant's. In seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SessionLimits {
    /// Without use.
    pub idle_timeout_seconds: Option<u32>,
    /// At most.
    pub absolute_timeout_seconds: Option<u32>,
    /// How fresh a sign-in must be for changes of credentials.
    pub privileged_max_age_seconds: Option<u32>,
    /// How fresh a required single sign-on must be.
    pub sso_max_age_seconds: Option<u32>,
}

/// An organization as the server keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Organization {
    /// Id.
    pub id: OrganizationId,
    /// Display name, 1–100 characters.
    pub name: String,
    /// Name in URLs.
    pub slug: Slug,
    /// Where it stands.
    pub state: OrganizationState,
    /// Where it stood before its deletion was asked for.
    pub previous_state: Option<OrganizationState>,
    /// Who may join.
    pub registration_mode: RegistrationMode,
    /// Role of those who join without one of their own.
    pub default_role: RoleKey,
    /// Whether single sign-on is the only way in.
    pub sso_required: bool,
    /// Whether a second factor is asked of everyone.
    pub mfa_required: bool,
    /// First factors offered; empty for the tenant's.
    pub allowed_methods: Vec<LoginMethod>,
    /// Shorter session limits.
    pub session_policy: SessionLimits,
    /// Stricter rules for passwords of managed identities.
    pub password_policy: Option<PasswordPolicy>,
    /// Features that differ from the tenant's.
    pub feature_flags: FeatureFlags,
    /// Readable by members.
    pub metadata_public: Map<String, Value>,
    /// For administrators of the platform and the organization.
    pub metadata_admin: Map<String, Value>,
    /// How long its audit log is kept; none for the tenant's.
    pub audit_retention_days: Option<u32>,
    /// Most active members.
    pub seat_limit: Option<u32>,
    /// Who may pass when single sign-on fails.
    pub sso_break_glass: BreakGlass,
    /// Where its database lies.
    pub region: String,
    /// Id in a source system.
    pub external_id: Option<String>,
    /// Who made it.
    pub creator_id: Option<IdentityId>,
    /// Active memberships.
    pub member_count: u32,
    /// When it is to be destroyed.
    pub deletion_scheduled_for: Option<Timestamp>,
    /// Creation.
    pub create_time: Timestamp,
    /// Last change.
    pub update_time: Timestamp,
    /// Counts changes.
    pub version: i64,
}

impl Organization {
    /// A new organization with the defaults, whose database is still to be made.
    pub fn new(id: OrganizationId, name: String, slug: Slug, now: Timestamp) -> Self {
        Self {
            id,
            name,
            slug,
            state: OrganizationState::Provisioning,
            previous_state: None,
            registration_mode: RegistrationMode::ByInvitationOnly,
            default_role: RoleKey::member(),
            sso_required: false,
            mfa_required: false,
            allowed_methods: Vec::new(),
            session_policy: SessionLimits::default(),
            password_policy: None,
            feature_flags: FeatureFlags::default(),
            metadata_public: Map::new(),
            metadata_admin: Map::new(),
            audit_retention_days: None,
            seat_limit: None,
            sso_break_glass: BreakGlass::Owners,
            region: "default".to_owned(),
            external_id: None,
            creator_id: None,
            member_count: 0,
            deletion_scheduled_for: None,
            create_time: now,
            update_time: now,
            version: 1,
        }
    }

    /// Strong entity tag, without quotes.
    pub fn etag(&self) -> String {
        format!("{}-{}", self.version, self.id.to_string().chars().rev().take(4).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_former_names_of_modes_are_understood() {
        assert_eq!(RegistrationMode::parse_alias("open"), Some(RegistrationMode::Public));
        assert_eq!(RegistrationMode::parse_alias("invite_only"), Some(RegistrationMode::ByInvitationOnly));
        assert_eq!(RegistrationMode::parse_alias("disabled"), Some(RegistrationMode::Closed));
        assert_eq!(RegistrationMode::parse_alias("sso_only"), Some(RegistrationMode::SsoOnly));
        assert_eq!(RegistrationMode::parse_alias("none"), None);
    }
}
