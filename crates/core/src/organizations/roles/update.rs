//! Changing a role.

use std::sync::Arc;

use avnology_model::{
    Code, Error, FieldCode, Result,
    events::EventType,
    organizations::{CustomRole, Feature, GroupType, RoleBase},
    platform::Precondition,
};
use avnology_store::{
    IdentityTx,
    organizations::{groups, roles as rows},
};
use serde_json::{Map, Value};

use super::{super::Acting, RoleInput, RoleView, input::check_grant, list::find_custom, view::event};
use crate::{Cx, Tenant, events::emit, patch};

/// Changes a custom role by a merge patch; whoever holds it has the new rights when this is answered. `_911`; `_901`,
/// `_905`, `_902`; `_910` for a built-in one; `_100` for more than the caller may do; `_314` where a rule gives the role,
/// which may then not be based on `admin`.
pub async fn update(
    app: &Arc<Tenant>,
    cx: &Cx,
    acting: &Acting,
    name: &str,
    expected: &Precondition,
    change: Map<String, Value>,
) -> Result<RoleView> {
    acting.check_feature(app, Feature::CustomRoles)?;
    if let Some(field) = change.keys().find(|field| matches!(field.as_str(), "id" | "key" | "create_time")) {
        return Err(Error::field(field, FieldCode::Immutable, "This is set once and never changed."));
    }
    let acting2 = acting.clone();
    let (id, name, cx, expected) = (acting.id(), name.to_owned(), cx.clone(), expected.clone());
    let changed = app
        .store
        .identity()
        .write(move |tx| {
            let before = find_custom(tx, id, &name)?;
            expected.check(&before.etag())?;
            let mut merged = serde_json::to_value(RoleInput::of(&before)).map_err(Error::internal)?;
            patch::merge(&mut merged, &Value::Object(change.clone()));
            let draft = patch::read::<RoleInput>(merged)?.check()?;
            let mut after = before.clone();
            after.name = draft.name;
            after.description = draft.description;
            after.base = draft.base;
            after.permissions = draft.permissions;
            if after == before {
                return Ok(RoleView::of(&after));
            }
            check_grant(&acting2, Some(&before), &after)?;
            check_rules(tx, &after)?;
            rows::update(tx, &mut after, cx.now)?;
            emit(tx, &event(&cx, EventType::RoleUpdated, Some(&before), &after))?;
            Ok(RoleView::of(&after))
        })
        .await?;
    app.organizations.forget(id);
    Ok(changed)
}

/// `_314` for a role that is based on `admin` and given by a rule: people can edit what rules read.
fn check_rules(tx: &mut IdentityTx<'_>, role: &CustomRole) -> Result<()> {
    if role.base != RoleBase::Admin {
        return Ok(());
    }
    let groups = groups::with_role(tx, role.organization_id, &role.key)?;
    if groups.iter().any(|group| group.kind == GroupType::Dynamic) {
        return Err(Error::new(Code::RoleNotAssignable)
            .with_detail("A dynamic group gives this role, which can then not be based on admin."));
    }
    Ok(())
}
