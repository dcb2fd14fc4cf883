//! The authorization code (RFC 6749 §4.1, RFC 7636, RFC 9207, `contract/30` §3 and §4.2).

use avnology_model::{Code, events::EventType};
use avnology_oauth::tokens::token_hash;
use avnology_testkit::{ORIGIN, TestApp, on_both_engines};
use serde_json::json;

use crate::kit::{Back, CALLBACK, VERIFIER, challenge_of, jane, own_app, refused, register, verified};

on_both_engines! {
    a_code_becomes_tokens_of_the_person,
    the_id_token_tells_who_signed_in_and_how,
    userinfo_tells_what_the_scopes_allow,
    claims_are_told_where_they_were_asked_for,
    a_second_use_of_a_code_ends_what_the_first_one_gave,
    of_two_redemptions_at_once_one_wins_and_the_family_dies,
    a_wrong_verifier_or_address_uses_the_code_up,
    another_clients_attempt_changes_nothing,
    a_code_lives_for_a_minute,
    a_code_dies_with_its_session,
    nobody_is_sent_to_an_address_that_is_not_registered,
    other_mistakes_are_told_to_the_client,
    every_answer_names_its_issuer,
    an_answer_can_come_by_a_form,
    a_client_that_keeps_a_secret_may_do_without_a_challenge,
    a_request_can_be_posted,
    a_persons_client_never_gets_rights_that_the_person_lacks,
    public_clients_redeem_by_their_challenge_alone,
}

async fn a_code_becomes_tokens_of_the_person(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let back = client.back(&jane.client, &[]).await;
    assert_eq!(back.get("state").as_deref(), Some("xyz"));
    let code = back.code();
    assert!(code.starts_with("avnl_ac_"));
    let tokens = client.redeem(&code).await;
    tokens.ok();
    assert!(tokens.at("/refresh_token").starts_with("avnl_rt_"));
    assert_eq!(tokens["scope"], "openid profile email offline_access organizations");
    let claims = verified(&app, &tokens.at("/access_token"), "at+jwt").await;
    assert_eq!((claims["sub"].clone(), claims["user_id"].clone()), (json!(jane.id), json!(jane.id)));
    assert_eq!(
        (claims["session_id"].clone(), claims["aal"].clone()),
        (json!(jane.session_id), json!("aal1"))
    );
    assert_eq!(
        (claims["acr"].clone(), claims["amr"].clone()),
        (json!("urn:avnology:acr:aal1"), json!(["pwd"]))
    );
    assert!(claims.get("org_id").is_none() && claims.get("permissions").is_none());
    assert_eq!(app.payloads(EventType::OauthTokenIssued).await.len(), 1);
}

async fn the_id_token_tells_who_signed_in_and_how(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let tokens = client.tokens(&jane.client, &[("nonce", "n-0S6_WzA2Mj")]).await;
    let token = tokens.at("/id_token");
    assert!(token.starts_with("eyJhbGciOiJSUzI1NiI") || token.contains('.'));
    let claims = verified(&app, &token, "JWT").await;
    let now = app.now().seconds();
    assert_eq!((claims["iss"].clone(), claims["aud"].clone()), (json!(ORIGIN), json!(client.id)));
    assert_eq!((claims["azp"].clone(), claims["sub"].clone()), (json!(client.id), json!(jane.id)));
    assert_eq!(
        (claims["nonce"].clone(), claims["sid"].clone()),
        (json!("n-0S6_WzA2Mj"), json!(jane.session_id))
    );
    assert_eq!((claims["iat"].clone(), claims["exp"].clone()), (json!(now), json!(now + 3_600)));
    assert_eq!((claims["email"].clone(), claims["email_verified"].clone()), (json!(jane.email), json!(true)));
    let hash = token_hash(&tokens.at("/access_token"), avnology_jose::Algorithm::Rs256);
    assert_eq!(claims["at_hash"], json!(hash));
    assert!(!claims.values().any(serde_json::Value::is_null));
}

async fn userinfo_tells_what_the_scopes_allow(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let info = async |token: &str| {
        app.program().get("/userinfo").header("authorization", &format!("Bearer {token}")).await
    };
    let tokens = client.tokens(&jane.client, &[("scope", "openid email")]).await;
    let answer = info(&tokens.at("/access_token")).await;
    assert_eq!(answer.ok(), &json!({ "sub": jane.id, "email": jane.email, "email_verified": true }));
    let posted = app.program().post("/userinfo").form(&[("access_token", &tokens.at("/access_token"))]).await;
    assert_eq!(posted.ok(), answer.json());
    let plain = client.tokens(&jane.client, &[("scope", "email")]).await;
    info(&plain.at("/access_token")).await.refused(Code::WrongAudience);
    let other = own_app(&app, json!({ "scopes": ["account:self"] })).await;
    let for_us = other.tokens(&jane.client, &[("scope", "account:self")]).await;
    info(&for_us.at("/access_token")).await.refused(Code::OpenIdScopeMissing);
    info("nonsense").await.refused(Code::SessionInvalid);
    info(&tokens.at("/id_token")).await.refused(Code::SessionInvalid);
    app.program().get("/userinfo").await.refused(Code::SessionInvalid);
    app.advance(900);
    info(&tokens.at("/access_token")).await.refused(Code::TokenExpired);
    let fresh = client.tokens(&jane.client, &[("scope", "openid")]).await;
    jane.client.delete(&format!("/v1/sessions/{}", jane.session_id)).await.no_content();
    info(&fresh.at("/access_token")).await.refused(Code::TokenRevoked);
    let signed = own_app(&app, json!({ "userinfo_signed_response_alg": "ES256" })).await;
    let again = app.browser().signed_in("jane@acme.example").await;
    let tokens = signed.tokens(&again.client, &[("scope", "openid")]).await;
    let answer = info(&tokens.at("/access_token")).await;
    assert_eq!(answer.is(200).header("content-type"), "application/jwt");
    let claims = verified(&app, &answer.text(), "JWT").await;
    assert_eq!((claims["aud"].clone(), claims["sub"].clone()), (json!(signed.id), json!(jane.id)));
}

async fn claims_are_told_where_they_were_asked_for(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let claims = r#"{"id_token":{"email":null},"userinfo":{"name":{"essential":true},"phone_number":null}}"#;
    let tokens = client.tokens(&jane.client, &[("scope", "openid"), ("claims", claims)]).await;
    let id = verified(&app, &tokens.at("/id_token"), "JWT").await;
    assert_eq!((id.get("email"), id.get("name")), (Some(&json!(jane.email)), None));
    let bearer = format!("Bearer {}", tokens.at("/access_token"));
    let info = app.program().get("/userinfo").header("authorization", &bearer).await;
    assert_eq!(info.ok(), &json!({ "sub": jane.id, "name": "jane" }));
}

async fn a_second_use_of_a_code_ends_what_the_first_one_gave(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let code = client.code(&jane.client, &[]).await;
    let tokens = client.redeem(&code).await;
    tokens.ok();
    assert!(client.is_active(&tokens.at("/access_token")).await);
    app.advance(3_600);
    refused(&client.redeem(&code).await, 400, "invalid_grant");
    assert!(!client.is_active(&tokens.at("/refresh_token")).await);
    refused(&client.refresh(&tokens.at("/refresh_token"), &[]).await, 400, "invalid_grant");
}

async fn of_two_redemptions_at_once_one_wins_and_the_family_dies(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    for _ in 0..5 {
        let code = client.code(&jane.client, &[]).await;
        let (first, second) = tokio::join!(client.redeem(&code), client.redeem(&code));
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400]);
        let winner = if first.status == 200 { first } else { second };
        assert!(
            !client.is_active(&winner.at("/access_token")).await,
            "a code that comes twice may be stolen"
        );
    }
}

async fn a_wrong_verifier_or_address_uses_the_code_up(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let grant = ("grant_type", "authorization_code");
    let other = "another-verifier-another-verifier-another-v";
    for wrong in [
        vec![("redirect_uri", CALLBACK), ("code_verifier", other)],
        vec![("redirect_uri", CALLBACK)],
        vec![("redirect_uri", "https://app.example.com/other"), ("code_verifier", VERIFIER)],
        vec![("code_verifier", VERIFIER)],
    ] {
        let code = client.code(&jane.client, &[]).await;
        let form = [vec![grant, ("code", code.as_str())], wrong].concat();
        refused(&client.token(&form).await, 400, "invalid_grant");
        refused(&client.redeem(&code).await, 400, "invalid_grant");
    }
    refused(&client.redeem("avnl_ac_nonsense").await, 400, "invalid_grant");
    refused(&client.token(&[grant]).await, 400, "invalid_request");
}

async fn another_clients_attempt_changes_nothing(app: TestApp) {
    let (client, other) = (own_app(&app, json!({})).await, own_app(&app, json!({})).await);
    let jane = jane(&app).await;
    let code = client.code(&jane.client, &[]).await;
    refused(&other.redeem(&code).await, 400, "invalid_grant");
    client.redeem(&code).await.ok();
}

async fn a_code_lives_for_a_minute(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let code = client.code(&jane.client, &[]).await;
    app.advance(60);
    refused(&client.redeem(&code).await, 400, "invalid_grant");
}

async fn a_code_dies_with_its_session(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let code = client.code(&jane.client, &[]).await;
    jane.client.delete(&format!("/v1/sessions/{}", jane.session_id)).await.no_content();
    refused(&client.redeem(&code).await, 400, "invalid_grant");
}

async fn nobody_is_sent_to_an_address_that_is_not_registered(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    for more in [
        ("redirect_uri", "https://evil.example/callback"),
        ("redirect_uri", "https://app.example.com/callback/"),
        ("redirect_uri", "https://app.example.com/callback?x=1"),
        ("redirect_uri", ""),
        ("client_id", "cli_01kjpwfebhf9xrvqney6fmm27s"),
        ("client_id", "nobody"),
        ("client_id", ""),
    ] {
        let answer = jane.client.get(&client.request(&[more])).await;
        let text = answer.is(400).text();
        assert!(
            answer.header("location").is_empty() && text.contains("id=\"error-code\">invalid_request"),
            "{text}"
        );
        assert!(text.contains("data-page=\"error\""));
    }
    let twice = format!("{}&state=again", client.request(&[]));
    assert!(jane.client.get(&twice).await.is(400).text().contains("invalid_request"));
}

async fn other_mistakes_are_told_to_the_client(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let long = "x".repeat(513);
    for (more, error) in [
        (vec![("response_type", "token")], "unsupported_response_type"),
        (vec![("response_type", "")], "invalid_request"),
        (vec![("code_challenge", "")], "invalid_request"),
        (vec![("code_challenge_method", "plain")], "invalid_request"),
        (vec![("code_challenge_method", "")], "invalid_request"),
        (vec![("code_challenge", "short")], "invalid_request"),
        (vec![("scope", "openid members:read")], "invalid_scope"),
        (vec![("scope", "email dance")], "invalid_scope"),
        (vec![("prompt", "none login")], "invalid_request"),
        (vec![("prompt", "dance")], "invalid_request"),
        (vec![("max_age", "soon")], "invalid_request"),
        (vec![("nonce", long.as_str())], "invalid_request"),
        (vec![("claims", "[]")], "invalid_request"),
        (vec![("response_mode", "fragment")], "invalid_request"),
        (vec![("registration", "{}")], "registration_not_supported"),
        (vec![("id_token_hint", "nonsense")], "invalid_request"),
        (vec![("organization_id", "nobody")], "access_denied"),
    ] {
        let back = client.back(&jane.client, &more).await;
        assert_eq!(back.error(), error, "{more:?}");
        assert_eq!((back.get("state").as_deref(), back.get("iss").as_deref()), (Some("xyz"), Some(ORIGIN)));
    }
    // What nobody knows is no error beside `openid`.
    client
        .back(&jane.client, &[("scope", "openid dance"), ("display", "popup"), ("colour", "red")])
        .await
        .code();
    let path = format!("/v1/clients/{}", client.id);
    app.admin_key().patch(&path).json(&json!({ "state": "disabled" })).await.ok();
    assert_eq!(client.back(&jane.client, &[]).await.error(), "unauthorized_client");
}

async fn every_answer_names_its_issuer(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    assert_eq!(client.back(&jane.client, &[]).await.get("iss").as_deref(), Some(ORIGIN));
    assert_eq!(client.back(&jane.client, &[("state", "")]).await.get("state"), None);
}

async fn an_answer_can_come_by_a_form(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let page = jane.client.get(&client.request(&[("response_mode", "form_post"), ("state", "a\"<b")])).await;
    let text = page.is(200).text();
    assert!(
        text.contains(&format!("action=\"{CALLBACK}\"")) && text.contains("data-page=\"form-post\""),
        "{text}"
    );
    assert!(text.contains("name=\"code\" value=\"avnl_ac_") && text.contains("name=\"iss\""));
    assert!(!text.contains("a\"<b"), "what a client sends is written as text");
    assert!(!page.header("content-security-policy").contains("form-action"));
}

async fn a_client_that_keeps_a_secret_may_do_without_a_challenge(app: TestApp) {
    let client = own_app(&app, json!({ "require_pkce": false })).await;
    let jane = jane(&app).await;
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    let code = client.code(&jane.client, &without).await;
    let grant = [("grant_type", "authorization_code"), ("redirect_uri", CALLBACK)];
    let form = |code| [grant.as_slice(), &[("code", code)]].concat();
    client.token(&form(&code)).await.ok();
    // A verifier without a challenge: somebody took the challenge away.
    let code = client.code(&jane.client, &without).await;
    refused(&client.redeem(&code).await, 400, "invalid_grant");
    // A challenge that was sent is always enforced.
    let code = client.code(&jane.client, &[]).await;
    refused(&client.token(&form(&code)).await, 400, "invalid_grant");
}

async fn a_request_can_be_posted(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let request = client.request(&[]);
    let (_, query) = request.split_once('?').expect("a query");
    let posted = app
        .browser()
        .post("/oauth2/auth")
        .header("origin", "https://app.example.com")
        .header("sec-fetch-site", "cross-site")
        .raw("application/x-www-form-urlencoded", query)
        .await;
    posted.is(303);
    let answer = jane.client.get(posted.header("location")).await;
    Back::of(answer.is(303).header("location")).code();
}

async fn a_persons_client_never_gets_rights_that_the_person_lacks(app: TestApp) {
    let scopes = json!(["openid", "account:self", "members:read", "clients:write"]);
    let client = own_app(&app, json!({ "scopes": scopes })).await;
    let jane = jane(&app).await;
    let all = [("scope", "openid account:self members:read clients:write")];
    assert_eq!(client.tokens(&jane.client, &all).await["scope"], "openid account:self");
    let team = app.team("Acme", "owner@acme.example").await;
    team.add(&jane.id, "member").await;
    let there = [all[0], ("organization_id", team.id.as_str())];
    assert_eq!(client.tokens(&jane.client, &there).await["scope"], "openid account:self members:read");
}

async fn public_clients_redeem_by_their_challenge_alone(app: TestApp) {
    let client = register(&app, "spa", json!({ "first_party": true })).await;
    let jane = jane(&app).await;
    let tokens = client.tokens(&jane.client, &[]).await;
    client.refresh(&tokens.at("/refresh_token"), &[]).await.ok();
    refused(&client.post("/oauth2/introspect", &[("token", "x")]).await, 401, "invalid_client");
    // Nobody signed in: to the sign-in, and back afterwards.
    let stranger = app.browser();
    let answer = stranger.get(&client.request(&[])).await;
    let location = answer.is(303).header("location").to_owned();
    assert!(location.starts_with("/sign-in?return_to=%2Foauth2%2Fauth%3Flogin_challenge%3D"), "{location}");
    let page = stranger.get(&location).await;
    page.is(303);
    stranger.signed_in("jane@acme.example").await;
    let (_, challenge) = location.split_once("login_challenge%3D").expect("a challenge");
    let goes_on = stranger.get(&format!("/oauth2/auth?login_challenge={challenge}")).await;
    Back::of(goes_on.is(303).header("location")).code();
    // It is used up with the code, and was never another browser's.
    stranger.get(&format!("/oauth2/auth?login_challenge={challenge}")).await.is(400);
    let answer = app.browser().get(&client.request(&[])).await;
    let challenge =
        answer.header("location").split_once("login_challenge%3D").expect("a challenge").1.to_owned();
    jane.client.get(&format!("/oauth2/auth?login_challenge={challenge}")).await.is(400);
    let consent = register(&app, "web", json!({})).await;
    challenge_of(&jane.client.get(&consent.request(&[])).await, "/consent");
}
