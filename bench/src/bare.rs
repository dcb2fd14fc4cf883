//! An axum server that answers everything with fixed headers and a fixed body: the least that the same answer can cost
//! on this framework.

use std::{net::SocketAddr, path::Path, sync::Arc};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::Response,
};
use bytes::Bytes;
use clap::ValueEnum;

use crate::{Outcome, client::Answer};

/// The path of the session check.
pub(crate) const PATH: &str = "/v1/sessions/whoami";

/// What it does for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Bare {
    /// Nothing but answering.
    Answers,
    /// A signature by ES256, of as many bytes as the answer has.
    Signs,
}

impl Bare {
    /// As the command line has it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::Signs => "signs",
        }
    }
}

/// Serves until it is killed. `response` holds an answer of the real server, whose headers and body it repeats.
pub(crate) async fn serve(listen: SocketAddr, response: &Path, work: Bare) -> Outcome<()> {
    let answer = Answer::parse(&std::fs::read(response)?)?;
    let mut headers = HeaderMap::new();
    for (name, value) in &answer.headers {
        // These two are hyper's to write, as in the real server.
        if name != "date" && name != "content-length" {
            headers.append(name.parse::<HeaderName>()?, value.parse::<HeaderValue>()?);
        }
    }
    let body = Bytes::from(answer.body);
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| "no key was made")?;
    let key = Arc::new(key);
    let handler = move || {
        let (headers, body, key) = (headers.clone(), body.clone(), Arc::clone(&key));
        async move {
            let is_good = work == Bare::Answers || key.sign(&SystemRandom::new(), &body).is_ok();
            let mut response = Response::new(Body::from(body));
            *response.headers_mut() = headers;
            if !is_good {
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            }
            response
        }
    };
    let listener = tokio::net::TcpListener::bind(listen).await?;
    axum::serve(listener, Router::new().fallback(handler)).await?;
    Ok(())
}
