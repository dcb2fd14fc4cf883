//! The API of Keto over the same tuples (`contract/50` §7).

use avnology_model::Code;
use avnology_testkit::{Answer, Client, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::kit::{SCHEMA, allowed, grant, put_schema};

on_both_engines! {
    a_tuple_is_put_found_checked_and_deleted,
    a_check_tells_by_its_status_or_not,
    changes_are_made_together,
    a_batch_names_what_it_does_not_know,
    an_expansion_has_no_children_on_leaves,
    everything_that_matches_is_deleted_or_nothing,
    errors_are_in_ketos_form,
    namespaces_and_syntax_are_told,
    pages_follow_each_other,
    organizations_have_their_own_store_here_too,
    health_and_version_are_told,
}

fn tuple(object: &str, relation: &str, subject: &str) -> Value {
    json!({ "namespace": "folders", "object": object, "relation": relation, "subject_id": subject })
}

async fn put(key: &Client, tuple: &Value) -> Answer {
    key.call("PUT", "/admin/relation-tuples").json(tuple).await
}

const A: &[(&str, &str)] =
    &[("namespace", "folders"), ("object", "a"), ("relation", "viewer"), ("subject_id", "usr_1")];

async fn a_tuple_is_put_found_checked_and_deleted(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    for _ in 0..2 {
        let made = put(&key, &tuple("a", "viewer", "usr_1")).await;
        assert_eq!(*made.created(), tuple("a", "viewer", "usr_1"));
        let place = "/relation-tuples?namespace=folders&object=a&relation=viewer&subject_id=usr_1";
        assert!(made.header("location").ends_with(place), "{}", made.header("location"));
    }
    let list = key.get("/relation-tuples").query(&[("namespace", "folders")]).await;
    let expected = json!({ "relation_tuples": [tuple("a", "viewer", "usr_1")], "next_page_token": "" });
    assert_eq!(*list.ok(), expected);
    assert!(allowed(&key, None, "folders:a#view@usr_1").await);
    key.get("/relation-tuples/check").query(A).await.ok();
    key.delete("/admin/relation-tuples").query(A).await.no_content();
    assert_eq!(key.get("/relation-tuples/check").query(A).await.is(403)["allowed"], false);
}

async fn a_check_tells_by_its_status_or_not(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    put(&key, &tuple("a", "viewer", "usr_1")).await.created();
    for (subject, held) in [("usr_1", true), ("usr_2", false)] {
        let query =
            [("namespace", "folders"), ("object", "a"), ("relation", "view"), ("subject_id", subject)];
        let body = tuple("a", "view", subject);
        let status = if held { 200 } else { 403 };
        for answer in [
            key.get("/relation-tuples/check").query(&query).await,
            key.post("/relation-tuples/check").json(&body).await,
        ] {
            assert_eq!(*answer.is(status).json(), json!({ "allowed": held }));
        }
        for answer in [
            key.get("/relation-tuples/check/openapi").query(&query).await,
            key.post("/relation-tuples/check/openapi?max-depth=10").json(&body).await,
        ] {
            assert_eq!(*answer.ok(), json!({ "allowed": held }));
        }
    }
    // What Keto does not know is not allowed.
    let unknown = json!({ "namespace": "nothing", "object": "a", "relation": "b", "subject_id": "c" });
    assert_eq!(
        *key.post("/relation-tuples/check").json(&unknown).await.is(403).json(),
        json!({ "allowed": false })
    );
    // A set as the subject.
    let set = json!({ "namespace": "folders", "object": "b", "relation": "viewer",
        "subject_set": { "namespace": "groups", "object": "grp_1", "relation": "member" } });
    put(&key, &set).await.created();
    assert_eq!(*key.post("/relation-tuples/check/openapi").json(&set).await.ok(), json!({ "allowed": true }));
    let query = [
        ("namespace", "folders"),
        ("subject_set.namespace", "groups"),
        ("subject_set.object", "grp_1"),
        ("subject_set.relation", "member"),
    ];
    let list = key.get("/relation-tuples").query(&query).await;
    assert_eq!(list.ok()["relation_tuples"], json!([set]));
    // An object as the subject has an empty relation.
    let parent = json!({ "namespace": "folders", "object": "b", "relation": "parent",
        "subject_set": { "namespace": "folders", "object": "a", "relation": "" } });
    assert_eq!(*put(&key, &parent).await.created(), parent);
    assert_eq!(
        *key.post("/relation-tuples/check/openapi").json(&tuple("b", "view", "usr_1")).await.ok(),
        json!({ "allowed": true })
    );
}

async fn changes_are_made_together(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    let change = |action: &str, tuple: Value| json!({ "action": action, "relation_tuple": tuple });
    let patch = async |changes: Value| key.call("PATCH", "/admin/relation-tuples").json(&changes).await;
    let both = json!([
        change("insert", tuple("a", "viewer", "usr_1")),
        change("insert", tuple("b", "viewer", "usr_1")),
        change("delete", tuple("c", "viewer", "usr_1")),
    ]);
    for _ in 0..2 {
        patch(both.clone()).await.no_content();
    }
    let wrong = json!([
        change("delete", tuple("a", "viewer", "usr_1")),
        change(
            "insert",
            json!({ "namespace": "nothing", "object": "a", "relation": "b", "subject_id": "c" })
        ),
    ]);
    let refused = patch(wrong).await;
    assert_eq!(refused.is(404)["error"]["reason"], "Unknown namespace \"nothing\".");
    assert!(allowed(&key, None, "folders:a#view@usr_1").await, "nothing of it was made");
    patch(json!([change("dance", tuple("a", "viewer", "usr_1"))])).await.is(400);
}

async fn a_batch_names_what_it_does_not_know(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    put(&key, &tuple("a", "viewer", "usr_1")).await.created();
    let unknown = json!({ "namespace": "nothing", "object": "a", "relation": "b", "subject_id": "c" });
    let body = json!({ "tuples": [tuple("a", "view", "usr_1"), tuple("a", "view", "usr_2"), unknown] });
    let told = key.post("/relation-tuples/batch/check").json(&body).await;
    let expected = json!({ "results": [{ "allowed": true }, { "allowed": false },
        { "allowed": false, "error": "Unknown namespace \"nothing\"." }] });
    assert_eq!(*told.ok(), expected);
}

async fn an_expansion_has_no_children_on_leaves(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    put(&key, &tuple("a", "viewer", "usr_1")).await.created();
    let query = [("namespace", "folders"), ("object", "a"), ("relation", "viewer"), ("max-depth", "3")];
    let told = key.get("/relation-tuples/expand").query(&query).await;
    assert_eq!(told.ok()["type"], "union");
    let leaf = json!({ "type": "leaf", "tuple": tuple("a", "viewer", "usr_1") });
    assert_eq!(told["children"], json!([leaf]));
    for query in [
        [("namespace", "folders"), ("object", "none"), ("relation", "viewer")],
        [("namespace", "nothing"), ("object", "a"), ("relation", "viewer")],
    ] {
        key.get("/relation-tuples/expand").query(&query).await.is(404);
    }
}

async fn everything_that_matches_is_deleted_or_nothing(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    for object in ["a", "b", "c"] {
        put(&key, &tuple(object, "viewer", "usr_1")).await.created();
    }
    let without = key.delete("/admin/relation-tuples").query(&[("object", "a")]).await;
    assert_eq!(without.is(400)["error"]["status"], "Bad Request");
    key.delete("/admin/relation-tuples")
        .query(&[("namespace", "folders"), ("object", "a")])
        .await
        .no_content();
    let left = key.get("/relation-tuples?namespace=folders").await;
    assert_eq!(left.ok()["relation_tuples"].as_array().map(Vec::len), Some(2));
    key.delete("/admin/relation-tuples?namespace=folders").await.no_content();
    assert_eq!(key.get("/relation-tuples?namespace=folders").await.ok()["relation_tuples"], json!([]));
    // What the system owns stays, and with it all that was named.
    let team = app.team("Acme", "jane@acme.example").await;
    let group = team.owner.client.post(&team.path("/groups")).json(&json!({ "name": "A", "role": "admin" }));
    let group = group.await.at("/id");
    grant(&key, None, &format!("groups:{group}#manager@usr_1")).await.created();
    let query = [("namespace", "groups"), ("object", group.as_str())];
    let refused = key.delete("/admin/relation-tuples").query(&query).await;
    refused.refused(Code::TupleOfSystem);
    assert_eq!(
        key.get("/relation-tuples").query(&query).await.ok()["relation_tuples"].as_array().map(Vec::len),
        Some(2)
    );
    let last = [("namespace", "organizations"), ("object", team.id.as_str()), ("relation", "owner")];
    key.delete("/admin/relation-tuples").query(&last).await.refused(Code::LastOwner);
}

async fn errors_are_in_ketos_form(app: TestApp) {
    let nobody = app.program();
    let refused = nobody.get("/relation-tuples").await;
    assert_eq!(refused.refused(Code::SessionInvalid)["error"]["status"], "Unauthorized");
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = team.member("mary@acme.example", "member").await;
    // A scope that is denied is told from a check that is.
    let denied = mary.client.get_in(&team.id, "/relation-tuples/check").await;
    assert_eq!(denied.refused(Code::ScopeMissing)["error"]["code"], 403);
    let key = app.admin_key();
    let unknown = key.get("/relation-tuples?namespace=foo").await;
    let error = unknown.is(404)["error"].clone();
    assert_eq!(error["reason"], "Unknown namespace \"foo\".");
    assert_eq!(error["request"], unknown.header("x-request-id"));
    assert_eq!(error["details"], json!({}));
    let broken = key.call("PUT", "/admin/relation-tuples").raw("application/json", "{").await;
    assert_eq!(
        broken.is(400)["error"]["message"],
        "The request was malformed or contained invalid parameters"
    );
    let system =
        json!({ "namespace": "roles", "object": "rol_1", "relation": "assignee", "subject_id": "usr_1" });
    let refused = put(&key, &system).await;
    assert_eq!(refused.refused(Code::TupleOfSystem)["error"]["details"]["code"], Code::TupleOfSystem.text());
}

async fn namespaces_and_syntax_are_told(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    let told = key.get("/namespaces").await;
    assert!(told.ok()["namespaces"].as_array().expect("names").contains(&json!({ "name": "folders" })));
    let fine = key.post("/opl/syntax/check").raw("text/plain", SCHEMA).await;
    assert_eq!(*fine.ok(), json!({ "errors": [] }));
    let wrong = key.post("/opl/syntax/check").raw("text/plain", "class a").await;
    assert_eq!(wrong.ok()["errors"][0]["start"]["Line"], 1);
    key.post("/opl/syntax/check").json(&json!({})).await.is(415);
}

async fn pages_follow_each_other(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    for object in ["a", "b", "c"] {
        put(&key, &tuple(object, "viewer", "usr_1")).await.created();
    }
    let first = key.get("/relation-tuples?namespace=folders&page_size=2").await;
    assert_eq!(first.ok()["relation_tuples"].as_array().map(Vec::len), Some(2));
    let token = first.at("/next_page_token");
    let next = [("namespace", "folders"), ("page_size", "2"), ("page_token", token.as_str())];
    let last = key.get("/relation-tuples").query(&next).await;
    assert_eq!(last.ok()["relation_tuples"], json!([tuple("c", "viewer", "usr_1")]));
    assert_eq!(last["next_page_token"], "");
}

async fn organizations_have_their_own_store_here_too(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let acme = app.team("Acme", "jane@acme.example").await;
    let robot = acme.robot(&["permissions:read", "permissions:write"]).await;
    put(&robot, &tuple("a", "viewer", "usr_1")).await.created();
    robot.get("/relation-tuples/check").query(A).await.ok();
    app.admin_key().get("/relation-tuples/check").query(A).await.is(403);
    let other =
        [("namespace", "platform"), ("object", "main"), ("relation", "admin"), ("subject_id", "usr_1")];
    robot.get("/relation-tuples/check").query(&other).await.refused(Code::OrganizationMismatch);
}

async fn health_and_version_are_told(app: TestApp) {
    let nobody = app.program();
    for path in ["/health/alive", "/health/ready"] {
        assert_eq!(*nobody.get(path).await.ok(), json!({ "status": "ok" }));
    }
    assert!(!nobody.get("/version").await.at("/version").is_empty());
}
