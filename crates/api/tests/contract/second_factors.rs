//! Authenticator apps and backup codes: `contract/11` §§3.2, 4.2, 4.5, 9; `contract/10` §§3, 7.1.

use avnology_model::{Code, events::EventType};
use avnology_testkit::{Authenticator, PASSWORD, TestApp, backup_codes, on_both_engines};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

const JANE: &str = "jane@acme.example";

on_both_engines! {
    the_first_code_sets_an_app_up_and_brings_backup_codes,
    a_key_that_nobody_confirmed_is_nothing,
    a_sign_in_asks_for_the_code_and_reaches_aal2,
    a_code_works_once,
    of_two_sign_ins_with_one_code_one_wins,
    a_backup_code_works_once_however_it_is_typed,
    of_two_sign_ins_with_one_backup_code_one_wins,
    wrong_codes_lock_the_account_and_a_right_password_buys_no_tries,
    a_second_factor_does_not_take_the_place_of_the_first,
    a_mailed_code_is_no_second_factor,
    new_backup_codes_count_once_they_are_saved,
    an_app_is_removed_with_its_codes_and_other_sessions_end,
    a_factor_that_is_there_or_not_there_is_told,
    credentials_tell_of_factors_and_can_be_removed_one_by_one,
    an_administrator_resets_factors_and_the_person_is_told,
    recovery_asks_for_the_second_factor,
    whoever_proves_an_account_that_was_never_proven_gets_rid_of_its_factors,
    identities_are_found_by_their_factors,
    deletion_removes_them,
}

async fn the_first_code_sets_an_app_up_and_brings_backup_codes(app: TestApp) {
    let jane = app.person(JANE).await;
    jane.client.verify(JANE).await;
    let flow = jane.client.open_with("settings", &[("section", "totp")]).await;
    let picture = flow.opened.node("totp_qr").expect("a picture")["attributes"].clone();
    assert!(picture["src"].as_str().is_some_and(|src| src.starts_with("data:image/svg+xml;base64,")));
    let key = flow.opened.node("totp_secret").expect("a key")["attributes"].clone();
    assert_eq!((key["secret"].clone(), key["text"].as_str().map(str::len)), (json!(true), Some(32)));
    let uri = key["uri"].as_str().unwrap_or_default().to_owned();
    assert!(uri.starts_with("otpauth://totp/Avnology%20ID:jane%40acme.example?secret="), "{uri}");
    let mine = Authenticator::of(&flow.opened);
    let wrong = flow.submit("totp", json!({ "totp_code": "000000" })).await;
    wrong.refused(Code::WrongCode);
    assert_eq!(wrong.node_messages("totp_code"), ["4000008"]);
    flow.submit("totp", json!({})).await.refused(Code::InputRejected);
    let code = mine.code(app.now());
    let done = flow.submit("totp", json!({ "totp_code": format!("{} {}", &code[..3], &code[3..]) })).await;
    assert_eq!(done.goes_on("show_form").messages(), ["1050001", "1050002"]);
    let codes = backup_codes(&done);
    assert_eq!((codes.len(), codes[0].len(), &codes[0][5..6]), (10, 11, "-"));
    let me = jane.client.get("/v1/me").await;
    assert_eq!(me["mfa_methods"], json!(["totp", "recovery_code"]));
    assert_eq!(jane.client.whoami().await["identity"]["mfa_methods"], json!(["totp", "recovery_code"]));
    let told = app.payloads(EventType::UserMfaEnrolled).await;
    let methods: Vec<&str> = told.iter().filter_map(|p| p["method"].as_str()).collect();
    assert_eq!(methods, ["totp", "recovery_code"]);
    let kinds = app.mail_kinds(JANE).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "factor_enrolled").count(), 2, "{kinds:?}");
    // They are shown until they are saved, and never again.
    assert_eq!(backup_codes(&flow.read().await), codes);
    let saved = flow.submit("recovery_code", json!({ "confirm": true })).await;
    assert!(saved.goes_on("show_form").node("recovery_codes").is_none());
    assert!(flow.read().await.node("recovery_codes").is_none());
}

async fn a_key_that_nobody_confirmed_is_nothing(app: TestApp) {
    let jane = app.person(JANE).await;
    let (one, other) = (jane.client.open("settings").await, jane.client.open("settings").await);
    let code = Authenticator::of(&one.opened).code(app.now());
    other.submit("totp", json!({ "totp_code": code })).await.refused(Code::WrongCode);
    assert_eq!(jane.client.get("/v1/me").await["mfa_methods"], json!([]));
    app.program().sign_in(JANE, PASSWORD).await.ok();
}

async fn a_sign_in_asks_for_the_code_and_reaches_aal2(app: TestApp) {
    let jane = app.secured(JANE).await;
    let client = app.program();
    let flow = client.open("login").await;
    let half = flow.submit("password", json!({ "identifier": JANE, "password": PASSWORD })).await;
    assert_eq!(half.goes_on("second_factor").messages(), ["1010003"]);
    assert_eq!(half.node_names(), ["totp_code", "method=totp", "recovery_code", "method=recovery_code"]);
    let field = half.node("totp_code").expect("a field")["attributes"].clone();
    assert_eq!(
        (field["autocomplete"].clone(), field["maxlength"].clone()),
        (json!("one-time-code"), json!(6))
    );
    let done = flow.submit("totp", json!({ "totp_code": jane.app.code(app.now()) })).await;
    let methods: Vec<(String, String)> = done["session"]["authentication_methods"]
        .as_array()
        .expect("methods")
        .iter()
        .map(|m| {
            (
                m["method"].as_str().unwrap_or_default().to_owned(),
                m["aal"].as_str().unwrap_or_default().to_owned(),
            )
        })
        .collect();
    let expected = [("password", "aal1"), ("totp", "aal2")].map(|(m, a)| (m.to_owned(), a.to_owned()));
    assert_eq!((methods, done.at("/session/aal")), (expected.to_vec(), "aal2".to_owned()));
    client.take(&done);
    assert_eq!(client.whoami().await.at("/aal"), "aal2");
    let token = client.post("/v1/sessions:tokenize").json(&json!({})).await;
    let claims = token.at("/token").split('.').nth(1).map(str::to_owned).expect("a token");
    let claims = URL_SAFE_NO_PAD.decode(claims).expect("base64");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    assert_eq!((claims["amr"].clone(), claims["aal"].clone()), (json!(["pwd", "otp", "mfa"]), json!("aal2")));
}

async fn a_code_works_once(app: TestApp) {
    let jane = app.secured(JANE).await;
    let code = jane.app.code(app.now());
    let (one, other) = (app.half_signed_in(JANE).await, app.half_signed_in(JANE).await);
    one.submit("totp", json!({ "totp_code": code })).await.ok();
    let again = other.submit("totp", json!({ "totp_code": code })).await;
    assert_eq!(again.refused(Code::WrongCode)["attempts_remaining"], 4);
    // Nor does an older one that is still in time.
    let late = app.now().plus_seconds(-30);
    other.submit("totp", json!({ "totp_code": jane.app.code(late) })).await.refused(Code::WrongCode);
    app.advance(30);
    other.submit("totp", json!({ "totp_code": jane.app.code(app.now()) })).await.ok();
}

async fn of_two_sign_ins_with_one_code_one_wins(app: TestApp) {
    let jane = app.secured(JANE).await;
    let code = jane.app.code(app.now());
    let (one, other) = (app.half_signed_in(JANE).await, app.half_signed_in(JANE).await);
    let body = json!({ "totp_code": code });
    let (a, b) = tokio::join!(one.submit("totp", body.clone()), other.submit("totp", body));
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400], "{a} {b}");
}

async fn a_backup_code_works_once_however_it_is_typed(app: TestApp) {
    let jane = app.secured(JANE).await;
    let typed = jane.codes[0].to_lowercase().replace('-', " ");
    let flow = app.half_signed_in(JANE).await;
    let done = flow.submit("recovery_code", json!({ "recovery_code": typed })).await;
    assert_eq!(done.at("/session/aal"), "aal2");
    let flow = app.half_signed_in(JANE).await;
    let again = flow.submit("recovery_code", json!({ "recovery_code": jane.codes[0] })).await;
    again.refused(Code::WrongRecoveryCode);
    assert_eq!(again.node_messages("recovery_code"), ["4000010"]);
    // The other name of the method, and of the field.
    flow.submit("lookup_secret", json!({ "recovery_code": jane.codes[1] })).await.ok();
    let held = app.admin_key().get(&format!("/v1/identities/{}/credentials", jane.person.id)).await;
    let codes =
        held["credentials"].as_array().and_then(|all| all.iter().find(|c| c["type"] == "recovery_code"));
    assert_eq!(codes.map(|c| c["recovery_code"].clone()), Some(json!({ "remaining": 8 })));
}

async fn of_two_sign_ins_with_one_backup_code_one_wins(app: TestApp) {
    let jane = app.secured(JANE).await;
    let (one, other) = (app.half_signed_in(JANE).await, app.half_signed_in(JANE).await);
    let body = json!({ "recovery_code": jane.codes[3] });
    let (a, b) = tokio::join!(one.submit("recovery_code", body.clone()), other.submit("recovery_code", body));
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400], "{a} {b}");
}

async fn wrong_codes_lock_the_account_and_a_right_password_buys_no_tries(app: TestApp) {
    let jane = app.secured(JANE).await;
    for left in [4, 3] {
        let flow = app.half_signed_in(JANE).await;
        let wrong = flow.submit("totp", json!({ "totp_code": "000000" })).await;
        assert_eq!(wrong.refused(Code::WrongCode)["attempts_remaining"], left);
    }
    for left in [2, 1, 0] {
        let flow = app.half_signed_in(JANE).await;
        let wrong = flow.submit("recovery_code", json!({ "recovery_code": "00000-00000" })).await;
        assert_eq!(wrong.refused(Code::WrongRecoveryCode)["attempts_remaining"], left);
    }
    app.program().sign_in(JANE, PASSWORD).await.refused(Code::AccountLocked);
    app.advance(900);
    // A sign-in that succeeds forgets them all.
    let flow = app.half_signed_in(JANE).await;
    flow.submit("totp", json!({ "totp_code": jane.app.code(app.now()) })).await.ok();
    let flow = app.half_signed_in(JANE).await;
    let wrong = flow.submit("totp", json!({ "totp_code": "000000" })).await;
    assert_eq!(wrong.refused(Code::WrongCode)["attempts_remaining"], 4);
}

async fn a_second_factor_does_not_take_the_place_of_the_first(app: TestApp) {
    let jane = app.secured(JANE).await;
    let flow = app.program().open("login").await;
    let code = json!({ "identifier": JANE, "totp_code": jane.app.code(app.now()) });
    flow.submit("totp", code).await.refused(Code::StepUnavailable);
    let backup = json!({ "identifier": JANE, "recovery_code": jane.codes[0] });
    flow.submit("recovery_code", backup).await.refused(Code::StepUnavailable);
}

async fn a_mailed_code_is_no_second_factor(app: TestApp) {
    let jane = app.secured(JANE).await;
    let flow = app.half_signed_in(JANE).await;
    for method in ["code", "link", "password", "identifier"] {
        let again = flow.submit(method, json!({ "identifier": JANE, "password": PASSWORD })).await;
        assert_eq!(
            again.refused(Code::StepUnavailable)["continue_flow"]["state"],
            "second_factor",
            "{method}"
        );
    }
    // Whoever signs in by mail is asked all the same.
    let flow = app.program().open("login").await;
    flow.submit("code", json!({ "identifier": JANE })).await.goes_on("sent_email");
    let code = app.latest_mail(JANE).await.code;
    flow.submit("code", json!({ "code": code })).await.goes_on("second_factor");
    flow.submit("totp", json!({ "totp_code": jane.app.code(app.now()) })).await.ok();
}

/// Steps the session up with the app.
async fn raise(app: &TestApp, jane: &avnology_testkit::Secured) {
    let flow = jane.person.client.open_with("login", &[("aal", "aal2")]).await;
    let done = flow.submit("totp", json!({ "totp_code": jane.app.code(app.now()) })).await;
    jane.person.client.take(&done);
    app.advance(30);
}

async fn new_backup_codes_count_once_they_are_saved(app: TestApp) {
    let jane = app.secured(JANE).await;
    let flow = jane.person.client.open("settings").await;
    let refused = flow.submit("recovery_code", json!({ "regenerate": true })).await;
    refused.refused(Code::SecondFactorRequired);
    raise(&app, &jane).await;
    let flow = jane.person.client.open("settings").await;
    flow.submit("recovery_code", json!({ "confirm": true })).await.refused(Code::StepUnavailable);
    let shown = flow.submit("recovery_code", json!({ "regenerate": true })).await;
    assert_eq!(shown.goes_on("show_form").messages(), ["1050002"]);
    let new = backup_codes(&shown);
    assert_ne!(new, jane.codes);
    let half = app.half_signed_in(JANE).await;
    half.submit("recovery_code", json!({ "recovery_code": new[0] })).await.refused(Code::WrongRecoveryCode);
    half.submit("recovery_code", json!({ "recovery_code": jane.codes[0] })).await.ok();
    flow.submit("recovery_code", json!({ "confirm": true })).await.goes_on("show_form");
    let half = app.half_signed_in(JANE).await;
    let old = half.submit("recovery_code", json!({ "recovery_code": jane.codes[1] })).await;
    old.refused(Code::WrongRecoveryCode);
    half.submit("recovery_code", json!({ "recovery_code": new[0] })).await.ok();
    let off = flow.submit("recovery_code", json!({ "disable": true })).await;
    assert_eq!(off.goes_on("show_form").messages(), ["1050001"]);
    jane.person.client.take(&off);
    assert_eq!(jane.person.client.get("/v1/me").await["mfa_methods"], json!(["totp"]));
    let half = app.half_signed_in(JANE).await;
    assert_eq!(half.read().await.node_names(), ["totp_code", "method=totp"]);
    let gone = half.submit("recovery_code", json!({ "recovery_code": new[1] })).await;
    gone.refused(Code::MethodDisabled);
}

async fn an_app_is_removed_with_its_codes_and_other_sessions_end(app: TestApp) {
    let jane = app.secured(JANE).await;
    let half = app.half_signed_in(JANE).await;
    let other = half.submit("totp", json!({ "totp_code": jane.app.code(app.now()) })).await.token();
    let other = app.program().with_token(&other);
    app.advance(30);
    let flow = jane.person.client.open("settings").await;
    let refused = flow.submit("totp", json!({ "totp_unlink": true })).await;
    let required = refused.refused(Code::SecondFactorRequired)["required"].clone();
    assert_eq!(required, json!({ "aal": "aal2", "max_age": null, "connection_id": null, "methods": null }));
    // The refusal leads through the second factor, and the change is repeated.
    let login = jane.person.client.follow(&refused);
    assert_eq!((login.kind.as_str(), refused.state()), ("login", "second_factor".to_owned()));
    let raised = login.submit("totp", json!({ "totp_code": jane.app.code(app.now()) })).await;
    jane.person.client.take(&raised);
    let before = jane.person.client.token();
    let done = flow.submit("totp", json!({ "totp_unlink": true })).await;
    assert_eq!(done.goes_on("show_form").messages(), ["1050001"]);
    other.whoami().await.refused(Code::SessionInvalid);
    app.program().with_token(&before).whoami().await.refused(Code::SessionInvalid);
    jane.person.client.take(&done);
    assert_eq!(jane.person.client.get("/v1/me").await["mfa_methods"], json!([]));
    app.program().sign_in(JANE, PASSWORD).await.ok();
    let removed = app.payloads(EventType::UserMfaRemoved).await;
    let methods: Vec<&str> = removed.iter().filter_map(|p| p["method"].as_str()).collect();
    assert_eq!(methods, ["totp", "recovery_code"]);
}

async fn a_factor_that_is_there_or_not_there_is_told(app: TestApp) {
    let jane = app.person(JANE).await;
    let flow = jane.client.open("settings").await;
    flow.submit("totp", json!({ "totp_unlink": true })).await.refused(Code::FactorNotEnrolled);
    flow.submit("recovery_code", json!({ "regenerate": true })).await.refused(Code::FactorNotEnrolled);
    flow.submit("recovery_code", json!({ "disable": true })).await.refused(Code::FactorNotEnrolled);
    flow.submit("recovery_code", json!({})).await.refused(Code::InputRejected);
    let jane = app.secured("joan@acme.example").await;
    raise(&app, &jane).await;
    let flow = jane.person.client.open("settings").await;
    flow.submit("totp", json!({ "totp_code": "123456" })).await.refused(Code::FactorEnrolled);
    app.settings(json!({ "second_factors": [] })).await;
    let joe = app.person("joe@acme.example").await;
    let flow = joe.client.open("settings").await;
    assert!(flow.opened.node("totp_secret").is_none());
    flow.submit("totp", json!({ "totp_code": "123456" })).await.refused(Code::MethodDisabled);
}

async fn credentials_tell_of_factors_and_can_be_removed_one_by_one(app: TestApp) {
    let jane = app.secured(JANE).await;
    let held = jane.person.client.get("/v1/me/credentials").await;
    let kinds: Vec<String> = (0..3).map(|i| held.at(&format!("/credentials/{i}/type"))).collect();
    assert_eq!(kinds, ["password", "totp", "recovery_code"]);
    assert_eq!(held["credentials"][2]["recovery_code"]["remaining"], 10);
    assert!(!held.text().contains(&jane.codes[0]), "no secret is answered");
    let path = |i: usize| format!("/v1/me/credentials/{}", held.at(&format!("/credentials/{i}/id")));
    let refused = jane.person.client.delete(&path(1)).await;
    assert_eq!(refused.refused(Code::SecondFactorRequired)["continue_flow"]["state"], "second_factor");
    raise(&app, &jane).await;
    jane.person.client.delete(&path(2)).await.no_content();
    assert_eq!(jane.person.client.get("/v1/me").await["mfa_methods"], json!(["totp"]));
    app.settings(json!({ "mfa_required": true })).await;
    jane.person.client.delete(&path(1)).await.refused(Code::PermissionDenied);
    app.settings(json!({ "mfa_required": false })).await;
    jane.person.client.delete(&path(1)).await.no_content();
    assert_eq!(jane.person.client.get("/v1/me").await["mfa_methods"], json!([]));
}

async fn an_administrator_resets_factors_and_the_person_is_told(app: TestApp) {
    let jane = app.secured(JANE).await;
    jane.person.client.verify(JANE).await;
    let path = format!("/v1/identities/{}:resetMfa", jane.person.id);
    let admin = app.admin_key();
    admin.post(&path).json(&json!({ "methods": [] })).await.refused(Code::ValidationFailed);
    admin.post(&path).json(&json!({ "methods": ["dance"] })).await.refused(Code::ValidationFailed);
    let reset = admin.post(&path).json(&json!({ "reason": "Lost phone" })).await;
    assert_eq!((reset.ok()["mfa_methods"].clone(), reset.status), (json!([]), 200));
    jane.person.client.whoami().await.refused(Code::SessionInvalid);
    let told = app.payloads(EventType::UserMfaReset).await;
    let expected =
        json!({ "user_id": jane.person.id, "methods": ["totp", "recovery_code"], "reason": "Lost phone" });
    assert_eq!(told, [expected]);
    assert!(app.mail_kinds(JANE).await.contains(&"factor_removed".to_owned()));
    app.program().sign_in(JANE, PASSWORD).await.ok();
    // With nothing there it is no error, and sessions may stay.
    let jane = app.program().signed_in(JANE).await;
    admin.post(&path).json(&json!({ "revoke_sessions": false })).await.ok();
    jane.client.whoami().await.ok();
}

async fn recovery_asks_for_the_second_factor(app: TestApp) {
    let jane = app.secured(JANE).await;
    jane.person.client.verify(JANE).await;
    let client = app.program();
    let flow = client.open("recovery").await;
    flow.submit("code", json!({ "email": JANE })).await.goes_on("sent_email");
    let code = app.latest_mail(JANE).await.code;
    let done = flow.submit("code", json!({ "code": code })).await;
    assert_eq!((done.state(), done.messages()), ("second_factor".to_owned(), vec!["1010003".to_owned()]));
    client.take(&done);
    let settings = client.follow(&done);
    let new = json!({ "password": "amber canyon tulip 9" });
    settings.submit("password", new.clone()).await.refused(Code::StepUnavailable);
    settings.submit("totp", json!({ "totp_code": "000000" })).await.refused(Code::WrongCode);
    let passed = settings.submit("recovery_code", json!({ "recovery_code": jane.codes[0] })).await;
    assert_eq!(passed.goes_on("show_form").messages(), ["1060002"]);
    // Factors stay out of reach for a session that recovery made.
    settings.submit("totp", json!({ "totp_unlink": true })).await.refused(Code::StepUpRequired);
    settings.submit("recovery_code", json!({ "disable": true })).await.refused(Code::StepUpRequired);
    let saved = settings.submit("password", new).await;
    assert_eq!(
        (saved.at("/session/kind"), saved.at("/session/aal")),
        ("standard".to_owned(), "aal1".to_owned())
    );
    let flow = app.program().open("login").await;
    let half =
        flow.submit("password", json!({ "identifier": JANE, "password": "amber canyon tulip 9" })).await;
    half.goes_on("second_factor");
}

async fn whoever_proves_an_account_that_was_never_proven_gets_rid_of_its_factors(app: TestApp) {
    app.program().register(JANE).await;
    let squatter = app.program().signed_in(JANE).await;
    let flow = squatter.client.open("settings").await;
    let theirs = Authenticator::of(&flow.opened);
    flow.submit("totp", json!({ "totp_code": theirs.code(app.now()) })).await.goes_on("show_form");
    let flow = app.program().open("login").await;
    flow.submit("code", json!({ "identifier": JANE })).await.goes_on("sent_email");
    let code = app.latest_mail(JANE).await.code;
    let owner = flow.submit("code", json!({ "code": code })).await;
    assert_eq!(owner.ok()["session"]["identity"]["mfa_methods"], json!([]));
    squatter.client.whoami().await.refused(Code::SessionInvalid);
}

async fn identities_are_found_by_their_factors(app: TestApp) {
    let jane = app.secured(JANE).await;
    app.person("joe@acme.example").await;
    let found = app.admin_key().get("/v1/identities").query(&[("filter", "mfa_methods:\"totp\"")]).await;
    assert_eq!(
        (found["identities"].as_array().map(Vec::len), found.at("/identities/0/id")),
        (Some(1), jane.person.id)
    );
    assert_eq!(found["identities"][0]["mfa_methods"], json!(["totp", "recovery_code"]));
}

async fn deletion_removes_them(app: TestApp) {
    let jane = app.secured(JANE).await;
    let path = format!("/v1/identities/{}?force=true", jane.person.id);
    app.admin_key().delete(&path).await.no_content();
    app.person(JANE).await;
    app.program().sign_in(JANE, PASSWORD).await.ok();
}
