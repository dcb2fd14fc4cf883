//! Clients that live by the FAPI 2.0 Security Profile (`contract/30` §14): each row of its table.

use avnology_jose::SigningKey;
use avnology_model::Code;
use avnology_testkit::{Answer, Client, ORIGIN, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::{
    kit::{Back, CALLBACK, Relying, VERIFIER, jane, refused, verified},
    signing::{assertion, key, key_set, object, proof, signing_app},
};

on_both_engines! {
    a_client_lives_by_the_profile_from_the_request_to_the_tokens,
    a_client_that_breaks_rows_is_told_each_of_them,
    a_client_that_changes_over_is_told_the_same,
    what_the_profile_decides_is_its_default,
    the_assertion_is_for_the_issuer_as_a_text,
    assertions_and_proofs_by_rs256_are_refused,
    what_is_not_pushed_is_refused,
    the_pushed_request_names_where_it_goes_back_to,
    answers_come_in_the_query,
    tokens_are_given_to_a_proven_key_with_a_nonce_alone,
    refresh_tokens_stay_the_same_and_need_a_proof_of_some_key,
    a_request_object_has_both_its_times,
    no_page_reads_what_the_token_endpoint_says,
}

fn settings() -> Value {
    json!({
        "security_profile": "fapi2", "refresh_token_rotation": false,
        "scopes": ["openid", "email", "offline_access"], "first_party": true,
    })
}

async fn bank(app: &TestApp, more: Value) -> Relying {
    let mut all = settings();
    all.as_object_mut().expect("members").extend(more.as_object().expect("members").clone());
    signing_app(app, "web", all).await
}

const BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A form with an assertion, and with a proof of a key if there is one.
async fn post(client: &Relying, path: &str, form: &[(&str, &str)], jti: &str, proof: Option<&str>) -> Answer {
    let shown = assertion(client, &key(7), jti);
    let shown = [("client_assertion_type", BEARER), ("client_assertion", shown.as_str())];
    let call = client.app.program().post(path);
    let call = match proof {
        Some(proof) => call.header("dpop", proof),
        None => call,
    };
    call.form(&[form, &shown].concat()).await
}

fn request() -> Vec<(&'static str, &'static str)> {
    vec![
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid email offline_access"),
        ("state", "s"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ]
}

async fn push(client: &Relying, jti: &str) -> String {
    post(client, "/oauth2/par", &request(), jti, None).await.is(201).at("/request_uri")
}

async fn bring(client: &Relying, browser: &Client, pairs: &[(&str, &str)]) -> Back {
    Back::in_answer(&client.bring(browser, pairs).await)
}

async fn code(client: &Relying, browser: &Client, jti: &str) -> String {
    let uri = push(client, jti).await;
    bring(client, browser, &[("request_uri", &uri)]).await.code()
}

fn redeeming(code: &str) -> [(&'static str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

fn claims(app: &TestApp, jti: &str, nonce: Option<&str>) -> Value {
    let mut claims = json!({
        "jti": jti, "htm": "POST", "htu": format!("{ORIGIN}/oauth2/token"), "iat": app.now().seconds(),
    });
    if let Some(nonce) = nonce {
        claims["nonce"] = json!(nonce);
    }
    claims
}

async fn proven(app: &TestApp, key: &SigningKey, jti: &str) -> String {
    let told = app.program().get("/healthz").header("dpop", "x").await;
    proof(&claims(app, jti, Some(told.header("dpop-nonce"))), key)
}

async fn tokens(client: &Relying, browser: &Client, jti: &str) -> Answer {
    let code = code(client, browser, &format!("par-{jti}")).await;
    let by_key = proven(&client.app, &key(9), jti).await;
    post(client, "/oauth2/token", &redeeming(&code), &format!("token-{jti}"), Some(&by_key)).await
}

async fn a_client_lives_by_the_profile_from_the_request_to_the_tokens(app: TestApp) {
    let client = bank(&app, json!({})).await;
    let tokens = tokens(&client, &jane(&app).await.client, "1").await;
    assert_eq!((tokens.ok()["token_type"].as_str(), &tokens["expires_in"]), (Some("DPoP"), &json!(900)));
    let access = verified(&app, &tokens.at("/access_token"), "at+jwt").await;
    assert_eq!(access["cnf"]["jkt"], json!(key(9).public().thumbprint()));
    let id_token = avnology_jose::jws::Unverified::parse(tokens["id_token"].as_str().expect("a token"));
    assert_eq!(id_token.expect("a token").algorithm(), Some(avnology_jose::Algorithm::Es256));
}

async fn a_client_that_breaks_rows_is_told_each_of_them(app: TestApp) {
    let broken = [
        (json!({ "token_endpoint_auth_method": "client_secret_basic" }), "token_endpoint_auth_method"),
        (json!({ "require_pkce": false }), "require_pkce"),
        (json!({ "refresh_token_rotation": true }), "refresh_token_rotation"),
        (json!({ "access_token_ttl_seconds": 901 }), "access_token_ttl_seconds"),
        (json!({ "access_token_signed_response_alg": "RS256" }), "access_token_signed_response_alg"),
        (json!({ "id_token_signed_response_alg": "RS256" }), "id_token_signed_response_alg"),
        (json!({ "userinfo_signed_response_alg": "RS256" }), "userinfo_signed_response_alg"),
        (json!({ "request_object_signing_alg": "RS256" }), "request_object_signing_alg"),
        (json!({ "allowed_cors_origins": ["https://app.example.com"] }), "allowed_cors_origins"),
    ];
    let good = json!({
        "name": "Bank", "type": "web", "redirect_uris": [CALLBACK], "security_profile": "fapi2",
        "token_endpoint_auth_method": "private_key_jwt", "jwks": key_set(&[&key(7)]), "refresh_token_rotation": false,
    });
    let mut all = good.clone();
    for (more, field) in &broken {
        let more = more.as_object().expect("members").clone();
        let mut body = good.clone();
        body.as_object_mut().expect("members").extend(more.clone());
        all.as_object_mut().expect("members").extend(more);
        let answer = app.admin_key().post("/v1/clients").json(&body).await;
        answer.refused_fields(Code::ValidationFailed, &[(*field, "conflict")]);
    }
    let answer = app.admin_key().post("/v1/clients").json(&all).await;
    answer.refused(Code::ValidationFailed);
    assert_eq!(answer.fields().len(), broken.len(), "{answer}");
    let public =
        json!({ "name": "App", "type": "spa", "redirect_uris": [CALLBACK], "security_profile": "fapi2" });
    let answer = app.admin_key().post("/v1/clients").json(&public).await;
    assert!(answer.fields().iter().any(|(field, _)| field == "type"), "{answer}");
    app.admin_key().post("/v1/clients").json(&good).await.created();
}

async fn a_client_that_changes_over_is_told_the_same(app: TestApp) {
    let client = signing_app(&app, "web", json!({})).await;
    let path = format!("/v1/clients/{}", client.id);
    let over = |more: Value| {
        let mut change = json!({ "security_profile": "fapi2" });
        change.as_object_mut().expect("members").extend(more.as_object().expect("members").clone());
        app.admin_key().patch(&path).json(&change)
    };
    let answer = over(json!({})).await;
    let fields = [("refresh_token_rotation", "conflict"), ("id_token_signed_response_alg", "conflict")];
    answer.refused_fields(Code::ValidationFailed, &fields);
    let change = json!({ "refresh_token_rotation": false, "id_token_signed_response_alg": "PS256" });
    let changed = over(change).await;
    assert_eq!(changed.ok()["security_profile"], "fapi2");
    let back = app.admin_key().patch(&path).json(&json!({ "refresh_token_rotation": true })).await;
    back.refused_fields(Code::ValidationFailed, &[("refresh_token_rotation", "conflict")]);
}

async fn what_the_profile_decides_is_its_default(app: TestApp) {
    let client = bank(&app, json!({})).await;
    let read = app.admin_key().get(&format!("/v1/clients/{}", client.id)).await;
    assert_eq!(read.ok()["id_token_signed_response_alg"], "ES256");
    let other = signing_app(&app, "web", json!({})).await;
    let read = app.admin_key().get(&format!("/v1/clients/{}", other.id)).await;
    assert_eq!(read.ok()["id_token_signed_response_alg"], "RS256");
    assert_eq!(read["security_profile"], "oauth2.1");
}

async fn the_assertion_is_for_the_issuer_as_a_text(app: TestApp) {
    let client = bank(&app, json!({})).await;
    let now = app.now().seconds();
    for (n, (audience, is_good)) in [
        (json!(format!("{ORIGIN}/oauth2/par")), false),
        (json!(format!("{ORIGIN}/oauth2/token")), false),
        (json!([ORIGIN]), false),
        (json!([ORIGIN, "https://other.example"]), false),
        (json!(ORIGIN), true),
    ]
    .into_iter()
    .enumerate()
    {
        let claims = json!({
            "iss": client.id, "sub": client.id, "aud": audience, "iat": now, "exp": now + 60, "jti": n.to_string(),
        });
        let shown = avnology_jose::jwt::sign(&key(7), "JWT", claims.as_object().expect("claims"));
        let shown = shown.expect("an assertion");
        let form =
            [&request()[..], &[("client_assertion_type", BEARER), ("client_assertion", &shown)]].concat();
        let answer = app.program().post("/oauth2/par").form(&form).await;
        if is_good {
            answer.is(201);
        } else {
            refused(&answer, 401, "invalid_client");
        }
    }
}

async fn assertions_and_proofs_by_rs256_are_refused(app: TestApp) {
    let rsa = SigningKey::generate_rsa(avnology_jose::Algorithm::Rs256).expect("a key");
    let client = bank(&app, json!({ "jwks": key_set(&[&key(7), &rsa]) })).await;
    let shown = assertion(&client, &rsa, "1");
    let form = [&request()[..], &[("client_assertion_type", BEARER), ("client_assertion", &shown)]].concat();
    refused(&app.program().post("/oauth2/par").form(&form).await, 401, "invalid_client");
    let code = code(&client, &jane(&app).await.client, "2").await;
    let by_rsa = proven(&app, &rsa, "3").await;
    let answer = post(&client, "/oauth2/token", &redeeming(&code), "4", Some(&by_rsa)).await;
    refused(&answer, 400, "invalid_dpop_proof");
}

async fn what_is_not_pushed_is_refused(app: TestApp) {
    let client = bank(&app, json!({})).await;
    let browser = jane(&app).await.client;
    let told = bring(&client, &browser, &request()).await;
    assert_eq!(told.error(), "invalid_request");
    // What stands beside a pushed request is not read.
    let uri = push(&client, "1").await;
    let more = [("request_uri", uri.as_str()), ("state", "front"), ("prompt", "none login")];
    let back = bring(&client, &browser, &more).await;
    assert_eq!(back.get("state").as_deref(), Some("s"));
    back.code();
}

async fn the_pushed_request_names_where_it_goes_back_to(app: TestApp) {
    let client = bank(&app, json!({})).await;
    let mut form = request();
    form.retain(|(name, _)| *name != "redirect_uri");
    form.retain(|(name, _)| *name != "scope");
    refused(&post(&client, "/oauth2/par", &form, "1", None).await, 400, "invalid_request");
}

async fn answers_come_in_the_query(app: TestApp) {
    let client = bank(&app, json!({})).await;
    let form = [&request()[..], &[("response_mode", "form_post")]].concat();
    refused(&post(&client, "/oauth2/par", &form, "1", None).await, 400, "invalid_request");
}

async fn tokens_are_given_to_a_proven_key_with_a_nonce_alone(app: TestApp) {
    let client = bank(&app, json!({})).await;
    let code = code(&client, &jane(&app).await.client, "0").await;
    let bare = post(&client, "/oauth2/token", &redeeming(&code), "1", None).await;
    refused(&bare, 400, "invalid_dpop_proof");
    let without = proof(&claims(&app, "1", None), &key(9));
    let told = post(&client, "/oauth2/token", &redeeming(&code), "2", Some(&without)).await;
    refused(&told, 400, "use_dpop_nonce");
    let with_nonce = proof(&claims(&app, "2", Some(told.header("dpop-nonce"))), &key(9));
    post(&client, "/oauth2/token", &redeeming(&code), "3", Some(&with_nonce)).await.ok();
}

async fn refresh_tokens_stay_the_same_and_need_a_proof_of_some_key(app: TestApp) {
    let client = bank(&app, json!({})).await;
    let refresh = tokens(&client, &jane(&app).await.client, "1").await.at("/refresh_token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    refused(&post(&client, "/oauth2/token", &form, "2", None).await, 400, "invalid_grant");
    // The assertion says whose the token is; the key of the proof may be another one each time.
    for (jti, key) in [("3", key(9)), ("4", key(10)), ("5", key(9))] {
        let next = post(&client, "/oauth2/token", &form, jti, Some(&proven(&app, &key, jti).await)).await;
        assert_eq!(next.ok()["refresh_token"], refresh.as_str());
        let access = verified(&app, &next.at("/access_token"), "at+jwt").await;
        assert_eq!(access["cnf"]["jkt"], json!(key.public().thumbprint()));
    }
}

async fn a_request_object_has_both_its_times(app: TestApp) {
    let client = bank(&app, json!({})).await;
    let now = app.now().seconds();
    let mut good = json!({ "iss": client.id, "aud": ORIGIN, "exp": now + 60, "nbf": now });
    for (name, value) in request() {
        good[name] = json!(value);
    }
    let push = async |claims: &Value, jti: &str| {
        let signed = object(claims, &key(7));
        let form = [("client_id", client.id.as_str()), ("request", signed.as_str())];
        post(&client, "/oauth2/par", &form, jti, None).await
    };
    for (n, (name, value)) in
        [("exp", Value::Null), ("nbf", Value::Null), ("exp", json!(now + 3_631)), ("nbf", json!(now - 3_631))]
            .into_iter()
            .enumerate()
    {
        let mut wrong = good.clone();
        wrong[name] = value;
        if wrong[name].is_null() {
            wrong.as_object_mut().expect("claims").remove(name);
        }
        refused(&push(&wrong, &n.to_string()).await, 400, "invalid_request_object");
    }
    push(&good, "good").await.is(201);
}

async fn no_page_reads_what_the_token_endpoint_says(app: TestApp) {
    let origin = "https://app.example.com";
    app.settings(json!({ "allowed_cors_origins": [origin] })).await;
    let client = bank(&app, json!({})).await;
    let other = crate::kit::own_app(&app, json!({})).await;
    let ask = async |id: &str| {
        let form = [("grant_type", "authorization_code"), ("code", "x"), ("client_id", id)];
        let call = app.program().post("/oauth2/token").header("origin", origin);
        call.form(&form).await.header("access-control-allow-origin").to_owned()
    };
    assert_eq!(ask(&other.id).await, origin);
    assert_eq!(ask(&client.id).await, "");
}
