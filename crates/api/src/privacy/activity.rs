//! Own activity (`contract/70` §3.2).

use avnology_aip::Key;
use avnology_core::privacy;
use avnology_http::{Auth, Json, List, Route, SignedIn};
use avnology_model::{Error, FieldCode, Result, Timestamp, ids::EventId, privacy::Activity};
use serde::Serialize;
use utoipa::ToSchema;

/// A page of what happened to an account.
#[derive(Serialize, ToSchema)]
struct ActivityList {
    /// What happened, the newest first.
    events: Vec<Activity>,
    next_page_token: String,
}

async fn list(auth: Auth<SignedIn>, list: List) -> Result<Json<ActivityList>> {
    let page = privacy::list_activity(&auth.app, auth.session(), after(&list)?, list.page_size).await?;
    let next = page.next.map(|(at, id)| vec![Key::Number(at.micros()), Key::Text(id.to_string())]);
    Ok(Json(ActivityList {
        events: page.events,
        next_page_token: list.next_page_token(&auth.app, auth.cx.now, next),
    }))
}

/// Where the page asked for begins. `_902` for a filter or an order, which activity does not take.
fn after(list: &List) -> Result<Option<(Timestamp, EventId)>> {
    if list.filter.is_some() {
        return Err(Error::field("filter", FieldCode::NotAllowed, "Activity cannot be filtered."));
    }
    if !list.order_by.is_empty() {
        return Err(Error::field("order_by", FieldCode::NotAllowed, "Activity comes newest first."));
    }
    let bad = || Error::field("page_token", FieldCode::InvalidFormat, "This is no page token of this list.");
    match list.position.as_deref() {
        None => Ok(None),
        Some([Key::Number(at), Key::Text(id)]) => {
            Ok(Some((Timestamp::from_micros(*at), id.parse().map_err(|_| bad())?)))
        }
        Some(_) => Err(bad()),
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/me/activity", list)
            .operation_id("listMyActivity")
            .summary("List what happened to one's own account in the last 90 days")
            .tag("me")
            .answers::<ActivityList>(200, "One page of events, newest first."),
    ]
}
