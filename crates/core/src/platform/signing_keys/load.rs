//! From the database into memory; and, on the way, what is due: turns that have come, keys that are missing.

use avnology_model::{Result, Timestamp, events::EventType, platform::SigningAlgorithm};
use avnology_store::{
    IdentityTx,
    platform::signing_keys::{self as rows, StoredSigningKey},
};
use serde_json::json;

use super::{make, ring::Ring, rotate::KEPT_SECONDS};
use crate::{Cx, Tenant, events::emit};

/// Reads the keys, and makes those of `needed` that are missing.
pub(super) async fn load(app: &Tenant, cx: &Cx, needed: &[SigningAlgorithm]) -> Result<Ring> {
    let mut stored = read(app, cx).await?;
    for algorithm in needed {
        if !signs(&stored, *algorithm) {
            stored = make_first(app, cx, *algorithm).await?;
        }
    }
    Ring::open(&app.keys, &stored, cx.now)
}

/// Reads the keys. Those whose turn has come are active from now on: on every node at that moment, and whoever comes first
/// writes it down.
pub(super) async fn read(app: &Tenant, cx: &Cx) -> Result<Vec<StoredSigningKey>> {
    let now = cx.now;
    let stored = app.store.identity().read(move |tx| rows::list(tx, now)).await?;
    if !stored.iter().any(|row| is_due(row, now)) {
        return Ok(stored);
    }
    app.store.identity().write(move |tx| take_turns(tx, now)).await
}

fn is_due(row: &StoredSigningKey, now: Timestamp) -> bool {
    row.is_next() && row.activate_time <= now
}

fn take_turns(tx: &mut IdentityTx<'_>, now: Timestamp) -> Result<Vec<StoredSigningKey>> {
    for next in rows::list(tx, now)?.iter().filter(|row| is_due(row, now)) {
        rows::activate(tx, next, now.plus_seconds(KEPT_SECONDS))?;
    }
    rows::list(tx, now)
}

/// Makes the first key of an algorithm. Another node may be doing the same: one of the keys is taken, and all read which.
async fn make_first(app: &Tenant, cx: &Cx, algorithm: SigningAlgorithm) -> Result<Vec<StoredSigningKey>> {
    let _alone = app.signing_keys.making.lock().await;
    let stored = read(app, cx).await?;
    if signs(&stored, algorithm) {
        return Ok(stored);
    }
    let first = make::draw(&app.keys, cx, algorithm).await?;
    let cx = cx.clone();
    let made = app.store.identity().write(move |tx| {
        if rows::insert(tx, &first)? {
            let payload = json!({ "kid": first.kid, "alg": first.algorithm });
            emit(tx, &cx.event(EventType::SigningKeyMade, payload).on("signing_key", &first.kid))?;
        }
        rows::list(tx, cx.now)
    });
    made.await
}

fn signs(stored: &[StoredSigningKey], algorithm: SigningAlgorithm) -> bool {
    stored.iter().any(|row| row.active && row.algorithm == algorithm.as_str())
}
