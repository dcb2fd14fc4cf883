//! Replacing a key by a new one, with a time in which both work.

use std::sync::Arc;

use avnology_model::{
    Code, Error, FieldCode, Result, Timestamp,
    events::EventType,
    ids::{ApiKeyId, ServiceAccountId},
    platform::IdempotencyKey,
    service_accounts::ApiKey,
};
use avnology_store::{
    IdentityTx,
    service_accounts::{accounts, keys},
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{ApiKeyView, Keeper, authenticate::kind_of, create_key::check_active, view::key_event};
use crate::{Cx, Tenant, events::emit, platform};

/// Longest grace, in seconds.
const LONGEST: u32 = 30 * 24 * 60 * 60;
/// Most replaced keys of an account that still work.
const MOST_IN_GRACE: u32 = 10;

/// A key that took another one's place.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RotatedKey {
    /// The new key, with the key itself.
    pub new_key: ApiKeyView,
    /// Until when the former one works.
    #[schema(value_type = String, format = DateTime)]
    pub old_key_expires_at: Timestamp,
}

/// Replaces a key; the former one works for `grace` more seconds, or until its own end if that is sooner. The new one has the
/// same name, scopes, networks and end. `_911`; `_902`; `_901`; `_910` when the account is inactive, or the key has ended or
/// was replaced before; `_100` when it allows more than the caller holds; `_914` when 10 replaced keys still work.
pub async fn rotate_key(
    app: &Arc<Tenant>,
    cx: &Cx,
    keeper: &Keeper,
    (account, id, grace): (ServiceAccountId, ApiKeyId, u32),
    key: Option<&IdempotencyKey>,
) -> Result<RotatedKey> {
    keeper.check_feature(app)?;
    if grace > LONGEST {
        return Err(Error::field("grace_period_seconds", FieldCode::TooLarge, "At most 2592000, 30 days."));
    }
    let new_id = ApiKeyId::new(cx.now, cx.random());
    let token = cx.secret(kind_of(app.config.environment));
    let (job, keeper, cx, key) = (Arc::clone(app), keeper.clone(), cx.clone(), key.copied());
    let (rotated, old_hash) = app
        .store
        .identity()
        .write(move |tx| {
            check_active(&accounts::get(tx, keeper.organization_id(), account)?)?;
            let old = keys::get(tx, account, id)?;
            keeper.check_holds(old.effective_scopes())?;
            let new = ApiKey {
                id: new_id,
                hash: token.hash(),
                prefix: token.shown_prefix(),
                replaced_by: None,
                last_used_at: None,
                last_used_ip: None,
                create_time: cx.now,
                ..old.clone()
            };
            let old_key_expires_at = put_in_place(tx, &cx, &old, &new, grace)?;
            let new_key = ApiKeyView::of(&new, cx.now).with_secret(&token);
            let rotated = RotatedKey { new_key, old_key_expires_at };
            let body = serde_json::to_vec(&rotated).map_err(Error::internal)?;
            platform::finish(tx, &cx, &job.keys, key.as_ref(), 200, &body)?;
            Ok((rotated, old.hash))
        })
        .await?;
    app.api_keys.forget(&old_hash);
    Ok(rotated)
}

/// Writes the new key beside the old one; when that ends.
fn put_in_place(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    old: &ApiKey,
    new: &ApiKey,
    grace: u32,
) -> Result<Timestamp> {
    let end = cx.now.plus_seconds(i64::from(grace));
    let end = old.expire_time.map_or(end, |own| own.min(end));
    if !keys::replace(tx, old.id, new.id, end, cx.now)? {
        let state = if old.has_expired(cx.now) { "expired" } else { "rotated" };
        return Err(Error::new(Code::ConflictingState).with_member("state", state));
    }
    let used = keys::count_in_grace(tx, old.service_account_id, cx.now)?;
    if used > MOST_IN_GRACE {
        return Err(Error::new(Code::LimitReached)
            .with_detail("Too many replaced keys still work. End one, or rotate without grace.")
            .with_member("limit", MOST_IN_GRACE)
            .with_member("used", used - 1));
    }
    keys::insert(tx, new)?;
    let more = json!({
        "previous_key": { "id": old.id, "prefix": old.prefix }, "old_key_expires_at": end,
    });
    emit(tx, &key_event(cx, EventType::ApiKeyRotated, new, more).on("api_key", &old.id))?;
    Ok(end)
}
