//! Who calls, and what they may.

use avnology_http::PeerAddr;
use avnology_model::{
    permissions::PlatformRole,
    platform::{Environment, RateLimit, RateLimitSetting, TenantSettings},
    sessions::SessionKind,
};
use axum::http::Request;

use crate::support::{App, ORIGIN, body, empty, get, json, refused};

const THING: &str = "/v1/things/usr_01kjpwd6m0emptw6bw4v8qtn83";

fn bearer(path: &str, token: &str) -> axum::http::request::Builder {
    get(path).header("authorization", format!("Bearer {token}"))
}

#[tokio::test]
async fn without_a_good_credential_a_route_that_needs_one_is_401_with_a_challenge() {
    let app = App::new().await;
    let person = app.person().await;
    let wrong_check = format!("{}x", &person[..person.len() - 1]);
    for request in [
        get("/v1/me"),
        bearer("/v1/me", "nonsense"),
        bearer("/v1/me", &wrong_check),
        get("/v1/me").header("authorization", "Basic eDp5"),
    ] {
        let answer = app.send(empty(request)).await;
        assert_eq!(answer.refusal(), refused(401, "005"));
        let challenge = answer.header("www-authenticate");
        let metadata = ", resource_metadata=\"https://id.example.com/.well-known/oauth-protected-resource\"";
        assert_eq!(challenge, format!("Bearer error=\"invalid_token\"{metadata}"));
    }
}

#[tokio::test]
async fn a_session_acts_for_its_identity_until_it_expires() {
    let app = App::new().await;
    let person = app.person().await;
    let answer = app.send(empty(bearer("/v1/me", &person))).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["id"], answer.json()["actor"]);
    app.clock.forward(86_400);
    assert_eq!(app.send(empty(bearer("/v1/me", &person))).await.refusal(), refused(401, "004"));
}

#[tokio::test]
async fn more_than_one_authorization_header_is_900() {
    let app = App::new().await;
    let person = app.person().await;
    let request = bearer("/v1/me", &person).header("authorization", format!("Bearer {person}"));
    assert_eq!(app.send(empty(request)).await.refusal(), refused(400, "900"));
}

#[tokio::test]
async fn scopes_follow_the_role_of_a_person_and_the_grant_of_a_key() {
    let app = App::new().await;
    let viewer = app.session(SessionKind::Standard, Some(PlatformRole::Viewer)).await;
    let (person, key) = (app.person().await, app.key().await);
    let refusal = app.send(empty(bearer(THING, &person))).await;
    assert_eq!(refusal.refusal(), refused(403, "012"));
    assert_eq!(refusal.json()["required_scopes"], serde_json::json!(["identities:read"]));
    assert_eq!(app.send(empty(bearer(THING, &viewer))).await.json()["name"], "session");
    assert_eq!(app.send(empty(bearer(THING, &key))).await.json()["name"], "key");
    assert_eq!(
        app.send(empty(bearer("/v1/me", &key))).await.refusal(),
        refused(403, "012"),
        "a key is nobody's self"
    );
    let create = Request::post("/v1/things").header("authorization", format!("Bearer {viewer}"));
    assert_eq!(app.send(json(create, "{}")).await.refusal(), refused(403, "012"), "a viewer writes nothing");
}

#[tokio::test]
async fn a_recovery_session_is_for_the_settings_flow_only() {
    let app = App::new().await;
    let recovery = app.session(SessionKind::Recovery, Some(PlatformRole::Admin)).await;
    let refusal = app.send(empty(bearer("/v1/me", &recovery))).await;
    assert_eq!(refusal.refusal(), refused(403, "110"));
    assert!(refusal.json()["required"]["aal"].is_null());
    assert_eq!(app.send(empty(bearer(THING, &recovery))).await.refusal(), refused(403, "110"));
    assert_eq!(app.send(empty(bearer("/v1/me/settings", &recovery))).await.json()["kind"], "recovery");
}

#[tokio::test]
async fn a_key_of_the_other_environment_is_204() {
    let app = App::new().await;
    let live = App::with(ORIGIN, Environment::Live, TenantSettings::default(), &[]).await.key().await;
    assert_eq!(app.send(empty(bearer(THING, &live))).await.refusal(), refused(401, "204"));
}

#[tokio::test]
async fn a_bad_session_is_nobody_to_a_visitors_route() {
    let app = App::new().await;
    let person = app.person().await;
    assert_eq!(app.send(empty(bearer("/v1/flows/login", &person))).await.json()["known"], true);
    assert_eq!(app.send(empty(bearer("/v1/flows/login", "nonsense"))).await.json()["known"], false);
    assert_eq!(app.get("/v1/flows/login").await.json()["known"], false);
}

#[tokio::test]
async fn a_credential_in_the_url_is_refused_and_revoked() {
    let app = App::new().await;
    let (person, key) = (app.person().await, app.key().await);
    assert_eq!(app.send(empty(bearer("/v1/me", &person))).await.status, 200);
    for (path, token) in [("/v1/open?color=", &person), ("/sign-in?return_to=%2Fx%3Ft%3D", &key)] {
        let leak = app.get(&format!("{path}{token}")).await;
        assert_eq!(leak.refusal(), refused(400, "902"));
        assert!(!String::from_utf8_lossy(&leak.body).contains(token.as_str()));
    }
    assert_eq!(app.send(empty(bearer("/v1/me", &person))).await.refusal(), refused(401, "005"));
    assert_eq!(app.send(empty(bearer(THING, &key))).await.refusal(), refused(401, "005"));
}

#[tokio::test]
async fn a_client_cannot_forge_its_address() {
    let app = App::with(ORIGIN, Environment::Test, TenantSettings::default(), &["10.0.0.0/8"]).await;
    let person = app.person().await;
    let from = async |peer: &str, forwarded: &str| {
        let mut request = empty(bearer("/v1/me", &person).header("x-forwarded-for", forwarded));
        request.extensions_mut().insert(PeerAddr(peer.parse().expect("an address")));
        app.send(request).await.json()["ip"].as_str().expect("an address").to_owned()
    };
    assert_eq!(from("203.0.113.9:1", "1.1.1.1").await, "203.0.113.9", "not one of our proxies");
    assert_eq!(from("10.0.0.1:1", "1.1.1.1, 203.0.113.9").await, "203.0.113.9");
    assert_eq!(from("10.0.0.1:1", "1.1.1.1, 203.0.113.9, 10.0.0.2").await, "203.0.113.9");
}

#[tokio::test]
async fn every_answer_of_a_limited_route_tells_the_limit_and_the_last_is_021() {
    let mut settings = TenantSettings::default();
    let two = RateLimitSetting::One(RateLimit { limit: 2, window_seconds: 60 });
    settings.rate_limits.insert("ip.auth".to_owned(), two.clone());
    settings.rate_limits.insert("api.session".to_owned(), two);
    let app = App::with(ORIGIN, Environment::Test, settings, &[]).await;

    let first = app.get("/v1/flows/login").await;
    let told = ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"].map(|name| first.header(name));
    assert_eq!(told, ["2", "1", "30"]);
    let wrong = body(Request::post("/v1/flows/login/x:submit"), "application/x-www-form-urlencoded", "a=1");
    let wrong = app.send(wrong).await;
    assert_eq!((wrong.refusal(), wrong.header("ratelimit-remaining")), (refused(400, "902"), "0"));
    let last = app.get("/v1/flows/login").await;
    assert_eq!(last.refusal(), refused(429, "021"));
    assert_eq!((last.header("retry-after"), &last.json()["retry_after"]), ("30", &30.into()));
    app.clock.forward(30);
    assert_eq!(app.get("/v1/flows/login").await.status, 200);

    let (one, other) = (app.person().await, app.person().await);
    for _ in 0..2 {
        assert_eq!(app.send(empty(bearer("/v1/me", &one))).await.status, 200);
    }
    assert_eq!(app.send(empty(bearer("/v1/me", &one))).await.refusal(), refused(429, "021"));
    assert_eq!(app.send(empty(bearer("/v1/me", &other))).await.status, 200, "each session has its own");
}
