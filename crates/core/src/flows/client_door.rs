//! What the client that a flow was begun for asks of those who register or join through it (`contract/20` §6, *Clients*).

use avnology_model::{
    Error, Result, flows::Flow, identities::Email, ids::OrganizationId, organizations::RegistrationMode,
};
use avnology_store::{
    IdentityTx,
    clients::clients,
    organizations::{domains, invitations, organizations},
};

use super::{entry::check_personal, step::Work};
use crate::{
    clients::door_of,
    organizations::{Door, TurnedAway},
};

/// Most invitations of an address that are looked at.
const INVITATIONS: u32 = 100;

/// A client's own door, and the organizations that its people may be of.
pub(super) struct ClientDoor {
    door: Door,
    allowed: Vec<OrganizationId>,
}

/// What a client says of a personal registration.
pub(super) enum Personal {
    /// Nothing against it.
    Allowed,
    /// The address decides, and must be proven before.
    ProveFirst,
    /// Refused.
    Refused(Error),
}

impl ClientDoor {
    /// That of the flow's client; a flow without one is kept by nobody's.
    pub(super) fn of(tx: &mut IdentityTx<'_>, flow: &Flow) -> Result<Self> {
        let id = flow.data.client.as_ref().map(|client| client.id);
        let client = id.map(|id| clients::find(tx, id)).transpose()?.flatten();
        Ok(client.map_or(Self { door: Door::OPEN, allowed: Vec::new() }, |client| Self {
            door: door_of(&client.settings),
            allowed: client.settings.allowed_organizations,
        }))
    }

    /// The door as it stands before an organization's.
    pub(super) fn before(&self, organization: Door) -> Door {
        self.door.and(organization)
    }

    /// Whether members of an organization may use the client.
    pub(super) fn allows(&self, organization: OrganizationId) -> bool {
        self.allowed.is_empty() || self.allowed.contains(&organization)
    }

    /// The organization whose members alone may use the client.
    pub(super) fn only_organization(&self) -> Option<OrganizationId> {
        <[OrganizationId; 1]>::try_from(self.allowed.as_slice()).ok().map(|[only]| only)
    }

    /// `_304` or `_309` where nobody registers whatever they show.
    pub(super) fn check_open(&self) -> Result<()> {
        check_personal(if self.door.sso_required { RegistrationMode::SsoOnly } else { self.door.mode })
    }

    /// Whether somebody with this address may make a personal account through the client.
    pub(super) fn personal(
        &self,
        tx: &mut IdentityTx<'_>,
        work: &Work,
        email: &Email,
        proven: bool,
    ) -> Result<Personal> {
        if let Err(error) = self.check_open() {
            return Ok(Personal::Refused(error));
        }
        let may = match self.door.mode {
            RegistrationMode::ByInvitationOnly => self.is_invited(tx, work, email)?,
            RegistrationMode::ByInvitationOrDomain => {
                self.is_at_domain(tx, email)? || self.is_invited(tx, work, email)?
            }
            RegistrationMode::Public | RegistrationMode::SsoOnly | RegistrationMode::Closed => {
                return Ok(Personal::Allowed);
            }
        };
        Ok(match (may, proven) {
            (false, _) => Personal::Refused(TurnedAway::Uninvited.refusal(self.door)),
            (true, false) => Personal::ProveFirst,
            (true, true) => Personal::Allowed,
        })
    }

    fn is_invited(&self, tx: &mut IdentityTx<'_>, work: &Work, email: &Email) -> Result<bool> {
        let open = invitations::open_of_address(tx, email.key(), work.now(), INVITATIONS)?;
        Ok(open.iter().any(|invitation| self.allows(invitation.organization_id)))
    }

    fn is_at_domain(&self, tx: &mut IdentityTx<'_>, email: &Email) -> Result<bool> {
        let Some(domain) = domains::verified_holder(tx, email.domain())? else { return Ok(false) };
        let holder = organizations::get(tx, domain.organization_id)?;
        Ok(holder.registration_mode == RegistrationMode::ByInvitationOrDomain && self.allows(holder.id))
    }
}
