//! A membership: an identity belongs to an organization.

use crate::{
    Timestamp,
    ids::{IdentityId, MembershipId, OrganizationId},
    permissions::RoleKey,
    text::text_enum,
};

text_enum! {
    /// Where a membership stands.
    pub enum MemberState {
        /// In force.
        Active = "active",
        /// Kept without rights.
        Suspended = "suspended",
        /// Waits for the person's acceptance.
        Pending = "pending",
    }
}

text_enum! {
    /// How someone became a member.
    pub enum MembershipSource {
        /// Made the organization.
        Creator = "creator",
        /// Was added by an administrator.
        Admin = "admin",
        /// Accepted an invitation.
        Invitation = "invitation",
        /// Has an address at a verified domain.
        Domain = "domain",
        /// Joined a public organization.
        Join = "join",
        /// Came by single sign-on.
        Sso = "sso",
        /// Was provisioned.
        Scim = "scim",
    }
}

text_enum! {
    /// Who decides on the role.
    pub enum RoleSource {
        /// People.
        Manual = "manual",
        /// An identity provider.
        Sso = "sso",
        /// A directory.
        Scim = "scim",
    }
}

/// A membership as the server keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Membership {
    /// Id.
    pub id: MembershipId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The person.
    pub identity_id: IdentityId,
    /// The role, exactly one.
    pub role: RoleKey,
    /// Who decides on the role.
    pub role_source: RoleSource,
    /// Where it stands.
    pub state: MemberState,
    /// How it came to be.
    pub source: MembershipSource,
    /// When it came into force first.
    pub joined_at: Option<Timestamp>,
    /// Last use of the organization, to the minute.
    pub last_active_at: Option<Timestamp>,
    /// From then on it counts in no check.
    pub expire_time: Option<Timestamp>,
    /// Creation.
    pub create_time: Timestamp,
    /// Last change.
    pub update_time: Timestamp,
    /// Counts changes.
    pub version: i64,
}

impl Membership {
    /// Whether it is in force at `now`.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.state == MemberState::Active && self.expire_time.is_none_or(|end| end > now)
    }
}
