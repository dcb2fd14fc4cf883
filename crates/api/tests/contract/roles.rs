//! Roles of an organization (`contract/20` §4).

use avnology_model::{Code, events::EventType, ids::RoleId, organizations::Membership};
use avnology_store::{
    organizations::{memberships, roles as role_rows},
    permissions::tuples,
};
use avnology_testkit::{Answer, Team, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    built_in_roles_come_first_and_have_no_id,
    a_role_is_made_read_changed_and_removed,
    a_role_is_named_by_id_or_key,
    keys_and_permissions_have_rules,
    nobody_makes_a_role_that_allows_more_than_they_may,
    a_changed_role_changes_what_its_members_may_do_at_once,
    a_change_of_another_version_is_refused,
    a_role_in_use_needs_another_in_its_place,
    whatever_names_a_role_names_the_one_in_its_place,
    a_role_is_given_away_only_for_one_that_the_caller_may_give,
    a_suspended_member_keeps_a_role_in_use,
    a_role_that_is_removed_while_it_is_given_leaves_nobody_without_one,
    an_organization_has_at_most_two_hundred_roles,
    more_holders_than_one_transaction_bears_are_refused,
    the_same_request_makes_one_role,
    roles_of_another_organization_are_not_there,
}

async fn made(team: &Team, body: Value) -> Answer {
    let made = team.owner.client.post(&team.path("/roles")).json(&body).await;
    made.created();
    made
}

fn role(team: &Team, name: &str) -> String {
    team.path(&format!("/roles/{name}"))
}

async fn relations(app: &TestApp, namespace: &'static str, object: &str) -> Vec<(String, String)> {
    let object = object.to_owned();
    let read = app.tenant().store.identity().read(move |tx| tuples::of_object(tx, namespace, &object));
    read.await.expect("tuples")
}

async fn built_in_roles_come_first_and_have_no_id(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    made(&team, json!({ "key": "billing", "name": "Billing" })).await;
    let list = team.owner.client.get(&team.path("/roles")).await;
    let roles = list.ok()["roles"].as_array().cloned().expect("roles");
    let keys: Vec<_> = roles.iter().map(|role| role["key"].as_str().expect("a key")).collect();
    assert_eq!(keys, ["owner", "admin", "member", "billing"]);
    assert!(roles[..3].iter().all(|role| role.get("id").is_none()) && roles[3]["id"].is_string());
    assert_eq!((roles[0]["member_count"].clone(), roles[1]["member_count"].clone()), (json!(1), json!(0)));
    let owner = roles[0]["permissions"].as_array().expect("scopes");
    assert!(owner.contains(&json!("organizations:delete")));
    // Members read them; built-in ones cannot be changed.
    let mary = team.member("mary@acme.example", "member").await;
    mary.client.get(&role(&team, "admin")).await.ok();
    mary.client.post(&team.path("/roles")).json(&json!({})).await.refused(Code::ScopeMissing);
    let jane = &team.owner.client;
    let changed = jane.patch(&role(&team, "admin")).json(&json!({ "name": "Boss" })).await;
    assert_eq!(changed.refused(Code::ConflictingState)["state"], "built_in");
    jane.delete(&role(&team, "member")).await.refused(Code::ConflictingState);
}

async fn a_role_is_made_read_changed_and_removed(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let body = json!({ "key": "billing", "name": " Billing ", "description": "Pays.", "base": "member",
        "permissions": ["invoices:*", "audit:read"] });
    let made = made(&team, body).await;
    let jane = &team.owner.client;
    assert!(made.header("location").ends_with(&role(&team, &made.at("/id"))));
    assert_eq!(made.header("etag").trim_matches('"'), made.at("/etag"));
    let mut expected = json!({ "id": made["id"], "key": "billing", "name": "Billing", "description": "Pays.",
        "base": "member", "permissions": ["invoices:*", "audit:read"], "member_count": 0, "group_count": 0,
        "create_time": made["create_time"], "update_time": made["update_time"], "etag": made["etag"] });
    assert_eq!(*made.json(), expected);
    assert_eq!(*jane.get(&role(&team, "billing")).await.ok(), expected);
    app.advance(1);
    let change = json!({ "name": "Money", "description": null, "permissions": ["invoices:read"] });
    let changed = jane.patch(&role(&team, "billing")).json(&change).await;
    for (name, value) in [("name", json!("Money")), ("description", Value::Null)] {
        expected[name] = value;
    }
    expected["permissions"] = json!(["invoices:read"]);
    for name in ["etag", "update_time"] {
        assert_ne!(changed[name], expected[name], "{name}");
        expected[name] = changed[name].clone();
    }
    assert_eq!(*changed.ok(), expected);
    // What changes nothing is no change.
    let same = jane.patch(&role(&team, "billing")).json(&json!({ "name": "Money" })).await;
    assert_eq!(same.ok()["etag"], changed["etag"]);
    jane.delete(&role(&team, "billing")).await.no_content();
    jane.get(&role(&team, "billing")).await.refused(Code::NotFound);
    jane.delete(&role(&team, "billing")).await.refused(Code::NotFound);
    let told = app.payloads(EventType::RoleUpdated).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["changed_fields"], json!(["description", "name", "permissions"]));
    assert_eq!(told[0]["previous_values"]["name"], "Billing");
    assert_eq!(app.payloads(EventType::RoleCreated).await[0]["role"]["key"], "billing");
    assert_eq!(app.payloads(EventType::RoleDeleted).await[0]["role"]["name"], "Money");
}

async fn a_role_is_named_by_id_or_key(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let made = made(&team, json!({ "key": "billing", "name": "Billing" })).await;
    let jane = &team.owner.client;
    for name in ["billing".to_owned(), made.at("/id")] {
        assert_eq!(jane.get(&role(&team, &name)).await.ok()["id"], made["id"]);
    }
    for name in ["sales", "rol_01kjpwd6m0emptw6bw4v8qtn83", "usr_01kjpwd6m0emptw6bw4v8qtn83", "Billing"] {
        jane.get(&role(&team, name)).await.refused(Code::NotFound);
    }
}

async fn keys_and_permissions_have_rules(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let jane = &team.owner.client;
    let long = "x".repeat(501);
    let many: Vec<_> = (0..201).map(|i| format!("area:p{i}")).collect();
    for (body, field, code) in [
        (json!({ "name": "A" }), "key", "required"),
        (json!({ "key": "x", "name": "A" }), "key", "invalid_format"),
        (json!({ "key": "Boss", "name": "A" }), "key", "invalid_format"),
        (json!({ "key": "admin", "name": "A" }), "key", "not_allowed"),
        (json!({ "key": "boss" }), "name", "required"),
        (json!({ "key": "boss", "name": " " }), "name", "required"),
        (json!({ "key": "boss", "name": long }), "name", "too_long"),
        (json!({ "key": "boss", "name": "A", "description": long }), "description", "too_long"),
        (json!({ "key": "boss", "name": "A", "base": "owner" }), "base", "not_in_enum"),
        (
            json!({ "key": "boss", "name": "A", "permissions": ["a:b", "x"] }),
            "permissions[1]",
            "invalid_format",
        ),
        (json!({ "key": "boss", "name": "A", "permissions": ["a:b", "a:b"] }), "permissions[1]", "duplicate"),
        (
            json!({ "key": "boss", "name": "A", "permissions": ["tenant:write"] }),
            "permissions[0]",
            "not_allowed",
        ),
        (
            json!({ "key": "boss", "name": "A", "permissions": ["organizations:delete"] }),
            "permissions[0]",
            "not_allowed",
        ),
        (json!({ "key": "boss", "name": "A", "permissions": many }), "permissions", "too_long"),
        (json!({ "key": "boss", "name": "A", "shoe": 1 }), "shoe", "unknown_field"),
    ] {
        let refused = jane.post(&team.path("/roles")).json(&body).await;
        refused.refused_fields(Code::ValidationFailed, &[(field, code)]);
    }
    made(&team, json!({ "key": "boss", "name": "A" })).await;
    let again = jane.post(&team.path("/roles")).json(&json!({ "key": "boss", "name": "B" })).await;
    assert_eq!(again.refused(Code::AlreadyExists)["field"], "key");
    let renamed = jane.patch(&role(&team, "boss")).json(&json!({ "key": "chief" })).await;
    renamed.refused_fields(Code::ValidationFailed, &[("key", "immutable")]);
}

async fn nobody_makes_a_role_that_allows_more_than_they_may(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let helper =
        json!({ "key": "helper", "name": "Helper", "permissions": ["roles:write", "invoices:read"] });
    made(&team, helper).await;
    made(&team, json!({ "key": "chief", "name": "Chief", "base": "admin" })).await;
    let mary = team.member("mary@acme.example", "helper").await;
    let make = |body: Value| mary.client.post(&team.path("/roles")).json(&body).into_future();
    make(json!({ "key": "small", "name": "S", "permissions": ["members:read"] })).await.created();
    for body in [
        json!({ "key": "big", "name": "B", "base": "admin" }),
        json!({ "key": "big", "name": "B", "permissions": ["members:write"] }),
        json!({ "key": "big", "name": "B", "permissions": ["members:*"] }),
    ] {
        make(body).await.refused(Code::PermissionDenied);
    }
    let grow = json!({ "permissions": ["roles:write", "invoices:read", "keys:write"] });
    mary.client.patch(&role(&team, "helper")).json(&grow).await.refused(Code::PermissionDenied);
    mary.client
        .patch(&role(&team, "helper"))
        .json(&json!({ "base": "admin" }))
        .await
        .refused(Code::PermissionDenied);
    // What was there already is not given by who changes something else.
    mary.client.patch(&role(&team, "chief")).json(&json!({ "name": "Head" })).await.ok();
}

async fn a_changed_role_changes_what_its_members_may_do_at_once(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    made(&team, json!({ "key": "helper", "name": "Helper" })).await;
    let mary = team.member("mary@acme.example", "helper").await;
    let attempt = || mary.client.get_in(&team.id, "/v1/identities").into_future();
    attempt().await.refused(Code::ScopeMissing);
    let jane = &team.owner.client;
    let grow = json!({ "permissions": ["identities:read", "invoices:*"] });
    jane.patch(&role(&team, "helper")).json(&grow).await.ok();
    attempt().await.ok();
    let who = mary.client.get_in(&team.id, "/v1/sessions/whoami").await;
    assert_eq!(who["organization"]["role"], "helper");
    let held = who["organization"]["permissions"].as_array().cloned().expect("permissions");
    assert!(held.contains(&json!("invoices:*")) && held.contains(&json!("members:read")), "{held:?}");
    assert_eq!(jane.get(&role(&team, "helper")).await["member_count"], 1);
    jane.patch(&role(&team, "helper")).json(&json!({ "permissions": [] })).await.ok();
    attempt().await.refused(Code::ScopeMissing);
}

async fn a_change_of_another_version_is_refused(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let made = made(&team, json!({ "key": "helper", "name": "Helper" })).await;
    let jane = &team.owner.client;
    let path = role(&team, "helper");
    let changed = jane.patch(&path).json(&json!({ "name": "One" })).if_match(&made.at("/etag")).await;
    changed.ok();
    let late = jane.patch(&path).json(&json!({ "name": "Two" })).if_match(&made.at("/etag")).await;
    assert_eq!(late.refused(Code::EtagMismatch)["etag"], changed["etag"]);
    jane.delete(&path).if_match(&made.at("/etag")).await.refused(Code::EtagMismatch);
    assert_eq!(jane.get(&path).header("if-none-match", &changed.at("/etag")).await.status, 304);
    jane.delete(&path).if_match(&changed.at("/etag")).await.no_content();
}

async fn a_role_in_use_needs_another_in_its_place(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let gone = made(&team, json!({ "key": "helper", "name": "Helper" })).await;
    let next =
        made(&team, json!({ "key": "aide", "name": "Aide", "permissions": ["identities:read"] })).await;
    let mary = team.member("mary@acme.example", "helper").await;
    let jane = &team.owner.client;
    let refused = jane.delete(&role(&team, "helper")).await;
    let counts = refused.refused(Code::RoleInUse);
    assert_eq!((counts["member_count"].clone(), counts["group_count"].clone()), (json!(1), json!(0)));
    jane.delete(&role(&team, "helper")).query(&[("reassign_to", "aide")]).await.no_content();
    mary.client.get_in(&team.id, "/v1/identities").await.ok();
    let member = jane.get(&team.path(&format!("/members/{}", mary.id))).await;
    assert_eq!(member.ok()["role"], "aide");
    assert_eq!(jane.get(&role(&team, "aide")).await["member_count"], 1);
    let seats = jane.get(&team.path("/seats")).await;
    assert_eq!(seats.ok()["by_role"], json!({ "owner": 1, "aide": 1 }));
    assert_eq!(
        relations(&app, "organizations", &team.id).await,
        [("aide".to_owned(), mary.id.clone()), ("owner".to_owned(), team.owner.id.clone())]
    );
    assert_eq!(relations(&app, "roles", &gone.at("/id")).await, []);
    let of_organization = ("organization".to_owned(), format!("organizations:{}#", team.id));
    assert_eq!(
        relations(&app, "roles", &next.at("/id")).await,
        [("assignee".to_owned(), mary.id.clone()), of_organization]
    );
    let told = app.payloads(EventType::MemberRoleChanged).await;
    assert_eq!(
        (told[0]["previous_role"].clone(), told[0]["member"]["role"].clone()),
        (json!("helper"), json!("aide"))
    );
    // A built-in one may take the place as well.
    jane.delete(&role(&team, "aide")).query(&[("reassign_to", "member")]).await.no_content();
    assert_eq!(relations(&app, "roles", &next.at("/id")).await, []);
    mary.client.get_in(&team.id, "/v1/identities").await.refused(Code::ScopeMissing);
}

async fn whatever_names_a_role_names_the_one_in_its_place(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    made(&team, json!({ "key": "helper", "name": "Helper" })).await;
    let jane = &team.owner.client;
    let invitation = json!({ "email": "bill@partner.example", "role": "helper" });
    let invited = jane.post(&team.path("/invitations")).json(&invitation).await;
    invited.created();
    jane.patch(&team.path("")).json(&json!({ "default_role": "helper" })).await.ok();
    team.holds_domain("acme.example", |domain| {
        domain.default_role = Some("helper".to_owned().try_into().expect("a key"));
    })
    .await;
    // A role that people join with is in use, though nobody has it yet.
    let refused = jane.delete(&role(&team, "helper")).await;
    assert_eq!(refused.refused(Code::RoleInUse)["member_count"], 0);
    jane.delete(&role(&team, "helper")).query(&[("reassign_to", "member")]).await.no_content();
    assert_eq!(jane.get(&team.path("")).await["default_role"], "member");
    let read = jane.get(&team.path(&format!("/invitations/{}", invited.at("/id")))).await;
    assert_eq!(read.ok()["role"], "member");
    let (id, role) = (team.id.parse().expect("an id"), "helper".to_owned().try_into().expect("a key"));
    let named = app
        .tenant()
        .store
        .identity()
        .read(move |tx| avnology_store::organizations::domains::names_role(tx, id, &role));
    assert!(!named.await.expect("domains"));
}

async fn a_role_is_given_away_only_for_one_that_the_caller_may_give(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    for body in [
        json!({ "key": "helper", "name": "Helper", "permissions": ["roles:write"] }),
        json!({ "key": "aide", "name": "Aide" }),
    ] {
        made(&team, body).await;
    }
    team.member("mary@acme.example", "aide").await;
    let hal = team.member("hal@acme.example", "helper").await;
    for (client, instead) in [
        (&team.owner.client, "owner"),
        (&team.owner.client, "aide"),
        (&team.owner.client, "nobody"),
        (&hal.client, "admin"),
    ] {
        let refused = client.delete(&role(&team, "aide")).query(&[("reassign_to", instead)]).await;
        refused.refused(Code::RoleNotAssignable);
    }
    hal.client.delete(&role(&team, "aide")).query(&[("reassign_to", "member")]).await.no_content();
}

async fn a_suspended_member_keeps_a_role_in_use(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    made(&team, json!({ "key": "helper", "name": "Helper" })).await;
    let mary = team.member("mary@acme.example", "helper").await;
    let jane = &team.owner.client;
    let member = team.path(&format!("/members/{}", mary.id));
    jane.patch(&member).json(&json!({ "state": "suspended" })).await.ok();
    jane.delete(&role(&team, "helper")).await.refused(Code::RoleInUse);
    jane.delete(&role(&team, "helper")).query(&[("reassign_to", "admin")]).await.no_content();
    assert_eq!(jane.patch(&member).json(&json!({ "state": "active" })).await.ok()["role"], "admin");
    assert_eq!(jane.get(&team.path("/seats")).await["by_role"], json!({ "owner": 1, "admin": 1 }));
}

async fn a_role_that_is_removed_while_it_is_given_leaves_nobody_without_one(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = app.account("mary@acme.example").await;
    team.add(&mary, "member").await;
    let jane = &team.owner.client;
    for _ in 0..6 {
        made(&team, json!({ "key": "helper", "name": "Helper" })).await;
        let path = team.path(&format!("/members/{mary}"));
        let give = jane.patch(&path).json(&json!({ "role": "helper" })).into_future();
        let remove = jane.delete(&role(&team, "helper")).into_future();
        let (given, removed) = tokio::join!(give, remove);
        if removed.status == 204 {
            given.refused(Code::RoleNotAssignable);
            assert_eq!(jane.get(&path).await["role"], "member");
        } else {
            removed.refused(Code::RoleInUse);
            assert_eq!(given.ok()["role"], "helper");
            jane.delete(&role(&team, "helper")).query(&[("reassign_to", "member")]).await.no_content();
        }
    }
}

async fn an_organization_has_at_most_two_hundred_roles(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let template = made(&team, json!({ "key": "first", "name": "First" })).await;
    let (place, id) = (team.id.parse().expect("an id"), template.at("/id").parse().expect("a role"));
    let cx = app.tenant().system_cx();
    let fill = app.tenant().store.identity().write(move |tx| {
        let first = role_rows::by_id(tx, place, id)?.expect("the role");
        for i in 1..199 {
            let mut role = first.clone();
            role.id = RoleId::new(cx.now, cx.random());
            role.key = format!("role-{i}").try_into().expect("a key");
            role_rows::insert(tx, &role)?;
        }
        Ok(())
    });
    fill.await.expect("roles");
    made(&team, json!({ "key": "last", "name": "Last" })).await;
    let over =
        team.owner.client.post(&team.path("/roles")).json(&json!({ "key": "more", "name": "More" })).await;
    assert_eq!(over.refused(Code::LimitReached)["limit"], 200);
}

async fn more_holders_than_one_transaction_bears_are_refused(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    made(&team, json!({ "key": "helper", "name": "Helper" })).await;
    let mary = app.account("mary@acme.example").await;
    let member = team.add(&mary, "helper").await;
    let cx = app.tenant().system_cx();
    let fill = app.tenant().store.identity().write(move |tx| {
        let first = memberships::find(tx, member)?.expect("the membership");
        for _ in 0..10_000 {
            let more = Membership {
                id: avnology_model::ids::MembershipId::new(cx.now, cx.random()),
                identity_id: avnology_model::ids::IdentityId::new(cx.now, cx.random()),
                ..first.clone()
            };
            memberships::insert(tx, &more)?;
        }
        Ok(())
    });
    fill.await.expect("members");
    let call = team.owner.client.delete(&role(&team, "helper")).query(&[("reassign_to", "member")]);
    let refused = call.await;
    let told = refused.refused(Code::LimitReached);
    assert_eq!((told["limit"].clone(), told["used"].clone()), (json!(10_000), json!(10_001)));
}

async fn the_same_request_makes_one_role(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let body = json!({ "key": "helper", "name": "Helper" });
    let send = || {
        let call = team.owner.client.post(&team.path("/roles")).header("idempotency-key", "one");
        call.json(&body).into_future()
    };
    let (first, again) = (send().await, send().await);
    assert_eq!(again.created(), first.created());
    assert_eq!(again.header("idempotency-replayed"), "true");
}

async fn roles_of_another_organization_are_not_there(app: TestApp) {
    let acme = app.team("Acme", "jane@acme.example").await;
    let beta = app.team("Beta", "bob@beta.example").await;
    let foreign = made(&acme, json!({ "key": "helper", "name": "Helper" })).await.at("/id");
    let bob = &beta.owner.client;
    for name in [foreign.as_str(), "helper"] {
        bob.get(&role(&beta, name)).await.refused(Code::NotFound);
        bob.patch(&role(&beta, name)).json(&json!({ "name": "Mine" })).await.refused(Code::NotFound);
        bob.delete(&role(&beta, name)).await.refused(Code::NotFound);
        bob.get(&role(&acme, name)).await.refused(Code::NotAMember);
    }
    let member = beta.path(&format!("/members/{}", beta.owner.id));
    bob.patch(&member).json(&json!({ "role": "helper" })).await.refused(Code::RoleNotAssignable);
}
