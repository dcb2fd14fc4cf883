//! One call of one route, in the order of checks of `contract/00` §6.3: syntax, credential, rate limit, scope,
//! validation, and then the handler.

use std::{future::Future, marker::PhantomData, sync::Arc};

use avnology_core::{Cx, OrganizationScope, Tenant, network_of};
use avnology_model::{
    Code, Error, FieldCode, FieldError, Result,
    events::{Actor, EventType},
    permissions::Scope,
};
use axum::{
    body::Body,
    http::{Method, header, request::Parts},
    response::Response,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    accept,
    access::{Access, AccessRule, Caller},
    attempt::{self, Attempt},
    auth::Auth,
    cookies, cors, credentials, csrf, etag,
    input::{Input, Raw, raw::RawBody},
    limits::{Bucket, Drawn, Limits, Subject},
    oauth_client,
    reply::{Outcome, Problem, Reply as _, SeeOther},
    route::{BoxFuture, Needs, Route},
    scope, step_up,
};

/// What is not escaped in `return_to`: the characters of ordinary paths.
const RETURN_TO: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A matched request.
pub(crate) struct Call {
    pub(crate) app: Arc<Tenant>,
    pub(crate) cx: Cx,
    pub(crate) limits: Arc<Limits>,
    pub(crate) origin: Arc<str>,
    pub(crate) route: Arc<RouteRules>,
    pub(crate) parts: Parts,
    pub(crate) body: Body,
    pub(crate) params: Vec<String>,
}

/// What the checks before a handler need to know of its route.
pub(crate) struct RouteRules {
    pub(crate) rule: AccessRule,
    pub(crate) needs: Needs,
    pub(crate) limit: Option<Bucket>,
    pub(crate) records: Option<EventType>,
    pub(crate) names_organization: bool,
    pub(crate) produces: &'static [&'static str],
    pub(crate) is_api: bool,
    /// Whether it changes nothing, whatever its method.
    pub(crate) only_asks: bool,
}

impl RouteRules {
    pub(crate) fn of(route: &Route) -> Self {
        Self {
            rule: route.rule,
            needs: route.needs,
            limit: route.limit,
            records: route.records,
            names_organization: route.about_organization || route.rule.has_organization_in_path(),
            produces: route.produces,
            is_api: route.is_api(),
            only_asks: route.only_asks,
        }
    }
}

/// How a call ended, which bucket it drew on, and whether an access token called.
pub(crate) struct Answered {
    pub(crate) result: Result<Response>,
    pub(crate) drawn: Option<Drawn>,
    pub(crate) by_token: bool,
}

/// What is known of a call before it is admitted.
#[derive(Default)]
struct Noted {
    drawn: Option<Drawn>,
    attempt: Option<Attempt>,
    by_token: bool,
}

/// A route's handler with its types.
pub(crate) trait Endpoint: Send + Sync {
    fn call(&self, call: Call) -> BoxFuture<Answered>;
}

/// A handler.
pub(crate) struct Typed<H, A, I> {
    pub(crate) handler: H,
    pub(crate) types: PhantomData<fn() -> (A, I)>,
}

impl<H, A, I, F> Endpoint for Typed<H, A, I>
where
    A: Access,
    I: Input,
    H: Fn(Auth<A>, I) -> F + Clone + Send + Sync + 'static,
    F: Future + Send + 'static,
    F::Output: Outcome,
{
    fn call(&self, call: Call) -> BoxFuture<Answered> {
        let handler = self.handler.clone();
        Box::pin(async move {
            let mut noted = Noted::default();
            let result = async {
                let mut raw = match admit(call, &mut noted).await? {
                    Admitted::Go(raw) => raw,
                    Admitted::Answer(response) => return Ok(response),
                };
                let input = I::parse(&mut raw)?;
                let conditional = matches!(raw.method, Method::GET | Method::HEAD)
                    .then(|| raw.headers.contains_key("if-none-match").then(|| raw.headers.clone()))
                    .flatten();
                let acting = raw.acting.clone();
                let auth = Auth::<A>::new(*raw)?;
                let mut response = handler(auth, input).await.into_result()?;
                scope::write_headers(acting.as_deref(), &mut response);
                if let Some(headers) = conditional {
                    etag::unless_known(&headers, &mut response);
                }
                Ok(response)
            };
            let result = result.await;
            let Noted { drawn, attempt, by_token } = noted;
            if let Some(attempt) = attempt
                && let Some(code) = attempt::refusal(&result)
            {
                attempt.note_refusal(code).await;
            }
            Answered { result, drawn, by_token }
        })
    }
}

enum Admitted {
    Go(Box<Raw>),
    Answer(Response),
}

/// Everything that comes before validation.
async fn admit(call: Call, noted: &mut Noted) -> Result<Admitted> {
    let Call { app, cx, limits, origin, route, parts, body, params } = call;
    if !accept::allows_any(&parts.headers, route.produces) && !allows_problem(&parts, &route) {
        return Err(Code::NotAcceptable.into());
    }
    let mut raw = Raw::read(app, cx, parts, body, params, route.needs.body).await?;

    let path = raw.params.first().filter(|_| route.names_organization).map(String::as_str);
    let known = credentials::authenticate(route.rule, &raw, path).await?;
    raw.cx.actor = match &known.caller {
        Caller::Anonymous => Actor::ANONYMOUS,
        caller => credentials::actor(caller),
    };
    raw.cx.device_id = known.caller.session().and_then(|live| live.session.device_id);
    raw.caller = known.caller;
    raw.by_cookie = known.by_cookie;

    noted.by_token = matches!(raw.caller, Caller::Token(_));
    noted.attempt = Attempt::of(&raw, &route);
    noted.drawn = draw(&raw, &limits, &route);
    if let Some(drawn) = noted.drawn {
        drawn.check()?;
    }
    check_source(&raw, &route, &origin, known.by_cookie).await?;
    match scope::resolve(route.rule, &mut raw, known.by_cookie).await {
        Ok(acting) => {
            raw.cx.scope = acting.as_deref().map(|acting| OrganizationScope {
                organization: acting.id(),
                is_platform: acting.is_platform(),
                is_owner: acting.is_owner(),
            });
            raw.acting = acting;
            if let Some(attempt) = &mut noted.attempt {
                attempt.go_to(&raw);
            }
        }
        Err(refused) => {
            let cleared = refused.by_cookie.then(|| cookies::clear_organization(&raw.app));
            let error = step_up::of_scope(route.rule, raw, refused.error).await;
            return match cleared {
                Some(cookie) => Ok(Admitted::Answer(Problem(error).with_cookie(cookie).respond())),
                None => Err(error),
            };
        }
    }
    route.rule.admit(&raw.caller, raw.acting.as_deref())?;
    check_acting(&raw, &route)?;
    if route.rule.is_of_page() && matches!(raw.caller, Caller::Anonymous) {
        return Ok(Admitted::Answer(sign_in(&raw)));
    }
    refuse_leftovers(&raw, &route)?;
    Ok(Admitted::Go(Box::new(raw)))
}

fn allows_problem(parts: &Parts, route: &RouteRules) -> bool {
    route.is_api && accept::allows_any(&parts.headers, &[crate::problem::PROBLEM_JSON])
}

fn draw(raw: &Raw, limits: &Limits, route: &RouteRules) -> Option<Drawn> {
    let (bucket, subject) = match (route.limit, &raw.caller) {
        (Some(bucket), _) if bucket.is_per_client() => (bucket, oauth_client::subject(raw)),
        (Some(bucket), Caller::Session(live)) if bucket.is_per_caller() => (bucket, live.session.id.bytes()),
        (Some(bucket), Caller::Key(live)) if bucket.is_per_caller() => (bucket, live.key.id.bytes()),
        (Some(bucket), _) => (bucket, network_of(raw.cx.ip)),
        (None, Caller::Session(live)) if route.is_api => (Bucket::ApiSession, live.session.id.bytes()),
        (None, Caller::Key(live)) if route.is_api => (Bucket::ApiKey, live.key.id.bytes()),
        (None, Caller::Token(token)) if route.is_api => {
            let mut subject = Subject::default();
            subject.copy_from_slice(token.hash().get(..16).unwrap_or(&[0; 16]));
            (Bucket::ApiKey, subject)
        }
        (None, _) => return None,
    };
    let settings = raw.app.settings();
    Some(limits.draw(&settings.settings, raw.app.config.environment, bucket, subject, raw.cx.now))
}

/// Cross-site requests that change something.
async fn check_source(raw: &Raw, route: &RouteRules, origin: &str, by_cookie: bool) -> Result<()> {
    if matches!(raw.method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    if route.needs.body.is_form() {
        return csrf::check_source(csrf::Source::Form, &raw.headers, origin, &[]);
    }
    if !by_cookie {
        return Ok(());
    }
    let refused = match csrf::check_source(csrf::Source::Cookie, &raw.headers, origin, &[]) {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    match raw.headers.get(header::ORIGIN) {
        Some(origin) if cors::is_allowed(&raw.app, origin).await => Ok(()),
        _ => Err(refused),
    }
}

/// Whoever acts for another person reads that one's account, and changes nothing of it.
fn check_acting(raw: &Raw, route: &RouteRules) -> Result<()> {
    let Caller::Token(token) = &raw.caller else { return Ok(()) };
    let reads = matches!(raw.method, Method::GET | Method::HEAD);
    if !token.is_another_person || reads || route.rule.scope() != Some(Scope::AccountSelf) {
        return Ok(());
    }
    let why = "Whoever acts for another person changes nothing of that one's account.";
    Err(Error::new(Code::PermissionDenied).with_detail(why))
}

/// To the sign-in page, and back here afterwards.
fn sign_in(raw: &Raw) -> Response {
    let here = match raw.method {
        Method::GET | Method::HEAD => raw.uri.path_and_query().map_or("/", |p| p.as_str()),
        _ => raw.uri.path(),
    };
    SeeOther(format!("/sign-in?return_to={}", utf8_percent_encode(here, RETURN_TO))).respond()
}

/// Refuses what was sent to an API route that takes no such thing.
fn refuse_leftovers(raw: &Raw, route: &RouteRules) -> Result<()> {
    if !route.is_api {
        return Ok(());
    }
    let mut errors: Vec<FieldError> = Vec::new();
    let mut unknown = |field: &str| {
        errors.push(FieldError {
            field: field.to_owned(),
            code: FieldCode::UnknownField,
            message: "There is no such field.".to_owned(),
        });
    };
    if !route.needs.query {
        raw.query.iter().for_each(|(name, _)| unknown(name));
    }
    if route.needs.body == crate::input::BodyKind::None {
        match &raw.body {
            RawBody::Json(serde_json::Value::Object(fields)) => fields.keys().for_each(|name| unknown(name)),
            RawBody::Json(_) => {
                return Err(Error::field(
                    "body",
                    FieldCode::InvalidFormat,
                    "Expected an empty object, or nothing.",
                ));
            }
            RawBody::Empty | RawBody::Form(_) | RawBody::Bytes(_) | RawBody::Parts(_) | RawBody::TooLarge => {
            }
        }
    }
    Error::from_fields(errors)
}
