//! What a device asks for whose person confirms it elsewhere (RFC 8628, `contract/30` §4.5).

use super::GrantedRights;
use crate::{
    Timestamp,
    ids::{ClientId, GrantId, IdentityId, OrganizationId, SessionId},
    secret_token::SecretHash,
    text::text_enum,
};

text_enum! {
    /// What became of a device's request.
    pub enum DeviceStage {
        /// Nobody answered.
        Pending = "pending",
        /// The person said yes.
        Approved = "approved",
        /// The person said no.
        Denied = "denied",
        /// Its tokens were given.
        Used = "used",
    }
}

/// A device's request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceCode {
    /// SHA-256 of the code that the device holds.
    pub hash: SecretHash,
    /// The code that people type, without its dash.
    pub user_code: String,
    /// Who asks.
    pub client_id: ClientId,
    /// For what.
    pub scopes: Vec<String>,
    /// For which resources.
    pub resources: Vec<String>,
    /// For which organization, if the device said.
    pub organization: Option<OrganizationId>,
    /// Where it asked from.
    pub ip: Option<String>,
    /// What it called itself.
    pub user_agent: String,
    /// What became of it.
    pub stage: DeviceStage,
    /// How long the device waits between two questions, in seconds.
    pub interval_seconds: i64,
    /// When it asked last.
    pub asked_at: Option<Timestamp>,
    /// What the person granted who said yes.
    pub approval: Option<DeviceApproval>,
    /// When it began.
    pub create_time: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What a person granted to a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceApproval {
    /// The grant that the code is good for.
    pub grant_id: GrantId,
    /// Who.
    pub identity_id: IdentityId,
    /// In which session.
    pub session_id: SessionId,
    /// For which organization.
    pub organization_id: Option<OrganizationId>,
    /// What.
    pub rights: GrantedRights,
}
