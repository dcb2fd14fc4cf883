//! Requests that clients sign (RFC 9101, `contract/30` §3.1), and what attackers try with them.

use avnology_testkit::{Client, ORIGIN, Person, TestApp, on_both_engines};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    kit::{Back, CALLBACK, Relying, VERIFIER, error_page, jane, own_app, refused},
    signing::{assertion, key, key_set, object, post_signed, signing_app},
};

on_both_engines! {
    a_signed_request_ends_in_a_code,
    what_stands_outside_is_not_read,
    an_unsigned_request_object_is_refused,
    a_request_object_by_another_key_is_refused,
    a_request_object_of_another_client_is_refused,
    a_request_object_for_somebody_else_is_refused,
    a_request_object_that_is_over_or_not_begun_is_refused,
    a_request_in_a_request_is_refused,
    a_token_of_another_type_is_no_request,
    both_ways_at_once_are_refused,
    only_the_registered_algorithm_counts,
    what_is_wrong_inside_is_told_to_the_client,
    a_signed_request_is_fetched_from_a_registered_uri,
    a_uri_that_is_not_registered_is_never_called,
    a_uri_that_does_not_answer_is_told_so,
    keys_at_a_uri_hold_for_requests_too,
    a_client_that_must_push_signs_nothing_through_the_front,
    addresses_of_requests_are_checked_when_they_are_registered,
    the_documents_say_that_requests_may_be_signed_and_pushed,
}

const URI: &str = "https://app.example.com/request.jwt";

fn claims(client: &Relying) -> Value {
    let now = client.app.now().seconds();
    json!({
        "iss": client.id, "aud": ORIGIN, "client_id": client.id, "exp": now + 60, "nbf": now,
        "response_type": "code", "redirect_uri": CALLBACK, "scope": "openid email", "state": "signed",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
    })
}

fn with(client: &Relying, name: &str, value: &Value) -> Value {
    let mut claims = claims(client);
    claims[name] = value.clone();
    claims
}

/// A client with a key, and somebody who is signed in.
async fn scene(app: &TestApp) -> (Relying, Person) {
    (signing_app(app, "web", json!({})).await, jane(app).await)
}

/// That this object is refused on a page.
async fn refuses(client: &Relying, browser: &Client, object: &str) {
    error_page(&client.bring(browser, &[("request", object)]).await, "invalid_request_object");
}

async fn a_signed_request_ends_in_a_code(app: TestApp) {
    let (client, jane) = scene(&app).await;
    let signed = object(&claims(&client), &key(7));
    let back = Back::in_answer(&client.bring(&jane.client, &[("request", &signed)]).await);
    assert_eq!(back.get("state").as_deref(), Some("signed"));
    let code = back.code();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let tokens = post_signed(&client, "/oauth2/token", &form, &assertion(&client, &key(7), "1")).await;
    assert_eq!(tokens.ok()["scope"], "openid email");
}

async fn what_stands_outside_is_not_read(app: TestApp) {
    let (client, jane) = scene(&app).await;
    let signed = object(&claims(&client), &key(7));
    let outside = [
        ("request", signed.as_str()),
        ("redirect_uri", "https://evil.example/"),
        ("state", "outside"),
        ("scope", "openid phone"),
        ("prompt", "login"),
        ("response_mode", "form_post"),
    ];
    let back = Back::in_answer(&client.bring(&jane.client, &outside).await);
    assert_eq!(back.get("state").as_deref(), Some("signed"));
    // What is left out inside is left out, whatever stands outside.
    let mut bare = claims(&client);
    bare.as_object_mut().expect("claims").remove("redirect_uri");
    let signed = object(&bare, &key(7));
    let outside = [("request", signed.as_str()), ("redirect_uri", CALLBACK)];
    error_page(&client.bring(&jane.client, &outside).await, "invalid_request");
}

async fn an_unsigned_request_object_is_refused(app: TestApp) {
    let (client, jane) = scene(&app).await;
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    for alg in ["none", "None", "nOnE", "HS256"] {
        let header = part(&json!({ "alg": alg, "typ": "oauth-authz-req+jwt" }));
        let unsigned = format!("{header}.{}.", part(&claims(&client)));
        refuses(&client, &jane.client, &unsigned).await;
    }
    let signed = object(&claims(&client), &key(7));
    let (stripped, _) = signed.rsplit_once('.').expect("a signature");
    refuses(&client, &jane.client, &format!("{stripped}.")).await;
    refuses(&client, &jane.client, "nonsense").await;
}

async fn a_request_object_by_another_key_is_refused(app: TestApp) {
    let (client, jane) = scene(&app).await;
    refuses(&client, &jane.client, &object(&claims(&client), &key(8))).await;
    // Nor does a key hold that the object brings along.
    let own = avnology_jose::jws::sign_with_own_key(
        &key(8),
        "oauth-authz-req+jwt",
        claims(&client).to_string().as_bytes(),
    );
    refuses(&client, &jane.client, &own.expect("an object")).await;
    let without = own_app(&app, json!({})).await;
    refuses(&without, &jane.client, &object(&claims(&without), &key(7))).await;
}

async fn a_request_object_of_another_client_is_refused(app: TestApp) {
    let (client, jane) = scene(&app).await;
    let other = signing_app(&app, "web", json!({ "jwks": key_set(&[&key(8)]) })).await;
    for name in ["iss", "client_id"] {
        let wrong = object(&with(&client, name, &json!(other.id)), &key(7));
        refuses(&client, &jane.client, &wrong).await;
    }
    // The other's own object, sent under this client's name.
    refuses(&client, &jane.client, &object(&claims(&other), &key(8))).await;
}

async fn a_request_object_for_somebody_else_is_refused(app: TestApp) {
    let (client, jane) = scene(&app).await;
    for audience in [json!("https://other.example"), json!(["https://other.example"]), json!([]), json!(7)] {
        refuses(&client, &jane.client, &object(&with(&client, "aud", &audience), &key(7))).await;
    }
    let several = object(&with(&client, "aud", &json!(["https://other.example", ORIGIN])), &key(7));
    Back::in_answer(&client.bring(&jane.client, &[("request", &several)]).await).code();
}

async fn a_request_object_that_is_over_or_not_begun_is_refused(app: TestApp) {
    let (client, jane) = scene(&app).await;
    let now = app.now().seconds();
    for (name, value) in [("exp", now - 30), ("nbf", now + 31), ("iat", now + 31)] {
        refuses(&client, &jane.client, &object(&with(&client, name, &json!(value)), &key(7))).await;
    }
}

async fn a_request_in_a_request_is_refused(app: TestApp) {
    let (client, jane) = scene(&app).await;
    let inner = object(&claims(&client), &key(7));
    for (name, value) in [("request", inner.as_str()), ("request_uri", URI), ("request_uri", "urn:x")] {
        refuses(&client, &jane.client, &object(&with(&client, name, &json!(value)), &key(7))).await;
    }
}

async fn a_token_of_another_type_is_no_request(app: TestApp) {
    let (client, jane) = scene(&app).await;
    for typ in ["dpop+jwt", "logout+jwt", "secevent+jwt"] {
        let claims = claims(&client);
        let other = avnology_jose::jwt::sign(&key(7), typ, claims.as_object().expect("claims"));
        refuses(&client, &jane.client, &other.expect("a token")).await;
    }
}

async fn both_ways_at_once_are_refused(app: TestApp) {
    let (client, jane) = scene(&app).await;
    let signed = object(&claims(&client), &key(7));
    let both = [("request", signed.as_str()), ("request_uri", URI)];
    error_page(&client.bring(&jane.client, &both).await, "invalid_request");
}

async fn only_the_registered_algorithm_counts(app: TestApp) {
    let more = json!({ "request_object_signing_alg": "PS256" });
    let client = signing_app(&app, "web", more).await;
    let jane = jane(&app).await;
    refuses(&client, &jane.client, &object(&claims(&client), &key(7))).await;
    let client = signing_app(&app, "web", json!({ "request_object_signing_alg": "ES256" })).await;
    let signed = object(&claims(&client), &key(7));
    Back::in_answer(&client.bring(&jane.client, &[("request", &signed)]).await).code();
}

async fn what_is_wrong_inside_is_told_to_the_client(app: TestApp) {
    let (client, jane) = scene(&app).await;
    let wrong = object(&with(&client, "response_type", &json!("token")), &key(7));
    let told = Back::in_answer(&client.bring(&jane.client, &[("request", &wrong)]).await);
    assert_eq!(told.error(), "unsupported_response_type");
    assert_eq!(told.get("state").as_deref(), Some("signed"));
}

async fn a_signed_request_is_fetched_from_a_registered_uri(app: TestApp) {
    let client = signing_app(&app, "web", json!({ "request_uris": [URI] })).await;
    let jane = jane(&app).await;
    app.web().put(URI, object(&claims(&client), &key(7)));
    let answer = client.bring(&jane.client, &[("request_uri", URI), ("state", "outside")]).await;
    assert_eq!(Back::in_answer(&answer).get("state").as_deref(), Some("signed"));
    app.web().put(URI, object(&claims(&client), &key(8)));
    let forged = client.bring(&jane.client, &[("request_uri", URI)]).await;
    error_page(&forged, "invalid_request_object");
}

async fn a_uri_that_is_not_registered_is_never_called(app: TestApp) {
    let client = signing_app(&app, "web", json!({ "request_uris": [URI] })).await;
    let jane = jane(&app).await;
    for other in [&format!("{URI}?x=1"), "https://app.example.com/", "https://evil.example/request.jwt"] {
        app.web().put(other, object(&claims(&client), &key(7)));
        let answer = client.bring(&jane.client, &[("request_uri", other)]).await;
        error_page(&answer, "invalid_request_uri");
        assert_eq!(app.web().fetched(other), 0, "{other}");
    }
}

async fn a_uri_that_does_not_answer_is_told_so(app: TestApp) {
    let client = signing_app(&app, "web", json!({ "request_uris": [URI] })).await;
    let jane = jane(&app).await;
    error_page(&client.bring(&jane.client, &[("request_uri", URI)]).await, "invalid_request_uri");
    app.web().put(URI, [0xff, 0xfe]);
    error_page(&client.bring(&jane.client, &[("request_uri", URI)]).await, "invalid_request_uri");
}

async fn keys_at_a_uri_hold_for_requests_too(app: TestApp) {
    let keys = "https://app.example.com/keys.json";
    app.web().put(keys, key_set(&[&key(9)]).to_string());
    let client = signing_app(&app, "web", json!({ "jwks_uri": keys })).await;
    let jane = jane(&app).await;
    let signed = object(&claims(&client), &key(9));
    Back::in_answer(&client.bring(&jane.client, &[("request", &signed)]).await).code();
}

async fn a_client_that_must_push_signs_nothing_through_the_front(app: TestApp) {
    let client = signing_app(&app, "web", json!({ "require_par": true })).await;
    let signed = object(&claims(&client), &key(7));
    let told = Back::in_answer(&client.bring(&jane(&app).await.client, &[("request", &signed)]).await);
    assert_eq!(told.error(), "invalid_request");
}

async fn addresses_of_requests_are_checked_when_they_are_registered(app: TestApp) {
    for (uris, field) in [
        (json!(["http://app.example.com/r"]), "request_uris[0]"),
        (json!([URI, "https://127.0.0.1/r"]), "request_uris[1]"),
        (json!([URI, URI]), "request_uris[1]"),
        (json!((0..21).map(|n| format!("https://app.example.com/{n}")).collect::<Vec<_>>()), "request_uris"),
    ] {
        let body =
            json!({ "name": "Shop", "type": "web", "redirect_uris": [CALLBACK], "request_uris": uris });
        let answer = app.admin_key().post("/v1/clients").json(&body).await;
        assert_eq!(answer.is(400)["errors"][0]["field"], field, "{answer}");
    }
}

async fn the_documents_say_that_requests_may_be_signed_and_pushed(app: TestApp) {
    let document = app.program().get("/.well-known/openid-configuration").await.ok().clone();
    assert_eq!(document["pushed_authorization_request_endpoint"], format!("{ORIGIN}/oauth2/par"));
    assert_eq!(document["require_pushed_authorization_requests"], false);
    for member in
        ["request_parameter_supported", "request_uri_parameter_supported", "require_request_uri_registration"]
    {
        assert_eq!(document[member], true, "{member}");
    }
    let algorithms = document["request_object_signing_alg_values_supported"].as_array().expect("a list");
    assert!(algorithms.contains(&json!("ES256")) && !algorithms.contains(&json!("none")));
    refused(&app.program().get("/oauth2/par").await, 405, "invalid_request");
}
