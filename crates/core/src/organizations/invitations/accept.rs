//! Accepting an invitation with an account that is there.

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result, Timestamp,
    events::EventType,
    flows::Channel,
    identities::Identity,
    ids::{IdentityId, InvitationId, MembershipId},
    organizations::{Delivery, Invitation, InvitationStatus, Membership, MembershipSource, Organization},
    permissions::RoleKey,
    secret_token::{SecretHash, SecretKind, SecretToken},
    sessions::{Method, Session},
};
use avnology_store::{
    IdentityTx,
    identities::identities,
    organizations::{invitations as rows, memberships, organizations, roles},
    sessions::sessions,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::{
        Door, Joining, MemberView, OrganizationCard, Showing, Sso, admission, check_state, groups, join,
        members::{self, forget},
    },
    event, one_less,
};
use crate::{
    Cx, Tenant,
    events::emit,
    flows::{NewVerification, begin_verification},
    identities::{mark_verified, prove_ownership},
    sessions::LiveSession,
};

/// Somebody who has just joined.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Accepted {
    /// The new member.
    pub member: MemberView,
    /// The organization.
    pub organization: OrganizationCard,
}

/// How an invitation is named by who accepts it.
#[derive(Clone, Copy)]
enum Named {
    /// By its token, which proves the mailbox that it was sent to.
    Token(SecretHash),
    /// By its id, by the owner of its address.
    Id(InvitationId),
}

/// What became of an acceptance.
enum Outcome {
    Joined(Box<Accepted>, Vec<SecretHash>),
    /// Refused, and something was begun that may lead further.
    Refused(Error),
}

/// Accepts by token. `_306`; `_317` for another account's address, `_022` (with a verification flow) where that is not
/// proven and the token does not prove it; `_310`, `_312` by the organization's state; `_301`, `_304`, `_110`, `_311`.
pub async fn accept(app: &Arc<Tenant>, cx: &Cx, live: &LiveSession, token: &str) -> Result<Accepted> {
    run(app, cx, live, Named::Token(read_token(token)?)).await
}

/// Accepts an invitation to a proven address of the caller. Refuses as [`accept`]; `_306` for any other invitation.
pub async fn accept_own(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &LiveSession,
    id: InvitationId,
) -> Result<Accepted> {
    run(app, cx, live, Named::Id(id)).await
}

async fn run(app: &Arc<Tenant>, cx: &Cx, live: &LiveSession, named: Named) -> Result<Accepted> {
    let membership = MembershipId::new(cx.now, cx.random());
    let verification = NewVerification::draw(app, cx);
    let (job, cx2, session) = (Arc::clone(app), cx.clone(), live.session.clone());
    let outcome = app
        .store
        .identity()
        .write(move |tx| {
            let mut identity = identities::get(tx, session.identity_id)?;
            let invitation = match named {
                Named::Token(hash) => {
                    let invitation = find_open(tx, &hash, cx2.now)?;
                    check_addressee(&job, &invitation, &identity)?;
                    invitation
                }
                Named::Id(id) => find_own(tx, &job, &cx2, &identity, id)?,
            };
            let organization = organizations::get(tx, invitation.organization_id)?;
            check_state(organization.state)?;
            check_table(tx, &organization, &identity)?;
            let address = identity.email.clone().filter(|_| !identity.email_verified);
            let mut hashes = Vec::new();
            if let Some(address) = address {
                if invitation.delivery == Delivery::Link {
                    let flow = begin_verification(
                        tx,
                        &job,
                        &cx2,
                        &identity,
                        (Channel::Email, &address),
                        &verification,
                    )?;
                    let refusal = Error::new(Code::VerificationRequired);
                    return Ok(Outcome::Refused(
                        refusal.with_member("verification_flow_id", flow.to_string()),
                    ));
                }
                hashes = prove_address(tx, &job, &cx2, &session, &mut identity)?;
            }
            let joined = use_up(tx, &cx2, &organization, &invitation, identity.id, membership)?;
            hashes.extend(sessions::token_hashes_of(tx, identity.id)?);
            let member = members::view(tx, &joined)?;
            let organization = OrganizationCard::of(&organization);
            Ok(Outcome::Joined(Box::new(Accepted { member, organization }), hashes))
        })
        .await?;
    match outcome {
        Outcome::Joined(accepted, hashes) => {
            forget(app, accepted.organization.id, live.identity.id, &hashes);
            Ok(*accepted)
        }
        Outcome::Refused(error) => Err(error),
    }
}

/// The hash of a token that may be an invitation's, or `_306`.
pub(crate) fn read_token(text: &str) -> Result<SecretHash> {
    let token = SecretToken::parse(text).filter(|token| token.kind() == SecretKind::Invitation);
    token.map(|token| token.hash()).ok_or_else(|| invalid("unknown"))
}

fn invalid(reason: &str) -> Error {
    Error::new(Code::InvitationInvalid).with_member("reason", reason)
}

/// The open invitation with this token, or `_306` with the reason.
pub(crate) fn find_open(tx: &mut IdentityTx<'_>, token: &SecretHash, now: Timestamp) -> Result<Invitation> {
    let invitation = rows::by_token(tx, token)?.ok_or_else(|| invalid("unknown"))?;
    check_status(invitation, now)
}

/// The open invitation with this id to a proven address of the identity, or `_306`.
pub(super) fn find_own(
    tx: &mut IdentityTx<'_>,
    app: &Tenant,
    cx: &Cx,
    identity: &Identity,
    id: InvitationId,
) -> Result<Invitation> {
    let own = rows::find(tx, id)?
        .filter(|invitation| identity.email_verified && check_addressee(app, invitation, identity).is_ok());
    check_status(own.ok_or_else(|| invalid("unknown"))?, cx.now)
}

fn check_status(invitation: Invitation, now: Timestamp) -> Result<Invitation> {
    match invitation.status_at(now) {
        InvitationStatus::Pending => Ok(invitation),
        InvitationStatus::Accepted => Err(invalid("accepted")),
        InvitationStatus::Expired => Err(invalid("expired")),
        // For whoever declined it as for those from whom it was taken back, it is there no more.
        InvitationStatus::Declined | InvitationStatus::Revoked => Err(invalid("revoked")),
    }
}

/// `_317` unless the invitation is for the address of this identity, and the identity may belong to the organization.
fn check_addressee(app: &Tenant, invitation: &Invitation, identity: &Identity) -> Result<()> {
    let belongs = app.may_belong(identity, invitation.organization_id);
    if belongs && identity.email_key.as_ref() == Some(&invitation.email_key) {
        return Ok(());
    }
    Err(Error::new(Code::InvitationForAnother))
}

/// `_301` for a member; `_304` or `_110` when not even an invitation lets this person in.
fn check_table(tx: &mut IdentityTx<'_>, organization: &Organization, identity: &Identity) -> Result<()> {
    if let Some(present) = memberships::of_person(tx, organization.id, identity.id)? {
        return Err(Error::new(Code::MemberExists).with_member("member_id", present.id.to_string()));
    }
    let door = Door::of(organization);
    // Nobody arrives through a connection yet; with an invitation the domain makes no difference.
    let showing = Showing { invitation: true, domain: false, sso: Sso::No };
    let way = admission(door, showing).for_session(door);
    way.map(drop).map_err(|error| error.with_member("organization_id", organization.id.to_string()))
}

/// The token came to the mailbox, which proves the address. What was there before stays if the session shows that the
/// account is the person's own (`contract/11` §5, *Unproven accounts*); the hashes of tokens that ended.
fn prove_address(
    tx: &mut IdentityTx<'_>,
    app: &Tenant,
    cx: &Cx,
    session: &Session,
    identity: &mut Identity,
) -> Result<Vec<SecretHash>> {
    let bootstrap = app.config.bootstrap_admin_email.as_deref();
    if session.methods.iter().any(|done| done.method == Method::Password) {
        return mark_verified(tx, cx, identity, bootstrap).map(|()| Vec::new());
    }
    prove_ownership(tx, cx, identity, bootstrap)
}

/// Uses an invitation, which must be open and let this identity in: an active membership with its role and groups comes of
/// it. `_306` when somebody else was faster, `_301`, `_311`. After the commit the member must be forgotten.
pub(crate) fn use_up(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    organization: &Organization,
    invitation: &Invitation,
    identity: IdentityId,
    membership: MembershipId,
) -> Result<Membership> {
    if !rows::accept(tx, invitation.id, identity, cx.now)? {
        return Err(invalid("accepted"));
    }
    one_less(tx, cx, organization.id)?;
    let role = present_role(tx, organization, &invitation.role)?;
    let source = MembershipSource::Invitation;
    let joining = Joining { id: membership, identity, role, source, expire_time: None };
    let membership = join(tx, cx, organization, &joining)?;
    groups::put_invited(tx, cx, &membership, &invitation.group_ids)?;
    let mut used = invitation.clone();
    used.status = InvitationStatus::Accepted;
    used.accepted_at = Some(cx.now);
    used.accepted_identity_id = Some(identity);
    emit(tx, &event(cx, EventType::InvitationAccepted, &used).on("identity", &identity))?;
    Ok(membership)
}

/// The role of the invitation; the organization's default one when it is gone since.
fn present_role(tx: &mut IdentityTx<'_>, organization: &Organization, role: &RoleKey) -> Result<RoleKey> {
    let is_there = role.built_in().is_some() || roles::by_key(tx, organization.id, role)?.is_some();
    Ok(if is_there { role } else { &organization.default_role }.clone())
}
