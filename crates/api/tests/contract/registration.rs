//! Registration: `contract/11` §§4.4, 5.

use avnology_model::Code;
use avnology_testkit::{Answer, PASSWORD, TestApp, on_both_engines};
use serde_json::{Value, json};

const JANE: &str = "jane@acme.example";
const DAY: i64 = 24 * 3600;

on_both_engines! {
    a_new_account_is_signed_in_at_once_and_mailed_a_code,
    the_form_asks_for_what_the_tenant_asks,
    what_does_not_fit_is_named_on_its_node_and_the_rest_kept,
    a_weak_password_is_refused_on_its_node,
    a_taken_address_is_told_in_whatever_spelling,
    a_taken_username_is_told,
    registration_by_code_proves_the_address_and_has_no_password,
    a_wrong_code_makes_no_account,
    hidden_registration_tells_nobody_and_the_owner_a_mail,
    where_proof_is_required_no_account_is_there_before_it,
    closed_registration_is_refused_at_creation_and_at_submit,
    required_consents_must_be_ticked_and_are_kept,
    an_account_left_unproven_for_seven_days_gives_way,
    an_account_left_unproven_for_less_stays,
    of_two_who_register_one_address_at_once_one_gets_it,
    the_first_verified_registration_of_the_bootstrap_address_becomes_administrator,
    a_browser_gets_its_session_as_a_cookie,
}

fn form(email: &str) -> Value {
    json!({ "traits": { "email": email, "first_name": "Jane", "last_name": "Doe" }, "password": PASSWORD })
}

async fn submit(app: &TestApp, body: Value) -> Answer {
    app.program().open("registration").await.submit("password", body).await
}

async fn count(app: &TestApp) -> usize {
    app.admin_key().get("/v1/identities").await.ok()["identities"].as_array().map_or(0, Vec::len)
}

async fn a_new_account_is_signed_in_at_once_and_mailed_a_code(app: TestApp) {
    let done = submit(&app, form("Jane@Acme.example")).await;
    let session = &done.ok()["session"];
    assert_eq!((session["aal"].clone(), session["kind"].clone()), (json!("aal1"), json!("standard")));
    let identity = &session["identity"];
    assert_eq!(
        (identity["email"].clone(), identity["email_verified"].clone()),
        (json!("Jane@Acme.example"), json!(false))
    );
    assert_eq!(
        (identity["display_name"].clone(), identity["has_password"].clone()),
        (json!("Jane Doe"), json!(true))
    );
    let client = app.program().with_token(&done.token());
    client.whoami().await.ok();
    let mail = app.latest_mail("Jane@Acme.example").await;
    assert_eq!((mail.kind.as_str(), mail.code.len()), ("verification", 6));
    let flow = client.resume("verification", &done.at("/verification_flow_id")).await;
    assert_eq!(
        (flow.opened.state(), flow.opened.messages()),
        ("sent_email".to_owned(), vec!["1080001".to_owned()])
    );
    flow.submit("code", json!({ "code": mail.code })).await.goes_on("passed_challenge");
    assert_eq!(client.whoami().await.ok()["identity"]["email_verified"], true);
    app.program().sign_in(JANE, PASSWORD).await.token();
}

async fn the_form_asks_for_what_the_tenant_asks(app: TestApp) {
    let names = || async { app.program().open("registration").await.opened.node_names() };
    assert_eq!(
        names().await,
        [
            "traits.email",
            "traits.first_name",
            "traits.last_name",
            "password",
            "method=password",
            "method=passkey"
        ]
    );
    let consents = json!([{ "key": "terms", "label": "I accept the terms", "url": "https://acme.example/terms", "required": true }]);
    app.settings(json!({ "registration": { "required_fields": ["email", "username", "phone", "last_name"], "consents": consents } })).await;
    let opened = app.program().open("registration").await.opened;
    for name in ["traits.username", "traits.phone", "traits.last_name", "consents.terms"] {
        assert_eq!(opened.node(name).expect(name)["attributes"]["required"], true, "{name}");
    }
    assert_eq!(opened.node("consents.terms").expect("a box")["label"]["text"], "I accept the terms");
    let refused = submit(&app, form(JANE)).await;
    refused.refused(Code::InputRejected);
    let mut missing = refused.fields();
    missing.sort();
    let required = |name: &str| (name.to_owned(), "required".to_owned());
    assert_eq!(missing, [required("traits.phone"), required("traits.username")]);
}

async fn what_does_not_fit_is_named_on_its_node_and_the_rest_kept(app: TestApp) {
    let flow = app.program().open_with("registration", &[("login_hint", "hint@acme.example")]).await;
    assert_eq!(flow.opened.node("traits.email").expect("a node")["attributes"]["value"], "hint@acme.example");
    let traits =
        json!({ "email": "jane", "first_name": "Jane", "last_name": "x".repeat(101), "username": "j" });
    let refused = flow.submit("password", json!({ "traits": traits, "password": PASSWORD })).await;
    refused.refused(Code::InputRejected);
    assert_eq!(refused.fields().len(), 3, "{refused}");
    assert_eq!(refused.node_messages("traits.email"), ["4000002"]);
    assert_eq!(refused.node("traits.first_name").expect("a node")["attributes"]["value"], "Jane");
    let missing = flow.submit("password", json!({ "traits": {}, "password": PASSWORD })).await;
    missing.refused_fields(Code::InputRejected, &[("traits.email", "required")]);
    assert_eq!(missing.node_messages("traits.email"), ["4000001"]);
    let none = flow.submit("password", json!({ "traits": { "email": JANE } })).await;
    none.refused_fields(Code::InputRejected, &[("password", "required")]);
    let number = flow.submit("password", json!({ "traits": { "email": 7 }, "password": PASSWORD })).await;
    number.refused_fields(Code::InputRejected, &[("traits.email", "invalid_format")]);
    assert!(!refused.text().contains(PASSWORD), "a password is never sent back");
    let named = json!({ "traits": { "email": JANE, "name": { "first": "Jane", "last": "Doe" }, "plan": "pro" }, "password": PASSWORD });
    let done = flow.submit("password", named).await;
    assert_eq!(done.at("/session/identity/display_name"), "Jane Doe");
    assert_eq!(done["session"]["identity"]["traits"], json!({ "plan": "pro" }));
}

async fn a_weak_password_is_refused_on_its_node(app: TestApp) {
    let flow = app.program().open("registration").await;
    for weak in ["short1", "password1", "jane@acme.example"] {
        let refused = flow.submit("password", json!({ "traits": { "email": JANE }, "password": weak })).await;
        refused.refused(Code::PasswordWeak);
        assert_eq!(
            (refused.node_messages("password"), refused.state()),
            (vec!["4000004".to_owned()], "show_form".to_owned())
        );
    }
    flow.submit("password", form(JANE)).await.token();
}

async fn a_taken_address_is_told_in_whatever_spelling(app: TestApp) {
    app.account("jörg@bücher.example").await;
    for same in ["JÖRG@bücher.example", "jörg@xn--bcher-kva.example", " jörg@BÜCHER.example "] {
        let refused = submit(&app, form(same)).await;
        refused.refused(Code::EmailTaken);
        assert_eq!(
            (refused.node_messages("traits.email"), refused.state()),
            (vec!["4000005".to_owned()], "show_form".to_owned()),
            "{same}"
        );
    }
    assert_eq!(count(&app).await, 1);
}

async fn a_taken_username_is_told(app: TestApp) {
    app.account_with("joe@acme.example", json!({ "username": "joe" })).await;
    let traits = json!({ "email": JANE, "username": "JOE" });
    let refused = submit(&app, json!({ "traits": traits, "password": PASSWORD })).await;
    assert_eq!(refused.refused(Code::HandleTaken)["field"], "username");
}

async fn registration_by_code_proves_the_address_and_has_no_password(app: TestApp) {
    let flow = app.program().open("registration").await;
    let sent = flow.submit("code", json!({ "traits": { "email": JANE } })).await;
    assert_eq!(sent.goes_on("sent_email").messages(), ["1080001"]);
    assert_eq!(count(&app).await, 0);
    let early = flow.submit("code", json!({ "resend": true })).await;
    early.refused(Code::TooManyRequests);
    let code = app.latest_mail(JANE).await.code;
    let done = flow.submit("code", json!({ "code": code })).await;
    let identity = &done.ok()["session"]["identity"];
    assert_eq!(
        (identity["email_verified"].clone(), identity["has_password"].clone()),
        (json!(true), json!(false))
    );
    assert!(done["verification_flow_id"].is_null(), "{done}");
    assert_eq!(done.at("/session/authentication_methods/0/method"), "code");
}

async fn a_wrong_code_makes_no_account(app: TestApp) {
    let flow = app.program().open("registration").await;
    flow.submit("code", json!({ "traits": { "email": JANE } })).await.goes_on("sent_email");
    let code = app.latest_mail(JANE).await.code;
    for left in (0..5).rev() {
        let wrong = flow.submit("code", json!({ "code": "abcdef" })).await;
        assert_eq!(wrong.refused(Code::WrongCode)["attempts_remaining"], left);
    }
    let late = flow.submit("code", json!({ "code": code })).await;
    assert!(matches!(late.code(), Some(Code::CodeExpired | Code::AccountLocked)), "{late}");
    assert_eq!(count(&app).await, 0);
}

async fn hidden_registration_tells_nobody_and_the_owner_a_mail(app: TestApp) {
    app.account(JANE).await;
    app.settings(json!({ "registration": { "discloses_accounts": false } })).await;
    let mut answers = Vec::new();
    let mut flows = Vec::new();
    for email in [JANE, "new@acme.example"] {
        let flow = app.program().open("registration").await;
        let sent = flow.submit("password", form(email)).await;
        sent.goes_on("sent_email");
        answers.push((sent.status, sent.messages(), sent.node_names(), sent.state()));
        let wrong = flow.submit("code", json!({ "code": "abcdef" })).await;
        answers.push((
            wrong.status,
            wrong.node_messages("code"),
            wrong.node_names(),
            wrong["attempts_remaining"].to_string(),
        ));
        flows.push(flow);
    }
    assert_eq!((&answers[0], &answers[1]), (&answers[2], &answers[3]));
    assert_eq!(app.mail_kinds(JANE).await, ["account_exists"]);
    assert!(app.latest_mail(JANE).await.code.is_empty());
    let code = app.latest_mail("new@acme.example").await.code;
    assert_eq!(
        flows[1].submit("code", json!({ "code": code })).await.ok()["session"]["identity"]["has_password"],
        true
    );
    for guess in ["000000", "123456", "999999", ""] {
        assert_ne!(flows[0].submit("code", json!({ "code": guess })).await.status, 200);
    }
    assert_eq!(count(&app).await, 2);
}

async fn where_proof_is_required_no_account_is_there_before_it(app: TestApp) {
    app.settings(json!({ "require_verified_email": true })).await;
    let flow = app.program().open("registration").await;
    let waits = flow.submit("password", form(JANE)).await;
    waits.goes_on("verify_address");
    assert!(waits["session"].is_null() && waits.node_names().contains(&"code".to_owned()), "{waits}");
    assert_eq!(count(&app).await, 0);
    app.program().sign_in(JANE, PASSWORD).await.refused(Code::WrongCredentials);
    let code = app.latest_mail(JANE).await.code;
    let done = flow.submit("code", json!({ "code": code })).await;
    assert_eq!(done.ok()["session"]["identity"]["email_verified"], true);
    app.program().sign_in(JANE, PASSWORD).await.token();
}

async fn closed_registration_is_refused_at_creation_and_at_submit(app: TestApp) {
    let flow = app.program().open("registration").await;
    app.settings(json!({ "registration": { "mode": "closed" } })).await;
    let refused = app.program().get("/v1/flows/registration").await;
    assert_eq!(refused.refused(Code::RegistrationDisabled)["registration_mode"], "closed");
    flow.submit("password", form(JANE)).await.refused(Code::RegistrationDisabled);
    assert_eq!(count(&app).await, 0);
}

async fn required_consents_must_be_ticked_and_are_kept(app: TestApp) {
    let consents = json!([
        { "key": "terms", "label": "I accept the terms", "required": true },
        { "key": "news", "label": "Send me news" },
    ]);
    app.settings(json!({ "registration": { "consents": consents } })).await;
    let flow = app.program().open("registration").await;
    for ticked in [json!({}), json!({ "terms": false }), json!({ "news": true })] {
        let mut body = form(JANE);
        body["consents"] = ticked;
        let refused = flow.submit("password", body).await;
        refused.refused_fields(Code::InputRejected, &[("consents.terms", "required")]);
        assert_eq!(refused.node_messages("consents.terms"), ["4000001"]);
    }
    let mut body = form(JANE);
    body["consents"] = json!({ "terms": "on" });
    flow.submit("password", body).await.token();
}

async fn an_account_left_unproven_for_seven_days_gives_way(app: TestApp) {
    let former = app.program();
    let first = former.register(JANE).await.at("/session/identity_id");
    app.advance(7 * DAY);
    let owner = app.program().open("registration").await;
    let other = "amber canyon tulip 9";
    let done = owner
        .submit("password", json!({ "traits": { "email": "Jane@acme.example" }, "password": other }))
        .await;
    assert_ne!(done.at("/session/identity_id"), first);
    former.whoami().await.is(401);
    app.program().sign_in(JANE, PASSWORD).await.refused(Code::WrongCredentials);
    app.program().sign_in(JANE, other).await.token();
    assert_eq!(count(&app).await, 1);
}

async fn an_account_left_unproven_for_less_stays(app: TestApp) {
    app.program().register(JANE).await.token();
    app.advance(7 * DAY - 1);
    submit(&app, form(JANE)).await.refused(Code::EmailTaken);
    app.account("proven@acme.example").await;
    app.advance(30 * DAY);
    submit(&app, form("proven@acme.example")).await.refused(Code::EmailTaken);
}

async fn of_two_who_register_one_address_at_once_one_gets_it(app: TestApp) {
    let tries: Vec<_> = (0..6)
        .map(|_| {
            let app = app.clone();
            tokio::spawn(async move { submit(&app, form(JANE)).await })
        })
        .collect();
    let mut made = 0;
    for one in tries {
        let answer = one.await.expect("an answer");
        match answer.status {
            200 => made += 1,
            _ => drop(answer.refused(Code::EmailTaken)),
        }
    }
    assert_eq!((made, count(&app).await), (1, 1));
}

async fn the_first_verified_registration_of_the_bootstrap_address_becomes_administrator(
    engine: avnology_testkit::Engine,
) {
    let setup =
        avnology_testkit::Setup::on(engine).with("AVNOLOGY_BOOTSTRAP_ADMIN_EMAIL", "Root@acme.example");
    let app = TestApp::start(setup).await;
    let root = app.program();
    root.register("root@acme.example").await.token();
    root.get("/v1/tenant").await.refused(Code::ScopeMissing);
    app.advance(60);
    root.verify("root@acme.example").await.goes_on("passed_challenge");
    root.get("/v1/tenant").await.ok();
    let joe = app.program();
    joe.register("joe@acme.example").await.token();
    app.advance(60);
    joe.verify("joe@acme.example").await.goes_on("passed_challenge");
    joe.get("/v1/tenant").await.refused(Code::ScopeMissing);
}

async fn a_browser_gets_its_session_as_a_cookie(app: TestApp) {
    let browser = app.browser();
    let flow = browser.open_with("registration", &[("return_to", "/account")]).await;
    let done = flow.submit("password", form(JANE)).await;
    assert!(done.ok()["session_token"].is_null() && !done.text().contains("avnl_ses_"), "{done}");
    assert_eq!(browser.whoami().await.at("/identity/email"), JANE);
    let verification = browser.resume("verification", &done.at("/verification_flow_id")).await;
    app.program().get(&verification.path()).await.refused(Code::NotFound);
}
