//! Changing a group.

use std::sync::Arc;

use avnology_model::{
    Error, FieldCode, Result,
    events::EventType,
    ids::GroupId,
    organizations::{Feature, Group, GroupType},
    platform::Precondition,
};
use avnology_store::{
    IdentityTx,
    organizations::{groups as rows, roles},
};
use serde_json::{Map, Value};

use super::{
    super::Acting,
    GroupInput, GroupView,
    create::check_room,
    event,
    input::{check_role, check_source},
    membership,
};
use crate::{Cx, Tenant, events::emit, patch};

/// Changes a group by a merge patch: another role holds when this is answered, another rule goes through the members soon
/// after. `_911`; `_901`, `_905`, `_902`; `_910` for one that a directory keeps; `_314`, `_903`, `_914` as when it is made.
pub async fn update(
    app: &Arc<Tenant>,
    cx: &Cx,
    acting: &Acting,
    id: GroupId,
    expected: &Precondition,
    change: Map<String, Value>,
) -> Result<GroupView> {
    acting.check_feature(app, Feature::Groups)?;
    if let Some(field) = change.keys().find(|field| matches!(field.as_str(), "id" | "create_time")) {
        return Err(Error::field(field, FieldCode::Immutable, "This is set once and never changed."));
    }
    let (acting2, cx, expected) = (acting.clone(), cx.clone(), expected.clone());
    let changed = app
        .store
        .identity()
        .write(move |tx| {
            let before = rows::get(tx, acting2.id(), id)?;
            expected.check(&before.etag())?;
            let mut merged = serde_json::to_value(GroupInput::of(&before)).map_err(Error::internal)?;
            patch::merge(&mut merged, &Value::Object(change.clone()));
            let draft = patch::read::<GroupInput>(merged)?.check()?;
            check_source(&before)?;
            let mut after = before.clone();
            after.name = draft.name;
            after.description = draft.description;
            after.kind = draft.kind;
            after.rule = draft.rule;
            after.role = draft.role;
            if after == before {
                return Ok(GroupView::of(&after));
            }
            check_role(tx, &acting2, Some(&before), &after)?;
            if after.kind != before.kind {
                check_room(tx, after.organization_id, after.kind, 0)?;
            }
            rows::update(tx, &mut after, cx.now)?;
            follow_change(tx, &cx, &before, &after)?;
            emit(tx, &event(&cx, EventType::GroupUpdated, Some(&before), &after))?;
            Ok(GroupView::of(&after))
        })
        .await?;
    app.organizations.forget(acting.id());
    Ok(changed)
}

/// Tuples and counters follow the role, and the job is sent through the members when the rule is another one.
fn follow_change(tx: &mut IdentityTx<'_>, cx: &Cx, before: &Group, after: &Group) -> Result<()> {
    let id = after.organization_id;
    if before.role != after.role {
        membership::drop_group_role(tx, before)?;
        membership::put_group(tx, after, cx.now)?;
        for (role, by) in [(&before.role, -1), (&after.role, 1)] {
            if let Some(role) = role {
                roles::count_groups(tx, id, role, by)?;
            }
        }
    }
    if (before.kind, &before.rule) == (after.kind, &after.rule) {
        return Ok(());
    }
    let progress = (after.kind == GroupType::Dynamic).then_some("");
    rows::set_progress(tx, after.id, progress)
}
