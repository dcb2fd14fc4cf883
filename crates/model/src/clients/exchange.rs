//! What a client may exchange tokens for (RFC 8693, `contract/30` §4.6).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a client may exchange tokens for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TokenExchange {
    /// Whether it may exchange tokens.
    pub enabled: bool,
    /// For whom the results may be: resources and clients, at most 100.
    pub audiences: Vec<String>,
    /// Whether it may get tokens for administrators that speak of another person.
    pub may_impersonate: bool,
}
