//! Verification: `contract/11` §8.

use avnology_model::Code;
use avnology_testkit::{PASSWORD, TestApp, on_both_engines};
use serde_json::json;

const JANE: &str = "jane@acme.example";

on_both_engines! {
    a_code_proves_the_address_and_makes_no_session,
    a_known_and_an_unknown_address_are_answered_alike,
    a_wrong_code_tells_how_many_tries_are_left,
    a_code_lives_an_hour,
    of_two_requests_with_one_code_each_ends_well_or_is_too_late,
    a_mailed_link_proves_the_address_from_any_browser,
    opening_the_link_alone_proves_nothing,
    proving_removes_nothing,
    the_signed_in_need_not_say_which_address,
    an_address_that_was_changed_meanwhile_is_not_proven,
    an_address_taken_meanwhile_is_not_taken_over,
}

async fn is_verified(app: &TestApp, email: &str) -> bool {
    let filter = format!("email = \"{email}\"");
    let found = app.admin_key().get("/v1/identities").query(&[("filter", &filter)]).await;
    found.ok()["identities"][0]["email_verified"] == json!(true)
}

async fn unproven(app: &TestApp) {
    app.account_with(JANE, json!({ "email_verified": false })).await;
}

async fn a_code_proves_the_address_and_makes_no_session(app: TestApp) {
    unproven(&app).await;
    let client = app.program();
    let flow = client.open("verification").await;
    let sent = flow.submit("code", json!({ "email": JANE })).await;
    assert_eq!(sent.goes_on("sent_email").messages(), ["1080001"]);
    let code = app.latest_mail(JANE).await.code;
    let done = flow.submit("code", json!({ "code": code })).await;
    assert_eq!(done.goes_on("passed_challenge").messages(), ["1080002"]);
    assert!(done["session"].is_null() && done["session_token"].is_null(), "{done}");
    assert!(is_verified(&app, JANE).await);
    flow.submit("code", json!({ "code": code })).await.is(409);
}

async fn a_known_and_an_unknown_address_are_answered_alike(app: TestApp) {
    unproven(&app).await;
    let mut told = Vec::new();
    for email in [JANE, "none@acme.example"] {
        for method in ["code", "link"] {
            let flow = app.program().open("verification").await;
            let sent = flow.submit(method, json!({ "email": email })).await;
            let wrong = flow.submit("code", json!({ "code": "abcdef" })).await;
            told.push((
                sent.status,
                sent.state(),
                sent.messages(),
                sent.node_names(),
                wrong.code(),
                wrong["attempts_remaining"].to_string(),
            ));
            app.advance(60);
        }
    }
    assert_eq!((&told[0], &told[1]), (&told[2], &told[3]));
    assert!(app.mail_to("none@acme.example").await.is_empty());
}

async fn a_wrong_code_tells_how_many_tries_are_left(app: TestApp) {
    app.settings(json!({ "lockout": { "max_failures": 1000 } })).await;
    unproven(&app).await;
    let flow = app.program().open("verification").await;
    flow.submit("code", json!({ "email": JANE })).await.goes_on("sent_email");
    let code = app.latest_mail(JANE).await.code;
    for left in (0..5).rev() {
        let wrong = flow.submit("code", json!({ "code": "abcdef" })).await;
        assert_eq!(wrong.refused(Code::WrongCode)["attempts_remaining"], left);
    }
    flow.submit("code", json!({ "code": code })).await.refused(Code::CodeExpired);
    assert!(!is_verified(&app, JANE).await);
}

async fn a_code_lives_an_hour(app: TestApp) {
    unproven(&app).await;
    let flow = app.program().open("verification").await;
    flow.submit("code", json!({ "email": JANE })).await.goes_on("sent_email");
    let code = app.latest_mail(JANE).await.code;
    app.advance(3_600);
    flow.submit("code", json!({ "code": code })).await.refused(Code::FlowGone);
    assert!(!is_verified(&app, JANE).await);
}

async fn of_two_requests_with_one_code_each_ends_well_or_is_too_late(app: TestApp) {
    unproven(&app).await;
    let flow = app.program().open("verification").await;
    flow.submit("code", json!({ "email": JANE })).await.goes_on("sent_email");
    let code = app.latest_mail(JANE).await.code;
    let tries: Vec<_> = (0..6)
        .map(|_| {
            let (flow, code) = (flow.clone(), code.clone());
            tokio::spawn(async move { flow.submit("code", json!({ "code": code })).await })
        })
        .collect();
    let mut won = 0;
    for one in tries {
        let answer = one.await.expect("an answer");
        won += usize::from(answer.status == 200);
        assert!(answer.status < 500, "{answer}");
    }
    assert_eq!(won, 1);
    assert_eq!(app.payloads(avnology_model::events::EventType::UserEmailVerified).await.len(), 1);
}

async fn a_mailed_link_proves_the_address_from_any_browser(app: TestApp) {
    unproven(&app).await;
    let flow = app.browser().open("verification").await;
    flow.submit("link", json!({ "email": JANE })).await.goes_on("sent_email");
    let mail = app.latest_mail(JANE).await;
    assert!(
        mail.link.starts_with(&format!("https://id.example.com/verify?flow={}&token=avnl_lnk_", flow.id)),
        "{mail:?}"
    );
    let other = app.browser();
    other.open("login").await;
    let body = json!({ "token": mail.link_parameter("token"), "csrf_token": other.csrf_of(&flow.id) });
    let press = || other.post(&flow.submit_path()).json(&json!({ "method": "link", "body": body }));
    press().await.goes_on("passed_challenge");
    other.whoami().await.refused(Code::SessionInvalid);
    assert!(is_verified(&app, JANE).await);
    assert_ne!(press().await.status, 200, "once");
}

async fn opening_the_link_alone_proves_nothing(app: TestApp) {
    unproven(&app).await;
    let flow = app.browser().open("verification").await;
    flow.submit("link", json!({ "email": JANE })).await.goes_on("sent_email");
    let mail = app.latest_mail(JANE).await;
    for client in [app.program(), app.browser()] {
        let page = client
            .get(mail.link.trim_start_matches("https://id.example.com"))
            .header("accept", "text/html")
            .await;
        assert!(page.is(200).text().contains("<form"), "{page}");
    }
    assert!(!is_verified(&app, JANE).await);
}

async fn proving_removes_nothing(app: TestApp) {
    let jane = app.program();
    jane.register(JANE).await.token();
    app.advance(60);
    app.program().verify(JANE).await.goes_on("passed_challenge");
    assert_eq!(jane.whoami().await.ok()["identity"]["email_verified"], true);
    app.program().sign_in(JANE, PASSWORD).await.token();
}

async fn the_signed_in_need_not_say_which_address(app: TestApp) {
    let jane = app.program();
    jane.register(JANE).await.token();
    app.advance(60);
    let flow = jane.open("verification").await;
    flow.submit("code", json!({})).await.goes_on("sent_email");
    let code = app.latest_mail(JANE).await.code;
    flow.submit("code", json!({ "code": code })).await.goes_on("passed_challenge");
    let nobody = app.program().open("verification").await;
    nobody.submit("code", json!({})).await.refused_fields(Code::InputRejected, &[("email", "required")]);
}

async fn an_address_that_was_changed_meanwhile_is_not_proven(app: TestApp) {
    let id = app.account_with(JANE, json!({ "email_verified": false })).await;
    let flow = app.program().open("verification").await;
    flow.submit("code", json!({ "email": JANE })).await.goes_on("sent_email");
    let code = app.latest_mail(JANE).await.code;
    let change = json!({ "identity": { "email": "new@acme.example" } });
    app.admin_key().patch(&format!("/v1/identities/{id}")).json(&change).await.ok();
    flow.submit("code", json!({ "code": code })).await.refused(Code::CodeExpired);
    assert!(!is_verified(&app, "new@acme.example").await);
}

async fn an_address_taken_meanwhile_is_not_taken_over(app: TestApp) {
    let jane = app.person(JANE).await;
    let pending = jane.client.patch("/v1/me").json(&json!({ "email": "new@acme.example" })).await;
    let flow = jane.client.resume("verification", &pending.at("/pending/verification_flow_id")).await;
    let code = app.latest_mail("new@acme.example").await.code;
    app.account("new@acme.example").await;
    flow.submit("code", json!({ "code": code })).await.refused(Code::EmailTaken);
    assert_eq!(jane.client.get("/v1/me").await.at("/email"), JANE);
}
