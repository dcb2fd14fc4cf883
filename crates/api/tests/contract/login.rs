//! Sign-in by password, and what it never tells: `contract/11` §§4.1, 4.4, 4.5.

use avnology_model::Code;
use avnology_testkit::{Answer, PASSWORD, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    an_identifier_is_entered_first_and_then_a_way_chosen,
    identifier_and_password_may_come_at_once,
    a_phone_and_a_username_are_identifiers_too,
    the_identifier_can_be_changed,
    a_hint_fills_the_identifier_in,
    what_is_no_identifier_is_refused,
    a_known_and_an_unknown_account_are_answered_alike,
    an_account_without_a_password_is_answered_alike,
    an_address_must_be_proven_where_that_is_required,
    a_deletion_that_signing_in_does_not_cancel_stays,
    signing_in_is_noted,
}

/// An answer without what differs from one flow to the next.
fn shape(answer: &Answer) -> (u16, Value) {
    let mut value = answer.json().clone();
    blank(&mut value);
    (answer.status, value)
}

fn blank(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map.iter_mut() {
                if matches!(
                    name.as_str(),
                    "id" | "request_id" | "action" | "identifier" | "value" | "challenge"
                ) && inner.is_string()
                {
                    *inner = json!("…");
                } else {
                    blank(inner);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(blank),
        _ => {}
    }
}

async fn an_identifier_is_entered_first_and_then_a_way_chosen(app: TestApp) {
    app.account("jane@acme.example").await;
    let flow = app.program().open("login").await;
    let next = flow.submit("identifier", json!({ "identifier": " jane@acme.example " })).await;
    next.goes_on("choose_method");
    assert_eq!(next.flow()["identifier"], "jane@acme.example");
    let expected = [
        "identifier",
        "password",
        "method=password",
        "method=code",
        "channel",
        "method=link",
        "method=identifier",
        "passkey_response",
    ];
    assert_eq!(next.node_names(), expected);
    assert_eq!(next.node("identifier").expect("a node")["attributes"]["readonly"], true);
    let done = flow.submit("password", json!({ "password": PASSWORD })).await;
    assert_eq!(
        (done.at("/session/identity/email"), done.at("/session/aal")),
        ("jane@acme.example".to_owned(), "aal1".to_owned())
    );
}

async fn identifier_and_password_may_come_at_once(app: TestApp) {
    let id = app.account("jane@acme.example").await;
    let done = app.program().sign_in("jane@acme.example", PASSWORD).await;
    assert_eq!((done.at("/session/identity_id"), done["session"]["active"].clone()), (id, json!(true)));
    let flow = app.program().open("login").await;
    flow.submit("password", json!({ "identifier": "jane@acme.example" }))
        .await
        .refused_fields(Code::InputRejected, &[("password", "required")]);
}

async fn a_phone_and_a_username_are_identifiers_too(app: TestApp) {
    let more = json!({ "username": "Jane-D", "phone": "+442079460000", "phone_verified": true });
    let id = app.account_with("jane@acme.example", more).await;
    for identifier in ["jane-d", "JANE-D", "+44 20 7946 0000", "JANE@Acme.example"] {
        assert_eq!(
            app.program().sign_in(identifier, PASSWORD).await.at("/session/identity_id"),
            id,
            "{identifier}"
        );
    }
    let unproven = json!({ "phone": "+442079460001" });
    app.account_with("joe@acme.example", unproven).await;
    app.program().sign_in("+442079460001", PASSWORD).await.refused(Code::WrongCredentials);
}

async fn the_identifier_can_be_changed(app: TestApp) {
    app.account("joe@acme.example").await;
    let flow = app.program().open("login").await;
    flow.submit("identifier", json!({ "identifier": "jane@acme.example" })).await.ok();
    let again = flow.submit("identifier", json!({})).await;
    again.goes_on("choose_method");
    assert!(again.flow()["identifier"].is_null() && again.node("password").is_none(), "{again}");
    flow.submit("identifier", json!({ "identifier": "joe@acme.example" })).await.ok();
    flow.submit("password", json!({ "password": PASSWORD })).await.token();
}

async fn a_hint_fills_the_identifier_in(app: TestApp) {
    app.account("jane@acme.example").await;
    let flow = app.program().open_with("login", &[("login_hint", "jane@acme.example")]).await;
    assert_eq!(flow.opened.at("/identifier"), "jane@acme.example");
    flow.submit("password", json!({ "password": PASSWORD })).await.token();
}

async fn what_is_no_identifier_is_refused(app: TestApp) {
    let flow = app.program().open("login").await;
    for bad in ["jane@", "j", "12345", "a b", "+12", "<script>"] {
        let refused = flow.submit("identifier", json!({ "identifier": bad })).await;
        refused.refused_fields(Code::InputRejected, &[("identifier", "invalid_format")]);
        assert_eq!(refused.node_messages("identifier"), ["4000002"], "{bad}");
    }
    for missing in [json!({}), json!({ "identifier": "" }), json!({ "identifier": 7 })] {
        flow.submit("identifier", missing)
            .await
            .refused_fields(Code::InputRejected, &[("identifier", "required")]);
    }
}

async fn a_known_and_an_unknown_account_are_answered_alike(app: TestApp) {
    app.account("jane@acme.example").await;
    let mut told = Vec::new();
    for email in ["jane@acme.example", "nobody@acme.example"] {
        let (first, second) = (app.program().open("login").await, app.program().open("login").await);
        let link = app.program().open("login").await;
        let wrong = app.browser().open("login").await;
        told.push([
            shape(&first.submit("identifier", json!({ "identifier": email })).await),
            shape(&first.submit("password", json!({ "password": "wrong" })).await),
            shape(&second.submit("code", json!({ "identifier": email })).await),
            shape(&second.submit("code", json!({ "code": "abcdef" })).await),
            shape(&link.submit("link", json!({ "identifier": email })).await),
            shape(&wrong.submit("password", json!({ "identifier": email, "password": "wrong" })).await),
        ]);
    }
    assert_eq!(told[0], told[1]);
    assert_eq!((told[0][1].0, told[0][2].0), (401, 200));
}

async fn an_account_without_a_password_is_answered_alike(app: TestApp) {
    let identity = json!({ "email": "bare@acme.example", "email_verified": true });
    app.admin_key().post("/v1/identities").json(&json!({ "identity": identity })).await.created();
    let bare = app.program().sign_in("bare@acme.example", "wrong").await;
    let unknown = app.program().sign_in("nobody@acme.example", "wrong").await;
    assert_eq!(shape(&bare), shape(&unknown));
    assert_eq!(bare.messages(), ["4010001"]);
    assert!(bare.flow()["ui"]["nodes"].to_string().contains("\"password\""), "every way is offered: {bare}");
    app.program().sign_in_by_code("bare@acme.example").await.token();
}

async fn an_address_must_be_proven_where_that_is_required(app: TestApp) {
    app.account_with("jane@acme.example", json!({ "email_verified": false })).await;
    app.settings(json!({ "require_verified_email": true })).await;
    let client = app.program();
    let flow = client.open("login").await;
    let step =
        flow.submit("password", json!({ "identifier": "jane@acme.example", "password": PASSWORD })).await;
    step.goes_on("verify_address");
    assert_eq!(step.messages(), ["1080001"]);
    assert!(step["session_token"].is_null());
    let mail = app.latest_mail("jane@acme.example").await;
    flow.submit("code", json!({ "code": "abcdef" })).await.refused(Code::WrongCode);
    flow.submit("password", json!({ "password": PASSWORD })).await.refused(Code::StepUnavailable);
    let done = flow.submit("code", json!({ "code": mail.code })).await;
    client.set_token(&done.token());
    assert_eq!(client.whoami().await.ok()["identity"]["email_verified"], true);
    assert_eq!(client.get("/v1/me").await.ok()["has_password"], true, "their own password proved the flow");
    app.program().sign_in("jane@acme.example", PASSWORD).await.token();
}

async fn a_deletion_that_signing_in_does_not_cancel_stays(app: TestApp) {
    let id = app.account("jane@acme.example").await;
    app.admin_key().delete(&format!("/v1/identities/{id}")).await.no_content();
    app.program().sign_in("jane@acme.example", PASSWORD).await.refused(Code::AccountInactive);
    app.program().sign_in("jane@acme.example", "wrong").await.refused(Code::WrongCredentials);
    let read = app.admin_key().get(&format!("/v1/identities/{id}")).await;
    assert_eq!(read.at("/state"), "scheduled_deletion");
}

async fn signing_in_is_noted(app: TestApp) {
    let id = app.account("jane@acme.example").await;
    let read = || app.admin_key().get(&format!("/v1/identities/{id}"));
    let before = read().await;
    assert!(before.ok()["last_login_at"].is_null());
    app.advance(90);
    app.program().signed_in("jane@acme.example").await;
    let after = read().await;
    assert_eq!(after.at("/last_login_at"), "2026-03-02T09:01:30.000Z");
    assert_eq!(
        (after.at("/etag"), after.at("/update_time")),
        (before.at("/etag"), before.at("/update_time"))
    );
    let credentials = app.admin_key().get(&format!("/v1/identities/{id}/credentials")).await;
    assert_eq!(credentials.at("/credentials/0/last_used_at"), "2026-03-02T09:01:30.000Z");
}
