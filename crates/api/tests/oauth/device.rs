//! Devices without a browser (RFC 8628, `contract/30` §4.5).

use avnology_model::events::EventType;
use avnology_testkit::{Answer, Client, ORIGIN, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::kit::{Relying, csrf_of, jane, refused, register, verified};

on_both_engines! {
    a_device_is_told_its_codes_and_where_they_are_entered,
    what_a_device_may_not_ask_for_is_refused,
    a_device_gets_its_tokens_once_its_person_said_yes,
    a_device_that_asks_too_often_is_slowed_down,
    a_no_is_told_to_the_device,
    a_code_ends_after_fifteen_minutes,
    a_code_in_the_address_is_confirmed_all_the_same,
    of_many_questions_after_the_yes_one_gets_tokens,
    of_two_who_answer_one_is_heard,
    another_clients_device_code_is_no_good,
    five_wrong_codes_a_minute_are_looked_at_for_a_session,
    whoever_is_not_signed_in_signs_in_first,
    nothing_is_allowed_without_the_form_token,
    scopes_can_be_left_out_and_the_consent_is_remembered,
    the_makers_own_device_asks_for_the_code_alone,
    a_device_is_for_the_organization_that_is_chosen,
    a_device_names_an_organization,
    rules_of_the_organization_are_met_first,
    a_sign_out_before_the_tokens_leaves_none,
    a_disabled_client_gets_nothing,
}

const GRANT: (&str, &str) = ("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
const SCOPE: &str = "openid email offline_access";

/// A television.
async fn television(app: &TestApp, more: Value) -> Relying {
    let mut all = json!({ "name": "Living Room TV", "redirect_uris": [] });
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more);
    }
    register(app, "device", all).await
}

async fn begin(tv: &Relying, more: &[(&str, &str)]) -> Answer {
    let mut form = vec![("scope", SCOPE)];
    form.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    form.extend(more);
    let answer = tv.post("/oauth2/device/auth", &form).await;
    answer.ok();
    answer
}

async fn poll(tv: &Relying, codes: &Answer) -> Answer {
    tv.token(&[GRANT, ("device_code", &codes.at("/device_code"))]).await
}

fn page_of(codes: &Answer) -> String {
    codes.at("/verification_uri_complete").strip_prefix(ORIGIN).expect("a page of ours").to_owned()
}

/// What a person says to the device whose page this is.
async fn answer(browser: &Client, codes: &Answer, decision: &str, more: &[(&str, &str)]) -> Answer {
    let token = csrf_of(&browser.get(&page_of(codes)).await);
    send(browser, &token, codes, decision, more).await
}

/// Sends the form of a page that was opened before.
async fn send(
    browser: &Client,
    token: &str,
    codes: &Answer,
    decision: &str,
    more: &[(&str, &str)],
) -> Answer {
    let code = codes.at("/user_code");
    let form = [("csrf_token", token), ("user_code", &code), ("decision", decision)];
    browser.post("/device/confirm").form(&[&form[..], more].concat()).await
}

const TICKED: [(&str, &str); 2] = [("scope", "email"), ("scope", "offline_access")];

async fn allow(browser: &Client, codes: &Answer) {
    let done = answer(browser, codes, "accept", &TICKED).await;
    assert_eq!(done.is(303).header("location"), "/device?state=done");
}

async fn a_device_is_told_its_codes_and_where_they_are_entered(app: TestApp) {
    let tv = television(&app, json!({})).await;
    let codes = begin(&tv, &[]).await;
    assert!(codes.at("/device_code").starts_with("avnl_dc_"));
    let code = codes.at("/user_code");
    let is_good = |c: char| "BCDFGHJKLMNPQRSTVWXZ".contains(c);
    assert!(code.len() == 9 && code.replace('-', "").chars().all(is_good), "{code}");
    assert_eq!(codes["verification_uri"], format!("{ORIGIN}/device"));
    assert_eq!(codes["verification_uri_complete"], format!("{ORIGIN}/device?user_code={code}"));
    assert_eq!((codes["expires_in"].clone(), codes["interval"].clone()), (json!(900), json!(5)));
    assert_eq!((codes.header("cache-control"), codes.header("pragma")), ("no-store", "no-cache"));
    let metadata = app.program().get("/.well-known/openid-configuration").await;
    assert_eq!(metadata["device_authorization_endpoint"], format!("{ORIGIN}/oauth2/device/auth"));
}

async fn what_a_device_may_not_ask_for_is_refused(app: TestApp) {
    let tv = television(&app, json!({})).await;
    let ask = async |form: &[(&str, &str)]| tv.post("/oauth2/device/auth", form).await;
    refused(&ask(&[("scope", "members:write")]).await, 400, "invalid_scope");
    refused(&ask(&[("scope", "a  b")]).await, 400, "invalid_scope");
    refused(&ask(&[("resource", "https://api.example.com")]).await, 400, "invalid_target");
    refused(&ask(&[("organization_id", "nobody")]).await, 400, "access_denied");
    refused(&ask(&[("scope", "openid"), ("scope", "email")]).await, 400, "invalid_request");
    let web = register(&app, "web", json!({})).await;
    refused(&web.post("/oauth2/device/auth", &[]).await, 400, "unauthorized_client");
    let nobody = app.program().post("/oauth2/device/auth").form(&[("client_id", "cli_nobody")]).await;
    refused(&nobody, 401, "invalid_client");
    let none = television(&app, json!({ "organization_selection": "none" })).await;
    let named = none.post("/oauth2/device/auth", &[("organization_id", "acme")]).await;
    refused(&named, 400, "invalid_request");
    refused(&tv.token(&[GRANT]).await, 400, "invalid_request");
    refused(&tv.token(&[GRANT, ("device_code", "avnl_dc_nonsense")]).await, 400, "invalid_grant");
}

async fn a_device_gets_its_tokens_once_its_person_said_yes(app: TestApp) {
    let tv = television(&app, json!({})).await;
    let jane = jane(&app).await;
    let codes = begin(&tv, &[]).await;
    refused(&poll(&tv, &codes).await, 400, "authorization_pending");
    allow(&jane.client, &codes).await;
    let tokens = poll(&tv, &codes).await;
    assert_eq!(tokens.ok()["scope"], SCOPE);
    let id = verified(&app, &tokens.at("/id_token"), "JWT").await;
    assert_eq!((id["sub"].clone(), id["email"].clone()), (json!(jane.id), json!(jane.email)));
    let access = verified(&app, &tokens.at("/access_token"), "at+jwt").await;
    assert_eq!(
        (access["client_id"].clone(), access["session_id"].clone()),
        (json!(tv.id), json!(jane.session_id))
    );
    tv.refresh(&tokens.at("/refresh_token"), &[]).await.ok();
    refused(&poll(&tv, &codes).await, 400, "invalid_grant");
    let told = app.payloads(EventType::OauthTokenIssued).await;
    assert_eq!(told[0]["grant_type"], GRANT.1);
    assert_eq!((told[0]["jti"].clone(), told[0]["user_id"].clone()), (access["jti"].clone(), json!(jane.id)));
}

async fn a_device_that_asks_too_often_is_slowed_down(app: TestApp) {
    let tv = television(&app, json!({})).await;
    let jane = jane(&app).await;
    let codes = begin(&tv, &[]).await;
    refused(&poll(&tv, &codes).await, 400, "authorization_pending");
    app.advance(4);
    refused(&poll(&tv, &codes).await, 400, "slow_down");
    app.advance(9);
    refused(&poll(&tv, &codes).await, 400, "slow_down");
    app.advance(15);
    refused(&poll(&tv, &codes).await, 400, "authorization_pending");
    allow(&jane.client, &codes).await;
    // Who has an answer is not kept from it.
    poll(&tv, &codes).await.ok();
}

async fn a_no_is_told_to_the_device(app: TestApp) {
    let tv = television(&app, json!({})).await;
    let jane = jane(&app).await;
    let codes = begin(&tv, &[]).await;
    let done = answer(&jane.client, &codes, "deny", &[]).await;
    assert_eq!(done.is(303).header("location"), "/device?state=denied");
    refused(&poll(&tv, &codes).await, 400, "access_denied");
    app.advance(901);
    refused(&poll(&tv, &codes).await, 400, "access_denied");
    assert!(app.payloads(EventType::OauthConsentGranted).await.is_empty());
}

async fn a_code_ends_after_fifteen_minutes(app: TestApp) {
    let tv = television(&app, json!({})).await;
    let jane = jane(&app).await;
    let (codes, allowed) = (begin(&tv, &[]).await, begin(&tv, &[]).await);
    allow(&jane.client, &allowed).await;
    app.advance(900);
    let page = jane.client.get(&page_of(&codes)).await.is(200).text();
    assert!(page.contains("data-page=\"device\" data-state=\"expired\""), "{page}");
    refused(&poll(&tv, &codes).await, 400, "expired_token");
    refused(&poll(&tv, &allowed).await, 400, "expired_token");
    app.advance(24 * 60 * 60 + 1);
    app.sweep().await;
    refused(&poll(&tv, &codes).await, 400, "invalid_grant");
}

async fn a_code_in_the_address_is_confirmed_all_the_same(app: TestApp) {
    let tv = television(&app, json!({})).await;
    let jane = jane(&app).await;
    let codes = begin(&tv, &[]).await;
    let entry = jane.client.get("/device").await;
    assert!(entry.is(200).text().contains("data-page=\"device\" data-state=\"enter_code\""));
    let token = csrf_of(&entry);
    let typed = codes.at("/user_code").to_lowercase().replace('-', " ");
    let form = [("csrf_token", token.as_str()), ("user_code", &typed)];
    let typed = jane.client.post("/device").form(&form).await.is(200).text();
    for page in [typed, jane.client.get(&page_of(&codes)).await.is(200).text()] {
        for words in
            ["data-state=\"confirm\"", "Living Room TV", &codes.at("/user_code"), "See your e-mail address"]
        {
            assert!(page.contains(words), "{words}: {page}");
        }
    }
    refused(&poll(&tv, &codes).await, 400, "authorization_pending");
}

async fn of_many_questions_after_the_yes_one_gets_tokens(app: TestApp) {
    let tv = television(&app, json!({})).await;
    let jane = jane(&app).await;
    for _ in 0..3 {
        let codes = begin(&tv, &[]).await;
        allow(&jane.client, &codes).await;
        let (one, two, three) = tokio::join!(poll(&tv, &codes), poll(&tv, &codes), poll(&tv, &codes));
        let mut all = [one.status, two.status, three.status];
        all.sort_unstable();
        assert_eq!(all, [200, 400, 400]);
    }
}

async fn of_two_who_answer_one_is_heard(app: TestApp) {
    let tv = television(&app, json!({})).await;
    let (jane, max) = (jane(&app).await, app.browsing("max@acme.example").await);
    for _ in 0..3 {
        let codes = begin(&tv, &[]).await;
        let mine = csrf_of(&jane.client.get(&page_of(&codes)).await);
        let theirs = csrf_of(&max.client.get(&page_of(&codes)).await);
        let (one, other) = tokio::join!(
            send(&jane.client, &mine, &codes, "accept", &TICKED),
            send(&max.client, &theirs, &codes, "deny", &[])
        );
        let mut ends = [one, other].map(|answer| answer.is(303).header("location").to_owned());
        ends.sort();
        assert!(ends.iter().any(|end| end.ends_with("state=expired")), "{ends:?}");
        let heard = poll(&tv, &codes).await;
        assert_eq!(heard.status == 200, ends.iter().any(|end| end.ends_with("state=done")), "{ends:?}");
    }
}

async fn another_clients_device_code_is_no_good(app: TestApp) {
    let (tv, other) = (television(&app, json!({})).await, television(&app, json!({})).await);
    let jane = jane(&app).await;
    let codes = begin(&tv, &[]).await;
    allow(&jane.client, &codes).await;
    refused(&poll(&other, &codes).await, 400, "invalid_grant");
    poll(&tv, &codes).await.ok();
}

async fn five_wrong_codes_a_minute_are_looked_at_for_a_session(app: TestApp) {
    let tv = television(&app, json!({})).await;
    let (jane, max) = (jane(&app).await, app.browsing("max@acme.example").await);
    let codes = begin(&tv, &[]).await;
    for wrong in ["BBBB-BBBB", "CCCCCCCC", "aeiou", "DDDD-DDDD", "FFFF-FFFF"] {
        let page = jane.client.get(&format!("/device?user_code={wrong}")).await;
        assert!(page.is(400).text().contains("data-state=\"enter_code\""));
    }
    let page = jane.client.get(&page_of(&codes)).await;
    assert!(page.is(429).text().contains("Too many codes"), "the right one is not looked at either");
    assert!(max.client.get(&page_of(&codes)).await.is(200).text().contains("data-state=\"confirm\""));
    app.advance(60);
    allow(&jane.client, &codes).await;
}

async fn whoever_is_not_signed_in_signs_in_first(app: TestApp) {
    let tv = television(&app, json!({})).await;
    let codes = begin(&tv, &[]).await;
    let answer = app.browser().get(&page_of(&codes)).await;
    let location = answer.is(303).header("location").to_owned();
    let code = codes.at("/user_code");
    assert!(location.contains("/sign-in?return_to=/device%3Fuser"), "{location}");
    assert!(location.contains(&code) || location.contains(&code.replace('-', "%2D")), "{location}");
}

async fn nothing_is_allowed_without_the_form_token(app: TestApp) {
    let tv = television(&app, json!({})).await;
    let jane = jane(&app).await;
    let codes = begin(&tv, &[]).await;
    let code = codes.at("/user_code");
    for token in ["", "x"] {
        let form = [("csrf_token", token), ("user_code", &code), ("decision", "accept")];
        jane.client.post("/device/confirm").form(&form).await.is(403);
    }
    refused(&poll(&tv, &codes).await, 400, "authorization_pending");
}

async fn scopes_can_be_left_out_and_the_consent_is_remembered(app: TestApp) {
    let tv = television(&app, json!({})).await;
    let jane = jane(&app).await;
    let codes = begin(&tv, &[]).await;
    answer(&jane.client, &codes, "accept", &[("scope", "email"), ("scope", "groups")]).await.is(303);
    let tokens = poll(&tv, &codes).await;
    assert_eq!(
        (tokens.ok()["scope"].clone(), tokens["refresh_token"].clone()),
        (json!("openid email"), json!(null))
    );
    let told = app.payloads(EventType::OauthConsentGranted).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["consent"]["scopes"], json!(["openid", "email"]));
    let consents = jane.client.get("/v1/me/consents").await;
    assert_eq!(consents.ok()["consents"][0]["client"]["name"], "Living Room TV");
    let path = format!("/v1/me/consents/{}", consents.at("/consents/0/id"));
    jane.client.delete(&path).await.no_content();
    let userinfo = app.program().get("/userinfo");
    userinfo.header("authorization", &format!("Bearer {}", tokens.at("/access_token"))).await.is(401);
}

async fn the_makers_own_device_asks_for_the_code_alone(app: TestApp) {
    let tv = television(&app, json!({ "first_party": true })).await;
    let jane = jane(&app).await;
    let codes = begin(&tv, &[]).await;
    refused(&poll(&tv, &codes).await, 400, "authorization_pending");
    answer(&jane.client, &codes, "accept", &[]).await.is(303);
    assert_eq!(poll(&tv, &codes).await.ok()["scope"], SCOPE);
    assert!(app.payloads(EventType::OauthConsentGranted).await.is_empty());
}

async fn a_device_is_for_the_organization_that_is_chosen(app: TestApp) {
    let team = app.team("Acme", "a@acme.example").await;
    let tv = television(&app, json!({})).await;
    let jane = jane(&app).await;
    let codes = begin(&tv, &[("scope", "openid organizations")]).await;
    let page = jane.client.get(&page_of(&codes)).await.is(200).text();
    assert!(!page.contains("Acme") && !page.to_lowercase().contains("no organization"), "{page}");
    team.add(&jane.id, "member").await;
    assert!(jane.client.get(&page_of(&codes)).await.is(200).text().contains("Acme, as member"));
    let chosen = [("organization", team.id.as_str()), ("scope", "organizations")];
    answer(&jane.client, &codes, "accept", &chosen).await.is(303);
    let tokens = poll(&tv, &codes).await;
    let access = verified(&app, &tokens.at("/access_token"), "at+jwt").await;
    assert_eq!((access["org_id"].clone(), access["org_role"].clone()), (json!(team.id), json!("member")));
    let other = app.team("Other", "b@other.example").await;
    let codes = begin(&tv, &[]).await;
    let foreign = answer(&jane.client, &codes, "accept", &[("organization", &other.id)]).await;
    assert!(foreign.is(403).text().contains("Choose an organization that you belong to."));
    answer(&jane.client, &codes, "accept", &[("organization", "")]).await.is(303);
    let access = poll(&tv, &codes).await.at("/access_token");
    assert_eq!(verified(&app, &access, "at+jwt").await.get("org_id"), None);
    let team_only = television(&app, json!({ "organization_selection": "required" })).await;
    let codes = begin(&team_only, &[]).await;
    let max = app.browsing("max@acme.example").await;
    let page = max.client.get(&page_of(&codes)).await.is(200).text();
    assert!(page.contains("You belong to no organization"), "{page}");
    answer(&max.client, &codes, "accept", &[]).await.is(403);
    refused(&poll(&team_only, &codes).await, 400, "authorization_pending");
}

async fn a_device_names_an_organization(app: TestApp) {
    let team = app.team("Acme", "a@acme.example").await;
    let tv = television(&app, json!({})).await;
    let jane = jane(&app).await;
    let codes = begin(&tv, &[("organization_id", &team.slug)]).await;
    // Who is no member joins, if its rules let them.
    let refused_page = answer(&jane.client, &codes, "accept", &[]).await;
    assert!(refused_page.is(403).text().contains("invitation"), "{refused_page}");
    team.add(&jane.id, "admin").await;
    answer(&jane.client, &codes, "accept", &[]).await.is(303);
    let access = poll(&tv, &codes).await.at("/access_token");
    assert_eq!(verified(&app, &access, "at+jwt").await["org_slug"], json!(team.slug));
    let elsewhere = television(&app, json!({ "allowed_organizations": [team.id] })).await;
    let other = app.team("Other", "b@other.example").await;
    let denied = elsewhere.post("/oauth2/device/auth", &[("organization_id", &other.id)]).await;
    refused(&denied, 400, "access_denied");
}

async fn rules_of_the_organization_are_met_first(app: TestApp) {
    let team = app.team("Acme", "a@acme.example").await;
    let tv = television(&app, json!({})).await;
    let jane = jane(&app).await;
    team.add(&jane.id, "member").await;
    team.alter(|organization| organization.mfa_required = true).await;
    let codes = begin(&tv, &[("organization_id", &team.id)]).await;
    let goes = answer(&jane.client, &codes, "accept", &[]).await;
    let location = goes.is(303).header("location").to_owned();
    assert!(location.contains("/sign-in?return_to=%2Fdevice%3Fuser_code%3D"), "{location}");
    assert!(location.contains("aal=aal2") && location.contains(&team.id), "{location}");
    refused(&poll(&tv, &codes).await, 400, "authorization_pending");
}

async fn a_sign_out_before_the_tokens_leaves_none(app: TestApp) {
    let tv = television(&app, json!({})).await;
    let jane = jane(&app).await;
    let codes = begin(&tv, &[]).await;
    allow(&jane.client, &codes).await;
    jane.client.delete(&format!("/v1/sessions/{}", jane.session_id)).await.no_content();
    refused(&poll(&tv, &codes).await, 400, "invalid_grant");
}

async fn a_disabled_client_gets_nothing(app: TestApp) {
    let tv = television(&app, json!({})).await;
    let jane = jane(&app).await;
    let codes = begin(&tv, &[]).await;
    let path = format!("/v1/clients/{}", tv.id);
    app.admin_key().patch(&path).json(&json!({ "state": "disabled" })).await.ok();
    let page = jane.client.get(&page_of(&codes)).await.is(200).text();
    assert!(page.contains("data-state=\"expired\""));
    refused(&poll(&tv, &codes).await, 400, "unauthorized_client");
    app.admin_key().patch(&path).json(&json!({ "state": "active" })).await.ok();
    refused(&poll(&tv, &codes).await, 400, "invalid_grant");
}
