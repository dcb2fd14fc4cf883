//! The table of tokens by which clients may register.

use avnology_model::{Error, Result, Timestamp, clients::InitialAccessToken, secret_token::SecretHash};

use crate::{IdentityTx, params};

crate::statements! {
    INSERT = "INSERT INTO oauth_initial_access_tokens (hash, limits, uses_left, create_time, expires_at) \
        VALUES ($1, $2, $3, $4, $5)";
    BY_HASH = "SELECT hash, limits, uses_left, create_time, expires_at FROM oauth_initial_access_tokens WHERE hash = $1";
    // One guarded update: of two who take the last use, one comes first.
    USE = "UPDATE oauth_initial_access_tokens SET uses_left = uses_left - 1 \
        WHERE hash = $1 AND uses_left > 0 AND expires_at > $2 RETURNING hash";
    PURGE = "DELETE FROM oauth_initial_access_tokens WHERE expires_at < $1";
}

/// Adds a token.
pub fn insert(tx: &mut IdentityTx<'_>, token: &InitialAccessToken) -> Result<()> {
    let limits = serde_json::to_value(&token.limits).map_err(Error::internal)?;
    let values = params![token.hash, limits, i64::from(token.uses_left), token.create_time, token.expires_at];
    tx.execute(&INSERT, &values).map(drop)
}

/// The token with this hash.
pub fn find(tx: &mut IdentityTx<'_>, hash: &SecretHash) -> Result<Option<InitialAccessToken>> {
    let Some(mut row) = tx.query_one(&BY_HASH, &params![hash])? else { return Ok(None) };
    Ok(Some(InitialAccessToken {
        hash: row.take()?,
        limits: serde_json::from_value(row.take()?).map_err(Error::internal)?,
        uses_left: u32::try_from(row.take::<i64>()?).map_err(Error::internal)?,
        create_time: row.take()?,
        expires_at: row.take()?,
    }))
}

/// Takes one use of a token; `false` when there is none left or its time is over.
pub fn use_once(tx: &mut IdentityTx<'_>, hash: &SecretHash, now: Timestamp) -> Result<bool> {
    Ok(tx.query_one(&USE, &params![hash, now])?.is_some())
}

/// Forgets the tokens that ended before `limit`.
pub fn purge(tx: &mut IdentityTx<'_>, limit: Timestamp) -> Result<()> {
    tx.execute(&PURGE, &params![limit]).map(drop)
}
