//! A server's API, and people with browsers of their own, for the relying party that is tried here.

use std::{
    collections::HashMap,
    env,
    sync::atomic::{AtomicUsize, Ordering},
};

use openidconnect::url::Url;
use reqwest::{
    StatusCode,
    blocking::{Client, Response},
    header::LOCATION,
    redirect::Policy,
};
use serde_json::{Value, json};

pub const CALLBACK: &str = "http://127.0.0.1/callback";
pub const SIGNED_OUT: &str = "http://127.0.0.1/signed-out";
const PASSWORD: &str = "violet-harbour-quilt-93";

#[allow(clippy::disallowed_methods, reason = "with_server.py tells by it where the server is")]
fn of_environment(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

pub fn issuer() -> String {
    of_environment("OIDC_ISSUER")
}

/// A client of HTTP that goes nowhere by itself.
pub fn staying() -> Client {
    Client::builder().redirect(Policy::none()).cookie_store(true).build().unwrap()
}

fn decoded(answer: Response, status: StatusCode) -> Value {
    let got = answer.status();
    let text = answer.text().unwrap();
    assert_eq!(got, status, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// Calls the API as a program with every right.
fn call(path: &str, body: &Value) -> Value {
    let request = staying().post(issuer() + path).bearer_auth(of_environment("OIDC_API_KEY")).json(body);
    decoded(request.send().unwrap(), StatusCode::CREATED)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Makes a client; its id and its secret.
pub fn register(client: Value) -> (String, String) {
    let made = call("/v1/clients", &client);
    (text(&made["id"]), text(&made["client_secret"]))
}

/// A web application of our own.
pub fn web() -> Value {
    json!({
        "name": "Shop", "type": "web", "first_party": true,
        "redirect_uris": [CALLBACK], "post_logout_redirect_uris": [SIGNED_OUT],
    })
}

/// Somebody with an account, and a browser of their own.
pub struct Person {
    pub id: String,
    pub email: String,
    browser: Client,
}

impl Person {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let email = format!("jane.{}@rust.example.com", COUNT.fetch_add(1, Ordering::Relaxed));
        let identity =
            json!({"email": email, "email_verified": true, "first_name": "Jane", "last_name": "Doe"});
        let made = call("/v1/identities", &json!({"identity": identity, "initial_password": PASSWORD}));
        Self { id: text(&made["id"]), email, browser: staying() }
    }

    /// Where a page leads to.
    pub fn visit(&self, address: &str) -> Url {
        let base = Url::parse(&issuer()).unwrap();
        let answer = self.browser.get(base.join(address).unwrap()).send().unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{address}");
        base.join(answer.headers()[LOCATION].to_str().unwrap()).unwrap()
    }

    /// Follows a client's request, by the sign-in if need be, until it leads back to the client.
    pub fn authorize(&self, address: &Url) -> HashMap<String, String> {
        let mut location = self.visit(address.as_str());
        if location.path() == "/sign-in" {
            let query: HashMap<_, _> = location.query_pairs().into_owned().collect();
            location = self.visit(&self.sign_in(&query["return_to"]));
        }
        assert!(location.as_str().starts_with(CALLBACK), "not back to the client, but to {location}");
        location.query_pairs().into_owned().collect()
    }

    /// Where a sign-in leads to.
    fn sign_in(&self, return_to: &str) -> String {
        let query = [("type", "browser"), ("return_to", return_to)];
        let opened = self.browser.get(issuer() + "/v1/flows/login").query(&query).send().unwrap();
        let ui = &decoded(opened, StatusCode::OK)["ui"];
        let is_proof = |node: &&Value| node["attributes"]["name"] == "csrf_token";
        let proof = ui["nodes"].as_array().unwrap().iter().find(is_proof).unwrap();
        let fields = json!({
            "identifier": self.email, "password": PASSWORD, "csrf_token": proof["attributes"]["value"],
        });
        let submit = self.browser.post(text(&ui["action"])).header("Origin", issuer());
        let done = submit.json(&json!({"method": "password", "body": fields})).send().unwrap();
        text(&decoded(done, StatusCode::OK)["redirect_to"])
    }

    pub fn is_signed_in(&self) -> bool {
        let answer = self.browser.get(issuer() + "/v1/sessions/whoami").send().unwrap();
        answer.status() == StatusCode::OK
    }
}

impl Default for Person {
    fn default() -> Self {
        Self::new()
    }
}
