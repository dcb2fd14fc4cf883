//! First answers of creating requests, given again for the same key (`contract/00` §8).
//!
//! A key is claimed before the verb runs, and its answer is kept in the transaction that makes the change.

use avnology_model::{Code, Error, Result, platform::IdempotencyKey};
use avnology_store::{IdentityTx, platform::idempotency as rows};

use super::{Keys, Place};
use crate::{Cx, Tenant, hex};

/// How long an answer is kept, in seconds.
pub(super) const KEPT_SECONDS: i64 = 24 * 60 * 60;
/// After how long a first call that never answered frees its key, in seconds.
const DEAD_SECONDS: i64 = 60;

/// What a request with a key may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Go on: this is the first call.
    First,
    /// Give this answer again: status and body.
    Replay(u16, Vec<u8>),
}

/// Claims `key`. `_904` when it was used with another body, or when its first call is still running.
pub async fn begin(app: &Tenant, cx: &Cx, key: &IdempotencyKey) -> Result<Begun> {
    let (key, now) = (*key, cx.now);
    let first =
        app.store
            .identity()
            .write(move |tx| {
                let first =
                    rows::find(tx, &key.scope)?.filter(|f| f.create_time.plus_seconds(KEPT_SECONDS) > now);
                match first {
                    Some(first)
                        if first.status.is_none() && first.create_time.plus_seconds(DEAD_SECONDS) <= now =>
                    {
                        rows::claim(tx, &key.scope, &key.body, now).map(|()| None)
                    }
                    Some(first) if first.body != key.body => Err(Error::new(Code::IdempotencyConflict)
                        .with_detail("The key was used with another body.")),
                    Some(first) if first.status.is_some() => Ok(Some((key.scope, first))),
                    Some(_) => Err(Error::new(Code::IdempotencyConflict)
                        .with_detail("The first call with this key is still running.")
                        .with_retry_after(1)),
                    None => rows::claim(tx, &key.scope, &key.body, now).map(|()| None),
                }
            })
            .await?;
    match first {
        None => Ok(Begun::First),
        Some((scope, first)) => {
            let body = match &first.sealed {
                Some(sealed) => app.keys.open(&place(&hex(&scope)), sealed)?.to_vec(),
                None => Vec::new(),
            };
            Ok(Begun::Replay(first.status.unwrap_or(200), body))
        }
    }
}

/// Keeps the answer of the change that this transaction makes. `_904`, and so no change, when the call took so long that
/// another one has claimed the key.
pub(crate) fn finish(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    keys: &Keys,
    key: Option<&IdempotencyKey>,
    status: u16,
    body: &[u8],
) -> Result<()> {
    let Some(key) = key else { return Ok(()) };
    let sealed = keys.seal(&place(&hex(&key.scope)), body)?;
    if rows::finish(tx, &key.scope, cx.now, status, &sealed)? {
        return Ok(());
    }
    Err(Error::new(Code::IdempotencyConflict).with_detail("Another call with this key was faster."))
}

/// Keeps a refusal, which changed nothing; its body is the problem document.
pub async fn finish_refusal(
    app: &Tenant,
    cx: &Cx,
    key: &IdempotencyKey,
    status: u16,
    body: &[u8],
) -> Result<()> {
    let sealed = app.keys.seal(&place(&hex(&key.scope)), body)?;
    let (scope, now) = (key.scope, cx.now);
    app.store.identity().write(move |tx| rows::finish(tx, &scope, now, status, &sealed)).await.map(drop)
}

/// Keeps the answer of several changes, each of which was a transaction of its own.
pub async fn finish_batch(app: &Tenant, cx: &Cx, key: &IdempotencyKey, body: &[u8]) -> Result<()> {
    finish_refusal(app, cx, key, 200, body).await
}

/// Frees a key whose call failed or was limited: its answer is not kept.
pub async fn abandon(app: &Tenant, key: &IdempotencyKey) -> Result<()> {
    let scope = key.scope;
    app.store.identity().write(move |tx| rows::release(tx, &scope)).await
}

fn place(scope: &str) -> Place<'_> {
    Place { table: "idempotency_keys", row: scope, column: "sealed" }
}
