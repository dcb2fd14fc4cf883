//! Who calls: a program, a browser, or the operator's API key.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::{Call, ORIGIN, TestApp};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// A caller. Clones share cookies and token.
#[derive(Clone)]
pub struct Client {
    app: TestApp,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    is_browser: bool,
    token: Option<String>,
    cookies: BTreeMap<String, String>,
    address: IpAddr,
    user_agent: String,
}

impl Client {
    pub(crate) fn program(app: &TestApp, token: Option<&str>) -> Self {
        Self::new(app, false, token, "curl/8.5.0")
    }

    pub(crate) fn browser(app: &TestApp) -> Self {
        Self::new(app, true, None, FIREFOX)
    }

    fn new(app: &TestApp, is_browser: bool, token: Option<&str>, user_agent: &str) -> Self {
        let state = State {
            is_browser,
            token: token.map(str::to_owned),
            cookies: BTreeMap::new(),
            address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
            user_agent: user_agent.to_owned(),
        };
        Self { app: app.clone(), state: Arc::new(Mutex::new(state)) }
    }

    /// The same from another address.
    #[must_use]
    pub fn from(self, address: &str) -> Self {
        self.state().address = address.parse().expect("an address");
        self
    }

    /// The same with another `User-Agent`.
    #[must_use]
    pub fn as_agent(self, user_agent: &str) -> Self {
        user_agent.clone_into(&mut self.state().user_agent);
        self
    }

    /// A program with this token, at the same app.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self::program(&self.app, Some(token))
    }

    /// Sends this token from now on.
    pub fn set_token(&self, token: &str) {
        self.state().token = Some(token.to_owned());
    }

    /// The token it sends.
    pub fn token(&self) -> String {
        self.state().token.clone().unwrap_or_default()
    }

    /// A cookie it holds.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.state().cookies.get(name).cloned()
    }

    /// Gives it a cookie.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.state().cookies.insert(name.to_owned(), value.to_owned());
    }

    /// Takes a cookie away.
    pub fn drop_cookie(&self, name: &str) {
        self.state().cookies.remove(name);
    }

    /// The app that it calls.
    pub fn app(&self) -> &TestApp {
        &self.app
    }

    /// Whether it is a browser.
    pub fn is_browser(&self) -> bool {
        self.state().is_browser
    }

    /// A request.
    pub fn call(&self, method: &str, path: &str) -> Call {
        Call::new(self, Method::from_bytes(method.as_bytes()).expect("a method"), path)
    }

    /// GET.
    pub fn get(&self, path: &str) -> Call {
        Call::new(self, Method::GET, path)
    }

    /// POST.
    pub fn post(&self, path: &str) -> Call {
        Call::new(self, Method::POST, path)
    }

    /// PATCH.
    pub fn patch(&self, path: &str) -> Call {
        Call::new(self, Method::PATCH, path)
    }

    /// DELETE.
    pub fn delete(&self, path: &str) -> Call {
        Call::new(self, Method::DELETE, path)
    }

    pub(crate) fn peer(&self) -> SocketAddr {
        SocketAddr::new(self.state().address, 40_000)
    }

    /// What it sends by itself; a browser as its `fetch` from one of our pages does.
    pub(crate) fn headers(&self, method: &Method) -> Vec<(HeaderName, HeaderValue)> {
        let state = self.state();
        let value = |text: &str| HeaderValue::try_from(text).expect("a header value");
        let mut headers = vec![(header::USER_AGENT, value(&state.user_agent))];
        if let Some(token) = &state.token {
            headers.push((header::AUTHORIZATION, value(&format!("Bearer {token}"))));
        }
        if state.is_browser {
            headers.push((HeaderName::from_static("sec-fetch-site"), value("same-origin")));
            if !matches!(*method, Method::GET | Method::HEAD) {
                headers.push((header::ORIGIN, value(ORIGIN)));
            }
            let cookies: Vec<String> =
                state.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            if !cookies.is_empty() {
                headers.push((header::COOKIE, value(&cookies.join("; "))));
            }
        }
        headers
    }

    /// Keeps and removes cookies as a browser does.
    pub(crate) fn keep_cookies(&self, headers: &HeaderMap) {
        let mut state = self.state();
        if !state.is_browser {
            return;
        }
        for cookie in headers.get_all(header::SET_COOKIE).iter().filter_map(|v| v.to_str().ok()) {
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let Some((name, value)) = pair.split_once('=') else { continue };
            let gone = attributes.split(';').any(|a| a.trim().eq_ignore_ascii_case("max-age=0"));
            if gone {
                state.cookies.remove(name);
            } else {
                state.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
