//! What depends on a device: the second factor, and failures of its own. `contract/11` §§4.2, 11; `contract/10` §6.

use avnology_model::{Code, events::EventType};
use avnology_testkit::{Client, Engine, PASSWORD, Secured, TestApp, on_both_engines, run};
use serde_json::{Value, json};

use crate::devices::{COOKIE, DAY, JANE, OTHER, PHONE, devices, half, sign_in_on};

on_both_engines! {
    a_trusted_device_is_not_asked_for_the_second_factor,
    trust_can_be_asked_for_with_the_password,
    trust_is_offered_only_where_it_would_count,
    a_texted_code_can_bring_trust,
    a_backup_code_brings_no_trust,
    a_name_that_can_be_guessed_brings_no_trust,
    trust_ends_after_its_days_and_with_the_tenants_rule,
    whoever_asks_for_two_factors_gets_them_on_a_trusted_device,
    an_organization_that_requires_two_factors_overrides_trust,
    recovery_asks_for_the_second_factor_on_a_trusted_device,
    a_new_password_ends_trust,
    a_removed_factor_ends_trust,
    an_administrators_reset_ends_trust,
    ending_all_other_sessions_ends_the_trust_of_other_devices,
    a_removed_device_is_trusted_no_more,
    a_new_key_comes_with_trust_and_the_old_one_is_worthless,
    failures_elsewhere_do_not_lock_a_known_device,
    a_known_device_has_failures_of_its_own,
    a_device_that_is_not_known_shares_the_lock,
    unlocking_and_recovery_clear_the_failures_of_devices,
}

/// Signs in from this installation with both factors, and has it remembered; a client with the session.
async fn trusting(app: &TestApp, jane: &Secured, installation: &str) -> Client {
    let client = app.program();
    let flow = half(&client, installation).await;
    let code = jane.app.code(app.now());
    let body = json!({ "totp_code": code, "remember_device": true, "device_id": installation });
    let done = flow.submit("totp", body).await;
    done.ok();
    client.take(&done);
    app.advance(30);
    client
}

async fn remembering(app: &TestApp, days: u32) -> Secured {
    app.settings(json!({ "remember_device_days": days })).await;
    app.secured(JANE).await
}

/// Whether a password alone leads in here.
async fn is_trusted(app: &TestApp, installation: &str) -> bool {
    let answer = sign_in_on(&app.program(), installation).await;
    if let Some(session) = answer.ok().get("session") {
        assert_eq!(session["aal"], "aal1");
        return true;
    }
    answer.goes_on("second_factor");
    false
}

/// Makes an installation known: sign-ins on three days.
async fn known(app: &TestApp, installation: &str) {
    for _ in 0..3 {
        sign_in_on(&app.program(), installation).await.ok();
        app.advance(DAY);
    }
}

async fn fail(app: &TestApp, installation: Option<&str>, times: usize) {
    for _ in 0..times {
        let flow = app.program().open("login").await;
        let body = json!({ "identifier": JANE, "password": "wrong", "device_id": installation });
        flow.submit("password", body).await.refused(Code::WrongCredentials);
    }
}

async fn a_trusted_device_is_not_asked_for_the_second_factor(app: TestApp) {
    let jane = remembering(&app, 14).await;
    let flow = half(&app.program(), PHONE).await;
    let shown = flow.read().await;
    let node = shown.node("remember_device").expect("the choice").clone();
    assert_eq!(
        (node["label"]["id"].clone(), node["label"]["text"].clone()),
        (json!("1070018"), json!("Skip the second factor on this device"))
    );
    assert_eq!(
        (node["attributes"]["type"].clone(), node["group"].clone()),
        (json!("checkbox"), json!("totp"))
    );
    let client = trusting(&app, &jane, PHONE).await;
    let until = app.now().plus_seconds(14 * DAY - 30);
    let trusted: Vec<Value> = devices(&client).await.iter().map(|d| d["trusted_until"].clone()).collect();
    assert_eq!(trusted, [json!(until)]);
    assert!(is_trusted(&app, PHONE).await);
    assert!(!is_trusted(&app, OTHER).await);
    app.program().sign_in(JANE, PASSWORD).await.goes_on("second_factor");
}

async fn trust_can_be_asked_for_with_the_password(app: TestApp) {
    let jane = remembering(&app, 14).await;
    for (at_once, then, is_remembered) in
        [(true, Value::Null, true), (true, json!(false), false), (false, Value::Null, false)]
    {
        let flow = app.program().open("login").await;
        let body = json!({
            "identifier": JANE, "password": PASSWORD, "device_id": PHONE, "remember_device": at_once,
        });
        flow.submit("password", body).await.goes_on("second_factor");
        let code = jane.app.code(app.now());
        let body = json!({ "totp_code": code, "device_id": PHONE, "remember_device": then });
        let done = flow.submit("totp", body).await;
        let client = app.program();
        client.take(&done);
        app.advance(30);
        assert_eq!(is_trusted(&app, PHONE).await, is_remembered, "{at_once} {then}");
        let path = format!("/v1/me/devices/{}", done.at("/session/device/id"));
        client.delete(&path).await.no_content();
    }
}

async fn trust_is_offered_only_where_it_would_count(app: TestApp) {
    let jane = app.secured(JANE).await;
    let offered = async || half(&app.program(), PHONE).await.read().await.node("remember_device").is_some();
    assert!(!offered().await, "off by default");
    // Asked for all the same, it is not given.
    trusting(&app, &jane, PHONE).await;
    app.settings(json!({ "remember_device_days": 30 })).await;
    assert!(!is_trusted(&app, PHONE).await);
    assert!(offered().await);
    app.settings(json!({ "mfa_required": true })).await;
    assert!(!offered().await);
    for days in [json!(31), json!(-1), json!("7")] {
        let change = json!({ "remember_device_days": days });
        app.admin_key().patch("/v1/tenant").json(&change).await.refused(Code::ValidationFailed);
    }
}

async fn a_texted_code_can_bring_trust(app: TestApp) {
    let factors = ["totp", "passkey", "sms", "recovery_code"];
    app.settings(json!({ "remember_device_days": 7, "second_factors": factors })).await;
    let jane = app.person(JANE).await;
    let setup = jane.client.open_with("settings", &[("section", "sms")]).await;
    setup.submit("sms", json!({ "phone": "+442079460042" })).await.ok();
    let code = app.latest_mail("+442079460042").await.code;
    setup.submit("sms", json!({ "code": code })).await.ok();
    app.advance(61);
    let flow = half(&app.program(), PHONE).await;
    let sent = flow.submit("code", json!({ "channel": "sms", "device_id": PHONE })).await;
    assert_eq!(sent.node("remember_device").expect("the choice")["group"], "code");
    let code = app.latest_mail("+442079460042").await.code;
    let body = json!({ "code": code, "device_id": PHONE, "remember_device": true });
    flow.submit("code", body).await.token();
    assert!(is_trusted(&app, PHONE).await);
}

async fn a_backup_code_brings_no_trust(app: TestApp) {
    let jane = remembering(&app, 14).await;
    let flow = half(&app.program(), PHONE).await;
    let body = json!({ "recovery_code": jane.codes[0], "device_id": PHONE, "remember_device": true });
    flow.submit("recovery_code", body).await.token();
    assert!(!is_trusted(&app, PHONE).await);
}

async fn a_name_that_can_be_guessed_brings_no_trust(app: TestApp) {
    let jane = remembering(&app, 14).await;
    let client = trusting(&app, &jane, "iphone-1").await;
    assert!(!is_trusted(&app, "iphone-1").await);
    // Nor does the id, which sessions and records tell.
    let id = devices(&client).await[0]["id"].as_str().expect("an id").to_owned();
    trusting(&app, &jane, &id).await;
    assert!(!is_trusted(&app, &id).await);
}

async fn trust_ends_after_its_days_and_with_the_tenants_rule(app: TestApp) {
    let jane = remembering(&app, 14).await;
    trusting(&app, &jane, PHONE).await;
    app.settings(json!({ "remember_device_days": 0 })).await;
    assert!(!is_trusted(&app, PHONE).await, "the tenant wants it no more");
    app.settings(json!({ "remember_device_days": 30 })).await;
    assert!(is_trusted(&app, PHONE).await);
    app.advance(14 * DAY - 31);
    assert!(is_trusted(&app, PHONE).await);
    app.advance(1);
    assert!(!is_trusted(&app, PHONE).await, "the days of back then count, and use does not prolong them");
    trusting(&app, &jane, PHONE).await;
    app.advance(8 * DAY);
    assert!(is_trusted(&app, PHONE).await);
    app.settings(json!({ "remember_device_days": 7 })).await;
    assert!(!is_trusted(&app, PHONE).await);
}

async fn whoever_asks_for_two_factors_gets_them_on_a_trusted_device(app: TestApp) {
    let jane = remembering(&app, 14).await;
    trusting(&app, &jane, PHONE).await;
    let flow = app.program().open_with("login", &[("aal", "aal2")]).await;
    let body = json!({ "identifier": JANE, "password": PASSWORD, "device_id": PHONE });
    flow.submit("password", body).await.goes_on("second_factor");
    // What is privileged asks for the factor, too.
    let client = app.program();
    sign_in_on(&client, PHONE).await.token();
    client.post("/v1/privacy:exportMyData").await.refused(Code::SecondFactorRequired);
    app.settings(json!({ "mfa_required": true })).await;
    assert!(!is_trusted(&app, PHONE).await);
}

async fn an_organization_that_requires_two_factors_overrides_trust(app: TestApp) {
    let jane = remembering(&app, 14).await;
    let team = app.team("Acme", "bob@acme.example").await;
    team.add(&jane.person.id, "member").await;
    trusting(&app, &jane, PHONE).await;
    let sign_in = async || {
        let flow = app.program().open_with("login", &[("organization_id", "acme")]).await;
        let body = json!({ "identifier": JANE, "password": PASSWORD, "device_id": PHONE });
        flow.submit("password", body).await
    };
    assert_eq!(sign_in().await["session"]["aal"], "aal1");
    team.alter(|organization| organization.mfa_required = true).await;
    sign_in().await.goes_on("second_factor");
}

async fn recovery_asks_for_the_second_factor_on_a_trusted_device(app: TestApp) {
    let jane = remembering(&app, 14).await;
    trusting(&app, &jane, PHONE).await;
    let flow = app.program().open("recovery").await;
    flow.submit("code", json!({ "email": JANE, "device_id": PHONE })).await.goes_on("sent_email");
    let code = app.latest_mail(JANE).await.code;
    let next = flow.submit("code", json!({ "code": code, "device_id": PHONE })).await;
    next.goes_on("second_factor");
    assert_eq!(next.at("/session/kind"), "recovery");
}

async fn a_new_password_ends_trust(app: TestApp) {
    let jane = remembering(&app, 14).await;
    let client = trusting(&app, &jane, PHONE).await;
    let flow = client.open_with("settings", &[("section", "password")]).await;
    let body = json!({ "password": "amber canyon tulip 9", "keep_other_sessions": true });
    flow.submit("password", body).await.ok();
    let login = app.program().open("login").await;
    let body = json!({ "identifier": JANE, "password": "amber canyon tulip 9", "device_id": PHONE });
    login.submit("password", body).await.goes_on("second_factor");
    // The same by an administrator who lets sessions go on.
    let body = json!({ "password": PASSWORD, "revoke_sessions": false });
    let set = async |body: Value| {
        let path = format!("/v1/identities/{}:setPassword", jane.person.id);
        app.admin_key().post(&path).json(&body).await.ok().clone()
    };
    app.settings(json!({ "password_policy": { "history": 0 } })).await;
    set(body.clone()).await;
    trusting(&app, &jane, PHONE).await;
    assert!(is_trusted(&app, PHONE).await);
    set(body).await;
    assert!(!is_trusted(&app, PHONE).await);
}

async fn a_removed_factor_ends_trust(app: TestApp) {
    let jane = remembering(&app, 14).await;
    let client = trusting(&app, &jane, PHONE).await;
    let held = client.get("/v1/me/credentials").await;
    let codes =
        held["credentials"].as_array().expect("credentials").iter().find(|c| c["type"] == "recovery_code");
    let path = format!("/v1/me/credentials/{}", codes.expect("codes")["id"].as_str().expect("an id"));
    client.delete(&path).await.no_content();
    assert!(!is_trusted(&app, PHONE).await);
}

async fn an_administrators_reset_ends_trust(app: TestApp) {
    let jane = remembering(&app, 14).await;
    trusting(&app, &jane, PHONE).await;
    let path = format!("/v1/identities/{}:resetMfa", jane.person.id);
    let body = json!({ "methods": ["recovery_code"], "revoke_sessions": false });
    app.admin_key().post(&path).json(&body).await.ok();
    assert!(!is_trusted(&app, PHONE).await);
}

async fn ending_all_other_sessions_ends_the_trust_of_other_devices(app: TestApp) {
    let jane = remembering(&app, 14).await;
    trusting(&app, &jane, PHONE).await;
    let here = trusting(&app, &jane, OTHER).await;
    here.delete("/v1/sessions").await.no_content();
    assert!(!is_trusted(&app, PHONE).await);
    assert!(is_trusted(&app, OTHER).await);
    let path = format!("/v1/identities/{}/sessions", jane.person.id);
    app.admin_key().delete(&path).await.no_content();
    assert!(!is_trusted(&app, OTHER).await);
}

async fn a_removed_device_is_trusted_no_more(app: TestApp) {
    let jane = remembering(&app, 14).await;
    let client = trusting(&app, &jane, PHONE).await;
    let id = client.whoami().await.at("/device/id");
    client.delete(&format!("/v1/me/devices/{id}")).await.no_content();
    assert!(!is_trusted(&app, PHONE).await);
}

async fn a_new_key_comes_with_trust_and_the_old_one_is_worthless(app: TestApp) {
    let jane = remembering(&app, 14).await;
    let browser = app.browser();
    let sign_in = async |browser: &Client, remember: bool| {
        if browser.cookie("__Host-avnology_session").is_some() {
            browser.post("/v1/sessions:logout").await.no_content();
        }
        let flow = browser.open("login").await;
        let half = flow.submit("password", json!({ "identifier": JANE, "password": PASSWORD })).await;
        if half.ok().get("session").is_some() {
            return half;
        }
        let code = jane.app.code(app.now());
        app.advance(30);
        flow.submit("totp", json!({ "totp_code": code, "remember_device": remember })).await
    };
    let first = sign_in(&browser, false).await.at("/session/device/id");
    let before = browser.cookie(COOKIE).expect("a key");
    assert_eq!(sign_in(&browser, true).await.at("/session/device/id"), first, "it stays the same device");
    let after = browser.cookie(COOKIE).expect("a key");
    assert!(after.len() == 43 && after != before, "{before} {after}");
    assert_eq!(sign_in(&browser, false).await.at("/session/aal"), "aal1");
    let thief = app.browser();
    thief.set_cookie(COOKIE, &before);
    let flow = thief.open("login").await;
    let half = flow.submit("password", json!({ "identifier": JANE, "password": PASSWORD })).await;
    half.goes_on("second_factor");
}

async fn failures_elsewhere_do_not_lock_a_known_device(app: TestApp) {
    app.account(JANE).await;
    known(&app, PHONE).await;
    fail(&app, None, 5).await;
    app.program().sign_in(JANE, PASSWORD).await.refused(Code::AccountLocked);
    sign_in_on(&app.program(), PHONE).await.token();
    app.program().sign_in(JANE, PASSWORD).await.refused(Code::AccountLocked);
}

async fn a_known_device_has_failures_of_its_own(app: TestApp) {
    app.account(JANE).await;
    known(&app, PHONE).await;
    fail(&app, Some(PHONE), 4).await;
    fail(&app, None, 4).await;
    sign_in_on(&app.program(), PHONE).await.token();
    fail(&app, Some(PHONE), 5).await;
    sign_in_on(&app.program(), PHONE).await.refused(Code::AccountLocked);
    app.program().sign_in(JANE, PASSWORD).await.token();
    assert_eq!(app.payloads(EventType::UserLocked).await.len(), 1);
    let kinds = app.mail_kinds(JANE).await;
    assert!(!kinds.contains(&"account_locked".to_owned()), "whoever is there sees it: {kinds:?}");
    app.advance(900);
    sign_in_on(&app.program(), PHONE).await.token();
}

async fn a_device_that_is_not_known_shares_the_lock(app: TestApp) {
    app.account(JANE).await;
    sign_in_on(&app.program(), PHONE).await.token();
    known(&app, "iphone-1").await;
    fail(&app, None, 5).await;
    sign_in_on(&app.program(), PHONE).await.refused(Code::AccountLocked);
    // Anybody could say this.
    sign_in_on(&app.program(), "iphone-1").await.refused(Code::AccountLocked);
}

async fn unlocking_and_recovery_clear_the_failures_of_devices(app: TestApp) {
    let id = app.account(JANE).await;
    known(&app, PHONE).await;
    fail(&app, Some(PHONE), 5).await;
    sign_in_on(&app.program(), PHONE).await.refused(Code::AccountLocked);
    app.admin_key().post(&format!("/v1/identities/{id}:unlock")).await.ok();
    sign_in_on(&app.program(), PHONE).await.token();
    fail(&app, Some(PHONE), 5).await;
    app.program().recover(JANE).await.ok();
    sign_in_on(&app.program(), PHONE).await.token();
}

#[test]
fn a_removed_device_is_a_stranger_on_every_node() {
    run(Engine::Postgres, |app: TestApp| async move {
        let jane = remembering(&app, 14).await;
        let client = trusting(&app, &jane, PHONE).await;
        let second = app.second_node().await;
        let id = client.whoami().await.at("/device/id");
        client.delete(&format!("/v1/me/devices/{id}")).await.no_content();
        let flow = second.program().open("login").await;
        let body = json!({ "identifier": JANE, "password": PASSWORD, "device_id": PHONE });
        flow.submit("password", body).await.goes_on("second_factor");
    });
}
