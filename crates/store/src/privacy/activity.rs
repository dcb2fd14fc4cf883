//! What happened to an account, newest first. In the identity layer.

use avnology_model::{
    Error, Result, Timestamp,
    ids::{EventId, IdentityId},
    privacy::Activity,
};

use crate::{IdentityTx, params};

crate::statements! {
    INSERT = "INSERT INTO activity (event_id, identity_id, create_time, action, body) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (event_id) DO NOTHING";
    NEWEST = "SELECT body FROM activity WHERE identity_id = $1 ORDER BY create_time DESC, event_id DESC LIMIT $2";
    OLDER = "SELECT body FROM activity WHERE identity_id = $1 AND (create_time, event_id) < ($2, $3) \
        ORDER BY create_time DESC, event_id DESC LIMIT $4";
    ERASE = "DELETE FROM activity WHERE identity_id = $1";
    PURGE = "DELETE FROM activity WHERE create_time < $1";
}

/// Adds what happened, once.
pub fn insert(tx: &mut IdentityTx<'_>, identity: IdentityId, activity: &Activity) -> Result<()> {
    let body = serde_json::to_value(activity).map_err(Error::internal)?;
    let params = params![activity.id, identity, activity.timestamp, activity.action.as_str(), body];
    tx.execute(&INSERT, &params).map(drop)
}

/// Up to `limit` of what happened before `after`.
pub fn list(
    tx: &mut IdentityTx<'_>,
    identity: IdentityId,
    after: Option<(Timestamp, EventId)>,
    limit: u32,
) -> Result<Vec<Activity>> {
    let rows = match after {
        None => tx.query(&NEWEST, &params![identity, limit])?,
        Some((at, id)) => tx.query(&OLDER, &params![identity, at, id, limit])?,
    };
    rows.into_iter().map(|mut row| serde_json::from_value(row.take()?).map_err(Error::internal)).collect()
}

/// Removes what happened to an identity.
pub fn erase(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<()> {
    tx.execute(&ERASE, &params![identity]).map(drop)
}

/// Removes what happened before `before`.
pub fn purge(tx: &mut IdentityTx<'_>, before: Timestamp) -> Result<u64> {
    tx.execute(&PURGE, &params![before])
}
