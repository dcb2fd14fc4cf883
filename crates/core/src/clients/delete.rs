//! Removing a client, and with it what people granted to it.

use avnology_model::{Result, events::EventType, ids::ClientId, platform::Precondition};
use avnology_store::clients::{
    clients as rows, codes, consents, device_codes, grants, logouts, pushed_requests, requests, rules,
};
use serde_json::Value;

use super::view;
use crate::{Cx, Tenant, events::emit};

/// Removes a client; its tokens are good for nothing when this returns. `_901`, `_905`.
pub async fn delete(app: &Tenant, cx: &Cx, id: ClientId, expected: &Precondition) -> Result<()> {
    let (cx, expected) = (cx.clone(), expected.clone());
    app.store
        .identity()
        .write(move |tx| {
            let client = rows::get(tx, id)?;
            expected.check(&client.etag())?;
            requests::erase_client(tx, id)?;
            pushed_requests::erase_client(tx, id)?;
            codes::erase_client(tx, id)?;
            device_codes::erase_client(tx, id)?;
            grants::erase_client(tx, id)?;
            consents::erase_client(tx, id)?;
            rules::erase_client(tx, id)?;
            logouts::erase_client(tx, id)?;
            rows::delete(tx, id)?;
            emit(tx, &view::event(&cx, EventType::OauthClientDeleted, &client, Value::Null))
        })
        .await?;
    app.clients.forget(id);
    app.clients.forget_origins();
    Ok(())
}
