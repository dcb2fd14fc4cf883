//! Removing a group.

use std::sync::Arc;

use avnology_model::{
    Result, events::EventType, ids::GroupId, organizations::Feature, platform::Precondition,
};
use avnology_store::{
    organizations::{groups as rows, roles},
    permissions::tuples::{self, namespaces},
};

use super::{super::Acting, event, input::check_source, membership};
use crate::{Cx, Tenant, events::emit};

/// Removes a group with its members, and with the role that they had by it. `_911`; `_901`, `_905`; `_910` for one that a
/// directory keeps.
pub async fn delete(
    app: &Arc<Tenant>,
    cx: &Cx,
    acting: &Acting,
    id: GroupId,
    expected: &Precondition,
) -> Result<()> {
    acting.check_feature(app, Feature::Groups)?;
    let (place, cx, expected) = (acting.id(), cx.clone(), expected.clone());
    app.store
        .identity()
        .write(move |tx| {
            let group = rows::get(tx, place, id)?;
            expected.check(&group.etag())?;
            check_source(&group)?;
            membership::drop_group_role(tx, &group)?;
            if let Some(role) = &group.role {
                roles::count_groups(tx, place, role, -1)?;
            }
            tuples::remove_object(tx, namespaces::GROUPS, &id.to_string())?;
            rows::delete(tx, id)?;
            emit(tx, &event(&cx, EventType::GroupDeleted, None, &group))
        })
        .await?;
    app.organizations.forget(place);
    Ok(())
}
