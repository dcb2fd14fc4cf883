//! Sessions: `contract/10` §§7–8.

use std::collections::BTreeSet;

use avnology_model::Code;
use avnology_testkit::{PASSWORD, TestApp, on_both_engines};
use serde_json::json;

const DAY: i64 = 24 * 3600;

on_both_engines! {
    a_session_has_every_documented_member,
    whoami_names_identity_and_session_in_headers_for_proxies,
    whoami_answers_without_the_database_when_warm,
    an_idle_session_expires_and_use_slides_the_limit,
    the_absolute_limit_does_not_slide,
    an_expired_token_says_so_for_thirty_days,
    a_shorter_policy_holds_for_sessions_that_are_there,
    use_is_noted_to_the_minute_and_written_behind,
    a_token_is_checked_for_others,
    ones_own_sessions_are_listed_and_the_present_one_marked,
    a_browser_gets_a_cookie_and_a_program_a_token,
    a_token_that_is_none_is_refused_without_a_look,
    a_sign_in_makes_a_new_session_whatever_cookie_came_along,
}

async fn a_session_has_every_documented_member(app: TestApp) {
    let jane = app.browsing("jane@acme.example").await;
    let session = jane.client.whoami().await;
    let keys: BTreeSet<&str> =
        session.ok().as_object().expect("an object").keys().map(String::as_str).collect();
    let expected = [
        "id",
        "active",
        "kind",
        "identity_id",
        "identity",
        "organization_id",
        "organization",
        "aal",
        "authentication_methods",
        "authenticated_at",
        "issued_at",
        "last_used_at",
        "expires_at",
        "idle_expires_at",
        "device",
        "client_id",
        "risk",
    ];
    assert_eq!(keys, expected.into());
    assert_eq!((session.at("/id"), session.at("/identity_id")), (jane.session_id, jane.id));
    assert_eq!(
        (session["active"].clone(), session.at("/kind"), session.at("/aal")),
        (json!(true), "standard".to_owned(), "aal1".to_owned())
    );
    let method = &session["authentication_methods"][0];
    assert_eq!((method["method"].clone(), method["aal"].clone()), (json!("password"), json!("aal1")));
    assert_eq!(method["completed_at"], "2026-03-02T09:00:00.000Z");
    let device = &session["device"];
    assert_eq!(
        (device["name"].clone(), device["platform"].clone()),
        (json!("Firefox on Linux"), json!("web"))
    );
    assert_eq!(device["ip"], "192.0.2.1");
}

async fn whoami_names_identity_and_session_in_headers_for_proxies(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let session = jane.client.whoami().await;
    assert_eq!(session.header("x-avnology-identity-id"), jane.id);
    assert_eq!(session.header("x-avnology-session-id"), jane.session_id);
    assert_eq!(session.header("x-avnology-aal"), "aal1");
    assert_eq!(session.header("x-avnology-email"), "jane@acme.example");
}

/// A database that is closed cannot be asked.
async fn whoami_answers_without_the_database_when_warm(app: TestApp) {
    let (jane, joe) = (app.person("jane@acme.example").await, app.person("joe@acme.example").await);
    jane.client.whoami().await.ok();
    app.tenant().store.close().await.expect("the store closes");
    for _ in 0..3 {
        assert_eq!(jane.client.whoami().await.at("/id"), jane.session_id);
    }
    joe.client.whoami().await.refused(Code::Unavailable);
}

async fn an_idle_session_expires_and_use_slides_the_limit(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    app.advance(DAY - 60);
    assert_eq!(jane.client.whoami().await.at("/idle_expires_at"), "2026-03-04T08:59:00.000Z");
    app.settle().await;
    app.advance(DAY - 1);
    jane.client.whoami().await.ok();
    app.advance(DAY);
    let expired = jane.client.whoami().await;
    expired.refused(Code::SessionExpired);
    assert!(expired.header("www-authenticate").starts_with("Bearer"));
}

async fn the_absolute_limit_does_not_slide(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    for _ in 0..59 {
        app.advance(DAY / 2);
        jane.client.whoami().await.ok();
        app.settle().await;
    }
    app.advance(DAY / 2 - 1);
    let last = jane.client.whoami().await;
    last.ok();
    assert_eq!(last.at("/idle_expires_at"), last.at("/expires_at"));
    app.advance(1);
    jane.client.whoami().await.refused(Code::SessionExpired);
}

async fn an_expired_token_says_so_for_thirty_days(app: TestApp) {
    let (jane, joe) = (app.person("jane@acme.example").await, app.person("joe@acme.example").await);
    // Never used: the idle limit ended them after a day.
    app.advance(DAY);
    jane.client.whoami().await.refused(Code::SessionExpired);
    app.advance(30 * DAY - 1);
    app.sweep().await;
    jane.client.whoami().await.refused(Code::SessionExpired);
    app.advance(1);
    jane.client.whoami().await.refused(Code::SessionInvalid);
    app.advance(40 * DAY);
    app.sweep().await;
    joe.client.whoami().await.refused(Code::SessionInvalid);
}

async fn a_shorter_policy_holds_for_sessions_that_are_there(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    jane.client.whoami().await.ok();
    app.settings(json!({ "session_policy": { "idle_timeout_seconds": 300 } })).await;
    assert_eq!(jane.client.whoami().await.at("/idle_expires_at"), "2026-03-02T09:05:00.000Z");
    app.advance(300);
    jane.client.whoami().await.refused(Code::SessionExpired);
    let joe = app.person("joe@acme.example").await;
    assert_eq!(joe.client.get("/v1/sessions").await.ok()["sessions"].as_array().map(Vec::len), Some(1));
}

async fn use_is_noted_to_the_minute_and_written_behind(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    app.advance(150);
    assert_eq!(jane.client.whoami().await.at("/last_used_at"), "2026-03-02T09:02:00.000Z");
    assert_eq!(avnology_core::sessions::flush_uses(app.tenant()).await.expect("written"), 1);
    jane.client.whoami().await.ok();
    assert_eq!(avnology_core::sessions::flush_uses(app.tenant()).await.expect("written"), 0, "once a minute");
    let list = jane.client.get("/v1/sessions").await;
    assert_eq!(list.at("/sessions/0/last_used_at"), "2026-03-02T09:02:00.000Z");
}

async fn a_token_is_checked_for_others(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let verify =
        |token: &str| app.admin_key().post("/v1/sessions:verify").json(&json!({ "session_token": token }));
    let good = verify(&jane.client.token()).await;
    assert_eq!((good.ok()["active"].clone(), good.at("/session/id")), (json!(true), jane.session_id.clone()));
    let bad = json!({ "active": false, "session": null });
    for token in ["", "nonsense", "avnl_ses_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg3kjoz6"] {
        assert_eq!(verify(token).await.ok(), &bad, "{token}");
    }
    let token = jane.client.token();
    jane.client.post("/v1/sessions:logout").await.no_content();
    assert_eq!(verify(&token).await.ok(), &bad);
    let joe = app.person("joe@acme.example").await;
    app.advance(DAY);
    assert_eq!(verify(&joe.client.token()).await.ok(), &bad, "expired");
    let missing = app.admin_key().post("/v1/sessions:verify").json(&json!({})).await;
    missing.refused_fields(Code::ValidationFailed, &[("session_token", "required")]);
}

async fn ones_own_sessions_are_listed_and_the_present_one_marked(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let second = app.browser().signed_in("jane@acme.example").await;
    app.person("joe@acme.example").await;
    let list = jane.client.get("/v1/sessions").await;
    let mut marks: Vec<(String, bool)> = list.ok()["sessions"]
        .as_array()
        .expect("sessions")
        .iter()
        .map(|s| (s["id"].as_str().unwrap_or_default().to_owned(), s["current"] == json!(true)))
        .collect();
    marks.sort();
    let mut expected = vec![(jane.session_id.clone(), true), (second.session_id.clone(), false)];
    expected.sort();
    assert_eq!((marks, list["next_page_token"].clone()), (expected, json!("")));
    assert!(jane.client.whoami().await.ok().get("current").is_none(), "in lists only");
    app.advance(DAY);
    let third = app.program().signed_in("jane@acme.example").await;
    let list = third.client.get("/v1/sessions").await;
    assert_eq!(list.ok()["sessions"].as_array().map(Vec::len), Some(1), "only active ones");
}

async fn a_browser_gets_a_cookie_and_a_program_a_token(app: TestApp) {
    app.account("jane@acme.example").await;
    let browser = app.browser();
    let flow = browser.open("login").await;
    let form = json!({ "identifier": "jane@acme.example", "password": PASSWORD });
    let done = flow.submit("password", form).await;
    assert!(done.ok()["session_token"].is_null() && !done.text().contains("avnl_ses_"), "{done}");
    let cookies = done.set_cookies();
    let cookie =
        cookies.iter().find(|c| c.starts_with("__Host-avnology_session=avnl_ses_")).expect("a cookie");
    for attribute in ["Path=/", "HttpOnly", "SameSite=Lax", "Secure", "Max-Age=2592000"] {
        assert!(cookie.contains(attribute), "{attribute}: {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let program = app.program().sign_in("jane@acme.example", PASSWORD).await;
    assert!(program.token().starts_with("avnl_ses_") && program.set_cookies().is_empty(), "{program}");
}

async fn a_token_that_is_none_is_refused_without_a_look(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let token = jane.client.token();
    app.tenant().store.close().await.expect("the store closes");
    let mut wrong_check = token.clone();
    wrong_check.pop();
    wrong_check.push(if token.ends_with('0') { '1' } else { '0' });
    for bad in
        [wrong_check.as_str(), "avnl_ses_", "nonsense", &token[..40], &token.to_uppercase(), "avnl_rt_abc"]
    {
        app.program().with_token(bad).whoami().await.refused(Code::SessionInvalid);
    }
}

async fn a_sign_in_makes_a_new_session_whatever_cookie_came_along(app: TestApp) {
    let jane = app.browsing("jane@acme.example").await;
    let victim = app.browser();
    let planted = jane.client.cookie("__Host-avnology_session").expect("a session");
    app.account("joe@acme.example").await;
    let flow = victim.open("login").await;
    victim.set_cookie("__Host-avnology_session", &planted);
    let form = json!({ "identifier": "joe@acme.example", "password": PASSWORD });
    let done = flow.submit("password", form).await;
    assert_ne!(done.at("/session/id"), jane.session_id);
    assert_ne!(victim.cookie("__Host-avnology_session"), Some(planted));
    assert_eq!(victim.whoami().await.at("/identity/email"), "joe@acme.example");
    assert_eq!(jane.client.whoami().await.at("/identity/email"), "jane@acme.example");
}
