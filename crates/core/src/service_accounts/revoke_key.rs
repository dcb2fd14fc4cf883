//! Ending an API key.

use avnology_model::{
    Error, Result,
    events::EventType,
    ids::{ApiKeyId, ServiceAccountId},
    service_accounts::ApiKey,
};
use avnology_store::{IdentityTx, service_accounts::keys};
use serde_json::Value;

use super::{Keeper, view::key_event};
use crate::{Cx, Tenant, events::emit};

/// Ends a key of `account`, or of any account of the keeper's place when that is none; it is good for nothing when this
/// returns. `_911`; `_901`, also for one that was revoked before.
pub async fn revoke_key(
    app: &Tenant,
    cx: &Cx,
    keeper: &Keeper,
    account: Option<ServiceAccountId>,
    id: ApiKeyId,
) -> Result<()> {
    keeper.check_feature(app)?;
    let (place, cx) = (keeper.organization_id(), cx.clone());
    let hash = app
        .store
        .identity()
        .write(move |tx| {
            let key = keys::find(tx, id)?
                .filter(|key| key.organization_id == place)
                .filter(|key| account.is_none_or(|account| account == key.service_account_id))
                .ok_or_else(Error::not_found)?;
            if !revoke(tx, &cx, &key)? {
                return Err(Error::not_found());
            }
            Ok(key.hash)
        })
        .await?;
    app.api_keys.forget(&hash);
    Ok(())
}

/// Revokes a key and tells of it; `false` when it was revoked before. After the commit it must be forgotten.
pub(super) fn revoke(tx: &mut IdentityTx<'_>, cx: &Cx, key: &ApiKey) -> Result<bool> {
    if !keys::revoke(tx, key.id, cx.now)? {
        return Ok(false);
    }
    let revoked = ApiKey { revoked_at: Some(cx.now), ..key.clone() };
    emit(tx, &key_event(cx, EventType::ApiKeyRevoked, &revoked, Value::Null))?;
    Ok(true)
}
