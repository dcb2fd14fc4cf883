//! Reading groups.

use avnology_model::{Result, ids::GroupId};
use avnology_store::{
    IdentityTx,
    list::{ListQuery, Total},
    organizations::groups as rows,
};

use super::{super::Acting, GroupView};
use crate::Tenant;

/// A page of groups.
#[derive(Clone, Debug)]
pub struct GroupPage {
    /// The groups.
    pub groups: Vec<GroupView>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Vec<avnology_aip::page_token::Key>>,
    /// How many there are, when asked for.
    pub total: Option<Total>,
}

/// A page of groups. `_902` for a filter or an order that does not fit.
pub async fn list(app: &Tenant, acting: &Acting, query: ListQuery) -> Result<GroupPage> {
    let id = acting.id();
    let short = query.is_short();
    let read = move |tx: &mut IdentityTx<'_>| {
        let page = rows::list(tx, id, &query)?;
        let groups = page.items.iter().map(GroupView::of).collect();
        Ok(GroupPage { groups, next: page.next, total: page.total })
    };
    let db = app.store.identity();
    if short { db.read(read).await } else { db.scan(read).await }
}

/// A group. `_901`.
pub async fn get(app: &Tenant, acting: &Acting, id: GroupId) -> Result<GroupView> {
    let place = acting.id();
    app.store.identity().read(move |tx| Ok(GroupView::of(&rows::get(tx, place, id)?))).await
}
