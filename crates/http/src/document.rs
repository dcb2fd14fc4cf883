//! Documents that are the same for everybody and lie ready: keys and metadata. Of a request for one nothing has to be known but
//! what it takes and what it has.

use std::sync::Arc;

use avnology_core::{Cx, Tenant, platform::Document};
use avnology_model::{Code, Result};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};

use crate::{
    accept,
    endpoint::{Answered, Call, Endpoint},
    etag,
    input::raw::decode_pairs,
    route::BoxFuture,
};

/// What brings a document.
pub(crate) struct Ready<H>(pub(crate) H);

impl<H, F> Endpoint for Ready<H>
where
    H: Fn(Arc<Tenant>, Cx) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Document>> + Send + 'static,
{
    fn call(&self, Call { app, cx, route, parts, .. }: Call) -> BoxFuture<Answered> {
        let document = (self.0)(app, cx);
        Box::pin(async move {
            let answer = async {
                if !accept::allows_any(&parts.headers, route.produces) {
                    return Err(Code::NotAcceptable.into());
                }
                if let Some(query) = parts.uri.query() {
                    decode_pairs(query)?;
                }
                Ok(respond(document.await?, &parts.headers))
            };
            Answered { result: answer.await, drawn: None, by_token: false }
        })
    }
}

fn respond(document: Document, asked: &HeaderMap) -> Response {
    let mut response = Response::new(Body::from(document.text));
    let headers = response.headers_mut();
    headers.reserve(16);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    if let Ok(tag) = HeaderValue::from_maybe_shared(document.etag) {
        headers.insert(header::ETAG, tag);
    }
    if asked.contains_key(header::IF_NONE_MATCH) {
        etag::unless_known(asked, &mut response);
    }
    response
}
