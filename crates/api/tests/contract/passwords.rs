//! Passwords set by administrators, recovery links: `contract/10` §3, `contract/00` §14.

use avnology_model::{Code, permissions::PlatformRole};
use avnology_testkit::{Engine, PASSWORD, Setup, TestApp, on_both_engines};
use serde_json::{Value, json};

const OTHER: &str = "amber canyon tulip 9";

on_both_engines! {
    an_administrator_sets_a_password_and_the_sessions_end,
    sessions_go_on_when_that_is_asked_for,
    a_password_used_before_is_refused_as_far_as_the_history_goes,
    a_password_that_is_too_weak_is_refused_with_the_rules,
    a_breached_password_is_refused,
    a_password_that_must_change_leads_to_a_new_one_at_sign_in,
    a_password_too_old_leads_to_a_new_one_at_sign_in,
    passwords_are_not_trimmed_and_may_hold_anything,
    a_recovery_link_lets_in_once_and_sends_nothing,
    a_recovery_code_of_an_administrator_works_as_well,
    a_recovery_link_lives_as_long_as_it_was_asked_to,
    a_recovery_link_needs_an_active_identity_and_more_than_a_password,
}

async fn set(app: &TestApp, id: &str, body: Value) -> avnology_testkit::Answer {
    app.admin_key().post(&format!("/v1/identities/{id}:setPassword")).json(&body).await
}

async fn an_administrator_sets_a_password_and_the_sessions_end(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    set(&app, &jane.id, json!({ "password": OTHER })).await.ok();
    jane.client.whoami().await.refused(Code::SessionInvalid);
    app.program().sign_in("jane@acme.example", PASSWORD).await.refused(Code::WrongCredentials);
    app.program().sign_in("jane@acme.example", OTHER).await.ok();
    assert_eq!(app.mail_kinds("jane@acme.example").await, ["password_changed"]);
}

async fn sessions_go_on_when_that_is_asked_for(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    set(&app, &jane.id, json!({ "password": OTHER, "revoke_sessions": false })).await.ok();
    jane.client.whoami().await.ok();
}

async fn a_password_used_before_is_refused_as_far_as_the_history_goes(app: TestApp) {
    app.settings(json!({ "password_policy": { "history": 2 } })).await;
    let id = app.account("jane@acme.example").await;
    set(&app, &id, json!({ "password": PASSWORD })).await.refused(Code::PasswordReused);
    set(&app, &id, json!({ "password": OTHER })).await.ok();
    set(&app, &id, json!({ "password": PASSWORD })).await.refused(Code::PasswordReused);
    set(&app, &id, json!({ "password": "copper lantern fjord 3" })).await.ok();
    set(&app, &id, json!({ "password": PASSWORD })).await.ok();
    app.settings(json!({ "password_policy": { "history": 0 } })).await;
    set(&app, &id, json!({ "password": PASSWORD })).await.ok();
}

async fn a_password_that_is_too_weak_is_refused_with_the_rules(app: TestApp) {
    let id = app.account_with("bergstroem@acme.example", json!({ "username": "annaberg" })).await;
    for (weak, code) in
        [("abc", "too_short"), ("qwertyuiop", "not_allowed"), ("velvet annaberg otter", "not_allowed")]
    {
        let answer = set(&app, &id, json!({ "password": weak })).await;
        answer.refused(Code::PasswordWeak);
        assert_eq!(answer.fields()[0], ("password".to_owned(), code.to_owned()), "{answer}");
    }
    app.program().signed_in("bergstroem@acme.example").await;
}

async fn a_breached_password_is_refused(engine: Engine) {
    const BREACHED: &str = "velvet otter ladder 8";
    // SHA-1 of it.
    const HASH: [u8; 20] = [
        0xdc, 0x09, 0x12, 0xfa, 0xfc, 0x47, 0x39, 0xe9, 0xdf, 0xf9, 0xf8, 0xac, 0x4f, 0x65, 0x97, 0x28, 0x83,
        0x77, 0x62, 0x04,
    ];
    let file = std::env::temp_dir().join(format!("avnology-breaches-{}-{engine:?}", std::process::id()));
    avnology_core::credentials::write_breach_file([HASH].into_iter(), &file).expect("a file");
    let app = TestApp::start(Setup::on(engine).with("AVNOLOGY_BREACH_FILE", &file.to_string_lossy())).await;
    let id = app.account("jane@acme.example").await;
    set(&app, &id, json!({ "password": BREACHED })).await.refused(Code::PasswordBreached);
    let flow = app.program().open("registration").await;
    let form = json!({ "traits": { "email": "joe@acme.example" }, "password": BREACHED });
    let refused = flow.submit("password", form).await;
    refused.refused(Code::PasswordBreached);
    assert_eq!(refused.node_messages("password"), ["4000003"]);
    app.settings(json!({ "password_policy": { "breach_check": false } })).await;
    set(&app, &id, json!({ "password": BREACHED })).await.ok();
    std::fs::remove_file(&file).expect("the file goes");
}

async fn a_password_that_must_change_leads_to_a_new_one_at_sign_in(app: TestApp) {
    let id = app.account("jane@acme.example").await;
    let after = set(&app, &id, json!({ "password": OTHER, "require_change": true })).await;
    assert_eq!(after.ok()["password_change_required"], true);
    let client = app.program();
    let flow = client.open("login").await;
    let step = flow.submit("password", json!({ "identifier": "jane@acme.example", "password": OTHER })).await;
    step.goes_on("complete_profile");
    assert_eq!(step.messages(), ["1060002"]);
    assert_eq!(step.node_names(), ["password", "method=password"]);
    assert!(step["session_token"].is_null(), "no session before: {step}");
    let reused = flow.submit("password", json!({ "password": OTHER })).await;
    reused.refused(Code::PasswordReused);
    assert_eq!(
        (reused.state(), reused.node_messages("password")),
        ("complete_profile".to_owned(), vec!["4000006".to_owned()])
    );
    let weak = flow.submit("password", json!({ "password": "abc" })).await;
    weak.refused(Code::PasswordWeak);
    assert_eq!(weak.node_messages("password"), ["4000004"]);
    let done = flow.submit("password", json!({ "password": "copper lantern fjord 3" })).await;
    client.set_token(&done.token());
    assert_eq!(client.whoami().await.ok()["identity"]["password_change_required"], false);
    app.program().sign_in("jane@acme.example", "copper lantern fjord 3").await.token();
    let by_code =
        set(&app, &id, json!({ "password": "silver harbor maple 4", "require_change": true })).await;
    by_code.ok();
    app.program().sign_in_by_code("jane@acme.example").await.token();
}

async fn a_password_too_old_leads_to_a_new_one_at_sign_in(app: TestApp) {
    app.settings(json!({ "password_policy": { "max_age_days": 30 } })).await;
    app.account("jane@acme.example").await;
    app.advance(30 * 86_400 - 1);
    app.program().sign_in("jane@acme.example", PASSWORD).await.token();
    app.advance(1);
    app.program().sign_in("jane@acme.example", PASSWORD).await.goes_on("complete_profile");
}

async fn passwords_are_not_trimmed_and_may_hold_anything(app: TestApp) {
    let id = app.account("jane@acme.example").await;
    for password in ["  velvet otter ladder  ", "纸 лестница выдра 🦦", "quo\"te\\ ladder <otter> & 7\t"]
    {
        set(&app, &id, json!({ "password": password })).await.ok();
        app.program().sign_in("jane@acme.example", password).await.token();
        app.program()
            .sign_in("jane@acme.example", &format!("{password} "))
            .await
            .refused(Code::WrongCredentials);
    }
    app.program()
        .sign_in("jane@acme.example", "quo\"te\\ ladder <otter> & 7")
        .await
        .refused(Code::WrongCredentials);
}

async fn a_recovery_link_lets_in_once_and_sends_nothing(app: TestApp) {
    let id = app.account("jane@acme.example").await;
    let made = app.admin_key().post(&format!("/v1/identities/{id}:recoveryLink")).await;
    made.ok();
    assert_eq!(made.at("/expires_at"), "2026-03-02T10:00:00.000Z");
    assert!(app.mail_to("jane@acme.example").await.is_empty());
    let (flow, link) = (made.at("/flow_id"), made.at("/recovery_link"));
    assert!(
        link.starts_with(&format!("https://id.example.com/recovery?flow={flow}&token=avnl_lnk_")),
        "{link}"
    );
    let token = link.rsplit_once("token=").expect("a token").1.to_owned();
    let browser = app.browser();
    browser.open("login").await;
    let body = json!({ "method": "link", "body": { "token": token, "csrf_token": browser.csrf_of(&flow) } });
    let submit = || browser.post(&format!("/v1/flows/recovery/{flow}:submit")).json(&body);
    submit().await.goes_on("show_form");
    assert_eq!(browser.whoami().await.at("/kind"), "recovery");
    submit().await.refused(Code::FlowGone);
}

async fn a_recovery_code_of_an_administrator_works_as_well(app: TestApp) {
    let id = app.account("jane@acme.example").await;
    let link = || app.admin_key().post(&format!("/v1/identities/{id}:recoveryLink"));
    let made = link().await;
    let (flow, code) = (made.at("/flow_id"), made.at("/recovery_code"));
    assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()), "{made}");
    let client = app.program();
    let submit = |code: &str| {
        let body = json!({ "method": "code", "body": { "code": code } });
        client.post(&format!("/v1/flows/recovery/{flow}:submit")).json(&body)
    };
    submit("abcdef").await.refused(Code::WrongRecoveryCode);
    let recovered = submit(&code).await;
    recovered.goes_on("show_form");
    assert_eq!(client.with_token(&recovered.token()).whoami().await.at("/kind"), "recovery");
    submit(&code).await.refused(Code::FlowGone);
    let second = link().await;
    let page =
        app.browser().get(second.at("/recovery_link").trim_start_matches("https://id.example.com")).await;
    assert!(page.is(200).text().contains("<form"), "{page}");
}

async fn a_recovery_link_lives_as_long_as_it_was_asked_to(app: TestApp) {
    let id = app.account("jane@acme.example").await;
    let make = |seconds: i64| {
        let body = json!({ "expires_in_seconds": seconds });
        app.admin_key().post(&format!("/v1/identities/{id}:recoveryLink")).json(&body)
    };
    make(299).await.refused_fields(Code::ValidationFailed, &[("expires_in_seconds", "too_small")]);
    make(86_401).await.refused_fields(Code::ValidationFailed, &[("expires_in_seconds", "too_large")]);
    let answer = make(86_400).await;
    app.advance(86_400);
    let (flow, link) = (answer.at("/flow_id"), answer.at("/recovery_link"));
    let token = link.rsplit_once("token=").expect("a token").1.to_owned();
    let browser = app.browser();
    browser.open("login").await;
    let body = json!({ "method": "link", "body": { "token": token, "csrf_token": browser.csrf_of(&flow) } });
    browser.post(&format!("/v1/flows/recovery/{flow}:submit")).json(&body).await.refused(Code::FlowGone);
    let evil = json!({ "return_to": "https://evil.example" });
    let refused = app.admin_key().post(&format!("/v1/identities/{id}:recoveryLink")).json(&evil).await;
    refused.refused_fields(Code::ValidationFailed, &[("return_to", "not_allowed")]);
}

async fn a_recovery_link_needs_an_active_identity_and_more_than_a_password(app: TestApp) {
    let id = app.account("jane@acme.example").await;
    let root = app.person_with_role("root@acme.example", PlatformRole::Admin).await;
    let path = format!("/v1/identities/{id}:recoveryLink");
    root.client.post(&path).await.refused(Code::SecondFactorRequired);
    app.admin_key().post(&format!("/v1/identities/{id}:deactivate")).await.ok();
    app.admin_key().post(&path).await.refused(Code::AccountInactive);
}
