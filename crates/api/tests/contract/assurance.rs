//! Assurance that is asked for: by a request, by the tenant, by an organization (`contract/11` §§4.5, 4.6; `contract/10` §7.1).

use avnology_model::{Code, events::EventType, ids::IdentityId};
use avnology_store::credentials::passwords;
use avnology_testkit::{Authenticator, PASSWORD, TestApp, backup_codes, on_both_engines};
use serde_json::json;

const JANE: &str = "jane@acme.example";

on_both_engines! {
    a_session_is_raised_by_the_second_factor_alone,
    as_much_as_there_is_asks_only_who_has_more,
    who_has_no_factor_sets_one_up_on_the_way,
    a_tenant_that_requires_factors_has_them_set_up_at_sign_in,
    a_registration_waits_for_the_factor_that_is_required,
    an_organization_that_requires_factors_is_entered_with_one,
    the_last_factor_cannot_be_removed_while_it_is_required,
    where_no_factor_is_offered_none_can_be_required,
    changes_of_the_account_ask_for_the_factor_that_is_there,
    a_copy_and_the_deletion_of_the_account_ask_for_it_too,
    a_weak_hash_is_renewed_although_a_factor_is_asked_for,
    what_a_settings_flow_shows_is_its_sessions_alone,
    a_browser_is_shown_its_backup_codes_before_it_goes_on,
}

async fn a_session_is_raised_by_the_second_factor_alone(app: TestApp) {
    let jane = app.secured(JANE).await;
    let began = jane.person.client.whoami().await.at("/authenticated_at");
    let flow = jane.person.client.open_with("login", &[("aal", "aal2")]).await;
    assert_eq!(
        (flow.opened.state(), flow.opened.at("/requested_aal")),
        ("second_factor".to_owned(), "aal2".to_owned())
    );
    let before = jane.person.client.token();
    let done = flow.submit("totp", json!({ "totp_code": jane.app.code(app.now()) })).await;
    assert_eq!(
        (done.at("/session/id"), done.at("/session/aal"), done.at("/session/authenticated_at")),
        (jane.person.session_id.clone(), "aal2".to_owned(), began),
        "the same session, and the first factor is as old as before"
    );
    let elevated = app.payloads(EventType::SessionElevated).await;
    assert_eq!(
        (elevated[0]["previous_aal"].clone(), elevated[0]["aal"].clone()),
        (json!("aal1"), json!("aal2"))
    );
    // The former token works on for parallel requests, and not for long.
    let old = app.program().with_token(&before);
    old.whoami().await.ok();
    app.advance(31);
    old.whoami().await.refused(Code::SessionInvalid);
    jane.person.client.take(&done);
    let passed = jane.person.client.open_with("login", &[("aal", "aal2")]).await;
    assert_eq!(passed.opened.state(), "passed");
}

async fn as_much_as_there_is_asks_only_who_has_more(app: TestApp) {
    let joe = app.person("joe@acme.example").await;
    let highest = [("aal", "highest_available")];
    assert_eq!(joe.client.open_with("login", &highest).await.opened.state(), "passed");
    let jane = app.secured(JANE).await;
    assert_eq!(jane.person.client.open_with("login", &highest).await.opened.state(), "second_factor");
    assert_eq!(jane.person.client.open_with("login", &[("aal", "aal1")]).await.opened.state(), "passed");
    for (aal, code) in [("aal3", "not_allowed"), ("aal9", "not_in_enum")] {
        let refused = jane.person.client.get(&format!("/v1/flows/login?aal={aal}")).await;
        refused.refused_fields(Code::ValidationFailed, &[("aal", code)]);
    }
}

async fn who_has_no_factor_sets_one_up_on_the_way(app: TestApp) {
    let jane = app.person(JANE).await;
    let flow = jane.client.open_with("login", &[("aal", "aal2")]).await;
    assert_eq!(
        (flow.opened.state(), flow.opened.messages()),
        ("enroll_factor".to_owned(), vec!["1010010".to_owned()])
    );
    let mine = Authenticator::of(&flow.opened);
    flow.submit("totp", json!({ "totp_code": "000000" })).await.refused(Code::WrongCode);
    flow.submit("recovery_code", json!({ "recovery_code": "00000-00000" }))
        .await
        .refused(Code::StepUnavailable);
    let done = flow.submit("totp", json!({ "totp_code": mine.code(app.now()) })).await;
    assert_eq!((done.at("/session/id"), done.at("/session/aal")), (jane.session_id, "aal2".to_owned()));
    assert_eq!((done.at("/continue_flow/type"), backup_codes(&done).len()), ("settings".to_owned(), 10));
}

async fn a_tenant_that_requires_factors_has_them_set_up_at_sign_in(app: TestApp) {
    app.account(JANE).await;
    app.settings(json!({ "mfa_required": true })).await;
    let client = app.program();
    let flow = client.open("login").await;
    let half = flow.submit("password", json!({ "identifier": JANE, "password": PASSWORD })).await;
    assert_eq!(
        half.goes_on("enroll_factor").node_names(),
        ["totp_qr", "totp_secret", "totp_code", "method=totp", "passkey_response"]
    );
    let mine = Authenticator::of(&half);
    let done = flow.submit("totp", json!({ "totp_code": mine.code(app.now()) })).await;
    assert_eq!((done.at("/session/aal"), done.state()), ("aal2".to_owned(), "show_form".to_owned()));
    client.take(&done);
    // The codes are the session's to read, and nobody else's.
    let codes = backup_codes(&done);
    let settings = client.follow(&done);
    assert_eq!(backup_codes(&settings.read().await), codes);
    settings.submit("recovery_code", json!({ "confirm": true })).await.goes_on("show_form");
    let flow = app.half_signed_in(JANE).await;
    flow.submit("recovery_code", json!({ "recovery_code": codes[9] })).await.ok();
}

async fn a_registration_waits_for_the_factor_that_is_required(app: TestApp) {
    app.settings(json!({ "mfa_required": true })).await;
    let client = app.program();
    let flow = client.open("registration").await;
    let body = json!({ "traits": { "email": JANE }, "password": PASSWORD });
    let waits = flow.submit("password", body).await;
    assert_eq!(waits.goes_on("enroll_factor").messages(), ["1010010"]);
    assert_eq!(app.payloads(EventType::UserCreated).await.len(), 0, "there is no account without its factor");
    let mine = Authenticator::of(&waits);
    flow.submit("totp", json!({ "totp_code": "000000" })).await.refused(Code::WrongCode);
    let done = flow.submit("totp", json!({ "totp_code": mine.code(app.now()) })).await;
    assert_eq!(done.at("/session/aal"), "aal2");
    assert_eq!(done.ok()["session"]["identity"]["mfa_methods"], json!(["totp", "recovery_code"]));
    assert_eq!(backup_codes(&done).len(), 10);
    assert!(done["verification_flow_id"].is_string());
    // Two who register one address: the second is told when the first has finished.
    let (one, other) = (app.program().open("registration").await, app.program().open("registration").await);
    let body = json!({ "traits": { "email": "joe@acme.example" }, "password": PASSWORD });
    let (a, b) = (one.submit("password", body.clone()).await, other.submit("password", body).await);
    let code = |answer| json!({ "totp_code": Authenticator::of(answer).code(app.now()) });
    one.submit("totp", code(&a)).await.ok();
    other.submit("totp", code(&b)).await.refused(Code::EmailTaken);
}

async fn an_organization_that_requires_factors_is_entered_with_one(app: TestApp) {
    let team = app.team_with("Acme", JANE, json!({})).await;
    let joe = team.member("joe@acme.example", "member").await;
    team.alter(|o| o.mfa_required = true).await;
    let switch = json!({ "organization_id": team.id });
    let refused = joe.client.post("/v1/sessions:switchOrganization").json(&switch).await;
    refused.refused(Code::SecondFactorRequired);
    assert_eq!(refused.state(), "enroll_factor");
    let flow = joe.client.follow(&refused);
    let mine = Authenticator::of(&refused);
    let done = flow.submit("totp", json!({ "totp_code": mine.code(app.now()) })).await;
    assert_eq!(
        (done.at("/session/aal"), done.at("/session/organization_id"), done.at("/session/id")),
        ("aal2".to_owned(), team.id.clone(), joe.session_id.clone())
    );
    // Whoever signs in for themselves is asked as well, because they have a factor now; a flow of the organization says so too.
    app.advance(30);
    let flow = app.program().open_with("login", &[("organization_id", team.id.as_str())]).await;
    let body = json!({ "identifier": "joe@acme.example", "password": PASSWORD });
    flow.submit("password", body).await.goes_on("second_factor");
    let done = flow.submit("totp", json!({ "totp_code": mine.code(app.now()) })).await;
    assert_eq!(done.at("/session/organization_id"), team.id);
}

async fn the_last_factor_cannot_be_removed_while_it_is_required(app: TestApp) {
    let team = app.team_with("Acme", "owner@acme.example", json!({})).await;
    let joe = team.member(JANE, "member").await;
    let flow = joe.client.open_with("login", &[("aal", "aal2")]).await;
    let mine = Authenticator::of(&flow.opened);
    let done = flow.submit("totp", json!({ "totp_code": mine.code(app.now()) })).await;
    joe.client.take(&done);
    team.alter(|o| o.mfa_required = true).await;
    let flow = joe.client.open("settings").await;
    flow.submit("totp", json!({ "totp_unlink": true })).await.refused(Code::PermissionDenied);
    // Backup codes may go: the app stays.
    let off = flow.submit("recovery_code", json!({ "disable": true })).await;
    off.goes_on("show_form");
    joe.client.take(&off);
    team.alter(|o| o.mfa_required = false).await;
    flow.submit("totp", json!({ "totp_unlink": true })).await.goes_on("show_form");
}

async fn where_no_factor_is_offered_none_can_be_required(app: TestApp) {
    let patch = json!({ "mfa_required": true, "second_factors": ["recovery_code"] });
    let refused = app.admin_key().patch("/v1/tenant").json(&patch).await;
    refused.refused_fields(Code::ValidationFailed, &[("second_factors", "too_short")]);
    // An organization may ask for what the tenant does not offer: nobody gets in there, and everywhere else all is as before.
    app.settings(json!({ "second_factors": [] })).await;
    let team = app.team_with("Acme", "owner@acme.example", json!({})).await;
    team.member(JANE, "member").await;
    team.alter(|o| o.mfa_required = true).await;
    let flow = app.program().open_with("login", &[("organization_id", team.id.as_str())]).await;
    let refused = flow.submit("password", json!({ "identifier": JANE, "password": PASSWORD })).await;
    assert!(refused.refused(Code::SecondFactorRequired)["continue_flow"].is_null());
    app.program().sign_in(JANE, PASSWORD).await.ok();
}

async fn changes_of_the_account_ask_for_the_factor_that_is_there(app: TestApp) {
    let jane = app.secured(JANE).await;
    let client = &jane.person.client;
    let refused = client.patch("/v1/me").json(&json!({ "email": "joan@acme.example" })).await;
    assert_eq!(refused.refused(Code::SecondFactorRequired)["continue_flow"]["state"], "second_factor");
    client.patch("/v1/me").json(&json!({ "first_name": "Joan" })).await.ok();
    client.get("/v1/flows/settings?section=password").await.refused(Code::SecondFactorRequired);
    let flow = client.open("settings").await;
    let change = json!({ "password": "amber canyon tulip 9" });
    flow.submit("password", change.clone()).await.refused(Code::SecondFactorRequired);
    let login = client.open_with("login", &[("aal", "aal2")]).await;
    let done = login.submit("totp", json!({ "totp_code": jane.app.code(app.now()) })).await;
    client.take(&done);
    client.patch("/v1/me").json(&json!({ "username": "joan" })).await.ok();
    // An old sign-in is asked for both again.
    app.advance(901);
    let refused = flow.submit("password", change.clone()).await;
    refused.refused(Code::StepUpRequired);
    let login = client.follow(&refused);
    login.submit("password", json!({ "password": PASSWORD })).await.goes_on("second_factor");
    let done = login.submit("totp", json!({ "totp_code": jane.app.code(app.now()) })).await;
    client.take(&done);
    flow.submit("password", change).await.goes_on("show_form");
}

async fn a_copy_and_the_deletion_of_the_account_ask_for_it_too(app: TestApp) {
    app.account(JANE).await;
    let browser = app.browser();
    browser.sign_in(JANE, PASSWORD).await.ok();
    let page = async || browser.get("/account/privacy").header("accept", "text/html").await.text();
    let asks = "/sign-in?refresh=true&#38;return_to=%2Faccount%2Fprivacy";
    let before = page().await;
    assert!(!before.contains(asks) && before.contains("/account/privacy/export"), "{before}");
    let client = app.program().signed_in(JANE).await.client;
    let flow = client.open("settings").await;
    let mine = Authenticator::of(&flow.opened);
    flow.submit("totp", json!({ "totp_code": mine.code(app.now()) })).await.goes_on("show_form");
    app.advance(30);
    let after = page().await;
    assert!(after.contains(asks) && !after.contains("/account/privacy/export"), "{after}");
    let order = json!({ "reason": "UNUSED" });
    let refusals = [
        client.post("/v1/privacy:exportMyData").await,
        client.post("/v1/privacy:requestAccountDeletion").json(&order).await,
    ];
    for refused in refusals {
        assert_eq!(refused.refused(Code::SecondFactorRequired)["continue_flow"]["state"], "second_factor");
    }
    assert_eq!(client.whoami().await.at("/identity/state"), "active");
    let login = client.open_with("login", &[("aal", "aal2")]).await;
    let done = login.submit("totp", json!({ "totp_code": mine.code(app.now()) })).await;
    client.take(&done);
    client.post("/v1/privacy:exportMyData").await.is(202);
    client.post("/v1/privacy:requestAccountDeletion").json(&order).await.is(202);
}

async fn a_weak_hash_is_renewed_although_a_factor_is_asked_for(app: TestApp) {
    // From the tests of the reference implementation of Argon2 (test.c, version 0x13): eight bytes of salt.
    const WEAK: &str = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    let hash_of = async |id| {
        let found = app.tenant().store.identity().read(move |tx| passwords::find(tx, id)).await;
        found.expect("credentials").expect("a password").phc
    };
    let jane = app.secured(JANE).await;
    let id: IdentityId = jane.person.id.parse().expect("an identity");
    let old = hash_of(id).await;
    let weaken = app.tenant().store.identity().write(move |tx| passwords::rehash(tx, id, &old, WEAK));
    weaken.await.expect("a weak hash");
    app.program().sign_in(JANE, "passwort").await.refused(Code::WrongCredentials);
    assert_eq!(hash_of(id).await, WEAK);
    app.program().sign_in(JANE, "password").await.goes_on("second_factor");
    assert_ne!(hash_of(id).await, WEAK);
    app.program().sign_in(JANE, "password").await.goes_on("second_factor");
}

async fn what_a_settings_flow_shows_is_its_sessions_alone(app: TestApp) {
    let (jane, joe) = (app.person(JANE).await, app.person("joe@acme.example").await);
    let flow = jane.client.open_with("settings", &[("section", "totp")]).await;
    let path = format!("/v1/flows/settings/{}", flow.id);
    assert!(jane.client.get(&path).await.node("totp_secret").is_some());
    let second = app.program();
    let done = second.sign_in(JANE, PASSWORD).await;
    second.take(&done);
    let anybody = app.program();
    let others = [(&joe.client, Code::NotFound), (&second, Code::NotFound), (&anybody, Code::SessionInvalid)];
    for (client, refusal) in others {
        client.get(&path).await.refused(Code::NotFound);
        let code = json!({ "method": "totp", "body": { "totp_code": "000000" } });
        client.post(&format!("{path}:submit")).json(&code).await.refused(refusal);
    }
}

async fn a_browser_is_shown_its_backup_codes_before_it_goes_on(app: TestApp) {
    app.account(JANE).await;
    app.settings(json!({ "mfa_required": true })).await;
    let browser = app.browser();
    let flow = browser.open_with("login", &[("return_to", "/account/sessions")]).await;
    let half = flow.submit("password", json!({ "identifier": JANE, "password": PASSWORD })).await;
    let code = Authenticator::of(&half).code(app.now());
    let form = [("method", "totp"), ("totp_code", code.as_str()), ("csrf_token", &flow.csrf())];
    let sent = browser.post(&flow.submit_path()).form(&form).await;
    assert_eq!(sent.status, 303, "{sent}");
    let target = sent.header("location").to_owned();
    assert!(target.starts_with("/account/security?flow=flw_"), "{target}");
    let page = browser.get(&target).header("accept", "text/html").await;
    let text = page.text();
    assert!(text.contains("Save your backup codes") && text.contains("/account/sessions"), "{text}");
    assert!(text.contains(r#"id="recovery_codes""#) && text.contains(r#"download="backup-codes.txt""#));
}
