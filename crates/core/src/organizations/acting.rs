//! Who acts in an organization, and with which rights (`contract/00` §§11–13).

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result, Timestamp,
    ids::{OrganizationId, ServiceAccountId},
    organizations::{Feature, OrganizationState, Permission},
    permissions::{RoleKey, Scope, ScopeSet},
    sessions::{Aal, CompletedMethod},
};
use serde_json::json;

use super::{LiveMember, LiveOrganization, find_member};
use crate::{
    Tenant,
    clients::{Program, TokenCaller},
    service_accounts::LiveKey,
    sessions::LiveSession,
};

/// In which capacity somebody acts.
#[derive(Clone, Debug)]
pub enum ActingAs {
    /// With a role on the platform, or a key of the tenant.
    Platform,
    /// As a member.
    Member(Arc<LiveMember>),
    /// As a service account of the organization.
    ServiceAccount(ServiceAccountId),
}

/// Somebody who acts in an organization.
#[derive(Clone, Debug)]
pub struct Acting {
    /// The organization.
    pub organization: Arc<LiveOrganization>,
    /// System scopes held here.
    pub scopes: ScopeSet,
    /// In which capacity.
    pub by: ActingAs,
}

impl Acting {
    /// A key in an organization: one of the tenant's anywhere, one of an organization's there. `_303` elsewhere.
    pub fn key(organization: Arc<LiveOrganization>, key: &LiveKey) -> Result<Self> {
        let scopes = key.scopes();
        match key.key.organization_id {
            None => Ok(Self { organization, scopes, by: ActingAs::Platform }),
            Some(own) if own == organization.id() => {
                let by = ActingAs::ServiceAccount(key.key.service_account_id);
                Ok(Self { organization, scopes, by })
            }
            Some(_) => Err(Error::new(Code::OrganizationMismatch)),
        }
    }

    /// A client that acts for itself in an organization: one of the tenant's anywhere, unless its token is for one; one that
    /// speaks as an organization's service account there. `_303` elsewhere.
    pub fn program(
        organization: Arc<LiveOrganization>,
        token: &TokenCaller,
        program: Program,
    ) -> Result<Self> {
        if token.organization.is_some_and(|own| own != organization.id()) {
            return Err(Error::new(Code::OrganizationMismatch));
        }
        let by = match program.account.filter(|_| program.is_of_organization) {
            Some(_) if token.organization.is_none() => return Err(Error::new(Code::OrganizationMismatch)),
            Some(account) => ActingAs::ServiceAccount(account),
            None => ActingAs::Platform,
        };
        Ok(Self { organization, scopes: token.scopes(), by })
    }

    /// A person in an organization: with a role on the platform, as a member, or both; through a client no further than that
    /// was allowed. `_302` for anybody else, `_303` where the client's token is for another organization.
    pub async fn session(
        app: &Arc<Tenant>,
        now: Timestamp,
        organization: Arc<LiveOrganization>,
        live: &LiveSession,
    ) -> Result<Self> {
        let bound = live.through.and_then(|through| through.organization);
        if bound.is_some_and(|own| own != organization.id()) {
            return Err(Error::new(Code::OrganizationMismatch));
        }
        let member = find_member(app, now, &organization, live.identity.id).await?;
        let held = live.limited(member.as_ref().map_or(ScopeSet::EMPTY, |member| member.scopes));
        match (live.platform_scopes(), member) {
            (Some(scopes), _) => {
                Ok(Self { organization, scopes: scopes.union(held), by: ActingAs::Platform })
            }
            (None, Some(member)) => {
                app.organizations.touch(&member, now);
                Ok(Self { organization, scopes: held, by: ActingAs::Member(member) })
            }
            (None, None) => Err(Error::new(Code::NotAMember)),
        }
    }

    /// The organization's id.
    pub fn id(&self) -> OrganizationId {
        self.organization.id()
    }

    /// Whether the caller acts for the platform.
    pub fn is_platform(&self) -> bool {
        matches!(self.by, ActingAs::Platform)
    }

    /// The membership, when the caller acts as a member.
    pub fn member(&self) -> Option<&Arc<LiveMember>> {
        match &self.by {
            ActingAs::Member(member) => Some(member),
            ActingAs::Platform | ActingAs::ServiceAccount(_) => None,
        }
    }

    /// Whether the caller may do what only owners may: owners, and the platform with the right to delete.
    pub fn is_owner(&self) -> bool {
        match &self.by {
            ActingAs::Platform => self.scopes.contains(Scope::OrganizationsDelete),
            ActingAs::Member(member) => member.is_owner(),
            ActingAs::ServiceAccount(_) => false,
        }
    }

    /// `_012` unless the caller holds the scope here.
    pub fn check_scope(&self, scope: Scope) -> Result<()> {
        if self.scopes.contains(scope) {
            return Ok(());
        }
        Err(Error::new(Code::ScopeMissing).with_member("required_scopes", vec![scope.as_str()]))
    }

    /// `_911` when the feature is off here.
    pub fn check_feature(&self, app: &Tenant, feature: Feature) -> Result<()> {
        if self.organization.has_feature(&app.settings().settings, feature) {
            return Ok(());
        }
        Err(Error::new(Code::FeatureDisabled).with_member("feature", feature.as_str()))
    }

    /// `_314` unless the role is there and the caller may give it: owners by owners only, others by those who hold all
    /// that the role does.
    pub fn check_assignable(&self, role: &RoleKey) -> Result<()> {
        let rights = self.organization.role(role);
        let may = rights.is_some_and(|rights| {
            if role.is_owner() { self.is_owner() } else { self.may_grant(rights.scopes, &rights.permissions) }
        });
        if may { Ok(()) } else { Err(Error::new(Code::RoleNotAssignable)) }
    }

    /// Whether the caller holds all these scopes and, as a member who does not own the organization, these permissions.
    pub fn may_grant(&self, scopes: ScopeSet, permissions: &[Permission]) -> bool {
        // Keys hold none of the `:self` scopes, which every role has and which are about the member alone.
        let own: ScopeSet = Scope::ALL.iter().copied().filter(|scope| scope.is_self()).collect();
        if !self.scopes.contains_all(scopes.without(own)) {
            return false;
        }
        match &self.by {
            ActingAs::Platform | ActingAs::ServiceAccount(_) => true,
            ActingAs::Member(member) if member.is_owner() => true,
            // Administrators run the organization: its applications' permissions are theirs to give.
            ActingAs::Member(member) => {
                self.scopes.contains(Scope::RolesWrite)
                    || permissions.iter().all(|wanted| {
                        let held = member.permissions.iter().filter_map(|text| Permission::parse(text));
                        held.into_iter().any(|own| own.covers(wanted.as_str()))
                    })
            }
        }
    }
}

/// `_310` or `_312` unless an organization in this state lets its members in.
pub fn check_state(state: OrganizationState) -> Result<()> {
    match state {
        OrganizationState::Active => Ok(()),
        OrganizationState::Provisioning => Err(Error::new(Code::OrganizationNotReady).with_retry_after(1)),
        OrganizationState::Suspended | OrganizationState::Deleting => {
            Err(Error::new(Code::OrganizationSuspended).with_member("state", state.as_str()))
        }
    }
}

/// `_110` or `_006` when the organization asks for more than the session has; `required` says for what.
pub fn check_rules(organization: &LiveOrganization, live: &LiveSession, now: Timestamp) -> Result<()> {
    let session = &live.session;
    check_sign_in(organization, session.aal, session.authenticated_at, &session.methods, now)
}

/// The same for a sign-in whose session may be over.
pub(crate) fn check_sign_in(
    organization: &LiveOrganization,
    aal: Aal,
    authenticated_at: Timestamp,
    methods: &[CompletedMethod],
    now: Timestamp,
) -> Result<()> {
    let rules = &organization.organization;
    let refuse = |code: Code, aal: Option<Aal>, max_age: Option<u32>, methods: Option<Vec<&'static str>>| {
        let required = json!({ "aal": aal, "max_age": max_age, "connection_id": null, "methods": methods });
        Err(Error::new(code).with_member("required", required))
    };
    if rules.mfa_required && aal < Aal::Aal2 {
        return refuse(Code::SecondFactorRequired, Some(Aal::Aal2), None, None);
    }
    if let Some(life) = rules.session_policy.absolute_timeout_seconds
        && authenticated_at.plus_seconds(i64::from(life)) <= now
    {
        return refuse(Code::StepUpRequired, None, Some(life), None);
    }
    let allowed: Vec<&'static str> = rules.allowed_methods.iter().map(|method| method.as_str()).collect();
    let fits = |method: &str| allowed.contains(&method);
    if !allowed.is_empty() && !methods.iter().any(|done| fits(done.method.as_str())) {
        return refuse(Code::StepUpRequired, None, None, Some(allowed));
    }
    Ok(())
}
