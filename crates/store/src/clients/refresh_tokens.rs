//! The table of refresh tokens.

use avnology_model::{Result, Timestamp, ids::GrantId, secret_token::SecretHash};

use super::grants::to_column;
use crate::{IdentityTx, params};

crate::statements! {
    INSERT = "INSERT INTO oauth_refresh_tokens (hash, grant_id, generation, first_used_at) VALUES ($1, $2, $3, NULL)";
    NOTE_USE = "UPDATE oauth_refresh_tokens SET first_used_at = $2 WHERE hash = $1 AND first_used_at IS NULL";
}

/// Adds the token of this number.
pub fn insert(tx: &mut IdentityTx<'_>, hash: &SecretHash, grant: GrantId, generation: u64) -> Result<()> {
    tx.execute(&INSERT, &params![hash, grant, to_column(generation)?]).map(drop)
}

/// Notes the first use of a token.
pub fn note_use(tx: &mut IdentityTx<'_>, hash: &SecretHash, now: Timestamp) -> Result<()> {
    tx.execute(&NOTE_USE, &params![hash, now]).map(drop)
}
