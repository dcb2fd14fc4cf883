//! What comes of a submit: JSON for programs and scripts, a redirect for forms.

use avnology_core::{
    flows::{self, Continued, Held, Outcome, Refused, SignedIn},
    identities::own_summary,
    sessions::SessionView,
};
use avnology_http::{
    Auth, DeviceKeys, Json, Problem, Reply, Response, SeeOther, SetCookie, Visitor, cookies, keep_session,
    step_up::required,
};
use avnology_model::{
    Code, Error, Result, Timestamp,
    flows::{Flow, FlowKind, FlowView, MessageId, RemovedPasskey, Transport},
    identities::Identity,
    ids::FlowId,
    secret_token::SecretToken,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::csrf_token;

/// The answer to a submit; which members there are depends on what came of it.
#[derive(Default, Serialize, ToSchema)]
pub(super) struct SubmitAnswer {
    /// The session, once signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<SessionView>,
    /// Its token, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<String>,
    /// The next step.
    #[serde(skip_serializing_if = "Option::is_none")]
    continue_flow: Option<FlowView>,
    /// Where to go.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_to: Option<String>,
    /// Where a new account enters the code that was mailed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    verification_flow_id: Option<FlowId>,
    /// The passkey that was removed, for `PublicKeyCredential.signalUnknownCredential()`.
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<RemovedPasskey>,
}

/// The answer to a program or script.
pub(super) async fn json(auth: &Auth<Visitor>, keys: &DeviceKeys, outcome: Outcome) -> Result<Response> {
    match outcome {
        Outcome::SignedIn(done) => {
            let done = *done;
            let (token, mut cookies) = deliver(auth, done.flow.transport, &done.session, &done.token);
            cookies.extend(keys.keep(auth, done.device_key));
            let acts_in = acts_in(auth, &done).filter(|_| done.flow.transport == Transport::Browser);
            let redirect_to = done.redirect_to.filter(|_| done.flow.transport == Transport::Browser);
            let codes = done.codes.map(|flow| of_new_session(auth, &flow, &done.identity));
            let answer = SubmitAnswer {
                continue_flow: codes,
                session: Some(done.session),
                session_token: token,
                redirect_to,
                verification_flow_id: done.verification_flow_id,
                signal: None,
            };
            Ok(with(with(Json(answer).respond(), cookies), acts_in))
        }
        Outcome::Continue(next) => {
            let Continued { flow, session } = *next;
            let Some(Held { session, identity, token, device_key }) = session else {
                let continue_flow = Some(current_view(auth, &flow).await?);
                return Ok(Json(SubmitAnswer { continue_flow, ..SubmitAnswer::default() }).respond());
            };
            let continue_flow = Some(of_new_session(auth, &flow, &identity));
            let signal = flow.data.removed_passkey.clone();
            let (token, mut cookies) = deliver(auth, flow.transport, &session, &token);
            cookies.extend(keys.keep(auth, device_key));
            let answer = SubmitAnswer {
                session: Some(session),
                session_token: token,
                continue_flow,
                signal,
                ..SubmitAnswer::default()
            };
            Ok(with(Json(answer).respond(), cookies))
        }
        Outcome::Refused(refused) => refusal(auth, *refused),
    }
}

fn refusal(auth: &Auth<Visitor>, refused: Refused) -> Result<Response> {
    let Refused { mut error, flow } = refused;
    if let Some(flow) = flow {
        let view = serde_json::to_value(view(auth, &flow)).map_err(Error::internal)?;
        error = error.with_member("continue_flow", view);
    }
    let asks = matches!(error.code(), Code::StepUpRequired | Code::SecondFactorRequired);
    if asks && !error.members().contains_key("required") {
        let required = required(&auth.app, &error);
        error = error.with_member("required", required);
    }
    Ok(Problem(error).respond())
}

/// The flow after a step: settings show the identity as it is now, not as the request found it.
async fn current_view(auth: &Auth<Visitor>, flow: &Flow) -> Result<FlowView> {
    let token = csrf_token(auth, flow.id);
    let identity = match auth.visitor().filter(|_| flow.kind == FlowKind::Settings) {
        Some(live) => Some(own_summary(&auth.app, &auth.cx, live).await?.identity),
        None => None,
    };
    Ok(flows::view(&auth.app, flow, token.as_deref(), identity.as_ref()))
}

/// A settings flow of a session that this very answer brings.
fn of_new_session(auth: &Auth<Visitor>, flow: &Flow, identity: &Identity) -> FlowView {
    flows::view(&auth.app, flow, csrf_token(auth, flow.id).as_deref(), Some(identity))
}

fn view(auth: &Auth<Visitor>, flow: &Flow) -> FlowView {
    let token = csrf_token(auth, flow.id);
    let identity = auth.visitor().map(|live| &live.identity);
    flows::view(&auth.app, flow, token.as_deref(), identity)
}

/// The token in the body for programs, in cookies for browsers.
fn deliver(
    auth: &Auth<Visitor>,
    transport: Transport,
    session: &SessionView,
    token: &SecretToken,
) -> (Option<String>, Vec<SetCookie>) {
    match transport {
        Transport::Api => (Some(token.expose().to_owned()), Vec::new()),
        Transport::Browser => {
            let life = session_life(session.expires_at, auth.cx.now);
            (None, keep_session(auth, session.identity.organization_id, token.expose(), life))
        }
    }
}

/// Whoever signed in to an organization acts there in this browser.
fn acts_in(auth: &Auth<Visitor>, done: &SignedIn) -> Option<SetCookie> {
    // In a strict tenant the session itself is at home there.
    let place = done.flow.leads_into().filter(|_| !auth.app.is_strict());
    place.map(|id| cookies::set_organization(&auth.app, id))
}

fn session_life(expires_at: Timestamp, now: Timestamp) -> i64 {
    expires_at.seconds_since(now).max(0)
}

fn with(response: Response, cookies: impl IntoIterator<Item = SetCookie>) -> Response {
    cookies.into_iter().fold(response, |response, cookie| response.with_cookie(cookie).respond())
}

/// The answer to a form: the next page. A program's flow that is submitted as a form has no page and gets JSON's answer.
pub(super) fn redirect(
    auth: &Auth<Visitor>,
    keys: &DeviceKeys,
    (kind, id): (FlowKind, FlowId),
    outcome: Outcome,
) -> Response {
    match outcome {
        Outcome::SignedIn(done) => {
            let (_, mut cookies) = deliver(auth, Transport::Browser, &done.session, &done.token);
            cookies.extend(keys.keep(auth, done.device_key));
            with(with(SeeOther(after_sign_in(&done)).respond(), cookies), acts_in(auth, &done))
        }
        Outcome::Continue(next) => {
            let page = SeeOther(page(&next.flow)).respond();
            let session = next.session;
            let cookies = session.map(|held| {
                let (_, mut cookies) = deliver(auth, Transport::Browser, &held.session, &held.token);
                cookies.extend(keys.keep(auth, held.device_key));
                cookies
            });
            with(page, cookies.unwrap_or_default())
        }
        Outcome::Refused(refused) => match refused.flow {
            Some(flow) => SeeOther(page(&flow)).respond(),
            // The page says it with the organization's name.
            None if refused.error.code() == Code::NotAMember => gone(kind, id),
            None => Problem(refused.error).respond(),
        },
    }
}

fn after_sign_in(done: &SignedIn) -> String {
    match (&done.codes, done.verification_flow_id) {
        (Some(flow), _) => page(flow),
        (None, Some(flow)) => format!("/verify?flow={flow}"),
        (None, None) => done.redirect_to.clone().unwrap_or_else(|| usual_end(&done.flow)),
    }
}

/// Where a flow ends that nobody gave an end: who accepted an invitation sees where to.
fn usual_end(flow: &Flow) -> String {
    let place = flow.data.organization.as_ref().filter(|_| flow.data.invitation.is_some());
    place.map_or_else(|| "/account".to_owned(), |place| format!("/organizations/{}?done=joined", place.slug))
}

/// The page of a flow; a settings flow that recovery opened is shown where recovery is.
fn page(flow: &Flow) -> String {
    // The flow is gone with the account.
    if flow.kind == FlowKind::Verification && flow.data.messages.contains(&MessageId::AccountDenied.into()) {
        return "/verify?denied=true".to_owned();
    }
    let recovering = flow.kind == FlowKind::Settings && flow.data.recovered_address.is_some();
    let path = if recovering { "/recovery".to_owned() } else { flows::page_path(flow) };
    format!("{path}?flow={}", flow.id)
}

/// The page of a flow that is over.
pub(super) fn gone(kind: FlowKind, id: FlowId) -> Response {
    let path = match kind {
        FlowKind::Login => "/sign-in",
        FlowKind::Registration => "/sign-up",
        FlowKind::Recovery => "/recovery",
        FlowKind::Verification => "/verify",
        FlowKind::Settings => "/account/profile",
    };
    SeeOther(format!("{path}?flow={id}")).respond()
}
