//! Reading the invitations of an organization.

use std::sync::Arc;

use avnology_aip::{Expr, page_token::Key};
use avnology_model::{Result, ids::InvitationId};
use avnology_store::{
    IdentityTx,
    list::{ListQuery, Total},
    organizations::invitations as rows,
};

use super::{super::Acting, InvitationView, end};
use crate::{Cx, Tenant};

/// A page of invitations.
#[derive(Clone, Debug)]
pub struct InvitationPage {
    /// The invitations.
    pub invitations: Vec<InvitationView>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Vec<Key>>,
    /// How many there are, when asked for.
    pub total: Option<Total>,
}

/// A page of the open invitations, or of those that a filter over `status` names. `_902` for a filter or an order that
/// does not fit.
pub async fn list(app: &Arc<Tenant>, cx: &Cx, acting: &Acting, query: ListQuery) -> Result<InvitationPage> {
    let (id, now) = (acting.id(), cx.now);
    end::expire_due_in(app, cx, id).await?;
    let any_status = query.filter.as_ref().is_some_and(names_status);
    let short = query.is_short();
    let read = move |tx: &mut IdentityTx<'_>| rows::list(tx, id, any_status, &query);
    let db = app.store.identity();
    let page = if short { db.read(read).await? } else { db.scan(read).await? };
    let invitations = page.items.iter().map(|v| InvitationView::of(v, now)).collect();
    Ok(InvitationPage { invitations, next: page.next, total: page.total })
}

fn names_status(filter: &Expr) -> bool {
    filter.restrictions().iter().any(|restriction| restriction.field.0 == ["status"])
}

/// One invitation. `_901`.
pub async fn get(app: &Tenant, cx: &Cx, acting: &Acting, id: InvitationId) -> Result<InvitationView> {
    let organization = acting.id();
    let invitation = app.store.identity().read(move |tx| rows::get(tx, organization, id)).await?;
    Ok(InvitationView::of(&invitation, cx.now))
}
