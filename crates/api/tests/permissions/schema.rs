//! The schema of own namespaces (`contract/50` §§2, 4).

use avnology_model::Code;
use avnology_testkit::{TestApp, on_both_engines};
use serde_json::json;

use crate::kit::{SCHEMA, allowed, grant, put_schema, revoke};

on_both_engines! {
    the_schema_is_read_with_what_is_in_it,
    what_is_wrong_is_told_with_its_place,
    a_schema_that_would_orphan_tuples_is_refused,
    another_version_is_not_overwritten,
    only_the_tenant_changes_it,
    recursion_through_not_is_refused,
    a_grant_beside_a_new_schema_fits_the_one_in_force,
}

async fn the_schema_is_read_with_what_is_in_it(app: TestApp) {
    let key = app.admin_key();
    let empty = key.get("/v1/permissions/namespaces").await;
    assert_eq!((empty.ok()["schema"].clone(), empty["shared"].clone()), (json!(""), json!([])));
    let put = put_schema(&app, SCHEMA, &["folders"]).await;
    let seen = key.get("/v1/permissions/namespaces").await;
    assert_eq!(seen.ok(), put.ok());
    assert_eq!(seen.header("etag"), format!("\"{}\"", seen.at("/etag")));
    let folders = seen["namespaces"].as_array().expect("namespaces").last().cloned().expect("the own one");
    let expected = json!({ "name": "folders", "built_in": false, "shared": true,
        "relations": ["organization", "parent", "editor", "viewer", "banned"], "permits": ["edit", "view"] });
    assert_eq!(folders, expected);
    let built_in =
        seen["namespaces"].as_array().expect("namespaces").iter().filter(|one| one["built_in"] == true);
    assert_eq!(built_in.count(), 7);
}

async fn what_is_wrong_is_told_with_its_place(app: TestApp) {
    let key = app.admin_key();
    let wrong = "class folders implements Namespace {\n  related: { viewer: nobody[] }\n}";
    let refused = put_schema(&app, wrong, &[]).await;
    let errors = refused.refused(Code::SchemaInvalid)["parse_errors"].clone();
    assert_eq!(errors[0]["start"]["line"], 2, "{refused}");
    let told = key.post("/v1/permissions/namespaces:validate").json(&json!({ "schema": wrong })).await;
    assert_eq!(told.ok()["errors"], errors);
    let fine = key.post("/v1/permissions/namespaces:validate").json(&json!({ "schema": SCHEMA })).await;
    assert_eq!(fine.ok()["errors"], json!([]));
    let shared = put_schema(&app, SCHEMA, &["groups"]).await;
    shared.refused_fields(Code::ValidationFailed, &[("shared[0]", "not_found")]);
    let large = " ".repeat(256 * 1024 + 1);
    put_schema(&app, &large, &[]).await.refused_fields(Code::ValidationFailed, &[("schema", "too_long")]);
    for own in [
        "class groups implements Namespace {}",
        "class a implements Namespace {} class a implements Namespace {}",
    ] {
        put_schema(&app, own, &[]).await.refused(Code::SchemaInvalid);
    }
}

async fn a_schema_that_would_orphan_tuples_is_refused(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    let team = app.team("Acme", "jane@acme.example").await;
    grant(&key, None, "folders:a#banned@usr_1").await.created();
    grant(&key, Some(&team.id), "folders:a#banned@usr_1").await.created();
    let without = SCHEMA
        .replace("banned: identities[]", "")
        .replace("!this.related.banned.includes(ctx.subject) &&", "");
    for next in ["", without.as_str()] {
        let refused = put_schema(&app, next, &[]).await;
        assert_eq!(refused.refused(Code::NamespaceInUse)["tuple_count"], 2);
    }
    assert!(!allowed(&key, None, "folders:a#view@usr_1").await, "it is as it was");
    // Another type for which the tuples have a place.
    let wider = SCHEMA.replace("banned: identities[]", "banned: (identities | clients)[]");
    put_schema(&app, &wider, &[]).await.ok();
    revoke(&key, None, "folders:a#banned@usr_1").await.no_content();
    revoke(&key, Some(&team.id), "folders:a#banned@usr_1").await.no_content();
    put_schema(&app, "", &[]).await.ok();
    grant(&key, None, "folders:a#viewer@usr_1").await.refused(Code::PermissionUnknown);
}

async fn another_version_is_not_overwritten(app: TestApp) {
    let key = app.admin_key();
    let first = put_schema(&app, SCHEMA, &[]).await.at("/etag");
    put_schema(&app, SCHEMA, &["folders"]).await.ok();
    let body = json!({ "schema": "", "shared": [] });
    let put = key.call("PUT", "/v1/permissions/namespaces").if_match(&first).json(&body).await;
    put.refused(Code::EtagMismatch);
}

async fn only_the_tenant_changes_it(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let body = json!({ "schema": SCHEMA, "shared": [] });
    let call = |client: &avnology_testkit::Client| {
        client.call("PUT", "/v1/permissions/namespaces").header("x-avnology-org", &team.id).json(&body)
    };
    call(&team.owner.client).await.refused(Code::PermissionDenied);
    call(&app.admin_key()).await.refused(Code::PermissionDenied);
    team.owner.client.get_in(&team.id, "/v1/permissions/namespaces").await.ok();
    let tenant = team.owner.client.call("PUT", "/v1/permissions/namespaces").json(&body).await;
    tenant.refused(Code::ScopeMissing);
}

async fn recursion_through_not_is_refused(app: TestApp) {
    let text = "class a implements Namespace { related: { p: a[] } permits = { \
        x: (ctx) => !this.permits.y(ctx), y: (ctx) => this.related.p.traverse((o) => o.permits.x(ctx)) } }";
    put_schema(&app, text, &[]).await.refused(Code::SchemaInvalid);
    let deep = format!(
        "class a implements Namespace {{ related: {{ p: identities[] }} permits = {{ x: (ctx) => {}this.related.p.includes(ctx.subject){} }} }}",
        "(".repeat(40),
        ")".repeat(40)
    );
    put_schema(&app, &deep, &[]).await.refused(Code::SchemaInvalid);
}

async fn a_grant_beside_a_new_schema_fits_the_one_in_force(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    for _ in 0..5 {
        let (one, other) = (app.clone(), app.clone());
        let write =
            tokio::spawn(async move { grant(&one.admin_key(), None, "folders:a#viewer@usr_1").await.status });
        let change = tokio::spawn(async move { put_schema(&other, "", &[]).await.status });
        let (write, change) = (write.await.expect("an answer"), change.await.expect("an answer"));
        // Either the tuple was first, and the schema stays; or the schema was, and the tuple has no place.
        assert!(matches!((write, change), (201, 409) | (400, 200)), "{write} {change}");
        put_schema(&app, SCHEMA, &[]).await.ok();
        let key = app.admin_key();
        key.delete("/v1/permissions?on_missing=ignore")
            .json(&crate::kit::tuple("folders:a#viewer@usr_1"))
            .await
            .no_content();
    }
}
