//! Making a group.

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    events::EventType,
    ids::{GroupId, OrganizationId},
    organizations::{Feature, Group, GroupSource, GroupType},
    platform::IdempotencyKey,
};
use avnology_store::{
    IdentityTx,
    organizations::{groups as rows, organizations, roles},
};

use super::{super::Acting, GroupInput, GroupView, event, input::check_role, membership};
use crate::{Cx, Tenant, events::emit, platform};

/// Most groups of an organization, and most of them with a rule.
const GROUPS: u32 = 5_000;
const DYNAMIC: u32 = 50;

/// Makes a group; a rule goes through the members soon after. `_911`; `_902`; `_314` for a role that the group may not give;
/// `_903` for a name that is taken; `_914`.
pub async fn create(
    app: &Arc<Tenant>,
    cx: &Cx,
    acting: &Acting,
    new: GroupInput,
    key: Option<&IdempotencyKey>,
) -> Result<GroupView> {
    acting.check_feature(app, Feature::Groups)?;
    let draft = new.check()?;
    let group = Group {
        id: GroupId::new(cx.now, cx.random()),
        organization_id: acting.id(),
        name: draft.name,
        description: draft.description,
        kind: draft.kind,
        rule: draft.rule,
        role: draft.role,
        source: GroupSource::Manual,
        external_id: None,
        member_count: 0,
        create_time: cx.now,
        update_time: cx.now,
        version: 1,
    };
    let (job, acting, cx, key) = (Arc::clone(app), acting.clone(), cx.clone(), key.copied());
    app.store
        .identity()
        .write(move |tx| {
            let id = group.organization_id;
            organizations::get(tx, id)?;
            check_role(tx, &acting, None, &group)?;
            check_room(tx, id, group.kind, 1)?;
            rows::insert(tx, &group)?;
            membership::put_group(tx, &group, cx.now)?;
            if let Some(role) = &group.role {
                roles::count_groups(tx, id, role, 1)?;
            }
            emit(tx, &event(&cx, EventType::GroupCreated, None, &group))?;
            let view = GroupView::of(&group);
            let body = serde_json::to_vec(&view).map_err(Error::internal)?;
            platform::finish(tx, &cx, &job.keys, key.as_ref(), 201, &body)?;
            Ok(view)
        })
        .await
}

/// `_914` unless there is room for `more` groups and one of this kind.
pub(super) fn check_room(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    kind: GroupType,
    more: u32,
) -> Result<()> {
    let numbers = rows::numbers(tx, organization)?;
    let full = |limit: u32, used: u32| {
        Err(Error::new(Code::LimitReached).with_member("limit", limit).with_member("used", used))
    };
    if numbers.all + more > GROUPS {
        return full(GROUPS, numbers.all);
    }
    if kind == GroupType::Dynamic && numbers.dynamic >= DYNAMIC {
        return full(DYNAMIC, numbers.dynamic);
    }
    Ok(())
}
