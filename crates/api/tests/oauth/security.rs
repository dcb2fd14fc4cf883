//! Attacks of RFC 9700 and RFC 8725 that each must come to nothing, by the name of their section; what the rest of the suite and
//! `libs/oauth/tests/rfc9700.rs` show is not repeated.

use avnology_core::platform::signer;
use avnology_jose::SigningKey;
use avnology_model::platform::SigningAlgorithm;
use avnology_oauth::CodeChallenge;
use avnology_testkit::{TestApp, on_both_engines};
use aws_lc_rs::hmac;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use crate::kit::{Back, CALLBACK, Relying, VERIFIER, jane, own_app, refused, verified};

on_both_engines! {
    rfc9700_4_1_3_redirect_uris_are_exact_strings,
    rfc9700_4_4_an_answer_tells_its_issuer_apart_for_each_server,
    rfc9700_4_5_a_stolen_code_is_worth_nothing_in_another_session_of_the_client,
    rfc9700_4_5_a_stolen_code_is_worth_nothing_to_another_client,
    rfc9700_4_7_what_a_client_sends_against_forgery_comes_back_unchanged,
    rfc9700_4_8_a_challenge_that_was_sent_cannot_be_left_out_later,
    rfc9700_4_9_a_token_for_one_resource_opens_no_other,
    rfc9700_4_14_a_refresh_never_grows_scopes_or_resources,
    rfc9700_4_15_a_client_cannot_pose_as_a_person,
    rfc6749_3_1_parameters_that_come_twice_are_refused,
    what_is_huge_is_refused_and_harms_nobody,
    rfc8725_3_1_a_token_without_a_signature_is_none,
    rfc8725_2_1_a_public_key_is_no_secret,
    rfc8725_3_10_a_token_brings_no_key_of_its_own,
    rfc8725_3_10_a_key_id_is_looked_up_and_nothing_else,
    rfc8725_3_11_only_the_type_of_access_tokens_is_one,
    rfc7515_4_1_11_an_extension_that_nobody_knows_refuses_the_token,
    rfc9068_4_a_token_is_good_in_its_time_and_from_its_issuer_alone,
}

const SCOPE: (&str, &str) = ("scope", "openid account:self");

/// A client whose tokens all three doors take.
async fn client(app: &TestApp) -> Relying {
    let scopes = ["openid", "profile", "email", "offline_access", "organizations", "account:self"];
    own_app(app, json!({ "scopes": scopes })).await
}

/// What the three doors that take access tokens say of one: userinfo, the API, introspection.
async fn doors(client: &Relying, token: &str) -> (u16, u16, bool) {
    let app = &client.app;
    let bearer = app.program().with_token(token);
    let userinfo = bearer.get("/userinfo").await.status;
    let api = bearer.get("/v1/me").await.status;
    (userinfo, api, client.is_active(token).await)
}

const OPEN: (u16, u16, bool) = (200, 200, true);
const SHUT: (u16, u16, bool) = (401, 401, false);

/// A good access token, and what it says.
async fn good(app: &TestApp, client: &Relying) -> (String, Map<String, Value>) {
    let jane = jane(app).await;
    let token = client.tokens(&jane.client, &[SCOPE]).await.at("/access_token");
    assert_eq!(doors(client, &token).await, OPEN);
    let claims = verified(app, &token, "at+jwt").await;
    (token, claims)
}

fn encoded(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The header of a token.
fn header(token: &str) -> Value {
    let part = token.split('.').next().expect("a header");
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

/// Signed by our own key, as nobody outside can.
async fn signed(app: &TestApp, typ: &str, claims: &Map<String, Value>) -> String {
    let cx = app.tenant().system_cx();
    let signer = signer(app.tenant(), &cx, SigningAlgorithm::Es256).await.expect("a signer");
    signer.sign(typ, claims).expect("a token")
}

async fn rfc9700_4_1_3_redirect_uris_are_exact_strings(app: TestApp) {
    let client = client(&app).await;
    let jane = jane(&app).await;
    for variation in [
        "https://app.example.com/callback/",
        "https://app.example.com/callback?x=1",
        "https://app.example.com/callback#x",
        "https://app.example.com/Callback",
        "https://APP.example.com/callback",
        "https://app.example.com:443/callback",
        "https://app.example.com/a/../callback",
        "https://app.example.com/%63allback",
        "https://app.example.com.evil.example/callback",
        "https://user@app.example.com/callback",
        "https://app.example.com@evil.example/callback",
        "https://app.example.com\\@evil.example/callback",
        "http://app.example.com/callback",
        "//app.example.com/callback",
        "/callback",
        "https://app.example.com/callback\u{0}",
        "javascript:alert(1)",
    ] {
        let answer = jane.client.get(&client.request(&[("redirect_uri", variation)])).await;
        assert_eq!(answer.status, 400, "{variation}: {answer}");
        assert!(!answer.headers.contains_key("location"), "{variation}: {answer}");
    }
    client.back(&jane.client, &[("redirect_uri", CALLBACK)]).await.code();
}

async fn rfc9700_4_4_an_answer_tells_its_issuer_apart_for_each_server(app: TestApp) {
    let client = client(&app).await;
    let jane = jane(&app).await;
    let metadata = app.program().get("/.well-known/oauth-authorization-server").await;
    let issuer = metadata.ok()["issuer"].as_str().expect("an issuer").to_owned();
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    for more in [vec![], vec![("scope", "nonsense")], vec![("prompt", "none"), ("max_age", "0")]] {
        let back = client.back(&jane.client, &more).await;
        assert_eq!(back.get("iss").as_deref(), Some(issuer.as_str()), "{more:?}");
    }
    let sent = client.back(&jane.client, &[("iss", "https://evil.example")]).await;
    assert_eq!(sent.get("iss").as_deref(), Some(issuer.as_str()));
}

async fn rfc9700_4_5_a_stolen_code_is_worth_nothing_in_another_session_of_the_client(app: TestApp) {
    let client = client(&app).await;
    let (victim, thief) = (jane(&app).await, app.browsing("eve@evil.example").await);
    let other = "0123456789-0123456789-0123456789-0123456789";
    let challenge = CodeChallenge::of_verifier(other).expect("a challenge");
    // The thief begins an attempt of their own, and puts the victim's code into it.
    client.back(&thief.client, &[("code_challenge", challenge.as_str())]).await.code();
    let stolen = client.code(&victim.client, &[SCOPE]).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", stolen.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", other),
    ];
    refused(&client.token(&form).await, 400, "invalid_grant");
    refused(&client.redeem(&stolen).await, 400, "invalid_grant");
}

async fn rfc9700_4_5_a_stolen_code_is_worth_nothing_to_another_client(app: TestApp) {
    let (client, thief) = (client(&app).await, client(&app).await);
    let jane = jane(&app).await;
    let code = client.code(&jane.client, &[SCOPE]).await;
    refused(&thief.redeem(&code).await, 400, "invalid_grant");
    client.redeem(&code).await.ok();
}

async fn rfc9700_4_7_what_a_client_sends_against_forgery_comes_back_unchanged(app: TestApp) {
    let client = client(&app).await;
    let jane = jane(&app).await;
    let state = "a b+c/d=é&\"<'%00>{}";
    assert_eq!(client.back(&jane.client, &[("state", state)]).await.get("state").as_deref(), Some(state));
    let error = client.back(&jane.client, &[("state", state), ("scope", "nonsense")]).await;
    assert_eq!(error.get("state").as_deref(), Some(state));
    let code = client.code(&jane.client, &[SCOPE, ("nonce", state)]).await;
    let tokens = client.redeem(&code).await;
    assert_eq!(verified(&app, &tokens.at("/id_token"), "JWT").await["nonce"], json!(state));
    let without = client.back(&jane.client, &[("state", "")]).await;
    assert_eq!(without.get("state"), None, "nothing is made up");
}

async fn rfc9700_4_8_a_challenge_that_was_sent_cannot_be_left_out_later(app: TestApp) {
    let client = own_app(&app, json!({ "require_pkce": false })).await;
    let jane = jane(&app).await;
    let bare = [("grant_type", "authorization_code"), ("redirect_uri", CALLBACK)];
    let code = client.code(&jane.client, &[]).await;
    refused(&client.token(&[bare[0], bare[1], ("code", &code)]).await, 400, "invalid_grant");
    let plain = [("code_challenge", ""), ("code_challenge_method", "")];
    let code = client.code(&jane.client, &plain).await;
    let with = [bare[0], bare[1], ("code", code.as_str()), ("code_verifier", VERIFIER)];
    refused(&client.token(&with).await, 400, "invalid_grant");
    let weak = [("code_challenge_method", "plain"), ("code_challenge", VERIFIER)];
    assert_eq!(client.back(&jane.client, &weak).await.error(), "invalid_request");
}

async fn rfc9700_4_9_a_token_for_one_resource_opens_no_other(app: TestApp) {
    let api = "https://api.example.com";
    let body = json!({ "identifier": api, "name": "API", "scopes": [{ "name": "invoices:read" }] });
    app.admin_key().post("/v1/resources").json(&body).await.created();
    let client = own_app(&app, json!({ "scopes": ["invoices:read", "openid"], "resources": [api] })).await;
    let jane = jane(&app).await;
    let asked = [("scope", "invoices:read"), ("resource", api)];
    let token = client.tokens(&jane.client, &asked).await.at("/access_token");
    assert_eq!(verified(&app, &token, "at+jwt").await["aud"], json!([api]));
    assert_eq!(doors(&client, &token).await, (401, 401, true), "its client may ask about it all the same");
}

async fn rfc9700_4_14_a_refresh_never_grows_scopes_or_resources(app: TestApp) {
    let api = "https://api.example.com";
    app.admin_key().post("/v1/resources").json(&json!({ "identifier": api, "name": "API" })).await.created();
    let scopes = ["openid", "email", "account:self", "offline_access"];
    let client = own_app(&app, json!({ "scopes": scopes, "resources": [api] })).await;
    let jane = jane(&app).await;
    let tokens = client.tokens(&jane.client, &[("scope", "openid offline_access")]).await;
    let refresh = tokens.at("/refresh_token");
    for more in ["openid email", "openid account:self", "openid offline_access email account:self"] {
        refused(&client.refresh(&refresh, &[("scope", more)]).await, 400, "invalid_scope");
    }
    refused(&client.refresh(&refresh, &[("resource", api)]).await, 400, "invalid_target");
    let fewer = client.refresh(&refresh, &[("scope", "openid")]).await;
    assert_eq!(fewer.ok()["scope"], "openid");
    let again = client.refresh(&fewer.at("/refresh_token"), &[]).await;
    assert_eq!(again.ok()["scope"], "openid offline_access", "no more than was granted, and no less");
}

async fn rfc9700_4_15_a_client_cannot_pose_as_a_person(app: TestApp) {
    let scopes = json!({ "scopes": ["account:self", "openid", "identities:read"] });
    let machine = crate::kit::register(&app, "machine", scopes).await;
    let tokens = machine.token(&[("grant_type", "client_credentials")]).await;
    let claims = verified(&app, &tokens.at("/access_token"), "at+jwt").await;
    assert_eq!((claims["sub"].clone(), claims.get("user_id")), (json!(machine.id), None));
    let bearer = app.program().with_token(&tokens.at("/access_token"));
    bearer.get("/v1/me").await.is(403);
    bearer.get("/userinfo").await.is(403);
    bearer.get("/v1/sessions").await.is(403);
    let asked = [("grant_type", "client_credentials"), ("scope", "account:self")];
    refused(&machine.token(&asked).await, 400, "invalid_scope");
}

async fn rfc6749_3_1_parameters_that_come_twice_are_refused(app: TestApp) {
    let client = client(&app).await;
    let jane = jane(&app).await;
    for (name, value) in [("state", "other"), ("scope", "openid"), ("nonce", "x"), ("code_challenge", "y")] {
        let path = format!("{}&{name}=first&{name}={value}", client.request(&[(name, "")]));
        let answer = jane.client.get(&path).await;
        let is_page = answer.status == 400;
        assert!(
            is_page || Back::of(answer.is(303).header("location")).error() == "invalid_request",
            "{name}"
        );
    }
    for name in ["client_id", "redirect_uri"] {
        let path = format!("{}&{name}=https://evil.example", client.request(&[]));
        jane.client.get(&path).await.is(400);
    }
    let code = client.code(&jane.client, &[SCOPE]).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("grant_type", "refresh_token"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    refused(&client.token(&form).await, 400, "invalid_request");
    client.redeem(&code).await.ok();
}

async fn what_is_huge_is_refused_and_harms_nobody(app: TestApp) {
    let client = client(&app).await;
    let jane = jane(&app).await;
    let huge = "a".repeat(30_000);
    for name in ["state", "nonce", "scope", "login_hint", "claims", "code_challenge", "acr_values", "unknown"]
    {
        let answer = jane.client.get(&client.request(&[(name, &huge)])).await;
        assert!(matches!(answer.status, 303 | 400 | 414), "{name}: {}", answer.status);
        assert!(answer.headers.get("location").is_none_or(|to| to.len() < 70_000), "{name}");
    }
    let many = "&resource=https://api.example.com".repeat(1_000);
    let answer = jane.client.get(&format!("{}{many}", client.request(&[]))).await;
    assert!(matches!(answer.status, 303 | 400 | 414), "{}", answer.status);
    for name in ["code", "refresh_token", "client_secret", "token"] {
        let answer = client.token(&[("grant_type", "refresh_token"), (name, &huge)]).await;
        assert!((400..402).contains(&answer.status), "{name}: {answer}");
    }
    let deep = format!("{{\"userinfo\":{}null{}}}", "{\"a\":".repeat(2_000), "}".repeat(2_000));
    let answer = jane.client.get(&client.request(&[("claims", &deep)])).await;
    assert!(matches!(answer.status, 303 | 400 | 414), "{}", answer.status);
    let token = format!("{huge}.{huge}.{huge}");
    let bearer = app.program().with_token(&token);
    assert_eq!((bearer.get("/userinfo").await.status, bearer.get("/v1/me").await.status), (401, 401));
    refused(&client.post("/oauth2/introspect", &[("token", &token)]).await, 400, "invalid_request");
    client.back(&jane.client, &[]).await.code();
}

async fn rfc8725_3_1_a_token_without_a_signature_is_none(app: TestApp) {
    let client = client(&app).await;
    let (token, claims) = good(&app, &client).await;
    let payload = encoded(&Value::Object(claims));
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let mut header = header(&token);
        header["alg"] = json!(alg);
        for signature in ["", "AAAA"] {
            let forged = format!("{}.{payload}.{signature}", encoded(&header));
            assert_eq!(doors(&client, &forged).await, SHUT, "{alg}");
        }
    }
    let (unsigned, _) = token.rsplit_once('.').expect("a signature");
    assert_eq!(doors(&client, &format!("{unsigned}.")).await, SHUT);
    assert_eq!(doors(&client, unsigned).await, SHUT);
}

async fn rfc8725_2_1_a_public_key_is_no_secret(app: TestApp) {
    let client = client(&app).await;
    let (token, claims) = good(&app, &client).await;
    let published = app.program().get("/.well-known/jwks.json").await;
    let kid = header(&token)["kid"].clone();
    let keys = published.ok()["keys"].as_array().expect("keys").clone();
    let key = keys.iter().find(|key| key["kid"] == kid).expect("the key");
    let x = BASE64_URL_SAFE_NO_PAD.decode(key["x"].as_str().expect("x")).expect("base64url");
    let y = BASE64_URL_SAFE_NO_PAD.decode(key["y"].as_str().expect("y")).expect("base64url");
    let point = [&[4_u8][..], &x, &y].concat();
    let secrets = [key.to_string().into_bytes(), published.body.clone(), point, x, Vec::new()];
    let payload = encoded(&Value::Object(claims));
    for (alg, algorithm) in [("HS256", hmac::HMAC_SHA256), ("HS512", hmac::HMAC_SHA512)] {
        for secret in &secrets {
            let message =
                format!("{}.{payload}", encoded(&json!({ "alg": alg, "typ": "at+jwt", "kid": kid })));
            let tag = hmac::sign(&hmac::Key::new(algorithm, secret), message.as_bytes());
            let forged = format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag));
            assert_eq!(doors(&client, &forged).await, SHUT, "{alg}");
        }
    }
}

async fn rfc8725_3_10_a_token_brings_no_key_of_its_own(app: TestApp) {
    let client = client(&app).await;
    let (token, claims) = good(&app, &client).await;
    let key = SigningKey::from_secret(&[7; 32]).expect("a key");
    let jwk = key.public().to_jwk();
    let ours = header(&token)["kid"].clone();
    let there = "https://evil.example/keys";
    for more in [
        json!({}),
        json!({ "kid": ours }),
        json!({ "jwk": jwk }),
        json!({ "jwk": jwk, "kid": ours }),
        json!({ "jku": there, "kid": key.kid() }),
        json!({ "jku": there, "kid": ours }),
        json!({ "x5u": there, "kid": ours }),
        json!({ "x5c": ["MIIB"], "kid": ours }),
    ] {
        let forged = forged(&key, &more, &claims);
        assert_eq!(doors(&client, &forged).await, SHUT, "{more}");
    }
    assert_eq!(app.web().fetched(there), 0, "nobody is called");
}

/// Signed by a key of the attacker's, with more members in the header.
fn forged(key: &SigningKey, more: &Value, claims: &Map<String, Value>) -> String {
    use p256::ecdsa::{Signature, SigningKey as P256, signature::Signer as _};
    let mut header = json!({ "alg": "ES256", "typ": "at+jwt" });
    if let (Value::Object(header), Value::Object(more)) = (&mut header, more) {
        header.extend(more.clone());
    }
    let message = format!("{}.{}", encoded(&header), encoded(&Value::Object(claims.clone())));
    let own: Value = serde_json::from_str(&key.to_jwk().expect("a key")).expect("JSON");
    let secret = BASE64_URL_SAFE_NO_PAD.decode(own["d"].as_str().expect("d")).expect("base64url");
    let signature: Signature = P256::from_slice(&secret).expect("a key").sign(message.as_bytes());
    format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

async fn rfc8725_3_10_a_key_id_is_looked_up_and_nothing_else(app: TestApp) {
    let client = client(&app).await;
    let (_, claims) = good(&app, &client).await;
    let key = SigningKey::from_secret(&[7; 32]).expect("a key");
    for kid in [
        json!("../../../dev/null"),
        json!("' UNION SELECT 'x' --"),
        json!("\u{0}"),
        json!(""),
        json!("x".repeat(10_000)),
        json!(7),
        json!(null),
        json!(["a"]),
    ] {
        let forged = forged(&key, &json!({ "kid": kid }), &claims);
        assert_eq!(doors(&client, &forged).await, SHUT, "{kid}");
    }
}

async fn rfc8725_3_11_only_the_type_of_access_tokens_is_one(app: TestApp) {
    let client = client(&app).await;
    let (_, claims) = good(&app, &client).await;
    for typ in ["at+jwt", "application/at+jwt", "AT+JWT"] {
        assert_eq!(doors(&client, &signed(&app, typ, &claims).await).await, OPEN, "{typ}");
    }
    for typ in ["JWT", "jwt", "logout+jwt", "session+jwt", "dpop+jwt", "at+jwt+x", "at", ""] {
        assert_eq!(doors(&client, &signed(&app, typ, &claims).await).await, SHUT, "{typ}");
    }
}

async fn rfc7515_4_1_11_an_extension_that_nobody_knows_refuses_the_token(app: TestApp) {
    let client = client(&app).await;
    let (token, _) = good(&app, &client).await;
    let (_, rest) = token.split_once('.').expect("a header");
    for crit in [json!(["x"]), json!([]), json!("x"), json!(["exp"]), json!(["b64"])] {
        let mut header = header(&token);
        header["crit"] = crit.clone();
        header["x"] = json!(1);
        header["b64"] = json!(false);
        assert_eq!(doors(&client, &format!("{}.{rest}", encoded(&header))).await, SHUT, "{crit}");
    }
}

async fn rfc9068_4_a_token_is_good_in_its_time_and_from_its_issuer_alone(app: TestApp) {
    let client = client(&app).await;
    let (_, claims) = good(&app, &client).await;
    let now = app.now().seconds();
    let changed = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims.insert(name.to_owned(), value);
        claims
    };
    assert_eq!(doors(&client, &signed(&app, "at+jwt", &claims).await).await, OPEN);
    for (name, value) in [
        ("nbf", json!(now + 31)),
        ("nbf", json!(now + 1_000_000)),
        ("nbf", json!("soon")),
        ("exp", json!(now)),
        ("exp", json!(now - 1)),
        ("exp", json!("never")),
        ("exp", json!(null)),
        ("iss", json!("https://evil.example")),
        ("iss", json!("https://id.example.com/")),
        ("iss", json!(null)),
        ("client_id", json!("cli_01kjpwfebhf9xrvqney6fmm27s")),
        ("jti", json!(null)),
        ("iat", json!(null)),
    ] {
        let token = signed(&app, "at+jwt", &changed(name, value.clone())).await;
        assert_eq!(doors(&client, &token).await, SHUT, "{name}: {value}");
    }
    let mut claims = claims.clone();
    claims.remove("exp");
    assert_eq!(doors(&client, &signed(&app, "at+jwt", &claims).await).await, SHUT);
}
