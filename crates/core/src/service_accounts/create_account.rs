//! Making a service account.

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    events::EventType,
    ids::{IdentityId, OrganizationId, ServiceAccountId},
    platform::IdempotencyKey,
    service_accounts::ServiceAccount,
};
use avnology_store::{IdentityTx, service_accounts::accounts};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Keeper, ServiceAccountView, input, owner, view::account_event};
use crate::{Cx, Tenant, events::emit, platform};

/// Most accounts of one organization.
const MOST: u32 = 100;
/// Most characters of a name.
pub(super) const NAME: usize = 256;

/// What is asked for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateServiceAccount)]
pub struct NewServiceAccount {
    /// Name, 1–256 characters.
    #[schema(min_length = 1, max_length = 256)]
    pub name: String,
    /// Description, at most 500 characters.
    #[serde(default)]
    pub description: Option<String>,
    /// The human who answers for it: an active member of the organization; the caller when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub owner_id: Option<IdentityId>,
    /// The organization it belongs to, by id or slug; the one that the request is about when absent, or else the tenant.
    #[serde(default)]
    pub organization_id: Option<String>,
    /// Most that its keys may allow.
    pub scopes: Vec<String>,
}

/// Makes an account. `_911`; `_100` for scopes that the caller does not hold; `_902`; `_914` beyond 100 accounts of an
/// organization.
pub async fn create_account(
    app: &Arc<Tenant>,
    cx: &Cx,
    keeper: &Keeper,
    new: NewServiceAccount,
    key: Option<&IdempotencyKey>,
) -> Result<ServiceAccountView> {
    keeper.check_feature(app)?;
    let mut errors = Vec::new();
    let name = input::name(&mut errors, &new.name, NAME);
    let description = input::description(&mut errors, new.description.as_deref());
    let scopes = input::account_scopes(&mut errors, &new.scopes, keeper);
    keeper.check_holds(scopes.iter().copied().collect())?;
    Error::from_fields(errors)?;
    let account = ServiceAccount {
        id: ServiceAccountId::new(cx.now, cx.random()),
        organization_id: keeper.organization_id(),
        name,
        description,
        owner_id: None,
        owner_lost_at: None,
        scopes,
        active: true,
        is_default: false,
        last_used_at: None,
        create_time: cx.now,
        update_time: cx.now,
    };
    let (job, keeper, cx, key) = (Arc::clone(app), keeper.clone(), cx.clone(), key.copied());
    app.store
        .identity()
        .write(move |tx| {
            let mut account = account.clone();
            check_count(tx, account.organization_id)?;
            account.owner_id = Some(owner::choose(tx, &cx, &keeper, new.owner_id)?);
            accounts::insert(tx, &account)?;
            note_created(tx, &cx, &account)?;
            let view = ServiceAccountView::of(&account);
            let body = serde_json::to_vec(&view).map_err(Error::internal)?;
            platform::finish(tx, &cx, &job.keys, key.as_ref(), 201, &body)?;
            Ok(view)
        })
        .await
}

/// `_914` when an organization has as many accounts as it may.
pub(super) fn check_count(tx: &mut IdentityTx<'_>, organization: Option<OrganizationId>) -> Result<()> {
    let Some(organization) = organization else { return Ok(()) };
    let used = accounts::count(tx, organization)?;
    if used < MOST {
        return Ok(());
    }
    Err(Error::new(Code::LimitReached).with_member("limit", MOST).with_member("used", used))
}

/// Writes the tuples and the event of an account that was just added.
pub(super) fn note_created(tx: &mut IdentityTx<'_>, cx: &Cx, account: &ServiceAccount) -> Result<()> {
    owner::put_tuples(tx, account, cx.now)?;
    emit(tx, &account_event(cx, EventType::ServiceAccountCreated, account, Value::Null))
}
