//! The settings flow: `contract/11` §9.

use avnology_model::Code;
use avnology_testkit::{PASSWORD, TestApp, on_both_engines};
use serde_json::json;

const JANE: &str = "jane@acme.example";
const OTHER: &str = "amber canyon tulip 9";

on_both_engines! {
    the_form_shows_what_there_is,
    a_profile_is_saved_and_an_empty_field_clears,
    a_profile_that_does_not_fit_is_named_on_its_nodes,
    a_new_address_is_held_until_it_is_proven,
    a_taken_name_is_told_on_its_node,
    a_password_is_changed_and_the_form_stays,
    a_password_that_does_not_fit_is_refused_on_its_node,
    a_password_needs_a_fresh_sign_in_and_leads_through_one,
    a_section_that_needs_a_fresh_sign_in_is_not_opened_without,
    who_came_without_a_password_must_show_the_present_one,
    a_wrong_present_password_counts_as_a_failure,
    a_password_can_be_removed_where_mail_lets_in,
    a_browser_gets_the_new_token_as_a_cookie,
    a_method_of_another_flow_does_not_fit,
}

async fn the_form_shows_what_there_is(app: TestApp) {
    app.account_with(JANE, json!({ "first_name": "Jane", "username": "jane", "locale": "en-GB" })).await;
    let jane = app.program().signed_in(JANE).await;
    let opened = jane.client.open("settings").await.opened;
    let value = |name: &str| opened.node(name).expect(name)["attributes"]["value"].clone();
    assert_eq!((value("traits.first_name"), value("traits.email")), (json!("Jane"), json!(JANE)));
    assert_eq!((value("traits.username"), value("traits.locale")), (json!("jane"), json!("en-GB")));
    for name in ["current_password", "password", "method=profile", "method=password"] {
        assert!(opened.node_names().contains(&name.to_owned()), "{name}: {:?}", opened.node_names());
    }
    let only = jane.client.open_with("settings", &[("section", "profile")]).await.opened;
    assert!(!only.node_names().contains(&"password".to_owned()), "{:?}", only.node_names());
    let bad = jane.client.get("/v1/flows/settings?section=shoes").await;
    bad.refused_fields(Code::ValidationFailed, &[("section", "not_in_enum")]);
}

async fn a_profile_is_saved_and_an_empty_field_clears(app: TestApp) {
    app.account_with(JANE, json!({ "first_name": "Jane", "last_name": "Doe" })).await;
    let jane = app.program().signed_in(JANE).await;
    let flow = jane.client.open("settings").await;
    let saved = flow
        .submit("profile", json!({ "traits": { "first_name": "Joan", "last_name": " ", "locale": "fr" } }))
        .await;
    assert_eq!(saved.goes_on("show_form").messages(), ["1050001"]);
    let me = jane.client.get("/v1/me").await;
    assert_eq!(
        (me.at("/first_name"), me["last_name"].clone(), me.at("/locale")),
        ("Joan".to_owned(), json!(null), "fr".to_owned())
    );
    assert_eq!(jane.client.whoami().await.at("/identity/first_name"), "Joan");
    flow.submit("profile", json!({ "traits": { "first_name": "Jane" } })).await.goes_on("show_form");
}

async fn a_profile_that_does_not_fit_is_named_on_its_nodes(app: TestApp) {
    let jane = app.person(JANE).await;
    let flow = jane.client.open("settings").await;
    let bad = json!({ "traits": { "first_name": "x".repeat(101), "locale": "e", "timezone": "../etc" } });
    let refused = flow.submit("profile", bad).await;
    refused.refused(Code::InputRejected);
    let mut fields: Vec<String> = refused.fields().into_iter().map(|(f, _)| f).collect();
    fields.sort();
    assert_eq!(fields, ["traits.first_name", "traits.locale", "traits.timezone"]);
    assert_eq!(
        (refused.node_messages("traits.locale"), refused.state()),
        (vec!["4000002".to_owned()], "show_form".to_owned())
    );
    for name in ["email_verified", "external_id", "metadata", "shoe_size_of_others"] {
        let refused = flow.submit("profile", json!({ "traits": { name: true } })).await;
        assert!(matches!(refused.status, 422 | 200), "{refused}");
    }
    let me = app.admin_key().get(&format!("/v1/identities/{}", jane.id)).await;
    assert_eq!(
        (me["external_id"].clone(), me["metadata"].clone()),
        (json!(null), json!({ "public": {}, "admin": {} }))
    );
}

async fn a_new_address_is_held_until_it_is_proven(app: TestApp) {
    let jane = app.person(JANE).await;
    let flow = jane.client.open("settings").await;
    flow.submit("profile", json!({ "traits": { "email": "new@acme.example" } })).await.goes_on("show_form");
    assert_eq!(jane.client.get("/v1/me").await.at("/email"), JANE);
    let mail = app.latest_mail("new@acme.example").await;
    let verification = jane.client.resume("verification", &mail.link_parameter("flow")).await;
    verification.submit("code", json!({ "code": mail.code })).await.goes_on("passed_challenge");
    assert_eq!(jane.client.get("/v1/me").await.at("/email"), "new@acme.example");
    app.advance(900);
    let refused = flow.submit("profile", json!({ "traits": { "email": "third@acme.example" } })).await;
    refused.refused(Code::StepUpRequired);
}

async fn a_taken_name_is_told_on_its_node(app: TestApp) {
    app.account_with("joe@acme.example", json!({ "username": "joe" })).await;
    let jane = app.person(JANE).await;
    let flow = jane.client.open("settings").await;
    let refused = flow.submit("profile", json!({ "traits": { "username": "JOE" } })).await;
    assert_eq!(refused.refused(Code::HandleTaken)["field"], "username");
    assert_eq!(refused.node_messages("traits.username"), ["4000007"]);
    let refused = flow.submit("profile", json!({ "traits": { "email": "Joe@acme.example" } })).await;
    refused.refused(Code::EmailTaken);
    assert_eq!(refused.node_messages("traits.email"), ["4000005"]);
}

async fn a_password_is_changed_and_the_form_stays(app: TestApp) {
    let jane = app.person(JANE).await;
    let flow = jane.client.open("settings").await;
    let saved = flow.submit("password", json!({ "password": OTHER })).await;
    assert_eq!(saved.goes_on("show_form").messages(), ["1050001"]);
    jane.client.set_token(&saved.token());
    app.program().sign_in(JANE, OTHER).await.token();
    app.program().sign_in(JANE, PASSWORD).await.refused(Code::WrongCredentials);
    assert_eq!(app.mail_kinds(JANE).await, ["password_changed"]);
    let again = flow.submit("password", json!({ "password": "copper lantern fjord 3" })).await;
    again.goes_on("show_form");
}

async fn a_password_that_does_not_fit_is_refused_on_its_node(app: TestApp) {
    let jane = app.person(JANE).await;
    let flow = jane.client.open("settings").await;
    for (password, code, message) in
        [(PASSWORD, Code::PasswordReused, "4000006"), ("short", Code::PasswordWeak, "4000004")]
    {
        let refused = flow.submit("password", json!({ "password": password })).await;
        refused.refused(code);
        assert_eq!(
            (refused.node_messages("password"), refused.state()),
            (vec![message.to_owned()], "show_form".to_owned())
        );
    }
    flow.submit("password", json!({})).await.refused_fields(Code::InputRejected, &[("password", "required")]);
    jane.client.whoami().await.ok();
}

async fn a_password_needs_a_fresh_sign_in_and_leads_through_one(app: TestApp) {
    let jane = app.browsing(JANE).await;
    let flow = jane.client.open("settings").await;
    app.advance(900);
    let refused = flow.submit("password", json!({ "password": OTHER })).await;
    let document = refused.refused(Code::StepUpRequired);
    assert_eq!(
        document["required"],
        json!({ "aal": null, "max_age": 900, "connection_id": null, "methods": null })
    );
    assert!(!refused.text().contains(OTHER));
    let login = jane.client.follow(&refused);
    assert_eq!((login.kind.as_str(), refused.messages()), ("login", vec!["1010002".to_owned()]));
    let done = login.submit("password", json!({ "password": PASSWORD })).await;
    assert_eq!(done.at("/session/id"), jane.session_id);
    assert!(done.at("/redirect_to").contains(&flow.id), "back to the settings: {done}");
    flow.submit("password", json!({ "password": OTHER })).await.goes_on("show_form");
}

async fn a_section_that_needs_a_fresh_sign_in_is_not_opened_without(app: TestApp) {
    let jane = app.person(JANE).await;
    jane.client.open_with("settings", &[("section", "password")]).await;
    app.advance(900);
    jane.client.open("settings").await;
    jane.client.open_with("settings", &[("section", "profile")]).await;
    let refused = jane.client.get("/v1/flows/settings?section=password").await;
    assert_eq!(refused.refused(Code::StepUpRequired)["required"]["max_age"], 900);
    assert_eq!(jane.client.follow(&refused).kind, "login");
}

async fn who_came_without_a_password_must_show_the_present_one(app: TestApp) {
    app.account(JANE).await;
    let client = app.program();
    client.sign_in_by_code(JANE).await.token();
    let flow = client.open("settings").await;
    let missing = flow.submit("password", json!({ "password": OTHER })).await;
    missing.refused_fields(Code::InputRejected, &[("current_password", "required")]);
    let wrong = flow.submit("password", json!({ "password": OTHER, "current_password": "wrong" })).await;
    wrong.refused(Code::WrongCredentials);
    assert_eq!(wrong.node_messages("current_password"), ["4010001"]);
    app.program().sign_in(JANE, PASSWORD).await.token();
    flow.submit("password", json!({ "password": OTHER, "current_password": PASSWORD }))
        .await
        .goes_on("show_form");
    app.program().sign_in(JANE, OTHER).await.token();
    let bare = app
        .admin_key()
        .post("/v1/identities")
        .json(&json!({ "identity": { "email": "bare@acme.example", "email_verified": true } }));
    bare.await.created();
    let client = app.program();
    client.sign_in_by_code("bare@acme.example").await.token();
    let flow = client.open("settings").await;
    flow.submit("password", json!({ "password": OTHER })).await.goes_on("show_form");
}

async fn a_wrong_present_password_counts_as_a_failure(app: TestApp) {
    app.account(JANE).await;
    let client = app.program();
    client.sign_in_by_code(JANE).await.token();
    let flow = client.open("settings").await;
    for _ in 0..5 {
        let wrong = flow.submit("password", json!({ "password": OTHER, "current_password": "wrong" })).await;
        wrong.refused(Code::WrongCredentials);
    }
    app.program().sign_in(JANE, PASSWORD).await.refused(Code::AccountLocked);
    let locked = flow.submit("password", json!({ "password": OTHER, "current_password": PASSWORD })).await;
    locked.refused(Code::AccountLocked);
}

async fn a_password_can_be_removed_where_mail_lets_in(app: TestApp) {
    let jane = app.person(JANE).await;
    let other = app.program().signed_in(JANE).await;
    let flow = jane.client.open("settings").await;
    app.settings(json!({ "allowed_methods": ["password"] })).await;
    flow.submit("password", json!({ "password_remove": true })).await.refused(Code::LastCredential);
    app.settings(json!({ "allowed_methods": null })).await;
    let saved = flow.submit("password", json!({ "password_remove": true })).await;
    assert_eq!(saved.goes_on("show_form").messages(), ["1050001"]);
    assert_eq!(saved.ok()["session"]["identity"]["has_password"], false);
    other.client.whoami().await.refused(Code::SessionInvalid);
    jane.client.set_token(&saved.token());
    app.program().sign_in(JANE, PASSWORD).await.refused(Code::WrongCredentials);
    flow.submit("password", json!({ "password_remove": true })).await.refused(Code::StepUnavailable);
    let unproven = app.program();
    unproven.register("joe@acme.example").await.token();
    let flow = unproven.open("settings").await;
    flow.submit("password", json!({ "password_remove": true })).await.refused(Code::LastCredential);
}

async fn a_browser_gets_the_new_token_as_a_cookie(app: TestApp) {
    let jane = app.browsing(JANE).await;
    let before = jane.client.cookie("__Host-avnology_session");
    let flow = jane.client.open("settings").await;
    let saved = flow.submit("password", json!({ "password": OTHER })).await;
    assert!(saved.ok()["session_token"].is_null() && !saved.text().contains("avnl_ses_"), "{saved}");
    assert_ne!(jane.client.cookie("__Host-avnology_session"), before);
    assert_eq!(jane.client.whoami().await.at("/id"), jane.session_id);
}

async fn a_method_of_another_flow_does_not_fit(app: TestApp) {
    let jane = app.person(JANE).await;
    let flow = jane.client.open("settings").await;
    for method in ["code", "link", "identifier", "oidc", "dance"] {
        let refused = flow.submit(method, json!({})).await;
        assert!(matches!(refused.code(), Some(Code::MethodDisabled | Code::StepUnavailable)), "{refused}");
    }
    flow.submit("profile", json!({ "traits": {} })).await.goes_on("show_form");
}
