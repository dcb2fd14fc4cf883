//! Tokens of places in the log that this tenant never gave: of another tenant, and of a future that is none (`contract/50` §3).

use avnology_model::Code;
use avnology_testkit::{Answer, Client, Setup, TestApp, on_both_engines};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::kit::{SCHEMA, ask, grant, put_schema, tuple};

on_both_engines! {
    a_token_of_another_tenant_is_refused_wherever_one_is_taken,
    a_token_of_the_future_is_refused_wherever_one_is_taken,
    a_token_in_a_body_of_keto_is_followed_too,
}

const TUPLE: &str = "folders:a#view@usr_1";

fn with(mut body: Value, member: &str, token: &str) -> Value {
    body[member] = json!(token);
    body
}

/// Every question that takes a token, each way that it can be said.
async fn asked(key: &Client, token: &str) -> Vec<(String, Answer)> {
    let mut answers = Vec::new();
    let object = json!({ "namespace": "folders", "object": "a", "relation": "view" });
    for member in ["snaptoken", "at_least_as_fresh"] {
        for (verb, body) in [
            ("check", tuple(TUPLE)),
            ("explain", tuple(TUPLE)),
            ("expand", object.clone()),
            ("listSubjects", object.clone()),
            ("listObjects", json!({ "namespace": "folders", "relation": "view", "subject": "usr_1" })),
            ("batchCheck", json!({ "checks": [tuple(TUPLE)] })),
        ] {
            let answer = ask(key, None, verb, &with(body, member, token)).await;
            answers.push((format!("{verb} {member}"), answer));
        }
        let list = key.get("/v1/permissions").query(&[(member, token)]).await;
        answers.push((format!("list {member}"), list));
    }
    let named = [("namespace", "folders"), ("object", "a"), ("relation", "view"), ("subject_id", "usr_1")];
    let query: Vec<(&str, &str)> = named.into_iter().chain([("snaptoken", token)]).collect();
    for path in ["/relation-tuples/check", "/relation-tuples/check/openapi"] {
        answers.push((format!("GET {path}"), key.get(path).query(&query).await));
        let posted = key.post(path).json(&with(keto(), "snaptoken", token)).await;
        answers.push((format!("POST {path}, in the body"), posted));
        let posted = key.post(path).query(&[("snaptoken", token)]).json(&keto()).await;
        answers.push((format!("POST {path}, in the query"), posted));
    }
    let batch = with(json!({ "tuples": [keto()] }), "snaptoken", token);
    answers.push(("batch/check".to_owned(), key.post("/relation-tuples/batch/check").json(&batch).await));
    let (list, three) = ([("snaptoken", token)], [query[0], query[1], query[2], query[4]]);
    answers.push(("relation-tuples".to_owned(), key.get("/relation-tuples").query(&list).await));
    answers.push(("expand".to_owned(), key.get("/relation-tuples/expand").query(&three).await));
    answers
}

fn keto() -> Value {
    json!({ "namespace": "folders", "object": "a", "relation": "view", "subject_id": "usr_1" })
}

fn refused(answers: &[(String, Answer)]) {
    for (what, answer) in answers {
        // Keto's form has words for it, and no code.
        let is_keto = answer.json()["error"]["reason"] == Code::SnaptokenInvalid.title();
        let is_ours = answer.code() == Some(Code::SnaptokenInvalid);
        assert!(answer.status == 400 && (is_ours || is_keto), "{what}: {answer}");
    }
}

async fn a_token_of_another_tenant_is_refused_wherever_one_is_taken(app: TestApp) {
    let other = TestApp::start(Setup::on(app.engine()).drawing(1_000)).await;
    for app in [&app, &other] {
        put_schema(app, SCHEMA, &[]).await.ok();
    }
    let theirs = grant(&other.admin_key(), None, "folders:a#viewer@usr_1").await.at("/snaptoken");
    let ours = grant(&app.admin_key(), None, "folders:a#viewer@usr_1").await.at("/snaptoken");
    assert_ne!(theirs, ours);
    refused(&asked(&app.admin_key(), &theirs).await);
    for (what, answer) in asked(&app.admin_key(), &ours).await {
        assert_eq!(answer.status, 200, "{what}: {answer}");
    }
}

async fn a_token_of_the_future_is_refused_wherever_one_is_taken(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    let token = grant(&key, None, "folders:a#viewer@usr_1").await.at("/snaptoken");
    // As a server that was set back to an older copy of its data meets it: well sealed, and ahead of everything.
    let whole = BASE64_URL_SAFE_NO_PAD.decode(&token).expect("a token");
    let (_, rest) = whole.split_at(6);
    let mut place = [0; 16];
    place[16 - rest.len()..].copy_from_slice(rest);
    let ahead = (u128::from_be_bytes(place) + (1 << 80)).to_be_bytes();
    let mut future = app.tenant().keys.hmac("snaptoken", &ahead)[..6].to_vec();
    future.extend(ahead.iter().skip_while(|byte| **byte == 0));
    refused(&asked(&key, &BASE64_URL_SAFE_NO_PAD.encode(future)).await);
}

async fn a_token_in_a_body_of_keto_is_followed_too(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    let token = grant(&key, None, "folders:a#viewer@usr_1").await.at("/snaptoken");
    let told = key.post("/relation-tuples/check").json(&with(keto(), "snaptoken", &token)).await;
    assert_eq!(told.ok()["allowed"], true);
}
