//! Reading service accounts and keys.

use avnology_model::{Error, Result, ids::ServiceAccountId, service_accounts::ApiKey};
use avnology_store::{
    list::{ListQuery, Total},
    service_accounts::{accounts, keys},
};

use super::{ApiKeyView, Keeper, ServiceAccountView};
use crate::{Cx, Tenant};

/// A page of service accounts.
#[derive(Clone, Debug)]
pub struct ServiceAccountPage {
    /// The accounts.
    pub service_accounts: Vec<ServiceAccountView>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Vec<avnology_aip::page_token::Key>>,
    /// How many there are, when asked for.
    pub total: Option<Total>,
}

/// A page of the accounts of an organization or of the tenant. `_902` for a filter or an order that does not fit.
pub async fn list_accounts(app: &Tenant, keeper: &Keeper, query: ListQuery) -> Result<ServiceAccountPage> {
    let (place, db) = (keeper.organization_id(), app.store.identity());
    let is_short = query.is_short();
    let read = move |tx: &mut avnology_store::IdentityTx<'_>| accounts::list(tx, place, &query);
    let page = if is_short { db.read(read).await? } else { db.scan(read).await? };
    Ok(ServiceAccountPage {
        service_accounts: page.items.iter().map(ServiceAccountView::of).collect(),
        next: page.next,
        total: page.total,
    })
}

/// One account. `_901`.
pub async fn get_account(app: &Tenant, keeper: &Keeper, id: ServiceAccountId) -> Result<ServiceAccountView> {
    let place = keeper.organization_id();
    let account = app.store.identity().read(move |tx| accounts::get(tx, place, id)).await?;
    Ok(ServiceAccountView::of(&account))
}

/// The keys of an account that were not revoked, the newest first. `_901`.
pub async fn list_keys(
    app: &Tenant,
    cx: &Cx,
    keeper: &Keeper,
    id: ServiceAccountId,
) -> Result<Vec<ApiKeyView>> {
    let place = keeper.organization_id();
    let read = move |tx: &mut avnology_store::IdentityTx<'_>| {
        accounts::get(tx, place, id)?;
        keys::of_account(tx, id)
    };
    Ok(views(&app.store.identity().read(read).await?, cx))
}

/// The keys of all accounts of an organization that were not revoked, the newest first. A failure of ours in tenant scope.
pub async fn list_keys_of_organization(app: &Tenant, cx: &Cx, keeper: &Keeper) -> Result<Vec<ApiKeyView>> {
    let place = keeper.organization_id().ok_or_else(|| Error::internal("the tenant is no organization"))?;
    let found = app.store.identity().scan(move |tx| keys::of_organization(tx, place)).await?;
    Ok(views(&found, cx))
}

fn views(keys: &[ApiKey], cx: &Cx) -> Vec<ApiKeyView> {
    keys.iter().map(|key| ApiKeyView::of(key, cx.now)).collect()
}
