//! Whether somebody who signs in or registers comes into the flow's organization: as a member, by joining, or not at all
//! (`contract/20` §6).

use avnology_model::{
    Code, Error, Result,
    flows::{Flow, FlowInvitation},
    identities::{Email, Identity},
    ids::{MembershipId, OrganizationId},
    organizations::{Delivery, Invitation, Membership, Organization, RegistrationMode},
    permissions::RoleKey,
};
use avnology_store::{
    IdentityTx,
    organizations::{domains, memberships, organizations},
};
use serde_json::Value;

use super::{
    client_door::{ClientDoor, Personal},
    step::{Forget, Work},
};
use crate::organizations::{
    self as places, Door, Joining, Showing, Sso, TurnedAway, WayIn, admission, auto_join_domain, check_state,
    may_belong, open_invitation, use_invitation,
};

/// Somebody who may come into an organization that they are no member of.
pub(super) struct Newcomer {
    organization: Organization,
    way: WayIn,
    role: RoleKey,
    invitation: Option<Invitation>,
}

/// What becomes of who registers.
pub(super) enum Registrant {
    /// A personal account.
    Personal,
    /// An account that joins an organization as it is made.
    Joins(Box<Newcomer>),
    /// The address decides, and must be proven before.
    ProveFirst,
    /// Nothing is made.
    Refused(Error),
}

/// What becomes of who has shown the right credential.
pub(super) enum Visitor {
    /// Signs in for themselves.
    Personal,
    /// Enters as a member.
    Member(OrganizationId),
    /// Would join, and is asked.
    MayJoin(Box<Newcomer>),
    /// The address decides, and must be proven before.
    ProveFirst,
    /// Does not get in.
    Refused(Error),
}

/// What the table says of an address.
enum Verdict {
    Joins(WayIn, RoleKey),
    ProveFirst,
    Refused(Error),
}

/// What becomes of a registration with this address.
pub(super) fn of_registration(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &Flow,
    email: &Email,
    proven: bool,
) -> Result<Registrant> {
    let client = ClientDoor::of(tx, flow)?;
    let Some(id) = flow.leads_into() else {
        let registrant = personal(tx, work, email, proven)?;
        if matches!(registrant, Registrant::Refused(_)) {
            return Ok(registrant);
        }
        return Ok(match client.personal(tx, work, email, proven)? {
            Personal::Allowed => registrant,
            Personal::ProveFirst => Registrant::ProveFirst,
            Personal::Refused(error) => Registrant::Refused(error),
        });
    };
    let organization = organizations::get(tx, id)?;
    if let Err(error) = check_state(organization.state) {
        return Ok(Registrant::Refused(error));
    }
    let held = flow.data.invitation.as_ref();
    let invitation = match held.map(|held| open_invitation(tx, &held.token, work.now())).transpose() {
        Ok(invitation) => invitation,
        Err(error) if error.is_failure() => return Err(error),
        Err(error) => return Ok(Registrant::Refused(error)),
    };
    Ok(match ask(tx, &client, &organization, Some(email.key()), proven, held)? {
        Verdict::Joins(way, role) => {
            Registrant::Joins(Box::new(Newcomer { organization, way, role, invitation }))
        }
        Verdict::ProveFirst => Registrant::ProveFirst,
        Verdict::Refused(error) => Registrant::Refused(error),
    })
}

/// Without an organization the tenant's mode decides.
fn personal(tx: &mut IdentityTx<'_>, work: &Work, email: &Email, proven: bool) -> Result<Registrant> {
    let mode = work.settings.settings.registration.mode;
    if let Err(error) = check_personal(mode) {
        return Ok(Registrant::Refused(error));
    }
    let uninvited = || Registrant::Refused(TurnedAway::Uninvited.refusal(Door { mode, sso_required: false }));
    Ok(match mode {
        RegistrationMode::ByInvitationOnly => uninvited(),
        RegistrationMode::ByInvitationOrDomain => {
            let holder = domains::verified_holder(tx, email.domain())?;
            let holder = holder.map(|d| organizations::get(tx, d.organization_id)).transpose()?;
            match holder.filter(|o| o.registration_mode == mode) {
                None => uninvited(),
                Some(_) if proven => Registrant::Personal,
                Some(_) => Registrant::ProveFirst,
            }
        }
        RegistrationMode::Public | RegistrationMode::SsoOnly | RegistrationMode::Closed => {
            Registrant::Personal
        }
    })
}

/// `_304` or `_309` where no personal account is made whatever somebody shows.
pub(super) fn check_personal(mode: RegistrationMode) -> Result<()> {
    match mode {
        RegistrationMode::Closed => Err(TurnedAway::Closed.refusal(Door { mode, sso_required: false })),
        RegistrationMode::SsoOnly => {
            Err(Error::new(Code::SsoRequired).with_member("connections", Value::Array(Vec::new())))
        }
        RegistrationMode::Public
        | RegistrationMode::ByInvitationOnly
        | RegistrationMode::ByInvitationOrDomain => Ok(()),
    }
}

/// What becomes of a sign-in of this identity.
pub(super) fn of_sign_in(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &Flow,
    identity: &Identity,
) -> Result<Visitor> {
    let Some(id) = flow.leads_into() else { return Ok(Visitor::Personal) };
    let organization = organizations::get(tx, id)?;
    if let Err(error) = check_state(organization.state) {
        return Ok(Visitor::Refused(error));
    }
    match memberships::of_person(tx, id, identity.id)? {
        Some(membership) if membership.is_in_force(work.now()) => Ok(Visitor::Member(id)),
        Some(_) => Ok(Visitor::Refused(Code::NotAMember.into())),
        None => {
            let client = ClientDoor::of(tx, flow)?;
            stranger(tx, &client, organization, identity)
        }
    }
}

fn stranger(
    tx: &mut IdentityTx<'_>,
    client: &ClientDoor,
    organization: Organization,
    identity: &Identity,
) -> Result<Visitor> {
    if !may_belong(identity, organization.id) {
        return Ok(Visitor::Refused(Code::NotAMember.into()));
    }
    let key = identity.email_key.as_deref();
    let asked = ask(tx, client, &organization, key, identity.email_verified, None)?;
    Ok(match asked {
        Verdict::Joins(way, role) => {
            Visitor::MayJoin(Box::new(Newcomer { organization, way, role, invitation: None }))
        }
        Verdict::ProveFirst => Visitor::ProveFirst,
        Verdict::Refused(_) => Visitor::Refused(Code::NotAMember.into()),
    })
}

/// Whether an identity is a member, or would be asked to join.
pub(super) fn is_welcome(
    tx: &mut IdentityTx<'_>,
    flow: &Flow,
    organization: OrganizationId,
    identity: &Identity,
    now: avnology_model::Timestamp,
) -> Result<bool> {
    if let Some(membership) = memberships::of_person(tx, organization, identity.id)? {
        return Ok(membership.is_in_force(now));
    }
    let organization = organizations::get(tx, organization)?;
    let client = ClientDoor::of(tx, flow)?;
    Ok(!matches!(stranger(tx, &client, organization, identity)?, Visitor::Refused(_)))
}

/// Asks the table. `proven` says whether the address is; the mail of an invitation proves it as well.
fn ask(
    tx: &mut IdentityTx<'_>,
    client: &ClientDoor,
    organization: &Organization,
    key: Option<&str>,
    proven: bool,
    invitation: Option<&FlowInvitation>,
) -> Result<Verdict> {
    let domain = key.map(|key| auto_join_domain(tx, key)).transpose()?.flatten();
    let domain = domain.filter(|domain| domain.organization_id == organization.id);
    let showing = Showing { invitation: invitation.is_some(), domain: domain.is_some(), sso: Sso::No };
    let door = client.before(Door::of(organization));
    if !client.allows(organization.id) {
        return Ok(Verdict::Refused(TurnedAway::Closed.refusal(door)));
    }
    let way = match admission(door, showing).for_flow(door) {
        Ok(way) => way,
        Err(error) => return Ok(Verdict::Refused(error)),
    };
    let proven = proven || invitation.is_some_and(|v| v.delivery == Delivery::Email);
    Ok(match way {
        WayIn::Domain | WayIn::Invitation if !proven => Verdict::ProveFirst,
        _ => {
            Verdict::Joins(way, way.default_role(organization, domain.and_then(|d| d.default_role).as_ref()))
        }
    })
}

/// Whether the organization that the flow leads into asks everyone for a second factor.
pub(super) fn asks_for_second_factor(tx: &mut IdentityTx<'_>, flow: &Flow) -> Result<bool> {
    match flow.leads_into() {
        Some(id) => Ok(organizations::get(tx, id)?.mfa_required),
        None => Ok(false),
    }
}

/// Makes the newcomer a member. `_306` when somebody else has used the invitation, `_311` when no seat is left.
pub(super) fn join(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    forget: &mut Forget,
    newcomer: &Newcomer,
    identity: &Identity,
    id: MembershipId,
) -> Result<Membership> {
    let Newcomer { organization, way, role, invitation } = newcomer;
    forget.member(organization.id, identity.id);
    if let (WayIn::Invitation, Some(invitation)) = (way, invitation) {
        return use_invitation(tx, &work.cx, organization, invitation, identity.id, id);
    }
    let joining =
        Joining { id, identity: identity.id, role: role.clone(), source: way.source(), expire_time: None };
    places::join(tx, &work.cx, organization, &joining)
}

impl Newcomer {
    /// Where to.
    pub(super) fn organization(&self) -> OrganizationId {
        self.organization.id
    }

    /// Whether it asks everyone for a second factor.
    pub(super) fn asks_for_second_factor(&self) -> bool {
        self.organization.mfa_required
    }
}
