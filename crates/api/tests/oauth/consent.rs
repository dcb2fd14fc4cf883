//! Consent (`contract/30` §10.1).

use avnology_model::{Code, events::EventType};
use avnology_testkit::{Client, TestApp, on_both_engines};
use serde_json::json;

use crate::kit::{Back, Relying, challenge_of, csrf_of, jane, own_app, register};

on_both_engines! {
    a_client_of_others_asks_and_the_answer_is_remembered,
    a_refusal_is_told_to_the_client,
    scopes_can_be_left_out,
    more_scopes_are_asked_for_again,
    a_native_client_is_asked_for_what_outlives_the_sign_out_each_time,
    the_makers_own_clients_ask_only_when_they_want_to,
    nothing_is_agreed_to_without_the_form_token,
    a_consent_is_for_one_organization,
    a_request_is_one_browsers,
    what_was_agreed_to_is_seen_and_taken_back,
}

/// What a person decides on the page of consent; the answer that the browser is led to.
async fn decide(
    browser: &Client,
    challenge: &str,
    decision: &str,
    scopes: &[&str],
) -> avnology_testkit::Answer {
    let page = browser.get(&format!("/consent?login_challenge={challenge}")).await;
    let token = csrf_of(&page);
    let mut form =
        vec![("csrf_token", token.as_str()), ("login_challenge", challenge), ("decision", decision)];
    form.extend(scopes.iter().map(|scope| ("scope", *scope)));
    browser.post("/consent").form(&form).await
}

const ALL: [&str; 4] = ["profile", "email", "offline_access", "organizations"];

/// Goes through the page of consent; the code.
async fn agree(client: &Relying, browser: &Client, scopes: &[&str], more: &[(&str, &str)]) -> String {
    let challenge = challenge_of(&browser.get(&client.request(more)).await, "/consent");
    let answer = decide(browser, &challenge, "accept", scopes).await;
    let goes_on = browser.get(answer.is(303).header("location")).await;
    Back::of(goes_on.is(303).header("location")).code()
}

async fn a_client_of_others_asks_and_the_answer_is_remembered(app: TestApp) {
    let client = register(&app, "web", json!({ "name": "Photo <Prints>" })).await;
    let jane = jane(&app).await;
    let challenge = challenge_of(&jane.client.get(&client.request(&[])).await, "/consent");
    let text = jane.client.get(&format!("/consent?login_challenge={challenge}")).await.is(200).text();
    for words in ["Photo &lt;Prints&gt;", "jane@acme.example", "See your e-mail address", "app.example.com"] {
        let escaped = words.replace("&lt;", "&#60;").replace("&gt;", "&#62;");
        assert!(text.contains(words) || text.contains(&escaped), "{words}: {text}");
    }
    assert!(text.contains("data-page=\"consent\" data-state=\"scopes\""));
    let code = agree(&client, &jane.client, &ALL, &[]).await;
    client.redeem(&code).await.ok();
    client.code(&jane.client, &[]).await;
    assert_eq!(app.payloads(EventType::OauthConsentGranted).await.len(), 1);
}

async fn a_refusal_is_told_to_the_client(app: TestApp) {
    let client = register(&app, "web", json!({})).await;
    let jane = jane(&app).await;
    let challenge = challenge_of(&jane.client.get(&client.request(&[])).await, "/consent");
    let answer = decide(&jane.client, &challenge, "deny", &[]).await;
    let back = Back::of(answer.is(303).header("location"));
    assert_eq!((back.error().as_str(), back.get("state").as_deref()), ("access_denied", Some("xyz")));
    jane.client.get(&format!("/consent?login_challenge={challenge}")).await.refused(Code::NotFound);
    assert!(app.payloads(EventType::OauthConsentGranted).await.is_empty());
}

async fn scopes_can_be_left_out(app: TestApp) {
    let client = register(&app, "web", json!({})).await;
    let jane = jane(&app).await;
    let code = agree(&client, &jane.client, &["profile"], &[]).await;
    let tokens = client.redeem(&code).await;
    assert_eq!(tokens.ok()["scope"], "openid profile");
    assert_eq!(tokens["refresh_token"], json!(null));
}

async fn more_scopes_are_asked_for_again(app: TestApp) {
    let client = register(&app, "web", json!({})).await;
    let jane = jane(&app).await;
    agree(&client, &jane.client, &[], &[("scope", "openid")]).await;
    client.code(&jane.client, &[("scope", "openid")]).await;
    agree(&client, &jane.client, &["email"], &[("scope", "openid email")]).await;
    client.code(&jane.client, &[("scope", "openid email")]).await;
    agree(&client, &jane.client, &[], &[("scope", "openid"), ("prompt", "consent")]).await;
    client.code(&jane.client, &[("scope", "openid email")]).await;
    let none = client.back(&jane.client, &[("scope", "openid profile"), ("prompt", "none")]).await;
    assert_eq!(none.error(), "consent_required");
}

async fn a_native_client_is_asked_for_what_outlives_the_sign_out_each_time(app: TestApp) {
    let client = register(&app, "native", json!({})).await;
    let jane = jane(&app).await;
    agree(&client, &jane.client, &ALL, &[]).await;
    agree(&client, &jane.client, &ALL, &[]).await;
    client.code(&jane.client, &[("scope", "openid")]).await;
}

async fn the_makers_own_clients_ask_only_when_they_want_to(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    client.code(&jane.client, &[]).await;
    challenge_of(&jane.client.get(&client.request(&[("prompt", "consent")])).await, "/consent");
}

async fn nothing_is_agreed_to_without_the_form_token(app: TestApp) {
    let client = register(&app, "web", json!({})).await;
    let jane = jane(&app).await;
    let challenge = challenge_of(&jane.client.get(&client.request(&[])).await, "/consent");
    let form = [("login_challenge", challenge.as_str()), ("decision", "accept"), ("csrf_token", "wrong")];
    jane.client.post("/consent").form(&form).await.refused(Code::CsrfFailed);
    let page = jane.client.get(&format!("/consent?login_challenge={challenge}")).await;
    let (token, site) = (csrf_of(&page), "cross-site");
    let form = [("login_challenge", challenge.as_str()), ("decision", "accept"), ("csrf_token", &token)];
    let foreign = jane.client.post("/consent").header("sec-fetch-site", site).form(&form).await;
    foreign.refused(Code::CsrfFailed);
    challenge_of(&jane.client.get(&client.request(&[])).await, "/consent");
}

async fn a_consent_is_for_one_organization(app: TestApp) {
    let client = register(&app, "web", json!({})).await;
    let team = app.team("Acme", "owner@acme.example").await;
    let jane = jane(&app).await;
    team.add(&jane.id, "member").await;
    agree(&client, &jane.client, &ALL, &[]).await;
    let there = [("organization_id", team.id.as_str())];
    let challenge = challenge_of(&jane.client.get(&client.request(&there)).await, "/consent");
    let page = jane.client.get(&format!("/consent?login_challenge={challenge}")).await;
    assert!(page.text().contains("Acme"));
    agree(&client, &jane.client, &ALL, &there).await;
    client.code(&jane.client, &there).await;
}

async fn a_request_is_one_browsers(app: TestApp) {
    let client = register(&app, "web", json!({})).await;
    let jane = jane(&app).await;
    let challenge = challenge_of(&jane.client.get(&client.request(&[])).await, "/consent");
    let other = app.browser().signed_in("jane@acme.example").await;
    let page = format!("/consent?login_challenge={challenge}");
    other.client.get(&page).await.refused(Code::NotFound);
    app.advance(30 * 60);
    jane.client.get(&page).await.refused(Code::NotFound);
}

async fn what_was_agreed_to_is_seen_and_taken_back(app: TestApp) {
    let client = register(&app, "web", json!({})).await;
    let jane = jane(&app).await;
    let code = agree(&client, &jane.client, &ALL, &[]).await;
    let tokens = client.redeem(&code).await;
    let own = jane.client.get("/v1/me/consents").await;
    let listed = own.ok()["consents"].as_array().cloned().expect("a list");
    assert_eq!((listed.len(), listed[0]["client"]["name"].clone()), (1, json!("Shop")));
    let id = own.at("/consents/0/id");
    let path = format!("/v1/identities/{}/consents", jane.id);
    assert_eq!(app.admin_key().get(&path).await.ok(), own.json());
    let joe = app.person("joe@acme.example").await;
    joe.client.delete(&format!("/v1/me/consents/{id}")).await.refused(Code::NotFound);
    joe.client.get(&path).await.refused(Code::ScopeMissing);
    jane.client.delete(&format!("/v1/me/consents/{id}")).await.no_content();
    assert!(!client.is_active(&tokens.at("/access_token")).await);
    assert!(!client.is_active(&tokens.at("/refresh_token")).await);
    challenge_of(&jane.client.get(&client.request(&[])).await, "/consent");
    assert_eq!(app.payloads(EventType::OauthConsentRevoked).await.len(), 1);
}
