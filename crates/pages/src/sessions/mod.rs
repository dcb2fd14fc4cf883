//! The list of sessions, ending them, signing out.

use avnology_core::sessions::{self, DeviceChange, DeviceDetail, SessionView};
use avnology_http::{
    Auth, Form, PageSignedIn, Path1, Query, Reply, Response, Route, SeeOther, Visitor, csrf, drop_session,
};
use avnology_model::{
    Code, Result,
    ids::{DeviceId, OrganizationId, SessionId},
    sessions::Agent,
};
use avnology_views::{
    Context, Notice,
    sessions::{DeviceRow, SessionRow, Sessions, SignOut, SignOutDone, SignOutFailed},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::shell::{Shell, brand, entry_page, page, person, shell, with_cookies};

/// Most sessions that the page shows.
const SHOWN: u32 = 100;

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    /// What was just done.
    done: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct NoFields {}

#[derive(Clone, Debug, Deserialize)]
struct DeviceName {
    /// What to call it; empty for what it says of itself.
    #[serde(default)]
    name: String,
}

async fn list(auth: Auth<PageSignedIn>, Query(q): Query<Params>) -> Result<Response> {
    let live = auth.session();
    let found = sessions::list_own(&auth.app, &auth.cx, live, None, SHOWN).await?;
    let shell = shell(&auth).await?;
    let selected = auth.organization_scope().map(|acting| acting.id());
    let mut rows: Vec<SessionRow> = found.sessions.iter().map(|view| row(view, &shell, selected)).collect();
    rows.sort_by_key(|row| !row.is_this);
    let here = live.session.device_id;
    let devices = sessions::list_own_devices(&auth.app, &auth.cx, live).await?;
    let mut devices: Vec<DeviceRow> = devices.into_iter().map(|device| device_row(device, here)).collect();
    devices.sort_by_key(|row| !row.is_this);
    let notice = match q.done.as_deref() {
        Some("one") => Some(Notice::success("The session was ended.")),
        Some("named") => Some(Notice::success("The device has its new name.")),
        Some("removed") => Some(Notice::success("The device was removed, and its sessions were ended.")),
        Some("others") => Some(Notice::success("All other sessions were ended.")),
        _ => None,
    };
    let html = Sessions {
        cx: shell.cx(),
        person: &person(live),
        notice: notice.as_ref(),
        rows: &rows,
        devices: &devices,
        end_others_action: "/account/sessions",
        csrf_token: &csrf::page_token(&auth.app, live.id()),
    }
    .render();
    Ok(page(&auth, html))
}

/// `selected` is where this browser acts; the other sessions say it themselves.
fn row(session: &SessionView, shell: &Shell, selected: Option<OrganizationId>) -> SessionRow {
    let user_agent = &session.device.user_agent;
    let is_this = session.current == Some(true);
    let active = if is_this { selected } else { session.organization_id };
    SessionRow {
        organization: active.and_then(|id| shell.named_organization(id)).map(str::to_owned),
        device: session.device.name.clone(),
        is_mobile: Agent::parse(user_agent).is_mobile(),
        place: None,
        ip: session.device.ip.clone(),
        signed_in_at: session.issued_at,
        last_used_at: session.last_used_at,
        is_this,
        end_action: format!("/account/sessions/{}", session.id),
    }
}

fn device_row(device: DeviceDetail, here: Option<DeviceId>) -> DeviceRow {
    DeviceRow {
        is_this: here == Some(device.id),
        is_mobile: device.is_mobile,
        place: None,
        ip: device.last_ip,
        seen_at: device.last_seen_at,
        trusted_until: device.trusted_until,
        name_action: format!("/account/devices/{}/name", device.id),
        remove_action: format!("/account/devices/{}/remove", device.id),
        id: device.id.to_string(),
        name: device.name,
    }
}

async fn name_device(
    auth: Auth<PageSignedIn>,
    (Path1(id), form): (Path1<DeviceId>, Form<DeviceName>),
) -> Result<Response> {
    let live = auth.session();
    csrf::check_page(&auth.app, live.id(), form.csrf.as_deref())?;
    let change = DeviceChange { name: Some(Some(form.fields.name)) };
    sessions::rename_own_device(&auth.app, &auth.cx, live, id, change).await?;
    Ok(SeeOther("/account/sessions?done=named".to_owned()).respond())
}

async fn remove_device(
    auth: Auth<PageSignedIn>,
    (Path1(id), form): (Path1<DeviceId>, Form<NoFields>),
) -> Result<Response> {
    let live = auth.session();
    csrf::check_page(&auth.app, live.id(), form.csrf.as_deref())?;
    match sessions::remove_own_device(&auth.app, &auth.cx, live, id).await {
        // One that was removed meanwhile is just as well.
        Ok(()) => {}
        Err(error) if error.code() == Code::NotFound => {}
        Err(error) => return Err(error),
    }
    if live.session.device_id == Some(id) {
        let gone = SeeOther("/sign-out?done".to_owned());
        return Ok(with_cookies(gone.respond(), drop_session(&auth)));
    }
    Ok(SeeOther("/account/sessions?done=removed".to_owned()).respond())
}

async fn end(
    auth: Auth<PageSignedIn>,
    (Path1(id), form): (Path1<SessionId>, Form<NoFields>),
) -> Result<Response> {
    let live = auth.session();
    csrf::check_page(&auth.app, live.id(), form.csrf.as_deref())?;
    match sessions::revoke_own(&auth.app, &auth.cx, live, id).await {
        // One that has ended meanwhile is just as well.
        Ok(()) => {}
        Err(error) if error.code() == Code::NotFound => {}
        Err(error) => return Err(error),
    }
    if id == live.id() {
        let gone = SeeOther("/sign-out?done".to_owned());
        return Ok(with_cookies(gone.respond(), drop_session(&auth)));
    }
    Ok(SeeOther("/account/sessions?done=one".to_owned()).respond())
}

async fn end_others(auth: Auth<PageSignedIn>, form: Form<NoFields>) -> Result<Response> {
    let live = auth.session();
    csrf::check_page(&auth.app, live.id(), form.csrf.as_deref())?;
    sessions::revoke_others(&auth.app, &auth.cx, live).await?;
    Ok(SeeOther("/account/sessions?done=others".to_owned()).respond())
}

async fn sign_out_page(auth: Auth<Visitor>, Query(q): Query<Params>) -> Result<Response> {
    let brand = brand(&auth.app);
    let cx = Context::english(&brand, auth.cx.now);
    let sign_in_url = "/sign-in";
    let html = match auth.visitor() {
        // In a strict tenant another session of this browser comes after the one that has ended.
        Some(live) if q.done.is_some() && auth.app.is_strict() => {
            SignOutDone { cx, sign_in_url, still: Some(&person(live)) }.render()
        }
        Some(live) => SignOut {
            cx,
            person: &person(live),
            action: "/sign-out",
            csrf_token: &csrf::page_token(&auth.app, live.id()),
            back_url: "/account",
        }
        .render(),
        None => SignOutDone { cx, sign_in_url, still: None }.render(),
    };
    Ok(entry_page(&auth, html, 200, Vec::new()))
}

async fn sign_out(auth: Auth<Visitor>, form: Form<NoFields>) -> Result<Response> {
    if let Some(live) = auth.visitor() {
        if csrf::check_page(&auth.app, live.id(), form.csrf.as_deref()).is_err() {
            let brand = brand(&auth.app);
            let html = SignOutFailed {
                cx: Context::english(&brand, auth.cx.now),
                retry_url: "/sign-out",
                code: Code::CsrfFailed.text(),
                request_id: &auth.cx.request_id,
            }
            .render();
            return Ok(entry_page(&auth, html, 403, Vec::new()));
        }
        sessions::logout(&auth.app, &auth.cx, live).await?;
    }
    Ok(with_cookies(SeeOther("/sign-out?done".to_owned()).respond(), drop_session(&auth)))
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/account/sessions", list).answers_html(200),
        Route::post("/account/sessions", end_others).answers_redirect(303),
        Route::post("/account/sessions/{id}", end).answers_redirect(303),
        Route::post("/account/devices/{id}/name", name_device).answers_redirect(303),
        Route::post("/account/devices/{id}/remove", remove_device).answers_redirect(303),
        Route::get("/sign-out", sign_out_page).answers_html(200),
        Route::post("/sign-out", sign_out).answers_redirect(303),
    ]
}
