//! Keys of clients at a `jwks_uri` (`contract/30` §2.1).

use std::time::Duration;

use avnology_jose::SigningKey;
use avnology_model::Code;
use avnology_testkit::{TestApp, on_both_engines};
use serde_json::json;

use crate::{
    kit::{Relying, refused, register},
    signing::{assertion, key, key_set, post_signed, signing_app},
};

on_both_engines! {
    keys_at_a_uri_are_fetched_when_they_are_needed_and_kept_for_five_minutes,
    a_key_that_is_unknown_is_looked_for_at_once_and_then_not_for_half_a_minute,
    a_key_that_left_the_set_is_good_for_nothing_after_five_minutes,
    no_key_is_believed_while_the_set_cannot_be_had,
    a_set_is_a_document_of_public_keys,
    a_uri_is_an_address_outside_and_stands_beside_no_keys,
}

const URI: &str = "https://app.example.com/keys.json";
const GRANT: (&str, &str) = ("grant_type", "client_credentials");

async fn job(app: &TestApp) -> Relying {
    signing_app(app, "machine", json!({ "jwks_uri": URI })).await
}

/// Whether an assertion by this key is taken.
async fn takes(client: &Relying, key: &SigningKey, jti: &str) -> bool {
    let answer = post_signed(client, "/oauth2/token", &[GRANT], &assertion(client, key, jti)).await;
    if answer.status != 200 {
        refused(&answer, 401, "invalid_client");
    }
    answer.status == 200
}

async fn keys_at_a_uri_are_fetched_when_they_are_needed_and_kept_for_five_minutes(app: TestApp) {
    // How long the server of the set lets it be kept does not matter.
    app.web().put_for(URI, key_set(&[&key(7)]).to_string(), Duration::from_hours(1));
    let client = job(&app).await;
    assert_eq!(app.web().fetched(URI), 0);
    assert!(takes(&client, &key(7), "1").await && takes(&client, &key(7), "2").await);
    app.advance(299);
    assert!(takes(&client, &key(7), "3").await);
    assert_eq!(app.web().fetched(URI), 1);
    app.advance(1);
    assert!(takes(&client, &key(7), "4").await);
    assert_eq!(app.web().fetched(URI), 2);
}

async fn a_key_that_is_unknown_is_looked_for_at_once_and_then_not_for_half_a_minute(app: TestApp) {
    app.web().put(URI, key_set(&[&key(7)]).to_string());
    let client = job(&app).await;
    assert!(takes(&client, &key(7), "1").await);
    app.advance(31);
    app.web().put(URI, key_set(&[&key(7), &key(8)]).to_string());
    assert!(takes(&client, &key(8), "2").await, "a new key is good at once");
    assert_eq!(app.web().fetched(URI), 2);
    app.web().put(URI, key_set(&[&key(7), &key(8), &key(9)]).to_string());
    assert!(!takes(&client, &key(9), "3").await && !takes(&client, &key(10), "4").await);
    assert_eq!(app.web().fetched(URI), 2, "nobody makes us ask again and again");
    app.advance(30);
    assert!(takes(&client, &key(9), "5").await);
    assert_eq!(app.web().fetched(URI), 3);
}

async fn a_key_that_left_the_set_is_good_for_nothing_after_five_minutes(app: TestApp) {
    app.web().put(URI, key_set(&[&key(7)]).to_string());
    let client = job(&app).await;
    assert!(takes(&client, &key(7), "1").await);
    app.web().put(URI, key_set(&[&key(8)]).to_string());
    app.advance(300);
    assert!(!takes(&client, &key(7), "2").await);
    assert!(takes(&client, &key(8), "3").await);
}

async fn no_key_is_believed_while_the_set_cannot_be_had(app: TestApp) {
    let client = job(&app).await;
    assert!(!takes(&client, &key(7), "1").await);
    app.web().put(URI, key_set(&[&key(7)]).to_string());
    assert!(!takes(&client, &key(7), "2").await, "not asked again at once");
    app.advance(5);
    assert!(takes(&client, &key(7), "3").await);
    app.web().remove(URI);
    app.advance(200);
    assert!(takes(&client, &key(7), "4").await, "what was fetched is good for its time");
    app.advance(100);
    assert!(!takes(&client, &key(7), "5").await);
}

async fn a_set_is_a_document_of_public_keys(app: TestApp) {
    let client = job(&app).await;
    let private = json!({ "keys": [{ "kty": "oct", "k": "c2VjcmV0" }] });
    for document in ["", "<html>", "[]", "{}", &private.to_string()] {
        app.web().put(URI, document);
        app.advance(5);
        assert!(!takes(&client, &key(7), document).await, "{document}");
    }
}

async fn a_uri_is_an_address_outside_and_stands_beside_no_keys(app: TestApp) {
    let body = |more: serde_json::Value| {
        let mut body =
            json!({ "name": "Job", "type": "machine", "token_endpoint_auth_method": "private_key_jwt" });
        body.as_object_mut().expect("a body").extend(more.as_object().expect("members").clone());
        body
    };
    for uri in [
        "http://app.example.com/keys",
        "https://127.0.0.1/keys",
        "https://a@b.example/keys",
        "keys",
        "https://a.example/#x",
    ] {
        let refused = app.admin_key().post("/v1/clients").json(&body(json!({ "jwks_uri": uri }))).await;
        refused.refused_fields(Code::ValidationFailed, &[("jwks_uri", "invalid_format")]);
    }
    let both = body(json!({ "jwks_uri": URI, "jwks": key_set(&[&key(7)]) }));
    let two = app.admin_key().post("/v1/clients").json(&both).await;
    two.refused_fields(Code::ValidationFailed, &[("jwks_uri", "conflict")]);
    let none = app.admin_key().post("/v1/clients").json(&body(json!({}))).await;
    none.refused_fields(Code::ValidationFailed, &[("jwks", "required")]);
    let client = register(&app, "web", json!({ "jwks_uri": URI })).await;
    let read = app.admin_key().get(&format!("/v1/clients/{}", client.id)).await;
    assert_eq!(read.ok()["jwks_uri"], URI);
}
