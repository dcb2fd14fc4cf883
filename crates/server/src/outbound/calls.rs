//! Calls URLs that clients and organizations choose. The address that is connected to is the one that was checked.

use std::{error::Error as StdError, time::Duration};

use avnology_core::ports::{CallFuture, CallRefusal, Fetched, OutboundCalls};
use avnology_model::{Result, platform::Environment};
use jiff::fmt::rfc2822;
use reqwest::{
    Client, RequestBuilder, Response, StatusCode,
    header::{AGE, CACHE_CONTROL, CONTENT_TYPE, DATE, EXPIRES, HeaderMap, HeaderName},
    redirect::Policy,
};
use url::{Url, form_urlencoded};

use super::{
    addresses::{NotAllowed, Rule},
    extra_roots, http_client, told,
};
use crate::config::Config;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long the whole may take.
const WHOLE: Duration = Duration::from_secs(5);
/// Who we are.
const AGENT: &str = "Avnology-ID";
/// Most bytes of an answer.
const LONGEST: usize = 64 * 1024;

/// The client for URLs of others.
pub struct Calls {
    client: Client,
    rule: Rule,
}

impl Calls {
    /// A client that calls public addresses and those of `outbound_allow`, in the test environment loopback too.
    ///
    /// # Errors
    /// When the certificate authorities of `extra_ca_file` cannot be used.
    pub fn new(config: &Config) -> Result<Self> {
        let rule = Rule::new(config.outbound_allow.clone(), config.environment == Environment::Test);
        let roots = extra_roots(config).map_err(told)?;
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .user_agent(AGENT)
            // An address that was checked is not to send us to one that was not.
            .redirect(Policy::none())
            // A proxy would resolve names itself, and call what we may not.
            .no_proxy()
            .dns_resolver(rule.clone());
        Ok(Self { client: http_client(client, roots.as_deref())?, rule })
    }

    async fn fetch(&self, url: &Url) -> Result<Fetched, CallRefusal> {
        let mut answer = self.send(url, self.client.get(url.clone())).await?;
        let status = answer.status();
        if status != StatusCode::OK {
            return Err(CallRefusal::Failed(format!("it answered {status}")));
        }
        let keep = lifetime(answer.headers());
        Ok(Fetched { body: body(&mut answer).await?, keep })
    }

    async fn post(&self, url: &Url, form: &[(&str, &str)]) -> Result<u16, CallRefusal> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.client.post(url.clone());
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        Ok(self.send(url, request).await?.status().as_u16())
    }

    async fn send(&self, url: &Url, request: RequestBuilder) -> Result<Response, CallRefusal> {
        if !self.rule.allows(url) {
            return Err(CallRefusal::NotAllowed);
        }
        request.send().await.map_err(refusal)
    }
}

impl OutboundCalls for Calls {
    fn allows(&self, url: &Url) -> bool {
        self.rule.allows(url)
    }

    fn get<'a>(&'a self, url: &'a Url) -> CallFuture<'a, Fetched> {
        Box::pin(self.fetch(url))
    }

    fn post_form<'a>(&'a self, url: &'a Url, form: &'a [(&'a str, &'a str)]) -> CallFuture<'a, u16> {
        Box::pin(self.post(url, form))
    }
}

async fn body(answer: &mut Response) -> Result<Vec<u8>, CallRefusal> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(refusal)? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST {
            return Err(CallRefusal::Failed(format!("it answered more than {LONGEST} bytes")));
        }
    }
    Ok(body)
}

/// The URL is its owner's; it stays out of the log.
fn refusal(error: reqwest::Error) -> CallRefusal {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<NotAllowed>() {
            return CallRefusal::NotAllowed;
        }
        words = format!("{words}: {inner}");
        cause = inner.source();
    }
    CallRefusal::Failed(words)
}

/// How long an answer may be kept (RFC 9111 §4.2.1), less what it has lived already.
fn lifetime(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let mut max_age = None;
    for value in headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok()) {
        for directive in value.split(',').map(|directive| directive.trim().to_ascii_lowercase()) {
            if matches!(directive.as_str(), "no-store" | "no-cache") {
                return Some(Duration::ZERO);
            }
            if let Some(seconds) = directive.strip_prefix("max-age=") {
                // What is no number of seconds is stale (RFC 9111 §4.2.1).
                max_age.get_or_insert(seconds.trim_matches('"').parse().unwrap_or(0_u64));
            }
        }
    }
    let age = text(AGE).and_then(|age| age.parse().ok()).unwrap_or(0_u64);
    if let Some(seconds) = max_age {
        return Some(Duration::from_secs(seconds.saturating_sub(age)));
    }
    let second = |text: &str| rfc2822::parse(text).map(|at| at.timestamp().as_second()).ok();
    let expires = text(EXPIRES)?;
    // An expiry that is no date is in the past; one without a date to count from says nothing.
    let Some(expires) = second(expires) else { return Some(Duration::ZERO) };
    let date = text(DATE).and_then(second)?;
    Some(Duration::from_secs(u64::try_from(expires - date).unwrap_or(0).saturating_sub(age)))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Headers = &'static [(&'static str, &'static str)];

    #[test]
    fn how_long_an_answer_may_be_kept_is_read_from_its_headers() {
        const DATE: (&str, &str) = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        const LATER: (&str, &str) = ("expires", "Sun, 06 Nov 1994 08:59:37 GMT");
        let cases: [(Headers, Option<u64>); 12] = [
            (&[], None),
            (&[("cache-control", "public, max-age=300")], Some(300)),
            (&[("cache-control", "Max-Age=300"), ("age", "20")], Some(280)),
            (&[("cache-control", "max-age=300"), ("age", "400")], Some(0)),
            (&[("cache-control", "max-age=300, no-store")], Some(0)),
            (&[("cache-control", "max-age=300"), ("cache-control", "no-cache")], Some(0)),
            (&[("cache-control", "max-age=soon")], Some(0)),
            (&[("cache-control", "max-age=60"), DATE, LATER], Some(60)),
            (&[DATE, LATER], Some(600)),
            (&[DATE, ("expires", "0")], Some(0)),
            (&[DATE, ("expires", "Sun, 06 Nov 1994 08:49:36 GMT")], Some(0)),
            (&[LATER], None),
        ];
        for (headers, keep) in cases {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(HeaderName::from_static(name), value.parse().unwrap());
            }
            assert_eq!(lifetime(&map).map(|keep| keep.as_secs()), keep, "{headers:?}");
        }
    }
}
