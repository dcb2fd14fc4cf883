//! What a tuple is besides a tuple: the role of a member, a place in a group, or nothing more (`contract/50` §6.3).

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    ids::{GroupId, IdentityId, OrganizationId},
    permissions::{PlatformRole, RoleKey},
};
use avnology_rebac::{Scope, Subject, Tuple};

use super::{Asker, check::asked, input, memory::View};
use crate::{
    Cx, Tenant,
    organizations::{self, Acting},
};

/// What a tuple is.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// One of an own namespace.
    Own,
    /// One of a built-in namespace that nothing else goes with; of an organization, if one.
    Free(Option<OrganizationId>),
    /// A role on the platform.
    Platform(PlatformRole, IdentityId),
    /// The role of a member.
    Role(Arc<Acting>, RoleKey, IdentityId),
    /// A place in a group.
    Group(Arc<Acting>, GroupId, IdentityId),
}

fn of_system(detail: &str) -> Error {
    Error::new(Code::TupleOfSystem).with_detail(detail)
}

/// The person that a subject is. `_901` for one that is no identity of ours.
fn person(subject: &Subject) -> Result<Option<IdentityId>> {
    match subject {
        Subject::Object { namespace, object } if namespace == "identities" => {
            object.parse().map(Some).map_err(|_| Error::not_found())
        }
        _ => Ok(None),
    }
}

/// What a tuple is that somebody wants to write or remove. `_303` for what is another organization's, `_500` for what the
/// schema has no place for, `_504` for what belongs to the system, `_300` and `_901` for what is not there.
pub(super) async fn target(
    app: &Arc<Tenant>,
    cx: &Cx,
    asker: &Asker,
    view: &View,
    tuple: &Tuple,
) -> Result<Target> {
    asker.check_own(view, &tuple.namespace, &tuple.object)?;
    view.snapshot.schema().check_tuple(tuple).map_err(|misfit| input::misfit(&misfit))?;
    asker.check_subject(view, &tuple.subject)?;
    let relation = tuple.relation.as_str();
    match (tuple.namespace.as_str(), relation) {
        ("organizations", _) => of_organization(app, cx, asker, tuple).await,
        ("platform", _) => match (PlatformRole::parse(relation), person(&tuple.subject)?) {
            (Some(role), Some(identity)) if tuple.object == "main" => Ok(Target::Platform(role, identity)),
            _ => Err(Error::not_found()),
        },
        ("roles" | "service_accounts", _) | (_, "organization") if is_built_in(view, tuple) => {
            Err(of_system("Its role, group, client or service account writes this tuple."))
        }
        ("groups", _) => of_group(app, cx, asker, view, tuple).await,
        _ if is_built_in(view, tuple) => Ok(Target::Free(None)),
        _ => Ok(Target::Own),
    }
}

fn is_built_in(view: &View, tuple: &Tuple) -> bool {
    view.snapshot.schema().namespace(&tuple.namespace).is_some_and(|namespace| namespace.built_in)
}

async fn of_organization(app: &Arc<Tenant>, cx: &Cx, asker: &Asker, tuple: &Tuple) -> Result<Target> {
    if tuple.relation.contains(':') {
        return Err(of_system("Permissions come with roles and grants."));
    }
    let organization = organizations::get_named(app, cx, &tuple.object).await?;
    let role = RoleKey::parse(&tuple.relation).filter(|key| organization.role(key).is_some());
    let Some(role) = role else { return Ok(Target::Free(Some(organization.id()))) };
    match (person(&tuple.subject)?, &tuple.subject) {
        (Some(identity), _) => Ok(Target::Role(asker.in_organization(&organization)?, role, identity)),
        (None, Subject::Set { .. }) => Err(of_system("The role of a group is written with the group.")),
        (None, _) => {
            Err(Error::new(Code::PermissionUnknown)
                .with_detail("A role is given to people, and through groups."))
        }
    }
}

async fn of_group(app: &Arc<Tenant>, cx: &Cx, asker: &Asker, view: &View, tuple: &Tuple) -> Result<Target> {
    let owner = asked(view, &Scope::Tenant, cx.now, |query| {
        query.list_subjects("groups", &tuple.object, "organization", "organizations")
    });
    let owner = owner?.ids.into_iter().next();
    let organization = organizations::get_named(app, cx, &owner.ok_or_else(Error::not_found)?).await?;
    if tuple.relation != "member" {
        return Ok(Target::Free(Some(organization.id())));
    }
    let group: GroupId = tuple.object.parse().map_err(|_| Error::not_found())?;
    let identity = person(&tuple.subject)?.ok_or_else(Error::not_found)?;
    Ok(Target::Group(asker.in_organization(&organization)?, group, identity))
}
