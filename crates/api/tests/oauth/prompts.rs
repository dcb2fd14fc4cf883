//! What a request wants of the person: `prompt`, `max_age`, `acr_values`, hints (`contract/30` §3).

use avnology_testkit::{PASSWORD, TestApp, on_both_engines};
use serde_json::json;

use crate::kit::{Back, challenge_of, csrf_of, jane, own_app};

on_both_engines! {
    in_silence_nobody_is_signed_in_is_an_error,
    a_login_is_asked_for_once,
    a_sign_in_that_is_too_old_is_asked_for_again,
    an_account_is_chosen,
    a_registration_can_come_first,
    a_stronger_sign_in_is_asked_for,
    a_level_that_nobody_reaches_is_told,
    a_hint_that_names_somebody_else_is_refused,
    what_a_client_wants_by_default_holds_where_a_request_does_not_say,
}

async fn in_silence_nobody_is_signed_in_is_an_error(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let none = [("prompt", "none")];
    assert_eq!(client.back(&app.browser(), &none).await.error(), "login_required");
    client.back(&jane(&app).await.client, &none).await.code();
}

async fn a_login_is_asked_for_once(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    app.advance(10);
    let answer = jane.client.get(&client.request(&[("prompt", "login"), ("login_hint", &jane.email)])).await;
    let location = answer.is(303).header("location").to_owned();
    assert!(
        location.contains("refresh=true") && location.contains("login_hint=jane%40acme.example"),
        "{location}"
    );
    let (_, rest) = location.split_once("login_challenge%3D").expect("a challenge");
    let path = format!("/oauth2/auth?login_challenge={}", rest.split('&').next().expect("a challenge"));
    // Coming back without it leads there again.
    assert!(jane.client.get(&path).await.is(303).header("location").starts_with("/sign-in"));
    let flow = jane.client.open_with("login", &[("refresh", "true")]).await;
    let done = flow.submit("password", json!({ "identifier": jane.email, "password": PASSWORD })).await;
    done.ok();
    Back::of(jane.client.get(&path).await.is(303).header("location")).code();
}

async fn a_sign_in_that_is_too_old_is_asked_for_again(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    client.back(&jane.client, &[("max_age", "60")]).await.code();
    app.advance(61);
    let answer = jane.client.get(&client.request(&[("max_age", "60")])).await;
    assert!(answer.is(303).header("location").starts_with("/sign-in?"));
    let silent = client.back(&jane.client, &[("max_age", "60"), ("prompt", "none")]).await;
    assert_eq!(silent.error(), "login_required");
    client.back(&jane.client, &[("max_age", "62")]).await.code();
}

async fn an_account_is_chosen(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    app.advance(1);
    let ask = [("prompt", "select_account")];
    let challenge = challenge_of(&jane.client.get(&client.request(&ask)).await, "/select-account");
    let page = jane.client.get(&format!("/select-account?login_challenge={challenge}")).await;
    assert!(page.text().contains("Go on as jane@acme.example"), "{}", page.text());
    let token = csrf_of(&page);
    let form = [("csrf_token", token.as_str()), ("login_challenge", challenge.as_str())];
    let answer = jane.client.post("/select-account").form(&form).await;
    let goes_on = jane.client.get(answer.is(303).header("location")).await;
    Back::of(goes_on.is(303).header("location")).code();
}

async fn a_registration_can_come_first(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let answer = app.browser().get(&client.request(&[("prompt", "create")])).await;
    assert!(answer.is(303).header("location").starts_with("/sign-up?return_to=%2Foauth2%2Fauth"));
}

async fn a_stronger_sign_in_is_asked_for(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    client.back(&jane.client, &[("acr_values", "aal2 aal1")]).await.code();
    let ask = [("acr_values", "urn:avnology:acr:aal2")];
    let answer = jane.client.get(&client.request(&ask)).await;
    let location = answer.is(303).header("location");
    assert!(location.starts_with("/sign-in?") && location.contains("aal=aal2"), "{location}");
    let silent = client.back(&jane.client, &[ask[0], ("prompt", "none")]).await;
    assert_eq!(silent.error(), "login_required");
    client.back(&jane.client, &[("acr_values", "gold")]).await.code();
}

async fn a_level_that_nobody_reaches_is_told(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let unmet = "unmet_authentication_requirements";
    assert_eq!(client.back(&jane.client, &[("acr_values", "aal3")]).await.error(), unmet);
    let claims = r#"{"id_token":{"acr":{"essential":true,"value":"gold"}}}"#;
    assert_eq!(client.back(&jane.client, &[("claims", claims)]).await.error(), unmet);
}

async fn a_hint_that_names_somebody_else_is_refused(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let joe = app.browsing("joe@acme.example").await;
    let hint = client.tokens(&jane.client, &[]).await.at("/id_token");
    app.advance(7_200);
    client.back(&jane.client, &[("id_token_hint", &hint)]).await.code();
    assert_eq!(client.back(&joe.client, &[("id_token_hint", &hint)]).await.error(), "login_required");
    let claims = format!(r#"{{"id_token":{{"sub":{{"value":"{}"}}}}}}"#, jane.id);
    client.back(&jane.client, &[("claims", &claims)]).await.code();
    assert_eq!(client.back(&joe.client, &[("claims", &claims)]).await.error(), "login_required");
}

async fn what_a_client_wants_by_default_holds_where_a_request_does_not_say(app: TestApp) {
    let client = own_app(&app, json!({ "default_max_age": 60, "default_acr_values": ["aal1"] })).await;
    let jane = jane(&app).await;
    client.back(&jane.client, &[]).await.code();
    app.advance(61);
    assert!(jane.client.get(&client.request(&[])).await.is(303).header("location").starts_with("/sign-in?"));
    client.back(&jane.client, &[("max_age", "600")]).await.code();
}
