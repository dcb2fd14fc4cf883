//! Members: read, added, changed and removed by those who run the organization (`contract/20` §3).

use std::sync::Arc;

use avnology_aip::{
    Expr,
    filter::{Op, Value},
};
use avnology_model::{
    Code, Error, FieldCode, Result, Timestamp,
    events::EventType,
    identities::{Email, Identity, IdentityState},
    ids::{IdentityId, MembershipId, OrganizationId},
    organizations::{MemberState, Membership, MembershipSource, RoleSource},
    permissions::RoleKey,
    platform::IdempotencyKey,
    secret_token::SecretHash,
};
use avnology_store::{
    IdentityTx,
    identities::identities,
    list::{ListQuery, Total},
    organizations::{memberships as rows, organizations},
    permissions::tuples,
    sessions::sessions,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    Acting, ActingAs,
    membership::{self, Joining},
};
use crate::{Cx, Tenant, events::emit, platform};

/// What members see of each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MemberCard {
    /// Id.
    #[schema(value_type = String)]
    pub id: IdentityId,
    /// E-mail.
    pub email: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Name to show.
    pub display_name: String,
    /// Picture.
    pub avatar_url: Option<String>,
    /// `active` or `inactive`.
    pub state: IdentityState,
}

impl MemberCard {
    /// The card of an identity.
    pub fn of(identity: &Identity) -> Self {
        let is_active = identity.state == IdentityState::Active;
        Self {
            id: identity.id,
            email: identity.email.clone(),
            first_name: identity.first_name.clone(),
            last_name: identity.last_name.clone(),
            display_name: identity.display_name(),
            avatar_url: identity.avatar_url.clone(),
            state: if is_active { IdentityState::Active } else { IdentityState::Inactive },
        }
    }
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Member)]
pub struct MemberView {
    /// Id of the membership.
    #[schema(value_type = String)]
    pub id: MembershipId,
    /// The organization.
    #[schema(value_type = String)]
    pub organization_id: OrganizationId,
    /// The person.
    #[schema(value_type = String)]
    pub identity_id: IdentityId,
    /// The person's card.
    pub identity: MemberCard,
    /// The role.
    pub role: RoleKey,
    /// Roles held through groups.
    pub group_roles: Vec<RoleKey>,
    /// Where the membership stands.
    pub state: MemberState,
    /// How it came to be.
    pub source: MembershipSource,
    /// The directory that role and state belong to.
    #[schema(value_type = Option<String>)]
    pub managed_by_directory: Option<String>,
    /// Who decides on the role.
    pub role_source: RoleSource,
    /// When it came into force first.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub joined_at: Option<Timestamp>,
    /// Last use of the organization.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_active_at: Option<Timestamp>,
    /// From then on it counts in no check.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expire_time: Option<Timestamp>,
}

/// A membership with its person and group roles.
pub(crate) fn view(tx: &mut IdentityTx<'_>, membership: &Membership) -> Result<MemberView> {
    let identity = identities::get(tx, membership.identity_id)?;
    let m = membership;
    Ok(MemberView {
        id: m.id,
        organization_id: m.organization_id,
        identity_id: m.identity_id,
        identity: MemberCard::of(&identity),
        role: m.role.clone(),
        group_roles: rows::group_roles(tx, m.organization_id, m.identity_id)?,
        state: m.state,
        source: m.source,
        managed_by_directory: None,
        role_source: m.role_source,
        joined_at: m.joined_at,
        last_active_at: m.last_active_at,
        expire_time: m.expire_time,
    })
}

/// A page of members.
#[derive(Clone, Debug)]
pub struct MemberPage {
    /// The members.
    pub members: Vec<MemberView>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Vec<avnology_aip::page_token::Key>>,
    /// How many there are, when asked for.
    pub total: Option<Total>,
}

/// A page of members. `_902` for a filter or an order that does not fit.
pub async fn list(app: &Tenant, acting: &Acting, mut query: ListQuery) -> Result<MemberPage> {
    let id = acting.id();
    let group = take_group(&mut query)?;
    let short = query.is_short() && group.is_none();
    let read = move |tx: &mut IdentityTx<'_>| {
        let page = rows::list(tx, id, group.as_deref(), &query)?;
        let members = page.items.iter().map(|m| view(tx, m)).collect::<Result<_>>()?;
        Ok(MemberPage { members, next: page.next, total: page.total })
    };
    let db = app.store.identity();
    if short { db.read(read).await } else { db.scan(read).await }
}

/// Takes `group = "grp_…"` out of a filter that has it beside other terms: groups stand in a table of their own.
fn take_group(query: &mut ListQuery) -> Result<Option<String>> {
    let Some(filter) = query.filter.take() else { return Ok(None) };
    let mut terms = match filter {
        Expr::And(terms) => terms,
        other => vec![other],
    };
    let mut group = None;
    let mut flaw = None;
    terms.retain(|term| match term {
        Expr::Restriction(r) if r.field.0 == ["group"] => {
            match (r.op, &r.value) {
                (Op::Eq, Value::Text(id)) if group.is_none() => group = Some(id.clone()),
                _ => flaw = Some(Error::field("filter", FieldCode::NotAllowed, "group = \"grp_…\", once.")),
            }
            false
        }
        _ => true,
    });
    query.filter = match terms.len() {
        0 => None,
        1 => terms.pop(),
        _ => Some(Expr::And(terms)),
    };
    flaw.map_or(Ok(group), Err)
}

/// The member that `mem_…` or `usr_…` names. `_901`.
pub async fn get(app: &Tenant, acting: &Acting, name: &str) -> Result<MemberView> {
    let (id, name) = (acting.id(), name.to_owned());
    app.store
        .identity()
        .read(move |tx| {
            let membership = find(tx, id, &name)?;
            view(tx, &membership)
        })
        .await
}

fn find(tx: &mut IdentityTx<'_>, organization: OrganizationId, name: &str) -> Result<Membership> {
    let found = if let Ok(id) = name.parse::<MembershipId>() {
        rows::find(tx, id)?.filter(|m| m.organization_id == organization)
    } else if let Ok(id) = name.parse::<IdentityId>() {
        rows::of_person(tx, organization, id)?
    } else {
        None
    };
    found.ok_or_else(Error::not_found)
}

/// Who is to be added.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = AddMember)]
pub struct NewMember {
    /// An identity; callers of the platform only, and organizations for those they manage.
    #[schema(value_type = Option<String>)]
    pub identity_id: Option<IdentityId>,
    /// Or its address, at a domain that the organization has verified.
    pub email: Option<String>,
    /// Role; the organization's `default_role` when absent.
    pub role: Option<String>,
    /// From then on the membership counts in no check.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expire_time: Option<Timestamp>,
}

/// Adds an existing identity. `_902`; `_901` for one that is not there or that the caller may not add; `_301`, `_311`,
/// `_314`.
pub async fn add(
    app: &Arc<Tenant>,
    cx: &Cx,
    acting: &Acting,
    new: NewMember,
    key: Option<&IdempotencyKey>,
) -> Result<MemberView> {
    let role = read_role(acting, new.role.as_deref())?;
    check_expiry(new.expire_time, cx.now)?;
    let who = match (new.identity_id, new.email.as_deref()) {
        (Some(id), None) => Who::Id(id),
        (None, Some(text)) => {
            Who::Email(Email::parse(text).map_err(|(code, message)| Error::field("email", code, message))?)
        }
        _ => {
            return Err(Error::field(
                "identity_id",
                FieldCode::Required,
                "Name identity_id or email, one of them.",
            ));
        }
    };
    let id = MembershipId::new(cx.now, cx.random());
    let (job, acting2, cx2, key) = (Arc::clone(app), acting.clone(), cx.clone(), key.copied());
    let (member, hashes) = app
        .store
        .identity()
        .write(move |tx| {
            let identity = who.find(tx, &job, &acting2)?;
            let organization = organizations::get(tx, acting2.id())?;
            let joining = Joining {
                id,
                identity: identity.id,
                role: role.clone(),
                source: MembershipSource::Admin,
                expire_time: new.expire_time,
            };
            let membership = membership::join(tx, &cx2, &organization, &joining)?;
            let member = view(tx, &membership)?;
            let body = serde_json::to_vec(&member).map_err(Error::internal)?;
            platform::finish(tx, &cx2, &job.keys, key.as_ref(), 201, &body)?;
            Ok((member, sessions::token_hashes_of(tx, identity.id)?))
        })
        .await?;
    forget(app, acting.id(), member.identity_id, &hashes);
    Ok(member)
}

enum Who {
    Id(IdentityId),
    Email(Email),
}

impl Who {
    fn find(&self, tx: &mut IdentityTx<'_>, app: &Tenant, acting: &Acting) -> Result<Identity> {
        let own_domain = |tx: &mut IdentityTx<'_>, identity: &Identity| {
            let domain =
                identity.email_key.as_deref().and_then(|key| key.rsplit_once('@')).map(|(_, d)| d.to_owned());
            match domain.filter(|_| identity.email_verified) {
                Some(domain) => organizations::holds_domain(tx, acting.id(), &domain),
                None => Ok(false),
            }
        };
        let found = match self {
            Self::Id(id) => identities::find(tx, *id)?,
            Self::Email(email) => identities::by_email(tx, &app.realm_of(acting.id()), email.key())?,
        };
        let identity = found.ok_or_else(Error::not_found)?;
        let may = match self {
            Self::Id(_) => acting.is_platform() || identity.claimed_by == Some(acting.id()),
            Self::Email(_) => acting.is_platform() || own_domain(tx, &identity)?,
        };
        // An identity of a strict tenant belongs where it was made.
        if may && app.may_belong(&identity, acting.id()) { Ok(identity) } else { Err(Error::not_found()) }
    }
}

/// What is to change of a member.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = UpdateMember)]
pub struct MemberChange {
    /// Role.
    pub role: Option<String>,
    /// `active` or `suspended`.
    pub state: Option<MemberState>,
    /// From then on the membership counts in no check; null for never.
    #[serde(deserialize_with = "crate::patch::present")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expire_time: Option<Option<Timestamp>>,
}

/// Changes a member. `_901`, `_902`, `_314`; `_100` where only owners may; `_305` for the last owner; `_311`.
pub async fn update(
    app: &Arc<Tenant>,
    cx: &Cx,
    acting: &Acting,
    name: &str,
    change: MemberChange,
) -> Result<MemberView> {
    let role = change.role.as_deref().map(|text| read_role(acting, Some(text))).transpose()?;
    if change.state == Some(MemberState::Pending) {
        return Err(Error::field("state", FieldCode::NotInEnum, "active or suspended."));
    }
    check_expiry(change.expire_time.flatten(), cx.now)?;
    let (acting2, cx2, name) = (acting.clone(), cx.clone(), name.to_owned());
    let (member, hashes) = app
        .store
        .identity()
        .write(move |tx| {
            let mut membership = find(tx, acting2.id(), &name)?;
            may_touch(&acting2, &membership)?;
            if let Some(role) = &role {
                membership::change_role(tx, &cx2, &mut membership, role)?;
            }
            if let Some(end) = change.expire_time {
                set_expiry(tx, &cx2, &mut membership, end)?;
            }
            match change.state {
                Some(MemberState::Suspended) => membership::suspend(tx, &cx2, &mut membership, None)?,
                Some(MemberState::Active) => {
                    let organization = organizations::get(tx, acting2.id())?;
                    membership::reactivate(tx, &cx2, &organization, &mut membership)?;
                }
                Some(MemberState::Pending) | None => {}
            }
            Ok((view(tx, &membership)?, sessions::token_hashes_of(tx, membership.identity_id)?))
        })
        .await?;
    forget(app, acting.id(), member.identity_id, &hashes);
    Ok(member)
}

/// Removes a member. `_901`; `_100` where only owners may; `_305` for the last owner.
pub async fn remove(app: &Arc<Tenant>, cx: &Cx, acting: &Acting, name: &str) -> Result<()> {
    let (acting2, cx2, name) = (acting.clone(), cx.clone(), name.to_owned());
    let (identity, hashes) = app
        .store
        .identity()
        .write(move |tx| {
            let membership = find(tx, acting2.id(), &name)?;
            may_touch(&acting2, &membership)?;
            let hashes = membership::remove(tx, &cx2, &membership, "removed")?;
            Ok((membership.identity_id, hashes))
        })
        .await?;
    forget(app, acting.id(), identity, &hashes);
    Ok(())
}

/// Lets a membership end at another time. `_305` where the last owner's would end.
pub(super) fn set_expiry(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    membership: &mut Membership,
    end: Option<Timestamp>,
) -> Result<()> {
    if membership.expire_time == end {
        return Ok(());
    }
    if end.is_some() && membership.role.is_owner() && membership.state == MemberState::Active {
        membership::keep_owner(tx, membership)?;
    }
    let before = membership.expire_time;
    membership.expire_time = end;
    rows::update(tx, membership, cx.now)?;
    tuples::expire_of_member(tx, membership.organization_id, membership.identity_id, end)?;
    let payload = json!({
        "member": membership::shown(membership), "changed_fields": ["expire_time"],
        "previous_values": { "expire_time": before }, "new_values": { "expire_time": end },
    });
    emit(tx, &membership::event(cx, EventType::MemberUpdated, membership, payload))
}

/// Only owners may change owners: `_100`.
pub(super) fn may_touch(acting: &Acting, membership: &Membership) -> Result<()> {
    let itself = matches!(&acting.by, ActingAs::Member(member) if member.membership.id == membership.id);
    if membership.role.is_owner() && !acting.is_owner() && !itself {
        return Err(Error::new(Code::PermissionDenied).with_detail("Only owners may change owners."));
    }
    Ok(())
}

/// The role that a caller names and may give; the organization's default one when none is named. `_314`.
pub(super) fn read_role(acting: &Acting, text: Option<&str>) -> Result<RoleKey> {
    let Some(text) = text else { return Ok(acting.organization.organization.default_role.clone()) };
    let role = RoleKey::parse(text).ok_or_else(|| Error::new(Code::RoleNotAssignable))?;
    acting.check_assignable(&role)?;
    Ok(role)
}

fn check_expiry(end: Option<Timestamp>, now: Timestamp) -> Result<()> {
    if end.is_some_and(|end| end <= now) {
        return Err(Error::field("expire_time", FieldCode::TooSmall, "In the future."));
    }
    Ok(())
}

/// Forgets a member and the person's sessions, after a commit.
pub(crate) fn forget(
    app: &Tenant,
    organization: OrganizationId,
    identity: IdentityId,
    hashes: &[SecretHash],
) {
    app.organizations.forget_member(organization, identity);
    app.sessions.forget(hashes);
}

/// How many memberships one transaction of the sweep ends.
const BATCH: u32 = 100;

/// Ends the memberships whose time is over: they count in no check since then, now row, counters and events follow. The
/// last owner's stays. How many.
pub async fn end_expired(app: &Arc<Tenant>) -> Result<usize> {
    let cx = app.system_cx();
    let mut ended = 0;
    loop {
        let cx2 = cx.clone();
        let gone = app
            .store
            .identity()
            .write(move |tx| {
                let mut gone = Vec::new();
                for mut membership in rows::expired(tx, cx2.now, BATCH)? {
                    let (organization, identity) = (membership.organization_id, membership.identity_id);
                    let hashes = match membership::remove(tx, &cx2, &membership, "expired") {
                        Ok(hashes) => hashes,
                        // Whoever else owned it has left meanwhile.
                        Err(error) if error.code() == Code::LastOwner => {
                            membership.expire_time = None;
                            rows::update(tx, &mut membership, cx2.now)?;
                            tuples::expire_of_member(tx, organization, identity, None)?;
                            sessions::token_hashes_of(tx, identity)?
                        }
                        Err(error) => return Err(error),
                    };
                    gone.push((organization, identity, hashes));
                }
                Ok(gone)
            })
            .await?;
        if gone.is_empty() {
            return Ok(ended);
        }
        ended += gone.len();
        for (organization, identity, hashes) in gone {
            forget(app, organization, identity, &hashes);
        }
    }
}
