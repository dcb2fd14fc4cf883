//! Recovery: `contract/11` §7.

use avnology_model::Code;
use avnology_testkit::{Answer, PASSWORD, TestApp, on_both_engines};
use serde_json::json;

const JANE: &str = "jane@acme.example";
const OTHER: &str = "amber canyon tulip 9";

on_both_engines! {
    a_code_leads_to_a_session_that_can_only_choose_a_password,
    a_known_and_an_unknown_address_are_answered_alike,
    an_account_that_cannot_recover_is_told_by_mail,
    a_new_password_ends_everything_else_and_the_session_becomes_a_standard_one,
    recovery_proves_the_address_and_removes_what_was_there_before,
    a_wrong_code_tells_how_many_tries_are_left,
    a_recovery_lives_an_hour_and_works_once,
    of_two_requests_with_one_code_one_wins,
    a_recovery_session_lasts_fifteen_minutes,
    a_mailed_link_recovers_in_the_browser_that_opens_it,
    an_address_that_is_none_is_refused,
    a_new_code_comes_after_a_minute,
    the_password_rules_hold_in_recovery_too,
}

async fn asked(app: &TestApp) -> (avnology_testkit::FlowRun, String) {
    let flow = app.program().open("recovery").await;
    let sent = flow.submit("code", json!({ "email": JANE })).await;
    assert_eq!(sent.goes_on("sent_email").messages(), ["1060001"]);
    let mail = app.latest_mail(JANE).await;
    assert_eq!(mail.kind, "recovery");
    (flow, mail.code)
}

async fn a_code_leads_to_a_session_that_can_only_choose_a_password(app: TestApp) {
    app.account(JANE).await;
    let (flow, code) = asked(&app).await;
    let done = flow.submit("code", json!({ "code": code })).await;
    assert_eq!(
        (done.at("/session/kind"), done.at("/session/aal")),
        ("recovery".to_owned(), "aal1".to_owned())
    );
    assert_eq!(done.at("/session/expires_at"), "2026-03-02T09:15:00.000Z");
    assert_eq!(
        (done.at("/continue_flow/type"), done.state(), done.messages()),
        ("settings".to_owned(), "show_form".to_owned(), vec!["1060002".to_owned()])
    );
    assert_eq!(done.node_names(), ["password", "method=password", "passkey_response", "name"]);
    let client = app.program().with_token(&done.token());
    assert_eq!(client.whoami().await.at("/kind"), "recovery");
    for path in ["/v1/me", "/v1/sessions", "/v1/me/credentials", "/v1/flows/settings", "/v1/tenant"] {
        client.get(path).await.refused(Code::StepUpRequired);
    }
    client.patch("/v1/me").json(&json!({ "first_name": "Mallory" })).await.refused(Code::StepUpRequired);
    client.delete("/v1/sessions").await.refused(Code::StepUpRequired);
    client
        .follow(&done)
        .submit("profile", json!({ "traits": { "first_name": "Mallory" } }))
        .await
        .refused(Code::StepUpRequired);
}

async fn a_known_and_an_unknown_address_are_answered_alike(app: TestApp) {
    app.account(JANE).await;
    let mut told = Vec::new();
    for email in [JANE, "none@acme.example"] {
        for method in ["code", "link"] {
            let flow = app.program().open("recovery").await;
            let sent = flow.submit(method, json!({ "email": email })).await;
            let wrong = flow.submit("code", json!({ "code": "abcdef" })).await;
            let shape = |a: &Answer| {
                (
                    a.status,
                    a.code(),
                    a.state(),
                    a.messages(),
                    a.node_names(),
                    a.node_messages("code"),
                    a["attempts_remaining"].to_string(),
                )
            };
            told.push((shape(&sent), shape(&wrong)));
        }
        app.advance(60);
    }
    assert_eq!((&told[0], &told[1]), (&told[2], &told[3]));
    assert!(app.mail_to("none@acme.example").await.is_empty());
}

async fn an_account_that_cannot_recover_is_told_by_mail(app: TestApp) {
    let id = app.account(JANE).await;
    app.admin_key().post(&format!("/v1/identities/{id}:deactivate")).await.ok();
    let flow = app.program().open("recovery").await;
    let sent = flow.submit("code", json!({ "email": JANE })).await;
    assert_eq!(sent.goes_on("sent_email").messages(), ["1060001"]);
    let mail = app.latest_mail(JANE).await;
    assert_eq!(
        (mail.kind.as_str(), mail.code.as_str(), mail.link.as_str()),
        ("recovery_unavailable", "", "")
    );
    flow.submit("code", json!({ "code": "000000" })).await.refused(Code::WrongRecoveryCode);
}

async fn a_new_password_ends_everything_else_and_the_session_becomes_a_standard_one(app: TestApp) {
    let jane = app.person(JANE).await;
    let client = app.program();
    let recovered = client.recover(JANE).await;
    client.set_token(&recovered.token());
    jane.client.whoami().await.ok();
    app.advance(60);
    let saved = client.follow(&recovered).submit("password", json!({ "password": OTHER })).await;
    assert_eq!(saved.goes_on("show_form").messages(), ["1050001"]);
    assert_eq!(
        (saved.at("/session/id"), saved.at("/session/kind")),
        (recovered.at("/session/id"), "standard".to_owned())
    );
    assert_eq!(saved.at("/session/expires_at"), "2026-04-01T09:01:00.000Z");
    jane.client.whoami().await.refused(Code::SessionInvalid);
    client.whoami().await.refused(Code::SessionInvalid);
    client.set_token(&saved.token());
    client.get("/v1/me").await.ok();
    app.program().sign_in(JANE, PASSWORD).await.refused(Code::WrongCredentials);
    app.program().sign_in(JANE, OTHER).await.token();
    assert!(app.mail_kinds(JANE).await.contains(&"password_changed".to_owned()));
}

async fn recovery_proves_the_address_and_removes_what_was_there_before(app: TestApp) {
    let mallory = app.program();
    mallory.register(JANE).await.token();
    app.advance(60);
    let client = app.program();
    let recovered = client.recover(JANE).await;
    mallory.whoami().await.refused(Code::SessionInvalid);
    app.program().sign_in(JANE, PASSWORD).await.refused(Code::WrongCredentials);
    client.set_token(&recovered.token());
    let identity = client.whoami().await;
    assert_eq!(identity.ok()["identity"]["email_verified"], true);
}

async fn a_wrong_code_tells_how_many_tries_are_left(app: TestApp) {
    app.account(JANE).await;
    let (flow, code) = asked(&app).await;
    for left in (0..5).rev() {
        let wrong = flow.submit("code", json!({ "code": "abcdef" })).await;
        assert_eq!(wrong.refused(Code::WrongRecoveryCode)["attempts_remaining"], left);
        assert_eq!(
            (wrong.state(), wrong.node_messages("code")),
            ("sent_email".to_owned(), vec!["4000008".to_owned()])
        );
    }
    let late = flow.submit("code", json!({ "code": code })).await;
    late.refused(Code::RecoveryExpired);
    assert_eq!(late.node_messages("code"), ["4060003"]);
}

async fn a_recovery_lives_an_hour_and_works_once(app: TestApp) {
    app.account(JANE).await;
    let (flow, code) = asked(&app).await;
    app.advance(3_599);
    flow.submit("code", json!({ "code": code })).await.token();
    flow.submit("code", json!({ "code": code })).await.refused(Code::FlowGone);
    let (flow, code) = asked(&app).await;
    app.advance(3_600);
    flow.submit("code", json!({ "code": code })).await.refused(Code::FlowGone);
}

async fn of_two_requests_with_one_code_one_wins(app: TestApp) {
    app.account(JANE).await;
    let (flow, code) = asked(&app).await;
    let losing = [Code::FlowGone, Code::RecoveryExpired];
    assert_eq!(flow.race(6, "code", &json!({ "code": code }), &losing).await, 1);
}

async fn a_recovery_session_lasts_fifteen_minutes(app: TestApp) {
    let jane = app.recovering(JANE).await;
    app.advance(899);
    jane.client.whoami().await.ok();
    app.advance(1);
    jane.client.whoami().await.refused(Code::SessionExpired);
}

async fn a_mailed_link_recovers_in_the_browser_that_opens_it(app: TestApp) {
    app.account(JANE).await;
    let (asker, opener) = (app.browser(), app.browser());
    let flow = asker.open("recovery").await;
    flow.submit("link", json!({ "email": JANE })).await.goes_on("sent_email");
    let mail = app.latest_mail(JANE).await;
    let page = opener
        .get(mail.link.trim_start_matches("https://id.example.com"))
        .header("accept", "text/html")
        .await;
    assert!(page.is(200).text().contains("<form"), "{page}");
    opener.whoami().await.refused(Code::SessionInvalid);
    let id = mail.link_parameter("flow");
    let body = json!({ "token": mail.link_parameter("token"), "csrf_token": opener.csrf_of(&id) });
    let press = || {
        opener
            .post(&format!("/v1/flows/recovery/{id}:submit"))
            .json(&json!({ "method": "link", "body": body }))
    };
    let recovered = press().await;
    recovered.goes_on("show_form");
    assert_eq!(opener.whoami().await.at("/kind"), "recovery");
    asker.whoami().await.refused(Code::SessionInvalid);
    press().await.refused(Code::FlowGone);
    let settings = opener.follow(&recovered);
    asker.get(&settings.path()).await.refused(Code::NotFound);
    settings.submit("password", json!({ "password": OTHER })).await.goes_on("show_form");
    assert_eq!(opener.whoami().await.at("/kind"), "standard");
}

async fn an_address_that_is_none_is_refused(app: TestApp) {
    let flow = app.program().open_with("recovery", &[("email", JANE)]).await;
    assert_eq!(flow.opened.node("email").expect("a node")["attributes"]["value"], JANE);
    for bad in ["jane", "jane@", "a b@acme.example"] {
        let refused = flow.submit("code", json!({ "email": bad })).await;
        refused.refused_fields(Code::InputRejected, &[("email", "invalid_format")]);
        assert_eq!(refused.node_messages("email"), ["4000002"]);
    }
    flow.submit("code", json!({})).await.refused_fields(Code::InputRejected, &[("email", "required")]);
}

async fn a_new_code_comes_after_a_minute(app: TestApp) {
    app.account(JANE).await;
    let (flow, old) = asked(&app).await;
    let early = flow.submit("code", json!({ "resend": true })).await;
    assert_eq!(early.refused(Code::TooManyRequests)["retry_after"], 60);
    assert_eq!(early.messages(), ["4000013"]);
    app.advance(60);
    flow.submit("code", json!({ "resend": true })).await.goes_on("sent_email");
    let new = app.latest_mail(JANE).await.code;
    assert_ne!(old, new);
    flow.submit("code", json!({ "code": old })).await.refused(Code::WrongRecoveryCode);
    flow.submit("code", json!({ "code": new })).await.token();
}

async fn the_password_rules_hold_in_recovery_too(app: TestApp) {
    let jane = app.recovering(JANE).await;
    app.advance(60);
    let recovered = app.program().recover(JANE).await;
    let client = app.program().with_token(&recovered.token());
    let flow = client.follow(&recovered);
    let reused = flow.submit("password", json!({ "password": PASSWORD })).await;
    reused.refused(Code::PasswordReused);
    assert_eq!(reused.node_messages("password"), ["4000006"]);
    flow.submit("password", json!({ "password": "short" })).await.refused(Code::PasswordWeak);
    flow.submit("password", json!({})).await.refused_fields(Code::InputRejected, &[("password", "required")]);
    flow.submit("password", json!({ "password": OTHER })).await.goes_on("show_form");
    jane.client.whoami().await.refused(Code::SessionInvalid);
}
