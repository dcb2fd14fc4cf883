//! Invitations into an organization (`contract/20` §7).

use crate::{
    Timestamp,
    ids::{GroupId, IdentityId, InvitationId, OrganizationId},
    permissions::RoleKey,
    text::text_enum,
};

text_enum! {
    /// Where an invitation stands.
    pub enum InvitationStatus {
        /// Waits for an answer.
        Pending = "pending",
        /// Accepted.
        Accepted = "accepted",
        /// Declined.
        Declined = "declined",
        /// Ran out.
        Expired = "expired",
        /// Taken back.
        Revoked = "revoked",
    }
}

text_enum! {
    /// How an invitation reaches the person.
    pub enum Delivery {
        /// We mail it.
        Email = "email",
        /// Whoever invites passes the link on.
        Link = "link",
    }
}

/// An invitation as the server keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Invitation {
    /// Id.
    pub id: InvitationId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// Address as entered.
    pub email: String,
    /// What addresses are compared by.
    pub email_key: String,
    /// Role to be given.
    pub role: RoleKey,
    /// Static groups to be put in.
    pub group_ids: Vec<GroupId>,
    /// Where it stands; an expired one may still say `pending` until the sweep.
    pub status: InvitationStatus,
    /// How it reaches the person.
    pub delivery: Delivery,
    /// Words of whoever invites.
    pub message: Option<String>,
    /// Where to go after acceptance.
    pub return_to: Option<String>,
    /// Who invited: `usr_…` or `sa_…`; none for the system.
    pub invited_by: Option<String>,
    /// How long it is good, in seconds, to be renewed when it is sent again.
    pub life_seconds: u32,
    /// End.
    pub expires_at: Timestamp,
    /// Creation.
    pub create_time: Timestamp,
    /// Acceptance.
    pub accepted_at: Option<Timestamp>,
    /// Who accepted.
    pub accepted_identity_id: Option<IdentityId>,
}

impl Invitation {
    /// Where it stands at `now`.
    pub fn status_at(&self, now: Timestamp) -> InvitationStatus {
        match self.status {
            InvitationStatus::Pending if self.expires_at <= now => InvitationStatus::Expired,
            status => status,
        }
    }
}
