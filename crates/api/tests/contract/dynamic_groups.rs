//! Groups that a rule fills (`contract/20` §5).

use avnology_model::{
    Code,
    events::EventType,
    identities::Identity,
    ids::{GroupId, IdentityId, MembershipId, OrganizationId},
    organizations::Membership,
};
use avnology_store::{
    events::log::{self, NewEvent},
    identities::identities,
    organizations::{domains, groups as rows, memberships},
    permissions::tuples,
};
use avnology_testkit::{Answer, Team, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    a_new_rule_goes_through_the_members,
    until_another_rule_has_gone_through_the_former_members_stay,
    a_change_of_a_person_is_tried_in_their_organizations,
    a_change_of_a_membership_is_tried,
    a_rule_never_sees_what_groups_give,
    a_rule_sees_of_a_person_what_the_organization_sees,
    a_domain_that_is_lost_shows_less_to_every_rule,
    rules_that_cannot_be_read_are_named,
    a_rule_gives_no_role_that_runs_the_organization,
    whoever_changes_a_rule_gives_its_role,
    people_do_not_decide_on_the_members,
    a_group_that_no_longer_has_a_rule_keeps_its_members,
    a_rule_goes_on_where_a_crash_stopped_it,
    what_was_tried_once_may_be_tried_again,
}

async fn made(team: &Team, body: Value) -> Answer {
    let mut group = json!({ "type": "dynamic" });
    group.as_object_mut().expect("a map").extend(body.as_object().expect("a map").clone());
    let made = team.owner.client.post(&team.path("/groups")).json(&group).await;
    made.created();
    made
}

async fn ruled(team: &Team, rule: &str) -> Answer {
    made(team, json!({ "name": "Ruled", "rule": rule })).await
}

fn path(team: &Team, group: &Answer) -> String {
    team.path(&format!("/groups/{}", group.at("/id")))
}

/// The names before the @ of the members of a group, in order.
async fn members(team: &Team, group: &Answer) -> Vec<String> {
    let query = [("order_by", "identity.email"), ("page_size", "100")];
    let list = team.owner.client.get(&format!("{}/members", path(team, group))).query(&query).await;
    let list = list.ok()["members"].as_array().cloned().expect("members");
    let address = |member: &Value| member["identity"]["email"].as_str().expect("an address").to_owned();
    let names: Vec<_> =
        list.iter().map(|m| address(m).split('@').next().expect("a name").to_owned()).collect();
    let counted = team.owner.client.get(&path(team, group)).await;
    assert_eq!(counted["member_count"], names.len(), "the counter is right");
    names
}

async fn change(app: &TestApp, identity: &str, patch: Value) {
    let body = json!({ "identity": patch });
    app.admin_key().patch(&format!("/v1/identities/{identity}")).json(&body).await.ok();
}

/// Notes that the organization made this identity.
async fn claim(app: &TestApp, team: &Team, identity: &str) {
    let (id, place, now) =
        (identity.parse().expect("an identity"), team.id.parse().expect("an organization"), app.now());
    let write = app.tenant().store.identity().write(move |tx| {
        let mut identity = identities::get(tx, id)?;
        identity.claimed_by = Some(place);
        identities::update(tx, &mut identity, now)
    });
    write.await.expect("a claim");
}

async fn a_new_rule_goes_through_the_members(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let ann = app.account_with("ann@acme.example", json!({ "locale": "de" })).await;
    let bob = app.account_with("bob@acme.example", json!({ "locale": "en" })).await;
    app.account_with("eve@evil.example", json!({ "locale": "de" })).await;
    for id in [&ann, &bob] {
        team.add(id, "member").await;
    }
    let group = ruled(&team, "locale = \"de\" AND NOT member.role = \"owner\"").await;
    assert_eq!((group["type"].clone(), group["member_count"].clone()), (json!("dynamic"), json!(0)));
    app.settle_groups().await;
    assert_eq!(members(&team, &group).await, ["ann"]);
    let id = group.at("/id");
    let tuples = app.tenant().store.identity().read(move |tx| tuples::of_object(tx, "groups", &id));
    assert!(tuples.await.expect("tuples").contains(&("member".to_owned(), ann.clone())));
    let told = app.payloads(EventType::GroupMemberAdded).await;
    assert_eq!(told, [json!({ "group_id": group["id"], "user_id": ann })]);
}

async fn until_another_rule_has_gone_through_the_former_members_stay(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let ann = app.account_with("ann@acme.example", json!({ "locale": "de" })).await;
    let bob = app.account_with("bob@acme.example", json!({ "locale": "en" })).await;
    for id in [&ann, &bob] {
        team.add(id, "member").await;
    }
    let group = ruled(&team, "locale = \"de\"").await;
    app.settle_groups().await;
    let rule = json!({ "rule": "locale = \"en\"" });
    team.owner.client.patch(&path(&team, &group)).json(&rule).await.ok();
    assert_eq!(members(&team, &group).await, ["ann"]);
    // The sweeping job is one of those that take a rule through.
    app.sweep().await;
    assert_eq!(members(&team, &group).await, ["bob"]);
    assert_eq!(app.payloads(EventType::GroupMemberRemoved).await[0]["user_id"], json!(ann));
}

async fn a_change_of_a_person_is_tried_in_their_organizations(app: TestApp) {
    let acme = app.team("Acme", "jane@acme.example").await;
    let beta = app.team("Beta", "bob@beta.example").await;
    let other = app.team("Other", "joe@other.example").await;
    let ann = app.person("ann@acme.example").await;
    for team in [&acme, &beta] {
        team.add(&ann.id, "member").await;
    }
    let groups = [
        ruled(&acme, "display_name:\"Queen*\"").await,
        ruled(&beta, "locale = \"de\"").await,
        ruled(&other, "locale = \"de\"").await,
    ];
    app.settle_groups().await;
    assert_eq!(members(&acme, &groups[0]).await, Vec::<String>::new());
    change(&app, &ann.id, json!({ "display_name": "Queen Ann", "locale": "de" })).await;
    app.settle_groups().await;
    assert_eq!(members(&acme, &groups[0]).await, ["ann"]);
    assert_eq!(members(&beta, &groups[1]).await, ["ann"]);
    assert_eq!(members(&other, &groups[2]).await, Vec::<String>::new());
    change(&app, &ann.id, json!({ "locale": null })).await;
    app.settle_groups().await;
    assert_eq!(members(&acme, &groups[0]).await, ["ann"]);
    assert_eq!(members(&beta, &groups[1]).await, Vec::<String>::new());
    // Who may not sign in is `inactive` for a rule.
    let rule = json!({ "rule": "state = \"inactive\"" });
    acme.owner.client.patch(&path(&acme, &groups[0])).json(&rule).await.ok();
    app.settle_groups().await;
    app.admin_key().post(&format!("/v1/identities/{}:deactivate", ann.id)).json(&json!({})).await.ok();
    app.settle_groups().await;
    assert_eq!(members(&acme, &groups[0]).await, ["ann"]);
}

async fn a_change_of_a_membership_is_tried(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let role = json!({ "key": "helper", "name": "Helper", "permissions": ["identities:read"] });
    team.owner.client.post(&team.path("/roles")).json(&role).await.created();
    let body = json!({ "name": "Helpers", "rule": "member.role = \"admin\" OR member.source = \"creator\"" });
    let group = made(&team, body).await;
    let body = json!({ "name": "People", "rule": "member.role = \"member\"", "role": "helper" });
    let people = made(&team, body).await;
    app.settle_groups().await;
    let mary = team.member("mary@acme.example", "member").await;
    let attempt = || mary.client.get_in(&team.id, "/v1/identities").into_future();
    attempt().await.refused(Code::ScopeMissing);
    app.settle_groups().await;
    assert_eq!(members(&team, &people).await, ["mary"]);
    attempt().await.ok();
    let member = team.path(&format!("/members/{}", mary.id));
    team.owner.client.patch(&member).json(&json!({ "role": "admin" })).await.ok();
    app.settle_groups().await;
    assert_eq!(members(&team, &people).await, Vec::<String>::new());
    assert_eq!(members(&team, &group).await, ["jane", "mary"]);
    team.owner.client.delete(&member).await.no_content();
    app.settle_groups().await;
    assert_eq!(members(&team, &group).await, ["jane"]);
}

async fn a_rule_never_sees_what_groups_give(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    for key in ["helper", "aide"] {
        let role = json!({ "key": key, "name": key });
        team.owner.client.post(&team.path("/roles")).json(&role).await.created();
    }
    let mary = app.account("mary@acme.example").await;
    team.add(&mary, "member").await;
    // One rule that the group's own role would make true, and one that it would make false.
    let itself =
        made(&team, json!({ "name": "A", "rule": "member.role = \"helper\"", "role": "helper" })).await;
    let body = json!({ "name": "B", "rule": "NOT member.role = \"aide\" AND member.role = \"member\"", "role": "aide" });
    let against = made(&team, body).await;
    for _ in 0..3 {
        app.settle_groups().await;
        assert_eq!(members(&team, &itself).await, Vec::<String>::new());
        assert_eq!(members(&team, &against).await, ["mary"]);
    }
    assert_eq!(app.payloads(EventType::GroupMemberAdded).await.len(), 1);
    assert_eq!(app.payloads(EventType::GroupMemberRemoved).await.len(), 0);
}

async fn a_rule_sees_of_a_person_what_the_organization_sees(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    team.holds_domain("acme.example", |_| {}).await;
    let more = |email: &str| json!({ "email": email, "email_verified": true, "traits": { "team": { "name": "red" } } });
    let own = json!({ "identity": more("ann@acme.example"), "organization_id": team.id });
    let made_here = app.admin_key().post("/v1/identities").json(&own).await;
    claim(&app, &team, &made_here.at("/id")).await;
    let guest =
        app.admin_key().post("/v1/identities").json(&json!({ "identity": more("gus@guest.example") })).await;
    team.add(&guest.at("/id"), "member").await;
    let seen = ruled(&team, "traits.team.name = \"red\"").await;
    let card =
        made(&team, json!({ "name": "Card", "rule": "email:\"gus*\" OR email = \"ANN@acme.example\"" }))
            .await;
    let unseen = made(&team, json!({ "name": "Unseen", "rule": "email_verified = true" })).await;
    app.settle_groups().await;
    assert_eq!(members(&team, &seen).await, ["ann"]);
    assert_eq!(members(&team, &unseen).await, ["ann"]);
    assert_eq!(members(&team, &card).await, ["ann", "gus"]);
}

async fn a_domain_that_is_lost_shows_less_to_every_rule(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    team.holds_domain("acme.example", |_| {}).await;
    let own = json!({ "identity": { "email": "ann@acme.example", "email_verified": true }, "organization_id": team.id });
    let made_here = app.admin_key().post("/v1/identities").json(&own).await;
    claim(&app, &team, &made_here.at("/id")).await;
    let group = ruled(&team, "email_verified = true").await;
    app.settle_groups().await;
    assert_eq!(members(&team, &group).await, ["ann"]);
    let place: OrganizationId = team.id.parse().expect("an id");
    let cx = app.tenant().system_cx();
    let write = app.tenant().store.identity().write(move |tx| {
        domains::erase(tx, place)?;
        let event = cx.event(EventType::DomainRemoved, json!({})).in_organization(place);
        let body = serde_json::to_value(&event).expect("an event");
        let event = NewEvent {
            event_id: event.event_id,
            organization_id: Some(place),
            managing_organization_id: None,
            event_type: EventType::DomainRemoved.as_str(),
            body: &body,
            sealed: None,
            create_time: cx.now,
        };
        log::append(tx, &event)
    });
    write.await.expect("a domain is gone");
    app.settle_groups().await;
    assert_eq!(members(&team, &group).await, Vec::<String>::new());
}

async fn rules_that_cannot_be_read_are_named(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let send = |rule: Value| {
        let body = json!({ "name": "Ruled", "type": "dynamic", "rule": rule });
        team.owner.client.post(&team.path("/groups")).json(&body).into_future()
    };
    for (rule, code) in [
        (Value::Null, "required"),
        (json!("  "), "required"),
        (json!("locale ="), "invalid_format"),
        (json!("x".repeat(2_001)), "too_long"),
    ] {
        send(rule).await.refused_fields(Code::ValidationFailed, &[("rule", code)]);
    }
    // What the organization does not see, times of use, what groups give, and what does not fit.
    for rule in [
        "shoe = 1",
        "last_login_at > \"2026-01-01T00:00:00Z\"",
        "member.last_active_at > \"2026-01-01T00:00:00Z\"",
        "has_password = true",
        "member.group_roles:\"admin\"",
        "group = \"grp_01kjpwd6m0emptw6bw4v8qtn83\"",
        "email_verified = \"yes\"",
        "member.source = \"nowhere\"",
        "create_time > 5",
    ] {
        let refused = send(json!(rule)).await;
        refused.refused(Code::ValidationFailed);
        assert_eq!(refused.at("/errors/0/field"), "rule", "{rule}");
    }
}

async fn a_rule_gives_no_role_that_runs_the_organization(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    for (key, base) in [("chief", "admin"), ("helper", "member")] {
        let role = json!({ "key": key, "name": key, "base": base });
        team.owner.client.post(&team.path("/roles")).json(&role).await.created();
    }
    for role in ["owner", "admin", "chief", "nobody"] {
        let body = json!({ "name": "Ruled", "type": "dynamic", "rule": "locale = \"de\"", "role": role });
        let refused = team.owner.client.post(&team.path("/groups")).json(&body).await;
        refused.refused(Code::RoleNotAssignable);
    }
    let group = made(&team, json!({ "name": "Ruled", "rule": "locale = \"de\"", "role": "helper" })).await;
    let jane = &team.owner.client;
    jane.patch(&path(&team, &group)).json(&json!({ "role": "chief" })).await.refused(Code::RoleNotAssignable);
    // Nor does a group of people that becomes one of a rule.
    let fixed = jane.post(&team.path("/groups")).json(&json!({ "name": "Fixed", "role": "chief" })).await;
    let turned = json!({ "type": "dynamic", "rule": "locale = \"de\"" });
    jane.patch(&path(&team, &fixed)).json(&turned).await.refused(Code::RoleNotAssignable);
    jane.patch(&team.path("/roles/helper"))
        .json(&json!({ "base": "admin" }))
        .await
        .refused(Code::RoleNotAssignable);
}

async fn whoever_changes_a_rule_gives_its_role(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    for (key, permission) in [("keeper", "groups:write"), ("reader", "audit:read")] {
        let role = json!({ "key": key, "name": key, "permissions": [permission] });
        team.owner.client.post(&team.path("/roles")).json(&role).await.created();
    }
    let group = made(&team, json!({ "name": "Ruled", "rule": "locale = \"de\"", "role": "reader" })).await;
    let kim = team.member("kim@acme.example", "keeper").await;
    let rule = json!({ "rule": "member.role = \"keeper\"" });
    kim.client.patch(&path(&team, &group)).json(&rule).await.refused(Code::RoleNotAssignable);
    kim.client.patch(&path(&team, &group)).json(&json!({ "name": "Readers" })).await.ok();
}

async fn people_do_not_decide_on_the_members(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let group = ruled(&team, "member.role = \"owner\"").await;
    app.settle_groups().await;
    assert_eq!(members(&team, &group).await, ["jane"]);
    let mary = app.account("mary@acme.example").await;
    team.add(&mary, "member").await;
    let list = format!("{}/members", path(&team, &group));
    let jane = &team.owner.client;
    let added = jane.post(&list).json(&json!({ "identity_id": mary })).await;
    assert_eq!(added.refused(Code::ConflictingState)["state"], "dynamic");
    jane.delete(&format!("{list}/{}", team.owner.id)).await.refused(Code::ConflictingState);
}

async fn a_group_that_no_longer_has_a_rule_keeps_its_members(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let group = ruled(&team, "member.role = \"owner\"").await;
    app.settle_groups().await;
    let jane = &team.owner.client;
    let half = jane.patch(&path(&team, &group)).json(&json!({ "type": "static" })).await;
    half.refused_fields(Code::ValidationFailed, &[("rule", "not_allowed")]);
    jane.patch(&path(&team, &group)).json(&json!({ "type": "static", "rule": null })).await.ok();
    app.settle_groups().await;
    assert_eq!(members(&team, &group).await, ["jane"]);
    jane.delete(&format!("{}/members/{}", path(&team, &group), team.owner.id)).await.no_content();
    // And back: whoever does not fit the rule goes.
    let mary = app.account("mary@acme.example").await;
    team.add(&mary, "member").await;
    let list = format!("{}/members", path(&team, &group));
    jane.post(&list).json(&json!({ "identity_id": mary })).await.created();
    let rule = json!({ "type": "dynamic", "rule": "member.role = \"owner\"" });
    jane.patch(&path(&team, &group)).json(&rule).await.ok();
    app.settle_groups().await;
    assert_eq!(members(&team, &group).await, ["jane"]);
}

/// Makes `count` more members, named by number, and answers their memberships in order.
async fn crowd(app: &TestApp, team: &Team, count: usize) -> Vec<MembershipId> {
    let mary = app.account("mary@acme.example").await;
    let template = team.add(&mary, "member").await;
    let cx = app.tenant().system_cx();
    let write = app.tenant().store.identity().write(move |tx| {
        let first = memberships::find(tx, template)?.expect("the membership");
        let mut made = Vec::with_capacity(count);
        for i in 0..count {
            let mut identity = Identity::new(IdentityId::new(cx.now, cx.random()), cx.now);
            identity.first_name = Some(format!("Number {i}"));
            identities::insert(tx, &identity)?;
            let id = MembershipId::new(cx.now, cx.random());
            memberships::insert(tx, &Membership { id, identity_id: identity.id, ..first.clone() })?;
            made.push(id);
        }
        made.sort();
        Ok(made)
    });
    write.await.expect("members")
}

async fn a_rule_goes_on_where_a_crash_stopped_it(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let crowd = crowd(&app, &team, 1_100).await;
    let group = ruled(&team, "first_name:\"number*\"").await;
    // More than two transactions, of which a node did the first before it died.
    let (id, at) = (group.at("/id").parse::<GroupId>().expect("a group"), crowd[499].to_string());
    let write = app.tenant().store.identity().write(move |tx| rows::set_progress(tx, id, Some(&at)));
    write.await.expect("progress");
    let tried = avnology_core::organizations::apply_rules(app.tenant()).await.expect("rules");
    assert_eq!(tried, 600);
    let read = app.tenant().store.identity().read(move |tx| rows::progress(tx, id));
    assert_eq!(read.await.expect("progress"), None);
    assert_eq!(team.owner.client.get(&path(&team, &group)).await["member_count"], 600);
    // From the start, those who are in it already are left alone.
    let write = app.tenant().store.identity().write(move |tx| rows::set_progress(tx, id, Some("")));
    write.await.expect("progress");
    assert_eq!(avnology_core::organizations::apply_rules(app.tenant()).await.expect("rules"), 500);
    assert_eq!(team.owner.client.get(&path(&team, &group)).await["member_count"], 1_100);
}

async fn what_was_tried_once_may_be_tried_again(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let group = ruled(&team, "member.source = \"creator\"").await;
    app.settle_groups().await;
    // The follower starts again at the beginning of the log, as one that lost its cursor would.
    let write = app.tenant().store.identity().write(|tx| log::forget(tx, "groups"));
    assert!(write.await.expect("a cursor"));
    app.settle_groups().await;
    assert_eq!(members(&team, &group).await, ["jane"]);
    assert_eq!(app.payloads(EventType::GroupMemberAdded).await.len(), 1);
}
