//! Devices: `contract/10` §§3, 5–7, 9; `contract/11` §§4.2, 11; `contract/70` §2.

use avnology_model::{Code, Timestamp, events::EventType, permissions::PlatformRole, secret_token::sha256};
use avnology_store::sessions::devices as rows;
use avnology_testkit::{Answer, Client, Engine, FlowRun, PASSWORD, Secured, TestApp, on_both_engines, run};
use serde_json::{Value, json};

const JANE: &str = "jane@acme.example";
const COOKIE: &str = "__Host-avnology_device";
const PHONE: &str = "5f0c9e1e-6b7a-4a51-9c2e-0d7c8d5b9e11";
const OTHER: &str = "0a6ad2f3-91c4-4b07-8d5f-3d1f5a2b7c44";
const DAY: i64 = 24 * 3600;

on_both_engines! {
    a_browser_is_given_a_key_and_known_again_by_it,
    only_the_hash_of_a_key_is_kept,
    a_forged_or_foreign_key_is_nobodys,
    two_people_at_one_browser_have_a_device_each_and_both_are_known_again,
    an_application_names_its_installation,
    a_name_that_is_none_is_refused_and_the_flow_goes_on,
    who_names_nothing_has_no_device,
    a_device_has_every_documented_member,
    a_session_shows_its_device,
    one_factor_on_three_days_or_two_at_once_make_a_device_known,
    ones_own_devices_are_listed_the_latest_first,
    a_device_is_named_and_its_sessions_say_so,
    removing_a_device_ends_its_sessions_and_no_others,
    removing_the_present_device_signs_out,
    a_device_of_somebody_else_is_not_found,
    administrators_see_and_remove_devices,
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
    a_sign_in_on_a_new_device_is_told_by_mail_once,
    the_first_sign_in_is_no_news,
    a_program_without_a_device_is_told_of_by_where_it_is,
    a_report_of_posture_is_shown_until_it_expires,
    a_change_of_posture_is_an_event_and_the_same_again_is_none,
    a_report_that_makes_no_sense_is_refused,
    an_organization_reaches_the_devices_of_those_it_manages_only,
    sign_ins_and_deeds_name_their_device_in_the_audit_log,
    a_device_is_in_the_copy_of_ones_data_and_goes_with_the_account,
    a_device_that_nobody_uses_is_forgotten,
    of_many_devices_the_latest_hundred_stay,
    of_sign_ins_at_once_with_one_installation_all_are_on_one_device,
    of_two_who_remove_a_device_at_once_one_does,
}

/// Signs in from this installation; the answer to the submit.
async fn sign_in_on(client: &Client, installation: &str) -> Answer {
    let flow = client.open("login").await;
    let body = json!({ "identifier": JANE, "password": PASSWORD, "device_id": installation });
    let answer = flow.submit("password", body).await;
    client.take(&answer);
    answer
}

/// Signs out and in again at this browser.
async fn again(browser: &Client, who: &str) -> Answer {
    if browser.cookie("__Host-avnology_session").is_some() {
        browser.post("/v1/sessions:logout").await.no_content();
    }
    browser.sign_in(who, PASSWORD).await
}

async fn half(client: &Client, installation: &str) -> FlowRun {
    let flow = client.open("login").await;
    let body = json!({ "identifier": JANE, "password": PASSWORD, "device_id": installation });
    flow.submit("password", body).await.goes_on("second_factor");
    flow
}

async fn devices(client: &Client) -> Vec<Value> {
    client.get("/v1/me/devices").await.ok()["devices"].as_array().cloned().expect("devices")
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
    match answer.ok().get("session") {
        Some(session) => {
            assert_eq!(session["aal"], "aal1");
            true
        }
        None => {
            answer.goes_on("second_factor");
            false
        }
    }
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

async fn a_browser_is_given_a_key_and_known_again_by_it(app: TestApp) {
    app.account(JANE).await;
    let browser = app.browser();
    let flow = browser.open("login").await;
    let wrong = flow.submit("password", json!({ "identifier": JANE, "password": "wrong" })).await;
    wrong.refused(Code::WrongCredentials);
    assert_eq!(browser.cookie(COOKIE), None, "who has not signed in is nobody's device");
    let done = flow.submit("password", json!({ "identifier": JANE, "password": PASSWORD })).await;
    let set = done.set_cookies().into_iter().find(|c| c.starts_with(COOKIE)).expect("the cookie");
    assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=34560000; Secure"), "{set}");
    let first = done.at("/session/device/id");
    assert!(first.starts_with("dev_"), "{done}");
    assert_eq!(again(&browser, JANE).await.at("/session/device/id"), first);
    let elsewhere = app.browser().sign_in(JANE, PASSWORD).await;
    assert_ne!(elsewhere.at("/session/device/id"), first);
    assert_eq!(devices(&browser).await.len(), 2);
}

async fn only_the_hash_of_a_key_is_kept(app: TestApp) {
    let jane = app.browsing(JANE).await;
    let key = jane.client.cookie(COOKIE).expect("a key");
    assert_eq!(key.len(), 43, "256 bits");
    let id = jane.id.parse().expect("an id");
    let read = app.tenant().store.identity().read(move |tx| rows::of_identity(tx, id));
    let kept = read.await.expect("devices");
    assert_eq!(kept.iter().map(|d| d.key_hash).collect::<Vec<_>>(), [sha256(key.as_bytes())]);
}

async fn a_forged_or_foreign_key_is_nobodys(app: TestApp) {
    let jane = app.browsing(JANE).await;
    let own = jane.client.cookie(COOKIE).expect("a key");
    let joe = app.browser();
    app.account("joe@acme.example").await;
    joe.set_cookie(COOKIE, &own);
    let other = joe.sign_in("joe@acme.example", PASSWORD).await;
    assert_eq!(devices(&joe).await.len(), 1);
    assert_ne!(other.at("/session/device/id"), devices(&jane.client).await[0]["id"].as_str().expect("an id"));
    let kept = joe.cookie(COOKIE).expect("keys");
    assert!(!kept.starts_with(&own), "what was there before is not taken as theirs: {kept}");
    for junk in ["x", "a.b.c", &"é".repeat(43), &"A".repeat(4_000)] {
        let browser = app.browser();
        browser.set_cookie(COOKIE, &junk.chars().filter(char::is_ascii).collect::<String>());
        browser.sign_in(JANE, PASSWORD).await.ok();
        assert_eq!(browser.cookie(COOKIE).map(|keys| keys.len()), Some(43));
    }
}

async fn two_people_at_one_browser_have_a_device_each_and_both_are_known_again(app: TestApp) {
    let joe = "joe@acme.example";
    app.account(JANE).await;
    app.account(joe).await;
    let browser = app.browser();
    let sign_in = async |who| again(&browser, who).await.at("/session/device/id");
    let (hers, his) = (sign_in(JANE).await, sign_in(joe).await);
    assert_ne!(hers, his);
    assert_eq!((sign_in(JANE).await, sign_in(joe).await), (hers, his));
    let keys = browser.cookie(COOKIE).expect("keys");
    assert_eq!(keys.split('.').count(), 2, "{keys}");
}

async fn an_application_names_its_installation(app: TestApp) {
    app.account(JANE).await;
    let phone = app.program().as_agent("Acme/3.1 (iPhone; iOS 19.1)");
    let first = sign_in_on(&phone, PHONE).await;
    assert_eq!(first.at("/session/device/platform"), "ios");
    assert_eq!(first.at("/session/device/name"), "iPhone");
    assert!(first.set_cookies().is_empty());
    let again = sign_in_on(&app.program(), PHONE).await;
    assert_eq!(again.at("/session/device/id"), first.at("/session/device/id"));
    let other = sign_in_on(&app.program(), OTHER).await;
    assert_ne!(other.at("/session/device/id"), first.at("/session/device/id"));
    let registered = app.program().open("registration").await;
    let body = json!({ "traits": { "email": "new@acme.example" }, "password": PASSWORD, "device_id": PHONE });
    let made = registered.submit("password", body).await;
    assert!(made.at("/session/device/id").starts_with("dev_"), "{made}");
}

async fn a_name_that_is_none_is_refused_and_the_flow_goes_on(app: TestApp) {
    app.account(JANE).await;
    let flow = app.program().open("login").await;
    for name in [json!(""), json!("with space"), json!("x".repeat(129)), json!(7), json!({})] {
        let body = json!({ "identifier": JANE, "password": PASSWORD, "device_id": name });
        let refused = flow.submit("password", body).await;
        refused.refused_fields(Code::InputRejected, &[("device_id", "invalid_format")]);
        assert_eq!(refused.state(), "choose_method");
    }
    let body = json!({ "identifier": JANE, "password": PASSWORD, "device_id": "x".repeat(128) });
    flow.submit("password", body).await.token();
}

async fn who_names_nothing_has_no_device(app: TestApp) {
    let jane = app.person(JANE).await;
    assert_eq!(jane.client.whoami().await["device"]["id"], Value::Null);
    assert_eq!(devices(&jane.client).await, [] as [Value; 0]);
}

async fn a_device_has_every_documented_member(app: TestApp) {
    app.account(JANE).await;
    let client = app.program();
    let id = sign_in_on(&client, PHONE).await.at("/session/device/id");
    app.advance(3600);
    client.whoami().await.ok();
    app.settle().await;
    let expected = json!({
        "id": id, "name": "curl", "platform": "other", "known": false, "trusted_until": null, "managed": null,
        "compliant": null, "last_ip": "192.0.2.1", "last_location": null, "create_time": "2026-03-02T09:00:00.000Z",
        "last_seen_at": "2026-03-02T10:00:00.000Z",
    });
    assert_eq!(devices(&client).await, [expected], "use counts as being seen");
}

async fn a_session_shows_its_device(app: TestApp) {
    let jane = app.browsing(JANE).await;
    let device = jane.client.whoami().await["device"].clone();
    let members = ["id", "name", "platform", "user_agent", "ip", "location", "known", "managed"];
    assert!(members.iter().all(|name| device.get(name).is_some()), "{device}");
    assert_eq!((device["known"].clone(), device["managed"].clone()), (json!(false), Value::Null));
    let listed = jane.client.get("/v1/me/sessions").await;
    assert_eq!(listed["sessions"][0]["device"], device);
}

async fn one_factor_on_three_days_or_two_at_once_make_a_device_known(app: TestApp) {
    let jane = app.secured(JANE).await;
    let client = app.program();
    let flow = half(&client, OTHER).await;
    let body = json!({ "totp_code": jane.app.code(app.now()), "device_id": OTHER });
    assert_eq!(flow.submit("totp", body).await["session"]["device"]["known"], true);
    app.account("joe@acme.example").await;
    for (day, is_known) in [(0, false), (0, false), (1, false), (1, true)] {
        app.advance(day * DAY);
        let flow = app.program().open("login").await;
        let body = json!({ "identifier": "joe@acme.example", "password": PASSWORD, "device_id": PHONE });
        let done = flow.submit("password", body).await;
        assert_eq!(done["session"]["device"]["known"], is_known, "{done}");
    }
}

async fn ones_own_devices_are_listed_the_latest_first(app: TestApp) {
    app.account(JANE).await;
    let client = app.program();
    let first = sign_in_on(&client, PHONE).await.at("/session/device/id");
    app.advance(60);
    let second = sign_in_on(&app.program(), OTHER).await.at("/session/device/id");
    let ids = async || devices(&client).await.iter().map(|d| d["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids().await, [json!(second), json!(first)]);
    app.advance(60);
    sign_in_on(&app.program(), PHONE).await.ok();
    assert_eq!(ids().await, [json!(first), json!(second)]);
}

async fn a_device_is_named_and_its_sessions_say_so(app: TestApp) {
    app.account(JANE).await;
    let client = app.program();
    let path = format!("/v1/me/devices/{}", sign_in_on(&client, PHONE).await.at("/session/device/id"));
    client.whoami().await.ok();
    let named = client.patch(&path).json(&json!({ "name": "  My phone " })).await;
    assert_eq!(named.ok()["name"], "My phone");
    assert_eq!(client.whoami().await["device"]["name"], "My phone");
    assert_eq!(sign_in_on(&app.program(), PHONE).await["session"]["device"]["name"], "My phone", "it stays");
    client.patch(&path).json(&json!({})).await.ok();
    assert_eq!(devices(&client).await[0]["name"], "My phone");
    for bad in [json!({ "name": "x".repeat(101) }), json!({ "name": "a\u{7}b" }), json!({ "known": true })] {
        client.patch(&path).json(&bad).await.refused(Code::ValidationFailed);
    }
    assert_eq!(client.patch(&path).json(&json!({ "name": null })).await.ok()["name"], "curl");
}

async fn removing_a_device_ends_its_sessions_and_no_others(app: TestApp) {
    app.account(JANE).await;
    let (phone, again, laptop) = (app.program(), app.program(), app.program());
    let id = sign_in_on(&phone, PHONE).await.at("/session/device/id");
    sign_in_on(&again, PHONE).await.ok();
    sign_in_on(&laptop, OTHER).await.ok();
    phone.whoami().await.ok();
    laptop.delete(&format!("/v1/me/devices/{id}")).await.no_content();
    phone.whoami().await.refused(Code::SessionInvalid);
    again.whoami().await.refused(Code::SessionInvalid);
    laptop.whoami().await.ok();
    assert_eq!(devices(&laptop).await.len(), 1);
    laptop.delete(&format!("/v1/me/devices/{id}")).await.refused(Code::NotFound);
    let jane = laptop.whoami().await.at("/identity_id");
    let removed = json!({ "device_id": id, "user_id": jane });
    assert_eq!(app.payloads(EventType::DeviceRemoved).await, [removed]);
    let reasons = app.payloads(EventType::SessionRevoked).await;
    assert_eq!(reasons.iter().map(|p| p["reason"].clone()).collect::<Vec<_>>(), ["user", "user"]);
    assert_ne!(sign_in_on(&phone, PHONE).await.at("/session/device/id"), id, "it comes back as a stranger");
}

async fn removing_the_present_device_signs_out(app: TestApp) {
    let jane = app.browsing(JANE).await;
    let id = devices(&jane.client).await[0]["id"].as_str().expect("an id").to_owned();
    jane.client.delete(&format!("/v1/me/devices/{id}")).await.no_content();
    jane.client.whoami().await.refused(Code::SessionInvalid);
}

async fn a_device_of_somebody_else_is_not_found(app: TestApp) {
    app.account(JANE).await;
    let client = app.program();
    let id = sign_in_on(&client, PHONE).await.at("/session/device/id");
    let joe = app.person("joe@acme.example").await;
    let path = format!("/v1/me/devices/{id}");
    joe.client.delete(&path).await.refused(Code::NotFound);
    joe.client.patch(&path).json(&json!({ "name": "Mine" })).await.refused(Code::NotFound);
    app.admin_key().delete(&format!("/v1/identities/{}/devices/{id}", joe.id)).await.refused(Code::NotFound);
    joe.client.delete("/v1/me/devices/ses_01kjpwd6m0emptw6bw4v8qtn83").await.refused(Code::NotFound);
    app.program().get("/v1/me/devices").await.refused(Code::SessionInvalid);
    assert_eq!(devices(&client).await.len(), 1);
}

async fn administrators_see_and_remove_devices(app: TestApp) {
    let id = app.account(JANE).await;
    let client = app.program();
    let device = sign_in_on(&client, PHONE).await.at("/session/device/id");
    let path = format!("/v1/identities/{id}/devices");
    let own = devices(&client).await;
    assert_eq!(app.admin_key().get(&path).await.ok()["devices"], json!(own));
    let viewer = app.person_with_role("viewer@acme.example", PlatformRole::Viewer).await;
    assert_eq!(viewer.client.get(&path).await.ok()["devices"], json!(own));
    let one = format!("{path}/{device}");
    viewer.client.delete(&one).await.refused(Code::ScopeMissing);
    client.get(&path).await.refused(Code::ScopeMissing);
    app.admin_key().delete(&one).await.no_content();
    client.whoami().await.refused(Code::SessionInvalid);
    assert_eq!(app.payloads(EventType::SessionRevoked).await[0]["reason"], "admin");
    app.admin_key().delete(&one).await.refused(Code::NotFound);
    app.admin_key()
        .get("/v1/identities/usr_01kjpwd6m0emptw6bw4v8qtn83/devices")
        .await
        .refused(Code::NotFound);
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

async fn a_sign_in_on_a_new_device_is_told_by_mail_once(app: TestApp) {
    app.account(JANE).await;
    let notices = async || app.mail_kinds(JANE).await.iter().filter(|kind| *kind == "new_device").count();
    let browser = app.browser();
    browser.sign_in(JANE, PASSWORD).await.ok();
    assert_eq!(notices().await, 0);
    let other = app.browser().from("198.51.100.7");
    other.sign_in(JANE, PASSWORD).await.ok();
    assert_eq!(notices().await, 1);
    let mail = app.latest_mail(JANE).await;
    for words in ["Firefox on Linux", "198.51.100.7", "/recovery", "/account/sessions"] {
        assert!(mail.text.contains(words), "{words}: {}", mail.text);
    }
    again(&other, JANE).await.ok();
    again(&browser, JANE).await.ok();
    assert_eq!(notices().await, 1);
    sign_in_on(&app.program(), PHONE).await.ok();
    assert_eq!(notices().await, 2);
}

async fn the_first_sign_in_is_no_news(app: TestApp) {
    let browser = app.browser();
    let flow = browser.open("registration").await;
    let body = json!({ "traits": { "email": JANE }, "password": PASSWORD });
    flow.submit("password", body).await.ok();
    assert!(devices(&browser).await.len() == 1);
    let app_of_joe = app.account("joe@acme.example").await;
    assert!(!app_of_joe.is_empty());
    app.browser().sign_in("joe@acme.example", PASSWORD).await.ok();
    for who in [JANE, "joe@acme.example"] {
        assert!(!app.mail_kinds(who).await.contains(&"new_device".to_owned()), "{who}");
    }
}

async fn a_program_without_a_device_is_told_of_by_where_it_is(app: TestApp) {
    app.account(JANE).await;
    let notices = async || app.mail_kinds(JANE).await.iter().filter(|kind| *kind == "new_device").count();
    for (address, agent, count) in [
        ("192.0.2.1", "curl/8.5.0", 0),
        ("192.0.2.1", "curl/9.0.0", 0),
        ("198.51.100.7", "curl/9.0.0", 1),
        ("198.51.100.7", "curl/9.0.0", 1),
        ("192.0.2.1", "Go-http-client/2.0", 2),
    ] {
        app.program().from(address).as_agent(agent).sign_in(JANE, PASSWORD).await.token();
        assert_eq!(notices().await, count, "{address} {agent}");
    }
}

async fn a_report_of_posture_is_shown_until_it_expires(app: TestApp) {
    app.account(JANE).await;
    let client = app.program();
    let id = sign_in_on(&client, PHONE).await.at("/session/device/id");
    client.whoami().await.ok();
    let path = format!("/v1/devices/{id}/posture");
    let report = json!({
        "managed": true, "compliant": false, "source": "mdm", "expires_at": "2026-03-02T15:00:00.000Z",
    });
    let reported = app.admin_key().call("PUT", &path).json(&report).await;
    assert_eq!(
        (reported.ok()["managed"].clone(), reported["compliant"].clone()),
        (json!(true), json!(false))
    );
    assert_eq!(client.whoami().await["device"]["managed"], true);
    assert_eq!(devices(&client).await[0]["compliant"], false);
    app.advance(6 * 3600);
    assert_eq!(devices(&client).await[0]["managed"], Value::Null);
    assert_eq!(client.whoami().await["device"]["managed"], Value::Null);
    let report = json!({ "compliant": true, "source": "mdm" });
    let reported = app.admin_key().call("PUT", &path).json(&report).await;
    assert_eq!((reported.ok()["managed"].clone(), reported["compliant"].clone()), (Value::Null, json!(true)));
}

async fn a_change_of_posture_is_an_event_and_the_same_again_is_none(app: TestApp) {
    let user = app.account(JANE).await;
    let id = sign_in_on(&app.program(), PHONE).await.at("/session/device/id");
    let report = async |managed: Value, compliant: Value| {
        let body = json!({ "managed": managed, "compliant": compliant, "source": "mdm" });
        app.admin_key().call("PUT", &format!("/v1/devices/{id}/posture")).json(&body).await.ok().clone()
    };
    report(json!(true), json!(true)).await;
    report(json!(true), json!(true)).await;
    report(json!(true), json!(false)).await;
    let unknown = json!({ "managed": null, "compliant": null });
    let (good, bad) =
        (json!({ "managed": true, "compliant": true }), json!({ "managed": true, "compliant": false }));
    let told = |previous: &Value, current: &Value| json!({ "device_id": id, "user_id": user, "previous": previous, "current": current });
    let expected = [told(&unknown, &good), told(&good, &bad)];
    assert_eq!(app.payloads(EventType::DevicePostureChanged).await, expected);
}

async fn a_report_that_makes_no_sense_is_refused(app: TestApp) {
    app.account(JANE).await;
    let client = app.program();
    let id = sign_in_on(&client, PHONE).await.at("/session/device/id");
    let path = format!("/v1/devices/{id}/posture");
    for (body, field, code) in [
        (json!({ "managed": true }), "source", "required"),
        (json!({ "source": " " }), "source", "too_short"),
        (json!({ "source": "x".repeat(101) }), "source", "too_long"),
        (json!({ "source": "mdm", "managed": "yes" }), "managed", "invalid_format"),
        (json!({ "source": "mdm", "expires_at": "2026-03-02T09:00:00.000Z" }), "expires_at", "too_small"),
        (json!({ "source": "mdm", "expires_at": "2026-04-01T09:00:00.001Z" }), "expires_at", "too_large"),
        (json!({ "source": "mdm", "known": true }), "known", "unknown_field"),
    ] {
        let refused = app.admin_key().call("PUT", &path).json(&body).await;
        refused.refused_fields(Code::ValidationFailed, &[(field, code)]);
    }
    let body = json!({ "source": "mdm", "managed": true });
    client.call("PUT", &path).json(&body).await.refused(Code::ScopeMissing);
    let nowhere = "/v1/devices/dev_01kjpwd6m0emptw6bw4v8qtn83/posture";
    app.admin_key().call("PUT", nowhere).json(&body).await.refused(Code::NotFound);
}

async fn an_organization_reaches_the_devices_of_those_it_manages_only(app: TestApp) {
    let team = app.team("Acme", "bob@acme.example").await;
    let other = app.team("Beta", "eve@beta.example").await;
    team.holds_domain("acme.example", |_| {}).await;
    let body = json!({ "identity": { "email": JANE, "email_verified": true }, "initial_password": PASSWORD });
    let made = team.owner.client.post("/v1/identities").header("x-avnology-org", "acme").json(&body).await;
    let jane = made.created()["id"].as_str().expect("an id").to_owned();
    let device = sign_in_on(&app.program(), PHONE).await.at("/session/device/id");
    let (list, posture) = (format!("/v1/identities/{jane}/devices"), format!("/v1/devices/{device}/posture"));
    let report = json!({ "managed": true, "source": "mdm" });
    let (bob, eve) = (&team.owner.client, &other.owner.client);
    assert_eq!(bob.get_in("acme", &list).await.ok()["devices"][0]["id"], json!(device));
    bob.call("PUT", &posture).header("x-avnology-org", "acme").json(&report).await.ok();
    // Another organization does not learn that there is such a device.
    eve.get_in("beta", &list).await.refused(Code::NotFound);
    eve.call("PUT", &posture).header("x-avnology-org", "beta").json(&report).await.refused(Code::NotFound);
    eve.delete(&format!("{list}/{device}")).header("x-avnology-org", "beta").await.refused(Code::NotFound);
    // Of a guest, who is only a member, the account is their own.
    other.add(&jane, "member").await;
    eve.get_in("beta", &list).await.refused(Code::PermissionDenied);
    eve.call("PUT", &posture)
        .header("x-avnology-org", "beta")
        .json(&report)
        .await
        .refused(Code::PermissionDenied);
    eve.delete(&format!("{list}/{device}"))
        .header("x-avnology-org", "beta")
        .await
        .refused(Code::PermissionDenied);
    bob.delete(&format!("{list}/{device}")).header("x-avnology-org", "acme").await.no_content();
    app.record_audit().await;
    let told: Vec<Value> =
        app.audit(Some("acme"), "action = \"device.removed\" AND result = \"success\"").await;
    assert_eq!(told.len(), 1, "the organization that manages the person is told: {told:?}");
}

async fn sign_ins_and_deeds_name_their_device_in_the_audit_log(app: TestApp) {
    app.account(JANE).await;
    let client = app.program();
    let id = sign_in_on(&client, PHONE).await.at("/session/device/id");
    client.patch("/v1/me").json(&json!({ "first_name": "Jane" })).await.ok();
    app.record_audit().await;
    for action in ["session.created", "user.updated"] {
        let records = app.audit(None, &format!("action = \"{action}\"")).await;
        assert_eq!(records.first().expect("a record")["device_id"], json!(id), "{action}");
    }
}

async fn a_device_is_in_the_copy_of_ones_data_and_goes_with_the_account(app: TestApp) {
    let user = app.account(JANE).await;
    let client = app.program();
    let id = sign_in_on(&client, PHONE).await.at("/session/device/id");
    let categories = client.get("/v1/privacy:getDataCategories").await;
    let keys = categories["categories"].as_array().expect("categories");
    assert!(keys.iter().any(|category| category["key"] == "devices"), "{categories}");
    let identity = user.parse().expect("an id");
    let count = async || {
        let read = app.tenant().store.identity().read(move |tx| rows::of_identity(tx, identity));
        read.await.expect("devices").len()
    };
    assert_eq!(count().await, 1);
    app.admin_key().delete(&format!("/v1/identities/{user}?force=true")).await.no_content();
    assert_eq!(count().await, 0);
    let device = id.parse().expect("an id");
    let found = app.tenant().store.identity().read(move |tx| rows::find(tx, device));
    assert!(found.await.expect("a look").is_none());
}

async fn a_device_that_nobody_uses_is_forgotten(app: TestApp) {
    let id = app.account(JANE).await;
    sign_in_on(&app.program(), PHONE).await.ok();
    app.advance(200 * DAY);
    sign_in_on(&app.program(), OTHER).await.ok();
    let left = async || {
        app.sweep().await;
        let list = app.admin_key().get(&format!("/v1/identities/{id}/devices")).await;
        list.ok()["devices"].as_array().map_or(0, Vec::len)
    };
    app.advance(200 * DAY);
    assert_eq!(left().await, 2);
    app.advance(1);
    assert_eq!(left().await, 1);
}

async fn of_many_devices_the_latest_hundred_stay(app: TestApp) {
    let id = app.account(JANE).await;
    let identity = id.parse().expect("an id");
    let now = app.now();
    let template = move |n: i64| avnology_model::sessions::Device {
        id: avnology_model::ids::DeviceId::new(now, sha256(&n.to_be_bytes())[..10].try_into().expect("ten")),
        identity_id: identity,
        key_hash: sha256(&n.to_le_bytes()),
        has_secret: true,
        own_name: None,
        user_agent: "curl/8.5.0".to_owned(),
        ip: String::new(),
        known: false,
        sign_in_days: 1,
        last_sign_in_day: 1,
        trusted_at: None,
        trusted_until: None,
        posture: None,
        create_time: now,
        last_seen_at: Timestamp::from_micros(now.micros() - n * 1_000_000),
    };
    let fill = app
        .tenant()
        .store
        .identity()
        .write(move |tx| (1..=100).try_for_each(|n| rows::insert(tx, &template(n)).map(drop)));
    fill.await.expect("devices");
    let client = app.program();
    sign_in_on(&client, PHONE).await.ok();
    let left = devices(&client).await;
    let seen: Vec<&str> = left.iter().filter_map(|d| d["last_seen_at"].as_str()).collect();
    assert_eq!(left.len(), 100);
    assert_eq!(seen.last(), Some(&"2026-03-02T08:58:21.000Z"), "the one seen longest ago went");
}

async fn of_sign_ins_at_once_with_one_installation_all_are_on_one_device(app: TestApp) {
    let id = app.account(JANE).await;
    let tries = (0..8).map(|_| {
        let client = app.program();
        tokio::spawn(async move { sign_in_on(&client, PHONE).await })
    });
    let mut seen = std::collections::BTreeSet::new();
    for one in tries.collect::<Vec<_>>() {
        seen.insert(one.await.expect("an answer").at("/session/device/id"));
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
    let list = app.admin_key().get(&format!("/v1/identities/{id}/devices")).await;
    assert_eq!(list.ok()["devices"].as_array().map(Vec::len), Some(1));
}

async fn of_two_who_remove_a_device_at_once_one_does(app: TestApp) {
    app.account(JANE).await;
    let client = app.program();
    let id = sign_in_on(&app.program(), PHONE).await.at("/session/device/id");
    sign_in_on(&client, OTHER).await.ok();
    let tries = (0..6).map(|_| {
        let (client, path) = (client.clone(), format!("/v1/me/devices/{id}"));
        tokio::spawn(async move { client.delete(&path).await })
    });
    let mut done = 0;
    for one in tries.collect::<Vec<_>>() {
        let answer = one.await.expect("an answer");
        match answer.status {
            204 => done += 1,
            _ => drop(answer.refused(Code::NotFound).clone()),
        }
    }
    assert_eq!((done, app.payloads(EventType::DeviceRemoved).await.len()), (1, 1));
    assert_eq!(app.payloads(EventType::SessionRevoked).await.len(), 1);
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
