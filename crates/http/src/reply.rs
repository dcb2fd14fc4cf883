//! What handlers answer with.

use avnology_model::Error;
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use serde::Serialize;

use crate::{cookies::SetCookie, etag, problem::PROBLEM_JSON};

/// Something that can be sent.
pub trait Reply: Send + Sized + 'static {
    /// The response. Security headers, caching and the request id are added later.
    fn respond(self) -> Response;

    /// The same with a strong entity tag, written without quotes.
    fn with_etag(self, tag: &str) -> With<Self> {
        With::new(self).and(etag::header_of(tag).map(|value| (header::ETAG, value)))
    }

    /// The same with a cookie.
    fn with_cookie(self, cookie: SetCookie) -> With<Self> {
        With::new(self).and(Some((header::SET_COOKIE, cookie.0)))
    }

    /// The same with a header; a value that no header can hold is left out.
    fn with_header(self, name: HeaderName, value: &str) -> With<Self> {
        With::new(self).and(HeaderValue::try_from(value).ok().map(|value| (name, value)))
    }
}

impl Reply for Response {
    fn respond(self) -> Response {
        self
    }
}

/// A reply with more headers.
#[derive(Clone, Debug)]
pub struct With<R> {
    inner: R,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl<R> With<R> {
    fn new(inner: R) -> Self {
        Self { inner, headers: Vec::new() }
    }

    fn and(mut self, header: Option<(HeaderName, HeaderValue)>) -> Self {
        self.headers.extend(header);
        self
    }

    /// The same with a strong entity tag, written without quotes.
    #[must_use]
    pub fn with_etag(self, tag: &str) -> Self {
        let header = etag::header_of(tag).map(|value| (header::ETAG, value));
        self.and(header)
    }

    /// The same with a cookie.
    #[must_use]
    pub fn with_cookie(self, cookie: SetCookie) -> Self {
        self.and(Some((header::SET_COOKIE, cookie.0)))
    }

    /// The same with a header; a value that no header can hold is left out.
    #[must_use]
    pub fn with_header(self, name: HeaderName, value: &str) -> Self {
        self.and(HeaderValue::try_from(value).ok().map(|value| (name, value)))
    }
}

impl<R: Reply> Reply for With<R> {
    fn respond(self) -> Response {
        let mut response = self.inner.respond();
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}

/// 200 with JSON.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

impl<T: Serialize + Send + 'static> Reply for Json<T> {
    fn respond(self) -> Response {
        json(StatusCode::OK, &self.0)
    }
}

/// 200 with JSON that is written already.
#[derive(Clone, Debug)]
pub struct JsonBytes(pub Bytes);

impl Reply for JsonBytes {
    fn respond(self) -> Response {
        json_bytes(StatusCode::OK, self.0)
    }
}

/// 201 with JSON.
#[derive(Clone, Debug)]
pub struct Created<T> {
    /// Path of the new resource.
    pub location: String,
    /// The resource.
    pub body: T,
}

impl<T: Serialize + Send + 'static> Reply for Created<T> {
    fn respond(self) -> Response {
        let mut response = json(StatusCode::CREATED, &self.body);
        write_location(&mut response, &self.location);
        response
    }
}

/// An answer that was kept for a call that is repeated (`contract/00` §8).
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its status.
    pub status: u16,
    /// Its JSON; a problem document when the status is one of an error.
    pub body: Bytes,
    /// Path of the resource, when one was made.
    pub location: Option<String>,
    /// Whether this is the repetition.
    pub replayed: bool,
}

impl Reply for Stored {
    fn respond(self) -> Response {
        let mut response = json_bytes(StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK), self.body);
        if self.status >= 400 {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        }
        if let Some(location) = &self.location {
            write_location(&mut response, location);
        }
        if self.replayed {
            let name = HeaderName::from_static("idempotency-replayed");
            response.headers_mut().insert(name, HeaderValue::from_static("true"));
        }
        response
    }
}

/// 204.
#[derive(Clone, Copy, Debug)]
pub struct NoContent;

impl Reply for NoContent {
    fn respond(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        response
    }
}

/// 303 to a path or URL.
#[derive(Clone, Debug)]
pub struct SeeOther(pub String);

impl Reply for SeeOther {
    fn respond(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SEE_OTHER;
        write_location(&mut response, &self.0);
        response
    }
}

/// A refusal that takes cookies or headers along. It is written as the error it holds.
#[derive(Debug)]
pub struct Problem(pub Error);

/// Where [`Problem`] leaves its error for the kit, which knows how to write it.
#[derive(Clone)]
pub(crate) struct Pending(pub(crate) std::sync::Arc<Error>);

impl Reply for Problem {
    fn respond(self) -> Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(Pending(std::sync::Arc::new(self.0)));
        response
    }
}

fn write_location(response: &mut Response, location: &str) {
    if let Ok(value) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, value);
    }
}

fn json<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(text) => json_bytes(status, text.into()),
        Err(e) => Problem(Error::internal(e)).respond(),
    }
}

fn json_bytes(status: StatusCode, text: Bytes) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// What a handler ends with.
pub trait Outcome: Send {
    /// The response, or the error to be written.
    fn into_result(self) -> Result<Response, Error>;
}

impl<R: Reply> Outcome for Result<R, Error> {
    fn into_result(self) -> Result<Response, Error> {
        self.map(Reply::respond)
    }
}
