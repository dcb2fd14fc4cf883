//! Sign-in by a mailed code: `contract/11` §4.2.

use avnology_model::Code;
use avnology_testkit::{FlowRun, PASSWORD, TestApp, on_both_engines};
use serde_json::json;

const JANE: &str = "jane@acme.example";

on_both_engines! {
    a_mailed_code_signs_in,
    a_code_is_typed_as_people_type,
    a_wrong_code_tells_how_many_tries_are_left,
    the_fifth_wrong_try_ends_the_code_and_the_right_one_comes_too_late,
    a_code_lives_ten_minutes,
    a_code_works_once,
    of_two_requests_with_one_code_one_wins,
    a_new_code_comes_after_a_minute_and_ends_the_old_one,
    a_code_belongs_to_its_flow,
    an_account_that_nobody_has_gets_the_same_answers_and_no_mail,
    an_inactive_account_gets_the_same_answers_and_no_mail,
    an_account_whose_address_was_not_proven_starts_anew_by_code,
    mail_holds_the_code_and_nothing_that_was_entered_by_strangers,
}

async fn asked(app: &TestApp) -> (FlowRun, String) {
    let flow = app.program().open("login").await;
    let sent = flow.submit("code", json!({ "identifier": JANE })).await;
    sent.goes_on("sent_email");
    assert_eq!((sent.messages(), sent.flow()["active"].clone()), (vec!["1010004".to_owned()], json!("code")));
    let mail = app.latest_mail(JANE).await;
    assert_eq!((mail.kind.as_str(), mail.link.as_str(), mail.code.len()), ("sign_in_code", "", 6));
    (flow, mail.code)
}

fn other_than(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

async fn a_mailed_code_signs_in(app: TestApp) {
    let id = app.account(JANE).await;
    let (flow, code) = asked(&app).await;
    let done = flow.submit("code", json!({ "code": code })).await;
    assert_eq!((done.at("/session/identity_id"), done.at("/session/aal")), (id, "aal1".to_owned()));
    assert_eq!(done.at("/session/authentication_methods/0/method"), "code");
    app.program().with_token(&done.token()).whoami().await.ok();
}

async fn a_code_is_typed_as_people_type(app: TestApp) {
    app.account(JANE).await;
    let (flow, code) = asked(&app).await;
    flow.submit("code", json!({ "code": format!(" {} {} ", &code[..3], &code[3..]) })).await.token();
    let (flow, code) = {
        app.advance(60);
        asked(&app).await
    };
    flow.submit("code", json!({ "code": format!("{}-{}", &code[..3], &code[3..]) })).await.token();
    let (flow, code) = {
        app.advance(60);
        asked(&app).await
    };
    let number: u32 = code.parse().expect("a number");
    flow.submit("code", json!({ "code": number })).await.token();
}

async fn a_wrong_code_tells_how_many_tries_are_left(app: TestApp) {
    app.account(JANE).await;
    let (flow, code) = asked(&app).await;
    for left in (1..=4).rev() {
        let wrong = flow.submit("code", json!({ "code": other_than(&code) })).await;
        assert_eq!(wrong.refused(Code::WrongCode)["attempts_remaining"], left);
        assert_eq!(
            (wrong.state(), wrong.node_messages("code")),
            ("sent_email".to_owned(), vec!["4000008".to_owned()])
        );
    }
    flow.submit("code", json!({ "code": code })).await.token();
}

async fn the_fifth_wrong_try_ends_the_code_and_the_right_one_comes_too_late(app: TestApp) {
    app.settings(json!({ "lockout": { "max_failures": 1000 } })).await;
    app.account(JANE).await;
    let (flow, code) = asked(&app).await;
    for _ in 0..4 {
        flow.submit("code", json!({ "code": other_than(&code) })).await.refused(Code::WrongCode);
    }
    let last = flow.submit("code", json!({ "code": other_than(&code) })).await;
    assert_eq!(last.refused(Code::WrongCode)["attempts_remaining"], 0);
    let late = flow.submit("code", json!({ "code": code })).await;
    late.refused(Code::CodeExpired);
    assert_eq!(late.node_messages("code"), ["4000009"]);
    app.advance(60);
    flow.submit("code", json!({ "resend": true })).await.goes_on("sent_email");
    let fresh = app.latest_mail(JANE).await.code;
    flow.submit("code", json!({ "code": fresh })).await.token();
}

async fn a_code_lives_ten_minutes(app: TestApp) {
    app.account(JANE).await;
    let (flow, code) = asked(&app).await;
    app.advance(600);
    flow.submit("code", json!({ "code": code })).await.refused(Code::CodeExpired);
    let (flow, code) = asked(&app).await;
    app.advance(599);
    flow.submit("code", json!({ "code": code })).await.token();
}

async fn a_code_works_once(app: TestApp) {
    app.account(JANE).await;
    let (flow, code) = asked(&app).await;
    flow.submit("code", json!({ "code": code })).await.token();
    flow.submit("code", json!({ "code": code })).await.refused(Code::FlowGone);
}

async fn of_two_requests_with_one_code_one_wins(app: TestApp) {
    app.account(JANE).await;
    for _ in 0..5 {
        let (flow, code) = asked(&app).await;
        let losing = [Code::FlowGone, Code::CodeExpired];
        assert_eq!(flow.race(6, "code", &json!({ "code": code }), &losing).await, 1);
        app.advance(60);
    }
    let jane = app.program().signed_in(JANE).await;
    let sessions = jane.client.get("/v1/sessions").await;
    assert_eq!(sessions.ok()["sessions"].as_array().map(Vec::len), Some(6), "one for each code");
}

async fn a_new_code_comes_after_a_minute_and_ends_the_old_one(app: TestApp) {
    app.account(JANE).await;
    let (flow, old) = asked(&app).await;
    app.advance(59);
    let early = flow.submit("code", json!({ "resend": true })).await;
    assert_eq!(early.refused(Code::TooManyRequests)["retry_after"], 1);
    assert_eq!((early.messages(), early.state()), (vec!["4000013".to_owned()], "sent_email".to_owned()));
    assert_eq!(early.header("retry-after"), "1");
    app.advance(1);
    flow.submit("code", json!({ "resend": true })).await.goes_on("sent_email");
    let new = app.latest_mail(JANE).await.code;
    assert_ne!(new, old);
    flow.submit("code", json!({ "code": old })).await.refused(Code::WrongCode);
    flow.submit("code", json!({ "code": new })).await.token();
}

async fn a_code_belongs_to_its_flow(app: TestApp) {
    app.account(JANE).await;
    let (first, code) = asked(&app).await;
    app.advance(60);
    let (second, other) = asked(&app).await;
    assert_ne!(code, other);
    second.submit("code", json!({ "code": code })).await.refused(Code::WrongCode);
    first.submit("code", json!({ "code": other })).await.refused(Code::WrongCode);
    first.submit("code", json!({ "code": code })).await.token();
    second.submit("code", json!({ "code": other })).await.token();
}

async fn an_account_that_nobody_has_gets_the_same_answers_and_no_mail(app: TestApp) {
    let flow = app.program().open("login").await;
    let sent = flow.submit("code", json!({ "identifier": "nobody@acme.example" })).await;
    sent.goes_on("sent_email");
    assert_eq!(sent.messages(), ["1010004"]);
    for left in (0..5).rev() {
        let wrong = flow.submit("code", json!({ "code": "123456" })).await;
        // One in a million: the drawn code is this one. Then it still signs nobody in.
        assert_eq!(wrong.refused(Code::WrongCode)["attempts_remaining"], left);
    }
    flow.submit("code", json!({ "code": "123456" })).await.refused(Code::AccountLocked);
    assert!(app.mail_to("nobody@acme.example").await.is_empty());
}

async fn an_inactive_account_gets_the_same_answers_and_no_mail(app: TestApp) {
    let id = app.account(JANE).await;
    app.admin_key().post(&format!("/v1/identities/{id}:deactivate")).await.ok();
    let flow = app.program().open("login").await;
    let sent = flow.submit("code", json!({ "identifier": JANE })).await;
    assert_eq!(sent.goes_on("sent_email").messages(), ["1010004"]);
    assert!(app.mail_to(JANE).await.is_empty());
}

/// `contract/11` §5, *Unproven accounts*.
async fn an_account_whose_address_was_not_proven_starts_anew_by_code(app: TestApp) {
    let mallory = app.program();
    mallory.register(JANE).await.token();
    mallory.whoami().await.ok();
    app.advance(60);
    let jane = app.program();
    let done = jane.sign_in_by_code(JANE).await;
    done.token();
    mallory.whoami().await.refused(Code::SessionInvalid);
    app.program().sign_in(JANE, PASSWORD).await.refused(Code::WrongCredentials);
    let me = jane.get("/v1/me").await;
    assert_eq!((me.ok()["email_verified"].clone(), me["has_password"].clone()), (json!(true), json!(false)));
}

async fn mail_holds_the_code_and_nothing_that_was_entered_by_strangers(app: TestApp) {
    app.account_with(JANE, json!({ "first_name": "Jane" })).await;
    let flow = app.program().as_agent("<script>alert(1)</script>").open("login").await;
    flow.submit("code", json!({ "identifier": JANE })).await.goes_on("sent_email");
    let mail = app.latest_mail(JANE).await;
    assert!(mail.text.contains(&mail.code) && mail.html.contains(&mail.code), "{mail:?}");
    assert!(!mail.html.contains("<script>") && !mail.subject.is_empty(), "{mail:?}");
    assert_eq!(mail.to, JANE);
}
