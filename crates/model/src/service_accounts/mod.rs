//! Service accounts and their API keys (`contract/20` §9). So far: the tenant-level key installed at start.

use crate::{
    Timestamp,
    ids::{ApiKeyId, ServiceAccountId},
    permissions::Scope,
    secret_token::SecretHash,
};

/// An API key as the server keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Id.
    pub id: ApiKeyId,
    /// Whose.
    pub service_account_id: ServiceAccountId,
    /// SHA-256 of the key.
    pub hash: SecretHash,
    /// Type prefix and first four characters.
    pub prefix: String,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// Creation.
    pub create_time: Timestamp,
    /// Set once: revoked.
    pub revoked_at: Option<Timestamp>,
}
