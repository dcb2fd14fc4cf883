//! Authorization requests that clients push (RFC 9126, `contract/30` §8).

use avnology_testkit::{Answer, Client, TestApp, on_both_engines};
use serde_json::json;

use crate::{
    kit::{
        Back, CALLBACK, Relying, VERIFIER, challenge_of, csrf_of, error_page, jane, own_app, refused,
        register,
    },
    signing::{assertion, key, object, post_signed, signing_app},
};

on_both_engines! {
    a_pushed_request_ends_in_a_code,
    only_the_client_id_is_read_beside_a_pushed_request,
    a_pushed_request_is_its_clients_alone,
    after_a_code_the_uri_is_good_for_nothing,
    after_an_error_the_uri_is_good_for_nothing,
    loading_a_page_uses_nothing_up,
    a_uri_that_comes_late_is_refused_and_a_page_that_was_loaded_in_time_goes_on,
    of_two_who_use_a_uri_at_once_one_gets_a_code,
    who_says_no_has_used_the_request_up,
    a_client_that_must_push_is_refused_at_the_front,
    who_pushes_shows_who_they_are,
    what_is_pushed_is_judged_at_once,
    a_request_uri_cannot_be_pushed,
    what_is_pushed_may_be_signed,
    public_clients_push_too,
    a_uri_that_nobody_pushed_is_refused_on_a_page,
}

/// What a request consists of.
fn parameters() -> Vec<(&'static str, &'static str)> {
    vec![
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid email"),
        ("state", "pushed"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ]
}

async fn push_with(client: &Relying, more: &[(&'static str, &str)]) -> Answer {
    let mut form: Vec<(&str, &str)> = parameters();
    form.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    form.extend(more.iter().filter(|(_, value)| !value.is_empty()));
    client.post("/oauth2/par", &form).await
}

/// The URI of a request that was pushed.
async fn push(client: &Relying, more: &[(&'static str, &str)]) -> String {
    let pushed = push_with(client, more).await;
    pushed.is(201);
    assert_eq!(pushed["expires_in"], 90);
    assert_eq!(pushed.header("cache-control"), "no-store");
    let uri = pushed.at("/request_uri");
    let reference = uri.strip_prefix("urn:ietf:params:oauth:request_uri:").expect("a URI of ours");
    assert_eq!(reference.len(), 43);
    uri
}

/// A browser that brings a URI, with further parameters.
async fn bring(client: &Relying, browser: &Client, uri: &str, more: &[(&str, &str)]) -> Answer {
    client.bring(browser, &[&[("request_uri", uri)], more].concat()).await
}

async fn a_pushed_request_ends_in_a_code(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let uri = push(&client, &[]).await;
    let back = Back::in_answer(&bring(&client, &jane(&app).await.client, &uri, &[]).await);
    assert_eq!(back.get("state").as_deref(), Some("pushed"));
    assert!(back.get("iss").is_some());
    client.redeem(&back.code()).await.ok();
}

async fn only_the_client_id_is_read_beside_a_pushed_request(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let uri = push(&client, &[]).await;
    let more = [
        ("state", "front"),
        ("scope", "openid phone"),
        ("redirect_uri", "https://evil.example/"),
        ("code_challenge", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("prompt", "none"),
        ("nonce", "front"),
    ];
    let back = Back::in_answer(&bring(&client, &jane(&app).await.client, &uri, &more).await);
    assert_eq!(back.get("state").as_deref(), Some("pushed"));
    let tokens = client.redeem(&back.code()).await;
    assert_eq!(tokens.ok()["scope"], "openid email");
}

async fn a_pushed_request_is_its_clients_alone(app: TestApp) {
    let (client, other) = (own_app(&app, json!({})).await, own_app(&app, json!({})).await);
    let browser = jane(&app).await.client;
    let uri = push(&client, &[]).await;
    error_page(&bring(&other, &browser, &uri, &[]).await, "invalid_request_uri");
    let nobody = browser.get(&format!("/oauth2/auth?request_uri={uri}")).await;
    error_page(&nobody, "invalid_request");
    Back::in_answer(&bring(&client, &browser, &uri, &[]).await).code();
}

async fn after_a_code_the_uri_is_good_for_nothing(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let browser = jane(&app).await.client;
    let uri = push(&client, &[]).await;
    let code = Back::in_answer(&bring(&client, &browser, &uri, &[]).await).code();
    error_page(&bring(&client, &browser, &uri, &[]).await, "invalid_request_uri");
    client.redeem(&code).await.ok();
}

async fn after_an_error_the_uri_is_good_for_nothing(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let uri = push(&client, &[("prompt", "none")]).await;
    let told = Back::in_answer(&bring(&client, &app.browser(), &uri, &[]).await);
    assert_eq!(told.error(), "login_required");
    error_page(&bring(&client, &jane(&app).await.client, &uri, &[]).await, "invalid_request_uri");
}

async fn loading_a_page_uses_nothing_up(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let uri = push(&client, &[]).await;
    let browser = app.browser();
    for _ in 0..3 {
        let answer = bring(&client, &browser, &uri, &[]).await;
        assert!(answer.is(303).header("location").starts_with("/sign-in?"), "{answer}");
    }
    Back::in_answer(&bring(&client, &jane(&app).await.client, &uri, &[]).await).code();
}

async fn a_uri_that_comes_late_is_refused_and_a_page_that_was_loaded_in_time_goes_on(app: TestApp) {
    let client = register(&app, "web", json!({})).await;
    let browser = jane(&app).await.client;
    let uri = push(&client, &[]).await;
    let challenge = challenge_of(&bring(&client, &browser, &uri, &[]).await, "/consent");
    app.advance(90);
    error_page(&bring(&client, &browser, &uri, &[]).await, "invalid_request_uri");
    app.advance(600);
    let consent = browser.get(&format!("/consent?login_challenge={challenge}")).await;
    let form = [
        ("csrf_token", csrf_of(&consent)),
        ("login_challenge", challenge.clone()),
        ("decision", "accept".to_owned()),
        ("scope", "email".to_owned()),
    ];
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post("/consent").form(&form).await.is(303);
    let end = browser.get(&format!("/oauth2/auth?login_challenge={challenge}")).await;
    client.redeem(&Back::in_answer(&end).code()).await.ok();
}

async fn of_two_who_use_a_uri_at_once_one_gets_a_code(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let browser = jane(&app).await.client;
    for _ in 0..5 {
        let uri = push(&client, &[]).await;
        let (one, other) =
            tokio::join!(bring(&client, &browser, &uri, &[]), bring(&client, &browser, &uri, &[]));
        let with_code =
            [&one, &other].iter().filter(|answer| answer.header("location").contains("code=")).count();
        assert_eq!(with_code, 1, "{one} {other}");
        let loser = if one.header("location").contains("code=") { &other } else { &one };
        let is_told = loser.status == 400 || Back::in_answer(loser).error() == "invalid_request_uri";
        assert!(is_told, "{loser}");
    }
}

async fn who_says_no_has_used_the_request_up(app: TestApp) {
    let client = register(&app, "web", json!({})).await;
    let browser = jane(&app).await.client;
    let uri = push(&client, &[]).await;
    let challenge = challenge_of(&bring(&client, &browser, &uri, &[]).await, "/consent");
    let consent = browser.get(&format!("/consent?login_challenge={challenge}")).await;
    let csrf = csrf_of(&consent);
    let form = [("csrf_token", csrf.as_str()), ("login_challenge", &challenge), ("decision", "deny")];
    let told = browser.post("/consent").form(&form).await;
    assert_eq!(Back::in_answer(&told).error(), "access_denied");
    error_page(&bring(&client, &browser, &uri, &[]).await, "invalid_request_uri");
}

async fn a_client_that_must_push_is_refused_at_the_front(app: TestApp) {
    let client = own_app(&app, json!({ "require_par": true })).await;
    let browser = jane(&app).await.client;
    let told = client.back(&browser, &[]).await;
    assert_eq!(told.error(), "invalid_request");
    let uri = push(&client, &[]).await;
    Back::in_answer(&bring(&client, &browser, &uri, &[]).await).code();
}

async fn who_pushes_shows_who_they_are(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let mut form = parameters();
    form.push(("client_id", &client.id));
    refused(&app.program().post("/oauth2/par").form(&form).await, 401, "invalid_client");
    form.push(("client_secret", "wrong"));
    refused(&app.program().post("/oauth2/par").form(&form).await, 401, "invalid_client");
    let signing = signing_app(&app, "web", json!({})).await;
    let shown = assertion(&signing, &key(7), "one");
    let pushed = post_signed(&signing, "/oauth2/par", &parameters(), &shown).await;
    let uri = pushed.is(201).at("/request_uri");
    refused(&post_signed(&signing, "/oauth2/par", &parameters(), &shown).await, 401, "invalid_client");
    Back::in_answer(&bring(&signing, &jane(&app).await.client, &uri, &[]).await).code();
}

async fn what_is_pushed_is_judged_at_once(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    for (name, value, error) in [
        ("redirect_uri", "https://evil.example/", "invalid_request"),
        ("redirect_uri", "", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("scope", "openid phone", "invalid_scope"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("resource", "https://unknown.example", "invalid_target"),
        ("prompt", "none login", "invalid_request"),
        ("dpop_jkt", "short", "invalid_request"),
    ] {
        refused(&push_with(&client, &[(name, value)]).await, 400, error);
    }
    let machine = register(&app, "machine", json!({})).await;
    assert_eq!(push_with(&machine, &[]).await.status, 400);
}

async fn a_request_uri_cannot_be_pushed(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let uri = push(&client, &[]).await;
    refused(&push_with(&client, &[("request_uri", &uri)]).await, 400, "invalid_request");
}

async fn what_is_pushed_may_be_signed(app: TestApp) {
    let client = signing_app(&app, "web", json!({})).await;
    let mut claims = json!({ "iss": client.id, "aud": avnology_testkit::ORIGIN });
    for (name, value) in parameters() {
        claims[name] = json!(value);
    }
    let signed = object(&claims, &key(7));
    let form = [("client_id", client.id.as_str()), ("request", signed.as_str()), ("state", "outside")];
    let shown = assertion(&client, &key(7), "1");
    let pushed = post_signed(&client, "/oauth2/par", &form, &shown).await;
    let uri = pushed.is(201).at("/request_uri");
    let back = Back::in_answer(&bring(&client, &jane(&app).await.client, &uri, &[]).await);
    assert_eq!(back.get("state").as_deref(), Some("pushed"));
    let forged = object(&claims, &key(8));
    let form = [("client_id", client.id.as_str()), ("request", forged.as_str())];
    let shown = assertion(&client, &key(7), "2");
    refused(&post_signed(&client, "/oauth2/par", &form, &shown).await, 400, "invalid_request_object");
}

async fn public_clients_push_too(app: TestApp) {
    let client = register(&app, "spa", json!({ "first_party": true })).await;
    let uri = push(&client, &[]).await;
    let code = Back::in_answer(&bring(&client, &jane(&app).await.client, &uri, &[]).await).code();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    client.token(&form).await.ok();
}

async fn a_uri_that_nobody_pushed_is_refused_on_a_page(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let browser = jane(&app).await.client;
    let unknown = format!("urn:ietf:params:oauth:request_uri:{}", "A".repeat(43));
    for uri in [unknown.as_str(), "urn:ietf:params:oauth:request_uri:x", "https://app.example.com/request"] {
        error_page(&bring(&client, &browser, uri, &[]).await, "invalid_request_uri");
    }
    let both = bring(&client, &browser, &unknown, &[("request", "x")]).await;
    error_page(&both, "invalid_request");
}
