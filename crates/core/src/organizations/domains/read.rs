//! Reading the domains of an organization.

use avnology_model::{Result, ids::DomainId};
use avnology_store::organizations::domains as rows;

use super::{super::Acting, DomainView};
use crate::Tenant;

/// All domains of an organization, the oldest first.
pub async fn list(app: &Tenant, acting: &Acting) -> Result<Vec<DomainView>> {
    let id = acting.id();
    let domains = app.store.identity().read(move |tx| rows::of_organization(tx, id)).await?;
    Ok(domains.iter().map(DomainView::of).collect())
}

/// One domain. `_901`.
pub async fn get(app: &Tenant, acting: &Acting, id: DomainId) -> Result<DomainView> {
    let organization = acting.id();
    let domain = app.store.identity().read(move |tx| rows::get(tx, organization, id)).await?;
    Ok(DomainView::of(&domain))
}
