//! Messages to people: a queue while they wait, the outbox once they are captured.

use avnology_model::{
    Error, Result, Timestamp,
    events::MessageRequest,
    ids::{IdentityId, MessageId},
};

use crate::{IdentityTx, Row, params};

crate::statements! {
    INSERT = "INSERT INTO messages (id, kind, recipient, request, sealed, create_time, attempts, next_attempt_at) \
        VALUES ($1, $2, $3, $4, $5, $6, 0, $7) ON CONFLICT (id) DO NOTHING";
    CLAIM = "UPDATE messages SET attempts = attempts + 1, next_attempt_at = $2 WHERE id IN \
        (SELECT id FROM messages WHERE next_attempt_at <= $1 ORDER BY next_attempt_at LIMIT $3 {skip_locked}) \
        RETURNING id, request, sealed, create_time, attempts";
    SENT = "UPDATE messages SET sent_at = $2, next_attempt_at = NULL, sealed = NULL, last_error = NULL WHERE id = $1";
    FAILED = "UPDATE messages SET next_attempt_at = $2, last_error = $3 WHERE id = $1";
    GIVEN_UP = "UPDATE messages SET next_attempt_at = NULL, sealed = NULL, last_error = $2 WHERE id = $1";
    NEXT = "SELECT MIN(next_attempt_at) FROM messages WHERE next_attempt_at IS NOT NULL";
    LIST = "SELECT id, request, sealed, create_time, attempts FROM messages WHERE create_time > $1 \
        AND (CAST($2 AS TEXT) IS NULL OR recipient = $2) AND (CAST($3 AS TEXT) IS NULL OR kind = $3) \
        AND (CAST($4 AS BIGINT) IS NULL OR create_time < $4 OR (create_time = $4 AND id < $5)) \
        ORDER BY create_time DESC, id DESC LIMIT $6";
    CLEAR = "DELETE FROM messages";
    PURGE = "DELETE FROM messages WHERE create_time < $1 AND next_attempt_at IS NULL";
    DELETE_TO = "DELETE FROM messages WHERE recipient = $1";
    DELETE_OF = "DELETE FROM messages WHERE recipient = $1 AND request LIKE $2";
}

/// A message of the queue or the outbox.
#[derive(Clone, Debug)]
pub struct StoredMessage {
    /// Id; the same bits as the event that asked for it.
    pub id: MessageId,
    /// What is to be said, to whom.
    pub request: MessageRequest,
    /// Its secrets.
    pub sealed: Option<Vec<u8>>,
    /// When it was asked for.
    pub create_time: Timestamp,
    /// Tries so far.
    pub attempts: u32,
}

fn from_row(mut row: Row) -> Result<StoredMessage> {
    Ok(StoredMessage {
        id: row.take()?,
        request: serde_json::from_value(row.take()?).map_err(Error::internal)?,
        sealed: row.take()?,
        create_time: row.take()?,
        attempts: row.take()?,
    })
}

/// Adds a message, once; to be sent at `next_attempt_at`, or captured when that is `None`.
pub fn insert(
    tx: &mut IdentityTx<'_>,
    message: &StoredMessage,
    next_attempt_at: Option<Timestamp>,
) -> Result<()> {
    let request = serde_json::to_value(&message.request).map_err(Error::internal)?;
    let values = params![
        message.id,
        message.request.kind,
        message.request.to.to_lowercase(),
        request,
        message.sealed.as_ref(),
        message.create_time,
        next_attempt_at,
    ];
    tx.execute(&INSERT, &values).map(drop)
}

/// Takes up to `limit` messages that are due and counts the try. Who does not report back by `lease_until` is taken to
/// have died, and the message is due again.
pub fn claim(
    tx: &mut IdentityTx<'_>,
    now: Timestamp,
    lease_until: Timestamp,
    limit: u32,
) -> Result<Vec<StoredMessage>> {
    tx.query(&CLAIM, &params![now, lease_until, limit])?.into_iter().map(from_row).collect()
}

/// The message is on its way: its secrets are forgotten.
pub fn sent(tx: &mut IdentityTx<'_>, id: MessageId, now: Timestamp) -> Result<()> {
    tx.execute(&SENT, &params![id, now]).map(drop)
}

/// The try failed; the next one at `next`, or none.
pub fn failed(tx: &mut IdentityTx<'_>, id: MessageId, next: Option<Timestamp>, why: &str) -> Result<()> {
    match next {
        Some(next) => tx.execute(&FAILED, &params![id, next, why]).map(drop),
        None => tx.execute(&GIVEN_UP, &params![id, why]).map(drop),
    }
}

/// When the next message is due.
pub fn next_due(tx: &mut IdentityTx<'_>) -> Result<Option<Timestamp>> {
    tx.query_one(&NEXT, &params![])?.map_or(Ok(None), |mut row| row.take())
}

/// What a page of the outbox is to hold.
#[derive(Clone, Debug, Default)]
pub struct OutboxQuery {
    /// Made after.
    pub since: Timestamp,
    /// To this address.
    pub to: Option<String>,
    /// Of this type.
    pub kind: Option<String>,
    /// Older than this one.
    pub after: Option<(Timestamp, MessageId)>,
    /// At most so many.
    pub limit: u32,
}

/// A page of messages, newest first.
pub fn list(tx: &mut IdentityTx<'_>, query: &OutboxQuery) -> Result<Vec<StoredMessage>> {
    let values = params![
        query.since,
        query.to.as_ref().map(|to| to.to_lowercase()),
        query.kind.as_ref(),
        query.after.map(|a| a.0),
        query.after.map(|a| a.1),
        query.limit,
    ];
    tx.query(&LIST, &values)?.into_iter().map(from_row).collect()
}

/// Removes every message.
pub fn clear(tx: &mut IdentityTx<'_>) -> Result<u64> {
    tx.execute(&CLEAR, &params![])
}

/// Removes the messages to an address.
pub fn erase(tx: &mut IdentityTx<'_>, recipient: &str) -> Result<()> {
    tx.execute(&DELETE_TO, &params![recipient.to_lowercase()]).map(drop)
}

/// Removes the messages to an address that are about this identity.
pub fn erase_of(tx: &mut IdentityTx<'_>, recipient: &str, identity: IdentityId) -> Result<()> {
    // No other text of a message can hold an id in quotation marks.
    tx.execute(&DELETE_OF, &params![recipient.to_lowercase(), format!("%\"{identity}\"%")]).map(drop)
}

/// Removes messages made before `before` that wait no longer.
pub fn purge(tx: &mut IdentityTx<'_>, before: Timestamp) -> Result<u64> {
    tx.execute(&PURGE, &params![before])
}
