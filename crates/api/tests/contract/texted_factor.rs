//! A phone that is sent codes as second factor: `contract/11` §§3.2, 4.2, 4.5, 7, 9; `contract/10` §§3, 7.1.

use avnology_model::{Code, events::EventType};
use avnology_testkit::{Engine, FlowRun, PASSWORD, Person, Setup, TestApp, backup_codes, on_both_engines};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

const JANE: &str = "jane@acme.example";
const PHONE: &str = "+442079460042";
const OTHER: &str = "+4915112345678";

on_both_engines! {
    a_phone_is_set_up_by_a_text_and_brings_backup_codes,
    a_number_can_be_replaced_before_it_is_confirmed,
    a_sign_in_texts_a_code_only_when_asked_and_reaches_aal2,
    wrong_codes_count_as_failures,
    of_two_sign_ins_with_one_texted_code_one_wins,
    the_code_of_the_first_step_is_no_second_factor,
    who_came_in_by_a_text_needs_another_second_factor,
    recovery_by_phone_does_not_count_the_phone_twice,
    recovery_by_mail_takes_a_texted_code,
    a_texted_code_in_a_recovery_shows_that_nothing_is_lost,
    a_phone_is_removed_with_its_codes_and_other_sessions_end,
    credentials_name_the_phone_and_an_administrator_resets_it,
    a_sign_in_that_needs_a_factor_sets_a_phone_up_on_the_way,
    a_registration_that_needs_a_factor_begins_with_a_phone,
    sms_is_offered_only_where_the_tenant_says_so,
    deletion_removes_phones_and_their_texts,
}

async fn offered(app: &TestApp) {
    app.settings(json!({ "second_factors": ["totp", "passkey", "sms", "recovery_code"] })).await;
}

struct Texted {
    person: Person,
    codes: Vec<String>,
}

/// A person with a phone as second factor.
async fn texted(app: &TestApp) -> Texted {
    offered(app).await;
    let person = app.person(JANE).await;
    person.client.verify(JANE).await;
    let flow = person.client.open_with("settings", &[("section", "sms")]).await;
    flow.submit("sms", json!({ "phone": PHONE })).await.goes_on("show_form");
    let code = app.latest_mail(PHONE).await.code;
    let done = flow.submit("sms", json!({ "code": code })).await;
    assert_eq!(done.goes_on("show_form").messages(), ["1050001", "1050002"]);
    app.advance(61);
    Texted { person, codes: backup_codes(&done) }
}

async fn text(app: &TestApp, flow: &FlowRun) -> String {
    let sent = flow.submit("code", json!({ "channel": "sms" })).await;
    assert_eq!(sent.goes_on("second_factor").messages(), ["1080001"]);
    let text = app.latest_mail(PHONE).await;
    assert_eq!(text.kind, "mfa_code");
    text.code
}

async fn a_phone_is_set_up_by_a_text_and_brings_backup_codes(app: TestApp) {
    offered(&app).await;
    let jane = app.person(JANE).await;
    jane.client.verify(JANE).await;
    let flow = jane.client.open_with("settings", &[("section", "sms")]).await;
    assert_eq!(flow.opened.node_names(), ["phone", "method=sms"]);
    flow.submit("sms", json!({ "phone": "1234" }))
        .await
        .refused_fields(Code::InputRejected, &[("phone", "invalid_format")]);
    flow.submit("sms", json!({ "code": "000000" })).await.refused(Code::CodeExpired);
    let sent = flow.submit("sms", json!({ "phone": "+44 20 7946 0042" })).await;
    assert_eq!(sent.goes_on("show_form").messages(), ["1080001"]);
    assert_eq!(sent.node_names(), ["code", "method=sms", "resend", "restart"]);
    let field = sent.node("code").expect("a field")["attributes"].clone();
    assert_eq!(
        (field["autocomplete"].clone(), field["pattern"].clone()),
        (json!("one-time-code"), json!("[0-9]{6}"))
    );
    let wrong = flow.submit("sms", json!({ "code": "000000" })).await;
    assert_eq!(wrong.refused(Code::WrongCode)["attempts_remaining"], 4);
    assert_eq!(jane.client.get("/v1/me").await["mfa_methods"], json!([]));
    let text = app.latest_mail(PHONE).await;
    assert_eq!(text.text, format!("{} is your Avnology ID security code. Do not share it.", text.code));
    let done = flow.submit("sms", json!({ "code": text.code })).await;
    assert_eq!(backup_codes(&done).len(), 10);
    assert_eq!(jane.client.get("/v1/me").await["mfa_methods"], json!(["sms", "recovery_code"]));
    let told = app.payloads(EventType::UserMfaEnrolled).await;
    assert_eq!(
        told.iter().filter_map(|p| p["method"].as_str()).collect::<Vec<_>>(),
        ["sms", "recovery_code"]
    );
    let kinds = app.mail_kinds(JANE).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "factor_enrolled").count(), 2, "{kinds:?}");
    let again = app.program().sign_in(JANE, PASSWORD).await;
    assert_eq!(again.goes_on("second_factor").messages(), ["1010003"]);
}

async fn a_number_can_be_replaced_before_it_is_confirmed(app: TestApp) {
    offered(&app).await;
    let jane = app.person(JANE).await;
    let flow = jane.client.open_with("settings", &[("section", "sms")]).await;
    flow.submit("sms", json!({ "phone": OTHER })).await.ok();
    let old = app.latest_mail(OTHER).await.code;
    flow.submit("sms", json!({ "phone": PHONE })).await.refused(Code::TooManyRequests);
    let form = flow.submit("sms", json!({ "restart": true })).await;
    assert!(form.goes_on("show_form").node("phone").is_some());
    flow.submit("sms", json!({ "code": old })).await.refused(Code::CodeExpired);
    flow.submit("sms", json!({ "phone": PHONE })).await.ok();
    let code = app.latest_mail(PHONE).await.code;
    flow.submit("sms", json!({ "code": code })).await.ok();
    flow.submit("sms", json!({ "phone": OTHER })).await.refused(Code::SecondFactorRequired);
}

async fn a_sign_in_texts_a_code_only_when_asked_and_reaches_aal2(app: TestApp) {
    texted(&app).await;
    let before = app.mail_to(PHONE).await.len();
    let client = app.program();
    let flow = client.open("login").await;
    let half = flow.submit("password", json!({ "identifier": JANE, "password": PASSWORD })).await;
    assert_eq!(
        half.goes_on("second_factor").node_names(),
        ["channel", "recovery_code", "method=recovery_code"]
    );
    assert_eq!(half.node("channel").expect("a button")["label"]["text"], "Send a code to ••• 42");
    assert_eq!(app.mail_to(PHONE).await.len(), before, "nothing was sent yet");
    flow.submit("code", json!({ "code": "000000" })).await.refused(Code::CodeExpired);
    let code = text(&app, &flow).await;
    let early = flow.submit("code", json!({ "resend": true })).await;
    assert_eq!(early.refused(Code::TooManyRequests)["retry_after"], 60);
    flow.submit("code", json!({ "channel": "email" })).await.refused(Code::MethodDisabled);
    let done = flow.submit("code", json!({ "code": code })).await;
    let methods = &done.ok()["session"]["authentication_methods"];
    assert_eq!((&methods[1]["method"], &methods[1]["aal"]), (&json!("sms"), &json!("aal2")));
    assert_eq!(done.at("/session/aal"), "aal2");
    client.take(&done);
    let token = client.post("/v1/sessions:tokenize").json(&json!({})).await;
    let claims = token.at("/token").split('.').nth(1).map(str::to_owned).expect("a token");
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).expect("base64")).expect("JSON");
    assert_eq!(claims["amr"], json!(["pwd", "sms", "mfa"]));
    let held = client.get("/v1/me/credentials").await;
    let sms = held["credentials"].as_array().and_then(|all| all.iter().find(|c| c["type"] == "sms")).cloned();
    assert!(sms.is_some_and(|sms| sms["last_used_at"].is_string()));
}

async fn wrong_codes_count_as_failures(app: TestApp) {
    texted(&app).await;
    let flow = app.half_signed_in(JANE).await;
    text(&app, &flow).await;
    for left in (0..=4).rev() {
        let wrong = flow.submit("code", json!({ "code": "000000" })).await;
        assert_eq!(wrong.refused(Code::WrongCode)["attempts_remaining"], left);
    }
    flow.submit("code", json!({ "code": "000000" })).await.refused(Code::AccountLocked);
    app.program().sign_in(JANE, PASSWORD).await.refused(Code::AccountLocked);
    let failed = app.payloads(EventType::SessionLoginFailed).await;
    assert_eq!(failed.iter().filter(|p| p["method"] == "sms").count(), 5);
}

async fn of_two_sign_ins_with_one_texted_code_one_wins(app: TestApp) {
    texted(&app).await;
    for _ in 0..4 {
        let flow = app.half_signed_in(JANE).await;
        let code = text(&app, &flow).await;
        let body = json!({ "code": code });
        let (a, b) = tokio::join!(flow.submit("code", body.clone()), flow.submit("code", body));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses[0], 200, "{a} {b}");
        assert!(matches!(statuses[1], 400 | 410), "{a} {b}");
        app.advance(61);
    }
}

async fn the_code_of_the_first_step_is_no_second_factor(app: TestApp) {
    texted(&app).await;
    let flow = app.program().open("login").await;
    flow.submit("code", json!({ "identifier": JANE })).await.goes_on("sent_email");
    let mailed = app.latest_mail(JANE).await.code;
    flow.submit("password", json!({ "password": PASSWORD })).await.goes_on("second_factor");
    flow.submit("code", json!({ "code": mailed })).await.refused(Code::CodeExpired);
    // Nor is that of another flow.
    let other = app.half_signed_in(JANE).await;
    let code = text(&app, &other).await;
    app.advance(61);
    text(&app, &flow).await;
    flow.submit("code", json!({ "code": code })).await.refused(Code::WrongCode);
}

async fn who_came_in_by_a_text_needs_another_second_factor(app: TestApp) {
    let jane = texted(&app).await;
    let admin = app.admin_key();
    let proven = json!({ "identity": { "phone": PHONE, "phone_verified": true } });
    admin.patch(&format!("/v1/identities/{}", jane.person.id)).json(&proven).await.ok();
    let asked = async || {
        app.advance(61);
        let flow = app.program().open("login").await;
        flow.submit("code", json!({ "identifier": PHONE, "channel": "sms" })).await.goes_on("sent_sms");
        let code = app.latest_mail(PHONE).await.code;
        (flow.clone(), flow.submit("code", json!({ "code": code })).await)
    };
    let (flow, half) = asked().await;
    assert_eq!(half.goes_on("second_factor").node_names(), ["recovery_code", "method=recovery_code"]);
    flow.submit("code", json!({ "channel": "sms" })).await.refused(Code::MethodDisabled);
    let done = flow.submit("recovery_code", json!({ "recovery_code": jane.codes[0] })).await;
    assert_eq!(done.at("/session/aal"), "aal2");
    // Without backup codes a text cannot lead in at all; the password and a text can.
    let settings = app.program().with_token(&done.token());
    let flow = settings.open_with("settings", &[("section", "recovery_code")]).await;
    flow.submit("recovery_code", json!({ "disable": true })).await.ok();
    let (flow, refused) = asked().await;
    refused.refused(Code::MethodDisabled);
    assert_eq!(refused.state(), "choose_method");
    app.advance(61);
    flow.submit("password", json!({ "password": PASSWORD })).await.goes_on("second_factor");
    let code = text(&app, &flow).await;
    flow.submit("code", json!({ "code": code })).await.token();
}

async fn recovery_by_phone_does_not_count_the_phone_twice(app: TestApp) {
    let jane = texted(&app).await;
    let admin = app.admin_key();
    let proven = json!({ "identity": { "phone": PHONE, "phone_verified": true } });
    admin.patch(&format!("/v1/identities/{}", jane.person.id)).json(&proven).await.ok();
    let client = app.program();
    let flow = client.open("recovery").await;
    flow.submit("code", json!({ "phone": PHONE })).await.goes_on("sent_sms");
    let code = app.latest_mail(PHONE).await.code;
    let recovered = flow.submit("code", json!({ "code": code })).await;
    client.take(&recovered);
    assert_eq!(recovered.goes_on("second_factor").node_names(), ["recovery_code", "method=recovery_code"]);
    let settings = client.follow(&recovered);
    settings.submit("code", json!({ "channel": "sms" })).await.refused(Code::MethodDisabled);
    // It is the mailbox that would be told.
    settings.submit("lost_factors", json!({})).await.refused(Code::MethodDisabled);
    settings
        .submit("password", json!({ "password": "a new long password" }))
        .await
        .refused(Code::StepUnavailable);
    settings.submit("recovery_code", json!({ "recovery_code": jane.codes[0] })).await.goes_on("show_form");
    settings.submit("password", json!({ "password": "a new long password" })).await.goes_on("show_form");
}

async fn recovery_by_mail_takes_a_texted_code(app: TestApp) {
    texted(&app).await;
    let client = app.program();
    let recovered = client.recover(JANE).await;
    client.take(&recovered);
    recovered.goes_on("second_factor");
    let settings = client.follow(&recovered);
    let code = text(&app, &settings).await;
    settings.submit("code", json!({ "code": code })).await.goes_on("show_form");
    settings.submit("password", json!({ "password": "a new long password" })).await.goes_on("show_form");
}

async fn a_texted_code_in_a_recovery_shows_that_nothing_is_lost(app: TestApp) {
    texted(&app).await;
    let recovering = async || {
        let client = app.program();
        let recovered = client.recover(JANE).await;
        client.take(&recovered);
        client.follow(&recovered)
    };
    let settings = recovering().await;
    settings.submit("lost_factors", json!({})).await.goes_on("second_factor");
    app.advance(61);
    let settings = recovering().await;
    let sent = settings.submit("code", json!({ "channel": "sms" })).await;
    assert_eq!(sent.goes_on("second_factor").messages(), ["1060003", "1080001"], "it still waits");
    let code = app.latest_mail(PHONE).await.code;
    settings.submit("code", json!({ "code": code })).await.goes_on("show_form");
    let ended = app.payloads(EventType::UserFactorRecoveryCancelled).await;
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0]["by"], "second_factor");
}

async fn a_phone_is_removed_with_its_codes_and_other_sessions_end(app: TestApp) {
    let jane = texted(&app).await.person;
    let other = app.program();
    let flow = app.half_signed_in(JANE).await;
    let code = text(&app, &flow).await;
    let done = flow.submit("code", json!({ "code": code })).await;
    other.take(&done);
    // The first session lacks the second factor that there is now.
    let flow = jane.client.open("settings").await;
    flow.submit("sms", json!({ "sms_unlink": true })).await.refused(Code::SecondFactorRequired);
    let flow = other.open_with("settings", &[("section", "sms")]).await;
    assert_eq!(flow.opened.node_names(), ["sms_unlink"]);
    flow.submit("sms", json!({ "phone": OTHER })).await.refused(Code::FactorEnrolled);
    app.settings(json!({ "mfa_required": true })).await;
    flow.submit("sms", json!({ "sms_unlink": true })).await.refused(Code::PermissionDenied);
    app.settings(json!({ "mfa_required": false })).await;
    let removed = flow.submit("sms", json!({ "sms_unlink": true })).await;
    other.take(&removed);
    assert_eq!(other.get("/v1/me").await.ok()["mfa_methods"], json!([]));
    jane.client.whoami().await.refused(Code::SessionInvalid);
    let told = app.payloads(EventType::UserMfaRemoved).await;
    assert_eq!(
        told.iter().filter_map(|p| p["method"].as_str()).collect::<Vec<_>>(),
        ["sms", "recovery_code"]
    );
    assert!(app.mail_kinds(JANE).await.iter().any(|kind| kind == "factor_removed"));
    flow.submit("sms", json!({ "sms_unlink": true })).await.refused(Code::FactorNotEnrolled);
}

async fn credentials_name_the_phone_and_an_administrator_resets_it(app: TestApp) {
    let jane = texted(&app).await.person;
    let path = format!("/v1/identities/{}", jane.id);
    let held = app.admin_key().get(&format!("{path}/credentials")).await;
    let all = held.ok()["credentials"].as_array().expect("credentials").clone();
    let sms = all.iter().find(|c| c["type"] == "sms").expect("a phone").clone();
    assert_eq!(sms["sms"], json!({ "phone": PHONE }));
    let reset = app.admin_key().post(&format!("{path}:resetMfa")).json(&json!({ "methods": ["sms"] })).await;
    assert_eq!(reset.ok()["mfa_methods"], json!([]));
    app.program().sign_in(JANE, PASSWORD).await.token();
    let gone =
        app.admin_key().delete(&format!("{path}/credentials/{}", sms["id"].as_str().unwrap_or_default()));
    gone.await.refused(Code::NotFound);
}

async fn a_sign_in_that_needs_a_factor_sets_a_phone_up_on_the_way(app: TestApp) {
    app.account(JANE).await;
    app.settings(json!({ "second_factors": ["sms", "recovery_code"], "mfa_required": true })).await;
    let client = app.program();
    let flow = client.open("login").await;
    let half = flow.submit("password", json!({ "identifier": JANE, "password": PASSWORD })).await;
    assert_eq!(half.goes_on("enroll_factor").node_names(), ["phone", "method=sms"]);
    flow.submit("sms", json!({ "phone": PHONE })).await.goes_on("enroll_factor");
    let code = app.latest_mail(PHONE).await.code;
    let done = flow.submit("sms", json!({ "code": code })).await;
    assert_eq!((done.at("/session/aal"), backup_codes(&done).len()), ("aal2".to_owned(), 10));
}

async fn a_registration_that_needs_a_factor_begins_with_a_phone(app: TestApp) {
    app.settings(json!({ "second_factors": ["sms", "recovery_code"], "mfa_required": true })).await;
    let flow = app.program().open("registration").await;
    let traits = json!({ "email": JANE, "phone": PHONE });
    let half = flow.submit("password", json!({ "traits": traits, "password": PASSWORD })).await;
    half.goes_on("enroll_factor");
    flow.submit("sms", json!({ "phone": PHONE })).await.goes_on("enroll_factor");
    let code = app.latest_mail(PHONE).await.code;
    flow.submit("sms", json!({ "code": "000000" })).await.refused(Code::WrongCode);
    let done = flow.submit("sms", json!({ "code": code })).await;
    assert_eq!((done.at("/session/aal"), backup_codes(&done).len()), ("aal2".to_owned(), 10));
    assert_eq!(done["session"]["identity"]["phone_verified"], true, "the same number is proven by it");
}

async fn sms_is_offered_only_where_the_tenant_says_so(app: TestApp) {
    let tenant = app.admin_key().get("/v1/tenant").await;
    assert_eq!(tenant.ok()["second_factors"], json!(["totp", "passkey", "recovery_code"]));
    let jane = app.person(JANE).await;
    let flow = jane.client.open("settings").await;
    assert!(!flow.opened.node_names().iter().any(|name| name == "method=sms"));
    flow.submit("sms", json!({ "phone": PHONE })).await.refused(Code::MethodDisabled);
}

async fn deletion_removes_phones_and_their_texts(app: TestApp) {
    let jane = texted(&app).await.person;
    assert!(!app.mail_to(PHONE).await.is_empty());
    let admin = app.admin_key();
    admin.delete(&format!("/v1/identities/{}?force=true", jane.id)).await.no_content();
    assert!(app.mail_to(PHONE).await.is_empty());
}

#[tokio::test]
async fn a_live_tenant_without_a_gateway_offers_no_texts() {
    let app = TestApp::start(Setup::on(Engine::Sqlite).live()).await;
    let admin = app.admin_key();
    let patch = json!({ "second_factors": ["totp", "sms"] });
    let refused = admin.patch("/v1/tenant").json(&patch).await;
    refused.refused_fields(Code::ValidationFailed, &[("second_factors", "not_allowed")]);
    let jane = app.person(JANE).await;
    let refused = jane.client.patch("/v1/me").json(&json!({ "phone": PHONE })).await;
    refused.refused_fields(Code::ValidationFailed, &[("phone", "not_allowed")]);
    let flow = app.program().open("login").await;
    let choices = flow.submit("identifier", json!({ "identifier": JANE })).await;
    assert!(!choices.node_names().iter().any(|name| name == "channel"), "{choices}");
    let body = json!({ "identifier": JANE, "channel": "sms" });
    flow.submit("code", body).await.refused(Code::MethodDisabled);
    for kind in ["recovery", "verification"] {
        let flow = app.program().open(kind).await;
        flow.submit("code", json!({ "phone": PHONE })).await.refused(Code::MethodDisabled);
    }
}
