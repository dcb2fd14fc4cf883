//! Service accounts and their API keys (`contract/20` §15).

use ipnet::IpNet;

use crate::{
    Timestamp,
    ids::{ApiKeyId, IdentityId, OrganizationId, ServiceAccountId},
    permissions::Scope,
    secret_token::SecretHash,
};

/// A service account as the server keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccount {
    /// Id.
    pub id: ServiceAccountId,
    /// The organization it belongs to; none for the tenant.
    pub organization_id: Option<OrganizationId>,
    /// Name, 1–256 characters.
    pub name: String,
    /// Description, at most 500 characters.
    pub description: Option<String>,
    /// The human who answers for it.
    pub owner_id: Option<IdentityId>,
    /// When that human left the organization.
    pub owner_lost_at: Option<Timestamp>,
    /// Most that its keys may allow.
    pub scopes: Vec<Scope>,
    /// Whether its keys work.
    pub active: bool,
    /// Whether keys made without naming an account are its own.
    pub is_default: bool,
    /// Last use of one of its keys, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Creation.
    pub create_time: Timestamp,
    /// Last change.
    pub update_time: Timestamp,
}

/// An API key as the server keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Id.
    pub id: ApiKeyId,
    /// Whose.
    pub service_account_id: ServiceAccountId,
    /// The organization that its account belongs to; none for the tenant.
    pub organization_id: Option<OrganizationId>,
    /// SHA-256 of the key.
    pub hash: SecretHash,
    /// Type prefix and first four characters.
    pub prefix: String,
    /// Name, 1–100 characters.
    pub name: String,
    /// What it allows; all that the account may when empty.
    pub scopes: Vec<Scope>,
    /// What its account may.
    pub account_scopes: Vec<Scope>,
    /// Networks that it may be used from; any when empty.
    pub allowed_cidrs: Vec<IpNet>,
    /// End.
    pub expire_time: Option<Timestamp>,
    /// Last use, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Address of the last use.
    pub last_used_ip: Option<String>,
    /// Creation.
    pub create_time: Timestamp,
    /// Set once: revoked.
    pub revoked_at: Option<Timestamp>,
}
