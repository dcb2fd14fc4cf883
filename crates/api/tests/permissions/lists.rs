//! Lists of tuples, objects and subjects (`contract/50` §2).

use avnology_model::Code;
use avnology_testkit::{Answer, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::kit::{SCHEMA, ask, grant, put_schema, tuple};

on_both_engines! {
    tuples_are_found_by_what_they_name,
    pages_of_tuples_follow_each_other,
    objects_are_listed_completely,
    subjects_are_listed_with_whoever_is_excepted,
    a_page_token_belongs_to_its_request,
}

fn names(answer: &Answer, member: &str) -> Vec<String> {
    let list = answer.ok()[member].as_array().cloned().expect("a list");
    list.iter().map(|one| one.as_str().expect("a name").to_owned()).collect()
}

fn objects(answer: &Answer) -> Vec<String> {
    let list = answer.ok()["permissions"].as_array().cloned().expect("tuples");
    list.iter().map(|one| one["object"].as_str().expect("an object").to_owned()).collect()
}

async fn write(app: &TestApp, texts: &[&str]) {
    put_schema(app, SCHEMA, &[]).await.ok();
    let operations: Vec<Value> =
        texts.iter().map(|text| json!({ "action": "insert", "tuple": tuple(text) })).collect();
    app.admin_key().post("/v1/permissions:batchWrite").json(&json!({ "operations": operations })).await.ok();
}

async fn tuples_are_found_by_what_they_name(app: TestApp) {
    let tuples = [
        "folders:a#viewer@usr_1",
        "folders:a#editor@usr_2",
        "folders:b#viewer@usr_1",
        "folders:b#parent@folders:a",
    ];
    write(&app, &tuples).await;
    let key = app.admin_key();
    let list = async |query: &[(&str, &str)]| key.get("/v1/permissions").query(query).await;
    let own = ("namespace", "folders");
    assert_eq!(objects(&list(&[own]).await), ["a", "a", "b", "b"]);
    assert_eq!(objects(&list(&[own, ("object", "a")]).await), ["a", "a"]);
    assert_eq!(objects(&list(&[own, ("relation", "viewer")]).await), ["a", "b"]);
    assert_eq!(objects(&list(&[("subject", "usr_1")]).await), ["a", "b"]);
    assert_eq!(objects(&list(&[("subject", "identities:usr_1"), ("object", "b")]).await), ["b"]);
    assert_eq!(objects(&list(&[own, ("subject", "folders:a")]).await), ["b"]);
    let none: [String; 0] = [];
    assert_eq!(objects(&list(&[own, ("object", "c")]).await), none);
    list(&[("namespace", "nothing")]).await.refused(Code::PermissionUnknown);
    list(&[own, ("relation", "dance")]).await.refused(Code::PermissionUnknown);
    list(&[("namespace", "No")])
        .await
        .refused_fields(Code::ValidationFailed, &[("namespace", "invalid_format")]);
    list(&[("filter", "a = \"b\"")])
        .await
        .refused_fields(Code::ValidationFailed, &[("filter", "not_allowed")]);
}

async fn pages_of_tuples_follow_each_other(app: TestApp) {
    write(&app, &["folders:a#viewer@usr_1", "folders:b#viewer@usr_1", "folders:c#viewer@usr_1"]).await;
    let team = app.team("Acme", "jane@acme.example").await;
    let key = app.admin_key();
    let (mut seen, mut token, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let size = [("page_size", "2"), ("page_token", token.as_str())];
        let page = key.get("/v1/permissions").query(&size).await;
        seen.extend(page.ok()["permissions"].as_array().cloned().expect("tuples"));
        token = page.at("/next_page_token");
        pages += 1;
        if token.is_empty() {
            break;
        }
    }
    let text = |one: &Value| format!("{}:{}", one["namespace"], one["object"]);
    let all = key.get("/v1/permissions?page_size=500").await;
    let all = all.ok()["permissions"].as_array().cloned().expect("tuples");
    assert_eq!(seen, all, "each once, in one order");
    assert!(pages >= 2 && seen.len() >= 4, "{pages}");
    assert!(seen.iter().any(|one| text(one).contains(&team.id)));
    key.get("/v1/permissions?page_size=0")
        .await
        .refused_fields(Code::ValidationFailed, &[("page_size", "too_small")]);
}

async fn objects_are_listed_completely(app: TestApp) {
    let tuples: Vec<String> = (0..30).map(|n| format!("folders:f{n:02}#viewer@usr_1")).collect();
    let mut texts: Vec<&str> = tuples.iter().map(String::as_str).collect();
    texts.extend(["folders:child#parent@folders:f00", "folders:f01#banned@usr_1"]);
    write(&app, &texts).await;
    let key = app.admin_key();
    let body = json!({ "namespace": "folders", "relation": "view", "subject": "usr_1" });
    let first = ask(&key, None, "listObjects", &body).await;
    let mut found = names(&first, "objects");
    assert_eq!(found.len(), 25);
    let mut next = body.clone();
    next["page_token"] = first["next_page_token"].clone();
    let last = ask(&key, None, "listObjects", &next).await;
    found.extend(names(&last, "objects"));
    assert_eq!(last["next_page_token"], "");
    let mut expected: Vec<String> = (0..30).filter(|n| *n != 1).map(|n| format!("f{n:02}")).collect();
    expected.insert(0, "child".to_owned());
    assert_eq!(found, expected);
    let mut wide = body.clone();
    wide["page_size"] = json!(1_000);
    assert_eq!(names(&ask(&key, None, "listObjects", &wide).await, "objects").len(), 30);
}

async fn subjects_are_listed_with_whoever_is_excepted(app: TestApp) {
    let tuples = [
        "folders:a#viewer@usr_1",
        "folders:a#editor@usr_2",
        "folders:a#banned@usr_1",
        "folders:b#viewer@*",
        "folders:b#banned@usr_3",
    ];
    write(&app, &tuples).await;
    let key = app.admin_key();
    let list = async |object: &str| {
        let body = json!({ "namespace": "folders", "object": object, "relation": "view" });
        ask(&key, None, "listSubjects", &body).await
    };
    let a = list("a").await;
    assert_eq!(names(&a, "subjects"), ["identities:usr_2"]);
    assert_eq!(a["except"], json!([]));
    let b = list("b").await;
    assert_eq!(
        (b.ok()["subjects"].clone(), b["except"].clone()),
        (json!(["*"]), json!(["identities:usr_3"]))
    );
    let body =
        json!({ "namespace": "folders", "object": "a", "relation": "view", "subject_namespace": "nothing" });
    ask(&key, None, "listSubjects", &body).await.refused(Code::PermissionUnknown);
}

async fn a_page_token_belongs_to_its_request(app: TestApp) {
    write(&app, &["folders:a#viewer@usr_1", "folders:b#viewer@usr_1"]).await;
    let key = app.admin_key();
    let mut body = json!({ "namespace": "folders", "relation": "view", "subject": "usr_1", "page_size": 1 });
    let token = ask(&key, None, "listObjects", &body).await.at("/next_page_token");
    body["page_token"] = json!(token);
    assert_eq!(names(&ask(&key, None, "listObjects", &body).await, "objects"), ["b"]);
    body["relation"] = json!("edit");
    let refused = ask(&key, None, "listObjects", &body).await;
    refused.refused_fields(Code::ValidationFailed, &[("page_token", "invalid_format")]);
    grant(&key, None, "folders:c#viewer@usr_1").await.created();
    body["relation"] = json!("view");
    assert_eq!(names(&ask(&key, None, "listObjects", &body).await, "objects"), ["b"]);
}
