//! Service accounts and API keys.

pub mod accounts;
pub mod keys;

use avnology_model::{Error, Result, permissions::Scope};

fn scopes_to_json(scopes: &[Scope]) -> Result<serde_json::Value> {
    serde_json::to_value(scopes).map_err(Error::internal)
}
