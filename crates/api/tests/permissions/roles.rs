//! Roles, groups and what the system writes, as tuples (`contract/50` §6).

use avnology_core::permissions::check;
use avnology_model::{Code, events::EventType};
use avnology_testkit::{TestApp, on_both_engines};
use serde_json::json;

use crate::kit::{allowed, ask, grant, revoke, tuple};

on_both_engines! {
    roles_imply_what_they_are_made_of,
    a_permission_key_is_answered_by_every_role_that_lists_it,
    a_role_that_changes_counts_at_once,
    a_role_is_assigned_by_its_tuple,
    a_tuple_of_a_role_makes_and_ends_a_membership,
    the_rules_of_members_hold_for_tuples,
    an_organization_adds_only_whom_it_manages,
    a_place_in_a_group_is_given_by_its_tuple,
    what_belongs_to_the_system_is_refused,
    free_relations_need_no_membership_and_stay,
    a_free_relation_becomes_no_role,
    a_suspended_member_has_no_tuples_until_reactivated,
    a_membership_that_ends_counts_until_then,
    roles_on_the_platform_are_tuples,
    of_two_who_take_the_last_owners_one_wins,
    other_areas_ask_in_process,
}

fn of(team: &avnology_testkit::Team, relation: &str, who: &str) -> String {
    format!("organizations:{}#{relation}@{who}", team.id)
}

async fn roles_imply_what_they_are_made_of(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let key = app.admin_key();
    let ann = team.member("ann@acme.example", "admin").await;
    let mary = team.member("mary@acme.example", "member").await;
    let eve = app.person("eve@evil.example").await;
    for (who, roles) in [
        (&team.owner.id, [true, true, true]),
        (&ann.id, [false, true, true]),
        (&mary.id, [false, false, true]),
        (&eve.id, [false; 3]),
    ] {
        for (role, held) in ["owner", "admin", "member"].into_iter().zip(roles) {
            assert_eq!(allowed(&key, None, &of(&team, role, who)).await, held, "{role} {who}");
            let by_slug = format!("orgs:{}#{role}@{who}", team.slug);
            assert_eq!(allowed(&key, None, &by_slug).await, held, "{by_slug}");
        }
    }
}

async fn a_permission_key_is_answered_by_every_role_that_lists_it(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let key = app.admin_key();
    let body = json!({ "key": "billing", "name": "Billing", "permissions": ["invoices:*", "members:write"] });
    team.owner.client.post(&team.path("/roles")).json(&body).await.created();
    let bill = team.member("bill@acme.example", "billing").await;
    let mary = team.member("mary@acme.example", "member").await;
    for (permission, who, held) in [
        ("invoices:write", &bill.id, true),
        ("members:write", &bill.id, true),
        ("members:read", &bill.id, true),
        ("audit:read", &bill.id, false),
        ("invoices:write", &mary.id, false),
        ("members:read", &mary.id, true),
        ("members:write", &mary.id, false),
        ("members:write", &team.owner.id, true),
        ("organizations:delete", &team.owner.id, true),
        ("invoices:write", &team.owner.id, false),
    ] {
        assert_eq!(allowed(&key, None, &of(&team, permission, who)).await, held, "{permission} {who}");
    }
    // Through a group.
    let group = json!({ "name": "Clerks", "role": "billing" });
    let group = team.owner.client.post(&team.path("/groups")).json(&group).await.at("/id");
    let put = team.path(&format!("/groups/{group}/members"));
    team.owner.client.post(&put).json(&json!({ "identity_id": mary.id })).await.created();
    assert!(allowed(&key, None, &of(&team, "invoices:write", &mary.id)).await);
}

async fn a_role_that_changes_counts_at_once(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let key = app.admin_key();
    let jane = &team.owner.client;
    let body = json!({ "key": "billing", "name": "Billing", "permissions": ["invoices:write"] });
    jane.post(&team.path("/roles")).json(&body).await.created();
    let bill = team.member("bill@acme.example", "billing").await;
    let write = of(&team, "invoices:write", &bill.id);
    assert!(allowed(&key, None, &write).await);
    let path = team.path("/roles/billing");
    jane.patch(&path).json(&json!({ "permissions": ["invoices:read"] })).await.ok();
    assert!(!allowed(&key, None, &write).await);
    assert!(allowed(&key, None, &of(&team, "invoices:read", &bill.id)).await);
    jane.delete(&path).query(&[("reassign_to", "member")]).await.no_content();
    assert!(!allowed(&key, None, &of(&team, "invoices:read", &bill.id)).await);
    assert!(allowed(&key, None, &of(&team, "member", &bill.id)).await);
    let member = team.path(&format!("/members/{}", bill.id));
    jane.delete(&member).await.no_content();
    assert!(!allowed(&key, None, &of(&team, "member", &bill.id)).await);
}

async fn a_role_is_assigned_by_its_tuple(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let org = Some(team.id.as_str());
    let jane = &team.owner.client;
    let mary = team.member("mary@acme.example", "member").await;
    let made = grant(jane, org, &of(&team, "admin", &mary.id)).await;
    assert_eq!(made.created()["source"], "system");
    let path = team.path(&format!("/members/{}", mary.id));
    assert_eq!(jane.get(&path).await.ok()["role"], "admin");
    mary.client.get_in(&team.id, "/v1/identities").await.ok();
    grant(jane, org, &of(&team, "admin", &mary.id)).await.refused(Code::AlreadyExists);
    // One tuple a member: the role that it had is gone.
    revoke(jane, org, &of(&team, "member", &mary.id)).await.refused(Code::NotFound);
    revoke(jane, org, &of(&team, "admin", &mary.id)).await.no_content();
    assert_eq!(jane.get(&path).await.ok()["role"], "member");
    mary.client.get_in(&team.id, "/v1/identities").await.refused(Code::ScopeMissing);
    assert_eq!(app.payloads(EventType::MemberRoleChanged).await.len(), 2);
    assert_eq!(app.payloads(EventType::PermissionGranted).await, [json!(null); 0]);
}

async fn a_tuple_of_a_role_makes_and_ends_a_membership(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let key = app.admin_key();
    let paul = app.person("paul@other.example").await;
    grant(&key, None, &of(&team, "member", &paul.id)).await.created();
    let path = team.path(&format!("/members/{}", paul.id));
    let member = team.owner.client.get(&path).await;
    assert_eq!((member.at("/role"), member.at("/source")), ("member".into(), "admin".into()));
    revoke(&key, None, &of(&team, "member", &paul.id)).await.no_content();
    team.owner.client.get(&path).await.refused(Code::NotFound);
    grant(&key, None, "organizations:org_01kjpwdk93e6yrn4jvq0b9zr89#member@usr_01kjpwd6m0emptw6bw4v8qtn83")
        .await
        .refused(Code::OrganizationNotFound);
}

async fn the_rules_of_members_hold_for_tuples(app: TestApp) {
    let team = app.team_with("Acme", "jane@acme.example", json!({ "seat_limit": 3 })).await;
    let (org, key) = (Some(team.id.as_str()), app.admin_key());
    let ann = team.member("ann@acme.example", "admin").await;
    let mary = team.member("mary@acme.example", "member").await;
    // Only owners make owners, and change them.
    grant(&ann.client, org, &of(&team, "owner", &mary.id)).await.refused(Code::PermissionDenied);
    grant(&ann.client, org, &of(&team, "admin", &team.owner.id)).await.refused(Code::PermissionDenied);
    revoke(&ann.client, org, &of(&team, "owner", &team.owner.id)).await.refused(Code::PermissionDenied);
    let last = revoke(&team.owner.client, org, &of(&team, "owner", &team.owner.id)).await;
    assert_eq!(last.refused(Code::LastOwner)["organization_ids"], json!([team.id]));
    grant(&key, None, &of(&team, "admin", &team.owner.id)).await.refused(Code::LastOwner);
    let paul = app.person("paul@acme.example").await;
    grant(&key, None, &of(&team, "member", &paul.id)).await.refused(Code::SeatLimitReached);
    grant(&team.owner.client, org, &of(&team, "owner", &mary.id)).await.created();
    revoke(&team.owner.client, org, &of(&team, "owner", &team.owner.id)).await.no_content();
    let suspended = team.path(&format!("/members/{}", ann.id));
    mary.client.patch(&suspended).json(&json!({ "state": "suspended" })).await.ok();
    let refused = grant(&mary.client, org, &of(&team, "member", &ann.id)).await;
    assert_eq!(refused.refused(Code::ConflictingState)["state"], "suspended");
    mary.client.post("/v1/permissions").json(&json!({})).await.refused(Code::ScopeMissing);
}

async fn an_organization_adds_only_whom_it_manages(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let org = Some(team.id.as_str());
    let paul = app.person("paul@other.example").await;
    let refused = grant(&team.owner.client, org, &of(&team, "member", &paul.id)).await;
    refused.refused(Code::NotAMember);
    let nobody = "usr_01kjpwd6m0emptw6bw4v8qtn83";
    grant(&team.owner.client, org, &of(&team, "member", nobody)).await.refused(Code::NotAMember);
}

async fn a_place_in_a_group_is_given_by_its_tuple(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (org, jane) = (Some(team.id.as_str()), &team.owner.client);
    let group = jane.post(&team.path("/groups")).json(&json!({ "name": "Sales" })).await.at("/id");
    let mary = team.member("mary@acme.example", "member").await;
    let text = format!("groups:{group}#member@{}", mary.id);
    grant(jane, org, &text).await.created();
    grant(jane, org, &text).await.refused(Code::AlreadyExists);
    let path = team.path(&format!("/groups/{group}"));
    assert_eq!(jane.get(&path).await.ok()["member_count"], 1);
    revoke(jane, org, &text).await.no_content();
    revoke(jane, org, &text).await.refused(Code::NotFound);
    assert_eq!(jane.get(&path).await.ok()["member_count"], 0);
    let eve = app.person("eve@evil.example").await;
    grant(jane, org, &format!("groups:{group}#member@{}", eve.id)).await.refused(Code::NotAMember);
    let mut ends = tuple(&text);
    ends["expire_time"] = serde_json::to_value(app.now().plus_seconds(60)).expect("a time");
    let refused = jane.post("/v1/permissions").header("x-avnology-org", &team.id).json(&ends).await;
    refused.refused_fields(Code::ValidationFailed, &[("expire_time", "not_allowed")]);
    let off = json!({ "feature_flags": { "groups": false } });
    app.admin_key().patch(&team.path("")).json(&off).await.ok();
    grant(jane, org, &text).await.refused(Code::FeatureDisabled);
}

async fn what_belongs_to_the_system_is_refused(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (key, jane) = (app.admin_key(), &team.owner.client);
    let role = json!({ "key": "billing", "name": "Billing" });
    let role = jane.post(&team.path("/roles")).json(&role).await.at("/id");
    let static_group = jane.post(&team.path("/groups")).json(&json!({ "name": "Sales" })).await.at("/id");
    let everybody = json!({ "name": "All", "type": "dynamic", "rule": "member.role = \"member\"" });
    let ruled = jane.post(&team.path("/groups")).json(&everybody).await.at("/id");
    let usr = &team.owner.id;
    let account = team.service_account(&["members:read"]).await;
    for text in [
        format!("roles:{role}#assignee@{usr}"),
        format!("roles:{role}#organization@organizations:{}", team.id),
        format!("groups:{static_group}#organization@organizations:{}", team.id),
        format!("groups:{ruled}#member@{usr}"),
        of(&team, "invoices:write", usr),
        of(&team, "admin", &format!("groups:{static_group}#member")),
        format!("service_accounts:{account}#owner@{usr}"),
        format!("clients:cli_1#organization@organizations:{}", team.id),
    ] {
        grant(&key, None, &text).await.refused(Code::TupleOfSystem);
        revoke(&key, None, &text).await.refused(Code::TupleOfSystem);
    }
    // A role is given to people.
    grant(&key, None, &of(&team, "billing", "*")).await.refused(Code::PermissionUnknown);
    grant(&key, None, &of(&team, "member", "*")).await.refused(Code::PermissionUnknown);
    grant(&key, None, "clients:cli_1#owner@usr_1").await.created();
}

async fn free_relations_need_no_membership_and_stay(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (org, jane) = (Some(team.id.as_str()), &team.owner.client);
    let mary = team.member("mary@acme.example", "member").await;
    let eve = app.person("eve@evil.example").await;
    for who in [&mary.id, &eve.id] {
        assert_eq!(grant(jane, org, &of(&team, "employee", who)).await.created()["source"], "api");
    }
    jane.delete(&team.path(&format!("/members/{}", mary.id))).await.no_content();
    let key = app.admin_key();
    assert!(allowed(&key, None, &of(&team, "employee", &mary.id)).await);
    assert!(allowed(&key, None, &of(&team, "employee", &eve.id)).await);
    assert!(!allowed(&key, None, &of(&team, "member", &eve.id)).await);
    assert!(!allowed(&key, None, &of(&team, "employee", "usr_1")).await);
    // `*` stands for every identity.
    grant(jane, org, &of(&team, "employee", "*")).await.created();
    assert!(allowed(&key, None, &of(&team, "employee", "usr_1")).await);
    assert!(!allowed(&key, None, &of(&team, "employee", "sa_1")).await, "but for no program");
}

async fn a_free_relation_becomes_no_role(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (org, jane) = (Some(team.id.as_str()), &team.owner.client);
    let eve = app.person("eve@evil.example").await;
    grant(jane, org, &of(&team, "auditor", &eve.id)).await.created();
    let role = json!({ "key": "auditor", "name": "Auditor", "permissions": ["audit:read"] });
    let refused = jane.post(&team.path("/roles")).json(&role).await;
    assert_eq!(refused.refused(Code::AlreadyExists)["field"], "key");
    revoke(jane, org, &of(&team, "auditor", &eve.id)).await.no_content();
    jane.post(&team.path("/roles")).json(&role).await.created();
}

async fn a_suspended_member_has_no_tuples_until_reactivated(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (key, jane) = (app.admin_key(), &team.owner.client);
    let ann = team.member("ann@acme.example", "admin").await;
    let group = jane.post(&team.path("/groups")).json(&json!({ "name": "Sales" })).await.at("/id");
    let put = team.path(&format!("/groups/{group}/members"));
    jane.post(&put).json(&json!({ "identity_id": ann.id })).await.created();
    let in_group = format!("groups:{group}#member@{}", ann.id);
    let path = team.path(&format!("/members/{}", ann.id));
    for (state, held) in [("suspended", false), ("active", true)] {
        jane.patch(&path).json(&json!({ "state": state })).await.ok();
        assert_eq!(allowed(&key, None, &of(&team, "admin", &ann.id)).await, held, "{state}");
        assert_eq!(allowed(&key, None, &in_group).await, held, "{state}");
    }
}

async fn a_membership_that_ends_counts_until_then(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (key, jane) = (app.admin_key(), &team.owner.client);
    let ann = team.member("ann@acme.example", "admin").await;
    let until = serde_json::to_value(app.now().plus_seconds(60)).expect("a time");
    let path = team.path(&format!("/members/{}", ann.id));
    jane.patch(&path).json(&json!({ "expire_time": until })).await.ok();
    assert!(allowed(&key, None, &of(&team, "admin", &ann.id)).await);
    app.advance(60);
    assert!(!allowed(&key, None, &of(&team, "admin", &ann.id)).await, "before any job has run");
    // A role that is given by its tuple may end as well.
    let paul = app.person("paul@acme.example").await;
    let mut ends = tuple(&of(&team, "member", &paul.id));
    ends["expire_time"] = serde_json::to_value(app.now().plus_seconds(60)).expect("a time");
    let made = key.post("/v1/permissions").json(&ends).await;
    assert_eq!(made.created()["expire_time"], ends["expire_time"]);
    assert!(allowed(&key, None, &of(&team, "member", &paul.id)).await);
    app.advance(60);
    assert!(!allowed(&key, None, &of(&team, "member", &paul.id)).await);
    app.sweep().await;
    jane.get(&team.path(&format!("/members/{}", paul.id))).await.refused(Code::NotFound);
}

async fn roles_on_the_platform_are_tuples(app: TestApp) {
    let key = app.admin_key();
    let root = app.person("root@acme.example").await;
    let text = format!("platform:main#admin@{}", root.id);
    root.client.get("/v1/tenant").await.refused(Code::ScopeMissing);
    grant(&key, None, &text).await.created();
    root.client.get("/v1/tenant").await.ok();
    assert!(allowed(&key, None, &format!("platform:main#viewer@{}", root.id)).await);
    let last = revoke(&key, None, &text).await;
    last.refused(Code::LastOwner);
    let second = app.person("second@acme.example").await;
    grant(&root.client, None, &format!("platform:main#admin@{}", second.id)).await.created();
    revoke(&key, None, &text).await.no_content();
    root.client.get("/v1/tenant").await.refused(Code::ScopeMissing);
    grant(&key, None, "platform:other#admin@usr_1").await.refused(Code::NotFound);
    // Nobody gives a role that holds more than they do.
    let account = json!({ "name": "Robot", "scopes": ["permissions:write", "permissions:read"], "owner_id": second.id });
    let account = key.post("/v1/service-accounts").json(&account).await.at("/id");
    let path = format!("/v1/service-accounts/{account}/keys");
    let made = key.post(&path).json(&json!({ "name": "k" })).await;
    let program = app.program().with_token(&made.at("/key"));
    grant(&program, None, &text).await.refused(Code::PermissionDenied);
}

async fn of_two_who_take_the_last_owners_one_wins(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = team.member("mary@acme.example", "owner").await;
    let revoke = |who: &str| {
        let (key, text) = (app.admin_key(), of(&team, "owner", who));
        tokio::spawn(async move { crate::kit::revoke(&key, None, &text).await.status })
    };
    let (one, other) = (revoke(&team.owner.id), revoke(&mary.id));
    let mut statuses = [one.await.expect("an answer"), other.await.expect("an answer")];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
}

async fn other_areas_ask_in_process(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = team.member("mary@acme.example", "member").await;
    let tenant = app.tenant();
    let asked = async |relation: &str, who: &str| {
        check(tenant, None, app.now(), ("organizations", &team.id, relation), who).await
    };
    assert!(asked("admin", &team.owner.id).await.expect("an answer"));
    assert!(!asked("admin", &mary.id).await.expect("an answer"));
    assert!(asked("members:read", &mary.id).await.expect("an answer"));
    let unknown = check(tenant, None, app.now(), ("nothing", "a", "b"), &mary.id).await;
    assert_eq!(unknown.expect_err("refused").code(), Code::PermissionUnknown);
    let told = ask(&app.admin_key(), None, "check", &tuple(&of(&team, "admin", &mary.id))).await;
    assert_eq!(told.ok()["allowed"], false);
}
