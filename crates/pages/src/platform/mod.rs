//! Errors, explanations of codes, static files, well-known addresses.

use std::sync::Arc;

use avnology_core::Tenant;
use avnology_http::{
    Auth, ErrorPage as Failed, HeaderName, HeaderValue, HtmlError, NoInput, Path1, Public, Query, Reply,
    Response, ResponseBody, Route, SeeOther, StatusCode, header,
};
use avnology_model::{Code, Error, Result};
use avnology_views::{
    Context, Link, assets,
    platform::{ErrorPage, NotFound, Problem, plain_words},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::shell::{brand, entry_page};

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct ErrorParams {
    code: String,
    request_id: String,
}

/// Draws the errors of pages.
pub fn html_error(app: Arc<Tenant>) -> HtmlError {
    Arc::new(move |failed: &Failed<'_>| {
        let brand = brand(&app);
        let cx = Context::english(&brand, app.now());
        let back = Link::new("Go to your account", "/account");
        if failed.code == Code::NotFound {
            return NotFound { cx, request_id: failed.request_id, back: &back }.render();
        }
        let (title, detail) = plain_words(failed.code);
        let back = way_on(failed).unwrap_or(back);
        ErrorPage {
            cx,
            title,
            detail,
            code: failed.code.text(),
            request_id: failed.request_id,
            back: Some(&back),
        }
        .render()
    })
}

/// The next step after an error on a page of an organization: a better sign-in, or what the person may do there.
fn way_on(failed: &Failed<'_>) -> Option<Link> {
    let place = failed.path.strip_prefix("/organizations/")?;
    let name = place.split('/').next().unwrap_or_default();
    match failed.code {
        Code::StepUpRequired | Code::SecondFactorRequired => {
            let target = failed.path.replace('/', "%2F");
            // The organization decides what is good enough.
            let url = format!("/sign-in?refresh=true&organization_id={name}&return_to={target}");
            Some(Link::new("Sign in again", url))
        }
        Code::ScopeMissing | Code::PermissionDenied => {
            Some(Link::new("Back to the overview", format!("/organizations/{name}")))
        }
        Code::OrganizationSuspended => Some(Link::new("Your organizations", "/account/organizations")),
        Code::OrganizationNotReady => Some(Link::new("Try again", failed.path)),
        _ => None,
    }
}

/// `/error`: a code of ours by its three digits; anything else is a plain error, so that nobody can put words into it.
async fn error(auth: Auth<Public>, Query(q): Query<ErrorParams>) -> Result<Response> {
    let digits = q.code.strip_prefix("AVNOLOGY_AUTH_").unwrap_or(&q.code);
    let code = Code::ALL.iter().copied().find(|code| code.number() == digits).unwrap_or(Code::Internal);
    let is_id = q.request_id.len() <= 128
        && q.request_id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    let brand = brand(&auth.app);
    let (title, detail) = plain_words(code);
    let html = ErrorPage {
        cx: Context::english(&brand, auth.cx.now),
        title,
        detail,
        code: code.text(),
        request_id: if is_id { &q.request_id } else { "" },
        back: Some(&Link::new("Go to your account", "/account")),
    }
    .render();
    Ok(entry_page(&auth, html, 200, Vec::new()))
}

async fn problem(auth: Auth<Public>, Path1(number): Path1<String>) -> Result<Response> {
    let code = Code::ALL.iter().copied().find(|code| code.number() == number).ok_or_else(Error::not_found)?;
    let brand = brand(&auth.app);
    let html = Problem { cx: Context::english(&brand, auth.cx.now), code }.render();
    Ok(entry_page(&auth, html, 200, Vec::new()))
}

async fn asset(_: Auth<Public>, Path1(path): Path1<String>) -> Result<Response> {
    let asset = assets::find(&path).ok_or_else(Error::not_found)?;
    let mut response = Response::new(ResponseBody::from(asset.bytes.as_slice()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    Ok(response)
}

async fn home(_: Auth<Public>, _: NoInput) -> Result<SeeOther> {
    Ok(SeeOther("/account".to_owned()))
}

/// The W3C's "well-known URL for changing passwords".
async fn change_password(_: Auth<Public>, _: NoInput) -> Result<Response> {
    let mut response = SeeOther("/account/security#password".to_owned()).respond();
    *response.status_mut() = StatusCode::FOUND;
    Ok(response)
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/", home).answers_redirect(303),
        Route::get("/error", error).answers_html(200),
        Route::get("/problems/{code}", problem).answers_html(200),
        Route::get("/assets/{path}", asset).produces(&["*/*"]).answers_html(200),
        Route::get("/.well-known/change-password", change_password).produces(&["*/*"]).answers_redirect(302),
    ]
}
