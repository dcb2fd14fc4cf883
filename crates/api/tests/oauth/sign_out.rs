//! Signing out at the wish of a client (OpenID Connect RP-Initiated Logout, `contract/30` §10.2).

use avnology_testkit::{Client, TestApp, on_both_engines};
use serde_json::json;

use crate::kit::{Relying, csrf_of, jane, own_app};

on_both_engines! {
    a_hint_for_the_browsers_session_ends_it_and_leads_back,
    a_hint_of_a_session_that_is_gone_leads_back,
    without_a_hint_the_person_is_asked,
    nobody_is_sent_to_an_address_that_is_not_registered,
    what_is_no_id_token_ends_nothing,
    two_hints_that_name_two_sessions_are_for_the_person_to_decide,
}

const AFTER: &str = "https://app.example.com/signed-out";

async fn client(app: &TestApp) -> Relying {
    own_app(app, json!({ "post_logout_redirect_uris": [AFTER] })).await
}

async fn is_signed_in(browser: &Client) -> bool {
    browser.whoami().await.status == 200
}

async fn a_hint_for_the_browsers_session_ends_it_and_leads_back(app: TestApp) {
    let client = client(&app).await;
    let jane = jane(&app).await;
    let hint = client.tokens(&jane.client, &[("scope", "openid")]).await.at("/id_token");
    app.advance(7_200);
    let ask = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", AFTER), ("state", "s 1")];
    let answer = jane.client.get("/oauth2/logout").query(&ask).await;
    assert_eq!(answer.is(303).header("location"), format!("{AFTER}?state=s+1"));
    assert!(!is_signed_in(&jane.client).await);
}

async fn a_hint_of_a_session_that_is_gone_leads_back(app: TestApp) {
    let client = client(&app).await;
    let jane = jane(&app).await;
    let hint = client.tokens(&jane.client, &[("scope", "openid")]).await.at("/id_token");
    let ask = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", AFTER)];
    let answer = app.browser().get("/oauth2/logout").query(&ask).await;
    assert_eq!(answer.is(303).header("location"), AFTER);
    let other = app.browsing("joe@acme.example").await;
    let answer = other.client.get("/oauth2/logout").query(&ask).await;
    assert!(answer.is(200).text().contains("data-page=\"sign-out\" data-state=\"confirm\""));
    assert!(is_signed_in(&other.client).await && is_signed_in(&jane.client).await);
    let nowhere = app.browser().get("/oauth2/logout").await;
    assert!(nowhere.is(200).text().contains("data-state=\"done\""));
}

async fn without_a_hint_the_person_is_asked(app: TestApp) {
    let client = client(&app).await;
    let jane = jane(&app).await;
    let ask = [("client_id", client.id.as_str()), ("post_logout_redirect_uri", AFTER)];
    let page = jane.client.get("/oauth2/logout").query(&ask).await;
    let token = csrf_of(&page);
    assert!(page.text().contains("Shop") && is_signed_in(&jane.client).await);
    let wrong = [ask[0], ask[1], ("csrf_token", "wrong")];
    jane.client.post("/oauth2/logout/confirm").form(&wrong).await.is(403);
    assert!(is_signed_in(&jane.client).await);
    let form = [ask[0], ask[1], ("csrf_token", &token)];
    let answer = jane.client.post("/oauth2/logout/confirm").form(&form).await;
    assert_eq!(answer.is(303).header("location"), AFTER);
    assert!(!is_signed_in(&jane.client).await);
}

async fn nobody_is_sent_to_an_address_that_is_not_registered(app: TestApp) {
    let client = client(&app).await;
    let jane = jane(&app).await;
    let hint = client.tokens(&jane.client, &[("scope", "openid")]).await.at("/id_token");
    let other = own_app(&app, json!({})).await;
    for ask in [
        vec![("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", "https://evil.example/")],
        vec![("post_logout_redirect_uri", AFTER)],
        vec![("id_token_hint", hint.as_str()), ("client_id", other.id.as_str())],
        vec![("client_id", "nobody")],
    ] {
        let answer = jane.client.get("/oauth2/logout").query(&ask).await;
        assert!(answer.is(400).text().contains("id=\"error-code\">invalid_request"), "{ask:?}");
        assert!(is_signed_in(&jane.client).await);
    }
}

async fn what_is_no_id_token_ends_nothing(app: TestApp) {
    let client = client(&app).await;
    let jane = jane(&app).await;
    let tokens = client.tokens(&jane.client, &[("scope", "openid")]).await;
    let unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJ4In0.";
    for bad in [tokens.at("/access_token").as_str(), unsigned, "nonsense"] {
        jane.client.get("/oauth2/logout").query(&[("id_token_hint", bad)]).await.is(400);
        assert!(is_signed_in(&jane.client).await);
    }
}

async fn two_hints_that_name_two_sessions_are_for_the_person_to_decide(app: TestApp) {
    let client = client(&app).await;
    let jane = jane(&app).await;
    let hint = client.tokens(&jane.client, &[("scope", "openid")]).await.at("/id_token");
    let other = "ses_01kjpwe457etztza3v90genf98";
    let ask = [("id_token_hint", hint.as_str()), ("logout_hint", other), ("ui_locales", "en")];
    let page = jane.client.get("/oauth2/logout").query(&ask).await;
    assert!(page.is(200).text().contains("data-state=\"confirm\""));
    assert!(is_signed_in(&jane.client).await);
    let ask = [("id_token_hint", hint.as_str()), ("logout_hint", jane.session_id.as_str())];
    let page = jane.client.get("/oauth2/logout").query(&ask).await;
    assert!(page.is(200).text().contains("data-state=\"done\""));
    assert!(!is_signed_in(&jane.client).await);
}
