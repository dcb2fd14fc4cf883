//! What a sign-in asks for besides the first factor: `contract/11` §4.5; and what flows name: §§2.1, 5.

use avnology_model::{Code, events::EventType};
use avnology_testkit::{PASSWORD, TestApp, on_both_engines};
use serde_json::json;

on_both_engines! {
    a_sign_in_asks_for_required_fields_that_are_missing,
    only_what_is_missing_can_be_given,
    a_taken_username_is_refused_on_its_node,
    a_new_password_is_asked_for_after_the_profile,
    who_has_no_address_is_asked_for_one_and_proves_it,
    required_fields_cannot_be_emptied_afterwards,
    a_form_completes_the_profile_page,
    a_registration_names_the_address_that_a_code_was_sent_to,
}

const NEW_PASSWORD: &str = "amber kettle window 9";

async fn require(app: &TestApp, fields: &[&str]) {
    app.settings(json!({ "registration": { "required_fields": fields } })).await;
}

async fn a_sign_in_asks_for_required_fields_that_are_missing(app: TestApp) {
    app.account_with("jane@acme.example", json!({ "first_name": "Jane" })).await;
    require(&app, &["email", "first_name", "last_name", "username"]).await;
    let client = app.program();
    let flow = client.open("login").await;
    let asked =
        flow.submit("password", json!({ "identifier": "jane@acme.example", "password": PASSWORD })).await;
    asked.goes_on("complete_profile");
    assert_eq!(asked.node_names(), ["traits.last_name", "traits.username", "method=profile"]);
    assert_eq!(asked.node("traits.last_name").expect("a node")["attributes"]["required"], true);
    assert!(asked["session"].is_null(), "no session before it is complete: {asked}");
    flow.submit("password", json!({ "password": NEW_PASSWORD })).await.refused(Code::StepUnavailable);
    let refused = flow.submit("profile", json!({ "traits": { "last_name": " ", "username": "x" } })).await;
    refused.refused_fields(
        Code::InputRejected,
        &[("traits.username", "too_short"), ("traits.last_name", "required")],
    );
    assert_eq!(refused.node_messages("traits.last_name"), ["4000001"]);
    assert_eq!(refused.node("traits.username").expect("a node")["attributes"]["value"], "x");
    let done = flow.submit("profile", json!({ "traits": { "last_name": "Doe", "username": "jane" } })).await;
    done.token();
    assert_eq!(done.at("/session/identity/display_name"), "Jane Doe");
    assert_eq!(done.at("/session/identity/username"), "jane");
    let changed = app.payloads(EventType::UserUpdated).await;
    assert_eq!(changed.last().expect("an event")["changed_fields"], json!(["last_name", "username"]));
    app.program().sign_in("jane", PASSWORD).await.token();
    app.program().sign_in_by_code("jane@acme.example").await.token();
}

async fn only_what_is_missing_can_be_given(app: TestApp) {
    app.account("jane@acme.example").await;
    require(&app, &["email", "last_name"]).await;
    let flow = app.program().open("login").await;
    flow.submit("profile", json!({ "traits": { "last_name": "Doe" } })).await.refused(Code::MethodDisabled);
    flow.submit("password", json!({ "identifier": "jane@acme.example", "password": PASSWORD })).await;
    let more = json!({ "traits": { "last_name": "Doe", "email": "evil@acme.example" } });
    let refused = flow.submit("profile", more).await;
    refused.refused_fields(Code::InputRejected, &[("traits.email", "not_allowed")]);
    let done = flow.submit("profile", json!({ "traits": { "last_name": "Doe" } })).await;
    done.token();
    assert_eq!(done["session"]["identity"]["email_verified"], true);
}

async fn a_taken_username_is_refused_on_its_node(app: TestApp) {
    app.account_with("joe@acme.example", json!({ "username": "joe" })).await;
    app.account("jane@acme.example").await;
    require(&app, &["email", "username"]).await;
    let flow = app.program().open("login").await;
    flow.submit("password", json!({ "identifier": "jane@acme.example", "password": PASSWORD })).await;
    let refused = flow.submit("profile", json!({ "traits": { "username": "JOE" } })).await;
    assert_eq!(refused.refused(Code::HandleTaken)["field"], "username");
    assert_eq!(refused.node_messages("traits.username"), ["4000007"]);
    flow.submit("profile", json!({ "traits": { "username": "jane" } })).await.token();
}

async fn a_new_password_is_asked_for_after_the_profile(app: TestApp) {
    app.account_with("jane@acme.example", json!({ "password_change_required": true })).await;
    require(&app, &["email", "first_name"]).await;
    let flow = app.program().open("login").await;
    let asked =
        flow.submit("password", json!({ "identifier": "jane@acme.example", "password": PASSWORD })).await;
    assert_eq!(asked.goes_on("complete_profile").node_names(), ["traits.first_name", "method=profile"]);
    let asked = flow.submit("profile", json!({ "traits": { "first_name": "Jane" } })).await;
    assert_eq!(asked.goes_on("complete_profile").node_names(), ["password", "method=password"]);
    flow.submit("profile", json!({ "traits": { "first_name": "Eve" } })).await.refused(Code::StepUnavailable);
    let done = flow.submit("password", json!({ "password": NEW_PASSWORD })).await;
    done.token();
    assert_eq!(done.at("/session/identity/first_name"), "Jane");
    app.program().sign_in("jane@acme.example", NEW_PASSWORD).await.token();
}

async fn who_has_no_address_is_asked_for_one_and_proves_it(app: TestApp) {
    require(&app, &[]).await;
    let identity = json!({ "identity": { "username": "jane" }, "initial_password": PASSWORD });
    app.admin_key().post("/v1/identities").json(&identity).await.created();
    app.account("joe@acme.example").await;
    app.settings(json!({ "require_verified_email": true })).await;
    let flow = app.program().open("login").await;
    let asked = flow.submit("password", json!({ "identifier": "jane", "password": PASSWORD })).await;
    assert_eq!(asked.goes_on("complete_profile").node_names(), ["traits.email", "method=profile"]);
    let refused = flow.submit("profile", json!({ "traits": { "email": "joe@acme.example" } })).await;
    refused.refused(Code::EmailTaken);
    flow.submit("profile", json!({ "traits": { "email": "jane@acme.example" } }))
        .await
        .goes_on("verify_address");
    let code = app.latest_mail("jane@acme.example").await.code;
    let done = flow.submit("code", json!({ "code": code })).await;
    done.token();
    assert_eq!(done["session"]["identity"]["email_verified"], true);
}

async fn required_fields_cannot_be_emptied_afterwards(app: TestApp) {
    app.account_with("jane@acme.example", json!({ "first_name": "Jane" })).await;
    let jane = app.program().signed_in("jane@acme.example").await;
    require(&app, &["email", "first_name", "last_name"]).await;
    let emptied = jane.client.patch("/v1/me").json(&json!({ "first_name": null })).await;
    emptied.refused_fields(Code::ValidationFailed, &[("first_name", "required")]);
    // What was missing before does not stand in the way of something else.
    jane.client.patch("/v1/me").json(&json!({ "display_name": "JD" })).await.ok();
    let flow = jane.client.open_with("settings", &[("section", "profile")]).await;
    let is_required = |name: &str| flow.opened.node(name).expect("a node")["attributes"]["required"] == true;
    assert!(
        is_required("traits.email") && is_required("traits.first_name") && is_required("traits.last_name")
    );
    assert!(!is_required("traits.display_name"));
}

async fn a_form_completes_the_profile_page(app: TestApp) {
    app.account("jane@acme.example").await;
    require(&app, &["email", "last_name"]).await;
    let browser = app.browser();
    let flow = browser.open("login").await;
    let csrf = flow.csrf();
    let sign_in = [
        ("method", "password"),
        ("csrf_token", &csrf),
        ("identifier", "jane@acme.example"),
        ("password", PASSWORD),
    ];
    let next = browser.post(&flow.submit_path()).form(&sign_in).await;
    let page = browser.get(next.is(303).header("location")).header("accept", "text/html").await;
    assert!(page.is(200).text().contains("Complete your profile"), "{page}");
    let complete = [("method", "profile"), ("csrf_token", &csrf), ("traits.last_name", "Doe")];
    let done = browser.post(&flow.submit_path()).form(&complete).await;
    assert_eq!(done.is(303).header("location"), "/account");
    assert_eq!(browser.get("/v1/me").await.at("/last_name"), "Doe");
}

async fn a_registration_names_the_address_that_a_code_was_sent_to(app: TestApp) {
    app.settings(json!({ "require_verified_email": true })).await;
    let browser = app.browser();
    let flow = browser.open("registration").await;
    let body = json!({ "traits": { "email": "Jane@acme.example" }, "password": PASSWORD });
    let sent = flow.submit("password", body).await;
    assert_eq!(sent.goes_on("verify_address").flow()["identifier"], "Jane@acme.example");
    let page = browser.get(&format!("/sign-up?flow={}", flow.id)).header("accept", "text/html").await;
    assert!(page.is(200).text().contains("Jane@acme.example"), "{page}");
}
