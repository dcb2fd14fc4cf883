//! The one service in front of all routes. It gives every request an id, a client address and a watch, finds its
//! route, writes errors, and adds what every answer carries. One service, not a stack of layers: each layer costs.

use std::{
    convert::Infallible,
    net::SocketAddr,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use avnology_core::{Cx, Tenant, clients::dpop_nonce};
use avnology_model::{Code, Error, Result};
use axum::{
    body::{Body, HttpBody},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header, request::Parts},
    response::Response,
};
use bytes::Bytes;
use ipnet::IpNet;
use tower::{BoxError, Service};

use crate::{
    accept,
    challenge::{self, Came},
    client::{self, PeerAddr, RequestIds},
    cors::{self, Cors},
    credentials,
    endpoint::{Answered, Call},
    html::{Nonce, Page},
    leak,
    limits::{Drawn, Limits},
    problem::{self, Dialect},
    reply::{Pending, Reply as _},
    route::{BoxFuture, Route},
    table::{Found, Mounted, Table},
    telemetry::{self, RouteMetrics, Watch},
};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// How many headers are added to an answer, about.
const HEADERS: usize = 12;

/// Writes an error page.
pub type HtmlError = Arc<dyn Fn(&ErrorPage<'_>) -> String + Send + Sync>;

/// What an error page tells.
#[derive(Clone, Copy, Debug)]
pub struct ErrorPage<'a> {
    /// HTTP status.
    pub status: u16,
    /// The code.
    pub code: Code,
    /// Its title.
    pub title: &'a str,
    /// What happened.
    pub detail: &'a str,
    /// Request id, for support.
    pub request_id: &'a str,
    /// Nonce for inline styles and scripts.
    pub nonce: &'a str,
    /// `Accept-Language` as sent.
    pub accept_language: &'a str,
    /// The path asked for.
    pub path: &'a str,
}

/// What the operator and the pages decide.
#[derive(Clone, Default)]
pub struct KitConfig {
    /// Networks of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Writes error pages; without it errors are problem documents everywhere.
    pub html_error: Option<HtmlError>,
}

/// All routes as one service. Cheap to clone.
#[derive(Clone)]
pub struct Kit {
    inner: Arc<Inner>,
    peer: Option<SocketAddr>,
}

struct Inner {
    app: Arc<Tenant>,
    table: Table,
    config: KitConfig,
    limits: Arc<Limits>,
    request_ids: RequestIds,
    origin: Arc<str>,
    is_https: bool,
    /// What stands for a program that does not name itself.
    no_program: Arc<str>,
    unmatched: RouteMetrics,
}

/// The routes as one service. Fails when two of them mean the same.
pub fn router(app: Arc<Tenant>, routes: Vec<Route>, config: KitConfig) -> Result<Kit> {
    let inner = Inner {
        table: Table::new(routes)?,
        config,
        limits: Arc::new(Limits::new()),
        request_ids: RequestIds::new(app.system_cx().random()),
        origin: app.config.origin().into(),
        is_https: app.config.is_https(),
        no_program: "".into(),
        unmatched: RouteMetrics::new("any", "unmatched"),
        app,
    };
    Ok(Kit { inner: Arc::new(inner), peer: None })
}

impl Kit {
    /// The same for one connection, whose other end is `peer`.
    #[must_use]
    pub fn with_peer(&self, peer: SocketAddr) -> Self {
        Self { inner: Arc::clone(&self.inner), peer: Some(peer) }
    }
}

impl<B> Service<Request<B>> for Kit
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (inner, peer) = (Arc::clone(&self.inner), self.peer);
        Box::pin(async move { Ok(inner.serve(request.map(body_of), peer).await) })
    }
}

/// The body of a request; of most there is none.
fn body_of<B>(body: B) -> Body
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    if body.is_end_stream() { Body::empty() } else { Body::new(body) }
}

/// What of a request its answer needs to know.
struct Seen {
    method: Method,
    uri: Uri,
    origin: Option<HeaderValue>,
    cors: Cors,
    is_preflight: bool,
    /// Whether a proof came along (RFC 9449): each answer to one brings the nonce of the next.
    has_proof: bool,
    request_id: Arc<str>,
    prefers_html: bool,
    dialect: Dialect,
    accept_language: Option<HeaderValue>,
}

impl Inner {
    async fn serve(&self, request: Request<Body>, peer: Option<SocketAddr>) -> Response {
        let watch = Watch::start();
        let (parts, body) = request.into_parts();
        let cx = self.context(&parts, peer);
        let seen = self.see(&parts, &cx);
        let (mounted, answered) = self.answer(parts, body, cx, &seen).await;
        let route = mounted.map_or("unmatched", |m| m.path);

        let mut response = match answered.result {
            Ok(response) => match response.extensions().get::<Pending>().cloned() {
                Some(Pending(error)) => {
                    with_headers_of(&response, self.refuse(&error, &seen, route, answered.by_token))
                }
                None => response,
            },
            Err(error) => self.refuse(&error, &seen, route, answered.by_token),
        };
        let is_ours_alone = response.extensions().get::<cors::OurPagesOnly>().is_some();
        let cors = if is_ours_alone { Cors::None } else { seen.cors };
        let allowed = cors::allowed(&self.app, cors, seen.origin.as_ref()).await;
        self.complete(&mut response, &seen, answered.drawn, allowed);
        let (status, seconds) = (response.status(), watch.seconds());
        mounted.map_or(&self.unmatched, |m| &m.metrics).record(status, seconds);
        telemetry::line(&seen.method, route, status, seconds, &seen.request_id);
        response
    }

    fn context(&self, parts: &Parts, peer: Option<SocketAddr>) -> Cx {
        let peer = parts.extensions.get::<PeerAddr>().map(|p| p.0).or(peer).map(|p| p.ip());
        let ip = client::address(peer, &parts.headers, &self.config.trusted_proxies);
        let program = match parts.headers.get(header::USER_AGENT) {
            Some(sent) => client::user_agent(sent),
            None => Arc::clone(&self.no_program),
        };
        self.app.request_cx(self.request_ids.of(&parts.headers), (ip, program))
    }

    fn see(&self, parts: &Parts, cx: &Cx) -> Seen {
        let path = parts.uri.path();
        // Only error pages need these. The API has none, but for flows: the forms of the pages post there.
        let is_for_programs = path.starts_with("/v1/") && !path.starts_with("/v1/flows/");
        let has_pages = !is_for_programs && self.config.html_error.is_some();
        Seen {
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            origin: parts.headers.get(header::ORIGIN).cloned(),
            cors: cors::rule(path),
            is_preflight: false,
            has_proof: parts.headers.contains_key("dpop"),
            request_id: Arc::clone(&cx.request_id),
            prefers_html: has_pages && accept::prefers_html(&parts.headers),
            dialect: problem::dialect(path),
            accept_language: parts.headers.get(header::ACCEPT_LANGUAGE).filter(|_| has_pages).cloned(),
        }
        .with_preflight(parts)
    }

    async fn answer(&self, parts: Parts, body: Body, cx: Cx, seen: &Seen) -> (Option<&Mounted>, Answered) {
        let plain = |result| Answered { result, drawn: None, by_token: false };
        if seen.is_preflight {
            return (None, plain(Ok(cors::preflight())));
        }
        if let Err(error) = credentials::check_headers(&parts.headers) {
            return (None, plain(Err(error)));
        }
        if let Some(leak) = parts.uri.query().and_then(leak::find_in)
            // In a box, as all that is rare: what every request carries along stays small.
            && let Err(error) = Box::pin(leak::refuse(&self.app, &cx, leak)).await
        {
            return (None, plain(Err(error)));
        }
        match self.table.find(&parts.method, parts.uri.path()) {
            Err(error) => (None, plain(Err(error))),
            Ok(Found::Nothing) => (None, plain(Err(Error::not_found()))),
            Ok(Found::OtherMethods(allow)) => {
                let mut response = crate::Problem(Code::MethodNotAllowed.into()).respond();
                response.headers_mut().insert(header::ALLOW, allow);
                (None, plain(Ok(response)))
            }
            Ok(Found::Route(mounted, params)) => {
                let call = Call {
                    app: Arc::clone(&self.app),
                    cx,
                    limits: Arc::clone(&self.limits),
                    origin: Arc::clone(&self.origin),
                    route: Arc::clone(&mounted.rules),
                    parts,
                    body,
                    params,
                };
                let is_safe = matches!(seen.method, Method::GET | Method::HEAD) || mounted.rules.only_asks;
                let call = caught(mounted.endpoint.call(call));
                (Some(mounted), if is_safe { call.await } else { to_its_end(call).await })
            }
        }
    }

    /// The answer to a request that failed; its log entry, too. `by_token` says whether an access token called.
    fn refuse(&self, error: &Error, seen: &Seen, route: &str, by_token: bool) -> Response {
        problem::log(error, seen.method.as_str(), route, &seen.request_id);
        match seen.dialect {
            Dialect::OAuth => return problem::oauth_response(error),
            Dialect::Keto => return problem::keto_response(error, &seen.request_id),
            Dialect::Api | Dialect::Page => {}
        }
        let came = Came { by_token, with_proof: seen.has_proof };
        let Some(html_error) = self.config.html_error.as_ref().filter(|_| seen.prefers_html) else {
            let status = challenge::status(error, by_token);
            let mut response = problem::response(error, status, &self.origin, &seen.request_id);
            challenge::write(
                error,
                came,
                (seen.dialect == Dialect::Api).then_some(&*self.origin),
                response.headers_mut(),
            );
            return response;
        };
        let nonce = Nonce::new(&self.app.system_cx());
        let html = html_error(&ErrorPage {
            status: error.code().status(),
            code: error.code(),
            title: error.code().title(),
            detail: problem::detail(error),
            request_id: &seen.request_id,
            nonce: nonce.as_str(),
            accept_language: seen.accept_language.as_ref().and_then(|v| v.to_str().ok()).unwrap_or_default(),
            path: seen.uri.path(),
        });
        let mut response = Page::new(html, nonce).status(error.code().status()).respond();
        problem::write_headers(error, response.headers_mut());
        challenge::write(error, came, None, response.headers_mut());
        response
    }

    /// What every answer carries.
    fn complete(
        &self,
        response: &mut Response,
        seen: &Seen,
        drawn: Option<Drawn>,
        allowed: Option<HeaderValue>,
    ) {
        let length = HttpBody::size_hint(response.body()).exact();
        if seen.method == Method::HEAD {
            if let Some(length) = length.filter(|_| !response.headers().contains_key(header::CONTENT_LENGTH))
            {
                response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
            }
            *response.body_mut() = Body::empty();
        }
        let created = response.status() == StatusCode::CREATED;
        let headers = response.headers_mut();
        headers.reserve(HEADERS);
        if let Ok(id) = HeaderValue::try_from(&*seen.request_id) {
            headers.insert(&REQUEST_ID, id);
        }
        if let Some(drawn) = drawn {
            drawn.write(headers);
        }
        if seen.has_proof
            && let Ok(nonce) = HeaderValue::try_from(dpop_nonce(&self.app, &self.app.system_cx()))
        {
            headers.insert(HeaderName::from_static("dpop-nonce"), nonce);
        }
        if created {
            self.make_absolute(headers);
        }
        cors::write(seen.cors, allowed, seen.is_preflight, headers);
        self.secure(headers);
    }

    /// The URL of what was made, for the path that its handler gave.
    fn make_absolute(&self, headers: &mut HeaderMap) {
        let path =
            headers.get(header::LOCATION).and_then(|v| v.to_str().ok()).filter(|path| path.starts_with('/'));
        if let Some(Ok(url)) = path.map(|path| HeaderValue::try_from(format!("{}{path}", self.origin))) {
            headers.insert(header::LOCATION, url);
        }
    }

    fn secure(&self, headers: &mut HeaderMap) {
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        if self.is_https {
            let value = HeaderValue::from_static("max-age=31536000; includeSubDomains");
            headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
        }
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
}

impl Seen {
    fn with_preflight(mut self, parts: &Parts) -> Self {
        self.is_preflight = cors::is_preflight(self.cors, parts);
        self
    }
}

/// The written problem with the headers that its handler added.
fn with_headers_of(from: &Response, mut written: Response) -> Response {
    for (name, value) in from.headers() {
        written.headers_mut().append(name, value.clone());
    }
    written
}

/// Runs a call that changes something to its end even when the client goes away: what follows a commit, such as forgetting
/// an ended session, must not be cut off.
async fn to_its_end(call: impl Future<Output = Answered> + Send + 'static) -> Answered {
    match tokio::spawn(call).await {
        Ok(answered) => answered,
        Err(error) => Answered { result: Err(Error::internal(error)), drawn: None, by_token: false },
    }
}

/// The answer, or `_999` when the handler panicked: one request fails, the process goes on.
async fn caught(mut call: BoxFuture<Answered>) -> Answered {
    let polled = std::future::poll_fn(|cx| {
        match std::panic::catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    });
    match polled.await {
        Ok(answered) => answered,
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|t| (*t).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            let error = Error::internal(format!("a handler panicked: {text}"));
            Answered { result: Err(error), drawn: None, by_token: false }
        }
    }
}
