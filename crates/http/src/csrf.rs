//! Form tokens, and the rule about where a request with a cookie may come from (`contract/00` §10, `contract/11` §1.2).

use avnology_core::Tenant;
use avnology_model::{
    Code, Result,
    ids::{FlowId, SessionId},
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::http::HeaderMap;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

/// The token of a form of `flow`, for the browser whose CSRF cookie this is.
pub fn token(app: &Tenant, csrf_cookie: &str, flow: FlowId) -> String {
    derive(app, &format!("flow\0{flow}\0{csrf_cookie}"))
}

/// `_015` unless `sent` is the token of this browser and flow.
pub fn check(app: &Tenant, csrf_cookie: Option<&str>, flow: FlowId, sent: Option<&str>) -> Result<()> {
    match csrf_cookie {
        Some(cookie) if !cookie.is_empty() => same(&token(app, cookie, flow), sent),
        _ => Err(Code::CsrfFailed.into()),
    }
}

/// The token of plain forms on the pages of whoever has this session.
pub fn page_token(app: &Tenant, session: SessionId) -> String {
    derive(app, &format!("page\0{session}"))
}

/// `_015` unless `sent` is the token of this session.
pub fn check_page(app: &Tenant, session: SessionId, sent: Option<&str>) -> Result<()> {
    same(&page_token(app, session), sent)
}

fn derive(app: &Tenant, data: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(app.keys.hmac("csrf", data.as_bytes()))
}

fn same(expected: &str, sent: Option<&str>) -> Result<()> {
    let equal = sent.is_some_and(|s| verify_slices_are_equal(expected.as_bytes(), s.as_bytes()).is_ok());
    if equal { Ok(()) } else { Err(Code::CsrfFailed.into()) }
}

/// Where a request that changes something may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// With a session cookie: our own pages, or an origin allowed by CORS, and the request must say so.
    Cookie,
    /// Forms of flows and pages: nothing that says it comes from elsewhere; their token decides the rest.
    Form,
}

/// `_015` when the request says that it comes from where it must not. `ours` is the public origin; `allowed` are the
/// origins of other applications that may call with credentials.
pub(crate) fn check_source(
    source: Source,
    headers: &HeaderMap,
    ours: &str,
    allowed: &[String],
) -> Result<()> {
    let text = |name| headers.get(name).map(|v: &axum::http::HeaderValue| v.to_str().unwrap_or("?"));
    let (site, origin) = (text("sec-fetch-site"), text("origin"));
    let fits = match source {
        Source::Cookie => match origin.filter(|o| *o != "null") {
            Some(origin) => origin == ours || allowed.iter().any(|a| a == origin),
            None => site == Some("same-origin"),
        },
        Source::Form => match site {
            Some(site) => site == "same-origin",
            None => origin.is_none_or(|o| o == "null" || o == ours),
        },
    };
    if fits { Ok(()) } else { Err(Code::CsrfFailed.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "https://id.example.com";

    fn fits(source: Source, pairs: &[(&'static str, &'static str)]) -> bool {
        let headers =
            pairs.iter().map(|(n, v)| (n.parse().expect("a name"), v.parse().expect("a value"))).collect();
        check_source(source, &headers, OURS, &["https://app.example.com".to_owned()]).is_ok()
    }

    #[test]
    fn a_cookie_counts_only_from_our_origin_or_an_allowed_one() {
        assert!(fits(Source::Cookie, &[("origin", OURS)]));
        assert!(fits(
            Source::Cookie,
            &[("origin", "https://app.example.com"), ("sec-fetch-site", "same-site")]
        ));
        assert!(fits(Source::Cookie, &[("sec-fetch-site", "same-origin")]));
        assert!(fits(Source::Cookie, &[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(!fits(Source::Cookie, &[]));
        assert!(!fits(Source::Cookie, &[("origin", "null")]));
        assert!(!fits(
            Source::Cookie,
            &[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")]
        ));
        assert!(!fits(Source::Cookie, &[("origin", "https://id.example.com.evil.example")]));
        assert!(!fits(Source::Cookie, &[("sec-fetch-site", "same-site")]));
    }

    #[test]
    fn a_form_may_be_silent_about_its_source_but_must_not_name_another() {
        assert!(fits(Source::Form, &[]));
        assert!(fits(Source::Form, &[("origin", "null")]));
        assert!(fits(Source::Form, &[("origin", OURS)]));
        assert!(fits(Source::Form, &[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(!fits(Source::Form, &[("origin", "https://app.example.com")]));
        assert!(!fits(Source::Form, &[("sec-fetch-site", "cross-site")]));
        assert!(!fits(Source::Form, &[("sec-fetch-site", "same-site"), ("origin", OURS)]));
    }
}
