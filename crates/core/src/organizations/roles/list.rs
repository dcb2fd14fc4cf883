//! Reading roles.

use avnology_model::{
    Code, Error, Result,
    ids::{OrganizationId, RoleId},
    organizations::CustomRole,
    permissions::{BuiltInRole, RoleKey},
};
use avnology_store::{
    IdentityTx,
    organizations::{groups, roles as rows, seats},
};

use super::{super::Acting, RoleView};
use crate::{Cx, Tenant};

/// All roles of an organization, the built-in ones first.
pub async fn list(app: &Tenant, cx: &Cx, acting: &Acting) -> Result<Vec<RoleView>> {
    let (id, now) = (acting.id(), cx.now);
    app.store
        .identity()
        .read(move |tx| {
            let seats = seats::at(tx, id, now)?;
            let groups = groups::numbers_by_role(tx, id)?;
            let built_in = BuiltInRole::ALL.iter().map(|role| {
                let key = RoleKey::from(*role);
                let members = seats.by_role.get(&key).copied().unwrap_or_default();
                let of_groups = groups.iter().find(|(given, _)| *given == key).map_or(0, |(_, count)| *count);
                RoleView::of_built_in(*role, members, of_groups)
            });
            let mut roles: Vec<RoleView> = built_in.collect();
            roles.extend(rows::of_organization(tx, id)?.iter().map(RoleView::of));
            Ok(roles)
        })
        .await
}

/// The role that an id or a key names. `_901`.
pub async fn get(app: &Tenant, cx: &Cx, acting: &Acting, name: &str) -> Result<RoleView> {
    if RoleKey::parse(name).is_some_and(|key| key.built_in().is_some()) {
        let all = list(app, cx, acting).await?;
        return all.into_iter().find(|role| role.key.as_str() == name).ok_or_else(Error::not_found);
    }
    let (id, name) = (acting.id(), name.to_owned());
    app.store.identity().read(move |tx| Ok(RoleView::of(&find_custom(tx, id, &name)?))).await
}

/// The custom role that an id or a key names. `_901`; `_910` for a built-in role, which is what it is.
pub(super) fn find_custom(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    name: &str,
) -> Result<CustomRole> {
    if let Ok(id) = name.parse::<RoleId>() {
        return rows::by_id(tx, organization, id)?.ok_or_else(Error::not_found);
    }
    let key = RoleKey::parse(name).ok_or_else(Error::not_found)?;
    if key.built_in().is_some() {
        return Err(Error::new(Code::ConflictingState)
            .with_member("state", "built_in")
            .with_detail("Built-in roles are what they are."));
    }
    rows::by_key(tx, organization, &key)?.ok_or_else(Error::not_found)
}
