//! Relying parties: clients that speak the protocol.

use avnology_jose::{KeySet, jwt};
use avnology_oauth::CodeChallenge;
use avnology_testkit::{Answer, Client, Person, TestApp};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};
use url::Url;

/// The verifier of every challenge here.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// Where every client here lets people be sent back to.
pub(crate) const CALLBACK: &str = "https://app.example.com/callback";

/// A registered client.
#[derive(Clone)]
pub(crate) struct Relying {
    pub(crate) app: TestApp,
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
}

/// Registers a client; `more` are further members.
pub(crate) async fn register(app: &TestApp, kind: &str, more: Value) -> Relying {
    let mut body = json!({ "name": "Shop", "type": kind });
    if kind != "machine" {
        body["redirect_uris"] = json!([CALLBACK]);
    }
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    let made = app.admin_key().post("/v1/clients").json(&body).await;
    made.created();
    let secret = made["client_secret"].as_str().map(str::to_owned);
    Relying { app: app.clone(), id: made.at("/id"), secret }
}

/// A client of the makers' own, which nobody is asked about.
pub(crate) async fn own_app(app: &TestApp, more: Value) -> Relying {
    let mut all = json!({ "first_party": true });
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more);
    }
    register(app, "web", all).await
}

impl Relying {
    /// The header by which it shows who it is.
    pub(crate) fn basic(&self) -> String {
        let secret = self.secret.as_deref().expect("a client with a secret");
        format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{secret}", self.id)))
    }

    /// A form to an endpoint, as the client itself.
    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let call = self.app.program().post(path);
        match &self.secret {
            Some(_) => call.header("authorization", &self.basic()).form(form).await,
            None => call.form(&[form, &[("client_id", self.id.as_str())]].concat()).await,
        }
    }

    /// A request for tokens.
    pub(crate) async fn token(&self, form: &[(&str, &str)]) -> Answer {
        self.post("/oauth2/token", form).await
    }

    /// The path of an authorization request; `more` replace or add parameters, an empty one leaves it out.
    pub(crate) fn request(&self, more: &[(&str, &str)]) -> String {
        let challenge = CodeChallenge::of_verifier(VERIFIER).expect("a challenge");
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", self.id.as_str()),
            ("redirect_uri", CALLBACK),
            ("scope", "openid profile email offline_access organizations"),
            ("state", "xyz"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        pairs.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        pairs.extend(more.iter().filter(|(_, value)| !value.is_empty()));
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        format!("/oauth2/auth?{query}")
    }

    /// What a browser is answered that brings a request by reference: these parameters and the client's id.
    pub(crate) async fn bring(&self, browser: &Client, more: &[(&str, &str)]) -> Answer {
        let pairs = [&[("client_id", self.id.as_str())], more].concat();
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        browser.get(&format!("/oauth2/auth?{query}")).await
    }

    /// What comes back to the client when a person's browser brings a request, without a page between.
    pub(crate) async fn back(&self, browser: &Client, more: &[(&str, &str)]) -> Back {
        let answer = browser.get(&self.request(more)).await;
        answer.is(303);
        Back::of(answer.header("location"))
    }

    /// A code for a person who is signed in.
    pub(crate) async fn code(&self, browser: &Client, more: &[(&str, &str)]) -> String {
        self.back(browser, more).await.code()
    }

    /// What a code is redeemed with.
    pub(crate) async fn redeem(&self, code: &str) -> Answer {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    /// Tokens of a person who is signed in.
    pub(crate) async fn tokens(&self, browser: &Client, more: &[(&str, &str)]) -> Answer {
        let code = self.code(browser, more).await;
        let tokens = self.redeem(&code).await;
        tokens.ok();
        tokens
    }

    /// More tokens.
    pub(crate) async fn refresh(&self, token: &str, more: &[(&str, &str)]) -> Answer {
        let form = [&[("grant_type", "refresh_token"), ("refresh_token", token)], more].concat();
        self.token(&form).await
    }

    /// Whether a token is active, as this client is told.
    pub(crate) async fn is_active(&self, token: &str) -> bool {
        let answer = self.post("/oauth2/introspect", &[("token", token)]).await;
        answer.ok()["active"] == true
    }
}

/// A URL that came back to a client.
pub(crate) struct Back(Url);

impl Back {
    pub(crate) fn of(location: &str) -> Self {
        Self(Url::parse(location).unwrap_or_else(|_| panic!("no URL of a client: {location}")))
    }

    /// Where a browser is sent.
    #[track_caller]
    pub(crate) fn in_answer(answer: &Answer) -> Self {
        Self::of(answer.is(303).header("location"))
    }

    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.0.query_pairs().find(|(one, _)| one == name).map(|(_, value)| value.into_owned())
    }

    pub(crate) fn code(&self) -> String {
        self.get("code").unwrap_or_else(|| panic!("no code: {}", self.0))
    }

    pub(crate) fn error(&self) -> String {
        self.get("error").unwrap_or_else(|| panic!("no error: {}", self.0))
    }
}

/// The error of an answer in the form of RFC 6749 §5.2.
#[track_caller]
pub(crate) fn refused(answer: &Answer, status: u16, error: &str) {
    answer.is(status);
    assert_eq!(answer["error"], error, "{answer}");
    assert!(answer["error_description"].as_str().is_some_and(|words| !words.is_empty()), "{answer}");
    assert_eq!(
        (answer.header("cache-control"), answer.header("content-type")),
        ("no-store", "application/json")
    );
}

/// That the answer is a page with this error, and nobody is redirected.
#[track_caller]
pub(crate) fn error_page(answer: &Answer, error: &str) {
    let text = answer.is(400).text();
    assert!(text.contains(error), "{text}");
}

/// The claims of a token of this type, verified by the published keys.
pub(crate) async fn verified(app: &TestApp, token: &str, typ: &str) -> Map<String, Value> {
    let published = app.program().get("/.well-known/jwks.json").await;
    let keys = KeySet::parse(&published.ok().to_string()).expect("a key set");
    jwt::verify(token, &keys, typ).expect("a token that holds")
}

/// The `login_challenge` of the page that a browser is led to.
pub(crate) fn challenge_of(answer: &Answer, page: &str) -> String {
    answer.is(303);
    let location = answer.header("location");
    let rest = location.strip_prefix(page).unwrap_or_else(|| panic!("not to {page}: {location}"));
    rest.strip_prefix("?login_challenge=").expect("a challenge").to_owned()
}

/// The form token on a page of somebody.
pub(crate) fn csrf_of(page: &Answer) -> String {
    let text = page.is(200).text();
    let (_, after) = text.split_once("name=\"csrf_token\" value=\"").expect("a form");
    after.split('"').next().expect("a token").to_owned()
}

/// Somebody signed in from a browser.
pub(crate) async fn jane(app: &TestApp) -> Person {
    app.browsing("jane@acme.example").await
}
