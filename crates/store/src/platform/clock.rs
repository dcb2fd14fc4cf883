//! The database's clock, to compare with ours.

use avnology_model::{Error, Result, Timestamp};

use crate::{IdentityTx, params};

crate::statements! {
    NOW = "SELECT {server_micros}";
}

/// What the database's clock says. On SQLite it is the machine's own.
pub fn now(tx: &mut IdentityTx<'_>) -> Result<Timestamp> {
    let row = tx.query_one(&NOW, &params![])?;
    row.ok_or_else(|| Error::internal("the database does not tell the time"))?.take()
}
