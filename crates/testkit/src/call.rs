//! One request, put together and sent by awaiting it.

use std::pin::Pin;

use avnology_http::PeerAddr;
use axum::{
    body::{Body, to_bytes},
    http::{HeaderName, HeaderValue, Method, Request, header},
};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::{Answer, Client};

/// A request of a client. Headers given here beat those that the client sends by itself.
#[must_use = "a request is sent by awaiting it"]
pub struct Call {
    client: Client,
    method: Method,
    path: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    left_out: Vec<HeaderName>,
    body: Option<Vec<u8>>,
}

impl Call {
    pub(crate) fn new(client: &Client, method: Method, path: &str) -> Self {
        let (headers, left_out) = (Vec::new(), Vec::new());
        Self { client: client.clone(), method, path: path.to_owned(), headers, left_out, body: None }
    }

    /// Adds a header; a second one of the same name is sent besides the first.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        self.headers.push((name, HeaderValue::from_bytes(value.as_bytes()).expect("a header value")));
        self
    }

    /// Leaves out a header that the client would send by itself.
    pub fn without(mut self, name: &str) -> Self {
        self.left_out.push(name.parse().expect("a header name"));
        self
    }

    /// Adds parameters to the query.
    pub fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let joint = if self.path.contains('?') { '&' } else { '?' };
        self.path.push(joint);
        self.path.push_str(&query);
        self
    }

    /// A JSON body.
    pub fn json(self, value: &Value) -> Self {
        self.raw("application/json", value.to_string())
    }

    /// A form.
    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.raw("application/x-www-form-urlencoded", body)
    }

    /// A body of any type; an empty type sends none.
    pub fn raw(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        if media_type.is_empty() { self } else { self.header("content-type", media_type) }
    }

    /// Only if the version is this one.
    pub fn if_match(self, etag: &str) -> Self {
        self.header("if-match", &format!("\"{etag}\""))
    }

    async fn send(self) -> Answer {
        let Self { client, method, path, headers, left_out, body } = self;
        let mut own = client.headers(&method);
        own.retain(|(name, _)| !left_out.contains(name) && !headers.iter().any(|(given, _)| given == name));
        let line = format!("{method} {path}");
        let mut request = Request::new(Body::from(body.unwrap_or_default()));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().expect("a path");
        for (name, value) in own.into_iter().chain(headers) {
            request.headers_mut().append(name, value);
        }
        request.extensions_mut().insert(PeerAddr(client.peer()));
        let response = client.app().kit().oneshot(request).await.expect("a kit always answers");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
        let is_json =
            parts.headers.get(header::CONTENT_TYPE).is_some_and(|t| t.as_bytes().ends_with(b"json"));
        let value = if is_json && !body.is_empty() {
            serde_json::from_slice(&body).expect("JSON")
        } else {
            Value::Null
        };
        client.keep_cookies(&parts.headers);
        Answer { status: parts.status.as_u16(), headers: parts.headers, body, request: line, value }
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
