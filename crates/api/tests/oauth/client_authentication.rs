//! Who calls (RFC 6749 §2.3, RFC 7523, `contract/30` §4.1).

use avnology_jose::{Algorithm, SigningKey, jwt};
use avnology_testkit::{Answer, ORIGIN, TestApp, on_both_engines};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::kit::{Relying, refused, register};

on_both_engines! {
    a_client_shows_what_it_registered_and_nothing_else,
    wrong_secrets_are_told_apart_from_nothing,
    a_client_with_a_key_signs_who_it_is,
    an_assertion_is_good_once,
    of_two_who_send_an_assertion_at_once_one_gets_in,
    requests_that_are_no_forms_are_told_so,
    a_parameter_that_is_there_twice_is_refused,
}

const GRANT: (&str, &str) = ("grant_type", "client_credentials");
const BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

async fn form(app: &TestApp, form: &[(&str, &str)]) -> Answer {
    app.program().post("/oauth2/token").form(form).await
}

async fn a_client_shows_what_it_registered_and_nothing_else(app: TestApp) {
    let basic = register(&app, "machine", json!({})).await;
    let secret = basic.secret.clone().expect("a secret");
    basic.token(&[GRANT]).await.ok();
    let in_form = [GRANT, ("client_id", basic.id.as_str()), ("client_secret", secret.as_str())];
    refused(&form(&app, &in_form).await, 401, "invalid_client");
    let both =
        app.program().post("/oauth2/token").header("authorization", &basic.basic()).form(&in_form).await;
    refused(&both, 400, "invalid_request");
    let post = register(&app, "machine", json!({ "token_endpoint_auth_method": "client_secret_post" })).await;
    let secret = post.secret.clone().expect("a secret");
    form(&app, &[GRANT, ("client_id", &post.id), ("client_secret", &secret)]).await.ok();
    refused(&post.token(&[GRANT]).await, 401, "invalid_client");
    refused(&form(&app, &[GRANT, ("client_id", &post.id)]).await, 401, "invalid_client");
}

async fn wrong_secrets_are_told_apart_from_nothing(app: TestApp) {
    let client = register(&app, "machine", json!({})).await;
    let other = register(&app, "machine", json!({})).await;
    let mut words = Vec::new();
    for (id, secret) in [
        (client.id.as_str(), "wrong"),
        (client.id.as_str(), other.secret.as_deref().expect("a secret")),
        ("cli_01kjpwfebhf9xrvqney6fmm27s", client.secret.as_deref().expect("a secret")),
        ("nobody", "nothing"),
    ] {
        let header = format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")));
        let answer =
            app.program().post("/oauth2/token").header("authorization", &header).form(&[GRANT]).await;
        refused(&answer, 401, "invalid_client");
        assert!(answer.header("www-authenticate").starts_with("Basic "), "{answer}");
        words.push(answer.at("/error_description"));
    }
    words.dedup();
    assert_eq!(words.len(), 1, "the answer tells nothing: {words:?}");
    refused(&form(&app, &[GRANT]).await, 401, "invalid_client");
}

async fn with_key(app: &TestApp) -> (Relying, SigningKey) {
    let key = SigningKey::from_secret(&[7; 32]).expect("a key");
    let more = json!({
        "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [key.public().to_jwk()] },
    });
    (register(app, "machine", more).await, key)
}

fn claims(app: &TestApp, client: &Relying, jti: &str) -> Value {
    let now = app.now().seconds();
    json!({ "iss": client.id, "sub": client.id, "aud": ORIGIN, "iat": now, "exp": now + 60, "jti": jti })
}

async fn assert_with(app: &TestApp, key: &SigningKey, claims: &Value) -> Answer {
    let claims = claims.as_object().expect("claims");
    let assertion = jwt::sign(key, "JWT", claims).expect("an assertion");
    form(app, &[GRANT, ("client_assertion_type", BEARER), ("client_assertion", &assertion)]).await
}

async fn a_client_with_a_key_signs_who_it_is(app: TestApp) {
    let (client, key) = with_key(&app).await;
    assert_with(&app, &key, &claims(&app, &client, "1")).await.ok();
    let mut endpoint = claims(&app, &client, "2");
    endpoint["aud"] = json!([format!("{ORIGIN}/oauth2/token")]);
    assert_with(&app, &key, &endpoint).await.ok();
    let now = app.now().seconds();
    for (name, value) in [
        ("iss", json!("cli_01kjpwfebhf9xrvqney6fmm27s")),
        ("aud", json!("https://other.example")),
        ("exp", json!(now - 31)),
        ("exp", json!(now + 400)),
        ("iat", json!(now + 60)),
        ("nbf", json!(now + 60)),
        ("jti", json!(null)),
        ("exp", json!(null)),
    ] {
        let mut wrong = claims(&app, &client, "3");
        if value.is_null() {
            wrong.as_object_mut().expect("claims").remove(name);
        } else {
            wrong[name] = value;
        }
        refused(&assert_with(&app, &key, &wrong).await, 401, "invalid_client");
    }
    let foreign = SigningKey::from_secret(&[8; 32]).expect("a key");
    refused(&assert_with(&app, &foreign, &claims(&app, &client, "4")).await, 401, "invalid_client");
    assert_eq!(key.algorithm(), Algorithm::Es256);
}

async fn an_assertion_is_good_once(app: TestApp) {
    let (client, key) = with_key(&app).await;
    let one = claims(&app, &client, "once");
    assert_with(&app, &key, &one).await.ok();
    refused(&assert_with(&app, &key, &one).await, 401, "invalid_client");
}

async fn of_two_who_send_an_assertion_at_once_one_gets_in(app: TestApp) {
    let (client, key) = with_key(&app).await;
    for round in 0..5 {
        let one = claims(&app, &client, &format!("race-{round}"));
        let (first, second) = tokio::join!(assert_with(&app, &key, &one), assert_with(&app, &key, &one));
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401]);
    }
}

async fn requests_that_are_no_forms_are_told_so(app: TestApp) {
    let client = register(&app, "machine", json!({})).await;
    let call = || app.program().post("/oauth2/token").header("authorization", &client.basic());
    refused(&call().json(&json!({ "grant_type": "client_credentials" })).await, 415, "invalid_request");
    refused(
        &call().raw("application/x-www-form-urlencoded", vec![b'a'; 70_000]).await,
        400,
        "invalid_request",
    );
    refused(
        &call().raw("application/x-www-form-urlencoded", vec![b'a'; 2 << 20]).await,
        413,
        "invalid_request",
    );
    refused(&call().raw("application/x-www-form-urlencoded", "grant_type=%ff").await, 400, "invalid_request");
    let get = app.program().get("/oauth2/token").await;
    refused(&get, 405, "invalid_request");
    assert_eq!(get.header("allow"), "POST");
}

async fn a_parameter_that_is_there_twice_is_refused(app: TestApp) {
    let client = register(&app, "machine", json!({})).await;
    refused(&client.token(&[GRANT, ("scope", "a"), ("scope", "a")]).await, 400, "invalid_request");
    refused(&client.token(&[GRANT, GRANT]).await, 400, "invalid_request");
}
