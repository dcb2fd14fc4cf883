//! What callers may write of an organization, checked as a whole (`contract/20` §1).

use avnology_model::{
    Code, Error, FieldCode, FieldError, Result,
    credentials::PasswordPolicy,
    organizations::{BreakGlass, Feature, FeatureFlags, Organization, RegistrationMode, SessionLimits},
    permissions::RoleKey,
    platform::{LoginMethod, TenantSettings},
    text::{collect, line},
};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Most bytes of each part of the metadata, as JSON.
const METADATA_BYTES: usize = 16 * 1024;

/// Applications' data about an organization.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MetadataInput {
    /// Readable by members, up to 16 KiB.
    #[schema(value_type = Object)]
    pub public: Map<String, Value>,
    /// For administrators, up to 16 KiB.
    #[schema(value_type = Object)]
    pub admin: Map<String, Value>,
}

/// The writable members of an organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganizationInput {
    /// Display name, 1–100 characters. `display_name` is read as the same.
    #[serde(alias = "display_name")]
    pub name: String,
    /// Who may join.
    #[serde(default = "by_invitation", deserialize_with = "mode")]
    pub registration_mode: RegistrationMode,
    /// Role of those who join without one of their own.
    #[serde(default = "RoleKey::member")]
    pub default_role: RoleKey,
    /// Whether single sign-on is the only way in; needs an active, tested connection.
    #[serde(default)]
    pub sso_required: bool,
    /// Whether a second factor is asked of everyone.
    #[serde(default)]
    pub mfa_required: bool,
    /// First factors offered; empty for the tenant's.
    #[serde(default)]
    pub allowed_methods: Vec<LoginMethod>,
    /// Shorter session limits.
    #[serde(default)]
    pub session_policy: SessionLimits,
    /// Stricter rules for passwords of managed identities.
    #[serde(default)]
    pub password_policy: Option<PasswordPolicy>,
    /// Features that differ from the tenant's; callers of the platform only.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, bool>)]
    pub feature_flags: FeatureFlags,
    /// Applications' data.
    #[serde(default)]
    pub metadata: MetadataInput,
    /// Days that the audit log is kept, 30–3650; null for the tenant's.
    #[serde(default)]
    pub audit_retention_days: Option<u32>,
    /// Most active members; callers of the platform only.
    #[serde(default)]
    pub seat_limit: Option<u32>,
    /// Who may pass when single sign-on fails.
    #[serde(default = "owners")]
    pub sso_break_glass: BreakGlass,
    /// Id in a source system, at most 255 characters.
    #[serde(default)]
    pub external_id: Option<String>,
}

fn by_invitation() -> RegistrationMode {
    RegistrationMode::ByInvitationOnly
}

fn owners() -> BreakGlass {
    BreakGlass::Owners
}

fn mode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RegistrationMode, D::Error> {
    let text = String::deserialize(deserializer)?;
    RegistrationMode::parse_alias(&text).ok_or_else(|| {
        de::Error::unknown_variant(
            &text,
            &["public", "by_invitation_only", "by_invitation_or_domain", "sso_only", "closed"],
        )
    })
}

impl OrganizationInput {
    /// What may be written of this organization, as it is.
    pub(super) fn of(organization: &Organization) -> Self {
        let o = organization.clone();
        Self {
            name: o.name,
            registration_mode: o.registration_mode,
            default_role: o.default_role,
            sso_required: o.sso_required,
            mfa_required: o.mfa_required,
            allowed_methods: o.allowed_methods,
            session_policy: o.session_policy,
            password_policy: o.password_policy,
            feature_flags: o.feature_flags,
            metadata: MetadataInput { public: o.metadata_public, admin: o.metadata_admin },
            audit_retention_days: o.audit_retention_days,
            seat_limit: o.seat_limit,
            sso_break_glass: o.sso_break_glass,
            external_id: o.external_id,
        }
    }

    /// Every value that is not acceptable, each with its field.
    pub(super) fn check(&mut self, settings: &TenantSettings) -> Result<()> {
        let mut errors = Vec::new();
        if let Some(name) = collect(&mut errors, "name", line(&self.name, 100)) {
            if name.is_empty() {
                push(&mut errors, "name", FieldCode::Required, "An organization needs a name.");
            }
            self.name = name;
        }
        if self.default_role.is_owner() {
            push(&mut errors, "default_role", FieldCode::NotAllowed, "Nobody becomes owner by joining.");
        }
        if let Some(id) = &self.external_id
            && let Some(id) = collect(&mut errors, "external_id", line(id, 255))
        {
            self.external_id = Some(id).filter(|id| !id.is_empty());
        }
        if self.seat_limit == Some(0) {
            push(&mut errors, "seat_limit", FieldCode::TooSmall, "At least 1.");
        }
        if self.audit_retention_days.is_some_and(|days| !(30..=3_650).contains(&days)) {
            push(&mut errors, "audit_retention_days", FieldCode::TooSmall, "Between 30 and 3650.");
        }
        for (name, part) in [("public", &self.metadata.public), ("admin", &self.metadata.admin)] {
            if serde_json::to_vec(part).map_or(0, |bytes| bytes.len()) > METADATA_BYTES {
                push(&mut errors, &format!("metadata.{name}"), FieldCode::TooLong, "At most 16 KiB.");
            }
        }
        self.check_sessions(settings, &mut errors);
        self.check_passwords(settings, &mut errors);
        Error::from_fields(errors)
    }

    /// Sessions may be shorter than the tenant's, not longer.
    fn check_sessions(&self, settings: &TenantSettings, errors: &mut Vec<FieldError>) {
        let (own, tenant) = (&self.session_policy, &settings.session_policy);
        for (name, value, least, most) in [
            ("idle_timeout_seconds", own.idle_timeout_seconds, 300, tenant.idle_timeout_seconds),
            ("absolute_timeout_seconds", own.absolute_timeout_seconds, 600, tenant.absolute_timeout_seconds),
            (
                "privileged_max_age_seconds",
                own.privileged_max_age_seconds,
                60,
                tenant.privileged_max_age_seconds,
            ),
            ("sso_max_age_seconds", own.sso_max_age_seconds, 60, tenant.absolute_timeout_seconds),
        ] {
            let field = format!("session_policy.{name}");
            match value {
                Some(value) if value < least => {
                    push(errors, &field, FieldCode::TooSmall, &format!("At least {least}."));
                }
                Some(value) if value > most => {
                    push(errors, &field, FieldCode::TooLarge, &format!("At most the tenant's, {most}."));
                }
                _ => {}
            }
        }
    }

    /// Passwords may be asked to be better than the tenant asks, not worse.
    fn check_passwords(&self, settings: &TenantSettings, errors: &mut Vec<FieldError>) {
        let Some(own) = &self.password_policy else { return };
        let tenant = &settings.password_policy;
        errors.extend(own.problems("password_policy"));
        let age = |policy: &PasswordPolicy| policy.max_age_days.unwrap_or(u32::MAX);
        for (name, is_looser) in [
            ("min_length", own.min_length < tenant.min_length),
            ("min_score", own.min_score < tenant.min_score),
            ("history", own.history < tenant.history),
            ("max_age_days", age(own) > age(tenant)),
            ("breach_check", tenant.breach_check && !own.breach_check),
            ("forbid_identifiers", tenant.forbid_identifiers && !own.forbid_identifiers),
        ] {
            if is_looser {
                let field = format!("password_policy.{name}");
                push(
                    errors,
                    &field,
                    FieldCode::NotAllowed,
                    "An organization can ask for more than the tenant, not for less.",
                );
            }
        }
    }

    /// Writes the checked values.
    pub(super) fn write(self, organization: &mut Organization) {
        let o = organization;
        o.name = self.name;
        o.registration_mode = self.registration_mode;
        o.default_role = self.default_role;
        o.sso_required = self.sso_required;
        o.mfa_required = self.mfa_required;
        o.allowed_methods = self.allowed_methods;
        o.session_policy = self.session_policy;
        o.password_policy = self.password_policy;
        o.feature_flags = self.feature_flags;
        o.metadata_public = self.metadata.public;
        o.metadata_admin = self.metadata.admin;
        o.audit_retention_days = self.audit_retention_days;
        o.seat_limit = self.seat_limit;
        o.sso_break_glass = self.sso_break_glass;
        o.external_id = self.external_id;
    }

    /// What only the platform may change, and this changes: `_100`. Single sign-on can be required once a connection of the
    /// organization was tested: `_407`.
    pub(super) fn check_rights(&self, before: &Organization, is_platform: bool) -> Result<()> {
        let flags_differ = Feature::ALL
            .iter()
            .any(|feature| self.feature_flags.get(feature) != before.feature_flags.get(feature));
        if !is_platform && (flags_differ || self.seat_limit != before.seat_limit) {
            return Err(
                Error::new(Code::PermissionDenied).with_detail("Features and seats are set by the platform.")
            );
        }
        if self.sso_required && !before.sso_required {
            return Err(Error::new(Code::ConnectionNotTested));
        }
        Ok(())
    }
}

fn push(errors: &mut Vec<FieldError>, field: &str, code: FieldCode, message: &str) {
    errors.push(FieldError { field: field.to_owned(), code, message: message.to_owned() });
}
