//! Phones: proven by a text, a way to sign in and to recover. `contract/10` §§2, 5; `contract/11` §§4.2, 7, 8.

use avnology_model::{Code, events::EventType};
use avnology_testkit::{Answer, Client, FlowRun, PASSWORD, Person, TestApp, on_both_engines};
use serde_json::{Value, json};

const JANE: &str = "jane@acme.example";
const JOE: &str = "joe@acme.example";
const PHONE: &str = "+442079460042";
const OTHER: &str = "+4915112345678";

on_both_engines! {
    a_new_phone_waits_until_a_text_proves_it,
    a_phone_that_somebody_has_proven_is_nobody_elses,
    a_phone_that_is_not_proven_leads_nowhere,
    what_is_no_number_is_named,
    a_change_tells_the_old_number_which_can_undo_it,
    a_phone_is_removed_unless_it_is_the_last_way_in,
    a_stale_session_cannot_change_the_phone,
    a_texted_code_signs_in_by_phone_or_by_name,
    a_number_that_nobody_has_gets_the_same_answers_and_no_text,
    of_two_requests_with_one_texted_code_one_wins,
    a_code_is_for_the_channel_that_carried_it,
    the_phone_is_an_identifier_of_the_password_too,
    a_phone_recovers_the_account,
    registration_keeps_a_phone_that_is_proven_later,
    proving_the_address_from_outside_takes_the_phone_of_whoever_made_the_account,
    texts_are_limited_by_number_block_and_network,
    administrators_set_and_prove_phones,
    the_texts_of_browsers_are_bound_to_the_page,
}

/// A person whose phone is proven.
async fn with_phone(app: &TestApp, email: &str, phone: &str) -> Person {
    let person = app.person(email).await;
    person.client.verify(email).await;
    prove(app, &person.client, phone).await.goes_on("passed_challenge");
    person
}

async fn prove(app: &TestApp, client: &Client, phone: &str) -> Answer {
    let changed = client.patch("/v1/me").json(&json!({ "phone": phone })).await;
    let flow = changed.ok()["pending"]["verification_flow_id"].as_str().expect("a flow").to_owned();
    let code = app.latest_mail(phone).await.code;
    client.resume("verification", &flow).await.submit("code", json!({ "code": code })).await
}

async fn asked(app: &TestApp, identifier: &str) -> FlowRun {
    let flow = app.program().open("login").await;
    let sent = flow.submit("code", json!({ "identifier": identifier, "channel": "sms" })).await;
    assert_eq!(sent.goes_on("sent_sms").messages(), ["1010004"]);
    flow
}

async fn a_new_phone_waits_until_a_text_proves_it(app: TestApp) {
    let jane = app.person(JANE).await;
    jane.client.verify(JANE).await;
    let changed = jane.client.patch("/v1/me").json(&json!({ "phone": "+44 (20) 7946-0042" })).await;
    assert_eq!(changed.ok()["pending"]["phone"], PHONE);
    assert_eq!((changed["phone"].clone(), changed["phone_verified"].clone()), (Value::Null, json!(false)));
    let text = app.latest_mail(PHONE).await;
    assert_eq!((text.kind.as_str(), text.subject.as_str(), text.html.as_str()), ("verification", "", ""));
    assert_eq!(text.text, format!("{} is your Avnology ID verification code. Do not share it.", text.code));
    let page = app.admin_key().get("/v1/outbox/messages").query(&[("to", PHONE)]).await;
    assert_eq!(page["messages"][0]["channel"], "sms");
    let flow = changed.at("/pending/verification_flow_id");
    let flow = jane.client.resume("verification", &flow).await;
    assert_eq!(flow.opened.state(), "sent_sms");
    let wrong = flow.submit("code", json!({ "code": "000000" })).await;
    assert_eq!(wrong.refused(Code::WrongCode)["attempts_remaining"], 4);
    let done = flow.submit("code", json!({ "code": text.code })).await;
    assert_eq!(done.goes_on("passed_challenge").messages(), ["1080002"]);
    let me = jane.client.get("/v1/me").await;
    assert_eq!((me["phone"].clone(), me["phone_verified"].clone()), (json!(PHONE), json!(true)));
    assert_eq!(app.payloads(EventType::UserPhoneVerified).await[0]["phone"], PHONE);
    assert_eq!(app.payloads(EventType::UserPhoneChanged).await[0]["new"], PHONE);
    assert_eq!(app.mail_kinds(JANE).await.last().map(String::as_str), Some("phone_changed"));
    let mail = app.latest_mail(JANE).await;
    assert!(mail.text.contains("••• 42") && !mail.text.contains(PHONE), "{}", mail.text);
}

async fn a_phone_that_somebody_has_proven_is_nobody_elses(app: TestApp) {
    with_phone(&app, JANE, PHONE).await;
    let joe = app.person(JOE).await;
    let refused = joe.client.patch("/v1/me").json(&json!({ "phone": PHONE })).await;
    assert_eq!(refused.refused(Code::HandleTaken)["field"], "phone");
    let flow = joe.client.open("settings").await;
    let refused = flow.submit("profile", json!({ "traits": { "phone": PHONE } })).await;
    refused.refused(Code::HandleTaken);
    assert_eq!(refused.node_messages("traits.phone"), ["4000007"]);
    // Two may wait for one number; the first proof has it.
    let (ann, bob) = (app.person("ann@acme.example").await, app.person("bob@acme.example").await);
    let mut waiting = Vec::new();
    for person in [&ann, &bob] {
        let changed = person.client.patch("/v1/me").json(&json!({ "phone": OTHER })).await;
        let flow = person.client.resume("verification", &changed.at("/pending/verification_flow_id")).await;
        waiting.push((flow, app.latest_mail(OTHER).await.code));
    }
    let (first, code) = &waiting[0];
    first.submit("code", json!({ "code": code })).await.goes_on("passed_challenge");
    let (second, code) = &waiting[1];
    let late = second.submit("code", json!({ "code": code })).await;
    assert_eq!(late.refused(Code::HandleTaken)["field"], "phone");
}

async fn a_phone_that_is_not_proven_leads_nowhere(app: TestApp) {
    app.account_with(JANE, json!({ "phone": PHONE })).await;
    asked(&app, PHONE).await;
    let flow = app.program().open("recovery").await;
    flow.submit("code", json!({ "phone": PHONE })).await.goes_on("sent_sms");
    app.program().sign_in(PHONE, PASSWORD).await.refused(Code::WrongCredentials);
    assert!(app.mail_to(PHONE).await.is_empty());
}

async fn what_is_no_number_is_named(app: TestApp) {
    let jane = app.person(JANE).await;
    let refused = jane.client.patch("/v1/me").json(&json!({ "phone": "020 7946" })).await;
    refused.refused_fields(Code::ValidationFailed, &[("phone", "invalid_format")]);
    for kind in ["recovery", "verification"] {
        let flow = app.program().open(kind).await;
        let refused = flow.submit("code", json!({ "phone": "12" })).await;
        refused.refused_fields(Code::InputRejected, &[("phone", "invalid_format")]);
        // Asking for the other field, there and back.
        let form = flow.submit("code", json!({ "channel": "sms" })).await;
        assert!(form.goes_on("show_form").node("phone").is_some() && form.node("email").is_none(), "{form}");
        flow.submit("code", json!({})).await.refused_fields(Code::InputRejected, &[("phone", "required")]);
        let form = flow.submit("code", json!({ "channel": "email" })).await;
        assert!(form.goes_on("show_form").node("email").is_some(), "{form}");
    }
    let flow = app.program().open("login").await;
    let refused = flow.submit("code", json!({ "identifier": PHONE, "channel": "pigeon" })).await;
    refused.refused_fields(Code::InputRejected, &[("channel", "invalid_format")]);
    let refused = flow.submit("link", json!({ "identifier": PHONE, "channel": "sms" })).await;
    refused.refused(Code::MethodDisabled);
}

async fn a_change_tells_the_old_number_which_can_undo_it(app: TestApp) {
    let jane = with_phone(&app, JANE, PHONE).await;
    prove(&app, &jane.client, OTHER).await.goes_on("passed_challenge");
    let notice = app.latest_mail(PHONE).await;
    assert_eq!(notice.kind, "phone_changed");
    assert!(notice.text.contains(&notice.link), "{}", notice.text);
    let page = app.browser().get(&notice.link.replace("https://id.example.com", "")).await;
    assert!(page.text().contains(PHONE));
    asked(&app, OTHER).await;
    let token = notice.link_parameter("undo");
    let cx = app.tenant().system_cx();
    let undone = avnology_core::identities::undo_change(app.tenant(), &cx, &token).await;
    assert!(undone.expect("an answer"));
    let again = avnology_core::identities::undo_change(app.tenant(), &cx, &token).await;
    assert!(!again.expect("an answer"), "it works once");
    jane.client.whoami().await.refused(Code::SessionInvalid);
    let filter = format!("phone = \"{PHONE}\"");
    let found = app.admin_key().get("/v1/identities").query(&[("filter", &filter)]).await;
    assert_eq!(found["identities"][0]["phone_verified"], true);
}

async fn a_phone_is_removed_unless_it_is_the_last_way_in(app: TestApp) {
    let jane = with_phone(&app, JANE, PHONE).await;
    let gone = jane.client.patch("/v1/me").json(&json!({ "phone": null })).await;
    assert_eq!((gone.ok()["phone"].clone(), gone["phone_verified"].clone()), (Value::Null, json!(false)));
    asked(&app, PHONE).await;
    let kinds = app.mail_kinds(PHONE).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "sign_in_code").count(), 0);
    // Somebody without password and proven address.
    let made = app.admin_key().post("/v1/identities");
    let body = json!({ "identity": { "email": JOE, "phone": OTHER, "phone_verified": true } });
    made.json(&body).await.created();
    let flow = asked(&app, OTHER).await;
    let code = app.latest_mail(OTHER).await.code;
    let joe = app.program().with_token(&flow.submit("code", json!({ "code": code })).await.token());
    joe.patch("/v1/me").json(&json!({ "phone": null })).await.refused(Code::LastCredential);
    app.settings(json!({ "registration": { "required_fields": ["email", "phone"] } })).await;
    let needed = joe.patch("/v1/me").json(&json!({ "phone": null })).await;
    needed.refused_fields(Code::ValidationFailed, &[("phone", "required")]);
}

async fn a_stale_session_cannot_change_the_phone(app: TestApp) {
    let jane = app.person(JANE).await;
    app.advance(901);
    jane.client.patch("/v1/me").json(&json!({ "phone": PHONE })).await.refused(Code::StepUpRequired);
    assert!(app.mail_to(PHONE).await.is_empty());
}

async fn a_texted_code_signs_in_by_phone_or_by_name(app: TestApp) {
    let jane = with_phone(&app, JANE, PHONE).await;
    for identifier in [PHONE, "+44 20 7946 0042", JANE] {
        app.advance(61);
        let flow = asked(&app, identifier).await;
        let text = app.latest_mail(PHONE).await;
        assert_eq!(text.kind, "sign_in_code");
        let done = flow.submit("code", json!({ "code": text.code })).await;
        assert_eq!(
            (done.at("/session/identity_id"), done.at("/session/aal")),
            (jane.id.clone(), "aal1".to_owned())
        );
        assert_eq!(done.at("/session/authentication_methods/0/method"), "sms");
    }
    app.advance(61);
    let flow = asked(&app, PHONE).await;
    let early = flow.submit("code", json!({ "resend": true })).await;
    assert_eq!(early.refused(Code::TooManyRequests)["retry_after"], 60);
    app.advance(60);
    flow.submit("code", json!({ "resend": true })).await.goes_on("sent_sms");
}

async fn a_number_that_nobody_has_gets_the_same_answers_and_no_text(app: TestApp) {
    with_phone(&app, JANE, PHONE).await;
    let known = app.program().open("login").await;
    let unknown = app.program().open("login").await;
    let strip = |answer: &Answer, number: &str| {
        let mut flow = answer.flow().clone();
        for name in ["id", "issued_at", "expires_at"] {
            flow[name] = Value::Null;
        }
        flow["ui"]["action"] = Value::Null;
        flow.to_string().replace(number, "")
    };
    for body in [json!({ "channel": "sms" }), json!({ "code": "000000" }), json!({ "resend": true })] {
        let with = |number: &str, body: &Value| {
            let mut body = body.clone();
            if body["channel"] == "sms" {
                body["identifier"] = number.into();
            }
            body
        };
        let a = known.submit("code", with(PHONE, &body)).await;
        let b = unknown.submit("code", with(OTHER, &body)).await;
        assert_eq!((a.status, a.code()), (b.status, b.code()));
        assert_eq!(strip(&a, PHONE), strip(&b, OTHER));
    }
    assert!(app.mail_to(OTHER).await.is_empty());
    for kind in ["recovery", "verification"] {
        let (known, unknown) = (app.program().open(kind).await, app.program().open(kind).await);
        let a = known.submit("code", json!({ "phone": PHONE })).await;
        let b = unknown.submit("code", json!({ "phone": OTHER })).await;
        assert_eq!(strip(&a, PHONE), strip(&b, OTHER));
    }
    assert!(app.mail_to(OTHER).await.is_empty());
}

async fn of_two_requests_with_one_texted_code_one_wins(app: TestApp) {
    with_phone(&app, JANE, PHONE).await;
    for _ in 0..5 {
        app.advance(61);
        let flow = asked(&app, PHONE).await;
        let code = app.latest_mail(PHONE).await.code;
        let losing = [Code::FlowGone, Code::CodeExpired];
        assert_eq!(flow.race(4, "code", &json!({ "code": code }), &losing).await, 1);
    }
}

async fn a_code_is_for_the_channel_that_carried_it(app: TestApp) {
    let jane = with_phone(&app, JANE, PHONE).await;
    let flow = asked(&app, PHONE).await;
    let code = app.latest_mail(PHONE).await.code;
    // The number is somebody else's by now.
    let admin = app.admin_key();
    let other = json!({ "identity": { "phone": OTHER, "phone_verified": true } });
    admin.patch(&format!("/v1/identities/{}", jane.id)).json(&other).await.ok();
    flow.submit("code", json!({ "code": code })).await.refused(Code::CodeExpired);
}

async fn the_phone_is_an_identifier_of_the_password_too(app: TestApp) {
    with_phone(&app, JANE, PHONE).await;
    app.program().sign_in("+44 20 7946 0042", PASSWORD).await.ok();
    let flow = app.program().open("login").await;
    let choices = flow.submit("identifier", json!({ "identifier": PHONE })).await;
    let names = choices.node_names();
    let place = |name: &str| names.iter().position(|n| n == name);
    assert!(place("channel").is_some() && place("channel") < place("method=code"), "{names:?}");
}

async fn a_phone_recovers_the_account(app: TestApp) {
    let jane = with_phone(&app, JANE, PHONE).await;
    let client = app.program();
    let flow = client.open("recovery").await;
    let sent = flow.submit("code", json!({ "phone": PHONE })).await;
    assert_eq!(sent.goes_on("sent_sms").messages(), ["1060001"]);
    let text = app.latest_mail(PHONE).await;
    assert_eq!((text.kind.as_str(), text.link.as_str()), ("recovery", ""));
    flow.submit("code", json!({ "code": "000000" })).await.refused(Code::WrongRecoveryCode);
    let done = flow.submit("code", json!({ "code": text.code })).await;
    assert_eq!(
        (done.at("/session/kind"), done.at("/session/identity_id")),
        ("recovery".to_owned(), jane.id.clone())
    );
    client.take(&done);
    let settings = client.follow(&done);
    let saved = settings.submit("password", json!({ "password": "a new long password" })).await;
    assert_eq!(saved.goes_on("show_form").messages(), ["1050001"]);
    assert_eq!(app.payloads(EventType::UserRecoveryRequested).await[0]["channel"], "sms");
    assert_eq!(app.payloads(EventType::UserRecoveryCompleted).await[0]["channel"], "sms");
    jane.client.whoami().await.refused(Code::SessionInvalid);
    app.program().sign_in(PHONE, "a new long password").await.ok();
}

async fn registration_keeps_a_phone_that_is_proven_later(app: TestApp) {
    app.settings(json!({ "registration": { "required_fields": ["email", "phone"] } })).await;
    let client = app.program();
    let flow = client.open("registration").await;
    let missing = flow.submit("password", json!({ "traits": { "email": JANE }, "password": PASSWORD })).await;
    missing.refused_fields(Code::InputRejected, &[("traits.phone", "required")]);
    let traits = json!({ "email": JANE, "phone": "+44 20 7946 0042" });
    let done = flow.submit("password", json!({ "traits": traits, "password": PASSWORD })).await;
    assert_eq!(done.ok()["session"]["identity"]["phone"], PHONE);
    assert_eq!(done["session"]["identity"]["phone_verified"], false);
    client.take(&done);
    // Who is signed in has the number proven by naming it, or nothing at all once the address is.
    let flow = client.open("verification").await;
    flow.submit("code", json!({ "phone": PHONE })).await.goes_on("sent_sms");
    let code = app.latest_mail(PHONE).await.code;
    flow.submit("code", json!({ "code": code })).await.goes_on("passed_challenge");
    // Now it is taken.
    let flow = app.program().open("registration").await;
    let traits = json!({ "email": JOE, "phone": PHONE });
    let refused = flow.submit("password", json!({ "traits": traits, "password": PASSWORD })).await;
    assert_eq!(refused.refused(Code::HandleTaken)["field"], "phone");
    assert_eq!(refused.node_messages("traits.phone"), ["4000007"]);
}

async fn proving_the_address_from_outside_takes_the_phone_of_whoever_made_the_account(app: TestApp) {
    let squatter = app.program();
    squatter.register(JANE).await.ok();
    prove(&app, &squatter, PHONE).await.goes_on("passed_challenge");
    app.program().recover(JANE).await.ok();
    app.advance(61);
    let before = app.mail_to(PHONE).await.len();
    asked(&app, PHONE).await;
    let flow = app.program().open("recovery").await;
    flow.submit("code", json!({ "phone": PHONE })).await.goes_on("sent_sms");
    assert_eq!(app.mail_to(PHONE).await.len(), before, "the number leads in no more");
}

async fn texts_are_limited_by_number_block_and_network(app: TestApp) {
    let ask = async |number: &str, from: &str| {
        let flow = app.program().from(from).open("login").await;
        flow.submit("code", json!({ "identifier": number, "channel": "sms" })).await
    };
    app.limit("message.address", 1, 3_600).await;
    ask(PHONE, "203.0.113.1").await.goes_on("sent_sms");
    ask(PHONE, "203.0.113.2").await.refused(Code::TooManyRequests);
    app.limit("message.address", 100, 3_600).await;
    app.limit("sms.prefix", 2, 3_600).await;
    ask("+442079470001", "203.0.113.3").await.goes_on("sent_sms");
    ask("+442079470002", "203.0.113.4").await.goes_on("sent_sms");
    ask("+442079470003", "203.0.113.5").await.refused(Code::TooManyRequests);
    ask("+442079480003", "203.0.113.5").await.goes_on("sent_sms");
    app.limit("sms.network", 1, 3_600).await;
    ask("+33612345678", "198.51.100.7").await.goes_on("sent_sms");
    let refused = ask("+34612345678", "198.51.100.7").await;
    assert!(refused.refused(Code::TooManyRequests)["retry_after"].as_u64() > Some(60));
    ask("+35612345678", "198.51.100.8").await.goes_on("sent_sms");
}

async fn administrators_set_and_prove_phones(app: TestApp) {
    let id = app.account_with(JANE, json!({ "phone": PHONE, "phone_verified": true })).await;
    let path = format!("/v1/identities/{id}");
    let admin = app.admin_key();
    let other = admin.patch(&path).json(&json!({ "identity": { "phone": OTHER } })).await;
    assert_eq!((other.ok()["phone"].clone(), other["phone_verified"].clone()), (json!(OTHER), json!(false)));
    assert_eq!(app.payloads(EventType::UserPhoneChanged).await[0]["old"], PHONE);
    admin.patch(&path).json(&json!({ "identity": { "phone_verified": true } })).await.ok();
    assert_eq!(
        app.payloads(EventType::UserPhoneVerified).await.last().map(|p| p["phone"].clone()),
        Some(json!(OTHER))
    );
    let joe = app.account_with(JOE, json!({ "phone": OTHER })).await;
    let body = json!({ "identity": { "phone_verified": true } });
    let taken = admin.patch(&format!("/v1/identities/{joe}")).json(&body).await;
    assert_eq!(taken.refused(Code::HandleTaken)["field"], "phone");
}

async fn the_texts_of_browsers_are_bound_to_the_page(app: TestApp) {
    with_phone(&app, JANE, PHONE).await;
    let flow = app.browser().open("login").await;
    flow.submit("code", json!({ "identifier": PHONE, "channel": "sms" })).await.goes_on("sent_sms");
    let text = app.latest_mail(PHONE).await;
    let code = &text.code;
    assert_eq!(
        text.text,
        format!("{code} is your Avnology ID sign-in code. Do not share it.\n\n@id.example.com #{code}")
    );
}
