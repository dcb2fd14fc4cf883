//! Who manages service accounts, and where.

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    ids::{IdentityId, OrganizationId},
    organizations::Feature,
    permissions::{Scope, ScopeSet},
};

use crate::{Tenant, organizations::Acting};

/// Somebody who manages the service accounts of one organization, or those of the tenant. That they may at all was checked
/// with the scope of the route.
#[derive(Clone, Debug)]
pub struct Keeper {
    organization: Option<Arc<Acting>>,
    scopes: ScopeSet,
    person: Option<IdentityId>,
}

impl Keeper {
    /// Of the accounts of the organization that the caller acts in; `person` is the caller, unless that is a program.
    pub fn of_organization(acting: &Arc<Acting>, person: Option<IdentityId>) -> Self {
        Self { organization: Some(Arc::clone(acting)), scopes: acting.scopes, person }
    }

    /// Of the accounts of the tenant, for a caller who holds `scopes` there.
    pub fn of_tenant(scopes: ScopeSet, person: Option<IdentityId>) -> Self {
        Self { organization: None, scopes, person }
    }

    /// The organization whose accounts these are; none for the tenant.
    pub fn organization_id(&self) -> Option<OrganizationId> {
        self.organization.as_ref().map(|acting| acting.id())
    }

    /// The calling person; none for a program.
    pub(super) fn person(&self) -> Option<IdentityId> {
        self.person
    }

    /// `_911` when an organization does without API keys: what is there can be read, nothing can be changed.
    pub(super) fn check_feature(&self, app: &Tenant) -> Result<()> {
        self.organization.as_ref().map_or(Ok(()), |acting| acting.check_feature(app, Feature::ApiKeys))
    }

    /// `_100` unless the caller holds all of `wanted`: nobody gives what they do not have.
    pub(super) fn check_holds(&self, wanted: ScopeSet) -> Result<()> {
        if self.scopes.contains_all(wanted) {
            return Ok(());
        }
        let missing: Vec<&str> = wanted.without(self.scopes).iter().map(Scope::as_str).collect();
        Err(Error::new(Code::PermissionDenied)
            .with_detail(format!("Nobody gives what they do not hold: {}.", missing.join(", "))))
    }

    /// Whether an account here may have the scope: column K for an organization's, all that are not about a person for the
    /// tenant's.
    pub(super) fn may_be_given(&self, scope: Scope) -> bool {
        if self.organization.is_some() { scope.is_for_keys() } else { !scope.is_self() }
    }
}
