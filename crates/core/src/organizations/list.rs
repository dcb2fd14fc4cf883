//! Reading organizations: lists, one, seats, and whether a slug is free.

use std::{collections::BTreeMap, sync::Arc};

use avnology_model::{
    Error, FieldCode, Result, Timestamp,
    ids::{IdentityId, OrganizationId},
    organizations::Slug,
    permissions::{RoleKey, Scope},
};
use avnology_store::{
    list::{ListQuery, Total},
    organizations::{organizations as rows, seats},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Acting, OrganizationView, create::next_free};
use crate::{Cx, Tenant};

const DAY: i64 = 24 * 60 * 60;
/// How far back seats can be read, in days.
const SEATS_BACK: i64 = 400;

/// A page of organizations.
#[derive(Clone, Debug)]
pub struct OrganizationPage {
    /// The organizations.
    pub organizations: Vec<OrganizationView>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Vec<avnology_aip::page_token::Key>>,
    /// How many there are, when asked for.
    pub total: Option<Total>,
}

/// A page of all organizations, or of those that `member` belongs to. `_902` for a filter or an order that does not fit.
pub async fn list(
    app: &Tenant,
    cx: &Cx,
    query: ListQuery,
    member: Option<IdentityId>,
) -> Result<OrganizationPage> {
    let now = cx.now;
    let db = app.store.identity();
    let read =
        move |tx: &mut avnology_store::IdentityTx<'_>| rows::list(tx, &query, member.map(|m| (m, now)));
    let page = db.scan(read).await?;
    let admin = member.is_none();
    let organizations = page.items.iter().map(|o| OrganizationView::of(o, admin)).collect();
    Ok(OrganizationPage { organizations, next: page.next, total: page.total })
}

/// The organization that the caller acts in. Its `metadata.admin` is for those who may change it.
pub async fn get(app: &Tenant, acting: &Acting) -> Result<OrganizationView> {
    let id = acting.id();
    let admin = acting.scopes.contains(Scope::OrganizationsWrite);
    app.store
        .identity()
        .read(move |tx| {
            let organization = rows::get(tx, id)?;
            OrganizationView::whole(tx, &organization, admin)
        })
        .await
}

/// Seats of an organization.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Seats)]
pub struct SeatsView {
    /// The organization.
    #[schema(value_type = String)]
    pub organization_id: OrganizationId,
    /// The point in time that the numbers are of.
    #[schema(value_type = String, format = DateTime)]
    pub as_of: Timestamp,
    /// Seats taken.
    pub used: u32,
    /// Today's limit.
    pub limit: Option<u32>,
    /// Active members.
    pub active: u32,
    /// Suspended members.
    pub suspended: u32,
    /// Members that wait for acceptance.
    pub pending: u32,
    /// Open invitations.
    pub invited: u32,
    /// Active members by role.
    #[schema(value_type = BTreeMap<String, u32>)]
    pub by_role: BTreeMap<RoleKey, u32>,
}

/// The seats of an organization now, or at the end of the UTC day of `as_of` (a date or a timestamp, at most 400 days
/// back, else `_902`).
pub async fn seats(
    app: &Tenant,
    cx: &Cx,
    acting: &Acting,
    count_pending: bool,
    as_of: Option<&str>,
) -> Result<SeatsView> {
    let at = as_of.map(|text| point_in_time(text, cx.now)).transpose()?.unwrap_or(cx.now);
    let id = acting.id();
    let (organization, seats) =
        app.store.identity().read(move |tx| Ok((rows::get(tx, id)?, seats::at(tx, id, at)?))).await?;
    let waiting = if count_pending { seats.invited + seats.pending } else { 0 };
    Ok(SeatsView {
        organization_id: id,
        as_of: at,
        used: seats.active + waiting,
        limit: organization.seat_limit,
        active: seats.active,
        suspended: seats.suspended,
        pending: seats.pending,
        invited: seats.invited,
        by_role: seats.by_role,
    })
}

fn point_in_time(text: &str, now: Timestamp) -> Result<Timestamp> {
    let at = Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{text}T00:00:00Z")));
    let at = at.ok_or_else(|| Error::field("as_of", FieldCode::InvalidFormat, "A date or a timestamp."))?;
    // Seats are kept by the day, so days are what is compared.
    let days_back = now.seconds().div_euclid(DAY) - at.seconds().div_euclid(DAY);
    if days_back < 0 {
        return Err(Error::field("as_of", FieldCode::TooLarge, "Not in the future."));
    }
    if days_back > SEATS_BACK {
        return Err(Error::field("as_of", FieldCode::TooSmall, "At most 400 days back."));
    }
    Ok(at)
}

/// Whether a slug is free, and one that is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SlugCheck {
    /// Whether it can be taken.
    pub available: bool,
    /// One that can: itself when it is free.
    #[schema(value_type = Option<String>)]
    pub suggestion: Option<Slug>,
}

/// Whether a slug, or the one that a name makes, can be taken.
pub async fn check_slug(app: &Arc<Tenant>, cx: &Cx, text: &str) -> Result<SlugCheck> {
    let asked = Slug::parse(text.trim());
    let base = asked.clone().unwrap_or_else(|| Slug::of_name(text));
    let cx = cx.clone();
    let suggestion = app.store.identity().read(move |tx| next_free(tx, &cx, &base)).await?;
    Ok(SlugCheck { available: asked.is_some() && suggestion == asked, suggestion })
}
