//! Tokens that are bound to a key, and proofs of it (RFC 9449, `contract/30` §8), with what attackers try.

use std::sync::atomic::{AtomicUsize, Ordering};

use avnology_jose::{SigningKey, jws, jwt};
use avnology_model::Code;
use avnology_oauth::dpop::token_hash;
use avnology_testkit::{Answer, Call, ORIGIN, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::{
    kit::{CALLBACK, Relying, VERIFIER, jane, own_app, refused, register, verified},
    signing::{key, proof, signing_app},
};

on_both_engines! {
    tokens_are_bound_to_the_key_that_was_proven,
    without_a_proof_tokens_are_bearers,
    a_proof_for_another_request_is_refused_and_the_code_stays_good,
    a_proof_is_good_once_wherever_it_comes,
    of_two_who_send_a_proof_at_once_one_gets_tokens,
    a_public_client_is_told_a_nonce_and_proves_again_with_it,
    a_nonce_is_ours_and_five_minutes_good,
    every_answer_to_a_proof_brings_a_new_nonce,
    a_bound_token_sent_as_bearer_is_refused,
    at_userinfo_the_proof_names_the_token_the_method_and_the_url,
    at_the_api_the_proof_names_the_token_the_method_and_the_url,
    at_resources_public_clients_need_a_nonce_too,
    a_token_that_is_bound_to_no_key_is_no_bound_one,
    a_code_for_a_key_is_redeemed_by_that_key_alone,
    a_proof_with_a_pushed_request_binds_its_code,
    refresh_tokens_of_public_clients_are_bound_to_the_key,
    refresh_tokens_of_confidential_clients_go_with_any_key,
    a_client_that_must_prove_a_key_gets_nothing_without,
    refresh_tokens_need_not_rotate_for_clients_that_must_prove_a_key,
    introspection_tells_the_key,
    a_client_binds_its_own_tokens,
    the_documents_say_how_proofs_are_signed,
}

fn claims(app: &TestApp, method: &str, path: &str, jti: &str) -> Value {
    json!({ "jti": jti, "htm": method, "htu": format!("{ORIGIN}{path}"), "iat": app.now().seconds() })
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

/// A form of a client with these proofs.
async fn post(client: &Relying, path: &str, form: &[(&str, &str)], proofs: &[&str]) -> Answer {
    let call = client.app.program().post(path);
    let call = proofs.iter().fold(call, |call: Call, proof| call.header("dpop", proof));
    match &client.secret {
        Some(_) => call.header("authorization", &client.basic()).form(form).await,
        None => call.form(&[form, &[("client_id", client.id.as_str())]].concat()).await,
    }
}

/// A nonce that is good now.
async fn nonce(app: &TestApp) -> String {
    let answer = app.program().get("/healthz").header("dpop", "x").await;
    let nonce = answer.header("dpop-nonce").to_owned();
    assert!(!nonce.is_empty(), "{answer}");
    nonce
}

/// A proof for the token endpoint, with a nonce.
async fn token_proof(app: &TestApp, key: &SigningKey, jti: &str) -> String {
    let claims = claims(app, "POST", "/oauth2/token", jti);
    proof(&with(claims, "nonce", json!(nonce(app).await)), key)
}

fn redeeming(code: &str) -> [(&'static str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

const SCOPES: &str = "openid email offline_access account:self";

async fn confidential(app: &TestApp, more: Value) -> Relying {
    let mut all = json!({ "scopes": SCOPES.split(' ').collect::<Vec<_>>() });
    all.as_object_mut().expect("members").extend(more.as_object().expect("members").clone());
    own_app(app, all).await
}

async fn public(app: &TestApp, more: Value) -> Relying {
    let mut all = json!({ "scopes": SCOPES.split(' ').collect::<Vec<_>>(), "first_party": true });
    all.as_object_mut().expect("members").extend(more.as_object().expect("members").clone());
    register(app, "spa", all).await
}

/// Tokens of somebody new that are bound to a key.
async fn bound_tokens(client: &Relying, key: &SigningKey) -> Answer {
    static PEOPLE: AtomicUsize = AtomicUsize::new(0);
    let number = PEOPLE.fetch_add(1, Ordering::Relaxed);
    let jane = client.app.browsing(&format!("jane-{number}@acme.example")).await;
    let code = client.code(&jane.client, &[("scope", SCOPES)]).await;
    let proof = token_proof(&client.app, key, &format!("redeem-{code}")).await;
    let tokens = post(client, "/oauth2/token", &redeeming(&code), &[&proof]).await;
    assert_eq!(tokens.ok()["token_type"], "DPoP");
    tokens
}

/// A call with an access token and its proof.
async fn call(app: &TestApp, path: &str, token: &str, claims: &Value, key: &SigningKey) -> Answer {
    let claims = if claims.get("ath").is_some() {
        claims.clone()
    } else {
        with(claims.clone(), "ath", json!(token_hash(token)))
    };
    let call = app.program().get(path).header("authorization", &format!("DPoP {token}"));
    call.header("dpop", &proof(&claims, key)).await
}

async fn tokens_are_bound_to_the_key_that_was_proven(app: TestApp) {
    let client = confidential(&app, json!({})).await;
    let tokens = bound_tokens(&client, &key(7)).await;
    let access = verified(&app, &tokens.at("/access_token"), "at+jwt").await;
    assert_eq!(access["cnf"], json!({ "jkt": key(7).public().thumbprint() }));
    let claims = claims(&app, "GET", "/userinfo", "1");
    call(&app, "/userinfo", &tokens.at("/access_token"), &claims, &key(7)).await.ok();
}

async fn without_a_proof_tokens_are_bearers(app: TestApp) {
    let client = confidential(&app, json!({})).await;
    let tokens = client.tokens(&jane(&app).await.client, &[("scope", SCOPES)]).await;
    assert_eq!(tokens["token_type"], "Bearer");
    let access = verified(&app, &tokens.at("/access_token"), "at+jwt").await;
    assert_eq!(access.get("cnf"), None);
    assert_eq!(tokens.header("dpop-nonce"), "", "who proves nothing is told nothing");
}

async fn a_proof_for_another_request_is_refused_and_the_code_stays_good(app: TestApp) {
    let client = confidential(&app, json!({})).await;
    let code = client.code(&jane(&app).await.client, &[("scope", SCOPES)]).await;
    let now = app.now().seconds();
    let good = || claims(&app, "POST", "/oauth2/token", "one");
    let mut broken: Vec<String> = Vec::new();
    for (name, value) in [
        ("htm", json!("GET")),
        ("htu", json!(format!("{ORIGIN}/oauth2/par"))),
        ("htu", json!("https://evil.example/oauth2/token")),
        ("iat", json!(now - 61)),
        ("iat", json!(now + 16)),
        ("jti", json!(null)),
        ("htm", json!(null)),
        ("htu", json!(null)),
        ("iat", json!(null)),
    ] {
        broken.push(proof(&with(good(), name, value), &key(7)));
    }
    // Signed by another key than the one that it brings; of another type; with no key, or the name of one.
    let whole = proof(&good(), &key(7));
    let other = proof(&good(), &key(8));
    let (head, _) = whole.rsplit_once('.').expect("a proof");
    let (_, signature) = other.rsplit_once('.').expect("a proof");
    broken.push(format!("{head}.{signature}"));
    broken.push(format!("{head}."));
    let text = good().to_string();
    broken.push(jws::sign_with_own_key(&key(7), "JWT", text.as_bytes()).expect("a token"));
    broken.push(jwt::sign(&key(7), "dpop+jwt", good().as_object().expect("claims")).expect("a token"));
    broken.push("nonsense".to_owned());
    for wrong in &broken {
        let answer = post(&client, "/oauth2/token", &redeeming(&code), &[wrong]).await;
        refused(&answer, 400, "invalid_dpop_proof");
    }
    let two = post(&client, "/oauth2/token", &redeeming(&code), &[&whole, &other]).await;
    refused(&two, 400, "invalid_dpop_proof");
    post(&client, "/oauth2/token", &redeeming(&code), &[&whole]).await.ok();
}

const OWN: [(&str, &str); 1] = [("grant_type", "client_credentials")];

async fn a_proof_is_good_once_wherever_it_comes(app: TestApp) {
    let client = register(&app, "machine", json!({})).await;
    let one = proof(&claims(&app, "POST", "/oauth2/token", "once"), &key(7));
    post(&client, "/oauth2/token", &OWN, &[&one]).await.ok();
    refused(&post(&client, "/oauth2/token", &OWN, &[&one]).await, 400, "invalid_dpop_proof");
    // The same id of another key is another proof.
    let other = proof(&claims(&app, "POST", "/oauth2/token", "once"), &key(8));
    post(&client, "/oauth2/token", &OWN, &[&other]).await.ok();
    if app.engine() == avnology_testkit::Engine::Postgres {
        let second = Relying { app: app.second_node().await, ..client };
        refused(&post(&second, "/oauth2/token", &OWN, &[&one]).await, 400, "invalid_dpop_proof");
        let fresh = token_proof(&app, &key(7), "fresh").await;
        post(&second, "/oauth2/token", &OWN, &[&fresh]).await.ok();
    }
}

async fn of_two_who_send_a_proof_at_once_one_gets_tokens(app: TestApp) {
    let client = register(&app, "machine", json!({})).await;
    for round in 0..5 {
        let one = proof(&claims(&app, "POST", "/oauth2/token", &format!("race-{round}")), &key(7));
        let proofs = [one.as_str()];
        let (first, second) = tokio::join!(
            post(&client, "/oauth2/token", &OWN, &proofs),
            post(&client, "/oauth2/token", &OWN, &proofs)
        );
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400]);
    }
}

async fn a_public_client_is_told_a_nonce_and_proves_again_with_it(app: TestApp) {
    let client = public(&app, json!({})).await;
    let code = client.code(&jane(&app).await.client, &[("scope", SCOPES)]).await;
    let first = proof(&claims(&app, "POST", "/oauth2/token", "1"), &key(7));
    let told = post(&client, "/oauth2/token", &redeeming(&code), &[&first]).await;
    refused(&told, 400, "use_dpop_nonce");
    let nonce = told.header("dpop-nonce");
    let again = with(claims(&app, "POST", "/oauth2/token", "2"), "nonce", json!(nonce));
    let tokens = post(&client, "/oauth2/token", &redeeming(&code), &[&proof(&again, &key(7))]).await;
    assert_eq!(tokens.ok()["token_type"], "DPoP");
}

async fn a_nonce_is_ours_and_five_minutes_good(app: TestApp) {
    // Confidential clients need none; a wrong one is wrong all the same.
    let client = register(&app, "machine", json!({})).await;
    let good = nonce(&app).await;
    let try_with = async |nonce: &str, jti: &str| {
        let claims = with(claims(&app, "POST", "/oauth2/token", jti), "nonce", json!(nonce));
        post(&client, "/oauth2/token", &OWN, &[&proof(&claims, &key(7))]).await
    };
    try_with(&good, "1").await.ok();
    let mut forged = good.clone();
    forged.replace_range(0..1, if good.starts_with('A') { "B" } else { "A" });
    for wrong in ["", "x", &forged, &"A".repeat(32)] {
        let answer = try_with(wrong, &format!("wrong-{wrong}")).await;
        assert_eq!(answer.status, 400, "{wrong}");
        assert!(["use_dpop_nonce", "invalid_dpop_proof"].contains(&answer.at("/error").as_str()));
    }
    app.advance(299);
    try_with(&good, "2").await.ok();
    app.advance(1);
    let old = try_with(&good, "3").await;
    refused(&old, 400, "use_dpop_nonce");
    try_with(old.header("dpop-nonce"), "4").await.ok();
}

async fn every_answer_to_a_proof_brings_a_new_nonce(app: TestApp) {
    let client = public(&app, json!({})).await;
    let tokens = bound_tokens(&client, &key(7)).await;
    assert!(!tokens.header("dpop-nonce").is_empty());
    let told = post(&client, "/oauth2/token", &OWN, &["nonsense"]).await;
    assert!(!told.header("dpop-nonce").is_empty(), "{told}");
    let token = tokens.at("/access_token");
    let with_nonce = with(claims(&app, "GET", "/userinfo", "1"), "nonce", json!(nonce(&app).await));
    let read = call(&app, "/userinfo", &token, &with_nonce, &key(7)).await;
    read.ok();
    assert!(!read.header("dpop-nonce").is_empty());
}

async fn a_bound_token_sent_as_bearer_is_refused(app: TestApp) {
    let client = confidential(&app, json!({})).await;
    let token = bound_tokens(&client, &key(7)).await.at("/access_token");
    for path in ["/userinfo", "/v1/me"] {
        let answer = app.program().with_token(&token).get(path).await;
        answer.refused(Code::DpopProofInvalid);
        let challenge = answer.header("www-authenticate");
        assert!(challenge.starts_with("DPoP error=\"invalid_dpop_proof\", algs=\"ES256 "), "{challenge}");
        // Nor does a proof make a bearer of it.
        let claims = with(claims(&app, "GET", path, path), "ath", json!(token_hash(&token)));
        let with_proof = app.program().with_token(&token).get(path).header("dpop", &proof(&claims, &key(7)));
        with_proof.await.refused(Code::DpopProofInvalid);
    }
    let in_form = app.program().post("/userinfo").form(&[("access_token", token.as_str())]).await;
    in_form.refused(Code::DpopProofInvalid);
}

/// What every resource refuses.
async fn check_resource(app: &TestApp, path: &str) {
    let client = confidential(app, json!({})).await;
    let token = bound_tokens(&client, &key(7)).await.at("/access_token");
    let other = bound_tokens(&client, &key(7)).await.at("/access_token");
    let good = || claims(app, "GET", path, "good");
    let now = app.now().seconds();
    for (name, value) in [
        ("htm", json!("POST")),
        ("htu", json!(format!("{ORIGIN}/oauth2/token"))),
        ("htu", json!(format!("https://evil.example{path}"))),
        ("ath", json!(token_hash(&other))),
        ("ath", json!("")),
        ("iat", json!(now - 61)),
        ("iat", json!(now + 16)),
        ("jti", json!(null)),
    ] {
        let answer = call(app, path, &token, &with(good(), name, value), &key(7)).await;
        answer.refused(Code::DpopProofInvalid);
    }
    call(app, path, &token, &good(), &key(8)).await.refused(Code::DpopProofInvalid);
    let bare = app.program().get(path).header("authorization", &format!("DPoP {token}"));
    bare.await.refused(Code::DpopProofInvalid);
    let without_hash = proof(&good(), &key(7));
    let call_without = app.program().get(path).header("authorization", &format!("DPoP {token}"));
    call_without.header("dpop", &without_hash).await.refused(Code::DpopProofInvalid);
    call(app, path, &token, &good(), &key(7)).await.ok();
    call(app, path, &token, &good(), &key(7)).await.refused(Code::DpopProofInvalid);
}

async fn at_userinfo_the_proof_names_the_token_the_method_and_the_url(app: TestApp) {
    check_resource(&app, "/userinfo").await;
}

async fn at_the_api_the_proof_names_the_token_the_method_and_the_url(app: TestApp) {
    check_resource(&app, "/v1/me").await;
}

async fn at_resources_public_clients_need_a_nonce_too(app: TestApp) {
    let client = public(&app, json!({})).await;
    let token = bound_tokens(&client, &key(7)).await.at("/access_token");
    for path in ["/userinfo", "/v1/me"] {
        let first = claims(&app, "GET", path, &format!("{path} 1"));
        let told = call(&app, path, &token, &first, &key(7)).await;
        told.refused(Code::DpopNonceRequired);
        assert!(told.header("www-authenticate").starts_with("DPoP error=\"use_dpop_nonce\""), "{told}");
        let second = claims(&app, "GET", path, &format!("{path} 2"));
        let again = with(second, "nonce", json!(told.header("dpop-nonce")));
        call(&app, path, &token, &again, &key(7)).await.ok();
    }
}

async fn a_token_that_is_bound_to_no_key_is_no_bound_one(app: TestApp) {
    let client = confidential(&app, json!({})).await;
    let tokens = client.tokens(&jane(&app).await.client, &[("scope", SCOPES)]).await;
    let token = tokens.at("/access_token");
    for path in ["/userinfo", "/v1/me"] {
        let answer = call(&app, path, &token, &claims(&app, "GET", path, path), &key(7)).await;
        answer.refused(Code::DpopProofInvalid);
        app.program().with_token(&token).get(path).await.ok();
    }
}

async fn a_code_for_a_key_is_redeemed_by_that_key_alone(app: TestApp) {
    let client = confidential(&app, json!({})).await;
    let browser = jane(&app).await.client;
    let jkt = key(7).public().thumbprint();
    let code = async || client.code(&browser, &[("dpop_jkt", jkt.as_str()), ("scope", SCOPES)]).await;
    let bare = code().await;
    refused(&client.redeem(&bare).await, 400, "invalid_grant");
    let foreign = code().await;
    let by_other = token_proof(&app, &key(8), "1").await;
    refused(&post(&client, "/oauth2/token", &redeeming(&foreign), &[&by_other]).await, 400, "invalid_grant");
    // A wrong key uses the code up.
    let by_owner = token_proof(&app, &key(7), "2").await;
    refused(&post(&client, "/oauth2/token", &redeeming(&foreign), &[&by_owner]).await, 400, "invalid_grant");
    let own = code().await;
    let by_owner = token_proof(&app, &key(7), "3").await;
    post(&client, "/oauth2/token", &redeeming(&own), &[&by_owner]).await.ok();
}

async fn a_proof_with_a_pushed_request_binds_its_code(app: TestApp) {
    let client = confidential(&app, json!({})).await;
    let browser = jane(&app).await.client;
    let (jkt, other) = (key(7).public().thumbprint(), key(8).public().thumbprint());
    let form = || {
        vec![
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("scope", "openid"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
        ]
    };
    let par = |jti: &str| proof(&claims(&app, "POST", "/oauth2/par", jti), &key(7));
    let wrong = proof(&claims(&app, "POST", "/oauth2/token", "0"), &key(7));
    refused(&post(&client, "/oauth2/par", &form(), &[&wrong]).await, 400, "invalid_dpop_proof");
    let disagreeing = [form(), vec![("dpop_jkt", other.as_str())]].concat();
    refused(&post(&client, "/oauth2/par", &disagreeing, &[&par("1")]).await, 400, "invalid_dpop_proof");
    let agreeing = [form(), vec![("dpop_jkt", jkt.as_str())]].concat();
    post(&client, "/oauth2/par", &agreeing, &[&par("2")]).await.is(201);
    let pushed = post(&client, "/oauth2/par", &form(), &[&par("3")]).await;
    let uri = pushed.is(201).at("/request_uri");
    let query = [("client_id", client.id.as_str()), ("request_uri", uri.as_str())];
    let answer = browser.get("/oauth2/auth").query(&query).await;
    let code = crate::kit::Back::of(answer.is(303).header("location")).code();
    let by_other = token_proof(&app, &key(8), "4").await;
    refused(&post(&client, "/oauth2/token", &redeeming(&code), &[&by_other]).await, 400, "invalid_grant");
}

async fn refresh_tokens_of_public_clients_are_bound_to_the_key(app: TestApp) {
    let client = public(&app, json!({})).await;
    let refresh = bound_tokens(&client, &key(7)).await.at("/refresh_token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    refused(&client.token(&form).await, 400, "invalid_grant");
    let by_other = token_proof(&app, &key(8), "1").await;
    refused(&post(&client, "/oauth2/token", &form, &[&by_other]).await, 400, "invalid_grant");
    // Nobody else's attempt ends it.
    let by_owner = token_proof(&app, &key(7), "2").await;
    let next = post(&client, "/oauth2/token", &form, &[&by_owner]).await;
    assert_eq!(next.ok()["token_type"], "DPoP");
    let access = verified(&app, &next.at("/access_token"), "at+jwt").await;
    assert_eq!(access["cnf"]["jkt"], json!(key(7).public().thumbprint()));
    let form = [("grant_type", "refresh_token"), ("refresh_token", &next.at("/refresh_token"))];
    let by_other = token_proof(&app, &key(8), "3").await;
    refused(&post(&client, "/oauth2/token", &form, &[&by_other]).await, 400, "invalid_grant");
}

async fn refresh_tokens_of_confidential_clients_go_with_any_key(app: TestApp) {
    let client = confidential(&app, json!({})).await;
    let refresh = bound_tokens(&client, &key(7)).await.at("/refresh_token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    let by_other = token_proof(&app, &key(8), "1").await;
    let next = post(&client, "/oauth2/token", &form, &[&by_other]).await;
    next.ok();
    let access = verified(&app, &next.at("/access_token"), "at+jwt").await;
    assert_eq!(access["cnf"]["jkt"], json!(key(8).public().thumbprint()));
}

async fn a_client_that_must_prove_a_key_gets_nothing_without(app: TestApp) {
    let client = confidential(&app, json!({ "require_dpop": true })).await;
    let code = client.code(&jane(&app).await.client, &[("scope", SCOPES)]).await;
    refused(&client.redeem(&code).await, 400, "invalid_dpop_proof");
    let by_key = token_proof(&app, &key(7), "1").await;
    let tokens = post(&client, "/oauth2/token", &redeeming(&code), &[&by_key]).await;
    assert_eq!(tokens.ok()["token_type"], "DPoP");
    let refresh = tokens.at("/refresh_token");
    refused(&client.refresh(&refresh, &[]).await, 400, "invalid_grant");
    let job = register(&app, "machine", json!({ "require_dpop": true })).await;
    refused(&job.token(&OWN).await, 400, "invalid_dpop_proof");
}

async fn refresh_tokens_need_not_rotate_for_clients_that_must_prove_a_key(app: TestApp) {
    let body = json!({
        "name": "Shop", "type": "spa", "redirect_uris": [CALLBACK], "refresh_token_rotation": false,
    });
    let answer = app.admin_key().post("/v1/clients").json(&body).await;
    answer.refused_fields(Code::ValidationFailed, &[("refresh_token_rotation", "not_allowed")]);
    let client = public(&app, json!({ "require_dpop": true, "refresh_token_rotation": false })).await;
    let refresh = bound_tokens(&client, &key(7)).await.at("/refresh_token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    for jti in ["1", "2"] {
        let by_key = token_proof(&app, &key(7), jti).await;
        let next = post(&client, "/oauth2/token", &form, &[&by_key]).await;
        assert_eq!(next.ok()["refresh_token"], refresh.as_str());
    }
}

async fn introspection_tells_the_key(app: TestApp) {
    let client = confidential(&app, json!({})).await;
    let tokens = bound_tokens(&client, &key(7)).await;
    let said = client.post("/oauth2/introspect", &[("token", &tokens.at("/access_token"))]).await;
    assert_eq!(said.ok()["token_type"], "DPoP");
    assert_eq!(said["cnf"], json!({ "jkt": key(7).public().thumbprint() }));
    let own = public(&app, json!({})).await;
    let tokens = bound_tokens(&own, &key(7)).await;
    let body = [("token", tokens.at("/refresh_token"))];
    let body: Vec<(&str, &str)> = body.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let said = app.admin_key().post("/oauth2/introspect").form(&body).await;
    assert_eq!(said.ok()["cnf"], json!({ "jkt": key(7).public().thumbprint() }));
}

async fn a_client_binds_its_own_tokens(app: TestApp) {
    let client = signing_app(&app, "machine", json!({})).await;
    let shown = crate::signing::assertion(&client, &key(7), "1");
    let bearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let form = [OWN[0], ("client_assertion_type", bearer), ("client_assertion", &shown)];
    let by_key = token_proof(&app, &key(9), "1").await;
    let tokens = app.program().post("/oauth2/token").header("dpop", &by_key).form(&form).await;
    assert_eq!(tokens.ok()["token_type"], "DPoP");
    let access = verified(&app, &tokens.at("/access_token"), "at+jwt").await;
    assert_eq!(access["cnf"]["jkt"], json!(key(9).public().thumbprint()));
}

async fn the_documents_say_how_proofs_are_signed(app: TestApp) {
    for path in ["/.well-known/openid-configuration", "/.well-known/oauth-protected-resource"] {
        let document = app.program().get(path).await.ok().clone();
        let expected = json!(["ES256", "ES384", "EdDSA", "PS256", "RS256"]);
        assert_eq!(document["dpop_signing_alg_values_supported"], expected, "{path}");
    }
}
