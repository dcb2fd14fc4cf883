//! Who asks or writes, and in which scope (`contract/50` §1.4).

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    ids::{IdentityId, OrganizationId},
    permissions::{Scope as Right, ScopeSet},
};
use avnology_rebac::{Question, Scope, Subject};

use super::memory::View;
use crate::organizations::{Acting, ActingAs, LiveOrganization};

/// Somebody who asks about permissions or writes them, in an organization or in the tenant.
#[derive(Clone, Debug)]
pub struct Asker {
    acting: Option<Arc<Acting>>,
    scopes: ScopeSet,
    person: Option<IdentityId>,
}

impl Asker {
    /// In the organization that the caller acts in, or else in the tenant, where the caller holds `scopes`; `person` is the
    /// caller, unless that is a program.
    pub fn new(acting: Option<&Arc<Acting>>, scopes: ScopeSet, person: Option<IdentityId>) -> Self {
        match acting {
            Some(acting) => Self { acting: Some(Arc::clone(acting)), scopes: acting.scopes, person },
            None => Self { acting: None, scopes, person },
        }
    }

    /// The organization; none for the tenant.
    pub(super) fn organization(&self) -> Option<OrganizationId> {
        self.acting.as_ref().map(|acting| acting.id())
    }

    /// Who acts in the organization. `_100` in the tenant.
    pub(super) fn acting(&self) -> Result<&Arc<Acting>> {
        self.acting.as_ref().ok_or_else(|| Error::new(Code::PermissionDenied))
    }

    /// What the library sees of it.
    pub(super) fn scope(&self) -> Scope {
        self.organization().map_or(Scope::Tenant, |id| Scope::Organization(id.to_string()))
    }

    /// What the caller may.
    pub(super) fn scopes(&self) -> ScopeSet {
        self.scopes
    }

    /// The caller as a subject, when a person calls.
    pub(super) fn itself(&self) -> Option<Subject> {
        self.person.map(|id| Subject::identity(id.to_string()))
    }

    /// Who acts in this organization: the caller there, or the platform from tenant scope. `_303` for another organization
    /// than the one that the caller acts in.
    pub(super) fn in_organization(&self, organization: &Arc<LiveOrganization>) -> Result<Arc<Acting>> {
        match &self.acting {
            Some(acting) if acting.id() == organization.id() => Ok(Arc::clone(acting)),
            Some(_) => Err(Error::new(Code::OrganizationMismatch)),
            None => Ok(Arc::new(Acting {
                organization: Arc::clone(organization),
                scopes: self.scopes,
                by: ActingAs::Platform,
            })),
        }
    }

    /// The subject to ask about: who is named, or the caller. Whoever may not read permissions asks about themselves only:
    /// `_100`.
    pub(super) fn subject(&self, named: Option<Subject>) -> Result<Subject> {
        let itself = self.itself();
        let subject = match (named, &itself) {
            (Some(named), _) => named,
            (None, Some(itself)) => itself.clone(),
            (None, None) => return Err(super::input::required("subject")),
        };
        if self.scopes.contains(Right::PermissionsRead) || itself.as_ref() == Some(&subject) {
            return Ok(subject);
        }
        Err(Error::new(Code::PermissionDenied).with_detail("You may ask about yourself only."))
    }

    /// `_303` when the caller acts in an organization and the object, of a built-in namespace, is not of it: itself, its
    /// groups and its roles.
    pub(super) fn check_own(&self, view: &View, namespace: &str, object: &str) -> Result<()> {
        if self.owns(view, namespace, object) {
            return Ok(());
        }
        Err(Error::new(Code::OrganizationMismatch)
            .with_detail("This belongs to another organization, or to none."))
    }

    /// Whether the caller acts in the tenant, or the object is of an own namespace or of the organization.
    pub(super) fn owns(&self, view: &View, namespace: &str, object: &str) -> bool {
        let Some(own) = self.organization() else { return true };
        if view.snapshot.schema().namespace(namespace).is_none_or(|found| !found.built_in) {
            return true;
        }
        let own = own.to_string();
        match namespace {
            "organizations" => object == own,
            "groups" | "roles" => {
                let subject = Subject::object("organizations", own);
                let question = Question { namespace, object, relation: "organization", subject: &subject };
                view.snapshot.query(&Scope::Tenant, 0).check(&question).unwrap_or(false)
            }
            _ => false,
        }
    }

    /// `_303` when the caller acts in an organization and names a set or an object of another one as a subject: whoever is
    /// in a group of others must not be found out.
    pub(super) fn check_subject(&self, view: &View, subject: &Subject) -> Result<()> {
        match subject {
            Subject::Anyone | Subject::Opaque(_) => Ok(()),
            Subject::Object { namespace, .. }
                if matches!(namespace.as_str(), "identities" | "service_accounts" | "clients") =>
            {
                Ok(())
            }
            Subject::Object { namespace, object } | Subject::Set { namespace, object, .. } => {
                self.check_own(view, namespace, object)
            }
        }
    }
}
