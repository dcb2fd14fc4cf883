//! `/sign-up`, for oneself or with the invitation that the browser holds.

use avnology_core::{flows::FlowRequest, organizations};
use avnology_http::{Auth, Bucket, Cookie, Query, Reply, Response, Route, SeeOther, Visitor};
use avnology_model::{Code, Result, flows::FlowKind};
use avnology_views::{
    Context,
    flows::{FlowPage, SignUp, SignUpClosed},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Continuing, gone, leading_on};
use crate::{
    browser::{Found, Held, Opened, find, open, resend_at},
    shell::{brand, entry_page, flow_page},
};

/// The page of an invitation.
const INVITATIONS: &str = "/invitations";

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    flow: Option<String>,
    return_to: Option<String>,
    login_hint: Option<String>,
    login_challenge: Option<String>,
    client_id: Option<String>,
    /// With the invitation whose token the browser keeps.
    invited: bool,
}

async fn show(auth: Auth<Visitor>, Query(q): Query<Params>) -> Result<Response> {
    if let Some(id) = &q.flow {
        return show_flow(&auth, id, "/sign-up").await;
    }
    if q.invited {
        return invited(&auth).await;
    }
    let continued = match &q.login_challenge {
        Some(challenge) => match super::continuing(&auth, challenge).await? {
            Continuing::By(request) => Some(*request),
            Continuing::Anew(url) => return Ok(SeeOther(url).respond()),
            Continuing::Over => None,
        },
        None => None,
    };
    let return_to = q.return_to.filter(|target| !target.is_empty());
    let return_to = return_to.or(continued.and_then(|request| request.return_to));
    let asked_to_go = return_to.is_some();
    let request =
        FlowRequest { return_to, login_hint: q.login_hint, client: q.client_id, ..FlowRequest::default() };
    match open(&auth, FlowKind::Registration, "/sign-up", request).await {
        Ok(Opened::Go(response)) => Ok(response),
        Ok(Opened::SignedIn(_)) => Ok(SeeOther("/account".to_owned()).respond()),
        Err(error) if matches!(error.code(), Code::RegistrationDisabled | Code::SsoRequired) => {
            Ok(closed(&auth))
        }
        Err(error) if error.code() == Code::ValidationFailed && asked_to_go => {
            Ok(SeeOther("/sign-up".to_owned()).respond())
        }
        Err(error) => Err(error),
    }
}

fn closed(auth: &Auth<Visitor>) -> Response {
    let brand = brand(&auth.app);
    let cx = Context::english(&brand, auth.cx.now);
    entry_page(auth, SignUpClosed { cx, sign_in_url: "/sign-in" }.render(), 403, Vec::new())
}

/// Opens the registration that an invitation allows, whoever else may register. Its page says why when it does not.
async fn invited(auth: &Auth<Visitor>) -> Result<Response> {
    let invitation = auth.cookie(Cookie::Invitation).map(str::to_owned);
    let back = |why: &str| Ok(SeeOther(format!("{INVITATIONS}{why}")).respond());
    if invitation.is_none() {
        return back("");
    }
    let request = FlowRequest { invitation, ..FlowRequest::default() };
    match open(auth, FlowKind::Registration, "/sign-up", request).await {
        Ok(Opened::Go(response)) => Ok(response),
        Ok(Opened::SignedIn(_)) => back(""),
        Err(error) if error.is_failure() => Err(error),
        Err(error) => back(&format!("?failed={}", error.code().number())),
    }
}

/// The page of a registration flow; `path` is where another one begins.
pub(super) async fn show_flow(auth: &Auth<Visitor>, id: &str, path: &str) -> Result<Response> {
    match find(auth, &[FlowKind::Registration], id).await? {
        Found::Held(held) => draw(auth, &held).await,
        Found::Gone(error) => Ok(gone(auth, FlowPage::SignUp, path, &error)),
    }
}

async fn draw(auth: &Auth<Visitor>, held: &Held) -> Result<Response> {
    let brand = brand(&auth.app);
    let place = held.flow.data.organization.as_ref().filter(|place| place.restricts);
    let by_domain = match place {
        Some(place) => {
            let entrance = organizations::entrance(&auth.app, &auth.cx, place.slug.as_str()).await;
            entrance.is_ok_and(|at| at.sign_up == organizations::SignUp::ByDomain)
        }
        None => false,
    };
    let sign_in_url = match place {
        _ if held.flow.data.invitation.is_some() => INVITATIONS.to_owned(),
        Some(place) => leading_on(&auth.app, &format!("/org/{}", place.slug), &held.flow),
        None => leading_on(&auth.app, "/sign-in", &held.flow),
    };
    let html = SignUp {
        cx: Context::english(&brand, auth.cx.now),
        flow: &held.view,
        sign_in_url: &sign_in_url,
        invited: held.flow.data.invitation.is_some(),
        by_domain,
        resend_at: resend_at(&held.flow),
    }
    .render();
    Ok(flow_page(auth, &held.view, html))
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/sign-up", show).limited(Bucket::IpAuth).answers_html(200)]
}
