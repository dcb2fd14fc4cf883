//! Changing a service account.

use avnology_model::{
    Error, FieldCode, Result,
    events::EventType,
    ids::{IdentityId, ServiceAccountId},
    permissions::{Scope, ScopeSet},
    service_accounts::ServiceAccount,
};
use avnology_store::{
    IdentityTx,
    service_accounts::{accounts, keys},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{Keeper, ServiceAccountView, create_account::NAME, input, owner, view::account_event};
use crate::{Cx, Tenant, events::emit};

/// What is to change.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = UpdateServiceAccount)]
pub struct ServiceAccountChange {
    /// Name, 1–256 characters.
    #[serde(deserialize_with = "crate::patch::present")]
    #[schema(value_type = Option<String>)]
    pub name: Option<Option<String>>,
    /// Description, at most 500 characters; null for none.
    #[serde(deserialize_with = "crate::patch::present")]
    #[schema(value_type = Option<String>)]
    pub description: Option<Option<String>>,
    /// The human who answers for it.
    #[serde(deserialize_with = "crate::patch::present")]
    #[schema(value_type = Option<String>)]
    pub owner_id: Option<Option<IdentityId>>,
    /// Most that its keys may allow.
    #[serde(deserialize_with = "crate::patch::present")]
    #[schema(value_type = Option<Vec<String>>)]
    pub scopes: Option<Option<Vec<String>>>,
    /// Whether its keys work.
    #[serde(deserialize_with = "crate::patch::present")]
    #[schema(value_type = Option<bool>)]
    pub active: Option<Option<bool>>,
}

/// A change that was read and checked.
#[derive(Clone)]
struct Change {
    name: Option<String>,
    description: Option<Option<String>>,
    owner_id: Option<IdentityId>,
    scopes: Option<Vec<Scope>>,
    active: Option<bool>,
}

impl Change {
    fn read(change: ServiceAccountChange, keeper: &Keeper) -> Result<Self> {
        let mut errors = Vec::new();
        let asked = change;
        let name = input::required(&mut errors, "name", asked.name);
        let name = name.map(|text| input::name(&mut errors, &text, NAME));
        let description = asked.description.map(|text| input::description(&mut errors, text.as_deref()));
        let owner_id = input::required(&mut errors, "owner_id", asked.owner_id);
        let scopes = input::required(&mut errors, "scopes", asked.scopes);
        let scopes = scopes.map(|texts| input::account_scopes(&mut errors, &texts, keeper));
        let active = input::required(&mut errors, "active", asked.active);
        Error::from_fields(errors)?;
        Ok(Self { name, description, owner_id, scopes, active })
    }

    /// The account as it is to be. `_100` for scopes that the caller gives without holding them; `_902` for an owner who may
    /// not answer for it, or for none where one is needed.
    fn apply(
        &self,
        tx: &mut IdentityTx<'_>,
        cx: &Cx,
        keeper: &Keeper,
        before: &ServiceAccount,
    ) -> Result<ServiceAccount> {
        let mut after = before.clone();
        if let Some(scopes) = &self.scopes {
            let (new, old): (ScopeSet, ScopeSet) =
                (scopes.iter().copied().collect(), before.scopes.iter().copied().collect());
            keeper.check_holds(new.without(old))?;
            after.scopes.clone_from(scopes);
        }
        if let Some(name) = &self.name {
            after.name.clone_from(name);
        }
        if let Some(description) = &self.description {
            after.description.clone_from(description);
        }
        if let Some(wanted) = self.owner_id {
            owner::check(tx, cx, before.organization_id, wanted)?;
            after.owner_id = Some(wanted);
            after.owner_lost_at = None;
        }
        if let Some(active) = self.active {
            after.active = active;
        }
        if after.active && !before.active && owner::is_overdue(&after, cx.now) {
            let words = "Whoever answered for it is gone. Name somebody else first.";
            return Err(Error::field("owner_id", FieldCode::Required, words));
        }
        Ok(after)
    }
}

/// Changes an account; from then on its keys allow no more than it does. `_911`, `_902`, `_901`, `_100`.
pub async fn update_account(
    app: &Tenant,
    cx: &Cx,
    keeper: &Keeper,
    id: ServiceAccountId,
    change: ServiceAccountChange,
) -> Result<ServiceAccountView> {
    keeper.check_feature(app)?;
    let change = Change::read(change, keeper)?;
    let (keeper, cx) = (keeper.clone(), cx.clone());
    let (account, hashes) = app
        .store
        .identity()
        .write(move |tx| {
            let before = accounts::get(tx, keeper.organization_id(), id)?;
            let mut after = change.apply(tx, &cx, &keeper, &before)?;
            if after == before {
                return Ok((after, Vec::new()));
            }
            accounts::update(tx, &mut after, cx.now)?;
            if change.owner_id.is_some() {
                owner::put_owner(tx, &after, cx.now)?;
            }
            let more = difference(&before, &after);
            emit(tx, &account_event(&cx, EventType::ServiceAccountUpdated, &after, more))?;
            let hashes = keys::of_account(tx, id)?.iter().map(|key| key.hash).collect();
            Ok((after, hashes))
        })
        .await?;
    app.api_keys.forget_all(&hashes);
    Ok(ServiceAccountView::of(&account))
}

fn difference(before: &ServiceAccount, after: &ServiceAccount) -> Value {
    let as_map = |account| match serde_json::to_value(ServiceAccountView::of(account)) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    };
    let (mut old, mut new) = (as_map(before), as_map(after));
    new.remove("update_time");
    let changed: Vec<String> = new.keys().filter(|name| old.get(*name) != new.get(*name)).cloned().collect();
    old.retain(|name, _| changed.contains(name));
    new.retain(|name, _| changed.contains(name));
    json!({ "changed_fields": changed, "previous_values": old, "new_values": new })
}
