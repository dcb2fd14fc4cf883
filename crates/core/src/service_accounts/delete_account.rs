//! Removing a service account, and its keys with it.

use avnology_model::{Result, events::EventType, ids::ServiceAccountId};
use avnology_store::{
    permissions::tuples,
    service_accounts::{accounts, keys},
};
use serde_json::Value;

use super::{Keeper, revoke_key::revoke, view::account_event};
use crate::{Cx, Tenant, events::emit};

/// Removes an account; its keys are good for nothing when this returns. `_911`, `_901`.
pub async fn delete_account(app: &Tenant, cx: &Cx, keeper: &Keeper, id: ServiceAccountId) -> Result<()> {
    keeper.check_feature(app)?;
    let (place, cx) = (keeper.organization_id(), cx.clone());
    let hashes = app
        .store
        .identity()
        .write(move |tx| {
            let account = accounts::get(tx, place, id)?;
            let of_account = keys::of_account(tx, id)?;
            for key in &of_account {
                revoke(tx, &cx, key)?;
            }
            accounts::delete(tx, &account)?;
            tuples::erase_service_account(tx, id)?;
            emit(tx, &account_event(&cx, EventType::ServiceAccountDeleted, &account, Value::Null))?;
            Ok(of_account.iter().map(|key| key.hash).collect::<Vec<_>>())
        })
        .await?;
    app.api_keys.forget_all(&hashes);
    Ok(())
}
