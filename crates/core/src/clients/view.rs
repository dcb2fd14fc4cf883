//! Clients as their readers see them.

use avnology_model::{
    Timestamp,
    clients::{Client, ClientSecret, ClientSettings},
    events::{Event, EventType},
    ids::ClientId,
    secret_token::SecretToken,
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::{Cx, service_accounts::ShownOnce};

/// A secret, of which only the beginning is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ClientSecret)]
pub struct ClientSecretView {
    /// Type prefix and first four characters.
    pub prefix: String,
    /// Creation.
    #[schema(value_type = String, format = DateTime)]
    pub create_time: Timestamp,
    /// End; null until it is replaced.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

/// A client.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Client)]
pub struct ClientView {
    /// Id; the `client_id`.
    #[schema(value_type = String)]
    pub id: ClientId,
    /// What may be written of it.
    #[serde(flatten)]
    pub settings: ClientSettings,
    /// Its secrets that are good.
    pub secrets: Vec<ClientSecretView>,
    /// Whether it registered itself.
    pub dynamically_registered: bool,
    /// Creation.
    #[schema(value_type = String, format = DateTime)]
    pub create_time: Timestamp,
    /// Last change.
    #[schema(value_type = String, format = DateTime)]
    pub update_time: Timestamp,
    /// Entity tag.
    pub etag: String,
    /// The secret itself: in the answer that makes it, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub client_secret: Option<ShownOnce>,
}

impl ClientView {
    /// The view of a client as of `now`.
    pub(super) fn of(client: &Client, now: Timestamp) -> Self {
        let secrets = client.secrets.iter().filter(|secret| secret.is_good(now));
        let view = |secret: &ClientSecret| ClientSecretView {
            prefix: secret.prefix.clone(),
            create_time: secret.create_time,
            expires_at: secret.expires_at,
        };
        Self {
            id: client.id,
            settings: client.settings.clone(),
            secrets: secrets.map(view).collect(),
            dynamically_registered: client.registration.is_some(),
            create_time: client.create_time,
            update_time: client.update_time,
            etag: client.etag(),
            client_secret: None,
        }
    }

    /// The same with the secret, for the one answer that shows it.
    pub(super) fn with_secret(mut self, secret: Option<&SecretToken>) -> Self {
        self.client_secret = secret.map(ShownOnce::of);
        self
    }
}

/// An event about a client.
pub(super) fn event(cx: &Cx, kind: EventType, client: &Client, more: Value) -> Event {
    let mut payload = json!({ "client": ClientView::of(client, cx.now) });
    if let (Value::Object(payload), Value::Object(more)) = (&mut payload, more) {
        payload.extend(more);
    }
    cx.event(kind, payload).on("client", &client.id)
}

/// What changed between two states of something, for its event.
pub(super) fn difference(before: &impl Serialize, after: &impl Serialize) -> Value {
    let as_map = |one: Result<Value, serde_json::Error>| match one {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    };
    let (mut old, mut new) = (as_map(serde_json::to_value(before)), as_map(serde_json::to_value(after)));
    let changed: Vec<String> = new.keys().filter(|name| old.get(*name) != new.get(*name)).cloned().collect();
    old.retain(|name, _| changed.contains(name));
    new.retain(|name, _| changed.contains(name));
    json!({ "changed_fields": changed, "previous_values": old, "new_values": new })
}
