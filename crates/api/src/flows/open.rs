//! Opening and reading flows.

use avnology_core::{
    clients::authorize,
    flows::{self, Created, FlowRequest},
    sessions::SessionView,
};
use avnology_http::{
    Access, AnySession, Auth, BrowserKeys, Bucket, Json, Path2, Query, Reply, Response, Route, SeeOther,
    Visitor, cookies, holder, step_up::with_step_up,
};
use avnology_model::{
    Code, Error, FieldCode, Result,
    flows::{Flow, FlowKind, FlowView, Transport},
    ids::FlowId,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Kind, csrf_token};

/// What every kind of flow takes.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
struct LoginParams {
    /// `browser` or `api`.
    #[serde(rename = "type")]
    transport: Option<String>,
    /// Where to go afterwards.
    return_to: Option<String>,
    /// Assurance asked for: `aal1`, `aal2` or `highest_available`.
    aal: Option<String>,
    /// Authenticate again although a session exists.
    refresh: bool,
    /// The same if the last authentication is older, in seconds.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
    max_age: Option<u32>,
    /// Prefills the identifier.
    login_hint: Option<String>,
    /// The organization to sign in to, by id or slug.
    organization_id: Option<String>,
    /// The authorization request that the flow continues; it says what else is asked for.
    login_challenge: Option<String>,
    /// The client whose rules hold, where no authorization request is continued.
    client_id: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
struct RegistrationParams {
    /// `browser` or `api`.
    #[serde(rename = "type")]
    transport: Option<String>,
    /// Where to go afterwards.
    return_to: Option<String>,
    /// Prefills the e-mail.
    login_hint: Option<String>,
    /// The organization to register with, by id or slug.
    organization_id: Option<String>,
    /// The authorization request that the flow continues.
    login_challenge: Option<String>,
    /// The client whose rules hold, where no authorization request is continued.
    client_id: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
struct MailedParams {
    /// `browser` or `api`.
    #[serde(rename = "type")]
    transport: Option<String>,
    /// Where to go afterwards.
    return_to: Option<String>,
    /// Prefills the address.
    email: Option<String>,
    /// Strict mode: the organization whose account is meant, by id or slug.
    organization_id: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
struct SettingsParams {
    /// `browser` or `api`.
    #[serde(rename = "type")]
    transport: Option<String>,
    /// Where to go afterwards.
    return_to: Option<String>,
    /// `profile` or `password`; all when absent.
    section: Option<String>,
}

/// A flow that was passed at once, because a session is there.
#[derive(Serialize, ToSchema)]
struct PassedFlow {
    #[serde(flatten)]
    flow: FlowView,
    /// Browser: where to go.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_to: Option<String>,
    /// Program: the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<SessionView>,
}

fn transport<A: Access>(auth: &Auth<A>, asked: Option<&str>) -> Result<Transport> {
    match asked {
        None => Ok(if auth.is_browser() || auth.wants_html() { Transport::Browser } else { Transport::Api }),
        Some(text) => Transport::parse(text)
            .ok_or_else(|| Error::field("type", FieldCode::NotInEnum, "One of browser, api.")),
    }
}

async fn open<A: Access>(
    auth: &Auth<A>,
    kind: FlowKind,
    asked: Option<&str>,
    request: FlowRequest,
) -> Result<Response> {
    let transport = transport(auth, asked)?;
    let keys = (transport == Transport::Browser).then(|| BrowserKeys::of(auth));
    let holder = match &keys {
        Some(keys) => keys.holder(),
        None => flows::Holder::Program,
    };
    let live = auth.caller.session().map(|live| &**live);
    let created = flows::create(&auth.app, &auth.cx, kind, transport, holder, request, live).await?;
    let mut response = match &created {
        Created::Flow(flow) if auth.wants_html() => {
            SeeOther(format!("{}?flow={}", flows::page_path(flow), flow.id)).respond()
        }
        Created::Flow(flow) => {
            let token = keys.as_ref().map(|keys| keys.csrf_token(auth, flow.id));
            Json(view(auth, flow, token.as_deref())).respond()
        }
        Created::Passed(flow, session) => passed(auth, flow, session, transport),
    };
    let acts_in = match &created {
        // In a strict tenant the session itself is at home there.
        Created::Passed(flow, _) if transport == Transport::Browser && !auth.app.is_strict() => {
            flow.leads_into()
        }
        _ => None,
    };
    let acts_in = acts_in.map(|id| cookies::set_organization(&auth.app, id));
    for cookie in keys.into_iter().flat_map(|keys| keys.set).chain(acts_in) {
        response = response.with_cookie(cookie).respond();
    }
    Ok(response)
}

fn passed<A: Access>(auth: &Auth<A>, flow: &Flow, session: &SessionView, transport: Transport) -> Response {
    let target = flow.data.return_to.clone().unwrap_or_else(|| "/account".to_owned());
    if auth.wants_html() {
        return SeeOther(target).respond();
    }
    let (redirect_to, session) = match transport {
        Transport::Browser => (Some(target), None),
        Transport::Api => (None, Some(session.clone())),
    };
    Json(PassedFlow { flow: view(auth, flow, None), redirect_to, session }).respond()
}

fn view<A: Access>(auth: &Auth<A>, flow: &Flow, csrf: Option<&str>) -> FlowView {
    let identity = auth.caller.session().map(|live| &live.identity);
    flows::view(&auth.app, flow, csrf, identity)
}

/// What the flow asks for that continues an authorization request.
async fn continuing(auth: &Auth<Visitor>, challenge: &str) -> Result<FlowRequest> {
    let holder = BrowserKeys::of(auth).hash();
    let visitor = authorize::Visitor { session: auth.visitor(), holder };
    authorize::flow_for(&auth.app, &auth.cx, challenge, visitor).await
}

async fn login(auth: Auth<Visitor>, Query(q): Query<LoginParams>) -> Result<Response> {
    if let Some(challenge) = &q.login_challenge {
        let asked = continuing(&auth, challenge).await?;
        let request = FlowRequest {
            login_hint: q.login_hint.or(asked.login_hint),
            organization: q.organization_id.or(asked.organization),
            client: q.client_id,
            ..asked
        };
        return open(&auth, FlowKind::Login, q.transport.as_deref(), request).await;
    }
    let request = FlowRequest {
        return_to: q.return_to,
        aal: q.aal,
        refresh: q.refresh,
        max_age: q.max_age,
        login_hint: q.login_hint,
        organization: q.organization_id,
        client: q.client_id,
        ..FlowRequest::default()
    };
    open(&auth, FlowKind::Login, q.transport.as_deref(), request).await
}

async fn registration(auth: Auth<Visitor>, Query(q): Query<RegistrationParams>) -> Result<Response> {
    if let Some(challenge) = &q.login_challenge {
        let asked = continuing(&auth, challenge).await?;
        let request = FlowRequest {
            return_to: asked.return_to,
            login_hint: q.login_hint.or(asked.login_hint),
            organization: q.organization_id,
            client: q.client_id,
            ..FlowRequest::default()
        };
        return open(&auth, FlowKind::Registration, q.transport.as_deref(), request).await;
    }
    let request = FlowRequest {
        return_to: q.return_to,
        login_hint: q.login_hint,
        organization: q.organization_id,
        client: q.client_id,
        ..FlowRequest::default()
    };
    open(&auth, FlowKind::Registration, q.transport.as_deref(), request).await
}

async fn mailed(auth: Auth<Visitor>, kind: FlowKind, q: MailedParams) -> Result<Response> {
    let request = FlowRequest {
        return_to: q.return_to,
        email: q.email,
        organization: q.organization_id,
        ..FlowRequest::default()
    };
    open(&auth, kind, q.transport.as_deref(), request).await
}

async fn recovery(auth: Auth<Visitor>, Query(q): Query<MailedParams>) -> Result<Response> {
    mailed(auth, FlowKind::Recovery, q).await
}

async fn verification(auth: Auth<Visitor>, Query(q): Query<MailedParams>) -> Result<Response> {
    mailed(auth, FlowKind::Verification, q).await
}

async fn settings(auth: Auth<AnySession>, Query(q): Query<SettingsParams>) -> Result<Response> {
    let request = FlowRequest { return_to: q.return_to, section: q.section, ..FlowRequest::default() };
    let opened = open(&auth, FlowKind::Settings, q.transport.as_deref(), request).await;
    with_step_up(&auth, auth.session(), opened).await
}

async fn get(auth: Auth<Visitor>, Path2(kind, id): Path2<Kind, FlowId>) -> Result<Json<FlowView>> {
    let held = holder(&auth, Transport::Browser);
    let flow = flows::get(&auth.app, &auth.cx, kind.0, id, held).await?;
    if flow.kind == FlowKind::Settings && auth.visitor().map(|live| live.id()) != flow.session_id {
        return Err(Error::not_found());
    }
    let token = csrf_token(&auth, flow.id);
    Ok(Json(view(&auth, &flow, token.as_deref())))
}

pub(super) fn routes() -> Vec<Route> {
    let opens = |route: Route, id, summary| {
        route
            .operation_id(id)
            .summary(summary)
            .tag("flows")
            .limited(Bucket::IpAuth)
            .produces(&["application/json", "text/html"])
            .answers::<FlowView>(200, "The flow.")
            .answers_redirect(303)
            .refuses(&[Code::OrganizationNotFound, Code::OrganizationSuspended, Code::OrganizationNotReady])
    };
    vec![
        opens(Route::get("/v1/flows/login", login), "createLoginFlow", "Open a login flow")
            .refuses(&[Code::SecondFactorRequired]),
        opens(
            Route::get("/v1/flows/registration", registration),
            "createRegistrationFlow",
            "Open a registration flow",
        )
        .refuses(&[Code::RegistrationDisabled, Code::SsoRequired]),
        opens(Route::get("/v1/flows/recovery", recovery), "createRecoveryFlow", "Open a recovery flow"),
        opens(
            Route::get("/v1/flows/verification", verification),
            "createVerificationFlow",
            "Open a verification flow",
        ),
        opens(Route::get("/v1/flows/settings", settings), "createSettingsFlow", "Open a settings flow")
            .refuses(&[Code::StepUpRequired, Code::SecondFactorRequired]),
        Route::get("/v1/flows/{type}/{id}", get)
            .operation_id("getFlow")
            .summary("Read a flow again")
            .tag("flows")
            .answers::<FlowView>(200, "The flow.")
            .refuses(&[Code::FlowGone]),
    ]
}
