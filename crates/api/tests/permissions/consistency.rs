//! How new an answer is (`contract/50` §3).

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use avnology_model::Code;
use avnology_testkit::{TestApp, on_both_engines};
use serde_json::json;

use crate::kit::{SCHEMA, allowed, ask, grant, put_schema, revoke, tuple};

on_both_engines! {
    a_check_after_a_write_sees_it,
    no_check_that_begins_after_the_answer_sees_the_old_right,
    a_token_of_a_write_is_good_for_every_question,
    a_token_that_was_never_given_is_refused,
    one_way_to_ask_for_freshness_at_a_time,
    a_server_that_has_just_started_answers_from_what_is_kept,
    what_changed_while_memory_was_away_is_read_again,
}

async fn a_check_after_a_write_sees_it(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    for n in 0..20 {
        let (write, view) = (format!("folders:f{n}#viewer@usr_1"), format!("folders:f{n}#view@usr_1"));
        grant(&key, None, &write).await.created();
        assert!(allowed(&key, None, &view).await, "{n}");
        revoke(&key, None, &write).await.no_content();
        assert!(!allowed(&key, None, &view).await, "{n}");
    }
}

/// Asks without a pause while rights come and go; a check that began after the answer of the taking must not find the right.
async fn no_check_that_begins_after_the_answer_sees_the_old_right(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let team = app.team("Acme", "jane@acme.example").await;
    let jane = team.owner.client.clone();
    let mary = team.member("mary@acme.example", "member").await.id;
    let group = jane.post(&team.path("/groups")).json(&json!({ "name": "Sales" })).await.at("/id");
    let members = team.path(&format!("/groups/{group}/members"));
    let direct = format!("folders:direct#viewer@{mary}");
    let through = format!("folders:through#viewer@groups:{group}#member");
    grant(&jane, Some(&team.id), &through).await.created();
    for (round, name) in ["direct", "through"].into_iter().cycle().take(10).enumerate() {
        if name == "direct" {
            grant(&jane, Some(&team.id), &direct).await.created();
        } else {
            jane.post(&members).json(&json!({ "identity_id": mary })).await.created();
        }
        let view = format!("folders:{name}#view@{mary}");
        // 0: held; 1: taken, and the answer is there; 2: enough was asked.
        let state = Arc::new(AtomicU32::new(0));
        let askers: Vec<_> = (0..4)
            .map(|_| {
                let (state, view, org) = (Arc::clone(&state), view.clone(), team.id.clone());
                let key = app.admin_key();
                tokio::spawn(async move {
                    loop {
                        let begun = state.load(Ordering::SeqCst);
                        let held = allowed(&key, Some(&org), &view).await;
                        assert!(begun == 0 || !held, "{view} after it was taken");
                        if begun == 2 {
                            return;
                        }
                    }
                })
            })
            .collect();
        if name == "direct" {
            revoke(&jane, Some(&team.id), &direct).await.no_content();
        } else {
            jane.delete(&format!("{members}/{mary}")).await.no_content();
        }
        state.store(1, Ordering::SeqCst);
        for _ in 0..5 {
            assert!(!allowed(&jane, Some(&team.id), &view).await, "{round}");
        }
        state.store(2, Ordering::SeqCst);
        for asker in askers {
            asker.await.expect("every answer was right");
        }
    }
}

async fn a_token_of_a_write_is_good_for_every_question(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    let token = grant(&key, None, "folders:a#viewer@usr_1").await.at("/snaptoken");
    assert!(token.len() <= 64, "{token}");
    for member in ["snaptoken", "at_least_as_fresh"] {
        let mut body = tuple("folders:a#view@usr_1");
        body[member] = json!(token);
        for verb in ["check", "explain"] {
            assert_eq!(ask(&key, None, verb, &body).await.ok()["allowed"], true);
        }
        let object = json!({ "namespace": "folders", "object": "a", "relation": "view", member: token });
        for verb in ["expand", "listSubjects"] {
            ask(&key, None, verb, &object).await.ok();
        }
        let objects =
            json!({ "namespace": "folders", "relation": "view", "subject": "usr_1", member: token });
        ask(&key, None, "listObjects", &objects).await.ok();
        let checks = json!({ "checks": [tuple("folders:a#view@usr_1")], member: token });
        ask(&key, None, "batchCheck", &checks).await.ok();
        key.get("/v1/permissions").query(&[(member, &token)]).await.ok();
    }
    let mut body = tuple("folders:a#view@usr_1");
    body["consistency"] = json!("full");
    let told = ask(&key, None, "check", &body).await;
    assert_eq!(told.ok()["allowed"], true);
    // A token of an answer is one, too.
    body = tuple("folders:a#view@usr_1");
    body["snaptoken"] = told["snaptoken"].clone();
    ask(&key, None, "check", &body).await.ok();
}

async fn a_token_that_was_never_given_is_refused(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    let own = grant(&key, None, "folders:a#viewer@usr_1").await.at("/snaptoken");
    let long = "A".repeat(65);
    let mut cut = own.clone();
    cut.pop();
    for token in ["", "AAAB9kq3", "not a token", &long, &cut] {
        let mut body = tuple("folders:a#view@usr_1");
        body["snaptoken"] = json!(token);
        ask(&key, None, "check", &body).await.refused(Code::SnaptokenInvalid);
        key.get("/v1/permissions").query(&[("snaptoken", token)]).await.refused(Code::SnaptokenInvalid);
    }
}

async fn one_way_to_ask_for_freshness_at_a_time(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    let token = grant(&key, None, "folders:a#viewer@usr_1").await.at("/snaptoken");
    let mut body = tuple("folders:a#view@usr_1");
    body["snaptoken"] = json!(token);
    body["consistency"] = json!("full");
    let refused = ask(&key, None, "check", &body).await;
    refused.refused_fields(Code::ValidationFailed, &[("consistency", "conflict")]);
    body["consistency"] = json!("some");
    let refused = ask(&key, None, "check", &body).await;
    refused.refused_fields(Code::ValidationFailed, &[("consistency", "not_in_enum")]);
}

async fn a_server_that_has_just_started_answers_from_what_is_kept(app: TestApp) {
    put_schema(&app, SCHEMA, &["folders"]).await.ok();
    let key = app.admin_key();
    let team = app.team("Acme", "jane@acme.example").await;
    let role = json!({ "key": "billing", "name": "Billing", "permissions": ["invoices:*"] });
    team.owner.client.post(&team.path("/roles")).json(&role).await.created();
    let bill = team.member("bill@acme.example", "billing").await.id;
    grant(&key, None, "folders:a#viewer@usr_1").await.created();
    grant(&key, Some(&team.id), "folders:b#viewer@usr_1").await.created();
    let (owner, org) = (team.owner.id.clone(), team.id.clone());
    drop((key, team));
    let app = app.restarted().await;
    let key = app.admin_key();
    assert!(allowed(&key, None, "folders:a#view@usr_1").await);
    assert!(allowed(&key, Some(&org), "folders:b#view@usr_1").await);
    assert!(!allowed(&key, None, "folders:b#view@usr_1").await);
    assert!(allowed(&key, None, &format!("organizations:{org}#admin@{owner}")).await);
    assert!(allowed(&key, None, &format!("organizations:{org}#invoices:write@{bill}")).await);
}

async fn what_changed_while_memory_was_away_is_read_again(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    grant(&key, None, "folders:a#viewer@usr_1").await.created();
    assert!(allowed(&key, None, "folders:a#view@usr_1").await);
    // Longer than the log is kept.
    app.advance(2 * 60 * 60);
    revoke(&key, None, "folders:a#viewer@usr_1").await.no_content();
    assert!(!allowed(&key, None, "folders:a#view@usr_1").await);
    app.sweep().await;
    grant(&key, None, "folders:b#viewer@usr_1").await.created();
    assert!(allowed(&key, None, "folders:b#view@usr_1").await);
    assert!(!allowed(&key, None, "folders:a#view@usr_1").await);
}
