//! What ends sessions, and when: `contract/10` §§8.2–8.3.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use avnology_model::Code;
use avnology_testkit::{Answer, PASSWORD, Person, TestApp, on_both_engines};
use serde_json::json;

const OTHER: &str = "amber canyon tulip 9";

on_both_engines! {
    signing_out_ends_the_session_and_clears_the_cookie,
    signing_out_without_a_session_is_no_error,
    one_ends_ones_own_sessions_and_nobody_elses,
    all_others_end_at_once,
    a_revocation_holds_before_it_is_acknowledged,
    a_new_password_ends_the_others_and_replaces_the_token_at_once,
    others_stay_when_that_is_asked_for,
    after_a_step_up_the_old_token_lives_thirty_seconds,
    the_replaced_token_does_not_outlive_the_session,
    after_recovery_no_old_token_works,
}

async fn change_password(person: &Person, more: &[(&str, bool)]) -> Answer {
    let flow = person.client.open("settings").await;
    let mut body = json!({ "password": OTHER });
    for (name, value) in more {
        body[*name] = json!(value);
    }
    flow.submit("password", body).await
}

async fn signing_out_ends_the_session_and_clears_the_cookie(app: TestApp) {
    let jane = app.browsing("jane@acme.example").await;
    let token = jane.client.cookie("__Host-avnology_session").expect("a session");
    let out = jane.client.post("/v1/sessions:logout").await;
    out.no_content();
    assert!(
        out.set_cookies()
            .iter()
            .any(|c| c.starts_with("__Host-avnology_session=;") && c.contains("Max-Age=0"))
    );
    assert_eq!(jane.client.cookie("__Host-avnology_session"), None);
    app.program().with_token(&token).whoami().await.refused(Code::SessionInvalid);
}

async fn signing_out_without_a_session_is_no_error(app: TestApp) {
    app.program().post("/v1/sessions:logout").await.no_content();
    app.browser().post("/v1/sessions:logout").await.no_content();
    app.program().with_token("nonsense").post("/v1/sessions:logout").await.no_content();
}

async fn one_ends_ones_own_sessions_and_nobody_elses(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let second = app.program().signed_in("jane@acme.example").await;
    let joe = app.person("joe@acme.example").await;
    let end = |id: &str| jane.client.delete(&format!("/v1/sessions/{id}"));
    end(&joe.session_id).await.refused(Code::NotFound);
    joe.client.whoami().await.ok();
    end(&second.session_id).await.no_content();
    second.client.whoami().await.refused(Code::SessionInvalid);
    end(&second.session_id).await.refused(Code::NotFound);
    end("ses_01kjpwe457etztza3v90genf98").await.refused(Code::NotFound);
    end(&jane.session_id).await.no_content();
    jane.client.whoami().await.refused(Code::SessionInvalid);
}

async fn all_others_end_at_once(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let (second, third) = (
        app.program().signed_in("jane@acme.example").await,
        app.browser().signed_in("jane@acme.example").await,
    );
    let joe = app.person("joe@acme.example").await;
    for person in [&second, &third] {
        person.client.whoami().await.ok();
    }
    jane.client.delete("/v1/sessions").await.no_content();
    second.client.whoami().await.refused(Code::SessionInvalid);
    third.client.whoami().await.refused(Code::SessionInvalid);
    jane.client.whoami().await.ok();
    joe.client.whoami().await.ok();
}

/// Callers that ask all the time: whoever begins after the acknowledgement is refused.
async fn a_revocation_holds_before_it_is_acknowledged(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    for _ in 0..15 {
        let victim = app.program().signed_in("jane@acme.example").await;
        let acknowledged = Arc::new(AtomicBool::new(false));
        let askers: Vec<_> = (0..6)
            .map(|_| {
                let (client, acknowledged) = (victim.client.clone(), Arc::clone(&acknowledged));
                tokio::spawn(async move {
                    loop {
                        let is_over = acknowledged.load(Ordering::SeqCst);
                        let answer = client.whoami().await;
                        if is_over {
                            return answer.status;
                        }
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        tokio::task::yield_now().await;
        jane.client.delete(&format!("/v1/sessions/{}", victim.session_id)).await.no_content();
        acknowledged.store(true, Ordering::SeqCst);
        for asker in askers {
            assert_eq!(asker.await.expect("an answer"), 401);
        }
        for _ in 0..3 {
            victim.client.whoami().await.refused(Code::SessionInvalid);
        }
    }
}

async fn a_new_password_ends_the_others_and_replaces_the_token_at_once(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let second = app.program().signed_in("jane@acme.example").await;
    second.client.whoami().await.ok();
    let old = jane.client.token();
    let saved = change_password(&jane, &[]).await;
    saved.goes_on("show_form");
    assert_eq!(saved.at("/session/id"), jane.session_id, "the same session");
    app.program().with_token(&old).whoami().await.refused(Code::SessionInvalid);
    second.client.whoami().await.refused(Code::SessionInvalid);
    jane.client.set_token(&saved.token());
    jane.client.whoami().await.ok();
}

async fn others_stay_when_that_is_asked_for(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let second = app.program().signed_in("jane@acme.example").await;
    change_password(&jane, &[("keep_other_sessions", true)]).await.ok();
    second.client.whoami().await.ok();
}

async fn step_up(person: &Person) -> Answer {
    let flow = person.client.open_with("login", &[("refresh", "true")]).await;
    flow.submit("password", json!({ "password": PASSWORD })).await
}

async fn after_a_step_up_the_old_token_lives_thirty_seconds(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let old = jane.client.token();
    app.advance(1_000);
    let done = step_up(&jane).await;
    assert_eq!(done.at("/session/id"), jane.session_id, "the same session");
    assert_ne!(done.token(), old);
    app.advance(29);
    jane.client.with_token(&old).whoami().await.ok();
    app.advance(1);
    jane.client.with_token(&old).whoami().await.refused(Code::SessionInvalid);
    jane.client.with_token(&done.token()).whoami().await.ok();
}

async fn the_replaced_token_does_not_outlive_the_session(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let old = jane.client.token();
    let done = step_up(&jane).await;
    jane.client.with_token(&old).whoami().await.ok();
    jane.client.with_token(&done.token()).post("/v1/sessions:logout").await.no_content();
    jane.client.with_token(&old).whoami().await.refused(Code::SessionInvalid);
}

async fn after_recovery_no_old_token_works(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    jane.client.whoami().await.ok();
    let client = app.program();
    let recovered = client.recover("jane@acme.example").await;
    client.set_token(&recovered.token());
    let saved = client.follow(&recovered).submit("password", json!({ "password": OTHER })).await;
    saved.goes_on("show_form");
    client.whoami().await.refused(Code::SessionInvalid);
    jane.client.whoami().await.refused(Code::SessionInvalid);
    assert_eq!(client.with_token(&saved.token()).whoami().await.at("/kind"), "standard");
}
