//! Members of a group, as people add and remove them.

use std::sync::Arc;

use avnology_model::{
    Code, Error, FieldCode, Result,
    identities::Email,
    ids::{GroupId, IdentityId, OrganizationId},
    organizations::{Feature, Group, GroupSource, GroupType, Membership},
    platform::IdempotencyKey,
};
use avnology_store::{
    IdentityTx,
    identities::identities,
    list::ListQuery,
    organizations::{groups as rows, memberships},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    super::{
        Acting,
        members::{self, MemberPage, MemberView},
    },
    membership::{self, MEMBERS, Put},
};
use crate::{Cx, Tenant, platform};

/// Who is to be put into a group.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AddGroupMember)]
pub struct NewGroupMember {
    /// A member of the organization.
    #[schema(value_type = String)]
    pub identity_id: IdentityId,
}

/// Puts a member of the organization into a group. `_911`; `_901`; `_910` for a group that a rule or a directory fills;
/// `_302` for somebody who is no member; `_100` when the group gives more than the caller may give; `_301`, `_914`.
pub async fn add(
    app: &Arc<Tenant>,
    cx: &Cx,
    acting: &Acting,
    id: GroupId,
    new: NewGroupMember,
    key: Option<&IdempotencyKey>,
) -> Result<MemberView> {
    acting.check_feature(app, Feature::Groups)?;
    let (job, acting2, cx2, key) = (Arc::clone(app), acting.clone(), cx.clone(), key.copied());
    let member = app
        .store
        .identity()
        .write(move |tx| {
            let membership = add_in(tx, &cx2, &acting2, id, new.identity_id)?;
            let view = members::view(tx, &membership)?;
            let body = serde_json::to_vec(&view).map_err(Error::internal)?;
            platform::finish(tx, &cx2, &job.keys, key.as_ref(), 201, &body)?;
            Ok(view)
        })
        .await?;
    app.organizations.forget_member(acting.id(), member.identity_id);
    Ok(member)
}

/// The same in a transaction: after its commit the member must be forgotten.
pub(crate) fn add_in(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    acting: &Acting,
    id: GroupId,
    identity: IdentityId,
) -> Result<Membership> {
    let group = rows::get(tx, acting.id(), id)?;
    check_by_people(&group)?;
    check_gift(acting, &group)?;
    let present = memberships::of_person(tx, acting.id(), identity)?;
    let is_over = |end| end <= cx.now;
    let membership = present.filter(|membership| !membership.expire_time.is_some_and(is_over));
    let membership = membership.ok_or_else(|| {
        Error::new(Code::NotAMember).with_detail("Groups hold members of the organization only.")
    })?;
    match membership::put(tx, cx, &group, &membership)? {
        Put::Added => Ok(membership),
        Put::Present => {
            let id = membership.id.to_string();
            Err(Error::new(Code::MemberExists).with_member("member_id", id))
        }
        Put::Full => {
            let full = Error::new(Code::LimitReached).with_member("limit", MEMBERS);
            Err(full.with_member("used", group.member_count))
        }
    }
}

/// The same for the member with this address. `_902` for what is no address; `_302` alike for an address that nobody has
/// and for that of somebody who is no member.
pub async fn add_by_email(
    app: &Arc<Tenant>,
    cx: &Cx,
    acting: &Acting,
    id: GroupId,
    email: &str,
) -> Result<MemberView> {
    let email = Email::parse(email.trim())
        .map_err(|_| Error::field("email", FieldCode::InvalidFormat, "Enter a whole e-mail address."))?;
    let (realm, place) = (app.realm_of(acting.id()), acting.id());
    let found = app
        .store
        .identity()
        .read(move |tx| {
            let Some(identity) = identities::by_email(tx, &realm, email.key())? else { return Ok(None) };
            memberships::of_person(tx, place, identity.id)
        })
        .await?;
    let Some(membership) = found else { return Err(Error::new(Code::NotAMember)) };
    add(app, cx, acting, id, NewGroupMember { identity_id: membership.identity_id }, None).await
}

/// Takes somebody out of a group. `_911`; `_901`; `_910` for a group that a rule or a directory fills.
pub async fn remove(
    app: &Arc<Tenant>,
    cx: &Cx,
    acting: &Acting,
    id: GroupId,
    identity: IdentityId,
) -> Result<()> {
    acting.check_feature(app, Feature::Groups)?;
    let (place, cx) = (acting.id(), cx.clone());
    app.store
        .identity()
        .write(
            move |tx| {
                if remove_in(tx, &cx, place, id, identity)? { Ok(()) } else { Err(Error::not_found()) }
            },
        )
        .await?;
    app.organizations.forget_member(place, identity);
    Ok(())
}

/// The same in a transaction; `false` when they are not in it. After its commit the member must be forgotten.
pub(crate) fn remove_in(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    place: OrganizationId,
    id: GroupId,
    identity: IdentityId,
) -> Result<bool> {
    let group = rows::get(tx, place, id)?;
    check_by_people(&group)?;
    membership::take(tx, cx, &group, identity)
}

/// A page of the members of a group. `_901`; `_902` for a filter or an order that does not fit.
pub async fn list(app: &Tenant, acting: &Acting, id: GroupId, query: ListQuery) -> Result<MemberPage> {
    let place = acting.id();
    let read = move |tx: &mut IdentityTx<'_>| {
        rows::get(tx, place, id)?;
        let page = memberships::list(tx, place, Some(&id.to_string()), &query)?;
        let members = page.items.iter().map(|member| members::view(tx, member)).collect::<Result<_>>()?;
        Ok(MemberPage { members, next: page.next, total: page.total })
    };
    app.store.identity().scan(read).await
}

/// `_910` unless people decide on the members.
fn check_by_people(group: &Group) -> Result<()> {
    let by = match (group.kind, group.source) {
        (GroupType::Static, GroupSource::Manual) => return Ok(()),
        (GroupType::Static, source) => source.as_str(),
        (GroupType::Dynamic, _) => group.kind.as_str(),
    };
    Err(Error::new(Code::ConflictingState)
        .with_member("state", by)
        .with_detail("People do not decide on the members of this group."))
}

/// `_100` when the group gives a role that the caller could not give.
fn check_gift(acting: &Acting, group: &Group) -> Result<()> {
    let Some(role) = &group.role else { return Ok(()) };
    acting.check_assignable(role).map_err(|_| {
        Error::new(Code::PermissionDenied).with_detail("The group gives a role that is not yours to give.")
    })
}
