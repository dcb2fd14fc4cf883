//! Check, batch check, expand and explain (`contract/50` §§2, 5).

use avnology_model::Code;
use avnology_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::kit::{SCHEMA, allowed, ask, grant, put_schema, tuple};

on_both_engines! {
    a_document_app_asks_who_may_what,
    a_check_is_explained_with_its_tuples,
    an_expansion_shows_the_whole_tree,
    a_batch_answers_in_order_and_names_each_problem,
    whoever_is_signed_in_asks_about_themselves_only,
    what_is_not_there_is_simply_not_allowed,
    a_tuple_that_ends_counts_until_then_and_is_removed,
    a_question_beyond_its_limits_has_no_answer,
    checks_draw_on_a_limit_of_their_own,
}

async fn a_document_app_asks_who_may_what(app: TestApp) {
    let key = app.admin_key();
    put_schema(&app, SCHEMA, &[]).await.ok();
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = team.member("mary@acme.example", "member").await;
    let org = Some(team.id.as_str());
    let jane = &team.owner;
    for text in [
        format!("folders:root#organization@organizations:{}", team.slug),
        "folders:plans#parent@folders:root".to_owned(),
        format!("folders:plans#viewer@{}", mary.id),
    ] {
        grant(&jane.client, org, &text).await.created();
    }
    let holds = async |relation: &str, who: &str| {
        allowed(&jane.client, org, &format!("folders:plans#{relation}@{who}")).await
    };
    assert!(holds("view", &mary.id).await && !holds("edit", &mary.id).await);
    assert!(holds("edit", &jane.id).await, "who owns the organization edits what is in its folders");
    // In the tenant's scope the store of the organization is not seen.
    assert!(!allowed(&key, None, &format!("folders:plans#view@{}", mary.id)).await);
    grant(&jane.client, org, &format!("folders:plans#banned@{}", mary.id)).await.created();
    assert!(!holds("view", &mary.id).await);
    // A group of the organization.
    let group = jane.client.post(&team.path("/groups")).json(&json!({ "name": "Sales" })).await;
    let group = group.at("/id");
    grant(&jane.client, org, &format!("folders:root#viewer@groups:{group}#member")).await.created();
    let paul = team.member("paul@acme.example", "member").await;
    assert!(!holds("view", &paul.id).await);
    let put = team.path(&format!("/groups/{group}/members"));
    jane.client.post(&put).json(&json!({ "identity_id": paul.id })).await.created();
    assert!(holds("view", &paul.id).await, "by the group, and from the folder above");
    jane.client.delete(&format!("{put}/{}", paul.id)).await.no_content();
    assert!(!holds("view", &paul.id).await, "at once");
}

async fn a_check_is_explained_with_its_tuples(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    for text in ["folders:a#parent@folders:b", "folders:b#editor@usr_1"] {
        grant(&key, None, text).await.created();
    }
    let told = ask(&key, None, "explain", &tuple("folders:a#view@usr_1")).await;
    assert_eq!(told.ok()["allowed"], true);
    let path = json!([
        { "namespace": "folders", "object": "a", "relation": "parent", "subject": "folders:b#" },
        { "namespace": "folders", "object": "b", "relation": "editor", "subject": "identities:usr_1" },
    ]);
    assert_eq!(told["path"], path);
    let steps = told["steps"].as_array().cloned().expect("steps");
    let last = steps.last().expect("the question");
    assert_eq!((last["relation"].clone(), last["outcome"].clone()), (json!("view"), json!("yes")));
    assert!(last["rule"].as_str().is_some_and(|rule| rule.contains("banned")), "{told}");
    let no = ask(&key, None, "explain", &tuple("folders:a#view@usr_2")).await;
    assert_eq!((no.ok()["allowed"].clone(), no["path"].clone()), (json!(false), json!([])));
}

async fn an_expansion_shows_the_whole_tree(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let jane = &team.owner;
    let group = jane.client.post(&team.path("/groups")).json(&json!({ "name": "A", "role": "admin" })).await;
    let paul = team.member("paul@acme.example", "member").await;
    let path = team.path(&format!("/groups/{}/members", group.at("/id")));
    jane.client.post(&path).json(&json!({ "identity_id": paul.id })).await.created();
    let body = json!({ "namespace": "organizations", "object": team.slug, "relation": "admin" });
    let told = ask(&jane.client, Some(&team.id), "expand", &body).await;
    let tree = &told.ok()["tree"];
    assert_eq!((tree["type"].clone(), tree["tuple"]["subject"].clone()), (json!("union"), Value::Null));
    let text = tree.to_string();
    assert!(text.contains(&format!("identities:{}", paul.id)), "through the group: {told}");
    assert!(text.contains(&format!("identities:{}", jane.id)), "an owner is an administrator: {told}");
    assert!(!told.at("/snaptoken").is_empty());
}

async fn a_batch_answers_in_order_and_names_each_problem(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    grant(&key, None, "folders:a#editor@usr_1").await.created();
    let checks = json!([
        tuple("folders:a#view@usr_1"),
        tuple("nothing:a#view@usr_1"),
        tuple("folders:a#dance@usr_1"),
        tuple("folders:a#view@usr_2"),
        { "namespace": "folders", "relation": "view", "subject": "usr_1" },
    ]);
    let told = ask(&key, None, "batchCheck", &json!({ "checks": checks })).await;
    let results = told.ok()["results"].as_array().cloned().expect("results");
    let allowed: Vec<bool> = results.iter().map(|one| one["allowed"] == true).collect();
    assert_eq!(allowed, [true, false, false, false, false]);
    let codes: Vec<&str> = results.iter().map(|one| one["error"]["code"].as_str().unwrap_or("")).collect();
    let unknown = Code::PermissionUnknown.text();
    assert_eq!(codes, ["", unknown, unknown, "", Code::ValidationFailed.text()]);
    let many: Vec<Value> = (0..201).map(|_| tuple("folders:a#view@usr_1")).collect();
    let refused = ask(&key, None, "batchCheck", &json!({ "checks": many })).await;
    refused.refused_fields(Code::ValidationFailed, &[("checks", "too_long")]);
}

async fn whoever_is_signed_in_asks_about_themselves_only(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = team.member("mary@acme.example", "member").await;
    let org = Some(team.id.as_str());
    grant(&team.owner.client, org, &format!("folders:a#viewer@{}", mary.id)).await.created();
    let mut question = json!({ "namespace": "folders", "object": "a", "relation": "view" });
    let own = ask(&mary.client, org, "check", &question).await;
    assert_eq!(own.ok()["allowed"], true);
    question["subject"] = json!(mary.id);
    assert_eq!(ask(&mary.client, org, "check", &question).await.ok()["allowed"], true);
    question["subject"] = json!(team.owner.id);
    ask(&mary.client, org, "check", &question).await.refused(Code::PermissionDenied);
    let batch = ask(&mary.client, org, "batchCheck", &json!({ "checks": [question] })).await;
    assert_eq!(batch.ok()["results"][0]["error"]["code"], Code::PermissionDenied.text());
    for verb in ["expand", "explain", "listObjects", "listSubjects"] {
        ask(&mary.client, org, verb, &question).await.refused(Code::ScopeMissing);
    }
    // A program is nobody: it names the subject.
    question.as_object_mut().expect("an object").remove("subject");
    let refused = ask(&app.admin_key(), None, "check", &question).await;
    refused.refused_fields(Code::ValidationFailed, &[("subject", "required")]);
}

async fn what_is_not_there_is_simply_not_allowed(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    assert!(!allowed(&key, None, "folders:none#view@usr_none").await);
    assert!(!allowed(&key, None, "organizations:no-such-slug#admin@usr_none").await);
    ask(&key, None, "check", &tuple("nothing:a#view@usr_1")).await.refused(Code::PermissionUnknown);
    ask(&key, None, "check", &tuple("folders:a#dance@usr_1")).await.refused(Code::PermissionUnknown);
    ask(&key, None, "expand", &tuple("folders:a#view@x").clone()).await.refused(Code::ValidationFailed);
}

async fn a_tuple_that_ends_counts_until_then_and_is_removed(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    let mut short = tuple("folders:a#viewer@usr_1");
    short["expire_time"] = serde_json::to_value(app.now().plus_seconds(60)).expect("a time");
    let made = key.post("/v1/permissions").json(&short).await;
    assert_eq!(made.created()["expire_time"], short["expire_time"]);
    assert!(allowed(&key, None, "folders:a#view@usr_1").await);
    app.advance(60);
    assert!(!allowed(&key, None, "folders:a#view@usr_1").await, "on time, whether it was removed or not");
    let list = key.get("/v1/permissions?namespace=folders").await;
    assert_eq!(list.ok()["permissions"], json!([]));
    // What has ended is absent: it can be written again.
    grant(&key, None, "folders:a#viewer@usr_1").await.created();
    assert!(allowed(&key, None, "folders:a#view@usr_1").await);
    short["object"] = json!("b");
    short["expire_time"] = serde_json::to_value(app.now().plus_seconds(5)).expect("a time");
    key.post("/v1/permissions").json(&short).await.created();
    app.advance(6);
    app.sweep().await;
    assert!(allowed(&key, None, "folders:a#view@usr_1").await, "what has no end stays");
    assert!(!allowed(&key, None, "folders:b#view@usr_1").await);
    let past = serde_json::to_value(app.now()).expect("a time");
    short["expire_time"] = past;
    let refused = key.post("/v1/permissions").json(&short).await;
    refused.refused_fields(Code::ValidationFailed, &[("expire_time", "too_small")]);
}

async fn a_question_beyond_its_limits_has_no_answer(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    let operations: Vec<Value> = (0..60)
        .map(|n| json!({ "action": "insert", "tuple": tuple(&format!("folders:f{n}#parent@folders:f{}", n + 1)) }))
        .collect();
    key.post("/v1/permissions:batchWrite").json(&json!({ "operations": operations })).await.ok();
    let deep = ask(&key, None, "check", &tuple("folders:f0#edit@usr_1")).await;
    assert_eq!(deep.refused(Code::EvaluationLimit)["limit"], "depth");
    let mut near = tuple("folders:f55#edit@usr_1");
    assert_eq!(ask(&key, None, "check", &near).await.ok()["allowed"], false);
    near["max_depth"] = json!(2);
    ask(&key, None, "check", &near).await.refused(Code::EvaluationLimit);
    for (depth, code) in [(0, "too_small"), (51, "too_large")] {
        near["max_depth"] = json!(depth);
        let refused = ask(&key, None, "check", &near).await;
        refused.refused_fields(Code::ValidationFailed, &[("max_depth", code)]);
    }
    // A circle ends.
    for text in ["folders:x#parent@folders:y", "folders:y#parent@folders:x"] {
        grant(&key, None, text).await.created();
    }
    assert!(!allowed(&key, None, "folders:x#edit@usr_1").await);
}

async fn checks_draw_on_a_limit_of_their_own(app: TestApp) {
    app.limit("check", 2, 60).await;
    let key = app.admin_key();
    let body = json!({ "namespace": "platform", "object": "main", "relation": "admin", "subject": "usr_1" });
    for _ in 0..2 {
        ask(&key, None, "check", &body).await.ok();
    }
    ask(&key, None, "check", &body).await.refused(Code::TooManyRequests);
    key.get("/v1/permissions").await.ok();
}
