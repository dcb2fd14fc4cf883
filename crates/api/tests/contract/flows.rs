//! What all flows have in common: `contract/11` §§1–3.

use avnology_model::Code;
use avnology_testkit::{Answer, Client, PASSWORD, TestApp, on_both_engines};
use serde_json::{Value, json};

const KINDS: [&str; 4] = ["login", "registration", "recovery", "verification"];

on_both_engines! {
    a_flow_has_every_documented_member,
    every_kind_begins_in_its_first_state_and_lives_its_time,
    who_looks_like_a_browser_gets_a_browsers_flow,
    a_browser_gets_its_keys_once_and_keeps_them,
    a_flow_of_another_browser_is_not_found,
    a_submit_without_its_form_token_is_refused_and_the_flow_stays_usable,
    a_form_token_of_another_flow_or_browser_is_refused,
    a_cross_site_submit_is_refused,
    a_program_with_an_origin_is_refused,
    a_programs_flow_can_be_read_by_who_knows_its_id_and_tells_no_session,
    an_id_of_another_kind_of_flow_is_not_found,
    a_finished_flow_is_gone_with_the_place_of_a_new_one,
    an_expired_flow_is_gone,
    a_flow_takes_fifty_submits,
    a_method_that_is_not_offered_is_refused_and_one_that_does_not_exist_does_not_fit,
    a_method_that_is_switched_off_is_refused,
    a_step_that_does_not_fit_the_state_is_refused,
    a_submit_that_is_malformed_is_refused,
    where_a_flow_may_lead,
    where_a_flow_may_not_lead,
    a_browser_is_led_there_and_a_program_is_not,
    a_place_that_is_no_longer_allowed_is_not_gone_to,
    a_browser_that_wants_a_page_is_led_to_it,
    a_form_is_answered_by_a_redirect,
    who_is_signed_in_passes_at_once,
    a_settings_flow_is_of_its_session,
}

fn form() -> Value {
    json!({ "identifier": "jane@acme.example", "password": PASSWORD })
}

async fn a_flow_has_every_documented_member(app: TestApp) {
    let flow = app.browser().open("login").await.opened;
    let members: std::collections::BTreeSet<&str> =
        flow.ok().as_object().expect("an object").keys().map(String::as_str).collect();
    let expected = [
        "id",
        "type",
        "transport",
        "state",
        "active",
        "issued_at",
        "expires_at",
        "return_to",
        "organization_id",
        "organization",
        "client",
        "login_challenge",
        "requested_aal",
        "refresh",
        "identifier",
        "ui",
    ];
    assert_eq!(members, expected.into());
    assert_eq!(flow["ui"]["method"], "POST");
    assert_eq!(
        flow["ui"]["action"],
        format!("https://id.example.com/v1/flows/login/{}:submit", flow.at("/id"))
    );
    assert_eq!(flow.node_names(), ["csrf_token", "identifier", "method=identifier", "passkey_response"]);
    let node = flow.node("identifier").expect("a node");
    assert_eq!(
        (node["type"].clone(), node["group"].clone(), node["messages"].clone()),
        (json!("input"), json!("identifier"), json!([]))
    );
    assert_eq!(
        (node["label"]["id"].clone(), node["attributes"]["required"].clone()),
        (json!("1070001"), json!(true))
    );
}

async fn every_kind_begins_in_its_first_state_and_lives_its_time(app: TestApp) {
    for (kind, state, minutes) in [
        ("login", "choose_method", 30),
        ("registration", "show_form", 30),
        ("recovery", "show_form", 60),
        ("verification", "show_form", 60),
    ] {
        let flow = app.program().open(kind).await.opened;
        assert_eq!(
            (flow.state().as_str(), flow.at("/type").as_str(), flow["active"].clone()),
            (state, kind, json!(""))
        );
        assert_eq!(flow.at("/issued_at"), "2026-03-02T09:00:00.000Z");
        let end = if minutes == 30 { "2026-03-02T09:30:00.000Z" } else { "2026-03-02T10:00:00.000Z" };
        assert_eq!(flow.at("/expires_at"), end, "{kind}");
    }
    let jane = app.person("jane@acme.example").await;
    let settings = jane.client.open("settings").await.opened;
    assert_eq!(
        (settings.state(), settings.at("/expires_at")),
        ("show_form".to_owned(), "2026-03-02T09:30:00.000Z".to_owned())
    );
}

async fn who_looks_like_a_browser_gets_a_browsers_flow(app: TestApp) {
    let transport = |answer: Answer| answer.at("/transport");
    let client = app.program();
    assert_eq!(transport(client.get("/v1/flows/login").await), "api");
    assert_eq!(
        transport(client.get("/v1/flows/login").header("origin", "https://app.example.com").await),
        "browser"
    );
    assert_eq!(transport(client.get("/v1/flows/login").header("sec-fetch-site", "none").await), "browser");
    assert_eq!(
        transport(client.get("/v1/flows/login").header("cookie", "__Host-avnology_csrf=x").await),
        "browser"
    );
    assert_eq!(transport(client.get("/v1/flows/login").header("cookie", "theme=dark").await), "api");
    assert_eq!(transport(client.get("/v1/flows/login?type=browser").await), "browser");
    assert_eq!(transport(app.browser().get("/v1/flows/login?type=api").await), "api");
    client
        .get("/v1/flows/login?type=fax")
        .await
        .refused_fields(Code::ValidationFailed, &[("type", "not_in_enum")]);
}

async fn a_browser_gets_its_keys_once_and_keeps_them(app: TestApp) {
    let browser = app.browser();
    let first = browser.open("login").await;
    let cookies = first.opened.set_cookies();
    for name in ["__Host-avnology_flow=", "__Host-avnology_csrf="] {
        let cookie = cookies.iter().find(|c| c.starts_with(name)).expect("a key");
        for attribute in ["Path=/", "HttpOnly", "SameSite=Lax", "Secure", "Max-Age="] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
    }
    let second = browser.open("registration").await;
    assert!(second.opened.set_cookies().is_empty(), "kept: {:?}", second.opened.set_cookies());
    first.read().await.ok();
    assert_eq!(first.read().await.node("csrf_token"), first.opened.node("csrf_token"));
    assert!(app.program().open("login").await.opened.set_cookies().is_empty());
}

async fn a_flow_of_another_browser_is_not_found(app: TestApp) {
    app.account("jane@acme.example").await;
    let (mine, other) = (app.browser(), app.browser());
    other.open("login").await;
    for kind in KINDS {
        let flow = mine.open(kind).await;
        other.get(&flow.path()).await.refused(Code::NotFound);
        flow.submit_as(&other, "password", form()).await.refused(Code::NotFound);
        flow.submit_as(&app.program(), "password", form()).await.refused(Code::NotFound);
        app.program().get(&flow.path()).await.refused(Code::NotFound);
        flow.read().await.ok();
    }
    let flow = mine.open("login").await;
    flow.submit("password", form()).await.ok();
}

async fn a_submit_without_its_form_token_is_refused_and_the_flow_stays_usable(app: TestApp) {
    app.account("jane@acme.example").await;
    let browser = app.browser();
    let flow = browser.open("login").await;
    for token in [json!(null), json!(""), json!("wrong"), json!(7), json!(format!("{}A", flow.csrf()))] {
        let mut body = form();
        body["csrf_token"] = token;
        let refused = flow.submit("password", body).await;
        refused.refused(Code::CsrfFailed);
        assert!(refused.set_cookies().is_empty());
    }
    let bare = browser.post(&flow.submit_path()).json(&json!({ "method": "password", "body": form() }));
    bare.await.refused(Code::CsrfFailed);
    let csrf = browser.cookie("__Host-avnology_csrf").expect("a key");
    browser.drop_cookie("__Host-avnology_csrf");
    flow.submit("password", form()).await.refused(Code::CsrfFailed);
    browser.set_cookie("__Host-avnology_csrf", &csrf);
    flow.submit("password", form()).await.ok();
}

async fn a_form_token_of_another_flow_or_browser_is_refused(app: TestApp) {
    app.account("jane@acme.example").await;
    let (browser, other) = (app.browser(), app.browser());
    let (flow, second, foreign) =
        (browser.open("login").await, browser.open("login").await, other.open("login").await);
    assert_ne!(flow.csrf(), second.csrf());
    for token in [second.csrf(), foreign.csrf()] {
        let mut body = form();
        body["csrf_token"] = json!(token);
        flow.submit("password", body).await.refused(Code::CsrfFailed);
    }
    flow.submit("password", form()).await.ok();
}

async fn a_cross_site_submit_is_refused(app: TestApp) {
    app.account("jane@acme.example").await;
    let browser = app.browser();
    let flow = browser.open("login").await;
    let submit = || browser.post(&flow.submit_path()).json(&flow.body("password", &form()));
    for site in ["cross-site", "same-site", "none"] {
        submit().header("sec-fetch-site", site).await.refused(Code::CsrfFailed);
    }
    submit()
        .without("sec-fetch-site")
        .header("origin", "https://evil.example")
        .await
        .refused(Code::CsrfFailed);
    let plain = browser.post(&flow.submit_path()).form(&[
        ("method", "password"),
        ("identifier", "jane@acme.example"),
        ("password", PASSWORD),
    ]);
    plain.header("sec-fetch-site", "cross-site").header("origin", "https://evil.example").await.is(403);
    browser.whoami().await.refused(Code::SessionInvalid);
    submit().without("sec-fetch-site").header("origin", "null").await.ok();
}

async fn a_program_with_an_origin_is_refused(app: TestApp) {
    app.account("jane@acme.example").await;
    let client = app.program();
    let flow = client.open("login").await;
    for origin in ["https://id.example.com", "https://evil.example", "null"] {
        let call = client.post(&flow.submit_path()).json(&flow.body("password", &form()));
        call.header("origin", origin).await.refused(Code::CsrfFailed);
    }
    flow.submit("password", form()).await.token();
}

async fn a_programs_flow_can_be_read_by_who_knows_its_id_and_tells_no_session(app: TestApp) {
    app.account("jane@acme.example").await;
    let flow = app.program().open("login").await;
    let read = app.program().from("198.51.100.1").get(&flow.path()).await;
    assert!(read.ok().get("session").is_none() && read.json().get("session_token").is_none());
    assert!(read.node("csrf_token").is_none());
    flow.submit("password", form()).await.token();
    let gone = flow.read().await;
    gone.refused(Code::FlowGone);
    assert!(!gone.text().contains("avnl_ses_"));
}

async fn an_id_of_another_kind_of_flow_is_not_found(app: TestApp) {
    let client = app.program();
    let flow = client.open("login").await;
    client.get(&format!("/v1/flows/registration/{}", flow.id)).await.refused(Code::NotFound);
    let submit = client.post(&format!("/v1/flows/recovery/{}:submit", flow.id));
    submit.json(&json!({ "method": "code", "body": {} })).await.refused(Code::NotFound);
    client.get("/v1/flows/login/flw_01kjpwjw2bfeh982d16269dv5s").await.refused(Code::NotFound);
}

async fn a_finished_flow_is_gone_with_the_place_of_a_new_one(app: TestApp) {
    app.account("jane@acme.example").await;
    for client in [app.program(), app.browser()] {
        let flow = client.open("login").await;
        flow.submit("password", form()).await.ok();
        for answer in [flow.read().await, flow.submit("password", form()).await] {
            assert_eq!(answer.refused(Code::FlowGone)["new_flow_url"], "https://id.example.com/sign-in");
        }
    }
}

async fn an_expired_flow_is_gone(app: TestApp) {
    let client = app.program();
    for (kind, seconds, page) in [
        ("login", 1800, "/sign-in"),
        ("registration", 1800, "/sign-up"),
        ("recovery", 3600, "/recovery"),
        ("verification", 3600, "/verify"),
    ] {
        let flow = client.open(kind).await;
        app.advance(seconds - 1);
        flow.read().await.ok();
        app.advance(1);
        let gone = flow.read().await;
        assert_eq!(gone.refused(Code::FlowGone)["new_flow_url"], format!("https://id.example.com{page}"));
        flow.submit("code", json!({ "email": "jane@acme.example" })).await.refused(Code::FlowGone);
    }
}

async fn a_flow_takes_fifty_submits(app: TestApp) {
    let flow = app.program().open("login").await;
    for _ in 0..50 {
        flow.submit("identifier", json!({ "identifier": "jane@acme.example" })).await.ok();
    }
    flow.submit("identifier", json!({ "identifier": "jane@acme.example" })).await.refused(Code::FlowGone);
    let flow = app.program().open("login").await;
    for _ in 0..50 {
        flow.submit("dance", json!({})).await.refused(Code::StepUnavailable);
    }
    flow.submit("dance", json!({})).await.refused(Code::FlowGone);
}

async fn a_method_that_is_not_offered_is_refused_and_one_that_does_not_exist_does_not_fit(app: TestApp) {
    let flow = app.program().open("login").await;
    for method in ["oidc", "sso", "break_glass"] {
        let refused = flow.submit(method, json!({})).await;
        assert_eq!(
            refused.refused(Code::MethodDisabled)["allowed_methods"],
            json!(["password", "passkey", "code", "link"]),
            "{method}"
        );
        assert_eq!(refused.messages(), ["4010005"]);
    }
    for method in ["dance", "", "Password"] {
        let refused = flow.submit(method, json!({})).await;
        refused.refused(Code::StepUnavailable);
        assert_eq!(
            (refused.messages(), refused.state()),
            (vec!["4000011".to_owned()], "choose_method".to_owned()),
            "{method}"
        );
    }
}

async fn a_method_that_is_switched_off_is_refused(app: TestApp) {
    app.account("jane@acme.example").await;
    app.settings(json!({ "allowed_methods": ["code"] })).await;
    let flow = app.program().open("login").await;
    let refused = flow.submit("password", form()).await;
    assert_eq!(refused.refused(Code::MethodDisabled)["allowed_methods"], json!(["code"]));
    flow.submit("link", json!({ "identifier": "jane@acme.example" })).await.refused(Code::MethodDisabled);
    let choices = flow.submit("identifier", json!({ "identifier": "jane@acme.example" })).await;
    assert!(
        choices.node("password").is_none() && choices.node_names().contains(&"method=code".to_owned()),
        "{choices}"
    );
    let registration = app.program().open("registration").await;
    let traits = json!({ "traits": { "email": "joe@acme.example" }, "password": PASSWORD });
    registration.submit("password", traits).await.refused(Code::MethodDisabled);
    registration
        .submit("code", json!({ "traits": { "email": "joe@acme.example" } }))
        .await
        .goes_on("sent_email");
}

async fn a_step_that_does_not_fit_the_state_is_refused(app: TestApp) {
    let client = app.program();
    for (kind, method, body) in [
        ("login", "code", json!({ "code": "123456" })),
        ("recovery", "code", json!({ "code": "123456" })),
        ("verification", "code", json!({ "code": "123456" })),
        ("registration", "code", json!({ "code": "123456" })),
    ] {
        let refused = client.open(kind).await.submit(method, body).await;
        refused.refused(Code::StepUnavailable);
        assert_eq!(refused.messages(), ["4000011"], "{refused}");
    }
}

async fn a_submit_that_is_malformed_is_refused(app: TestApp) {
    let client = app.program();
    let flow = client.open("login").await;
    let submit = |body: Value| client.post(&flow.submit_path()).json(&body);
    submit(json!({ "body": {} })).await.refused_fields(Code::ValidationFailed, &[("method", "required")]);
    submit(json!({ "method": 3 }))
        .await
        .refused_fields(Code::ValidationFailed, &[("method", "invalid_format")]);
    submit(json!({ "method": "password", "body": [] }))
        .await
        .refused_fields(Code::ValidationFailed, &[("body", "invalid_format")]);
    submit(json!({ "method": "password", "extra": 1 }))
        .await
        .refused_fields(Code::ValidationFailed, &[("extra", "unknown_field")]);
    let refused = submit(json!({ "method": "password" })).await;
    refused.refused_fields(Code::InputRejected, &[("identifier", "required")]);
    assert_eq!(refused.node_messages("identifier"), ["4000001"]);
    client.post(&flow.submit_path()).raw("text/plain", "x").await.refused(Code::UnsupportedMediaType);
}

async fn where_a_flow_may_lead(app: TestApp) {
    app.settings(json!({ "allowed_return_urls": ["https://*.acme.example/app", "http://localhost:3000/"] }))
        .await;
    for target in [
        "/",
        "/account?x=1#y",
        "https://id.example.com/account",
        "https://www.acme.example/app",
        "https://www.acme.example/app/deep?x=1",
        "http://localhost:3000/callback",
    ] {
        for kind in KINDS {
            let flow = app.program().open_with(kind, &[("return_to", target)]).await;
            assert_eq!(flow.opened.at("/return_to"), target);
        }
    }
    let none = app.program().open_with("login", &[("return_to", "")]).await;
    assert!(none.opened["return_to"].is_null());
}

async fn where_a_flow_may_not_lead(app: TestApp) {
    app.settings(json!({ "allowed_return_urls": ["https://*.acme.example/app"] })).await;
    for target in [
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "https:/\\evil.example",
        "https://id.example.com@evil.example/",
        "https://id.example.com.evil.example/",
        "https://evil.example/https://id.example.com/",
        "http://id.example.com/",
        "https://id.example.com:8443/",
        "javascript:alert(1)",
        "data:text/html,x",
        " https://evil.example",
        "/\t/evil.example",
        "/\n//evil.example",
        "https://user:pass@id.example.com/",
        "https://acme.example/app",
        "https://a.b.acme.example/app",
        "https://www.acme.example/application",
        "https://www.acme.example.evil.example/app",
        "account",
        "?x",
        "ftp://id.example.com/",
        "https://www.acme.example/app/../../evil",
        "%2f%2fevil.example",
        "https://id.example.com\u{ff0e}evil.example/",
    ] {
        for kind in KINDS {
            let answer =
                app.program().get(&format!("/v1/flows/{kind}")).query(&[("return_to", target)]).await;
            assert_eq!(answer.code(), Some(Code::ValidationFailed), "{target}: {answer}");
            answer.refused_fields(Code::ValidationFailed, &[("return_to", "not_allowed")]);
        }
    }
}

async fn a_browser_is_led_there_and_a_program_is_not(app: TestApp) {
    app.account("jane@acme.example").await;
    let query = [("return_to", "/account/sessions")];
    let done = app.browser().open_with("login", &query).await.submit("password", form()).await;
    assert_eq!(done.at("/redirect_to"), "/account/sessions");
    let done = app.program().open_with("login", &query).await.submit("password", form()).await;
    assert!(done.ok().get("redirect_to").is_none(), "{done}");
}

async fn a_place_that_is_no_longer_allowed_is_not_gone_to(app: TestApp) {
    app.account("jane@acme.example").await;
    app.settings(json!({ "allowed_return_urls": ["https://www.acme.example/"] })).await;
    let flow = app.browser().open_with("login", &[("return_to", "https://www.acme.example/in")]).await;
    app.settings(json!({ "allowed_return_urls": [] })).await;
    let done = flow.submit("password", form()).await;
    assert!(done.ok().get("redirect_to").is_none_or(|to| to != "https://www.acme.example/in"), "{done}");
}

async fn a_browser_that_wants_a_page_is_led_to_it(app: TestApp) {
    for (kind, page) in [
        ("login", "/sign-in"),
        ("registration", "/sign-up"),
        ("recovery", "/recovery"),
        ("verification", "/verify"),
    ] {
        let browser = app.browser();
        let answer = browser.get(&format!("/v1/flows/{kind}")).header("accept", "text/html,*/*;q=0.1").await;
        answer.is(303);
        let place = answer.header("location");
        assert!(place.starts_with(&format!("{page}?flow=flw_")), "{place}");
        browser.get(place).header("accept", "text/html").await.is(200);
    }
}

async fn a_form_is_answered_by_a_redirect(app: TestApp) {
    app.account("jane@acme.example").await;
    let browser = app.browser();
    let flow = browser.open_with("login", &[("return_to", "/account/sessions")]).await;
    let submit = |password: &str| {
        let fields = [
            ("method", "password"),
            ("identifier", "jane@acme.example"),
            ("password", password),
            ("csrf_token", &flow.csrf()),
        ];
        browser.post(&flow.submit_path()).form(&fields)
    };
    let wrong = submit("wrong").await;
    assert_eq!((wrong.is(303).header("location")), format!("/sign-in?flow={}", flow.id));
    assert_eq!(flow.read().await.messages(), ["4010001"], "the page shows why");
    let done = submit(PASSWORD).await;
    assert_eq!(done.is(303).header("location"), "/account/sessions");
    assert_eq!(browser.whoami().await.at("/identity/email"), "jane@acme.example");
    assert_eq!(
        submit(PASSWORD).await.is(303).header("location"),
        format!("/sign-in?flow={}", flow.id),
        "gone"
    );
}

async fn who_is_signed_in_passes_at_once(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let passed = jane.client.get("/v1/flows/login").await;
    assert_eq!((passed.state(), passed.at("/session/id")), ("passed".to_owned(), jane.session_id.clone()));
    let browsing = app.browser().signed_in("jane@acme.example").await;
    let passed = browsing.client.get("/v1/flows/login?return_to=/account").await;
    assert_eq!((passed.state(), passed.at("/redirect_to")), ("passed".to_owned(), "/account".to_owned()));
    assert!(!passed.text().contains("avnl_ses_"));
    for query in ["refresh=true", "max_age=0"] {
        let flow = jane.client.get(&format!("/v1/flows/login?{query}")).await;
        assert_eq!(
            (flow.state(), flow["refresh"].clone()),
            ("choose_method".to_owned(), json!(true)),
            "{query}"
        );
    }
    assert_eq!(jane.client.get("/v1/flows/login?max_age=60").await.state(), "passed");
    assert_eq!(jane.client.get("/v1/flows/login?aal=highest_available").await.state(), "passed");
    let none = jane.client.get("/v1/flows/login?aal=aal9").await;
    none.refused_fields(Code::ValidationFailed, &[("aal", "not_in_enum")]);
}

async fn a_settings_flow_is_of_its_session(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let joe = app.person("joe@acme.example").await;
    let flow = jane.client.open("settings").await;
    let rename = json!({ "traits": { "first_name": "Mallory" } });
    let others: [&Client; 2] = [&joe.client, &app.program().signed_in("jane@acme.example").await.client];
    for other in others {
        other.get(&flow.path()).await.refused(Code::NotFound);
        flow.submit_as(other, "profile", rename.clone()).await.refused(Code::NotFound);
    }
    app.program().get(&flow.path()).await.refused(Code::NotFound);
    flow.submit_as(&app.program(), "profile", rename).await.refused(Code::SessionInvalid);
    app.program().get("/v1/flows/settings").await.refused(Code::SessionInvalid);
    assert!(jane.client.get("/v1/me").await.ok()["first_name"].is_null());
}
