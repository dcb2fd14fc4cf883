//! Making a role.

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    events::EventType,
    ids::RoleId,
    organizations::{CustomRole, Feature},
    platform::IdempotencyKey,
};
use avnology_store::{
    IdentityTx,
    organizations::{organizations, roles as rows},
    permissions::tuples::{self, Tuple, namespaces},
};

use super::{super::Acting, RoleInput, RoleView, input::check_grant, view::event};
use crate::{Cx, Tenant, events::emit, platform};

/// Most custom roles of an organization.
const ROLES: usize = 200;

/// Writes the tuple of the role's organization. `_903` while somebody has a free relation of the same name, which would
/// become the role.
fn put_tuple(tx: &mut IdentityTx<'_>, role: &CustomRole) -> Result<()> {
    let (place, object) = (role.organization_id.to_string(), role.id.to_string());
    if tuples::has_relation(tx, (namespaces::ORGANIZATIONS, &place, role.key.as_str()))? {
        let taken = Error::new(Code::AlreadyExists).with_member("field", "key");
        return Err(taken.with_detail("There are relation tuples of this name. Remove them first."));
    }
    let subject = tuples::organization_subject(role.organization_id);
    let tuple =
        Tuple { namespace: namespaces::ROLES, object: &object, relation: "organization", subject: &subject };
    tuples::put_in(tx, role.organization_id, &tuple, role.create_time).map(drop)
}

/// Makes a custom role. `_911`; `_902`; `_100` for one that allows more than the caller may do; `_903` for a key that is
/// taken; `_914`.
pub async fn create(
    app: &Arc<Tenant>,
    cx: &Cx,
    acting: &Acting,
    new: RoleInput,
    key: Option<&IdempotencyKey>,
) -> Result<RoleView> {
    acting.check_feature(app, Feature::CustomRoles)?;
    let draft = new.check()?;
    let role = CustomRole {
        id: RoleId::new(cx.now, cx.random()),
        organization_id: acting.id(),
        key: draft.key,
        name: draft.name,
        description: draft.description,
        base: draft.base,
        permissions: draft.permissions,
        member_count: 0,
        group_count: 0,
        create_time: cx.now,
        update_time: cx.now,
        version: 1,
    };
    check_grant(acting, None, &role)?;
    let (id, job, cx, key) = (acting.id(), Arc::clone(app), cx.clone(), key.copied());
    let made = app
        .store
        .identity()
        .write(move |tx| {
            organizations::get(tx, id)?;
            let used = rows::of_organization(tx, id)?.len();
            if used >= ROLES {
                let full = Error::new(Code::LimitReached).with_member("limit", ROLES);
                return Err(full.with_member("used", used));
            }
            rows::insert(tx, &role)?;
            put_tuple(tx, &role)?;
            emit(tx, &event(&cx, EventType::RoleCreated, None, &role))?;
            let view = RoleView::of(&role);
            let body = serde_json::to_vec(&view).map_err(Error::internal)?;
            platform::finish(tx, &cx, &job.keys, key.as_ref(), 201, &body)?;
            Ok(view)
        })
        .await?;
    app.organizations.forget(id);
    Ok(made)
}
