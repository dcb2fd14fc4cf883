//! `/account/activity`: what happened to one's own account.

use avnology_core::{identities::PageKey as Key, privacy};
use avnology_http::{Auth, List, PageSignedIn, Response, Route};
use avnology_model::{
    Error, FieldCode, Result, Timestamp,
    events::{ActorType, EventResult},
    ids::EventId,
    privacy::Activity,
};
use avnology_views::privacy::{Activity as ActivityPage, ActivityRow};

use crate::{
    organizations::paging,
    shell::{page, person, shell},
};

async fn list(auth: Auth<PageSignedIn>, list: List) -> Result<Response> {
    let live = auth.session();
    let found =
        privacy::list_activity(&auth.app, live, after(list.position.as_deref())?, list.page_size).await?;
    let rows: Vec<ActivityRow> = found.events.iter().map(row).collect();
    let next = found.next.map(|(at, id)| vec![Key::Number(at.micros()), Key::Text(id.to_string())]);
    let shell = shell(&auth).await?;
    let html = ActivityPage {
        cx: shell.cx(),
        person: &person(live),
        rows: &rows,
        paging: &paging(&auth, &list, next),
    }
    .render();
    Ok(page(&auth, html))
}

fn after(position: Option<&[Key]>) -> Result<Option<(Timestamp, EventId)>> {
    let bad = || Error::field("page_token", FieldCode::InvalidFormat, "This is no page token of this list.");
    match position {
        None => Ok(None),
        Some([Key::Number(at), Key::Text(id)]) => {
            Ok(Some((Timestamp::from_micros(*at), id.parse().map_err(|_| bad())?)))
        }
        Some(_) => Err(bad()),
    }
}

fn row(event: &Activity) -> ActivityRow {
    let by = match event.actor.kind {
        _ if event.actor.is_self => None,
        ActorType::Identity => Some("Another person"),
        ActorType::ServiceAccount => Some("A program"),
        ActorType::Client => Some("An application"),
        ActorType::System => Some("The service itself"),
        ActorType::Anonymous => Some("Somebody not signed in"),
    };
    ActivityRow {
        action: event.action.to_string(),
        is_failure: event.result != EventResult::Success,
        at: event.timestamp,
        by: by.map(str::to_owned),
        device: event.device.clone(),
        ip: event.ip.clone(),
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/account/activity", list).answers_html(200)]
}
