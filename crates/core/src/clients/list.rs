//! Reading clients.

use avnology_model::{Result, ids::ClientId};
use avnology_store::{
    clients::clients as rows,
    list::{ListQuery, Total},
};

use super::ClientView;
use crate::{Cx, Tenant};

/// A page of clients.
#[derive(Clone, Debug)]
pub struct ClientPage {
    /// The clients.
    pub clients: Vec<ClientView>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Vec<avnology_aip::page_token::Key>>,
    /// How many there are, when asked for.
    pub total: Option<Total>,
}

/// A page of the clients. `_902` for a filter or an order that does not fit.
pub async fn list(app: &Tenant, cx: &Cx, query: ListQuery) -> Result<ClientPage> {
    let db = app.store.identity();
    let is_short = query.is_short();
    let read = move |tx: &mut avnology_store::IdentityTx<'_>| rows::list(tx, &query);
    let page = if is_short { db.read(read).await? } else { db.scan(read).await? };
    Ok(ClientPage {
        clients: page.items.iter().map(|client| ClientView::of(client, cx.now)).collect(),
        next: page.next,
        total: page.total,
    })
}

/// One client. `_901`.
pub async fn get(app: &Tenant, cx: &Cx, id: ClientId) -> Result<ClientView> {
    let client = app.store.identity().read(move |tx| rows::get(tx, id)).await?;
    Ok(ClientView::of(&client, cx.now))
}
