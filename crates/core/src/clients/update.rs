//! Changing a client.

use std::sync::Arc;

use avnology_model::{
    Error, FieldCode, Result,
    clients::{ClientSettings, ClientState},
    events::EventType,
    ids::ClientId,
    platform::{Environment, Precondition},
};
use avnology_store::clients::clients as rows;
use serde_json::{Map, Value};

use super::{ClientView, input, profile, registration, view};
use crate::{Cx, Tenant, events::emit, patch};

/// Members that are set at creation only.
const IMMUTABLE: &[&str] = &["id", "type", "secrets", "dynamically_registered", "create_time"];

/// Changes a client by a merge patch. What it holds is good for nothing from the moment it is disabled. `_902`, `_905`, `_901`.
pub async fn update(
    app: &Arc<Tenant>,
    cx: &Cx,
    id: ClientId,
    expected: &Precondition,
    change: Map<String, Value>,
) -> Result<ClientView> {
    if let Some(field) = change.keys().find(|name| IMMUTABLE.contains(&name.as_str())) {
        return Err(Error::field(field, FieldCode::Immutable, "This is set once and never changed."));
    }
    let is_test = app.config.environment == Environment::Test;
    let (cx2, expected, outbound) = (cx.clone(), expected.clone(), Arc::clone(&app.outbound));
    let client = app
        .store
        .identity()
        .write(move |tx| {
            let before = rows::get(tx, id)?;
            expected.check(&before.etag())?;
            let mut merged = serde_json::to_value(&before.settings).map_err(Error::internal)?;
            patch::merge(&mut merged, &Value::Object(change.clone()));
            let settings: ClientSettings = patch::read(merged)?;
            let mut settings = settings.completed();
            input::check(&mut settings, is_test)?;
            profile::check(&settings, &*outbound)?;
            input::check_kept(tx, &mut settings)?;
            if settings == before.settings {
                return Ok(before);
            }
            let mut after = before.clone();
            after.settings = settings;
            registration::check_registered(&after)?;
            if after.settings.state == ClientState::Disabled && before.settings.state == ClientState::Active {
                after.revoked_before = Some(super::revoke_tokens::cut_off(&cx2));
            }
            rows::update(tx, &mut after, cx2.now)?;
            let more = view::difference(&before.settings, &after.settings);
            emit(tx, &view::event(&cx2, EventType::OauthClientUpdated, &after, more))?;
            Ok(after)
        })
        .await?;
    app.clients.forget(id);
    app.clients.forget_origins();
    Ok(ClientView::of(&client, cx.now))
}
