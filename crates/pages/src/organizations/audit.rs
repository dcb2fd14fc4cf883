//! `/organizations/{id}/audit`: the log, one record, whether it is whole, and exports.

use avnology_core::{
    audit::{
        self, AuditActor, AuditEventView, AuditSearch, AuditTarget, ExportView, NewExport, Period,
        Place as Log,
    },
    identities::ListQuery,
};
use avnology_http::{
    Auth, Form, List, PageInOrganization, Path1, Query, Reply, Response, Route, SeeOther, csrf, scopes,
};
use avnology_model::{
    Code, Error, Result, Timestamp,
    audit::ExportFormat,
    ids::{AuditId, ExportId},
    permissions::Scope,
};
use avnology_views::organizations::{
    AuditEvent, AuditExport, AuditFilter, AuditLog, AuditRow, ChainState, NewAuditExport, RecordState,
    Signed, audit_query, refusal,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    frame::{Place, answer},
    members::{paging, query_of},
};

type Reader = Auth<PageInOrganization<scopes::AuditRead>>;
type Exporter = Auth<PageInOrganization<scopes::AuditExport>>;

/// How far back the button that checks the chain looks, in seconds.
const CHECKED: i64 = 30 * 24 * 60 * 60;

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Asked {
    action: String,
    actor: String,
    result: String,
    from: String,
    until: String,
}

impl Asked {
    fn search(&self) -> AuditSearch {
        let Self { action, actor, result, from, until } = self.clone();
        AuditSearch { action, actor, result, from, until }
    }

    fn shown(&self) -> AuditFilter {
        let Self { action, actor, result, from, until } = self.clone();
        AuditFilter { action, actor, result, from, until }
    }
}

async fn list(auth: Reader, list: List<Asked>) -> Result<Response> {
    let mut place = Place::of(&auth).await?;
    draw(&auth, &mut place, &list, None).await
}

/// The log with what was asked for, and what a check has found.
async fn draw(
    auth: &Reader,
    place: &mut Place,
    list: &List<Asked>,
    checked: Option<ChainState>,
) -> Result<Response> {
    let acting = auth.acting()?;
    let log = Log::of_organization(acting);
    let asked = &list.query;
    let search = asked.search().resolved(&auth.app, acting).await?;
    let found = match search.filter() {
        Ok(filter) => {
            let query = ListQuery { filter, ..query_of(list) };
            audit::list(&auth.app, &log, query).await.map(|page| (page.events, page.next))
        }
        Err(error) => Err(error),
    };
    let (events, next, status) = match found {
        Ok((events, next)) => (events, next, 200),
        Err(error) if error.code() == Code::ValidationFailed => {
            place.refusals = refusal(&error);
            (Vec::new(), None, error.code().status())
        }
        Err(error) => return Err(error),
    };
    let newest = ListQuery { page_size: 1, ..ListQuery::default() };
    let checkpoints = audit::list_checkpoints(&auth.app, &log, newest).await?.checkpoints;
    let rows: Vec<AuditRow> = events.iter().map(|event| row(event, place)).collect();
    let export = format!("{}{}", place.url("/audit/exports"), audit_query(&asked.shown()));
    let html = AuditLog {
        frame: place.frame(),
        rows: &rows,
        filter: &asked.shown(),
        paging: &paging(auth, list, next),
        signed: checkpoints.first().map(|newest| Signed { sequence: newest.sequence, at: newest.timestamp }),
        checked,
        export_url: acting.scopes.contains(Scope::AuditExport).then_some(export.as_str()),
    }
    .render();
    Ok(answer(auth, html, status))
}

fn row(event: &AuditEventView, place: &Place) -> AuditRow {
    AuditRow {
        href: place.url(&format!("/audit/events/{}", event.id)),
        at: time(&event.timestamp),
        action: event.action.clone(),
        actor: actor(&event.actor),
        target: event
            .targets
            .iter()
            .find(|at| at.display.is_some())
            .or(event.targets.first())
            .map(target)
            .unwrap_or_default(),
        result: event.result.clone(),
    }
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap_or_default()
}

fn actor(actor: &AuditActor) -> String {
    let named = actor.display.clone().or_else(|| actor.id.clone());
    named.unwrap_or_else(|| match actor.kind.as_str() {
        "system" => "The service itself".to_owned(),
        "anonymous" => "Somebody not signed in".to_owned(),
        other => other.replace('_', " "),
    })
}

fn target(target: &AuditTarget) -> String {
    target.display.clone().unwrap_or_else(|| target.id.clone())
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    action: String,
}

/// The button that checks the chain: nothing is changed, but it is work.
async fn check(auth: Reader, (list, form): (List<Asked>, Form<Fields>)) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    if form.fields.action != "check" {
        return Err(Error::not_found());
    }
    let log = Log::of_organization(auth.acting()?);
    let since = auth.cx.now.plus_seconds(-CHECKED);
    // What was recorded in this very moment counts.
    let period = Period { start_time: since, end_time: auth.cx.now.plus_seconds(1) };
    let state = match audit::verify_period(&auth.app, &log, period).await {
        Ok(found) => match found.first_broken_sequence {
            Some(sequence) => ChainState::Broken { sequence },
            None => ChainState::Whole { checked: found.checked, since },
        },
        Err(error) if error.code() == Code::ValidationFailed => ChainState::TooMany,
        Err(error) => return Err(error),
    };
    let mut place = Place::of(&auth).await?;
    draw(&auth, &mut place, &list, Some(state)).await
}

async fn show(auth: Reader, Path1(id): Path1<AuditId>) -> Result<Response> {
    let log = Log::of_organization(auth.acting()?);
    let place = Place::of(&auth).await?;
    let event = audit::get(&auth.app, &log, id).await?;
    let state = match event.event_id.parse() {
        Ok(id) => {
            let found = audit::verify_event(&auth.app, &log, id).await?;
            match (found.valid, found.checkpoint) {
                (false, _) => RecordState::Broken,
                (true, Some(checkpoint)) => RecordState::Signed(checkpoint.timestamp),
                (true, None) => RecordState::Unsigned,
            }
        }
        Err(_) => RecordState::Broken,
    };
    let html = AuditEvent {
        frame: place.frame(),
        at: time(&event.timestamp),
        action: &event.action,
        result: &event.result,
        facts: &facts(&event),
        particulars: &event.particulars(),
        place: (event.sequence, &event.integrity.hash),
        state,
        back_url: &place.url("/audit"),
    }
    .render();
    Ok(answer(&auth, html, 200))
}

fn facts(event: &AuditEventView) -> Vec<(&'static str, String)> {
    let by = &event.actor;
    let by_id = by.id.clone().filter(|id| Some(id) != by.display.as_ref() && by.display.is_some());
    let mut facts = vec![("Who", Some(actor(by))), ("Id", by_id)];
    facts.extend(event.targets.iter().map(|upon| {
        let named = upon.display.as_ref().map(|name| format!("{name} ({})", upon.id));
        ("About", Some(named.unwrap_or_else(|| upon.id.clone())))
    }));
    facts.extend([
        ("Address", event.ip.clone()),
        ("Browser or program", event.user_agent.clone()),
        ("Session", by.session_id.clone()),
        ("Request", event.request_id.clone()),
        ("Code", event.error_code.clone()),
        ("Record", Some(event.id.clone())),
    ]);
    facts.into_iter().filter_map(|(term, value)| Some((term, value?))).collect()
}

async fn export_form(auth: Exporter, Query(asked): Query<Asked>) -> Result<Response> {
    let place = Place::of(&auth).await?;
    Ok(answer(&auth, form_page(&place, &asked, "CSV", false), 200))
}

fn form_page(place: &Place, asked: &Asked, format: &str, with_proof: bool) -> String {
    NewAuditExport { frame: place.frame(), filter: &asked.shown(), format, with_proof }.render()
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ExportFields {
    #[serde(flatten)]
    asked: Asked,
    format: String,
    include_proof: String,
}

async fn export(auth: Exporter, form: Form<ExportFields>) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    let fields = form.fields;
    let mut place = Place::of(&auth).await?;
    match begin(&auth, &fields).await {
        Ok(begun) => {
            let url = place.url(&format!("/audit/exports/{}", begun.export_id));
            Ok(SeeOther(url).respond())
        }
        Err(error) if error.is_failure() => Err(error),
        Err(error) => {
            place.refusals = refusal(&error);
            let html = form_page(&place, &fields.asked, &fields.format, fields.include_proof == "true");
            Ok(answer(&auth, html, error.code().status()))
        }
    }
}

async fn begin(auth: &Exporter, fields: &ExportFields) -> Result<ExportView> {
    let acting = auth.acting()?;
    let search = fields.asked.search().resolved(&auth.app, acting).await?;
    let Period { start_time, end_time } = search.period(auth.cx.now)?;
    let new = NewExport {
        start_time,
        end_time,
        format: ExportFormat::parse(&fields.format).unwrap_or(ExportFormat::Csv),
        filter: Some(search.text()).filter(|text| !text.is_empty()),
        organization_id: None,
        include_proof: fields.include_proof == "true",
    };
    audit::export(&auth.app, &auth.cx, &Log::of_organization(acting), new).await
}

async fn show_export(auth: Exporter, Path1(id): Path1<ExportId>) -> Result<Response> {
    let place = Place::of(&auth).await?;
    let export = audit::get_export(&auth.app, &auth.cx, &Log::of_organization(auth.acting()?), id).await?;
    let link = export.download_url.as_deref().zip(export.download_expires_at);
    let html = AuditExport {
        frame: place.frame(),
        status: export.status,
        format: export.format,
        events: export.event_count,
        download: link,
        sha256: export.sha256.as_deref(),
        url: &place.url(&format!("/audit/exports/{id}")),
        kept_until: export.expires_at,
    }
    .render();
    Ok(answer(&auth, html, 200))
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/organizations/{id}/audit", list).answers_html(200),
        Route::post("/organizations/{id}/audit", check).answers_html(200),
        Route::get("/organizations/{id}/audit/events/{aud}", show).answers_html(200),
        Route::get("/organizations/{id}/audit/exports", export_form).answers_html(200),
        Route::post("/organizations/{id}/audit/exports", export).answers_redirect(303),
        Route::get("/organizations/{id}/audit/exports/{exp}", show_export).answers_html(200),
    ]
}
