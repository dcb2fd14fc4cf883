//! Verifies what CAPTCHAs answer: one form is posted to the provider, and its answer is checked.
//!
//! Where a CAPTCHA is asked for, and what becomes of an answer, is decided in `core`; how it looks stands in `views`.

mod answer;
mod provider;

use std::time::Duration;

use avnology_core::ports::{CaptchaToken, CaptchaVerdict, CaptchaVerifier, CaptchaWidget, PortFuture};
use avnology_model::{Error, Result, platform::CaptchaProvider};
use reqwest::{Client, header::CONTENT_TYPE, redirect::Policy};
use secrecy::ExposeSecret;
use url::{Url, form_urlencoded};

use self::{answer::Said, provider::Addresses};
use crate::{
    config::Config,
    outbound::{extra_roots, http_client, told},
};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(2);
/// How long the whole may take: a person waits.
const WHOLE: Duration = Duration::from_secs(4);
/// Who we are.
const AGENT: &str = "Avnology-ID";
/// Most bytes of an answer.
const LONGEST: usize = 64 * 1024;

/// Asks the providers.
pub struct Verifier {
    client: Client,
    /// In place of the providers' own addresses.
    base: Option<Url>,
}

impl Verifier {
    /// A client for the providers, or for what the operator names in their place; nothing is sent yet.
    ///
    /// # Errors
    /// When the certificate authorities of `extra_ca_file` cannot be used.
    pub fn new(config: &Config) -> Result<Self> {
        let roots = extra_roots(config).map_err(told)?;
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .user_agent(AGENT)
            // Our secret goes to the provider, and nowhere else.
            .redirect(Policy::none());
        Ok(Self { client: http_client(client, roots.as_deref())?, base: config.captcha_url.clone() })
    }

    async fn ask(&self, token: &CaptchaToken<'_>) -> Result<CaptchaVerdict> {
        let request = self
            .client
            .post(Addresses::of(token.provider, self.base.as_ref()).verify)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form(token));
        let mut answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST {
                return Err(Error::unavailable("the CAPTCHA provider answered at too great a length"));
            }
        }
        // Turnstile says what is wrong with a token with another status than 200.
        match serde_json::from_slice::<Said>(&body) {
            Ok(said) if !status.is_server_error() => said.verdict(token),
            _ => Err(Error::unavailable(format!("the CAPTCHA provider answered {status}"))),
        }
    }
}

impl CaptchaVerifier for Verifier {
    fn verify<'a>(&'a self, token: &'a CaptchaToken<'a>) -> PortFuture<'a, CaptchaVerdict> {
        Box::pin(self.ask(token))
    }

    fn widget(&self, provider: CaptchaProvider) -> CaptchaWidget {
        Addresses::of(provider, self.base.as_ref()).widget()
    }
}

/// What the provider is asked.
fn form(token: &CaptchaToken<'_>) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("secret", token.secret.expose_secret());
    form.append_pair("response", token.token);
    if token.provider == CaptchaProvider::Hcaptcha {
        // Tokens of another site of the same account are not ours.
        form.append_pair("sitekey", token.site_key);
    }
    if let Some(ip) = token.ip {
        form.append_pair("remoteip", &ip.to_string());
    }
    form.finish()
}

fn unreachable(error: reqwest::Error) -> Error {
    Error::unavailable(error.without_url())
}
