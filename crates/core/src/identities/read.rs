//! Administrators read identities.

use avnology_model::{Result, ids::IdentityId};
use avnology_store::{
    identities::{identities, list as rows},
    list::{ListQuery, Total},
};

use super::IdentityView;
use crate::{Cx, Tenant};

/// A page of identities.
#[derive(Clone, Debug)]
pub struct IdentityPage {
    /// The identities.
    pub identities: Vec<IdentityView>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Vec<avnology_aip::page_token::Key>>,
    /// How many there are, when asked for.
    pub total: Option<Total>,
}

/// One identity. `_901`.
pub async fn get(app: &Tenant, cx: &Cx, id: IdentityId) -> Result<IdentityView> {
    let identity = app.store.identity().read(move |tx| identities::get(tx, id)).await?;
    Ok(IdentityView::for_administrators(&identity, cx.now))
}

/// A page of identities. `_902` for a filter or an order that does not fit.
pub async fn list(app: &Tenant, cx: &Cx, query: ListQuery, linked_providers: bool) -> Result<IdentityPage> {
    let db = app.store.identity();
    let page = if query.is_short() {
        db.read(move |tx| rows::list(tx, &query)).await?
    } else {
        db.scan(move |tx| rows::list(tx, &query)).await?
    };
    let view = |identity| {
        let mut view = IdentityView::for_administrators(identity, cx.now);
        view.linked_providers = view.linked_providers.filter(|_| linked_providers);
        view
    };
    Ok(IdentityPage { identities: page.items.iter().map(view).collect(), next: page.next, total: page.total })
}
