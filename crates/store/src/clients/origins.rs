//! The table of the origins whose pages may call for a client.

use avnology_model::{Result, clients::Client, ids::ClientId};

use crate::{IdentityTx, Row, params};

crate::statements! {
    INSERT = "INSERT INTO oauth_client_origins (client_id, origin) VALUES ($1, $2)";
    DELETE = "DELETE FROM oauth_client_origins WHERE client_id = $1";
    LIST = "SELECT DISTINCT o.origin FROM oauth_client_origins o JOIN oauth_clients c ON c.id = o.client_id \
        WHERE c.state = 'active'";
}

/// Writes the origins of a client in place of those that were there.
pub(super) fn write(tx: &mut IdentityTx<'_>, client: &Client) -> Result<()> {
    erase(tx, client.id)?;
    for origin in &client.settings.allowed_cors_origins {
        tx.execute(&INSERT, &params![client.id, origin])?;
    }
    Ok(())
}

/// Removes the origins of a client.
pub(super) fn erase(tx: &mut IdentityTx<'_>, client: ClientId) -> Result<()> {
    tx.execute(&DELETE, &params![client]).map(drop)
}

/// Those of all clients that work.
pub fn list(tx: &mut IdentityTx<'_>) -> Result<Vec<String>> {
    tx.query(&LIST, &params![])?.iter_mut().map(Row::take).collect()
}
