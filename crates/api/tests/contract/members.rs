//! Members: read, added, changed, removed (`contract/20` §3, `contract/50` §6.2).

use avnology_model::{Code, events::EventType};
use avnology_store::permissions::tuples;
use avnology_testkit::{Answer, Team, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    members_see_each_others_cards,
    the_list_filters_sorts_and_pages,
    an_existing_person_is_added_by_address_at_a_domain_of_ones_own_only,
    only_the_platform_adds_anybody,
    nobody_is_a_member_twice,
    a_role_is_held_as_a_tuple_of_the_same_transaction,
    nobody_gives_a_role_above_their_own,
    only_owners_change_owners,
    the_last_owner_stays_one,
    two_owners_who_leave_at_once_leave_one,
    a_suspended_member_has_no_rights_until_reactivated,
    a_removed_member_is_out_before_the_answer,
    a_membership_that_ran_out_counts_in_no_check,
    a_batch_changes_each_on_its_own,
    bad_input_is_named,
}

fn people(answer: &Answer) -> Vec<String> {
    let list = answer.ok()["members"].as_array().cloned().expect("members");
    list.iter().map(|m| m["identity"]["email"].as_str().expect("an address").to_owned()).collect()
}

async fn relations(app: &TestApp, team: &Team) -> Vec<(String, String)> {
    let id = team.id.clone();
    let read = app.tenant().store.identity().read(move |tx| tuples::of_object(tx, "organizations", &id));
    read.await.expect("tuples")
}

async fn members_see_each_others_cards(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = team.member("mary@acme.example", "member").await;
    let seen = mary.client.get(&team.path(&format!("/members/{}", team.owner.id))).await;
    assert_eq!(
        seen.ok()["identity"],
        json!({ "id": team.owner.id, "email": "jane@acme.example", "first_name": null, "last_name": null,
            "display_name": "jane", "avatar_url": null, "state": "active" })
    );
    assert_eq!(
        (seen.at("/role"), seen.at("/state"), seen.at("/role_source")),
        ("owner".into(), "active".into(), "manual".into())
    );
    let by_membership = mary.client.get(&team.path(&format!("/members/{}", seen.at("/id")))).await;
    assert_eq!(by_membership.json(), seen.json());
    // What concerns accounts is not for members.
    mary.client.get_in(&team.id, "/v1/identities").await.refused(Code::ScopeMissing);
    mary.client.post(&team.path("/members")).json(&json!({})).await.refused(Code::ScopeMissing);
}

async fn the_list_filters_sorts_and_pages(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    for (name, role) in [("ann", "admin"), ("bob", "member"), ("cid", "member")] {
        app.advance(1);
        let id = app.account(&format!("{name}@acme.example")).await;
        team.add(&id, role).await;
    }
    let jane = &team.owner.client;
    let list = |query: &[(&str, &str)]| jane.get(&team.path("/members")).query(query).into_future();
    let all = ["jane@acme.example", "ann@acme.example", "bob@acme.example", "cid@acme.example"];
    assert_eq!(people(&list(&[]).await), all);
    assert_eq!(people(&list(&[("filter", "role = \"member\"")]).await), all[2..]);
    assert_eq!(people(&list(&[("filter", "identity.email = \"ANN@acme.example\"")]).await), all[1..2]);
    assert_eq!(people(&list(&[("filter", "source = \"creator\" AND state = \"active\"")]).await), all[..1]);
    let sorted = people(&list(&[("order_by", "identity.email desc")]).await);
    assert_eq!(sorted, ["jane@acme.example", "cid@acme.example", "bob@acme.example", "ann@acme.example"]);
    let page = list(&[("page_size", "2"), ("include_total", "true")]).await;
    assert_eq!((people(&page).len(), page["total_size"].clone()), (2, json!(4)));
    let next = page.at("/next_page_token");
    assert_eq!(people(&list(&[("page_size", "2"), ("page_token", &next)]).await), all[2..]);
    list(&[("filter", "shoe = 1")]).await.refused(Code::ValidationFailed);
    // An address that changes is sorted by its new one.
    let ann =
        app.admin_key().get("/v1/identities").query(&[("filter", "email = \"ann@acme.example\"")]).await;
    let change = json!({ "identity": { "email": "zoe@acme.example" } });
    app.admin_key().patch(&format!("/v1/identities/{}", ann.at("/identities/0/id"))).json(&change).await.ok();
    let sorted = people(&list(&[("order_by", "identity.email desc"), ("page_size", "1")]).await);
    assert_eq!(sorted, ["zoe@acme.example"]);
}

async fn an_existing_person_is_added_by_address_at_a_domain_of_ones_own_only(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    app.account("mary@acme.example").await;
    let add = || {
        let call = team.owner.client.post(&team.path("/members"));
        call.json(&json!({ "email": "mary@acme.example" })).into_future()
    };
    add().await.refused(Code::NotFound);
    team.holds_domain("acme.example", |_| {}).await;
    let added = add().await;
    assert_eq!(added.created()["source"], "admin");
    assert_eq!(added.at("/role"), "member");
    let missing = json!({ "email": "nobody@acme.example" });
    team.owner.client.post(&team.path("/members")).json(&missing).await.refused(Code::NotFound);
}

async fn only_the_platform_adds_anybody(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let stranger = app.account("eve@evil.example").await;
    let body = json!({ "identity_id": stranger });
    team.owner.client.post(&team.path("/members")).json(&body).await.refused(Code::NotFound);
    app.admin_key().post(&team.path("/members")).json(&body).await.created();
}

async fn nobody_is_a_member_twice(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = app.account("mary@acme.example").await;
    let admin = app.admin_key();
    let add = || admin.post(&team.path("/members")).json(&json!({ "identity_id": mary })).into_future();
    let (one, other) = tokio::join!(add(), add());
    let (added, refused) = if one.status == 201 { (one, other) } else { (other, one) };
    added.created();
    assert_eq!(refused.refused(Code::MemberExists)["member_id"], added["id"]);
    assert_eq!(team.owner.client.get(&team.path("/seats")).await["used"], 2);
}

async fn a_role_is_held_as_a_tuple_of_the_same_transaction(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = app.account("mary@acme.example").await;
    team.add(&mary, "member").await;
    let jane = (String::from("owner"), team.owner.id.clone());
    assert_eq!(relations(&app, &team).await, [("member".to_owned(), mary.clone()), jane.clone()]);
    let member = team.path(&format!("/members/{mary}"));
    team.owner.client.patch(&member).json(&json!({ "role": "admin" })).await.ok();
    assert_eq!(relations(&app, &team).await, [("admin".to_owned(), mary.clone()), jane.clone()]);
    team.owner.client.patch(&member).json(&json!({ "state": "suspended" })).await.ok();
    assert_eq!(relations(&app, &team).await, std::slice::from_ref(&jane));
    team.owner.client.patch(&member).json(&json!({ "state": "active" })).await.ok();
    assert_eq!(relations(&app, &team).await, [("admin".to_owned(), mary), jane.clone()]);
    team.owner.client.delete(&member).await.no_content();
    assert_eq!(relations(&app, &team).await, [jane]);
    let told = app.payloads(EventType::MemberRoleChanged).await;
    assert_eq!(
        (told[0]["previous_role"].clone(), told[0]["member"]["role"].clone()),
        (json!("member"), json!("admin"))
    );
}

async fn nobody_gives_a_role_above_their_own(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let ann = team.member("ann@acme.example", "admin").await;
    let mary = app.account("mary@acme.example").await;
    team.add(&mary, "member").await;
    let member = team.path(&format!("/members/{mary}"));
    ann.client.patch(&member).json(&json!({ "role": "owner" })).await.refused(Code::RoleNotAssignable);
    ann.client.patch(&member).json(&json!({ "role": "admin" })).await.ok();
    ann.client.patch(&member).json(&json!({ "role": "boss" })).await.refused(Code::RoleNotAssignable);
    // Not even to themselves.
    let own = team.path(&format!("/members/{}", ann.id));
    ann.client.patch(&own).json(&json!({ "role": "owner" })).await.refused(Code::RoleNotAssignable);
    team.owner.client.patch(&member).json(&json!({ "role": "owner" })).await.ok();
}

async fn only_owners_change_owners(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let ann = team.member("ann@acme.example", "admin").await;
    let second = app.account("joe@acme.example").await;
    team.add(&second, "owner").await;
    let owner = team.path(&format!("/members/{second}"));
    ann.client.patch(&owner).json(&json!({ "role": "member" })).await.refused(Code::PermissionDenied);
    ann.client.patch(&owner).json(&json!({ "state": "suspended" })).await.refused(Code::PermissionDenied);
    ann.client.delete(&owner).await.refused(Code::PermissionDenied);
    team.owner.client.delete(&owner).await.no_content();
}

async fn the_last_owner_stays_one(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let own = team.path(&format!("/members/{}", team.owner.id));
    let jane = &team.owner.client;
    let later = app.now().plus_seconds(3_600);
    for change in
        [json!({ "role": "admin" }), json!({ "state": "suspended" }), json!({ "expire_time": later })]
    {
        let refused = jane.patch(&own).json(&change).await;
        assert_eq!(refused.refused(Code::LastOwner)["organization_ids"], json!([team.id]), "{change}");
    }
    jane.delete(&own).await.refused(Code::LastOwner);
    app.admin_key().delete(&own).await.refused(Code::LastOwner);
    // Somebody who owns it for a while only, or who cannot sign in, does not count.
    let joe = app.account("joe@acme.example").await;
    let body = json!({ "identity_id": joe, "role": "owner", "expire_time": later });
    app.admin_key().post(&team.path("/members")).json(&body).await.created();
    jane.delete(&own).await.refused(Code::LastOwner);
    let joes = team.path(&format!("/members/{joe}"));
    jane.patch(&joes).json(&json!({ "expire_time": null })).await.ok();
    app.admin_key().post(&format!("/v1/identities/{joe}:deactivate")).json(&json!({})).await.ok();
    jane.delete(&own).await.refused(Code::LastOwner);
    app.admin_key().post(&format!("/v1/identities/{joe}:reactivate")).json(&json!({})).await.ok();
    jane.delete(&own).await.no_content();
}

async fn two_owners_who_leave_at_once_leave_one(app: TestApp) {
    for round in 0..6 {
        let team = app.team("Acme", &format!("jane{round}@acme.example")).await;
        let joe = app.account(&format!("joe{round}@acme.example")).await;
        team.add(&joe, "owner").await;
        let (one, other) =
            (team.path(&format!("/members/{}", team.owner.id)), team.path(&format!("/members/{joe}")));
        let admin = app.admin_key();
        let demote = json!({ "role": "member" });
        let (first, second) =
            tokio::join!(admin.delete(&one).into_future(), admin.patch(&other).json(&demote).into_future(),);
        let kept = [first.code(), second.code()].iter().filter(|c| **c == Some(Code::LastOwner)).count();
        assert_eq!(kept, 1, "{first} {second}");
        let owners = admin.get(&team.path("/members")).query(&[("filter", "role = \"owner\"")]).await;
        assert_eq!(people(&owners).len(), 1);
    }
}

async fn a_suspended_member_has_no_rights_until_reactivated(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = team.member("mary@acme.example", "admin").await;
    mary.client.get(&team.path("/members")).await.ok();
    let member = team.path(&format!("/members/{}", mary.id));
    team.owner.client.patch(&member).json(&json!({ "state": "suspended" })).await.ok();
    mary.client.get(&team.path("/members")).await.refused(Code::NotAMember);
    mary.client.get_in(&team.id, "/v1/me").await.refused(Code::NotAMember);
    team.owner.client.patch(&member).json(&json!({ "state": "active" })).await.ok();
    mary.client.get(&team.path("/members")).await.ok();
    let kinds: Vec<_> = app.events().await.iter().map(|e| e.event_type).collect();
    assert!(kinds.contains(&EventType::MemberSuspended) && kinds.contains(&EventType::MemberReactivated));
    team.owner
        .client
        .patch(&member)
        .json(&json!({ "state": "pending" }))
        .await
        .refused_fields(Code::ValidationFailed, &[("state", "not_in_enum")]);
}

async fn a_removed_member_is_out_before_the_answer(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    for round in 0..5 {
        let mary = team.member(&format!("mary{round}@acme.example"), "admin").await;
        let switch = json!({ "organization_id": team.id });
        mary.client.post("/v1/sessions:switchOrganization").json(&switch).await.ok();
        assert_eq!(mary.client.whoami().await["organization"]["role"], "admin");
        team.owner.client.delete(&team.path(&format!("/members/{}", mary.id))).await.no_content();
        mary.client.get(&team.path("/members")).await.refused(Code::NotAMember);
        // The session lives on without the organization.
        assert_eq!(mary.client.whoami().await.ok()["organization"], Value::Null);
    }
}

async fn a_membership_that_ran_out_counts_in_no_check(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = app.person("mary@acme.example").await;
    let body = json!({ "identity_id": mary.id, "expire_time": app.now().plus_seconds(100) });
    app.admin_key().post(&team.path("/members")).json(&body).await.created();
    mary.client.get(&team.path("/members")).await.ok();
    app.advance(100);
    // No job has run yet.
    mary.client.get(&team.path("/members")).await.refused(Code::NotAMember);
    assert_eq!(avnology_core::organizations::end_expired_memberships(app.tenant()).await.expect("ran"), 1);
    let seats = team.owner.client.get(&team.path("/seats")).await;
    assert_eq!((seats["active"].clone(), relations(&app, &team).await.len()), (json!(1), 1));
    assert_eq!(app.payloads(EventType::MemberRemoved).await[0]["reason"], "expired");
}

async fn a_batch_changes_each_on_its_own(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = app.account("mary@acme.example").await;
    team.add(&mary, "member").await;
    let updates = json!({ "updates": [
        { "id": mary, "role": "admin" }, { "id": team.owner.id, "role": "member" },
        { "id": "usr_01kjpwd6m0emptw6bw4v8qtn83", "state": "suspended" } ] });
    let answer = team.owner.client.post(&team.path("/members:batchUpdate")).json(&updates).await;
    let results = answer.ok()["results"].as_array().cloned().expect("results");
    assert_eq!(results[0]["member"]["role"], "admin");
    assert_eq!(results[1]["error"]["code"], Code::LastOwner.text());
    assert_eq!(results[2]["error"]["code"], Code::NotFound.text());
    let too_many: Vec<_> = (0..101).map(|_| json!({ "id": mary })).collect();
    team.owner
        .client
        .post(&team.path("/members:batchUpdate"))
        .json(&json!({ "updates": too_many }))
        .await
        .refused_fields(Code::ValidationFailed, &[("updates", "too_long")]);
}

async fn bad_input_is_named(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = app.account("mary@acme.example").await;
    let admin = app.admin_key();
    let add = |body: Value| admin.post(&team.path("/members")).json(&body).into_future();
    let neither = add(json!({})).await;
    neither.refused_fields(Code::ValidationFailed, &[("identity_id", "required")]);
    let both = add(json!({ "identity_id": mary, "email": "mary@acme.example" })).await;
    both.refused_fields(Code::ValidationFailed, &[("identity_id", "required")]);
    let address = add(json!({ "email": "no address" })).await;
    address.refused_fields(Code::ValidationFailed, &[("email", "invalid_format")]);
    let past = add(json!({ "identity_id": mary, "expire_time": "2001-01-01T00:00:00Z" })).await;
    past.refused_fields(Code::ValidationFailed, &[("expire_time", "too_small")]);
    add(json!({ "identity_id": mary, "role": "boss" })).await.refused(Code::RoleNotAssignable);
    add(json!({ "identity_id": mary, "shoe": 1 })).await.refused(Code::ValidationFailed);
    admin.get(&team.path("/members/usr_01kjpwd6m0emptw6bw4v8qtn83")).await.refused(Code::NotFound);
    admin.get(&team.path("/members/nonsense")).await.refused(Code::NotFound);
    let unknown = "/v1/organizations/org_01kjpwd6m0emptw6bw4v8qtn83/members";
    admin.get(unknown).await.refused(Code::OrganizationNotFound);
    team.owner.client.get(unknown).await.refused(Code::NotAMember);
}
