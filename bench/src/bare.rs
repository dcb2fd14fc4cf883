//! An axum server that answers one path with fixed headers and a fixed body: the least that the same answer can cost
//! on this framework.

use std::{net::SocketAddr, path::Path};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue},
    response::Response,
    routing::get,
};
use bytes::Bytes;

use crate::{Outcome, client::Answer};

/// The path of the session check.
pub(crate) const PATH: &str = "/v1/sessions/whoami";

/// Serves until it is killed. `response` holds an answer of the real server, whose headers and body it repeats.
pub(crate) async fn serve(listen: SocketAddr, response: &Path) -> Outcome<()> {
    let answer = Answer::parse(&std::fs::read(response)?)?;
    let mut headers = HeaderMap::new();
    for (name, value) in &answer.headers {
        // These two are hyper's to write, as in the real server.
        if name != "date" && name != "content-length" {
            headers.append(name.parse::<HeaderName>()?, value.parse::<HeaderValue>()?);
        }
    }
    let body = Bytes::from(answer.body);
    let handler = move || {
        let (headers, body) = (headers.clone(), body.clone());
        async move {
            let mut response = Response::new(Body::from(body));
            *response.headers_mut() = headers;
            response
        }
    };
    let listener = tokio::net::TcpListener::bind(listen).await?;
    axum::serve(listener, Router::new().route(PATH, get(handler))).await?;
    Ok(())
}
