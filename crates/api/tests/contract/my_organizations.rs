//! One's own organizations: `contract/10` §5.

use avnology_model::{Code, events::EventType};
use avnology_testkit::{Answer, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    memberships_are_listed_with_their_organizations,
    memberships_come_in_pages_and_are_filtered,
    what_ones_address_lets_one_join_is_listed,
    open_invitations_to_ones_address_are_listed,
    a_person_without_organizations_has_none_of_it,
    who_leaves_has_lost_every_right_when_answered,
    sessions_lose_the_organization_that_is_left,
    the_last_owner_cannot_leave,
    two_owners_cannot_both_leave,
    a_member_leaves_in_every_state,
    one_leaves_an_organization_whose_rules_lock_one_out,
    nobody_leaves_what_they_do_not_belong_to,
    what_one_has_sent_ends_when_one_leaves,
    who_left_may_be_invited_and_join_again,
}

async fn mine(client: &avnology_testkit::Client) -> Answer {
    let answer = client.get("/v1/me/organizations").await;
    answer.ok();
    answer
}

fn names(answer: &Answer, list: &str, pointer: &str) -> Vec<String> {
    let all = answer[list].as_array().expect("a list").clone();
    all.iter().map(|item| item.pointer(pointer).and_then(Value::as_str).expect("a text").to_owned()).collect()
}

fn leaving(id: &str) -> String {
    format!("/v1/me/organizations/{id}")
}

async fn memberships_are_listed_with_their_organizations(app: TestApp) {
    let team = app.team("Initech", "joe@initech.example").await;
    let acme = app.team("Acme", "jane@acme.example").await;
    team.add(&acme.owner.id, "member").await;
    let own = mine(&acme.owner.client).await;
    assert_eq!(names(&own, "memberships", "/organization/slug"), ["acme", "initech"], "by name");
    let first = &own["memberships"][0];
    let card = json!({ "id": acme.id, "name": "Acme", "slug": "acme", "logo_url": null, "state": "active" });
    assert_eq!(
        (&first["organization"], &first["role"], &first["source"]),
        (&card, &json!("owner"), &json!("creator"))
    );
    for name in [
        "id",
        "organization_id",
        "identity_id",
        "identity",
        "group_roles",
        "state",
        "role_source",
        "joined_at",
    ] {
        assert!(first.get(name).is_some(), "{name}");
    }
    assert_eq!(own.at("/next_page_token"), "");
    // A suspended membership and a suspended organization are still one's own.
    let path = team.path(&format!("/members/{}", acme.owner.id));
    team.owner.client.patch(&path).json(&json!({ "state": "suspended" })).await.ok();
    app.admin_key().post(&acme.path(":suspend")).json(&json!({})).await.ok();
    let own = mine(&acme.owner.client).await;
    assert_eq!(names(&own, "memberships", "/organization/state"), ["suspended", "active"]);
    assert_eq!(names(&own, "memberships", "/state"), ["active", "suspended"]);
}

async fn memberships_come_in_pages_and_are_filtered(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    for name in ["Cedar", "Ash", "Birch"] {
        jane.client.post("/v1/organizations").json(&json!({ "name": name })).await.created();
    }
    let page = async |query: &[(&str, &str)]| jane.client.get("/v1/me/organizations").query(query).await;
    let first = page(&[("page_size", "2"), ("include_total", "true")]).await;
    assert_eq!(names(&first, "memberships", "/organization/name"), ["Ash", "Birch"]);
    assert_eq!(first["total_size"], 3);
    let second =
        page(&[("page_size", "2"), ("include_total", "true"), ("page_token", &first.at("/next_page_token"))])
            .await;
    assert_eq!(names(&second, "memberships", "/organization/name"), ["Cedar"]);
    let owned = page(&[("filter", "role = \"owner\" AND organization.name = \"Ash\"")]).await;
    assert_eq!(names(&owned, "memberships", "/organization/name"), ["Ash"]);
    let newest = page(&[("order_by", "organization.name desc")]).await;
    assert_eq!(names(&newest, "memberships", "/organization/name"), ["Cedar", "Birch", "Ash"]);
}

async fn what_ones_address_lets_one_join_is_listed(app: TestApp) {
    let acme = app.team("Acme", "jane@acme.example").await;
    acme.holds_domain("acme.example", |_| {}).await;
    // Open to anyone, and nothing to do with the caller.
    app.team_with("Initech", "joe@initech.example", json!({ "registration_mode": "public" })).await;
    let ann = app.person("ann@acme.example").await;
    let stranger = app.person("sam@other.example").await;
    for (mode, listed) in [
        ("public", true),
        ("by_invitation_or_domain", true),
        ("by_invitation_only", false),
        ("sso_only", false),
        ("closed", false),
    ] {
        app.admin_key().patch(&acme.path("")).json(&json!({ "registration_mode": mode })).await.ok();
        let card = json!({ "id": acme.id, "name": "Acme", "slug": "acme", "logo_url": null });
        let expected = if listed { json!([card]) } else { json!([]) };
        assert_eq!(mine(&ann.client).await["joinable"], expected, "{mode}");
        assert_eq!(mine(&stranger.client).await["joinable"], json!([]), "{mode}");
        assert_eq!(mine(&acme.owner.client).await["joinable"], json!([]), "a member: {mode}");
    }
    let unproven = app.program();
    unproven.register("new@acme.example").await.ok();
    app.admin_key().patch(&acme.path("")).json(&json!({ "registration_mode": "public" })).await.ok();
    assert_eq!(mine(&unproven).await["joinable"], json!([]));
    // What is listed can be joined.
    ann.client.post(&acme.path(":join")).await.ok();
    assert_eq!(mine(&ann.client).await["joinable"], json!([]));
}

async fn open_invitations_to_ones_address_are_listed(app: TestApp) {
    let (acme, initech) =
        (app.team("Acme", "jane@acme.example").await, app.team("Initech", "joe@initech.example").await);
    let bill = app.person("bill@partner.example").await;
    let body = json!({ "email": "Bill@partner.example", "role": "admin", "expires_in_seconds": 86_400 });
    let made = acme.owner.client.post(&acme.path("/invitations")).json(&body).await;
    app.advance(1);
    initech
        .owner
        .client
        .post(&initech.path("/invitations"))
        .json(&json!({ "email": "bill@partner.example" }))
        .await
        .created();
    let own = mine(&bill.client).await;
    let card = json!({ "id": acme.id, "name": "Acme", "slug": "acme", "logo_url": null });
    let expected = json!({ "id": made["id"], "organization": card, "role": "admin", "expires_at": "2026-03-03T09:00:00.000Z" });
    assert_eq!((&own["invitations"][0], own["invitations"].as_array().map(Vec::len)), (&expected, Some(2)));
    app.advance(86_400);
    let own = mine(&bill.client.app().program().signed_in("bill@partner.example").await.client).await;
    assert_eq!(names(&own, "invitations", "/organization/slug"), ["initech"]);
    app.admin_key().patch(&initech.path("")).json(&json!({ "registration_mode": "closed" })).await.ok();
    let own = mine(&bill.client.app().program().signed_in("bill@partner.example").await.client).await;
    assert_eq!(own["invitations"], json!([]), "nobody can accept it now");
}

async fn a_person_without_organizations_has_none_of_it(app: TestApp) {
    app.team("Acme", "jane@acme.example").await;
    let sam = app.person("sam@other.example").await;
    let none = json!({ "memberships": [], "joinable": [], "invitations": [], "next_page_token": "" });
    assert_eq!(mine(&sam.client).await.json(), &none);
    app.program().get("/v1/me/organizations").await.is(401);
}

async fn who_leaves_has_lost_every_right_when_answered(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let adam = team.member("adam@acme.example", "admin").await;
    adam.client.get(&team.path("/members")).await.ok();
    adam.client.delete(&leaving(&team.id)).await.no_content();
    adam.client.get(&team.path("/members")).await.refused(Code::NotAMember);
    assert_eq!(mine(&adam.client).await["memberships"], json!([]));
    let told = app.payloads(EventType::MemberRemoved).await;
    assert_eq!(
        (told.len(), &told[0]["reason"], &told[0]["member"]["identity_id"]),
        (1, &json!("left"), &json!(adam.id))
    );
    let seats = team.owner.client.get(&team.path("/seats")).await;
    assert_eq!((&seats.ok()["used"], &seats["by_role"]), (&json!(1), &json!({ "owner": 1 })));
    // By slug as well, once one is back.
    team.add(&adam.id, "member").await;
    adam.client.delete(&leaving("acme")).await.no_content();
}

async fn sessions_lose_the_organization_that_is_left(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    app.account("bill@partner.example").await;
    let (browser, program) = (app.browser(), app.program());
    let bill = browser.signed_in("bill@partner.example").await;
    program.signed_in("bill@partner.example").await;
    team.add(&bill.id, "member").await;
    let switch = json!({ "organization_id": team.id });
    for client in [&browser, &program] {
        client.post("/v1/sessions:switchOrganization").json(&switch).await.ok();
        assert_eq!(client.whoami().await.ok()["organization_id"], json!(team.id));
    }
    assert_eq!(browser.cookie("X-Avnology-Org"), Some(team.id.clone()));
    browser.delete(&leaving(&team.id)).await.no_content();
    assert_eq!(browser.cookie("X-Avnology-Org"), None, "the browser acts there no more");
    for client in [&browser, &program] {
        assert_eq!(client.whoami().await.ok()["organization_id"], Value::Null);
    }
}

async fn the_last_owner_cannot_leave(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = team.member("mary@acme.example", "admin").await;
    let refused = team.owner.client.delete(&leaving(&team.id)).await;
    assert_eq!(refused.refused(Code::LastOwner)["organization_ids"], json!([team.id]));
    team.owner.client.get(&team.path("")).await.ok();
    let path = team.path(&format!("/members/{}", mary.id));
    team.owner.client.patch(&path).json(&json!({ "role": "owner" })).await.ok();
    team.owner.client.delete(&leaving(&team.id)).await.no_content();
}

async fn two_owners_cannot_both_leave(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    for round in 0..3 {
        let other = team.member(&format!("mary{round}@acme.example"), "owner").await;
        let path = leaving(&team.id);
        let (one, two) = tokio::join!(
            team.owner.client.delete(&path).into_future(),
            other.client.delete(&path).into_future()
        );
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409], "round {round}: {one} {two}");
        let owners =
            app.admin_key().get(&team.path("/members")).query(&[("filter", "role = \"owner\"")]).await;
        assert_eq!(owners.ok()["members"].as_array().map(Vec::len), Some(1));
        if one.status == 204 {
            team.add(&team.owner.id, "owner").await;
            other.client.delete(&path).await.no_content();
        }
    }
}

async fn a_member_leaves_in_every_state(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = team.member("mary@acme.example", "member").await;
    let adam = team.member("adam@acme.example", "member").await;
    let eve = team.member("eve@acme.example", "member").await;
    let path = team.path(&format!("/members/{}", mary.id));
    team.owner.client.patch(&path).json(&json!({ "state": "suspended" })).await.ok();
    mary.client.delete(&leaving(&team.id)).await.no_content();
    app.admin_key().post(&team.path(":suspend")).json(&json!({})).await.ok();
    adam.client.delete(&leaving(&team.id)).await.no_content();
    app.admin_key().delete(&team.path("")).await.is(202);
    eve.client.delete(&leaving(&team.id)).await.no_content();
    let seats = app.admin_key().get(&team.path("/seats")).await;
    assert_eq!((&seats.ok()["active"], &seats["suspended"]), (&json!(1), &json!(0)));
}

async fn one_leaves_an_organization_whose_rules_lock_one_out(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    app.account("bill@partner.example").await;
    let browser = app.browser();
    let bill = browser.signed_in("bill@partner.example").await;
    team.add(&bill.id, "member").await;
    browser.post("/v1/sessions:switchOrganization").json(&json!({ "organization_id": team.id })).await.ok();
    app.admin_key().patch(&team.path("")).json(&json!({ "mfa_required": true })).await.ok();
    browser.get(&team.path("")).await.refused(Code::SecondFactorRequired);
    browser.delete(&leaving(&team.id)).await.no_content();
    browser.get(&team.path("")).await.refused(Code::NotAMember);
}

async fn nobody_leaves_what_they_do_not_belong_to(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let sam = app.person("sam@other.example").await;
    // The answer does not tell which organizations there are.
    for name in [team.id.as_str(), "acme", "nowhere", "org_01kjpwd6m0emptw6bw4v8qtn83"] {
        sam.client.delete(&leaving(name)).await.refused(Code::NotAMember);
    }
    app.admin_key().delete(&leaving(&team.id)).await.refused(Code::ScopeMissing);
}

async fn what_one_has_sent_ends_when_one_leaves(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let adam = team.member("adam@acme.example", "admin").await;
    let made =
        adam.client.post(&team.path("/invitations")).json(&json!({ "email": "a@partner.example" })).await;
    adam.client.delete(&leaving(&team.id)).await.no_content();
    let read = team.owner.client.get(&team.path(&format!("/invitations/{}", made.at("/id")))).await;
    assert_eq!(read.ok()["status"], "revoked");
}

async fn who_left_may_be_invited_and_join_again(app: TestApp) {
    let team = app.team_with("Acme", "jane@acme.example", json!({ "registration_mode": "public" })).await;
    let bob = app.person("bob@other.example").await;
    for _ in 0..2 {
        bob.client.post(&team.path(":join")).await.ok();
        bob.client.get(&team.path("")).await.ok();
        bob.client.delete(&leaving(&team.id)).await.no_content();
    }
    let body = json!({ "email": "bob@other.example", "delivery": "link" });
    let made = team.owner.client.post(&team.path("/invitations")).json(&body).await;
    let link = made.at("/accept_url");
    let token = link.rsplit('/').next().expect("a token");
    bob.client.post("/v1/invitations:accept").json(&json!({ "token": token })).await.ok();
}
