//! Reading resources.

use avnology_model::{Result, ids::ResourceId};
use avnology_store::clients::resources as rows;

use super::ResourceView;
use crate::Tenant;

/// All resources, by identifier.
pub async fn list(app: &Tenant) -> Result<Vec<ResourceView>> {
    let all = app.store.identity().scan(rows::list).await?;
    Ok(all.iter().map(ResourceView::of).collect())
}

/// One resource. `_901`.
pub async fn get(app: &Tenant, id: ResourceId) -> Result<ResourceView> {
    let resource = app.store.identity().read(move |tx| rows::get(tx, id)).await?;
    Ok(ResourceView::of(&resource))
}
