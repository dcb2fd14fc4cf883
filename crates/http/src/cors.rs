//! Which other origins may call (`contract/00` §2).

use avnology_core::{Tenant, clients};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::Response,
};

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const REQUEST_HEADERS: &str = "Accept-Language, Authorization, Content-Type, DPoP, Idempotency-Key, If-Match, \
     If-None-Match, Last-Event-ID, X-Avnology-Org, X-Request-Id";
const EXPOSED: &str = "X-Request-Id, X-Avnology-Org, ETag, Location, RateLimit-Limit, RateLimit-Remaining, \
     RateLimit-Reset, Retry-After, Idempotency-Replayed, DPoP-Nonce, WWW-Authenticate";

/// Who may read the answers of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cors {
    /// Our own pages only.
    None,
    /// Origins that the tenant or a client allows, with credentials.
    Tenant,
    /// Everyone, without credentials: metadata.
    Everyone,
}

/// The rule of a path.
pub(crate) fn rule(path: &str) -> Cors {
    match path {
        "/.well-known/openid-configuration"
        | "/.well-known/oauth-authorization-server"
        | "/.well-known/oauth-protected-resource"
        | "/.well-known/jwks.json"
        | "/.well-known/ssf-configuration" => Cors::Everyone,
        "/oauth2/token" | "/oauth2/par" | "/oauth2/revoke" | "/userinfo" => Cors::Tenant,
        _ if path.starts_with("/v1/") => Cors::Tenant,
        _ => Cors::None,
    }
}

/// Whether this is a preflight (Fetch §4.8) to a path that answers them.
pub(crate) fn is_preflight(cors: Cors, parts: &Parts) -> bool {
    cors != Cors::None
        && parts.method == Method::OPTIONS
        && parts.headers.contains_key(header::ORIGIN)
        && parts.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a preflight, before [`write`] says what is allowed.
pub(crate) fn preflight() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// Adds what the origin that may read the answer may know. `is_preflight` tells the answer to a preflight from others.
pub(crate) fn write(cors: Cors, allowed: Option<HeaderValue>, is_preflight: bool, headers: &mut HeaderMap) {
    if cors == Cors::None {
        return;
    }
    if cors == Cors::Tenant {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
    let Some(allowed) = allowed else { return };
    let mut put = |name: HeaderName, value: HeaderValue| headers.insert(name, value);
    put(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    if cors == Cors::Tenant {
        put(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    if is_preflight {
        put(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
        put(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(REQUEST_HEADERS));
        put(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    } else {
        put(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
}

/// Marks an answer that no page of another origin may read.
#[derive(Clone, Copy, Debug)]
pub struct OurPagesOnly;

/// The origin that may read an answer.
pub(crate) async fn allowed(app: &Tenant, cors: Cors, origin: Option<&HeaderValue>) -> Option<HeaderValue> {
    match (cors, origin) {
        (Cors::Everyone, _) => Some(HeaderValue::from_static("*")),
        (Cors::Tenant, Some(origin)) => Box::pin(is_allowed(app, origin)).await.then(|| origin.clone()),
        (Cors::None, _) | (Cors::Tenant, None) => None,
    }
}

/// Whether pages of an origin may call: the tenant or one of its clients says so.
pub(crate) async fn is_allowed(app: &Tenant, origin: &HeaderValue) -> bool {
    let settings = app.settings();
    let listed = &settings.settings.allowed_cors_origins;
    if listed.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()) {
        return true;
    }
    let Ok(origin) = origin.to_str() else { return false };
    clients::allows_origin(app, app.now(), origin).await.unwrap_or_else(|error| {
        tracing::error!(cause = ?error, "the origins of clients cannot be read");
        false
    })
}
