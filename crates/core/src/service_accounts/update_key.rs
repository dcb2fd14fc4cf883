//! Changing an API key: its name, from where it may be used, and an earlier end.

use avnology_model::{
    Error, FieldCode, FieldError, Result, Timestamp,
    events::EventType,
    ids::{ApiKeyId, ServiceAccountId},
    service_accounts::{ApiKey, IpNet},
};
use avnology_store::service_accounts::{accounts, keys};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    ApiKeyView, Keeper,
    create_key::NAME,
    input::{self, push},
    view::account_event,
};
use crate::{Cx, Tenant, events::emit};

/// What is to change.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = UpdateApiKey)]
pub struct ApiKeyChange {
    /// Name, 1–100 characters.
    #[serde(deserialize_with = "crate::patch::present")]
    #[schema(value_type = Option<String>)]
    pub name: Option<Option<String>>,
    /// Networks that it may be used from, at most 50; null or empty for any.
    #[serde(deserialize_with = "crate::patch::present")]
    #[schema(value_type = Option<Vec<String>>)]
    pub allowed_cidrs: Option<Option<Vec<String>>>,
    /// An end that is earlier than the present one.
    #[serde(deserialize_with = "crate::patch::present")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expire_time: Option<Option<Timestamp>>,
}

/// A change that was read and checked.
#[derive(Clone)]
struct Change {
    name: Option<String>,
    networks: Option<Vec<IpNet>>,
    end: Option<Option<Timestamp>>,
}

impl Change {
    fn read(change: ApiKeyChange, now: Timestamp) -> Result<Self> {
        let mut errors = Vec::new();
        let name = input::required(&mut errors, "name", change.name);
        let name = name.map(|text| input::name(&mut errors, &text, NAME));
        let networks =
            change.allowed_cidrs.map(|texts| input::networks(&mut errors, &texts.unwrap_or_default()));
        input::end(&mut errors, change.expire_time.flatten(), now);
        Error::from_fields(errors)?;
        Ok(Self { name, networks, end: change.expire_time })
    }

    /// The key as it is to be. `_902` for an end that is later than its own.
    fn apply(&self, before: &ApiKey) -> Result<ApiKey> {
        let mut after = before.clone();
        if let Some(name) = &self.name {
            after.name.clone_from(name);
        }
        if let Some(networks) = &self.networks {
            after.allowed_cidrs.clone_from(networks);
        }
        if let Some(end) = self.end {
            let mut errors: Vec<FieldError> = Vec::new();
            if before.expire_time.is_some_and(|own| end.is_none_or(|end| end > own)) {
                let words = "A key can end earlier, not later.";
                push(&mut errors, "expire_time", FieldCode::TooLarge, words);
            }
            Error::from_fields(errors)?;
            after.expire_time = end;
        }
        Ok(after)
    }
}

/// Changes a key. `_911`, `_902`, `_901`.
pub async fn update_key(
    app: &Tenant,
    cx: &Cx,
    keeper: &Keeper,
    (account, id): (ServiceAccountId, ApiKeyId),
    change: ApiKeyChange,
) -> Result<ApiKeyView> {
    keeper.check_feature(app)?;
    let change = Change::read(change, cx.now)?;
    let (place, cx2) = (keeper.organization_id(), cx.clone());
    let key = app
        .store
        .identity()
        .write(move |tx| {
            let of_account = accounts::get(tx, place, account)?;
            let before = keys::get(tx, account, id)?;
            let after = change.apply(&before)?;
            if after == before {
                return Ok(after);
            }
            keys::update(tx, &after)?;
            // There is no event of its own for this: it is a change of the account's keys.
            let more = json!({ "key": ApiKeyView::of(&after, cx2.now), "changed_fields": ["keys"] });
            let event = account_event(&cx2, EventType::ServiceAccountUpdated, &of_account, more);
            emit(tx, &event.on("api_key", &id))?;
            Ok(after)
        })
        .await?;
    app.api_keys.forget(&key.hash);
    Ok(ApiKeyView::of(&key, cx.now))
}
