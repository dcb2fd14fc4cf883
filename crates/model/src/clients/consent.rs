//! What a person agreed to for a client (`contract/30` §10.1).

use crate::{
    Timestamp,
    ids::{ClientId, ConsentId, IdentityId, OrganizationId},
};

/// A consent, for one client and one organization or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Id.
    pub id: ConsentId,
    /// Whose.
    pub identity_id: IdentityId,
    /// For which client.
    pub client_id: ClientId,
    /// For which organization.
    pub organization_id: Option<OrganizationId>,
    /// The scopes.
    pub scopes: Vec<String>,
    /// The resources.
    pub resources: Vec<String>,
    /// When it was given.
    pub granted_at: Timestamp,
    /// When it was relied upon last.
    pub last_used_at: Timestamp,
}
