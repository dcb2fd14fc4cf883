//! A CAPTCHA provider on loopback that verifies tokens as hCaptcha and Turnstile do: each is good once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{Json, Router, body::Bytes, http::StatusCode, routing::post};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{Engine, FromEngine, Setup, TestApp};

/// The secret that it takes.
pub const CAPTCHA_SECRET: &str = "0xSecret-of-the-site";
/// The site key that it knows.
pub const CAPTCHA_SITE: &str = "site-1";

/// What it knows of a token.
#[derive(Clone, Debug)]
struct Token {
    hostname: String,
    action: String,
    used: bool,
}

#[derive(Debug, Default)]
struct State {
    tokens: HashMap<String, Token>,
    asked: Vec<HashMap<String, String>>,
    status: Option<StatusCode>,
    silent: bool,
    forgetful: bool,
}

/// The provider. Clones are the same one.
#[derive(Clone, Debug)]
pub struct CaptchaHouse {
    url: String,
    state: Arc<Mutex<State>>,
}

impl CaptchaHouse {
    /// Starts one that knows no token yet.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let house = Self { url, state: Arc::default() };
        let own = house.clone();
        let verify = move |body: Bytes| {
            let own = own.clone();
            async move { own.verify(&body).await }
        };
        let routes = Router::new().route("/siteverify", post(verify));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        house
    }

    /// Where it is: `AVNOLOGY_CAPTCHA_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A token as the widget gives one on our own pages, about nothing in particular.
    pub fn token(&self) -> String {
        self.token_of("id.example.com", "")
    }

    /// A token of a page at `hostname`, about `action`.
    pub fn token_of(&self, hostname: &str, action: &str) -> String {
        let mut state = self.state();
        let name = format!("token-{}", state.tokens.len());
        let (hostname, action) = (hostname.to_owned(), action.to_owned());
        state.tokens.insert(name.clone(), Token { hostname, action, used: false });
        name
    }

    /// Answers with this status and no verdict from now on; `None` answers again.
    pub fn answers_only(&self, status: Option<u16>) {
        self.state().status = status.map(|status| StatusCode::from_u16(status).expect("a status"));
    }

    /// Takes questions and answers none.
    pub fn falls_silent(&self) {
        self.state().silent = true;
    }

    /// Takes tokens as often as they come.
    pub fn forgets_what_was_used(&self) {
        self.state().forgetful = true;
    }

    /// The fields of every question.
    pub fn asked(&self) -> Vec<HashMap<String, String>> {
        self.state().asked.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn verify(&self, body: &[u8]) -> (StatusCode, Json<Value>) {
        let fields: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
        let silent = {
            let mut state = self.state();
            state.asked.push(fields.clone());
            state.silent
        };
        if silent {
            tokio::time::sleep(Duration::from_mins(1)).await;
        }
        let mut state = self.state();
        if let Some(status) = state.status {
            return (status, Json(Value::Null));
        }
        (StatusCode::OK, Json(verdict(&mut state, &fields)))
    }
}

fn verdict(state: &mut State, fields: &HashMap<String, String>) -> Value {
    let refused = |code: &str| json!({ "success": false, "error-codes": [code] });
    if fields.get("secret").map(String::as_str) != Some(CAPTCHA_SECRET) {
        return refused("invalid-input-secret");
    }
    if fields.get("sitekey").is_some_and(|site| site != CAPTCHA_SITE) {
        return refused("sitekey-secret-mismatch");
    }
    let forgetful = state.forgetful;
    let Some(token) = fields.get("response").and_then(|name| state.tokens.get_mut(name)) else {
        return refused("invalid-input-response");
    };
    if token.used && !forgetful {
        return refused("timeout-or-duplicate");
    }
    token.used = true;
    json!({ "success": true, "challenge_ts": "2026-03-02T09:00:00Z", "hostname": token.hostname, "action": token.action })
}

/// An app that asks for CAPTCHAs, and the provider that it asks.
#[derive(Clone)]
pub struct Guarded {
    /// The app.
    pub app: TestApp,
    /// The provider.
    pub house: CaptchaHouse,
}

impl Guarded {
    /// The same of an app that is put together so.
    pub async fn start(setup: Setup) -> Self {
        let house = CaptchaHouse::start().await;
        let app = TestApp::start(setup.with("AVNOLOGY_CAPTCHA_URL", house.url())).await;
        app.settings(json!({ "captcha": {
            "provider": "turnstile", "site_key": CAPTCHA_SITE, "secret": CAPTCHA_SECRET, "after_failures": 2,
        } }))
        .await;
        Self { app, house }
    }
}

impl FromEngine for Guarded {
    async fn on(engine: Engine) -> Self {
        Self::start(Setup::on(engine)).await
    }
}
