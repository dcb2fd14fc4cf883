//! Resources that tokens are for (RFC 8707, `contract/30` §2.2).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Timestamp,
    ids::{ClientId, ResourceId},
    permissions::RoleKey,
};

/// A scope of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceScope {
    /// Its name, as it stands in `scope`.
    pub name: String,
    /// What people are told of it, at most 200 characters.
    #[serde(default)]
    pub description: Option<String>,
    /// Who gets it: holders of one of these roles in the chosen organization; everybody when empty.
    #[serde(default)]
    pub roles: Vec<RoleKey>,
}

/// The writable members of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceSettings {
    /// An absolute URI without fragment, unique; set once.
    pub identifier: String,
    /// Name, 1–100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Its scopes, at most 100.
    #[serde(default)]
    pub scopes: Vec<ResourceScope>,
    /// Life of access tokens for it in seconds, 300–3600; null for the client's.
    #[serde(default)]
    pub access_token_ttl_seconds: Option<u32>,
    /// Whether refresh tokens are given for it.
    #[serde(default = "yes")]
    pub allow_offline_access: bool,
    /// The clients that may introspect tokens for it.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub introspection_clients: Vec<ClientId>,
}

fn yes() -> bool {
    true
}

/// A resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiResource {
    /// Id.
    pub id: ResourceId,
    /// What may be written of it.
    pub settings: ResourceSettings,
    /// Creation.
    pub create_time: Timestamp,
    /// Last change.
    pub update_time: Timestamp,
}

impl ApiResource {
    /// Its entity tag, without quotes.
    pub fn etag(&self) -> String {
        format!("{:x}", self.update_time.micros())
    }
}
