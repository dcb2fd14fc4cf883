//! Pages and the headers that protect them (`contract/95` §10).

use avnology_core::Cx;
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};

use crate::reply::Reply;

const PERMISSIONS: &str = "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=()";

/// 16 random bytes in base64, which allow the scripts and styles of one answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// A new one.
    pub fn new(cx: &Cx) -> Self {
        Self(BASE64_STANDARD_NO_PAD.encode(cx.random::<16>()))
    }

    /// Its text, for `nonce="…"`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An HTML page.
#[derive(Clone, Debug)]
pub struct Page {
    html: String,
    nonce: Nonce,
    status: u16,
    open_form_action: bool,
    open_opener: bool,
    image_sources: Vec<String>,
    captcha_sources: Vec<String>,
}

impl Page {
    /// A page whose inline scripts and styles bear `nonce`.
    pub fn new(html: String, nonce: Nonce) -> Self {
        Self {
            html,
            nonce,
            status: 200,
            open_form_action: false,
            open_opener: false,
            image_sources: Vec::new(),
            captcha_sources: Vec::new(),
        }
    }

    /// The same with another status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// For pages whose submit may end at another origin: no `form-action`, which browsers apply to redirects too.
    #[must_use]
    pub fn open_form_action(mut self) -> Self {
        self.open_form_action = true;
        self
    }

    /// For pages that an application may have opened in a popup (sign-in, consent, sign-out).
    #[must_use]
    pub fn open_opener(mut self) -> Self {
        self.open_opener = true;
        self
    }

    /// Allows images of one more origin (avatars, logos). What is no origin is left out.
    #[must_use]
    pub fn img_src(mut self, origin: &str) -> Self {
        if origin.starts_with("https://") && !origin.contains([';', ',', ' ', '\'', '"']) && origin.is_ascii()
        {
            self.image_sources.push(origin.to_owned());
        }
        self
    }

    /// Allows scripts, frames and calls of the provider of a CAPTCHA. What is no origin is left out.
    #[must_use]
    pub fn captcha_src(mut self, sources: &[String]) -> Self {
        let fits = |source: &&String| {
            source.starts_with("http") && !source.contains([';', ',', ' ', '\'', '"']) && source.is_ascii()
        };
        self.captcha_sources.extend(sources.iter().filter(fits).cloned());
        self
    }

    fn policy(&self) -> String {
        let nonce = self.nonce.as_str();
        let captcha: String = self.captcha_sources.iter().flat_map(|source| [" ", source]).collect();
        let frames = if captcha.is_empty() { String::new() } else { format!(" frame-src{captcha};") };
        let images: String = self.image_sources.iter().flat_map(|origin| [" ", origin]).collect();
        let form_action = if self.open_form_action { "" } else { " form-action 'self';" };
        format!(
            "default-src 'none'; script-src 'self' 'nonce-{nonce}'{captcha}; style-src 'self' 'nonce-{nonce}'; \
             img-src 'self' data:{images}; font-src 'self'; connect-src 'self'{captcha};{frames}{form_action} \
             frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
        )
    }
}

impl Reply for Page {
    fn respond(self) -> Response {
        let policy = self.policy();
        let opener = if self.open_opener { "unsafe-none" } else { "same-origin" };
        let mut response = Response::new(Body::from(self.html));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        if let Ok(policy) = HeaderValue::try_from(policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        headers.insert(HeaderName::from_static("permissions-policy"), HeaderValue::from_static(PERMISSIONS));
        headers
            .insert(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static(opener));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(page: Page) -> String {
        page.respond().headers()["content-security-policy"].to_str().expect("text").to_owned()
    }

    #[test]
    fn a_page_allows_its_own_nonce_and_nothing_else() {
        let response = Page::new("<p>".to_owned(), Nonce("bm9uY2U".to_owned())).respond();
        assert_eq!(
            response.headers()["content-security-policy"],
            "default-src 'none'; script-src 'self' 'nonce-bm9uY2U'; style-src 'self' 'nonce-bm9uY2U'; \
             img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; \
             frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
        );
        assert_eq!(response.headers()["cross-origin-opener-policy"], "same-origin");
        assert_eq!(response.headers()["permissions-policy"], PERMISSIONS);
        assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
    }

    #[test]
    fn relaxations_are_asked_for_one_by_one() {
        let page = Page::new(String::new(), Nonce("n".to_owned()));
        assert!(!policy(page.clone().open_form_action()).contains("form-action"));
        assert_eq!(
            page.clone().open_opener().respond().headers()["cross-origin-opener-policy"],
            "unsafe-none"
        );
        assert!(
            policy(page.clone().img_src("https://cdn.example"))
                .contains("data: https://cdn.example; font-src")
        );
        assert!(!policy(page.clone().img_src("https://x; script-src *")).contains('*'));
        let sources = ["https://*.captcha.example".to_owned(), "https://x; script-src *".to_owned()];
        let with_captcha = policy(page.captcha_src(&sources));
        for directive in [
            "script-src 'self' 'nonce-n' https://*.captcha.example;",
            "connect-src 'self' https://*.captcha.example;",
            "frame-src https://*.captcha.example;",
        ] {
            assert!(with_captcha.contains(directive), "{with_captcha}");
        }
        assert!(!with_captcha.contains("https://x"), "{with_captcha}");
    }
}
