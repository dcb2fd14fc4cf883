//! An organization as its readers see it (`contract/20` §1).

use avnology_model::{
    Result, Timestamp,
    credentials::PasswordPolicy,
    ids::OrganizationId,
    organizations::{
        BreakGlass, FeatureFlags, Organization, OrganizationState, RegistrationMode, SessionLimits, Slug,
    },
    permissions::RoleKey,
    platform::LoginMethod,
};
use avnology_store::{IdentityTx, organizations::domains};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::DomainView;

/// Applications' data about an organization.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrganizationMetadata {
    /// Readable by members.
    #[schema(value_type = Object)]
    pub public: Map<String, Value>,
    /// For administrators; absent where members read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub admin: Option<Map<String, Value>>,
}

/// Where an organization's database lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Placement {
    /// The region asked for.
    pub region: String,
    /// The database, opaque.
    pub database: String,
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Organization)]
#[expect(clippy::struct_excessive_bools, reason = "the fields of the contract")]
pub struct OrganizationView {
    /// Id; absent from a dry run.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<OrganizationId>,
    /// Display name.
    pub name: String,
    /// Name in URLs.
    #[schema(value_type = String)]
    pub slug: Slug,
    /// Where it stands.
    pub state: OrganizationState,
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
    #[schema(value_type = std::collections::BTreeMap<String, bool>)]
    pub feature_flags: FeatureFlags,
    /// Applications' data.
    pub metadata: OrganizationMetadata,
    /// Domains, verified and not; omitted in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domains: Option<Vec<DomainView>>,
    /// Days that its audit log is kept; null for the tenant's.
    pub audit_retention_days: Option<u32>,
    /// Active members.
    pub member_count: u32,
    /// Most active members.
    pub seat_limit: Option<u32>,
    /// Whether a connection is active.
    pub sso_enabled: bool,
    /// Whether a directory exists.
    pub scim_enabled: bool,
    /// Who may pass when single sign-on fails.
    pub sso_break_glass: BreakGlass,
    /// Where its database lies.
    pub placement: Placement,
    /// Id in a source system.
    pub external_id: Option<String>,
    /// Creation.
    #[schema(value_type = String, format = DateTime)]
    pub create_time: Timestamp,
    /// Last change.
    #[schema(value_type = String, format = DateTime)]
    pub update_time: Timestamp,
    /// Entity tag.
    pub etag: String,
    /// When it is to be destroyed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub deletion_scheduled_for: Option<Timestamp>,
}

impl OrganizationView {
    /// An organization as a list shows it; `admin` adds what only administrators see.
    pub fn of(organization: &Organization, admin: bool) -> Self {
        let o = organization.clone();
        let database: String = o.id.to_string().chars().rev().take(8).collect();
        Self {
            id: Some(o.id),
            etag: organization.etag(),
            name: o.name,
            slug: o.slug,
            state: o.state,
            registration_mode: o.registration_mode,
            default_role: o.default_role,
            sso_required: o.sso_required,
            mfa_required: o.mfa_required,
            allowed_methods: o.allowed_methods,
            session_policy: o.session_policy,
            password_policy: o.password_policy,
            feature_flags: o.feature_flags,
            metadata: OrganizationMetadata {
                public: o.metadata_public,
                admin: Some(o.metadata_admin).filter(|_| admin),
            },
            domains: None,
            audit_retention_days: o.audit_retention_days,
            member_count: o.member_count,
            seat_limit: o.seat_limit,
            // Neither connections nor directories can be made yet.
            sso_enabled: false,
            scim_enabled: false,
            sso_break_glass: o.sso_break_glass,
            placement: Placement { region: o.region, database: format!("d-{database}") },
            external_id: o.external_id,
            create_time: o.create_time,
            update_time: o.update_time,
            deletion_scheduled_for: o.deletion_scheduled_for,
        }
    }

    /// The whole of an organization.
    pub(crate) fn whole(tx: &mut IdentityTx<'_>, organization: &Organization, admin: bool) -> Result<Self> {
        let mut view = Self::of(organization, admin);
        let domains = domains::of_organization(tx, organization.id)?;
        view.domains = Some(domains.iter().map(DomainView::of).collect());
        Ok(view)
    }

    /// As events hold it.
    pub(crate) fn for_events(organization: &Organization) -> Value {
        let mut view = Self::of(organization, false);
        view.metadata.admin = None;
        serde_json::to_value(view).unwrap_or_default()
    }
}

/// What differs between two views of one thing, as events tell it: names, former and new values. Entity tag, time of the
/// change and counters tell nothing by themselves.
pub(crate) fn changes(before: &Value, after: &Value) -> Map<String, Value> {
    let part = |value: &Value| match value {
        Value::Object(map) => map.clone(),
        _ => Map::new(),
    };
    let (mut old, mut new) = (part(before), part(after));
    let is_told = |name: &str| !matches!(name, "etag" | "update_time" | "member_count" | "group_count");
    let changed: Vec<String> =
        new.keys().filter(|name| is_told(name) && old.get(*name) != new.get(*name)).cloned().collect();
    old.retain(|name, _| changed.contains(name));
    new.retain(|name, _| changed.contains(name));
    Map::from_iter([
        ("changed_fields".to_owned(), Value::from(changed)),
        ("previous_values".to_owned(), Value::Object(old)),
        ("new_values".to_owned(), Value::Object(new)),
    ])
}
