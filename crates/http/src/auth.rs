//! What a handler knows besides its input: tenant, context, caller and browser facts.

use std::sync::Arc;

use avnology_core::{Cx, Tenant, organizations::Acting, sessions::LiveSession};
use avnology_model::{Error, Result};
use axum::http::{HeaderMap, HeaderValue, Uri};

use crate::{
    accept,
    access::{Access, Caller, InOrganization, PageInOrganization, ScopeMarker, SignedInOr, Visitor},
    cookies::{Cookie, Cookies},
    html::Nonce,
    input::Raw,
    page::BodyPage,
};

/// A caller whom the rule `A` admitted, and the request.
pub struct Auth<A: Access> {
    /// The tenant.
    pub app: Arc<Tenant>,
    /// The context; its actor is the caller.
    pub cx: Cx,
    /// Who calls.
    pub caller: Caller,
    acting: Option<Arc<Acting>>,
    by_cookie: bool,
    /// The cookies sent.
    pub cookies: Cookies,
    /// The header `Origin`.
    pub origin: Option<String>,
    /// The header `Sec-Fetch-Site`.
    pub fetch_site: Option<String>,
    /// All headers.
    pub headers: HeaderMap,
    /// The URI as sent.
    pub uri: Uri,
    seat: A::Seat,
}

impl<A: Access> Auth<A> {
    pub(crate) fn new(raw: Raw) -> Result<Self> {
        // The rule admitted the caller, so the seat is there; were it not, nobody must pass.
        let seat = A::seat(&raw.caller).ok_or_else(|| Error::internal("an admitted caller has no seat"))?;
        let text =
            |name| raw.headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok()).map(str::to_owned);
        Ok(Self {
            origin: text("origin"),
            fetch_site: text("sec-fetch-site"),
            app: raw.app,
            cx: raw.cx,
            caller: raw.caller,
            acting: raw.acting,
            by_cookie: raw.by_cookie,
            cookies: raw.cookies,
            headers: raw.headers,
            uri: raw.uri,
            seat,
        })
    }

    /// The organization that the request is about, and what the caller may do there; none in tenant scope.
    pub fn organization_scope(&self) -> Option<&Arc<Acting>> {
        self.acting.as_ref()
    }

    /// A page of a list whose request is a body that chooses by `chosen`: size (asked; usual and largest) and token.
    pub fn body_page(
        &self,
        chosen: &serde_json::Value,
        size: (Option<i64>, (u32, u32)),
        token: Option<&str>,
    ) -> Result<BodyPage> {
        let place = self.acting.as_ref().map(|acting| acting.id().to_string()).unwrap_or_default();
        let binding = serde_json::json!([self.caller.key(), place, self.uri.path(), chosen]).to_string();
        BodyPage::read(&self.app, self.cx.now, &binding, size, token)
    }

    /// Whether only a cookie tells who calls.
    pub fn is_by_cookie(&self) -> bool {
        self.by_cookie
    }

    /// The value of one of our cookies.
    pub fn cookie(&self, cookie: Cookie) -> Option<&str> {
        self.cookies.get(cookie.name(self.app.config.is_https()))
    }

    /// Whether the request comes from a browser: it has `Origin`, `Sec-Fetch-Site` or one of our cookies (`contract/11` §1.1).
    pub fn is_browser(&self) -> bool {
        self.origin.is_some()
            || self.fetch_site.is_some()
            || Cookie::ALL.iter().any(|cookie| self.cookie(*cookie).is_some())
    }

    /// Whether `Accept` prefers HTML to JSON.
    pub fn wants_html(&self) -> bool {
        accept::prefers_html(&self.headers)
    }

    /// `Accept-Language`, empty when it was not sent.
    pub fn accept_language(&self) -> &str {
        accept::language(&self.headers)
    }

    /// A new nonce, for one page: the same goes to the template and to [`crate::Page::new`].
    pub fn nonce(&self) -> Nonce {
        Nonce::new(&self.cx)
    }
}

impl<A: Access<Seat = Arc<LiveSession>>> Auth<A> {
    /// The session that the rule guarantees.
    pub fn session(&self) -> &Arc<LiveSession> {
        &self.seat
    }
}

impl<S: ScopeMarker> Auth<InOrganization<S>> {
    /// Who acts in the organization of the path. A failure of ours when the kit let somebody in without.
    pub fn acting(&self) -> Result<&Arc<Acting>> {
        self.acting.as_ref().ok_or_else(|| Error::internal("a route of an organization without one"))
    }
}

impl<S: ScopeMarker> Auth<PageInOrganization<S>> {
    /// Who acts in the organization of the path. A failure of ours when the kit let somebody in without.
    pub fn acting(&self) -> Result<&Arc<Acting>> {
        self.acting.as_ref().ok_or_else(|| Error::internal("a page of an organization without one"))
    }
}

impl<S: ScopeMarker> Auth<SignedInOr<S>> {
    /// The session, when a person calls.
    pub fn person(&self) -> Option<&Arc<LiveSession>> {
        self.seat.as_ref()
    }
}

impl Auth<Visitor> {
    /// The session, when there is a good one.
    pub fn visitor(&self) -> Option<&Arc<LiveSession>> {
        self.seat.as_ref()
    }
}
