//! Inviting people.

use std::sync::Arc;

use avnology_model::{
    Code, Error, FieldCode, Result,
    events::{ActorType, EventType},
    ids::InvitationId,
    organizations::{
        Delivery, GroupSource, GroupType, Invitation, InvitationStatus, Organization, RegistrationMode,
    },
    platform::IdempotencyKey,
    secret_token::{SecretKind, SecretToken},
};
use avnology_store::{
    IdentityTx,
    identities::identities,
    organizations::{groups, invitations as rows, memberships, organizations, seats},
};

use super::{
    super::{Acting, membership::check_role},
    InvitationView, NewInvitation, close, event,
    input::Draft,
    mail,
};
use crate::{Cx, Tenant, events::emit, platform};

/// Invites somebody. `_902`; `_314` for a role or a group's role that is not the caller's to give; `_301` for a member,
/// `_311` without a free seat, `_903` for an address that has an open invitation, `_910` while nobody joins; `_021`.
///
/// Whether the address lies at a domain that another organization has verified makes no difference, and is not told.
pub async fn create(
    app: &Arc<Tenant>,
    cx: &Cx,
    acting: &Acting,
    new: NewInvitation,
    key: Option<&IdempotencyKey>,
) -> Result<InvitationView> {
    let draft = new.check(app, acting)?;
    let token = cx.secret(SecretKind::Invitation);
    let invitation = invitation(cx, acting, &draft);
    let (job, cx2, acting2, key) = (Arc::clone(app), cx.clone(), acting.clone(), key.copied());
    app.store
        .identity()
        .write(move |tx| {
            let organization = organizations::get(tx, acting2.id())?;
            check_mode(&organization)?;
            check_role(tx, organization.id, &invitation.role)?;
            check_groups(tx, &acting2, &invitation)?;
            check_address(tx, &job, &cx2, &invitation)?;
            check_seat(tx, &cx2, &organization)?;
            rows::insert(tx, &invitation, &token.hash())?;
            seats::change(tx, organization.id, cx2.now, |seats| seats.invited += 1)?;
            emit(tx, &event(&cx2, EventType::InvitationCreated, &invitation))?;
            let view = deliver(tx, &job, &cx2, &organization, (&invitation, &token))?;
            let body = serde_json::to_vec(&view).map_err(Error::internal)?;
            platform::finish(tx, &cx2, &job.keys, key.as_ref(), 201, &body)?;
            Ok(view)
        })
        .await
}

/// What became of one of several invitations.
#[derive(Debug)]
pub struct BatchResult {
    /// The address as it was sent.
    pub email: String,
    /// The invitation, or why there is none.
    pub outcome: Result<InvitationView>,
}

/// Invites several people, each on its own: one that is refused stops no other.
pub async fn create_batch(
    app: &Arc<Tenant>,
    cx: &Cx,
    acting: &Acting,
    new: Vec<NewInvitation>,
) -> Vec<BatchResult> {
    let mut results = Vec::with_capacity(new.len());
    for one in new {
        let email = one.email.clone();
        results.push(BatchResult { email, outcome: create(app, cx, acting, one, None).await });
    }
    results
}

fn invitation(cx: &Cx, acting: &Acting, draft: &Draft) -> Invitation {
    let is_known = matches!(cx.actor.kind, ActorType::Identity | ActorType::ServiceAccount);
    Invitation {
        id: InvitationId::new(cx.now, cx.random()),
        organization_id: acting.id(),
        email: draft.email.as_str().to_owned(),
        email_key: draft.email.key().to_owned(),
        role: draft.role.clone(),
        group_ids: draft.group_ids.clone(),
        status: InvitationStatus::Pending,
        delivery: draft.delivery,
        message: draft.message.clone(),
        return_to: draft.return_to.clone(),
        invited_by: cx.actor.id.clone().filter(|_| is_known),
        life_seconds: draft.life_seconds,
        expires_at: cx.now.plus_seconds(i64::from(draft.life_seconds)),
        create_time: cx.now,
        accepted_at: None,
        accepted_identity_id: None,
    }
}

/// Mails the invitation, or tells its link.
pub(super) fn deliver(
    tx: &mut IdentityTx<'_>,
    app: &Tenant,
    cx: &Cx,
    organization: &Organization,
    (invitation, token): (&Invitation, &SecretToken),
) -> Result<InvitationView> {
    let mut view = InvitationView::of(invitation, cx.now);
    match invitation.delivery {
        Delivery::Email => mail::send(tx, app, cx, organization, (invitation, token))?,
        Delivery::Link => view.accept_url = Some(mail::url(app, token)),
    }
    Ok(view)
}

/// `_910` while nobody joins.
pub(super) fn check_mode(organization: &Organization) -> Result<()> {
    if organization.registration_mode == RegistrationMode::Closed {
        let mode = organization.registration_mode.as_str();
        return Err(Error::new(Code::ConflictingState).with_member("state", mode));
    }
    Ok(())
}

/// Groups must be static and filled by people, and their role must be the caller's to give.
fn check_groups(tx: &mut IdentityTx<'_>, acting: &Acting, invitation: &Invitation) -> Result<()> {
    for (i, id) in invitation.group_ids.iter().enumerate() {
        let flaw = |code, message| Error::field(format!("group_ids[{i}]"), code, message);
        let Some(group) = groups::find(tx, invitation.organization_id, *id)? else {
            return Err(flaw(FieldCode::NotFound, "There is no such group."));
        };
        if group.kind != GroupType::Static {
            return Err(flaw(FieldCode::NotAllowed, "Members of a dynamic group follow from its rule."));
        }
        if group.source == GroupSource::Scim {
            return Err(flaw(FieldCode::NotAllowed, "Members of this group come from a directory."));
        }
        if let Some(role) = &group.role {
            acting.check_assignable(role)?;
        }
    }
    Ok(())
}

/// `_301` for the address of a member. An open invitation that has run out makes room.
fn check_address(tx: &mut IdentityTx<'_>, app: &Tenant, cx: &Cx, invitation: &Invitation) -> Result<()> {
    let (organization, key) = (invitation.organization_id, &invitation.email_key);
    if let Some(person) = identities::by_email(tx, &app.realm_of(organization), key)?
        && let Some(member) = memberships::of_person(tx, organization, person.id)?
    {
        return Err(Error::new(Code::MemberExists).with_member("member_id", member.id.to_string()));
    }
    let open = rows::open_of_address_in(tx, organization, key)?;
    if let Some(over) = open.filter(|open| open.status_at(cx.now) == InvitationStatus::Expired) {
        close(tx, cx, &over, InvitationStatus::Expired, EventType::InvitationExpired)?;
    }
    Ok(())
}

/// `_311` when every seat is taken already.
fn check_seat(tx: &mut IdentityTx<'_>, cx: &Cx, organization: &Organization) -> Result<()> {
    let Some(limit) = organization.seat_limit else { return Ok(()) };
    let used = seats::at(tx, organization.id, cx.now)?.active;
    if used < limit {
        return Ok(());
    }
    Err(Error::new(Code::SeatLimitReached).with_member("limit", limit).with_member("used", used))
}
