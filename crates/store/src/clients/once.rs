//! What may be used once, and tokens that were ended singly.

use avnology_model::{Result, Timestamp, secret_token::SecretHash};

use crate::{IdentityTx, params};

crate::statements! {
    SEE = "INSERT INTO oauth_seen (hash, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    PURGE_SEEN = "DELETE FROM oauth_seen WHERE expires_at < $1";
    REVOKE = "INSERT INTO oauth_revoked_tokens (jti, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    IS_REVOKED = "SELECT 1 FROM oauth_revoked_tokens WHERE jti = $1";
    PURGE_REVOKED = "DELETE FROM oauth_revoked_tokens WHERE expires_at < $1";
}

/// Remembers until `expires_at` that something was used; `false` when it was used before.
pub fn see(tx: &mut IdentityTx<'_>, hash: &SecretHash, expires_at: Timestamp) -> Result<bool> {
    Ok(tx.execute(&SEE, &params![hash, expires_at])? > 0)
}

/// Ends an access token that would end by itself at `expires_at`; `false` when it was ended before.
pub fn revoke_token(tx: &mut IdentityTx<'_>, jti: &str, expires_at: Timestamp) -> Result<bool> {
    Ok(tx.execute(&REVOKE, &params![jti, expires_at])? > 0)
}

/// Whether an access token was ended singly.
pub fn is_revoked(tx: &mut IdentityTx<'_>, jti: &str) -> Result<bool> {
    Ok(tx.query_one(&IS_REVOKED, &params![jti])?.is_some())
}

/// Forgets what ended before `limit`.
pub fn purge(tx: &mut IdentityTx<'_>, limit: Timestamp) -> Result<()> {
    tx.execute(&PURGE_SEEN, &params![limit])?;
    tx.execute(&PURGE_REVOKED, &params![limit]).map(drop)
}
