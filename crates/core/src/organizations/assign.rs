//! Roles and places in groups that are given as relation tuples, in the transaction of whoever writes the tuple
//! (`contract/50` §6.3). The rules are those of members and groups.

use avnology_model::{
    Code, Error, Result, Timestamp,
    ids::{GroupId, IdentityId, MembershipId},
    organizations::{Feature, MemberState, MembershipSource},
    permissions::RoleKey,
    secret_token::SecretHash,
};
use avnology_store::{
    IdentityTx,
    identities::identities,
    organizations::{memberships as rows, organizations},
    sessions::sessions,
};

use super::{
    Acting, groups, members,
    membership::{self, Joining},
};
use crate::{Cx, Tenant};

/// A role for somebody.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    /// Id of the membership, should it be made.
    pub(crate) membership: MembershipId,
    /// Who.
    pub(crate) identity: IdentityId,
    /// Which role.
    pub(crate) role: RoleKey,
    /// When the membership ends by itself.
    pub(crate) expire_time: Option<Timestamp>,
}

fn check_assignable(acting: &Acting, role: &RoleKey) -> Result<()> {
    acting.check_assignable(role).map_err(|_| {
        Error::new(Code::PermissionDenied).with_detail("The role allows more than you may give.")
    })
}

/// Gives a role to a member, or makes somebody a member with it; `false` when they have it. `_100` for a role that is not
/// the caller's to give; `_302` for somebody whom the caller may not add; `_305`, `_311`; `_910` for a member without rights.
pub(crate) fn assign(
    tx: &mut IdentityTx<'_>,
    app: &Tenant,
    cx: &Cx,
    acting: &Acting,
    wanted: &Assignment,
) -> Result<bool> {
    check_assignable(acting, &wanted.role)?;
    let Some(mut present) = rows::of_person(tx, acting.id(), wanted.identity)? else {
        let found = identities::find(tx, wanted.identity)?;
        let found = found.filter(|identity| {
            let may = acting.is_platform() || identity.claimed_by == Some(acting.id());
            may && app.may_belong(identity, acting.id())
        });
        if found.is_none() {
            return Err(Error::new(Code::NotAMember));
        }
        let organization = organizations::get(tx, acting.id())?;
        let joining = Joining {
            id: wanted.membership,
            identity: wanted.identity,
            role: wanted.role.clone(),
            source: MembershipSource::Admin,
            expire_time: wanted.expire_time,
        };
        return membership::join(tx, cx, &organization, &joining).map(|_| true);
    };
    members::may_touch(acting, &present)?;
    if present.state != MemberState::Active {
        return Err(Error::new(Code::ConflictingState).with_member("state", present.state.as_str()));
    }
    let is_new = present.role != wanted.role;
    membership::change_role(tx, cx, &mut present, &wanted.role)?;
    if wanted.expire_time.is_some() && wanted.expire_time != present.expire_time {
        members::set_expiry(tx, cx, &mut present, wanted.expire_time)?;
        return Ok(true);
    }
    Ok(is_new)
}

/// Takes a role: a member falls back to the default one, and whoever is merely a member leaves. The hashes of the sessions
/// to be forgotten; `None` when nobody has the role so. `_100`, `_305`.
pub(crate) fn unassign(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    acting: &Acting,
    identity: IdentityId,
    role: &RoleKey,
) -> Result<Option<Vec<SecretHash>>> {
    let present = rows::of_person(tx, acting.id(), identity)?;
    let holds = |m: &avnology_model::organizations::Membership| m.role == *role && m.is_in_force(cx.now);
    let Some(mut present) = present.filter(holds) else { return Ok(None) };
    members::may_touch(acting, &present)?;
    if *role == RoleKey::member() {
        return membership::remove(tx, cx, &present, "removed").map(Some);
    }
    let default = organizations::get(tx, acting.id())?.default_role;
    let next = if default == *role { RoleKey::member() } else { default };
    membership::change_role(tx, cx, &mut present, &next)?;
    sessions::token_hashes_of(tx, identity).map(Some)
}

/// Puts a member into a group that people fill, or takes them out; `false` when that is so already. `_504` for another kind
/// of group; `_911`, `_901`, `_302`, `_100`, `_914`.
pub(crate) fn set_place_in_group(
    tx: &mut IdentityTx<'_>,
    app: &Tenant,
    (cx, acting): (&Cx, &Acting),
    (group, identity): (GroupId, IdentityId),
    is_in: bool,
) -> Result<bool> {
    acting.check_feature(app, Feature::Groups)?;
    if !is_in {
        return groups::remove_in(tx, cx, acting.id(), group, identity).map_err(of_system);
    }
    match groups::add_in(tx, cx, acting, group, identity) {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Code::MemberExists => Ok(false),
        Err(error) => Err(of_system(error)),
    }
}

/// Whose members people do not decide on belongs to the system.
fn of_system(error: Error) -> Error {
    match error.code() {
        Code::ConflictingState => {
            Error::new(Code::TupleOfSystem).with_detail("People do not decide on the members of this group.")
        }
        _ => error,
    }
}
