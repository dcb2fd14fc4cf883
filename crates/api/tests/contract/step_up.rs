//! Step-up: `contract/11` §4.6.

use avnology_model::{Code, events::EventType};
use avnology_testkit::{PASSWORD, TestApp, on_both_engines};
use serde_json::json;

on_both_engines! {
    the_same_session_is_raised_with_a_new_token_and_a_new_time,
    a_browser_gets_a_new_cookie_for_the_same_session,
    the_identifier_cannot_be_changed_and_nobody_else_can_sign_in,
    a_code_raises_a_session_too,
    a_session_that_ended_meanwhile_is_not_raised,
}

async fn the_same_session_is_raised_with_a_new_token_and_a_new_time(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    app.advance(1_000);
    let flow = jane.client.open_with("login", &[("refresh", "true")]).await;
    assert_eq!(
        (flow.opened.state(), flow.opened.messages()),
        ("choose_method".to_owned(), vec!["1010002".to_owned()])
    );
    assert_eq!(flow.opened.at("/identifier"), "jane@acme.example");
    let done = flow.submit("password", json!({ "password": PASSWORD })).await;
    assert_eq!(
        (done.at("/session/id"), done.at("/session/authenticated_at")),
        (jane.session_id.clone(), "2026-03-02T09:16:40.000Z".to_owned())
    );
    assert_eq!(done.at("/session/issued_at"), "2026-03-02T09:00:00.000Z");
    assert_eq!(done.at("/session/expires_at"), "2026-04-01T09:00:00.000Z", "the absolute limit stays");
    let elevated = app.payloads(EventType::SessionElevated).await;
    let expected = json!({ "session_id": jane.session_id, "user_id": jane.id, "previous_aal": "aal1", "aal": "aal1", "methods": ["password"] });
    assert_eq!(elevated, [expected]);
    assert_eq!(app.payloads(EventType::SessionCreated).await.len(), 1);
}

async fn a_browser_gets_a_new_cookie_for_the_same_session(app: TestApp) {
    let jane = app.browsing("jane@acme.example").await;
    let before = jane.client.cookie("__Host-avnology_session");
    let flow = jane.client.open_with("login", &[("max_age", "0"), ("return_to", "/account/security")]).await;
    let done = flow.submit("password", json!({ "password": PASSWORD })).await;
    assert_eq!(
        (done.at("/session/id"), done.at("/redirect_to")),
        (jane.session_id.clone(), "/account/security".to_owned())
    );
    assert_ne!(jane.client.cookie("__Host-avnology_session"), before);
    assert_eq!(jane.client.whoami().await.at("/id"), jane.session_id);
}

async fn the_identifier_cannot_be_changed_and_nobody_else_can_sign_in(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    app.account("joe@acme.example").await;
    let flow = jane.client.open_with("login", &[("refresh", "true")]).await;
    assert_eq!(flow.opened.node("identifier").expect("a node")["attributes"]["readonly"], true);
    flow.submit("identifier", json!({ "identifier": "joe@acme.example" }))
        .await
        .refused(Code::StepUnavailable);
    let other = json!({ "identifier": "joe@acme.example", "password": PASSWORD });
    flow.submit("password", other).await.refused(Code::PermissionDenied);
    let unknown = json!({ "identifier": "nobody@acme.example", "password": PASSWORD });
    flow.submit("password", unknown).await.refused(Code::PermissionDenied);
    flow.submit("password", json!({ "password": PASSWORD })).await.token();
}

async fn a_code_raises_a_session_too(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let flow = jane.client.open_with("login", &[("refresh", "true")]).await;
    flow.submit("code", json!({})).await.goes_on("sent_email");
    let code = app.latest_mail("jane@acme.example").await.code;
    let done = flow.submit("code", json!({ "code": code })).await;
    assert_eq!(done.at("/session/id"), jane.session_id);
    let methods = done["session"]["authentication_methods"].as_array().expect("methods");
    assert_eq!(
        methods.iter().map(|m| m["method"].clone()).collect::<Vec<_>>(),
        [json!("password"), json!("code")]
    );
}

async fn a_session_that_ended_meanwhile_is_not_raised(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let flow = jane.client.open_with("login", &[("refresh", "true")]).await;
    jane.client.post("/v1/sessions:logout").await.no_content();
    let answer = flow.submit("password", json!({ "password": PASSWORD })).await;
    answer.refused(Code::SessionInvalid);
    assert!(!answer.text().contains("avnl_ses_"), "{answer}");
}
