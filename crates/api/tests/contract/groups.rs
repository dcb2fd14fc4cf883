//! Groups that people fill (`contract/20` §5, `contract/50` §6.2).

use avnology_model::{
    Code,
    events::EventType,
    ids::GroupId,
    organizations::{GroupSource, GroupType},
};
use avnology_store::{organizations::groups as rows, permissions::tuples};
use avnology_testkit::{Answer, Team, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    a_group_is_made_read_changed_and_removed,
    a_name_is_taken_whatever_its_case,
    bad_input_is_named,
    groups_are_filtered_sorted_and_paged,
    members_come_and_go_with_their_tuples,
    a_group_gives_its_role_at_once,
    a_group_makes_nobody_an_owner,
    nobody_gives_by_a_group_what_they_may_not_give,
    a_suspended_member_stays_in_a_group_without_tuples,
    a_removed_member_leaves_every_group,
    two_adds_at_once_make_one_member,
    a_group_that_a_directory_keeps_is_left_to_it,
    an_invitation_puts_into_groups_that_are_still_there,
    a_change_of_another_version_is_refused,
    a_role_that_a_group_gives_is_in_use,
    there_are_only_so_many_groups_and_members,
    the_same_request_makes_one_group,
    groups_of_another_organization_are_not_there,
}

async fn made(team: &Team, body: Value) -> Answer {
    let made = team.owner.client.post(&team.path("/groups")).json(&body).await;
    made.created();
    made
}

fn path(team: &Team, group: &Answer, rest: &str) -> String {
    team.path(&format!("/groups/{}{rest}", group.at("/id")))
}

async fn put(team: &Team, group: &Answer, identity: &str) -> Answer {
    let body = json!({ "identity_id": identity });
    team.owner.client.post(&path(team, group, "/members")).json(&body).await
}

async fn relations(app: &TestApp, namespace: &'static str, object: &str) -> Vec<(String, String)> {
    let object = object.to_owned();
    let read = app.tenant().store.identity().read(move |tx| tuples::of_object(tx, namespace, &object));
    read.await.expect("tuples")
}

fn pair(relation: &str, subject: &str) -> (String, String) {
    (relation.to_owned(), subject.to_owned())
}

fn of_organization(team: &Team) -> (String, String) {
    pair("organization", &format!("organizations:{}#", team.id))
}

fn names(answer: &Answer) -> Vec<String> {
    let list = answer.ok()["groups"].as_array().cloned().expect("groups");
    list.iter().map(|group| group["name"].as_str().expect("a name").to_owned()).collect()
}

async fn a_group_is_made_read_changed_and_removed(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let made = made(&team, json!({ "name": " Sales ", "description": "They sell." })).await;
    let jane = &team.owner.client;
    assert!(made.header("location").ends_with(&path(&team, &made, "")));
    let mut expected = json!({ "id": made["id"], "name": "Sales", "description": "They sell.", "type": "static",
        "rule": null, "role": null, "source": "manual", "external_id": null, "member_count": 0,
        "create_time": made["create_time"], "update_time": made["update_time"], "etag": made["etag"] });
    assert_eq!(*made.json(), expected);
    assert_eq!(*jane.get(&path(&team, &made, "")).await.ok(), expected);
    app.advance(1);
    let change = json!({ "name": "Selling", "description": null });
    let changed = jane.patch(&path(&team, &made, "")).json(&change).await;
    expected["name"] = json!("Selling");
    expected["description"] = Value::Null;
    for name in ["etag", "update_time"] {
        assert_ne!(changed[name], expected[name], "{name}");
        expected[name] = changed[name].clone();
    }
    assert_eq!(*changed.ok(), expected);
    assert_eq!(relations(&app, "groups", &made.at("/id")).await, [of_organization(&team)]);
    jane.delete(&path(&team, &made, "")).await.no_content();
    jane.get(&path(&team, &made, "")).await.refused(Code::NotFound);
    assert_eq!(relations(&app, "groups", &made.at("/id")).await, []);
    assert_eq!(app.payloads(EventType::GroupCreated).await[0]["group"]["name"], "Sales");
    let told = app.payloads(EventType::GroupUpdated).await;
    assert_eq!(told[0]["changed_fields"], json!(["description", "name"]));
    assert_eq!(app.payloads(EventType::GroupDeleted).await[0]["group"]["name"], "Selling");
    // Members read groups and change none.
    let mary = team.member("mary@acme.example", "member").await;
    assert_eq!(names(&mary.client.get(&team.path("/groups")).await), Vec::<String>::new());
    mary.client.post(&team.path("/groups")).json(&json!({ "name": "A" })).await.refused(Code::ScopeMissing);
}

async fn a_name_is_taken_whatever_its_case(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    made(&team, json!({ "name": "Élan" })).await;
    let other = made(&team, json!({ "name": "Other" })).await;
    let jane = &team.owner.client;
    let again = jane.post(&team.path("/groups")).json(&json!({ "name": "éLAN" })).await;
    assert_eq!(again.refused(Code::AlreadyExists)["field"], "name");
    let renamed = jane.patch(&path(&team, &other, "")).json(&json!({ "name": "ÉLAN" })).await;
    assert_eq!(renamed.refused(Code::AlreadyExists)["field"], "name");
    jane.patch(&path(&team, &other, "")).json(&json!({ "name": "OTHER" })).await.ok();
    // Another organization has its own names.
    let beta = app.team("Beta", "bob@beta.example").await;
    made(&beta, json!({ "name": "Élan" })).await;
}

async fn bad_input_is_named(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let long = "x".repeat(501);
    for (body, field, code) in [
        (json!({}), "name", "required"),
        (json!({ "name": " " }), "name", "required"),
        (json!({ "name": long }), "name", "too_long"),
        (json!({ "name": "A", "description": long }), "description", "too_long"),
        (json!({ "name": "A", "type": "clever" }), "type", "not_in_enum"),
        (json!({ "name": "A", "rule": "locale = \"de\"" }), "rule", "not_allowed"),
        (json!({ "name": "A", "shoe": 1 }), "shoe", "unknown_field"),
    ] {
        let refused = team.owner.client.post(&team.path("/groups")).json(&body).await;
        refused.refused_fields(Code::ValidationFailed, &[(field, code)]);
    }
    let group = made(&team, json!({ "name": "A" })).await;
    let moved = json!({ "id": "grp_01kjpwd6m0emptw6bw4v8qtn83" });
    let refused = team.owner.client.patch(&path(&team, &group, "")).json(&moved).await;
    refused.refused_fields(Code::ValidationFailed, &[("id", "immutable")]);
}

async fn groups_are_filtered_sorted_and_paged(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    for (name, more) in [
        ("Beta", json!({ "role": "admin" })),
        ("Alpha", json!({})),
        ("Gamma", json!({ "type": "dynamic", "rule": "member.role = \"member\"" })),
    ] {
        let mut body = json!({ "name": name });
        body.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
        made(&team, body).await;
    }
    let list =
        |query: &[(&str, &str)]| team.owner.client.get(&team.path("/groups")).query(query).into_future();
    assert_eq!(names(&list(&[]).await), ["Alpha", "Beta", "Gamma"]);
    assert_eq!(names(&list(&[("filter", "type = \"dynamic\"")]).await), ["Gamma"]);
    assert_eq!(names(&list(&[("filter", "role = \"admin\"")]).await), ["Beta"]);
    assert_eq!(names(&list(&[("order_by", "name desc")]).await), ["Gamma", "Beta", "Alpha"]);
    let page = list(&[("page_size", "2"), ("include_total", "true")]).await;
    assert_eq!((names(&page).len(), page["total_size"].clone()), (2, json!(3)));
    let next = page.at("/next_page_token");
    assert_eq!(names(&list(&[("page_size", "2"), ("page_token", &next)]).await), ["Gamma"]);
    list(&[("filter", "shoe = 1")]).await.refused(Code::ValidationFailed);
}

async fn members_come_and_go_with_their_tuples(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let group = made(&team, json!({ "name": "Sales" })).await;
    let mary = app.account("mary@acme.example").await;
    let stranger = app.account("eve@evil.example").await;
    let membership = team.add(&mary, "member").await;
    let added = put(&team, &group, &mary).await;
    assert_eq!(added.created()["identity_id"], json!(mary));
    assert!(added.header("location").ends_with(&path(&team, &group, &format!("/members/{mary}"))));
    let again = put(&team, &group, &mary).await;
    assert_eq!(again.refused(Code::MemberExists)["member_id"], json!(membership));
    put(&team, &group, &stranger).await.refused(Code::NotAMember);
    put(&team, &group, "usr_01kjpwd6m0emptw6bw4v8qtn83").await.refused(Code::NotAMember);
    let jane = &team.owner.client;
    let tuple = [pair("member", &mary), of_organization(&team)];
    assert_eq!(relations(&app, "groups", &group.at("/id")).await, tuple);
    assert_eq!(jane.get(&path(&team, &group, "")).await["member_count"], 1);
    let listed = jane.get(&path(&team, &group, "/members")).query(&[("include_total", "true")]).await;
    assert_eq!(
        (listed.at("/members/0/identity/email"), listed["total_size"].clone()),
        ("mary@acme.example".to_owned(), json!(1))
    );
    // The list of all members can be narrowed down to a group.
    let filter = format!("group = \"{}\" AND state = \"active\"", group.at("/id"));
    let narrowed = jane.get(&team.path("/members")).query(&[("filter", &filter)]).await;
    assert_eq!(narrowed.ok()["members"].as_array().map(Vec::len), Some(1));
    let one = path(&team, &group, &format!("/members/{mary}"));
    jane.delete(&one).await.no_content();
    jane.delete(&one).await.refused(Code::NotFound);
    assert_eq!(relations(&app, "groups", &group.at("/id")).await, [of_organization(&team)]);
    assert_eq!(jane.get(&path(&team, &group, "")).await["member_count"], 0);
    let expected = json!({ "group_id": group["id"], "user_id": mary });
    for told in [EventType::GroupMemberAdded, EventType::GroupMemberRemoved] {
        assert_eq!(app.payloads(told).await, std::slice::from_ref(&expected));
    }
}

async fn a_group_gives_its_role_at_once(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let jane = &team.owner.client;
    let role = json!({ "key": "helper", "name": "Helper", "permissions": ["identities:read"] });
    jane.post(&team.path("/roles")).json(&role).await.created();
    let group = made(&team, json!({ "name": "Sales" })).await;
    let mary = team.member("mary@acme.example", "member").await;
    let attempt = || mary.client.get_in(&team.id, "/v1/identities").into_future();
    put(&team, &group, &mary.id).await.created();
    attempt().await.refused(Code::ScopeMissing);
    jane.patch(&path(&team, &group, "")).json(&json!({ "role": "helper" })).await.ok();
    attempt().await.ok();
    let member = jane.get(&team.path(&format!("/members/{}", mary.id))).await;
    assert_eq!((member["role"].clone(), member["group_roles"].clone()), (json!("member"), json!(["helper"])));
    assert_eq!(jane.get(&team.path("/roles/helper")).await["group_count"], 1);
    let subject = format!("groups:{}#member", group.at("/id"));
    assert!(relations(&app, "organizations", &team.id).await.contains(&pair("helper", &subject)));
    // Another role, then none, then the group itself is gone: each holds with the answer.
    jane.patch(&path(&team, &group, "")).json(&json!({ "role": "admin" })).await.ok();
    mary.client.post(&team.path("/groups")).json(&json!({ "name": "Mine" })).await.created();
    let relations_now = relations(&app, "organizations", &team.id).await;
    assert!(
        relations_now.contains(&pair("admin", &subject))
            && !relations_now.contains(&pair("helper", &subject))
    );
    assert_eq!(jane.get(&team.path("/roles/helper")).await["group_count"], 0);
    jane.patch(&path(&team, &group, "")).json(&json!({ "role": null })).await.ok();
    attempt().await.refused(Code::ScopeMissing);
    jane.patch(&path(&team, &group, "")).json(&json!({ "role": "helper" })).await.ok();
    attempt().await.ok();
    jane.delete(&path(&team, &group, &format!("/members/{}", mary.id))).await.no_content();
    attempt().await.refused(Code::ScopeMissing);
    put(&team, &group, &mary.id).await.created();
    attempt().await.ok();
    jane.delete(&path(&team, &group, "")).await.no_content();
    attempt().await.refused(Code::ScopeMissing);
    assert_eq!(jane.get(&team.path("/roles/helper")).await["group_count"], 0);
    assert!(!relations(&app, "organizations", &team.id).await.contains(&pair("helper", &subject)));
}

async fn a_group_makes_nobody_an_owner(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    for role in ["owner", "nobody", "No Key"] {
        let body = json!({ "name": "Sales", "role": role });
        team.owner.client.post(&team.path("/groups")).json(&body).await.refused(Code::RoleNotAssignable);
    }
    let group = made(&team, json!({ "name": "Sales" })).await;
    let change = team.owner.client.patch(&path(&team, &group, "")).json(&json!({ "role": "owner" })).await;
    change.refused(Code::RoleNotAssignable);
}

async fn nobody_gives_by_a_group_what_they_may_not_give(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let role = json!({ "key": "helper", "name": "Helper", "permissions": ["groups:write"] });
    team.owner.client.post(&team.path("/roles")).json(&role).await.created();
    let hal = team.member("hal@acme.example", "helper").await;
    let admins = made(&team, json!({ "name": "Admins", "role": "admin" })).await;
    let body = json!({ "name": "Mine", "role": "admin" });
    hal.client.post(&team.path("/groups")).json(&body).await.refused(Code::RoleNotAssignable);
    let own = json!({ "identity_id": hal.id });
    hal.client.post(&path(&team, &admins, "/members")).json(&own).await.refused(Code::PermissionDenied);
    let mine = hal.client.post(&team.path("/groups")).json(&json!({ "name": "Mine" })).await;
    hal.client.post(&path(&team, &mine, "/members")).json(&own).await.created();
    let grow = hal.client.patch(&path(&team, &mine, "")).json(&json!({ "role": "admin" })).await;
    grow.refused(Code::RoleNotAssignable);
    // A name is no gift.
    hal.client.patch(&path(&team, &admins, "")).json(&json!({ "name": "Bosses" })).await.ok();
}

async fn a_suspended_member_stays_in_a_group_without_tuples(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (sales, support) =
        (made(&team, json!({ "name": "Sales" })).await, made(&team, json!({ "name": "Support" })).await);
    let mary = app.account("mary@acme.example").await;
    team.add(&mary, "member").await;
    put(&team, &sales, &mary).await.created();
    let member = team.path(&format!("/members/{mary}"));
    let jane = &team.owner.client;
    jane.patch(&member).json(&json!({ "state": "suspended" })).await.ok();
    put(&team, &support, &mary).await.created();
    for group in [&sales, &support] {
        assert_eq!(relations(&app, "groups", &group.at("/id")).await, [of_organization(&team)]);
        assert_eq!(jane.get(&path(&team, group, "")).await["member_count"], 1);
    }
    jane.patch(&member).json(&json!({ "state": "active" })).await.ok();
    for group in [&sales, &support] {
        let tuples = relations(&app, "groups", &group.at("/id")).await;
        assert_eq!(tuples, [pair("member", &mary), of_organization(&team)]);
    }
}

async fn a_removed_member_leaves_every_group(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let group = made(&team, json!({ "name": "Sales" })).await;
    let mary = app.account("mary@acme.example").await;
    team.add(&mary, "member").await;
    put(&team, &group, &mary).await.created();
    let jane = &team.owner.client;
    jane.delete(&team.path(&format!("/members/{mary}"))).await.no_content();
    assert_eq!(jane.get(&path(&team, &group, "")).await["member_count"], 0);
    assert_eq!(relations(&app, "groups", &group.at("/id")).await, [of_organization(&team)]);
    let gone = app.payloads(EventType::GroupMemberRemoved).await;
    assert_eq!(gone, [json!({ "group_id": group["id"], "user_id": mary })]);
    // Whoever comes back is in no group.
    team.add(&mary, "member").await;
    let listed = jane.get(&path(&team, &group, "/members")).await;
    assert_eq!(listed.ok()["members"], json!([]));
}

async fn two_adds_at_once_make_one_member(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    for round in 0..4 {
        let group = made(&team, json!({ "name": format!("Group {round}") })).await;
        let (one, other) =
            tokio::join!(put(&team, &group, &team.owner.id), put(&team, &group, &team.owner.id));
        let (added, refused) = if one.status == 201 { (one, other) } else { (other, one) };
        added.created();
        refused.refused(Code::MemberExists);
        assert_eq!(team.owner.client.get(&path(&team, &group, "")).await["member_count"], 1);
    }
    assert_eq!(app.payloads(EventType::GroupMemberAdded).await.len(), 4);
}

async fn a_group_that_a_directory_keeps_is_left_to_it(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let template = made(&team, json!({ "name": "Sales" })).await;
    let (place, id) = (team.id.parse().expect("an id"), template.at("/id").parse().expect("a group"));
    let cx = app.tenant().system_cx();
    let directory = GroupId::new(cx.now, cx.random());
    let write = app.tenant().store.identity().write(move |tx| {
        let mut group = rows::get(tx, place, id)?;
        (group.id, group.name, group.source) = (directory, "From above".to_owned(), GroupSource::Scim);
        rows::insert(tx, &group)
    });
    write.await.expect("a group");
    let jane = &team.owner.client;
    let path = team.path(&format!("/groups/{directory}"));
    assert_eq!(jane.get(&path).await.ok()["source"], "scim");
    let changed = jane.patch(&path).json(&json!({ "name": "Mine" })).await;
    assert_eq!(changed.refused(Code::ConflictingState)["state"], "scim");
    jane.delete(&path).await.refused(Code::ConflictingState);
    let body = json!({ "identity_id": team.owner.id });
    jane.post(&format!("{path}/members")).json(&body).await.refused(Code::ConflictingState);
    jane.delete(&format!("{path}/members/{}", team.owner.id)).await.refused(Code::ConflictingState);
}

async fn an_invitation_puts_into_groups_that_are_still_there(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (kept, gone) =
        (made(&team, json!({ "name": "Kept" })).await, made(&team, json!({ "name": "Gone" })).await);
    let ruled = made(&team, json!({ "name": "Ruled" })).await;
    let jane = &team.owner.client;
    let body = json!({ "email": "bill@partner.example", "delivery": "link",
        "group_ids": [kept["id"], gone["id"], ruled["id"]] });
    let invited = jane.post(&team.path("/invitations")).json(&body).await;
    invited.created();
    jane.delete(&path(&team, &gone, "")).await.no_content();
    let rule = json!({ "type": "dynamic", "rule": "member.role = \"admin\"" });
    jane.patch(&path(&team, &ruled, "")).json(&rule).await.ok();
    let bill = app.person("bill@partner.example").await;
    let token = invited.at("/accept_url").rsplit('/').next().map(str::to_owned).expect("a token");
    bill.client.post("/v1/invitations:accept").json(&json!({ "token": token })).await.ok();
    assert_eq!(jane.get(&path(&team, &kept, "")).await["member_count"], 1);
    assert_eq!(jane.get(&path(&team, &ruled, "")).await["member_count"], 0);
    assert!(relations(&app, "groups", &kept.at("/id")).await.contains(&pair("member", &bill.id)));
}

async fn a_change_of_another_version_is_refused(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let group = made(&team, json!({ "name": "Sales" })).await;
    let one = path(&team, &group, "");
    let jane = &team.owner.client;
    let changed = jane.patch(&one).json(&json!({ "name": "One" })).if_match(&group.at("/etag")).await;
    changed.ok();
    let late = jane.patch(&one).json(&json!({ "name": "Two" })).if_match(&group.at("/etag")).await;
    assert_eq!(late.refused(Code::EtagMismatch)["etag"], changed["etag"]);
    jane.delete(&one).if_match(&group.at("/etag")).await.refused(Code::EtagMismatch);
    // Who comes and goes makes no new version.
    put(&team, &group, &team.owner.id).await.created();
    jane.delete(&one).if_match(&changed.at("/etag")).await.no_content();
}

async fn a_role_that_a_group_gives_is_in_use(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let jane = &team.owner.client;
    jane.post(&team.path("/roles")).json(&json!({ "key": "helper", "name": "Helper" })).await.created();
    let group = made(&team, json!({ "name": "Sales", "role": "helper" })).await;
    let ruled = json!({ "name": "Ruled", "role": "helper", "type": "dynamic", "rule": "locale = \"de\"" });
    made(&team, ruled).await;
    let helper = team.path("/roles/helper");
    let refused = jane.delete(&helper).await;
    assert_eq!(refused.refused(Code::RoleInUse)["group_count"], 2);
    // A rule gives no role that runs the organization, not by this way either.
    jane.delete(&helper).query(&[("reassign_to", "admin")]).await.refused(Code::RoleNotAssignable);
    jane.patch(&helper).json(&json!({ "base": "admin" })).await.refused(Code::RoleNotAssignable);
    jane.delete(&helper).query(&[("reassign_to", "member")]).await.no_content();
    assert_eq!(jane.get(&path(&team, &group, "")).await["role"], "member");
    let subject = format!("groups:{}#member", group.at("/id"));
    assert!(relations(&app, "organizations", &team.id).await.contains(&pair("member", &subject)));
}

async fn there_are_only_so_many_groups_and_members(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let group = made(&team, json!({ "name": "Sales" })).await;
    let (place, id) = (team.id.parse().expect("an id"), group.at("/id").parse::<GroupId>().expect("a group"));
    let cx = app.tenant().system_cx();
    let fill = app.tenant().store.identity().write(move |tx| {
        let first = rows::get(tx, place, id)?;
        for i in 2..5_000 {
            let mut group = first.clone();
            (group.id, group.name) = (GroupId::new(cx.now, cx.random()), format!("Group {i}"));
            if i <= 51 {
                (group.kind, group.rule) = (GroupType::Dynamic, Some("locale = \"de\"".to_owned()));
            }
            rows::insert(tx, &group)?;
        }
        assert!(rows::count(tx, id, 49_999, 50_000)?);
        Ok(())
    });
    fill.await.expect("groups");
    let jane = &team.owner.client;
    let ruled = json!({ "name": "Ruled", "type": "dynamic", "rule": "locale = \"de\"" });
    let refused = jane.post(&team.path("/groups")).json(&ruled).await;
    assert_eq!(refused.refused(Code::LimitReached)["limit"], 50);
    let turned = json!({ "type": "dynamic", "rule": "locale = \"de\"" });
    jane.patch(&path(&team, &group, "")).json(&turned).await.refused(Code::LimitReached);
    let last = made(&team, json!({ "name": "Last" })).await;
    let refused = jane.post(&team.path("/groups")).json(&json!({ "name": "More" })).await;
    assert_eq!(refused.refused(Code::LimitReached)["limit"], 5_000);
    jane.patch(&path(&team, &last, "")).json(&json!({ "name": "Renamed" })).await.ok();
    put(&team, &group, &team.owner.id).await.created();
    let mary = app.account("mary@acme.example").await;
    team.add(&mary, "member").await;
    assert_eq!(put(&team, &group, &mary).await.refused(Code::LimitReached)["limit"], 50_000);
}

async fn the_same_request_makes_one_group(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let send = |path: String, body: Value| {
        let call = team.owner.client.post(&path).header("idempotency-key", "one");
        call.json(&body).into_future()
    };
    let first = send(team.path("/groups"), json!({ "name": "Sales" })).await;
    let again = send(team.path("/groups"), json!({ "name": "Sales" })).await;
    assert_eq!(again.created(), first.created());
    let member = json!({ "identity_id": team.owner.id });
    let added = send(path(&team, &first, "/members"), member.clone()).await;
    let repeated = send(path(&team, &first, "/members"), member).await;
    assert_eq!(repeated.created(), added.created());
    assert_eq!(repeated.header("location"), added.header("location"));
}

async fn groups_of_another_organization_are_not_there(app: TestApp) {
    let acme = app.team("Acme", "jane@acme.example").await;
    let beta = app.team("Beta", "bob@beta.example").await;
    let group = made(&acme, json!({ "name": "Sales" })).await;
    put(&acme, &group, &acme.owner.id).await.created();
    let bob = &beta.owner.client;
    let foreign = path(&beta, &group, "");
    bob.get(&foreign).await.refused(Code::NotFound);
    bob.patch(&foreign).json(&json!({ "name": "Mine" })).await.refused(Code::NotFound);
    bob.delete(&foreign).await.refused(Code::NotFound);
    bob.get(&path(&beta, &group, "/members")).await.refused(Code::NotFound);
    put(&beta, &group, &beta.owner.id).await.refused(Code::NotFound);
    bob.delete(&path(&beta, &group, &format!("/members/{}", acme.owner.id))).await.refused(Code::NotFound);
    bob.get(&path(&acme, &group, "")).await.refused(Code::NotAMember);
    let filter = format!("group = \"{}\"", group.at("/id"));
    let listed = bob.get(&beta.path("/members")).query(&[("filter", &filter)]).await;
    assert_eq!(listed.ok()["members"], json!([]));
}
