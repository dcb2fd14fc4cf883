//! Stores and scope: what is an organization's is nobody else's (`contract/50` §1.4).

use avnology_model::Code;
use avnology_store::permissions::lists::{self, Shelf, TupleFilter};
use avnology_testkit::{TestApp, on_both_engines};
use serde_json::json;

use crate::kit::{SCHEMA, allowed, ask, grant, put_schema, revoke, tuple};

on_both_engines! {
    each_organization_has_a_store_of_its_own,
    shared_namespaces_show_the_tenants_tuples_to_organizations,
    built_in_tuples_of_others_are_out_of_reach,
    a_set_of_another_organization_is_no_subject,
    lists_hold_what_is_the_organizations_own,
    a_store_goes_with_its_organization,
    rights_are_asked_for,
}

async fn each_organization_has_a_store_of_its_own(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let acme = app.team("Acme", "jane@acme.example").await;
    let beta = app.team("Beta", "bob@beta.example").await;
    let key = app.admin_key();
    let (in_acme, in_beta) = (Some(acme.id.as_str()), Some(beta.id.as_str()));
    grant(&acme.owner.client, in_acme, "folders:a#viewer@usr_1").await.created();
    assert!(allowed(&acme.owner.client, in_acme, "folders:a#view@usr_1").await);
    assert!(!allowed(&beta.owner.client, in_beta, "folders:a#view@usr_1").await);
    assert!(!allowed(&key, None, "folders:a#view@usr_1").await);
    assert!(allowed(&key, in_acme, "folders:a#view@usr_1").await, "the platform acts in any of them");
    // The same four parts, once in each store.
    grant(&beta.owner.client, in_beta, "folders:a#viewer@usr_1").await.created();
    grant(&key, None, "folders:a#viewer@usr_1").await.created();
    revoke(&acme.owner.client, in_acme, "folders:a#viewer@usr_1").await.no_content();
    assert!(!allowed(&acme.owner.client, in_acme, "folders:a#view@usr_1").await);
    assert!(allowed(&beta.owner.client, in_beta, "folders:a#view@usr_1").await);
    grant(&acme.owner.client, in_beta, "folders:a#viewer@usr_1").await.refused(Code::NotAMember);
}

async fn shared_namespaces_show_the_tenants_tuples_to_organizations(app: TestApp) {
    put_schema(&app, SCHEMA, &["folders"]).await.ok();
    let acme = app.team("Acme", "jane@acme.example").await;
    let in_acme = Some(acme.id.as_str());
    let key = app.admin_key();
    grant(&key, None, "folders:a#parent@folders:b").await.created();
    grant(&acme.owner.client, in_acme, "folders:b#viewer@usr_1").await.created();
    assert!(allowed(&acme.owner.client, in_acme, "folders:a#view@usr_1").await);
    assert!(!allowed(&key, None, "folders:a#view@usr_1").await, "the tenant sees no organization's store");
    put_schema(&app, SCHEMA, &[]).await.ok();
    assert!(!allowed(&acme.owner.client, in_acme, "folders:a#view@usr_1").await, "at once");
}

async fn built_in_tuples_of_others_are_out_of_reach(app: TestApp) {
    let acme = app.team("Acme", "jane@acme.example").await;
    let beta = app.team("Beta", "bob@beta.example").await;
    let in_acme = Some(acme.id.as_str());
    let jane = &acme.owner.client;
    let group = beta.owner.client.post(&beta.path("/groups")).json(&json!({ "name": "A" })).await.at("/id");
    let role = json!({ "key": "billing", "name": "Billing" });
    let role = beta.owner.client.post(&beta.path("/roles")).json(&role).await.at("/id");
    for text in [
        format!("organizations:{}#admin@{}", beta.id, beta.owner.id),
        format!("organizations:{}#admin@{}", beta.slug, beta.owner.id),
        "organizations:nobody#admin@usr_1".to_owned(),
        format!("groups:{group}#member@{}", beta.owner.id),
        format!("roles:{role}#assignee@{}", beta.owner.id),
        format!("platform:main#admin@{}", beta.owner.id),
        format!("identities:{}#manager@usr_1", beta.owner.id),
        "clients:cli_1#owner@usr_1".to_owned(),
    ] {
        for verb in ["check", "explain"] {
            let answer = ask(jane, in_acme, verb, &tuple(&text)).await;
            answer.refused(Code::OrganizationMismatch);
        }
        let mut object = tuple(&text);
        object.as_object_mut().expect("an object").remove("subject");
        for verb in ["expand", "listSubjects"] {
            ask(jane, in_acme, verb, &object).await.refused(Code::OrganizationMismatch);
        }
        grant(jane, in_acme, &text).await.refused(Code::OrganizationMismatch);
        revoke(jane, in_acme, &text).await.refused(Code::OrganizationMismatch);
    }
}

async fn a_set_of_another_organization_is_no_subject(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let acme = app.team("Acme", "jane@acme.example").await;
    let beta = app.team("Beta", "bob@beta.example").await;
    let in_acme = Some(acme.id.as_str());
    let jane = &acme.owner.client;
    let group = beta.owner.client.post(&beta.path("/groups")).json(&json!({ "name": "A" })).await.at("/id");
    // Else a check would tell who is in it.
    for text in [
        format!("folders:a#viewer@groups:{group}#member"),
        format!("folders:a#organization@organizations:{}", beta.id),
        format!("organizations:{}#employee@groups:{group}#member", acme.id),
    ] {
        grant(jane, in_acme, &text).await.refused(Code::OrganizationMismatch);
    }
    grant(jane, in_acme, &format!("folders:a#organization@organizations:{}", acme.id)).await.created();
}

async fn lists_hold_what_is_the_organizations_own(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let acme = app.team("Acme", "jane@acme.example").await;
    let beta = app.team("Beta", "bob@beta.example").await;
    let jane = &acme.owner.client;
    beta.add(&acme.owner.id, "member").await;
    grant(jane, Some(&acme.id), "folders:a#viewer@usr_1").await.created();
    grant(&beta.owner.client, Some(&beta.id), "folders:b#viewer@usr_1").await.created();
    let own = jane.get_in(&acme.id, "/v1/permissions").await;
    assert_eq!(own.ok()["permissions"].as_array().map(Vec::len), Some(1), "{own}");
    assert_eq!(own["permissions"][0]["object"], "a");
    let roles = jane.get_in(&acme.id, "/v1/permissions?namespace=organizations").await;
    assert!(roles.ok().to_string().contains(&acme.id) && !roles.text().contains(&beta.id), "{roles}");
    let path = format!("/v1/permissions?namespace=organizations&object={}", beta.id);
    jane.get_in(&acme.id, &path).await.refused(Code::OrganizationMismatch);
    jane.get_in(&acme.id, "/v1/permissions?namespace=platform").await.refused(Code::OrganizationMismatch);
    // Of the organizations that somebody is in, the one that is asked in.
    let body = json!({ "namespace": "organizations", "relation": "member", "subject": acme.owner.id });
    let found = ask(jane, Some(&acme.id), "listObjects", &body).await;
    assert_eq!(found.ok()["objects"], json!([acme.id]));
    let everywhere = ask(&app.admin_key(), None, "listObjects", &body).await;
    assert_eq!(everywhere.ok()["objects"].as_array().map(Vec::len), Some(2));
}

async fn a_store_goes_with_its_organization(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let acme = app.team("Acme", "jane@acme.example").await;
    let key = app.admin_key();
    grant(&acme.owner.client, Some(&acme.id), "folders:a#viewer@usr_1").await.created();
    let member = format!("organizations:{}#member@{}", acme.id, acme.owner.id);
    assert!(allowed(&key, None, &member).await);
    key.delete(&acme.path("")).await.is(202);
    app.advance(31 * 24 * 60 * 60);
    app.sweep().await;
    key.get(&acme.path("")).await.refused(Code::OrganizationNotFound);
    assert!(!allowed(&key, None, &member).await);
    let (shelf, now) = (Shelf::Own(acme.id.clone()), app.now());
    let left = app
        .tenant()
        .store
        .identity()
        .read(move |tx| lists::page(tx, &shelf, &TupleFilter::default(), (None, 10), now));
    assert_eq!(left.await.expect("tuples").len(), 0);
}

async fn rights_are_asked_for(app: TestApp) {
    let acme = app.team("Acme", "jane@acme.example").await;
    let mary = acme.member("mary@acme.example", "member").await;
    let robot = acme.robot(&["permissions:read"]).await;
    mary.client.get_in(&acme.id, "/v1/permissions").await.refused(Code::ScopeMissing);
    grant(&mary.client, Some(&acme.id), "organizations:a#employee@usr_1").await.refused(Code::ScopeMissing);
    robot.get("/v1/permissions").await.ok();
    grant(&robot, None, &format!("organizations:{}#employee@usr_1", acme.id))
        .await
        .refused(Code::ScopeMissing);
    mary.client.get("/v1/permissions").await.refused(Code::ScopeMissing);
    let writer = acme.robot(&["permissions:read", "permissions:write"]).await;
    grant(&writer, None, &format!("organizations:{}#employee@usr_1", acme.id)).await.created();
    // A key gives no role that holds more than it does.
    let text = format!("organizations:{}#admin@{}", acme.id, mary.id);
    grant(&writer, None, &text).await.refused(Code::PermissionDenied);
}
