//! Our cookies: how they are named, read and set (`contract/00` §10, `contract/11` §1.2).

use avnology_core::{Cx, Tenant};
use avnology_model::ids::OrganizationId;
use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

/// How long the browser key and the CSRF secret are kept: 400 days, the most that browsers keep (RFC 6265bis §5.6).
pub const YEARS: i64 = 400 * 86_400;

/// The cookie that names the organization that a browser acts for. It selects and does not authorize: scripts may read it.
pub const ORGANIZATION: &str = "X-Avnology-Org";

/// One of our cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// The session token.
    Session,
    /// The key of the browser, to which flows are bound.
    Flow,
    /// The secret from which form tokens of flows are derived.
    Csrf,
    /// The keys by which a browser is known again, one for each person who signs in at it.
    Device,
    /// The token of an invitation that was opened and is not answered yet.
    Invitation,
}

impl Cookie {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Session, Self::Flow, Self::Csrf, Self::Device, Self::Invitation];

    /// The name; with the prefix that pins it to this host over `https`.
    pub const fn name(self, is_https: bool) -> &'static str {
        match (self, is_https) {
            (Self::Session, true) => "__Host-avnology_session",
            (Self::Session, false) => "avnology_session",
            (Self::Flow, true) => "__Host-avnology_flow",
            (Self::Flow, false) => "avnology_flow",
            (Self::Csrf, true) => "__Host-avnology_csrf",
            (Self::Csrf, false) => "avnology_csrf",
            (Self::Device, true) => "__Host-avnology_device",
            (Self::Device, false) => "avnology_device",
            (Self::Invitation, true) => "__Host-avnology_invitation",
            (Self::Invitation, false) => "avnology_invitation",
        }
    }
}

/// The cookies of a request.
#[derive(Clone, Debug, Default)]
pub struct Cookies(Vec<HeaderValue>);

impl Cookies {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self(headers.get_all(header::COOKIE).iter().cloned().collect())
    }

    /// The value of the first cookie with this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs().find(|(n, _)| *n == name).map(|(_, value)| value)
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let texts = self.0.iter().filter_map(|v| v.to_str().ok()).flat_map(|text| text.split(';'));
        texts
            .filter_map(|pair| pair.trim().split_once('='))
            .map(|(name, value)| (name, value.trim_matches('"')))
    }
}

impl Cookies {
    /// The sessions of organizations of a strict tenant, in the order in which they were sent.
    pub(crate) fn sessions(&self, app: &Tenant) -> Vec<(OrganizationId, &str)> {
        self.sessions_named(Cookie::Session.name(app.config.is_https()))
    }

    fn sessions_named(&self, name: &str) -> Vec<(OrganizationId, &str)> {
        let of =
            |name_of: &str| name_of.strip_prefix(name)?.strip_prefix('.')?.parse::<OrganizationId>().ok();
        let mut sessions: Vec<(OrganizationId, &str)> = Vec::new();
        for (name, value) in self.pairs() {
            if let Some(id) = of(name)
                && !sessions.iter().any(|(held, _)| *held == id)
            {
                sessions.push((id, value));
            }
        }
        sessions
    }
}

/// A `Set-Cookie` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetCookie(pub(crate) HeaderValue);

/// Sets `cookie`. `value` must be made of the characters of tokens and base64url; `max_age_seconds` of `None` lasts
/// until the browser is closed.
pub fn set(app: &Tenant, cookie: Cookie, value: &str, max_age_seconds: Option<i64>) -> SetCookie {
    let is_https = app.config.is_https();
    build(is_https, cookie.name(is_https), value, max_age_seconds)
}

/// Removes `cookie`.
pub fn clear(app: &Tenant, cookie: Cookie) -> SetCookie {
    set(app, cookie, "", Some(0))
}

/// Sets the session in an organization of a strict tenant, beside others.
pub fn set_in(app: &Tenant, organization: OrganizationId, token: &str, max_age_seconds: i64) -> SetCookie {
    let is_https = app.config.is_https();
    let name = format!("{}.{organization}", Cookie::Session.name(is_https));
    build(is_https, &name, token, Some(max_age_seconds))
}

/// Removes the session in an organization.
pub fn clear_in(app: &Tenant, organization: OrganizationId) -> SetCookie {
    set_in(app, organization, "", 0)
}

/// Makes the browser act for an organization.
pub fn set_organization(app: &Tenant, id: OrganizationId) -> SetCookie {
    organization(app.config.is_https(), &id.to_string(), YEARS)
}

/// Makes the browser act for no organization but what its session says.
pub fn clear_organization(app: &Tenant) -> SetCookie {
    organization(app.config.is_https(), "", 0)
}

fn organization(is_https: bool, value: &str, max_age: i64) -> SetCookie {
    let secure = if is_https { "; Secure" } else { "" };
    let text = format!("{ORGANIZATION}={value}; Path=/; SameSite=Lax; Max-Age={max_age}{secure}");
    SetCookie(HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("")))
}

/// 32 random bytes, base64url: a new browser key or CSRF secret.
pub fn random_value(cx: &Cx) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(cx.random::<32>())
}

fn build(is_https: bool, name: &str, value: &str, max_age_seconds: Option<i64>) -> SetCookie {
    let plain: String = value.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.~".contains(*c)).collect();
    let mut text = format!("{name}={plain}; Path=/; HttpOnly; SameSite=Lax");
    if let Some(seconds) = max_age_seconds {
        text.push_str("; Max-Age=");
        text.push_str(&seconds.max(0).to_string());
    }
    if is_https {
        text.push_str("; Secure");
    }
    SetCookie(HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_https_cookies_are_secure_and_pinned_to_the_host() {
        let SetCookie(value) = build(true, Cookie::Session.name(true), "avnl_ses_x", Some(60));
        assert_eq!(
            value,
            "__Host-avnology_session=avnl_ses_x; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure"
        );
        let SetCookie(value) = build(false, Cookie::Flow.name(false), "k", None);
        assert_eq!(value, "avnology_flow=k; Path=/; HttpOnly; SameSite=Lax");
    }

    #[test]
    fn a_value_cannot_add_attributes_or_headers() {
        let SetCookie(value) = build(true, Cookie::Csrf.name(true), "a; Domain=evil.example\r\nX: y", None);
        assert_eq!(
            value,
            "__Host-avnology_csrf=aDomainevil.exampleXy; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
    }

    #[test]
    fn cookies_are_found_among_others_and_in_several_headers() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; avnology_session=\"tok\";b=2"));
        headers.append(header::COOKIE, HeaderValue::from_static("avnology_flow=f=g; a=3"));
        let cookies = Cookies::of(&headers);
        assert_eq!(cookies.get("avnology_session"), Some("tok"));
        assert_eq!(cookies.get("avnology_flow"), Some("f=g"));
        assert_eq!(cookies.get("a"), Some("1"));
        assert_eq!(cookies.get("session"), None);
    }

    #[test]
    fn sessions_of_organizations_are_told_apart_and_nothing_else_is_one() {
        let (one, two) = ("org_01kjpwdk93e6yrn4jvq0b9zr89", "org_01kjpwfz7ne51bmc97fk2g9mqt");
        let text = format!("s.{two}=b; s=a; s.{one}=c; s.{two}=d; s.=e; s.usr_1=f; sx.{one}=g; s.{one}x=h");
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, text.parse().expect("a header"));
        let cookies = Cookies::of(&headers);
        let found: Vec<_> = cookies.sessions_named("s").iter().map(|(id, t)| format!("{id}={t}")).collect();
        assert_eq!(found, [format!("{two}=b"), format!("{one}=c")]);
    }
}
