//! What somebody can switch to, for the headers of pages.

use std::sync::Arc;

use avnology_aip::page_token::Key;
use avnology_model::{
    Result,
    ids::OrganizationId,
    organizations::{OrganizationState, Slug},
};
use avnology_store::{list::ListQuery, organizations::own};

use super::find;
use crate::{Cx, Tenant, sessions::LiveSession};

/// Most that a header offers; the others stand in the list of one's own organizations.
const SHOWN: u32 = 20;

/// An organization that somebody can act for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Id.
    pub id: OrganizationId,
    /// Display name.
    pub name: String,
    /// Name in URLs.
    pub slug: Slug,
}

/// The organizations that the caller can act for, by name; none for somebody who belongs to none, in whatever state. Their
/// sign-in rules are looked at when one is chosen.
pub async fn choices(app: &Tenant, cx: &Cx, live: &LiveSession) -> Result<Option<Vec<Choice>>> {
    let (caller, now) = (live.identity.id, cx.now);
    let query = ListQuery {
        filter: None,
        order_by: Vec::new(),
        page_size: SHOWN,
        after: None::<Vec<Key>>,
        include_total: false,
    };
    let page = app.store.identity().read(move |tx| own::list(tx, caller, &query)).await?;
    if page.items.is_empty() {
        return Ok(None);
    }
    let open = page
        .items
        .into_iter()
        .filter(|row| row.state == OrganizationState::Active && row.membership.is_in_force(now));
    Ok(Some(open.map(|row| Choice { id: row.organization, name: row.name, slug: row.slug }).collect()))
}

/// Those of these organizations that are in use, for a browser that holds sessions to several.
pub async fn named(app: &Arc<Tenant>, cx: &Cx, ids: &[OrganizationId]) -> Result<Vec<Choice>> {
    let mut shown = Vec::new();
    for id in ids {
        let found = find(app, cx, *id).await?;
        let active = found.filter(|live| live.organization.state == OrganizationState::Active);
        shown.extend(active.map(|live| Choice {
            id: *id,
            name: live.organization.name.clone(),
            slug: live.organization.slug.clone(),
        }));
    }
    Ok(shown)
}
