//! A session as its readers see it (`contract/10` §7).

use avnology_model::{
    Timestamp,
    identities::Identity,
    ids::{DeviceId, IdentityId, OrganizationId, SessionId},
    organizations::Slug,
    permissions::RoleKey,
    sessions::{Aal, Agent, CompletedMethod, Platform, Session, SessionKind},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::LiveSession;
use crate::{identities::IdentityView, organizations::Acting, platform::SettingsVersion};

/// The device of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeviceView {
    /// Id, where the device is known by its own.
    #[schema(value_type = Option<String>)]
    pub id: Option<DeviceId>,
    /// As in "Firefox on Linux", or as the person calls it.
    pub name: String,
    /// `web` for browsers, otherwise the system.
    pub platform: Platform,
    /// User agent of the sign-in.
    pub user_agent: String,
    /// Address of the sign-in.
    pub ip: String,
    /// Place of the address, where known.
    #[schema(value_type = Option<Object>)]
    pub location: Option<Value>,
    /// Whether the device has signed this identity in before, well enough to be trusted more.
    pub known: bool,
    /// Posture reported by an administrator.
    pub managed: Option<bool>,
}

/// The organization that a session acts for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ActiveOrganization {
    /// Id.
    #[schema(value_type = String)]
    pub id: OrganizationId,
    /// Display name.
    pub name: String,
    /// Name in URLs.
    #[schema(value_type = String)]
    pub slug: Slug,
    /// Role there; none for those who act for the platform.
    pub role: Option<RoleKey>,
    /// Effective permissions, sorted.
    pub permissions: Vec<String>,
}

impl ActiveOrganization {
    /// Where somebody acts.
    pub fn of(acting: &Acting) -> Self {
        let organization = &acting.organization.organization;
        let member = acting.member();
        let of_scopes = || acting.scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
        Self {
            id: organization.id,
            name: organization.name.clone(),
            slug: organization.slug.clone(),
            role: member.map(|member| member.membership.role.clone()),
            permissions: member.map_or_else(of_scopes, |member| member.permissions.clone()),
        }
    }
}

/// A session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    /// Id.
    #[schema(value_type = String)]
    pub id: SessionId,
    /// Whether it can be used.
    pub active: bool,
    /// What it can be used for.
    pub kind: SessionKind,
    /// Whose.
    #[schema(value_type = String)]
    pub identity_id: IdentityId,
    /// The identity, as it sees itself.
    pub identity: IdentityView,
    /// Active organization.
    #[schema(value_type = Option<String>)]
    pub organization_id: Option<OrganizationId>,
    /// The same with the role there, where one session is shown.
    pub organization: Option<ActiveOrganization>,
    /// Highest assurance.
    pub aal: Aal,
    /// Steps completed.
    pub authentication_methods: Vec<CompletedMethod>,
    /// Last full authentication.
    #[schema(value_type = String, format = DateTime)]
    pub authenticated_at: Timestamp,
    /// Begin.
    #[schema(value_type = String, format = DateTime)]
    pub issued_at: Timestamp,
    /// Last use, to the minute.
    #[schema(value_type = String, format = DateTime)]
    pub last_used_at: Timestamp,
    /// Absolute limit.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// Limit if it is not used again.
    #[schema(value_type = String, format = DateTime)]
    pub idle_expires_at: Timestamp,
    /// The device.
    pub device: DeviceView,
    /// Client that began the sign-in.
    #[schema(value_type = Option<String>)]
    pub client_id: Option<String>,
    /// Risk of the sign-in.
    #[schema(value_type = Option<Object>)]
    pub risk: Option<Value>,
    /// In lists: whether it is the caller's own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(value_type = Option<bool>)]
    pub current: Option<bool>,
    /// A token made of the session, where `whoami` was asked for one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tokenized: Option<String>,
}

impl SessionView {
    /// A session with its identity.
    pub fn of(session: &Session, identity: &Identity, settings: &SettingsVersion, now: Timestamp) -> Self {
        let idle_expires_at = session.idle_expires_at(settings.settings.session_policy.idle_timeout_seconds);
        let agent = Agent::parse(&session.user_agent);
        let device = session.device.as_ref();
        Self {
            id: session.id,
            active: session.revoked_at.is_none() && idle_expires_at > now,
            kind: session.kind,
            identity_id: session.identity_id,
            identity: IdentityView::for_itself(identity, now),
            organization_id: session.organization_id,
            organization: None,
            aal: session.aal,
            authentication_methods: session.methods.clone(),
            authenticated_at: session.authenticated_at,
            issued_at: session.issued_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
            idle_expires_at,
            device: DeviceView {
                id: session.device_id.filter(|_| device.is_some()),
                name: device.and_then(|device| device.own_name.clone()).unwrap_or_else(|| agent.name()),
                platform: agent.platform(),
                user_agent: session.user_agent.clone(),
                ip: session.ip.clone(),
                location: None,
                known: device.is_some_and(|device| device.known),
                managed: device.and_then(|device| device.managed(now)),
            },
            client_id: None,
            risk: None,
            current: None,
            tokenized: None,
        }
    }

    /// A session in memory, with its latest use.
    pub fn of_live(live: &LiveSession, settings: &SettingsVersion, now: Timestamp) -> Self {
        let mut session = live.session.clone();
        session.last_used_at = live.last_used_at();
        Self::of(&session, &live.identity, settings, now)
    }

    /// The same, acting where this request does.
    #[must_use]
    pub fn acting(mut self, acting: Option<&Acting>) -> Self {
        self.organization_id = acting.map(Acting::id);
        self.organization = acting.map(ActiveOrganization::of);
        self
    }

    /// The same in a list.
    #[must_use]
    pub fn in_list(mut self, current: Option<SessionId>) -> Self {
        self.current = Some(current == Some(self.id));
        self
    }
}
