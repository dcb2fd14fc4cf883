//! Replacing the secret of a client.

use std::sync::Arc;

use avnology_model::{
    Code, Error, FieldCode, Result, Timestamp, clients::MOST_SECRETS, events::EventType, ids::ClientId,
    secret_token::SecretKind,
};
use avnology_store::clients::clients as rows;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{create::kept, view};
use crate::{Cx, Tenant, events::emit, service_accounts::ShownOnce};

/// Longest life of the former secret, in seconds.
const LONGEST: u32 = 2_592_000;

/// How a secret is replaced.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RotateSecret {
    /// How long the former secret is good still, in seconds, 0–2592000.
    #[schema(minimum = 0, maximum = 2_592_000)]
    pub grace_period_seconds: u32,
}

impl Default for RotateSecret {
    fn default() -> Self {
        Self { grace_period_seconds: 86_400 }
    }
}

/// A new secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RotatedSecret {
    /// The secret: in this answer, and never again.
    #[schema(value_type = String)]
    pub client_secret: ShownOnce,
    /// When the former one ends.
    #[schema(value_type = String, format = DateTime)]
    pub old_secret_expires_at: Timestamp,
}

/// Gives a client a new secret; the former one is good for the grace period. `_902`, `_901`, `_910` for a client without.
pub async fn rotate_secret(
    app: &Arc<Tenant>,
    cx: &Cx,
    id: ClientId,
    asked: RotateSecret,
) -> Result<RotatedSecret> {
    if asked.grace_period_seconds > LONGEST {
        return Err(Error::field("grace_period_seconds", FieldCode::TooLarge, "At most 2592000."));
    }
    let secret = cx.secret(SecretKind::ClientSecret);
    let end = cx.now.plus_seconds(i64::from(asked.grace_period_seconds));
    let (new, cx) = (kept(&secret, cx), cx.clone());
    app.store
        .identity()
        .write(move |tx| {
            let mut client = rows::get(tx, id)?;
            if !client.settings.auth_method().uses_secret() {
                return Err(Error::new(Code::ConflictingState).with_member("state", "without_secret"));
            }
            for (n, former) in client.secrets.iter().enumerate() {
                // At most two are good at once: with the new one, the newest of the others.
                if n + 1 >= MOST_SECRETS || end <= cx.now || !former.is_good(cx.now) {
                    rows::delete_secret(tx, &former.hash)?;
                } else if former.expires_at.is_none_or(|before| end < before) {
                    rows::end_secret(tx, &former.hash, end)?;
                }
            }
            rows::insert_secret(tx, id, &new)?;
            rows::update(tx, &mut client, cx.now)?;
            let client = rows::get(tx, id)?;
            let more = json!({ "old_secret_expires_at": end });
            emit(tx, &view::event(&cx, EventType::OauthClientSecretRotated, &client, more))
        })
        .await?;
    app.clients.forget(id);
    Ok(RotatedSecret { client_secret: ShownOnce::of(&secret), old_secret_expires_at: end })
}
