//! Lockout: `contract/11` §11.

use std::collections::BTreeMap;

use avnology_model::{Code, events::EventType};
use avnology_testkit::{Engine, FlowRun, PASSWORD, TestApp, on_both_engines};
use serde_json::json;

const JANE: &str = "jane@acme.example";

on_both_engines! {
    five_failures_lock_the_account_and_the_right_password_waits_too,
    an_unknown_account_locks_the_same_way,
    failures_count_within_their_window_only,
    success_clears_the_failures,
    each_further_lock_within_a_day_is_twice_as_long_up_to_four_hours,
    a_lock_stops_codes_and_their_sending_too,
    wrong_codes_count_as_failures,
    recovery_lifts_a_lock,
    sessions_go_on_during_a_lock,
    the_tenants_numbers_hold,
    a_lock_is_told_once_to_its_owner,
    a_thousand_wrong_passwords_at_once_count_as_five_and_the_lock_holds,
}

async fn fail(app: &TestApp, identifier: &str, times: usize) {
    for _ in 0..times {
        app.program().sign_in(identifier, "wrong").await.refused(Code::WrongCredentials);
    }
}

async fn locked_for(app: &TestApp, identifier: &str) -> u64 {
    let answer = app.program().sign_in(identifier, PASSWORD).await;
    let document = answer.refused(Code::AccountLocked);
    let seconds = document["retry_after"].as_u64().expect("a wait");
    assert_eq!(answer.header("retry-after"), seconds.to_string());
    assert_eq!(answer.messages(), ["4010002"]);
    let message = &document["continue_flow"]["ui"]["messages"][0];
    assert_eq!(message["context"]["minutes"], seconds.div_ceil(60), "{answer}");
    seconds
}

async fn five_failures_lock_the_account_and_the_right_password_waits_too(app: TestApp) {
    app.account(JANE).await;
    fail(&app, JANE, 5).await;
    assert_eq!(locked_for(&app, JANE).await, 900);
    app.advance(899);
    assert_eq!(locked_for(&app, "JANE@acme.example").await, 1);
    app.advance(1);
    app.program().sign_in(JANE, PASSWORD).await.token();
}

async fn an_unknown_account_locks_the_same_way(app: TestApp) {
    fail(&app, "nobody@acme.example", 5).await;
    assert_eq!(locked_for(&app, "Nobody@ACME.example").await, 900);
    app.program().sign_in("other@acme.example", "wrong").await.refused(Code::WrongCredentials);
    app.advance(900);
    fail(&app, "nobody@acme.example", 5).await;
    assert_eq!(locked_for(&app, "nobody@acme.example").await, 1_800);
}

async fn failures_count_within_their_window_only(app: TestApp) {
    app.account(JANE).await;
    fail(&app, JANE, 4).await;
    app.advance(900);
    fail(&app, JANE, 4).await;
    app.program().sign_in(JANE, PASSWORD).await.token();
}

async fn success_clears_the_failures(app: TestApp) {
    app.account(JANE).await;
    for _ in 0..3 {
        fail(&app, JANE, 4).await;
        app.program().sign_in(JANE, PASSWORD).await.token();
    }
}

async fn each_further_lock_within_a_day_is_twice_as_long_up_to_four_hours(app: TestApp) {
    app.account(JANE).await;
    for seconds in [900, 1_800, 3_600, 7_200, 14_400, 14_400] {
        fail(&app, JANE, 5).await;
        assert_eq!(locked_for(&app, JANE).await, seconds);
        app.advance(i64::try_from(seconds).expect("small"));
    }
    app.advance(24 * 3600);
    fail(&app, JANE, 5).await;
    assert_eq!(locked_for(&app, JANE).await, 900);
}

async fn a_lock_stops_codes_and_their_sending_too(app: TestApp) {
    app.account(JANE).await;
    let flow = app.program().open("login").await;
    flow.submit("code", json!({ "identifier": JANE })).await.goes_on("sent_email");
    let code = app.latest_mail(JANE).await.code;
    fail(&app, JANE, 5).await;
    flow.submit("code", json!({ "code": code })).await.refused(Code::AccountLocked);
    let other = app.program().open("login").await;
    other.submit("code", json!({ "identifier": JANE })).await.refused(Code::AccountLocked);
    other.submit("link", json!({ "identifier": JANE })).await.refused(Code::AccountLocked);
}

async fn wrong_codes_count_as_failures(app: TestApp) {
    app.account(JANE).await;
    for (kind, ask, code) in [
        ("login", json!({ "identifier": JANE }), Code::WrongCode),
        ("verification", json!({ "email": JANE }), Code::WrongCode),
    ] {
        let flow = app.program().open(kind).await;
        flow.submit("code", ask).await.goes_on("sent_email");
        for _ in 0..5 {
            flow.submit("code", json!({ "code": "abcdef" })).await.refused(code);
        }
        locked_for(&app, JANE).await;
        app.admin_key().get("/v1/identities").await.ok();
        app.advance(4 * 3600);
    }
}

async fn recovery_lifts_a_lock(app: TestApp) {
    app.account(JANE).await;
    fail(&app, JANE, 5).await;
    locked_for(&app, JANE).await;
    app.program().recover(JANE).await.goes_on("show_form");
    app.program().sign_in(JANE, PASSWORD).await.token();
}

async fn sessions_go_on_during_a_lock(app: TestApp) {
    let jane = app.person(JANE).await;
    fail(&app, JANE, 5).await;
    locked_for(&app, JANE).await;
    jane.client.whoami().await.ok();
    jane.client.patch("/v1/me").json(&json!({ "first_name": "Jane" })).await.ok();
}

async fn the_tenants_numbers_hold(app: TestApp) {
    app.settings(json!({ "lockout": { "max_failures": 2, "window_seconds": 60, "lock_seconds": 30 } })).await;
    app.account(JANE).await;
    fail(&app, JANE, 2).await;
    assert_eq!(locked_for(&app, JANE).await, 30);
    app.advance(30);
    app.program().sign_in(JANE, PASSWORD).await.token();
}

async fn a_lock_is_told_once_to_its_owner(app: TestApp) {
    let id = app.account(JANE).await;
    fail(&app, JANE, 5).await;
    for _ in 0..3 {
        locked_for(&app, JANE).await;
    }
    let expected = json!({ "user_id": id, "locked_until": "2026-03-02T09:15:00.000Z" });
    assert_eq!(app.payloads(EventType::UserLocked).await, [expected]);
    assert_eq!(app.payloads(EventType::SessionLoginFailed).await.len(), 5);
    assert_eq!(app.mail_kinds(JANE).await, ["account_locked"]);
}

/// Whatever order they come in: five count, and after the lock the right one among them is refused like the others.
async fn a_thousand_wrong_passwords_at_once_count_as_five_and_the_lock_holds(app: TestApp) {
    let id = app.account(JANE).await;
    let (flows, tries) = if app.engine() == Engine::Sqlite { (50, 20) } else { (20, 10) };
    let mut runs = Vec::new();
    for _ in 0..flows {
        runs.push(app.program().open("login").await);
    }
    let mut statuses = storm(&runs, tries, |_| false).await;
    let failures = app.payloads(EventType::SessionLoginFailed).await.len();
    assert_eq!((statuses.remove(&401), failures), (Some(5), 5), "{statuses:?}");
    assert!(statuses.keys().all(|status| matches!(status, 423 | 503)), "{statuses:?}");
    assert_eq!(app.payloads(EventType::UserLocked).await.len(), 1);
    let statuses = storm(&runs, tries, |n| n % 3 == 0).await;
    assert!(statuses.keys().all(|status| matches!(status, 423 | 503)), "{statuses:?}");
    assert_eq!(app.payloads(EventType::SessionLoginFailed).await.len(), 5, "nothing counts during the lock");
    assert_eq!(locked_for(&app, JANE).await, 900);
    let locked = app.admin_key().get(&format!("/v1/identities/{id}")).await;
    assert_eq!(locked.at("/locked_until"), "2026-03-02T09:15:00.000Z");
}

/// All at once, `tries` in each flow, with the right password where `is_right` says so; how often which status came.
async fn storm(runs: &[FlowRun], tries: usize, is_right: fn(usize) -> bool) -> BTreeMap<u16, usize> {
    let submits: Vec<_> = (0..tries * runs.len())
        .map(|n| (n, runs[n % runs.len()].clone()))
        .map(|(n, run)| {
            let password = if is_right(n) { PASSWORD } else { "wrong" };
            let body = json!({ "identifier": JANE, "password": password });
            tokio::spawn(async move { run.submit("password", body).await.status })
        })
        .collect();
    let mut statuses = BTreeMap::new();
    for submit in submits {
        *statuses.entry(submit.await.expect("an answer")).or_insert(0) += 1;
    }
    statuses
}
