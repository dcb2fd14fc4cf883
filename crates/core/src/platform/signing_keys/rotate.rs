//! Replacing keys: on schedule, when an administrator wants it, and in an emergency.

use avnology_model::{Result, events::EventType, platform::SigningAlgorithm};
use avnology_store::{
    IdentityTx,
    platform::signing_keys::{self as rows, StoredSigningKey},
};
use serde_json::json;

use super::{
    load, make,
    view::{SigningKeyView, views},
};
use crate::{Cx, Tenant, events::emit};

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;
/// From the publication of one key to that of the next, in seconds.
const EVERY_SECONDS: i64 = 90 * DAY;
/// How long a key is published before it signs, in seconds.
const AHEAD_SECONDS: i64 = 48 * HOUR;
/// The longest that a token which a key signs may be good: an ID token (`contract/30` §2.1).
const LONGEST_TOKEN_SECONDS: i64 = DAY;
/// How long a key is published after it signed last, in seconds.
pub(super) const KEPT_SECONDS: i64 = LONGEST_TOKEN_SECONDS + 48 * HOUR;

/// Replaces the key of an algorithm, and answers with all keys. The new one is published at once and signs after 48 hours;
/// nothing happens while one waits already. In an emergency it signs at once, and every other key of the algorithm is
/// removed. Of several who do this at the same moment one does it. An algorithm without a key gets its first.
pub async fn rotate_signing_key(
    app: &Tenant,
    cx: &Cx,
    algorithm: SigningAlgorithm,
    emergency: bool,
) -> Result<Vec<SigningKeyView>> {
    let stored = load::read(app, cx).await?;
    let present: Vec<&StoredSigningKey> = stored
        .iter()
        .filter(|row| row.algorithm == algorithm.as_str() && row.retire_time.is_none())
        .collect();
    if !emergency && present.iter().any(|row| row.is_next()) {
        return Ok(views(&stored));
    }
    let seen = present.iter().find(|row| row.active).map(|row| row.kid.clone());
    let drawn = make::draw(&app.keys, cx, algorithm).await?;
    let new = if emergency || seen.is_none() {
        drawn
    } else {
        StoredSigningKey { active: false, activate_time: cx.now.plus_seconds(AHEAD_SECONDS), ..drawn }
    };
    let _alone = app.signing_keys.gate.write().await;
    let of = cx.clone();
    let rotated = app.store.identity().write(move |tx| rotate(tx, &of, &new, seen.as_deref(), emergency));
    rotated.await?;
    app.signing_keys.keep(load::load(app, cx, &[]).await?, cx.now);
    if emergency {
        // What the removed key signed is good no more.
        app.clients.forget_tokens();
    }
    Ok(views(&load::read(app, cx).await?))
}

/// Nothing happens when the key that signs is another than was `seen`: somebody else was faster.
fn rotate(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    new: &StoredSigningKey,
    seen: Option<&str>,
    emergency: bool,
) -> Result<()> {
    let stored = rows::list(tx, cx.now)?;
    let active = stored.iter().find(|row| row.active && row.algorithm == new.algorithm);
    if active.map(|row| row.kid.as_str()) != seen {
        return Ok(());
    }
    if emergency {
        rows::remove(tx, &new.algorithm)?;
    }
    if rows::insert(tx, new)? {
        let payload = json!({ "kid": new.kid, "alg": new.algorithm, "emergency": emergency });
        emit(tx, &cx.event(EventType::SigningKeyRotated, payload).on("signing_key", &new.kid))?;
    }
    Ok(())
}

/// Replaces the keys that were published 90 days ago, and gives turns that have come.
pub async fn rotate_due(app: &Tenant) -> Result<()> {
    let cx = app.system_cx();
    let stored = load::read(app, &cx).await?;
    for algorithm in SigningAlgorithm::ALL {
        let of_it = stored.iter().filter(|row| row.algorithm == algorithm.as_str());
        let newest = of_it.filter(|row| row.retire_time.is_none()).map(|row| row.create_time).max();
        if newest.is_some_and(|published| published.plus_seconds(EVERY_SECONDS) <= cx.now) {
            rotate_signing_key(app, &cx, *algorithm, false).await?;
        }
    }
    Ok(())
}
