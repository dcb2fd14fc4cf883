//! The profile page with the forms for a picture, and the pictures themselves.

use avnology_core::identities::{self as people, AVATAR_BYTES};
use avnology_http::{
    Auth, Chosen, Form, HeaderName, HeaderValue, NoParams, PageSignedIn, Path2, Public, Query, Reply,
    Response, ResponseBody, Route, SeeOther, UploadForm, csrf, header,
};
use avnology_model::{
    Code, Error, Result,
    flows::Channel,
    ids::{FlowId, IdentityId},
};
use avnology_views::{
    Notice,
    identities::{Picture, PictureError, Profile},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    browser::Held,
    shell::{page, person_of, shell},
};

/// The profile page; `outcome` is what came of the last form for the picture.
pub(super) async fn profile(
    auth: &Auth<PageSignedIn>,
    held: &Held,
    outcome: Option<&str>,
) -> Result<Response> {
    let identity = &auth.session().identity;
    let shell = shell(auth).await?;
    let (notice, error) = match outcome {
        Some("saved") => (Some(Notice::success("Your picture was saved.")), None),
        Some("removed") => (Some(Notice::success("Your picture was removed.")), None),
        Some("missing") => (None, Some(PictureError::Missing)),
        Some("too_large") => (None, Some(PictureError::TooLarge)),
        Some("wrong_type") => (None, Some(PictureError::WrongType)),
        _ => (None, None),
    };
    let id = held.flow.id;
    let unproven = identity.phone.as_deref().filter(|_| !identity.phone_verified);
    let unproven = identity.pending_phone.as_deref().or(unproven).filter(|_| auth.app.sends_texts());
    // What was just sent is entered in its own flow; another message would be too early.
    let sent = held.flow.data.verification.map(|id| (held.flow.data.channel, format!("/verify?flow={id}")));
    let sent_by = |channel| sent.as_ref().filter(|(by, _)| *by == channel).map(|(_, url)| url.clone());
    let verify_url = sent_by(Channel::Email).unwrap_or_else(|| "/verify".to_owned());
    let digits = unproven.unwrap_or_default().trim_start_matches('+');
    let verify_phone_url = sent_by(Channel::Sms).unwrap_or_else(|| format!("/verify?phone=%2B{digits}"));
    let html = Profile {
        cx: shell.cx(),
        person: &person_of(identity),
        flow: &held.view,
        notice: notice.as_ref(),
        pending_email: identity.pending_email.as_deref(),
        unproven_phone: unproven,
        verify_url: &verify_url,
        verify_phone_url: &verify_phone_url,
        step_up_url: None,
        picture: Picture {
            action: &format!("/account/profile/picture?flow={id}"),
            remove_action: &format!("/account/profile/picture/remove?flow={id}"),
            csrf_token: &csrf::page_token(&auth.app, auth.session().id()),
            error,
        },
    }
    .render();
    Ok(page(auth, html))
}

/// The settings flow of the page that was left, to come back to.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    flow: String,
}

fn back(params: &Params, outcome: &str) -> Response {
    let flow = params.flow.parse::<FlowId>().map(|id| format!("flow={id}&")).unwrap_or_default();
    SeeOther(format!("/account/profile?{flow}picture={outcome}")).respond()
}

async fn save(
    auth: Auth<PageSignedIn>,
    (Query(params), form): (Query<Params>, UploadForm<AVATAR_BYTES>),
) -> Result<Response> {
    // Where the form was cut off, its token was too, and nothing is changed.
    if form.file == Chosen::TooLarge {
        return Ok(back(&params, "too_large"));
    }
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    let Chosen::File(file) = form.file else { return Ok(back(&params, "missing")) };
    match people::set_avatar(&auth.app, &auth.cx, auth.session(), file.to_vec()).await {
        Ok(_) => Ok(back(&params, "saved")),
        Err(error) if error.code() == Code::UnsupportedMediaType => Ok(back(&params, "wrong_type")),
        Err(error) if error.code() == Code::PayloadTooLarge => Ok(back(&params, "too_large")),
        Err(error) => Err(error),
    }
}

async fn remove(
    auth: Auth<PageSignedIn>,
    (Query(params), form): (Query<Params>, Form<NoParams>),
) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    people::remove_avatar(&auth.app, &auth.cx, auth.session()).await?;
    Ok(back(&params, "removed"))
}

/// `/assets/avatars/…`: the address holds a part of the hash, so what is there never changes.
async fn file(auth: Auth<Public>, Path2(id, hash): Path2<IdentityId, String>) -> Result<Response> {
    let picture = people::picture(&auth.app, id, hash).await?;
    let content_type = HeaderValue::try_from(picture.content_type).map_err(Error::internal)?;
    let mut response = Response::new(ResponseBody::from(picture.bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    // The file is somebody else's: opened by itself it must be able to do nothing.
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    // Applications show it on their pages.
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
    Ok(response)
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/account/profile/picture", save).answers_redirect(303),
        Route::post("/account/profile/picture/remove", remove).answers_redirect(303),
        Route::get("/assets/avatars/{id}/{path}", file).produces(&["*/*"]).answers_html(200),
    ]
}
