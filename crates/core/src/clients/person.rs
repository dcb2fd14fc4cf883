//! The person whom tokens speak of, and the organization that they speak of them in.

use std::sync::Arc;

use avnology_model::{
    Result,
    clients::{ApiResource, Grant, GrantedRights, SignInFacts},
    identities::Identity,
    ids::OrganizationId,
    permissions::{PlatformRole, Scope},
    sessions::{Aal, CompletedMethod, Method},
};
use avnology_oauth::{Acr, Scopes, prompt::SignIn, tokens};

use super::scopes;
use crate::{
    Cx, Tenant,
    organizations::{self, LiveMember, LiveOrganization, check_state},
    sessions::claims::amr,
};

/// An organization, and the membership of the person there.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) organization: Arc<LiveOrganization>,
    pub(super) member: Arc<LiveMember>,
}

impl Place {
    /// The organization and the membership as they are now; none when either is out of use.
    pub(super) async fn of(
        app: &Arc<Tenant>,
        cx: &Cx,
        organization: OrganizationId,
        identity: &Identity,
    ) -> Result<Option<Self>> {
        let Some(found) = organizations::find(app, cx, organization).await? else { return Ok(None) };
        if check_state(found.organization.state).is_err() {
            return Ok(None);
        }
        let member = organizations::find_member(app, cx.now, &found, identity.id).await?;
        Ok(member.map(|member| Self { organization: found, member }))
    }

    /// Whether it is this one, and nothing of it was read anew since.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.organization, &other.organization) && Arc::ptr_eq(&self.member, &other.member)
    }

    /// As tokens name it.
    pub(super) fn claims(&self) -> tokens::Organization {
        tokens::Organization {
            role: Some(self.member.membership.role.to_string()),
            ..super::client_credentials::claims_of(&self.organization)
        }
    }
}

/// Whose scopes are looked at.
#[derive(Clone, Copy)]
pub(super) struct Holder {
    /// Their role on the platform.
    pub(super) platform: Option<PlatformRole>,
    /// Whether the tenant lets them make organizations.
    pub(super) may_create: bool,
}

impl Holder {
    /// This person, with their role on the platform.
    pub(super) fn of(app: &Tenant, identity: &Identity, platform: Option<PlatformRole>) -> Self {
        Self { platform, may_create: organizations::is_let_create(app, identity) }
    }
}

/// What of the granted scopes the person may have now: system scopes by their role in the place or on the platform, those of
/// resources by the roles that these name.
pub(super) fn effective(
    granted: &Scopes,
    place: Option<&Place>,
    holder: Holder,
    known: &[ApiResource],
) -> Scopes {
    granted.filtered(|name| {
        if let Some(scope) = scopes::system(name) {
            let in_place = place.is_some_and(|place| place.member.scopes.contains(scope));
            let creates = scope == Scope::OrganizationsCreate && holder.may_create;
            let on_platform = || holder.platform.is_some_and(|role| role.holds(scope));
            return scope.is_self() || creates || in_place || on_platform();
        }
        let own = |resource: &ApiResource| {
            resource.settings.scopes.iter().find(|scope| scope.name == name).cloned()
        };
        let Some(scope) = known.iter().find_map(own) else { return true };
        let holds = |place: &Place| {
            let member = &place.member;
            scope.roles.contains(&member.membership.role)
                || member.group_roles.iter().any(|role| scope.roles.contains(role))
        };
        scope.roles.is_empty() || place.is_some_and(holds)
    })
}

/// A sign-in as tokens tell of it.
pub(super) fn signed_in(grant: &Grant) -> tokens::SignedIn {
    let facts = &grant.rights.signed_in;
    tokens::SignedIn {
        session_id: grant.session_id.to_string(),
        auth_time: facts.authenticated_at.seconds(),
        acr: acr(facts.aal).name().to_owned(),
        aal: facts.aal.as_str().to_owned(),
        amr: amr(&facts.methods, facts.aal).into_iter().map(str::to_owned).collect(),
    }
}

/// The level as the protocol names it.
pub(super) fn acr(aal: Aal) -> Acr {
    match aal {
        Aal::Aal1 => Acr::Aal1,
        Aal::Aal2 => Acr::Aal2,
        Aal::Aal3 => Acr::Aal3,
    }
}

/// A session, as far as the rules of the protocol ask.
pub(super) fn sign_in_of(facts: &SignInFacts) -> SignIn {
    let is_passkey = |done: &CompletedMethod| done.method == Method::Passkey;
    SignIn {
        authenticated_at: facts.authenticated_at.seconds(),
        level: acr(facts.aal),
        by_passkey: facts.methods.iter().any(is_passkey),
    }
}

/// The scopes that were granted.
pub(super) fn scopes_of(rights: &GrantedRights) -> Scopes {
    Scopes::of(rights.scopes.iter().map(String::as_str))
}
