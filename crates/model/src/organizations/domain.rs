//! Domains that organizations hold (`contract/20` §8).

use crate::{
    Timestamp,
    ids::{DomainId, OrganizationId},
    organizations::CHALLENGE_LABEL,
    permissions::RoleKey,
    text::text_enum,
};

text_enum! {
    /// Whether a domain is proven.
    pub enum DomainStatus {
        /// Not yet.
        Pending = "pending",
        /// Proven.
        Verified = "verified",
        /// Not in time, or no more.
        Failed = "failed",
    }
}

/// A domain as the server keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Domain {
    /// Id.
    pub id: DomainId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The domain in ASCII (IDNA), lower case.
    pub domain: String,
    /// Whether it is proven.
    pub status: DomainStatus,
    /// What the TXT record must hold.
    pub txt_value: String,
    /// Whether people with an address there join, where the registration mode allows it.
    pub auto_join: bool,
    /// Whether an address there leads to the organization's sign-in.
    pub sign_in_routing: bool,
    /// Role of those who join by it; none for the organization's default.
    pub default_role: Option<RoleKey>,
    /// Proof.
    pub verified_at: Option<Timestamp>,
    /// Last look.
    pub last_checked_at: Option<Timestamp>,
    /// Next look.
    pub next_check_at: Option<Timestamp>,
    /// Until when one that is not proven is tried by itself.
    pub tried_until: Option<Timestamp>,
    /// Since when a proven domain's record is missing.
    pub failing_since: Option<Timestamp>,
    /// Creation.
    pub create_time: Timestamp,
}

impl Domain {
    /// The name at which the TXT record stands.
    pub fn txt_name(&self) -> String {
        format!("{CHALLENGE_LABEL}.{}", self.domain)
    }
}
