//! What is no tuple, and what is too much.

use avnology_model::Code;
use avnology_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::kit::{SCHEMA, ask, grant, put_schema, tuple};

on_both_engines! {
    each_part_is_refused_by_its_name,
    bodies_that_are_no_questions_are_refused,
    a_fan_out_is_answered_or_refused_and_never_guessed,
}

async fn each_part_is_refused_by_its_name(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    let long = "x".repeat(256);
    for (part, values) in [
        ("namespace", vec!["", "Folders", "fold ers", "9", "folders\u{0}", &long]),
        ("object", vec!["", "a b", "a#b", "a@b", "a\u{7}", "a\u{0}", "a\u{2003}b", &long]),
        ("relation", vec!["", "#", "vie wer", "*", "viewer\n", "é", &long]),
        ("subject", vec!["", "a b", "#", "groups:#member", ":a#b", "a\u{1b}", "groups:a#b c", &long]),
    ] {
        for value in values {
            let mut body = tuple("folders:a#viewer@usr_1");
            body[part] = json!(value);
            for call in [
                key.post("/v1/permissions").json(&body),
                key.post("/v1/permissions:check").json(&body),
                key.delete("/v1/permissions").json(&body),
            ] {
                let answer = call.await;
                let known = [Code::ValidationFailed, Code::PermissionUnknown];
                let is_trimmed = value.trim() != value && answer.status < 400;
                assert!(
                    answer.code().is_some_and(|code| known.contains(&code))
                        || is_trimmed
                        || answer.status == 404,
                    "{part} {value:?}: {answer}"
                );
                assert!(answer.status < 500, "{part} {value:?}: {answer}");
            }
        }
        let mut body = tuple("folders:a#viewer@usr_1");
        body.as_object_mut().expect("an object").remove(part);
        let refused = key.post("/v1/permissions").json(&body).await;
        refused.refused_fields(Code::ValidationFailed, &[(part, "required")]);
    }
}

async fn bodies_that_are_no_questions_are_refused(app: TestApp) {
    let key = app.admin_key();
    for body in [json!([]), json!(1), json!("a"), json!({ "namespace": 1 }), json!({ "unknown": true })] {
        for verb in ["check", "batchCheck", "expand", "explain", "listObjects", "listSubjects", "batchWrite"]
        {
            ask(&key, None, verb, &body).await.refused(Code::ValidationFailed);
        }
        key.post("/v1/permissions").json(&body).await.refused(Code::ValidationFailed);
        let put = key.call("PUT", "/v1/permissions/namespaces").json(&body).await;
        put.refused(Code::ValidationFailed);
    }
    let odd = json!({ "operations": [{ "action": "change", "tuple": tuple("folders:a#viewer@usr_1") }] });
    ask(&key, None, "batchWrite", &odd).await.refused(Code::ValidationFailed);
}

async fn a_fan_out_is_answered_or_refused_and_never_guessed(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    for chunk in 0..11 {
        let operations: Vec<Value> = (0..1_000)
            .map(|n| {
                let text = format!("folders:root#parent@folders:f{chunk}_{n}");
                json!({ "action": "insert", "tuple": tuple(&text) })
            })
            .collect();
        key.post("/v1/permissions:batchWrite").json(&json!({ "operations": operations })).await.ok();
    }
    let wide = ask(&key, None, "check", &tuple("folders:root#edit@usr_1")).await;
    assert_eq!(wide.refused(Code::EvaluationLimit)["limit"], "width");
    let object = json!({ "namespace": "folders", "object": "root", "relation": "edit" });
    ask(&key, None, "expand", &object).await.refused(Code::EvaluationLimit);
    grant(&key, None, "folders:root#editor@usr_1").await.created();
    assert_eq!(ask(&key, None, "check", &tuple("folders:root#edit@usr_1")).await.ok()["allowed"], true);
}
