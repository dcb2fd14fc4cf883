//! Removing a role, and giving another one to whoever has it.

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    events::EventType,
    organizations::{CustomRole, Feature, GroupType, MemberState},
    permissions::RoleKey,
    platform::Precondition,
};
use avnology_store::{
    IdentityTx,
    organizations::{domains, groups, invitations, memberships, organizations, roles as rows, seats},
    permissions::tuples::{self, namespaces},
};
use serde_json::json;

use super::{
    super::{Acting, groups as group_verbs, membership, update::payload},
    list::find_custom,
    view::event,
};
use crate::{Cx, Tenant, events::emit};

/// Most members whose role changes in one transaction.
const HOLDERS: u32 = 10_000;
const ASSIGNEE: &str = "assignee";

/// Removes a custom role. Whatever names it, in the same transaction, names `reassign_to` instead: members, groups, open
/// invitations, and the roles of those who join. `_911`; `_901`, `_905`; `_910` for a built-in one; `_315` when it is in use
/// and nothing shall take its place; `_314` for a role that is not there or not the caller's to give; `_914`.
pub async fn delete(
    app: &Arc<Tenant>,
    cx: &Cx,
    acting: &Acting,
    name: &str,
    expected: &Precondition,
    reassign_to: Option<&str>,
) -> Result<()> {
    acting.check_feature(app, Feature::CustomRoles)?;
    let instead = reassign_to.map(|text| read_successor(acting, text)).transpose()?;
    let (id, name, cx, expected) = (acting.id(), name.to_owned(), cx.clone(), expected.clone());
    app.store
        .identity()
        .write(move |tx| {
            let role = find_custom(tx, id, &name)?;
            expected.check(&role.etag())?;
            match &instead {
                Some(instead) => reassign(tx, &cx, &role, instead)?,
                None => check_unused(tx, &role)?,
            }
            tuples::remove_object(tx, namespaces::ROLES, &role.id.to_string())?;
            rows::delete(tx, id, role.id)?;
            emit(tx, &event(&cx, EventType::RoleDeleted, None, &role))
        })
        .await?;
    app.organizations.forget(id);
    Ok(())
}

/// The role that takes the place of another one. `owner` cannot: groups and invitations by the dozen must make no owners.
fn read_successor(acting: &Acting, text: &str) -> Result<RoleKey> {
    let role = RoleKey::parse(text).filter(|role| !role.is_owner());
    let role = role.ok_or_else(|| Error::new(Code::RoleNotAssignable))?;
    acting.check_assignable(&role)?;
    Ok(role)
}

/// `_315` while the role is held, given by a group or named by a default. Open invitations fall back to the default role.
fn check_unused(tx: &mut IdentityTx<'_>, role: &CustomRole) -> Result<()> {
    let id = role.organization_id;
    let members = memberships::count_with_role(tx, id, &role.key)?;
    let is_default =
        organizations::get(tx, id)?.default_role == role.key || domains::names_role(tx, id, &role.key)?;
    if members == 0 && role.group_count == 0 && !is_default {
        return Ok(());
    }
    let in_use = Error::new(Code::RoleInUse)
        .with_member("member_count", members)
        .with_member("group_count", role.group_count);
    Err(if is_default { in_use.with_detail("It is the role of those who join.") } else { in_use })
}

fn reassign(tx: &mut IdentityTx<'_>, cx: &Cx, role: &CustomRole, instead: &RoleKey) -> Result<()> {
    let id = role.organization_id;
    membership::check_role(tx, id, instead)?;
    if role.key == *instead {
        return Err(Error::new(Code::RoleNotAssignable).with_detail("A role cannot take its own place."));
    }
    let holders = memberships::count_with_role(tx, id, &role.key)?;
    if holders > HOLDERS {
        let full = Error::new(Code::LimitReached).with_member("limit", HOLDERS);
        return Err(full.with_member("used", holders));
    }
    reassign_groups(tx, cx, role, instead)?;
    reassign_members(tx, cx, role, instead)?;
    // Tuples of members and of groups are alike: `organizations:{org}#{role}@…`.
    let object = id.to_string();
    tuples::move_all(
        tx,
        namespaces::ORGANIZATIONS,
        (&object, role.key.as_str()),
        (&object, instead.as_str()),
    )?;
    invitations::replace_role(tx, id, &role.key, instead)?;
    domains::replace_role(tx, id, &role.key, instead)?;
    let mut organization = organizations::get(tx, id)?;
    if organization.default_role == role.key {
        let before = organization.clone();
        organization.default_role = instead.clone();
        organizations::update(tx, &mut organization, cx.now)?;
        let event = cx.event(EventType::OrganizationUpdated, payload(&before, &organization));
        emit(tx, &event.in_organization(id).on("organization", &id))?;
    }
    Ok(())
}

fn reassign_members(tx: &mut IdentityTx<'_>, cx: &Cx, role: &CustomRole, instead: &RoleKey) -> Result<()> {
    let id = role.organization_id;
    let members = memberships::with_role(tx, id, &role.key)?;
    if members.is_empty() {
        return Ok(());
    }
    memberships::replace_role(tx, id, (&role.key, instead), cx.now)?;
    if let Some(custom) = rows::by_key(tx, id, instead)? {
        let (gone, taken) = (role.id.to_string(), custom.id.to_string());
        tuples::move_all(tx, namespaces::ROLES, (&gone, ASSIGNEE), (&taken, ASSIGNEE))?;
    }
    let active = members.iter().filter(|member| member.state == MemberState::Active).count();
    let active = u32::try_from(active).map_err(Error::internal)?;
    rows::count_members(tx, id, instead, i64::from(active))?;
    seats::change(tx, id, cx.now, |seats| {
        seats.by_role.remove(&role.key);
        *seats.by_role.entry(instead.clone()).or_default() += active;
    })?;
    for mut member in members {
        member.role = instead.clone();
        let payload = json!({ "member": membership::shown(&member), "previous_role": role.key });
        emit(tx, &membership::event(cx, EventType::MemberRoleChanged, &member, payload))?;
    }
    Ok(())
}

fn reassign_groups(tx: &mut IdentityTx<'_>, cx: &Cx, role: &CustomRole, instead: &RoleKey) -> Result<()> {
    let id = role.organization_id;
    let given = groups::with_role(tx, id, &role.key)?;
    for before in &given {
        if before.kind == GroupType::Dynamic {
            group_verbs::check_rule_role(tx, id, instead)?;
        }
        let mut after = before.clone();
        after.role = Some(instead.clone());
        groups::update(tx, &mut after, cx.now)?;
        emit(tx, &group_verbs::event(cx, EventType::GroupUpdated, Some(before), &after))?;
    }
    let count = i64::try_from(given.len()).map_err(Error::internal)?;
    rows::count_groups(tx, id, instead, count)
}
