//! CAPTCHAs: `contract/11` §§3.2, 11, `contract/00` §14, `contract/95` §§6, 7, 10.

use avnology_model::{Code, events::EventType};
use avnology_testkit::{
    Answer, CAPTCHA_SECRET, CAPTCHA_SITE, Engine, FlowRun, Guarded, PASSWORD, Setup, TestApp,
    on_both_engines, winners,
};
use serde_json::{Value, json};

const JANE: &str = "jane@acme.example";
const NOBODY: &str = "nobody@acme.example";

on_both_engines! {
    nobody_asks_unless_a_provider_is_set,
    a_provider_needs_both_its_keys,
    the_secret_is_sealed_and_never_shown_or_told,
    a_secret_outlives_a_restart_and_other_changes,
    sign_in_asks_after_failures_of_the_account,
    an_unknown_account_asks_the_same_way,
    sign_in_asks_after_failures_of_the_network_for_any_account,
    failures_count_for_the_captcha_within_their_window_only,
    zero_failures_ask_always,
    the_page_learns_with_the_failure_that_the_next_try_asks,
    a_token_lets_one_submit_through_and_no_second,
    a_token_that_races_with_itself_lets_one_through,
    a_token_of_nobody_or_about_something_else_is_refused,
    the_provider_is_told_who_asks_and_which_site_it_is,
    a_provider_that_is_down_lets_nobody_in_and_the_flow_goes_on,
    a_secret_that_the_provider_does_not_take_is_a_fault_of_ours,
    passkeys_links_and_mailed_codes_never_ask_at_sign_in,
    a_texted_code_asks_after_failures,
    registration_asks_from_the_first_submit_and_keeps_what_was_entered,
    the_steps_after_the_form_of_a_registration_do_not_ask,
    recovery_and_verification_ask_from_the_first_submit_and_again_for_another_address,
    a_mailed_code_takes_the_place_of_a_captcha_at_sign_in,
    a_mailed_code_takes_the_place_of_a_captcha_at_registration,
    a_code_that_takes_the_place_of_a_captcha_signs_nobody_in,
    recovery_and_verification_mail_without_a_captcha_when_asked_to,
    a_network_may_ask_for_few_mails_in_place_of_captchas,
    settings_never_ask,
    the_page_allows_the_provider_where_it_shows_the_widget_and_nowhere_else,
    a_form_without_scripts_has_a_way_round,
    an_objection_to_the_sale_of_data_needs_a_captcha_without_a_session,
    an_objection_is_recorded_by_hashes_and_tells_nothing,
}

async fn fail(app: &TestApp, identifier: &str, from: &str, times: usize) {
    for _ in 0..times {
        let answer = app.program().from(from).sign_in(identifier, "wrong").await;
        assert!(matches!(answer.status, 400 | 401), "{answer}");
    }
}

/// A try to sign in, with a token where there is one.
async fn sign_in(flow: &FlowRun, identifier: &str, password: &str, token: Option<&str>) -> Answer {
    let mut body = json!({ "identifier": identifier, "password": password });
    if let (Some(token), Value::Object(map)) = (token, &mut body) {
        map.insert("captcha_token".to_owned(), token.into());
    }
    flow.submit("password", body).await
}

/// The refusal of a submit without a good token.
#[track_caller]
fn asked(answer: &Answer) -> &Answer {
    let document = answer.refused(Code::CaptchaWrong);
    assert_eq!(document["captcha"], json!({ "provider": "turnstile", "site_key": CAPTCHA_SITE }));
    assert_eq!(answer.node_messages("captcha_token"), ["4000012"], "{answer}");
    answer
}

#[track_caller]
fn shows(answer: &Answer) -> bool {
    answer.node("captcha_token").is_some()
}

async fn nobody_asks_unless_a_provider_is_set(app: TestApp) {
    let tenant = app.admin_key().get("/v1/tenant").await;
    assert_eq!(tenant["captcha"], json!({ "provider": "none", "site_key": null, "after_failures": 3 }));
    app.account(JANE).await;
    fail(&app, JANE, "192.0.2.1", 4).await;
    app.program().sign_in(JANE, PASSWORD).await.token();
    let flow = app.program().open("recovery").await;
    assert!(!shows(&flow.opened));
    flow.submit("captcha", json!({ "email": JANE })).await.refused(Code::StepUnavailable);
    let flow = app.program().open("login").await;
    flow.submit("captcha", json!({ "identifier": JANE })).await.refused(Code::StepUnavailable);
}

async fn a_provider_needs_both_its_keys(app: TestApp) {
    let admin = app.admin_key();
    let change = |captcha: Value| admin.patch("/v1/tenant").json(&json!({ "captcha": captcha }));
    change(json!({ "provider": "hcaptcha" })).await.refused_fields(
        Code::ValidationFailed,
        &[("captcha.site_key", "required"), ("captcha.secret", "required")],
    );
    let keys = json!({ "provider": "hcaptcha", "site_key": "a b", "secret": "hush", "after_failures": 101 });
    change(keys).await.refused_fields(
        Code::ValidationFailed,
        &[("captcha.site_key", "invalid_format"), ("captcha.after_failures", "too_large")],
    );
    for secret in [json!(""), json!("two words"), json!(7)] {
        let refused = change(json!({ "provider": "hcaptcha", "site_key": "a", "secret": secret })).await;
        refused.refused_fields(Code::ValidationFailed, &[("captcha.secret", "invalid_format")]);
    }
    change(json!({ "provider": "recaptcha" })).await.refused(Code::ValidationFailed);
    change(json!({ "provider": "hcaptcha", "site_key": "a", "secret": "hush" })).await.ok();
    change(json!({ "secret": null }))
        .await
        .refused_fields(Code::ValidationFailed, &[("captcha.secret", "required")]);
    assert_eq!(change(Value::Null).await["captcha"]["provider"], "none");
}

async fn the_secret_is_sealed_and_never_shown_or_told(Guarded { app, .. }: Guarded) {
    let expected = json!({ "provider": "turnstile", "site_key": CAPTCHA_SITE, "after_failures": 2 });
    let read = app.admin_key().get("/v1/tenant").await;
    assert_eq!(read["captcha"], expected);
    let again = json!({ "captcha": { "secret": "another-secret" } });
    let changed = app.admin_key().patch("/v1/tenant").json(&again).await;
    assert_eq!(changed["captcha"], expected);
    assert_ne!(changed["etag"], read["etag"]);
    let told = app.payloads(EventType::TenantUpdated).await;
    assert_eq!(told.len(), 2);
    assert_eq!(told[1]["changed_fields"], json!(["captcha"]));
    assert_eq!(
        (&told[1]["previous_values"]["captcha"], &told[1]["new_values"]["captcha"]),
        (&expected, &expected)
    );
    let stored = app
        .tenant()
        .store
        .identity()
        .read(avnology_store::platform::settings::find)
        .await
        .expect("the settings")
        .expect("the settings")
        .settings;
    assert!(stored["captcha"]["secret"].as_str().is_some_and(|sealed| sealed.len() > 60));
    for text in [stored.to_string(), json!(told).to_string(), changed.text(), read.text()] {
        assert!(!text.contains(CAPTCHA_SECRET) && !text.contains("another-secret"), "{text}");
    }
}

async fn a_secret_outlives_a_restart_and_other_changes(Guarded { app, house }: Guarded) {
    app.settings(json!({ "name": "Acme", "captcha": { "after_failures": 0 } })).await;
    app.account(JANE).await;
    let app = app.restarted().await;
    let flow = app.program().open("login").await;
    sign_in(&flow, JANE, PASSWORD, Some(&house.token())).await.token();
    assert_eq!(house.asked()[0]["secret"], CAPTCHA_SECRET);
}

async fn sign_in_asks_after_failures_of_the_account(Guarded { app, house }: Guarded) {
    app.account(JANE).await;
    fail(&app, JANE, "192.0.2.7", 1).await;
    let flow = app.program().open("login").await;
    sign_in(&flow, JANE, "wrong", None).await.refused(Code::WrongCredentials);
    // Not even the right password is looked at without a token.
    asked(&sign_in(&flow, JANE, PASSWORD, None).await);
    asked(&sign_in(&flow, JANE, PASSWORD, Some("made up")).await);
    sign_in(&flow, JANE, PASSWORD, Some(&house.token())).await.token();
    // Who signs in has a clean count, and so has everybody else from other networks.
    app.program().from("198.51.100.9").sign_in(JANE, PASSWORD).await.token();
}

async fn an_unknown_account_asks_the_same_way(Guarded { app, house }: Guarded) {
    app.account(JANE).await;
    let mut seen = Vec::new();
    for (who, from) in [(JANE, "192.0.2.7"), (NOBODY, "198.51.100.7")] {
        let flow = app.program().from(from).open("login").await;
        let mut answers = Vec::new();
        for token in [None, None, None, Some("made up".to_owned()), Some(house.token())] {
            let answer = sign_in(&flow, who, "wrong", token.as_deref()).await;
            answers.push((answer.status, answer.code(), answer.node_names(), answer.messages()));
        }
        seen.push(answers);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0].iter().map(|answer| answer.0).collect::<Vec<_>>(), [401, 401, 400, 400, 401]);
}

async fn sign_in_asks_after_failures_of_the_network_for_any_account(Guarded { app, house }: Guarded) {
    app.account(JANE).await;
    fail(&app, "one@acme.example", "2001:db8:1:2::1", 1).await;
    fail(&app, "two@acme.example", "2001:db8:1:2::2", 1).await;
    let flow = app.program().from("2001:db8:1:2::3").open("login").await;
    asked(&sign_in(&flow, JANE, PASSWORD, None).await);
    // A success of one account says nothing for the network.
    sign_in(&flow, JANE, PASSWORD, Some(&house.token())).await.token();
    asked(&app.program().from("2001:db8:1:2::4").sign_in(JANE, PASSWORD).await);
    app.program().from("2001:db8:1:3::1").sign_in(JANE, PASSWORD).await.token();
}

async fn failures_count_for_the_captcha_within_their_window_only(Guarded { app, .. }: Guarded) {
    app.account(JANE).await;
    fail(&app, JANE, "192.0.2.7", 2).await;
    app.advance(899);
    asked(&app.program().from("192.0.2.7").sign_in(JANE, PASSWORD).await);
    app.advance(1);
    app.program().from("192.0.2.7").sign_in(JANE, PASSWORD).await.token();
}

async fn zero_failures_ask_always(Guarded { app, house }: Guarded) {
    app.settings(json!({ "captcha": { "after_failures": 0 } })).await;
    app.account(JANE).await;
    let flow = app.program().open("login").await;
    let known = flow.submit("identifier", json!({ "identifier": JANE })).await;
    assert!(shows(&known), "{known}");
    asked(&sign_in(&flow, JANE, PASSWORD, None).await);
    sign_in(&flow, JANE, PASSWORD, Some(&house.token())).await.token();
}

async fn the_page_learns_with_the_failure_that_the_next_try_asks(Guarded { app, .. }: Guarded) {
    app.account(JANE).await;
    let flow = app.program().open("login").await;
    assert!(!shows(&flow.submit("identifier", json!({ "identifier": JANE })).await));
    assert!(!shows(&sign_in(&flow, JANE, "wrong", None).await));
    let second = sign_in(&flow, JANE, "wrong", None).await;
    second.refused(Code::WrongCredentials);
    assert!(shows(&second) && shows(&flow.read().await));
    let node = second.node("captcha_token").expect("the node");
    assert_eq!(node["group"], "captcha");
    let expected = json!({ "provider": "turnstile", "site_key": CAPTCHA_SITE, "action": "login" });
    assert_eq!((&node["attributes"]["type"], &node["attributes"]["captcha"]), (&json!("hidden"), &expected));
    let script = second.node("captcha_script").expect("the script");
    assert_eq!(script["type"], "script");
    assert!(script["attributes"]["src"].as_str().is_some_and(|src| src.ends_with("/api.js?render=explicit")));
    // Another flow learns it as soon as it knows who it is about.
    let other = app.program().from("198.51.100.7").open("login").await;
    assert!(!shows(&other.opened));
    assert!(shows(&other.submit("identifier", json!({ "identifier": JANE })).await));
    assert!(!shows(&other.submit("identifier", json!({})).await), "nobody is named any more");
}

async fn a_token_lets_one_submit_through_and_no_second(Guarded { app, house }: Guarded) {
    app.account(JANE).await;
    house.forgets_what_was_used();
    fail(&app, JANE, "192.0.2.7", 2).await;
    let flow = app.program().open("login").await;
    let token = house.token();
    sign_in(&flow, JANE, "wrong", Some(&token)).await.refused(Code::WrongCredentials);
    // The provider would take it again; we do not, in this flow or another.
    asked(&sign_in(&flow, JANE, PASSWORD, Some(&token)).await);
    let other = app.program().open("recovery").await;
    asked(&other.submit("code", json!({ "email": JANE, "captcha_token": token })).await);
}

async fn a_token_that_races_with_itself_lets_one_through(Guarded { app, house }: Guarded) {
    house.forgets_what_was_used();
    let token = house.token();
    let mut tries = Vec::new();
    for n in 0..8 {
        let flow = app.program().open("recovery").await;
        let body = json!({ "email": format!("a{n}@acme.example"), "captcha_token": token });
        tries.push(tokio::spawn(async move { flow.submit("code", body).await }));
    }
    assert_eq!(winners(tries, &[Code::CaptchaWrong]).await, 1);
}

async fn a_token_of_nobody_or_about_something_else_is_refused(Guarded { app, house }: Guarded) {
    let flow = app.program().open("recovery").await;
    let submit = |token: String| flow.submit("code", json!({ "email": JANE, "captcha_token": token }));
    asked(&submit("nobody's".to_owned()).await);
    asked(&submit("x".repeat(20_000)).await);
    asked(&submit(house.token_of("id.example.com", "registration")).await);
    submit(house.token_of("id.example.com", "recovery")).await.goes_on("sent_email");
    assert_eq!(house.asked().len(), 3, "what is too long is no token");
}

async fn the_provider_is_told_who_asks_and_which_site_it_is(Guarded { app, house }: Guarded) {
    let flow = app.program().from("203.0.113.9").open("recovery").await;
    let token = house.token();
    flow.submit("code", json!({ "email": JANE, "captcha_token": token })).await.goes_on("sent_email");
    let asked = &house.asked()[0];
    assert_eq!((asked["secret"].as_str(), asked["response"].as_str()), (CAPTCHA_SECRET, token.as_str()));
    assert_eq!((asked["remoteip"].as_str(), asked.get("sitekey")), ("203.0.113.9", None));
    app.settings(json!({ "captcha": { "provider": "hcaptcha" } })).await;
    let flow = app.program().open("verification").await;
    let body = json!({ "email": JANE, "captcha_token": house.token() });
    app.advance(60);
    flow.submit("code", body).await.goes_on("sent_email");
    assert_eq!(house.asked()[1]["sitekey"], CAPTCHA_SITE);
}

async fn a_provider_that_is_down_lets_nobody_in_and_the_flow_goes_on(Guarded { app, house }: Guarded) {
    app.account(JANE).await;
    fail(&app, JANE, "192.0.2.7", 2).await;
    house.answers_only(Some(502));
    let flow = app.program().open("login").await;
    let refused = sign_in(&flow, JANE, PASSWORD, Some(&house.token())).await;
    refused.refused(Code::Unavailable);
    assert_eq!((refused.header("retry-after"), refused.messages()), ("5", vec!["4010012".to_owned()]));
    // The way by mail is open meanwhile.
    flow.submit("code", json!({ "identifier": JANE })).await.goes_on("sent_email");
    house.answers_only(None);
    sign_in(&flow, JANE, PASSWORD, Some(&house.token())).await.token();
}

async fn a_secret_that_the_provider_does_not_take_is_a_fault_of_ours(Guarded { app, house }: Guarded) {
    app.settings(json!({ "captcha": { "secret": "not-the-secret" } })).await;
    let flow = app.program().open("recovery").await;
    let body = json!({ "email": JANE, "captcha_token": house.token() });
    flow.submit("code", body).await.refused(Code::Unavailable);
}

async fn passkeys_links_and_mailed_codes_never_ask_at_sign_in(Guarded { app, house }: Guarded) {
    app.account(JANE).await;
    fail(&app, JANE, "192.0.2.1", 2).await;
    let flow = app.program().open("login").await;
    flow.submit("code", json!({ "identifier": JANE })).await.goes_on("sent_email");
    let code = app.latest_mail(JANE).await.code;
    flow.submit("code", json!({ "code": code })).await.token();
    app.advance(60);
    let flow = app.program().open("login").await;
    flow.submit("link", json!({ "identifier": JANE })).await.goes_on("sent_email");
    let refused = flow.submit("passkey", json!({ "passkey_response": {} })).await;
    assert_ne!(refused.code(), Some(Code::CaptchaWrong), "{refused}");
    assert!(house.asked().is_empty());
}

async fn a_texted_code_asks_after_failures(Guarded { app, house }: Guarded) {
    let phone = "+442079460042";
    app.account_with(JANE, json!({ "phone": phone, "phone_verified": true })).await;
    fail(&app, phone, "192.0.2.7", 2).await;
    let flow = app.program().open("login").await;
    let ask = json!({ "identifier": phone, "channel": "sms" });
    asked(&flow.submit("code", ask.clone()).await);
    let mut ask = ask;
    ask["captcha_token"] = house.token().into();
    flow.submit("code", ask).await.goes_on("sent_sms");
    app.advance(60);
    asked(&flow.submit("code", json!({ "resend": true })).await);
}

async fn registration_asks_from_the_first_submit_and_keeps_what_was_entered(Guarded { app, house }: Guarded) {
    let flow = app.program().open("registration").await;
    let names = flow.opened.node_names();
    let at = |name: &str| names.iter().position(|n| n == name).unwrap_or_else(|| panic!("{name}: {names:?}"));
    assert!(at("captcha_script") < at("captcha_token") && at("captcha_token") < at("method=password"));
    assert_eq!(names.last().map(String::as_str), Some("method=captcha"));
    let form = json!({ "traits": { "email": JANE, "first_name": "Jane" }, "password": PASSWORD });
    for method in ["password", "code", "passkey"] {
        let refused = flow.submit(method, form.clone()).await;
        asked(&refused);
        assert_eq!(refused.node("traits.first_name").expect("a field")["attributes"]["value"], "Jane");
    }
    // A token is for one submit, also where the form is refused for another reason.
    let mut weak = form.clone();
    (weak["password"], weak["captcha_token"]) = (json!("12345678"), house.token().into());
    flow.submit("password", weak.clone()).await.refused(Code::PasswordWeak);
    asked(&flow.submit("password", weak).await);
    let mut good = form;
    good["captcha_token"] = house.token_of("id.example.com", "registration").into();
    flow.submit("password", good).await.token();
}

async fn the_steps_after_the_form_of_a_registration_do_not_ask(Guarded { app, house }: Guarded) {
    let flow = app.program().open("registration").await;
    let body = json!({ "traits": { "email": JANE }, "captcha_token": house.token() });
    let sent = flow.submit("code", body).await;
    sent.goes_on("sent_email");
    assert!(!shows(&sent));
    app.advance(60);
    flow.submit("code", json!({ "resend": true })).await.goes_on("sent_email");
    let code = app.latest_mail(JANE).await.code;
    flow.submit("code", json!({ "code": code })).await.token();
}

async fn recovery_and_verification_ask_from_the_first_submit_and_again_for_another_address(
    Guarded { app, house }: Guarded,
) {
    app.account(JANE).await;
    for kind in ["recovery", "verification"] {
        let flow = app.program().open(kind).await;
        assert!(shows(&flow.opened), "{}", flow.opened);
        for method in ["code", "link"] {
            let refused = flow.submit(method, json!({ "email": JANE })).await;
            assert_eq!(asked(&refused).node("email").expect("a field")["attributes"]["value"], JANE);
        }
        asked(&flow.submit("code", json!({ "phone": "+442079460042" })).await);
        let body = json!({ "email": JANE, "captcha_token": house.token() });
        let sent = flow.submit("code", body).await;
        sent.goes_on("sent_email");
        assert!(!shows(&sent), "{sent}");
        flow.submit("code", json!({ "code": "abcdef" })).await.is(400);
        app.advance(60);
        flow.submit("code", json!({ "resend": true })).await.goes_on("sent_email");
        app.advance(60);
        let other = json!({ "resend": true, "email": "other@acme.example" });
        asked(&flow.submit("code", other).await);
        app.advance(3_600);
    }
}

/// A tenant where a code by mail is no way to sign in.
async fn without_codes(app: &TestApp) {
    app.settings(json!({ "allowed_methods": ["password", "passkey"] })).await;
}

async fn a_mailed_code_takes_the_place_of_a_captcha_at_sign_in(Guarded { app, house }: Guarded) {
    app.account(JANE).await;
    let flow = app.program().open("login").await;
    let with_code = flow.submit("identifier", json!({ "identifier": JANE })).await;
    assert!(with_code.node_names().contains(&"method=code".to_owned()));
    fail(&app, JANE, "192.0.2.7", 2).await;
    let known = flow.submit("identifier", json!({ "identifier": JANE })).await;
    assert!(
        !known.node_names().contains(&"method=captcha".to_owned()),
        "signing in by code is the way round"
    );
    without_codes(&app).await;
    let known = flow.submit("identifier", json!({ "identifier": JANE })).await;
    assert_eq!(known.node_names().last().map(String::as_str), Some("method=captcha"), "{known}");
    let sent = flow.submit("captcha", json!({})).await;
    sent.goes_on("sent_email");
    assert_eq!(
        sent.node_names(),
        ["identifier", "code", "method=captcha", "method=captcha", "method=identifier"]
    );
    let wrong = flow.submit("captcha", json!({ "code": "abcdef" })).await;
    assert_eq!(wrong.refused(Code::WrongCode)["attempts_remaining"], 4);
    let code = app.latest_mail(JANE).await.code;
    let through = flow.submit("captcha", json!({ "code": code })).await;
    through.goes_on("choose_method");
    assert_eq!((shows(&through), through.messages()), (false, vec!["1010016".to_owned()]));
    sign_in(&flow, JANE, "wrong", None).await.refused(Code::WrongCredentials);
    sign_in(&flow, JANE, PASSWORD, None).await.token();
    // The answer is the same where there is no account.
    fail(&app, NOBODY, "192.0.2.7", 2).await;
    let flow = app.program().open("login").await;
    flow.submit("identifier", json!({ "identifier": NOBODY })).await;
    let same = flow.submit("captcha", json!({})).await;
    assert_eq!((same.node_names(), same.messages()), (sent.node_names(), sent.messages()));
    assert!(app.mail_kinds(NOBODY).await.is_empty());
    assert!(house.asked().is_empty());
}

async fn a_mailed_code_takes_the_place_of_a_captcha_at_registration(Guarded { app, house }: Guarded) {
    let flow = app.program().open("registration").await;
    flow.submit("captcha", json!({}))
        .await
        .refused_fields(Code::InputRejected, &[("traits.email", "required")]);
    let form = json!({ "traits": { "email": JANE, "first_name": "Jane" }, "password": PASSWORD });
    flow.submit("captcha", form.clone()).await.goes_on("sent_email");
    flow.submit("captcha", form.clone()).await.refused(Code::TooManyRequests);
    let code = app.latest_mail(JANE).await.code;
    let through = flow.submit("captcha", json!({ "code": code })).await;
    through.goes_on("show_form");
    assert!(!shows(&through));
    assert_eq!(through.node("traits.first_name").expect("a field")["attributes"]["value"], "Jane");
    // It is good for a few submits, whatever they are refused for.
    let mut weak = form.clone();
    weak["password"] = json!("12345678");
    for _ in 0..4 {
        flow.submit("password", weak.clone()).await.refused(Code::PasswordWeak);
    }
    flow.submit("password", form.clone()).await.token();
    let other = app.program().open("registration").await;
    app.advance(60);
    let form = json!({ "traits": { "email": "joe@acme.example" }, "password": "12345678" });
    other.submit("captcha", form.clone()).await.goes_on("sent_email");
    let code = app.latest_mail("joe@acme.example").await.code;
    other.submit("captcha", json!({ "code": code })).await.goes_on("show_form");
    for _ in 0..5 {
        other.submit("password", form.clone()).await.refused(Code::PasswordWeak);
    }
    asked(&other.submit("password", form).await);
    assert!(house.asked().is_empty());
}

async fn a_code_that_takes_the_place_of_a_captcha_signs_nobody_in(Guarded { app, .. }: Guarded) {
    app.account(JANE).await;
    let flow = app.program().open("login").await;
    flow.submit("captcha", json!({ "identifier": JANE })).await.goes_on("sent_email");
    let code = app.latest_mail(JANE).await.code;
    flow.submit("code", json!({ "code": code })).await.refused(Code::StepUnavailable);
    flow.submit("captcha", json!({ "code": code })).await.goes_on("choose_method");
    flow.submit("captcha", json!({ "code": code })).await.refused(Code::StepUnavailable);
    let flow = app.program().open("registration").await;
    flow.submit("captcha", json!({ "traits": { "email": "joe@acme.example" } })).await.goes_on("sent_email");
    let code = app.latest_mail("joe@acme.example").await.code;
    flow.submit("code", json!({ "code": code })).await.refused(Code::StepUnavailable);
    // A code that signs in takes no captcha's place.
    app.advance(60);
    let flow = app.program().open("login").await;
    flow.submit("code", json!({ "identifier": JANE })).await.goes_on("sent_email");
    let code = app.latest_mail(JANE).await.code;
    flow.submit("captcha", json!({ "code": code })).await.refused(Code::StepUnavailable);
}

async fn recovery_and_verification_mail_without_a_captcha_when_asked_to(Guarded { app, house }: Guarded) {
    app.account(JANE).await;
    for kind in ["recovery", "verification"] {
        let flow = app.program().open(kind).await;
        assert!(flow.opened.node_names().contains(&"method=captcha".to_owned()));
        flow.submit("captcha", json!({})).await.refused_fields(Code::InputRejected, &[("email", "required")]);
        let by_phone = json!({ "phone": "+442079460042", "channel": "sms" });
        flow.submit("captcha", by_phone).await.refused_fields(Code::InputRejected, &[("email", "required")]);
        flow.submit("captcha", json!({ "email": JANE })).await.goes_on("sent_email");
        let code = app.latest_mail(JANE).await.code;
        flow.submit("code", json!({ "code": code })).await.ok();
        app.advance(60);
    }
    assert!(house.asked().is_empty());
}

async fn a_network_may_ask_for_few_mails_in_place_of_captchas(engine: Engine) {
    let Guarded { app, .. } = Guarded::start(Setup::on(engine).live()).await;
    let ask = |n: usize, from: &'static str| {
        let app = app.clone();
        async move {
            let flow = app.program().from(from).open("recovery").await;
            flow.submit("captcha", json!({ "email": format!("a{n}@acme.example") })).await
        }
    };
    for n in 0..5 {
        ask(n, "192.0.2.7").await.goes_on("sent_email");
    }
    let refused = ask(5, "192.0.2.7").await;
    refused.refused(Code::TooManyRequests);
    assert_eq!((refused.header("retry-after"), refused.messages()), ("720", vec!["4000013".to_owned()]));
    ask(5, "192.0.2.8").await.goes_on("sent_email");
    // The tenant may set the limit itself.
    app.limit("captcha.mail", 1, 60).await;
    ask(6, "192.0.2.9").await.goes_on("sent_email");
    ask(7, "192.0.2.9").await.refused(Code::TooManyRequests);
}

async fn settings_never_ask(Guarded { app, house }: Guarded) {
    let jane = app.person(JANE).await;
    app.settings(json!({ "captcha": { "after_failures": 0 } })).await;
    let flow = jane.client.open("settings").await;
    assert!(!shows(&flow.opened));
    flow.submit("profile", json!({ "traits": { "first_name": "Jane" } })).await.goes_on("show_form");
    assert!(house.asked().is_empty());
}

async fn the_page_allows_the_provider_where_it_shows_the_widget_and_nowhere_else(
    Guarded { app, house }: Guarded,
) {
    let browser = app.browser();
    let flow = browser.open("recovery").await;
    let page = browser.get("/recovery").query(&[("flow", &flow.id)]).await;
    let policy = page.is(200).header("content-security-policy").to_owned();
    for directive in ["script-src 'self' 'nonce-", "connect-src 'self' ", "frame-src "] {
        let (_, rest) = policy.split_once(directive).unwrap_or_else(|| panic!("{directive}: {policy}"));
        let (values, _) = rest.split_once(';').expect("a directive ends");
        assert!(values.split(' ').any(|value| value == house.url()), "{directive}: {policy}");
    }
    let html = page.text();
    let script = format!("data-script=\"{}/api.js?render=explicit\"", house.url());
    assert!(html.contains(&script) && html.contains("data-captcha=\"turnstile\""), "{html}");
    let sign_in = browser.open("login").await;
    let page = browser.get("/sign-in").query(&[("flow", &sign_in.id)]).await;
    let policy = page.is(200).header("content-security-policy");
    assert!(!policy.contains(house.url()) && !policy.contains("frame-src"), "{policy}");
    assert!(!page.text().contains("captcha"));
    // The providers' own addresses, where nothing else is configured.
    let bare = TestApp::start(Setup::on(app.engine())).await;
    for (provider, source) in [
        ("hcaptcha", "frame-src https://hcaptcha.com https://*.hcaptcha.com;"),
        ("turnstile", "frame-src https://challenges.cloudflare.com;"),
    ] {
        let captcha = json!({ "provider": provider, "site_key": "s", "secret": "hush" });
        bare.settings(json!({ "captcha": captcha })).await;
        let browser = bare.browser();
        let flow = browser.open("registration").await;
        let page = browser.get("/sign-up").query(&[("flow", &flow.id)]).await;
        assert!(page.header("content-security-policy").contains(source), "{page}");
    }
}

async fn a_form_without_scripts_has_a_way_round(Guarded { app, .. }: Guarded) {
    app.account(JANE).await;
    let browser = app.browser();
    let flow = browser.open("recovery").await;
    let page = browser.get("/recovery").query(&[("flow", &flow.id)]).await;
    let html = page.text();
    assert!(html.contains("value=\"captcha\"") && html.contains("<noscript>"), "{html}");
    let csrf = flow.csrf();
    let form = [("csrf_token", csrf.as_str()), ("captcha_token", ""), ("email", JANE), ("method", "code")];
    let back = browser.post(&flow.submit_path()).form(&form).await;
    assert_eq!(back.is(303).header("location"), format!("/recovery?flow={}", flow.id));
    let page = browser.get(back.header("location")).await;
    assert!(page.text().contains("Confirm that you are human"), "{page}");
    let form = [("csrf_token", csrf.as_str()), ("captcha_token", ""), ("email", JANE), ("method", "captcha")];
    browser.post(&flow.submit_path()).form(&form).await.is(303);
    assert_eq!(flow.read().await.state(), "sent_email");
}

async fn an_objection_to_the_sale_of_data_needs_a_captcha_without_a_session(Guarded { app, house }: Guarded) {
    let object = |body: Value| app.program().post("/v1/privacy:optOutOfSale").json(&body);
    object(json!({})).await.refused_fields(Code::ValidationFailed, &[("email", "required")]);
    object(json!({ "email": "no" })).await.refused(Code::ValidationFailed);
    for body in [json!({ "email": JANE }), json!({ "email": JANE, "captcha_token": "made up" })] {
        let refused = object(body).await;
        let expected = json!({ "provider": "turnstile", "site_key": CAPTCHA_SITE });
        assert_eq!(refused.refused(Code::CaptchaWrong)["captcha"], expected);
    }
    let token = house.token_of("id.example.com", "opt_out");
    let done = object(json!({ "email": JANE, "captcha_token": token })).await;
    assert_eq!(done.ok(), &json!({ "recorded_at": "2026-03-02T09:00:00.000Z" }));
    object(json!({ "email": JANE, "captcha_token": token })).await.refused(Code::CaptchaWrong);
    house.answers_only(Some(503));
    object(json!({ "email": JANE, "captcha_token": house.token() })).await.refused(Code::Unavailable);
    assert_eq!(app.payloads(EventType::PrivacyOptOutRecorded).await.len(), 1);
}

async fn an_objection_is_recorded_by_hashes_and_tells_nothing(Guarded { app, house }: Guarded) {
    let jane = app.person(JANE).await;
    let object = |email: &'static str, from: &'static str| {
        let body = json!({ "email": email, "captcha_token": house.token() });
        let call = app.program().from(from).post("/v1/privacy:optOutOfSale").json(&body);
        async move { call.await.ok().clone() }
    };
    let known = object(JANE, "192.0.2.7").await;
    assert_eq!(object("nobody@acme.example", "192.0.2.8").await, known);
    object("JANE@acme.example", "192.0.2.8").await;
    let told = app.payloads(EventType::PrivacyOptOutRecorded).await;
    assert_eq!(told.len(), 3);
    assert_eq!(told[0]["email_hash"], told[2]["email_hash"]);
    assert_ne!(told[0]["email_hash"], told[1]["email_hash"]);
    assert_eq!(told[1]["network_hash"], told[2]["network_hash"]);
    assert!(!json!(told).to_string().contains("acme.example"), "{told:?}");
    let me = jane.client.get("/v1/me").await;
    assert_eq!(me.ok()["metadata"]["public"]["sale_opt_out_at"], Value::Null);
}
