//! Roles as they are offered to whoever gives them, and what they are called.

use std::sync::Arc;

use avnology_model::{
    Result,
    ids::OrganizationId,
    organizations::RoleBase,
    permissions::{BuiltInRole, RoleKey, Scope, ScopeSet},
};
use avnology_store::{IdentityTx, organizations::roles as rows};

use super::{
    super::{Acting, LiveOrganization, MemberView, live},
    view::built_in_name,
};
use crate::{Cx, Tenant};

/// A role by key and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRole {
    /// Key.
    pub key: RoleKey,
    /// What it is called.
    pub name: String,
}

/// Every role of an organization, the built-in ones first.
pub fn named(organization: &LiveOrganization) -> Vec<NamedRole> {
    let built_in = BuiltInRole::ALL.iter().map(|role| RoleKey::from(*role));
    let all = built_in.chain(organization.custom_roles().into_iter().cloned());
    all.map(|key| NamedRole { name: organization.role_name(&key), key }).collect()
}

/// The roles that the caller may give, the built-in ones first.
pub fn assignable(acting: &Acting) -> Vec<NamedRole> {
    let mut roles = named(&acting.organization);
    roles.retain(|role| acting.check_assignable(&role.key).is_ok());
    roles
}

/// The roles that the caller may give this member; none for an owner whom only owners may change.
pub fn assignable_to(acting: &Acting, member: &MemberView) -> Vec<NamedRole> {
    if member.role.is_owner() && !acting.is_owner() { Vec::new() } else { assignable(acting) }
}

/// The roles that the caller may have given to whoever joins, or belongs to a group: never that of owners.
pub fn assignable_by_default(acting: &Acting) -> Vec<NamedRole> {
    let mut roles = assignable(acting);
    roles.retain(|role| !role.key.is_owner());
    roles
}

/// The system scopes that the caller may put into a role of the organization's own. Those about oneself are in every role.
pub fn grantable_scopes(acting: &Acting) -> Vec<Scope> {
    let may = |scope: &Scope| {
        scope.is_of_organizations()
            && !scope.is_self()
            && *scope != Scope::OrganizationsDelete
            && acting.may_grant([*scope].into_iter().collect::<ScopeSet>(), &[])
    };
    Scope::ALL.iter().copied().filter(may).collect()
}

/// The built-in roles that the caller may base a role of the organization's own on.
pub fn grantable_bases(acting: &Acting) -> Vec<RoleBase> {
    let may = |base: &RoleBase| acting.may_grant(base.role().scopes(), &[]);
    RoleBase::ALL.iter().copied().filter(may).collect()
}

/// What a role is called; one that is gone by its key.
pub(in super::super) fn role_title(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    role: &RoleKey,
) -> Result<String> {
    if let Some(built_in) = role.built_in() {
        return Ok(built_in_name(built_in).to_owned());
    }
    Ok(rows::by_key(tx, organization, role)?.map_or_else(|| role.to_string(), |custom| custom.name))
}

/// What a role of an organization is called, for those who need not belong to it. Warm, it asks no database.
pub async fn name_of(
    app: &Arc<Tenant>,
    cx: &Cx,
    organization: OrganizationId,
    role: &RoleKey,
) -> Result<String> {
    let found = live::find(app, cx, organization).await?;
    Ok(found.map_or_else(|| role.to_string(), |organization| organization.role_name(role)))
}
