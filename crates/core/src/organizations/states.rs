//! Suspending, deleting and bringing back an organization, and handing it over (`contract/20` §1.1).

use std::sync::Arc;

use avnology_model::{
    Code, Error, FieldCode, Result,
    events::{Event, EventType},
    ids::{IdentityId, OrganizationId},
    organizations::{MemberState, Organization, OrganizationState},
    permissions::{BuiltInRole, RoleKey},
    platform::Precondition,
};
use avnology_store::{
    IdentityTx,
    organizations::{memberships, organizations as rows},
    sessions::sessions as session_rows,
};
use serde_json::{Value, json};

use super::{Acting, OrganizationView, membership};
use crate::{Cx, Tenant, events::emit};

const DAY: i64 = 24 * 60 * 60;

/// Closes an organization. `_100` for anybody but the platform; `_910` unless it is active.
pub async fn suspend(
    app: &Arc<Tenant>,
    cx: &Cx,
    acting: &Acting,
    expected: &Precondition,
    reason: Option<String>,
) -> Result<OrganizationView> {
    platform_only(acting)?;
    change(app, cx, acting.id(), expected, move |tx, cx, organization| {
        require(organization, OrganizationState::Active)?;
        organization.state = OrganizationState::Suspended;
        session_rows::leave_all(tx, organization.id)?;
        Ok(told(cx, EventType::OrganizationSuspended, organization, reason.as_deref()))
    })
    .await
}

/// Opens a suspended organization. `_100` for anybody but the platform; `_910` unless it is suspended.
pub async fn activate(
    app: &Arc<Tenant>,
    cx: &Cx,
    acting: &Acting,
    expected: &Precondition,
    reason: Option<String>,
) -> Result<OrganizationView> {
    platform_only(acting)?;
    change(app, cx, acting.id(), expected, move |_, cx, organization| {
        require(organization, OrganizationState::Suspended)?;
        organization.state = OrganizationState::Active;
        Ok(told(cx, EventType::OrganizationActivated, organization, reason.as_deref()))
    })
    .await
}

/// Schedules the destruction of an organization for the end of the tenant's grace period. `_910` unless it is active or
/// suspended.
pub async fn delete(
    app: &Arc<Tenant>,
    cx: &Cx,
    acting: &Acting,
    expected: &Precondition,
) -> Result<OrganizationView> {
    let grace = i64::from(app.settings().settings.deletion_grace_days) * DAY;
    change(app, cx, acting.id(), expected, move |tx, cx, organization| {
        if !matches!(organization.state, OrganizationState::Active | OrganizationState::Suspended) {
            return Err(conflicting(organization));
        }
        organization.previous_state = Some(organization.state);
        organization.state = OrganizationState::Deleting;
        let at = cx.now.plus_seconds(grace);
        organization.deletion_scheduled_for = Some(at);
        session_rows::leave_all(tx, organization.id)?;
        let payload = json!({ "organization_id": organization.id, "scheduled_for": at });
        Ok(cx.event(EventType::OrganizationDeletionScheduled, payload))
    })
    .await
}

/// Takes a scheduled destruction back. `_910` when there is none.
pub async fn restore(
    app: &Arc<Tenant>,
    cx: &Cx,
    acting: &Acting,
    expected: &Precondition,
) -> Result<OrganizationView> {
    change(app, cx, acting.id(), expected, move |_, cx, organization| {
        require(organization, OrganizationState::Deleting)?;
        organization.state = organization.previous_state.take().unwrap_or(OrganizationState::Active);
        organization.deletion_scheduled_for = None;
        let payload = json!({ "organization_id": organization.id, "scheduled_for": null });
        Ok(cx.event(EventType::OrganizationRestored, payload))
    })
    .await
}

/// Makes another active member owner; who hands over keeps `keep_role`. `_302` for anybody who is no active member, `_314`
/// for a role that is not there, `_910` unless the organization is active.
pub async fn transfer_ownership(
    app: &Arc<Tenant>,
    cx: &Cx,
    acting: &Acting,
    to: IdentityId,
    keep_role: Option<&str>,
) -> Result<OrganizationView> {
    let keep = match keep_role {
        None => RoleKey::from(BuiltInRole::Admin),
        Some(text) => {
            let key = RoleKey::parse(text).filter(|key| acting.organization.role(key).is_some());
            key.ok_or_else(|| Error::new(Code::RoleNotAssignable))?
        }
    };
    let (id, from) = (acting.id(), acting.member().map(|member| member.membership.identity_id));
    if from == Some(to) {
        return Err(Error::field("identity_id", FieldCode::Conflict, "This is the present owner."));
    }
    let view = change(app, cx, id, &Precondition::None, move |tx, cx, organization| {
        require(organization, OrganizationState::Active)?;
        let heir = memberships::of_person(tx, organization.id, to)?.filter(|m| m.is_in_force(cx.now));
        let mut heir = heir.ok_or_else(|| Error::new(Code::NotAMember))?;
        membership::change_role(tx, cx, &mut heir, &RoleKey::owner())?;
        if heir.expire_time.take().is_some() {
            memberships::update(tx, &mut heir, cx.now)?;
        }
        let former = match from {
            Some(from) => memberships::of_person(tx, organization.id, from)?,
            None => None,
        };
        if let Some(mut former) = former.filter(|m| m.state == MemberState::Active) {
            membership::change_role(tx, cx, &mut former, &keep)?;
        }
        let payload = json!({ "from": from, "to": to });
        Ok(cx.event(EventType::OwnershipTransferred, payload).on("identity", &to))
    })
    .await?;
    for identity in [Some(to), from].into_iter().flatten() {
        app.organizations.forget_member(id, identity);
    }
    Ok(view)
}

/// Changes the row of an organization and tells of it.
async fn change<F>(
    app: &Arc<Tenant>,
    cx: &Cx,
    id: OrganizationId,
    expected: &Precondition,
    change: F,
) -> Result<OrganizationView>
where
    F: Fn(&mut IdentityTx<'_>, &Cx, &mut Organization) -> Result<Event> + Send + 'static,
{
    let (cx, expected) = (cx.clone(), expected.clone());
    let changed = app
        .store
        .identity()
        .write(move |tx| {
            let mut organization = rows::get(tx, id)?;
            expected.check(&organization.etag())?;
            let event = change(tx, &cx, &mut organization)?;
            // Members may have been changed besides, and counted.
            organization.member_count = rows::get(tx, id)?.member_count;
            rows::update(tx, &mut organization, cx.now)?;
            emit(tx, &event.in_organization(id).on("organization", &id))?;
            OrganizationView::whole(tx, &organization, true)
        })
        .await?;
    app.organizations.forget(id);
    Ok(changed)
}

fn told(cx: &Cx, event: EventType, organization: &Organization, reason: Option<&str>) -> Event {
    let reason = reason.map_or(Value::Null, Value::from);
    cx.event(event, json!({ "organization_id": organization.id, "reason": reason }))
}

pub(super) fn platform_only(acting: &Acting) -> Result<()> {
    if acting.is_platform() { Ok(()) } else { Err(Error::new(Code::PermissionDenied)) }
}

fn require(organization: &Organization, state: OrganizationState) -> Result<()> {
    if organization.state == state { Ok(()) } else { Err(conflicting(organization)) }
}

fn conflicting(organization: &Organization) -> Error {
    Error::new(Code::ConflictingState).with_member("state", organization.state.as_str())
}
