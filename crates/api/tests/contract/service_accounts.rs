//! Service accounts: what programs act as (`contract/20` §15, `contract/00` §12).

use avnology_model::{
    Code,
    events::EventType,
    permissions::{PlatformRole, Scope},
};
use avnology_testkit::{Answer, Call, Client, Team, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    an_account_is_made_read_changed_and_removed,
    owners_and_administrators_manage_accounts_and_no_others,
    an_account_of_an_organization_holds_what_programs_may,
    an_account_of_the_tenant_holds_everything_that_is_not_about_a_person,
    nobody_gives_an_account_what_they_do_not_hold,
    an_account_belongs_to_the_organization_of_the_request,
    an_active_member_answers_for_an_account,
    an_inactive_account_has_no_good_key,
    keys_allow_no_more_than_their_account_by_now,
    a_removed_account_takes_its_keys_along_at_once,
    an_organization_has_a_hundred_accounts,
    an_account_whose_owner_left_works_on_for_thirty_days,
    an_account_that_gets_an_owner_in_time_works_on,
    a_suspended_owner_is_no_lost_one,
    accounts_are_listed_filtered_and_paged,
    an_organization_without_api_keys_changes_none,
    bad_input_is_named,
    the_same_request_twice_makes_one_account,
}

const ACCOUNTS: &str = "/v1/service-accounts";
const DAY: i64 = 86_400;

fn post_in(client: &Client, organization: &str, path: &str, body: &Value) -> Call {
    client.post(path).header("x-avnology-org", organization).json(body)
}

fn patch_in(client: &Client, organization: &str, path: &str, body: &Value) -> Call {
    client.patch(path).header("x-avnology-org", organization).json(body)
}

fn delete_in(client: &Client, organization: &str, path: &str) -> Call {
    client.delete(path).header("x-avnology-org", organization)
}

fn at(account: &str) -> String {
    format!("{ACCOUNTS}/{account}")
}

fn robot(scopes: &[&str]) -> Value {
    json!({ "name": "Robot", "scopes": scopes })
}

/// The key that the owner makes for an account, as a program.
async fn program(team: &Team, account: &str) -> Client {
    let made = team.key_of(account, json!({})).await;
    made.created();
    team.owner.client.with_token(&made.at("/key"))
}

async fn an_account_is_made_read_changed_and_removed(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let jane = &team.owner.client;
    let before = app.event_count().await;
    let body = json!({ "name": " Billing ", "description": "Reads members.", "scopes": ["members:read"] });
    let made = post_in(jane, &team.id, ACCOUNTS, &body).await;
    let now = serde_json::to_value(app.now()).expect("a time");
    let expected = json!({
        "id": made.at("/id"), "name": "Billing", "description": "Reads members.", "owner_id": team.owner.id,
        "organization_id": team.id, "scopes": ["members:read"], "active": true, "last_used_at": null,
        "create_time": now, "update_time": now,
    });
    assert_eq!(made.created(), &expected);
    let path = at(&made.at("/id"));
    assert!(made.header("location").ends_with(&path), "{}", made.header("location"));
    assert_eq!(jane.get_in(&team.id, &path).await.ok(), &expected);
    app.advance(1);
    let change = json!({ "name": "Books", "description": null, "scopes": ["groups:read", "members:read"] });
    let changed = patch_in(jane, &team.id, &path, &change).await;
    assert_eq!(changed.ok()["name"], "Books");
    assert_eq!((changed["description"].clone(), changed["create_time"].clone()), (Value::Null, now));
    assert_eq!(changed["scopes"], json!(["members:read", "groups:read"]));
    assert_ne!(changed["update_time"], changed["create_time"]);
    delete_in(jane, &team.id, &path).await.no_content();
    jane.get_in(&team.id, &path).await.refused(Code::NotFound);
    patch_in(jane, &team.id, &path, &change).await.refused(Code::NotFound);
    delete_in(jane, &team.id, &path).await.refused(Code::NotFound);
    let told = app.events().await.split_off(before);
    let kinds: Vec<EventType> = told.iter().map(|event| event.event_type).collect();
    let expected = [
        EventType::ServiceAccountCreated,
        EventType::ServiceAccountUpdated,
        EventType::ServiceAccountDeleted,
    ];
    assert_eq!(kinds, expected);
    for event in &told {
        assert_eq!(event.organization_id.map(|id| id.to_string()), Some(team.id.clone()));
        assert_eq!(event.actor.id.as_ref(), Some(&team.owner.id));
    }
    assert_eq!(told[1].payload["changed_fields"], json!(["description", "name", "scopes"]));
    assert_eq!(told[1].payload["previous_values"]["name"], "Billing");
}

async fn owners_and_administrators_manage_accounts_and_no_others(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let admin = team.member("ann@acme.example", "admin").await.client;
    let member = team.member("mary@acme.example", "member").await.client;
    let eve = app.person("eve@evil.example").await.client;
    let viewer = app.person_with_role("view@acme.example", PlatformRole::Viewer).await.client;
    let key = team.robot(&["members:read", "members:write", "organizations:write"]).await;
    let body = robot(&["members:read"]);
    for client in [&team.owner.client, &admin] {
        let made = post_in(client, &team.id, ACCOUNTS, &body).await;
        made.created();
        client.get_in(&team.id, ACCOUNTS).await.ok();
        delete_in(client, &team.id, &at(&made.at("/id"))).await.no_content();
    }
    let account = team.service_account(&["members:read"]).await;
    for (client, code) in
        [(&member, Code::ScopeMissing), (&key, Code::ScopeMissing), (&eve, Code::NotAMember)]
    {
        post_in(client, &team.id, ACCOUNTS, &body).await.refused(code);
        client.get_in(&team.id, ACCOUNTS).await.refused(code);
        client.get_in(&team.id, &at(&account)).await.refused(code);
        patch_in(client, &team.id, &at(&account), &json!({})).await.refused(code);
        delete_in(client, &team.id, &at(&account)).await.refused(code);
        client.get_in(&team.id, &format!("{}/keys", at(&account))).await.refused(code);
    }
    viewer.get_in(&team.id, &at(&account)).await.ok();
    post_in(&viewer, &team.id, ACCOUNTS, &body).await.refused(Code::ScopeMissing);
    // In tenant scope people have their own things only.
    team.owner.client.get(ACCOUNTS).await.refused(Code::ScopeMissing);
    team.owner.client.post(ACCOUNTS).json(&body).await.refused(Code::ScopeMissing);
}

async fn an_account_of_an_organization_holds_what_programs_may(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    // The platform holds every scope: what is refused is refused for the account's sake.
    let root = app.person_with_role("root@acme.example", PlatformRole::Admin).await.client;
    let body = |scope: &str| json!({ "name": "R", "scopes": [scope], "owner_id": team.owner.id });
    for scope in Scope::ALL {
        let made = post_in(&root, &team.id, ACCOUNTS, &body(scope.as_str())).await;
        if scope.is_for_keys() {
            made.created();
        } else {
            made.refused_fields(Code::ValidationFailed, &[("scopes[0]", "not_allowed")]);
        }
    }
    let no = ["service_accounts:write", "keys:write", "organizations:delete", "tenant:read", "account:self"];
    for scope in no {
        assert!(!Scope::parse(scope).expect("a scope").is_for_keys(), "{scope}");
    }
    // Former spellings are read, and shown as they are now.
    let made = post_in(&root, &team.id, ACCOUNTS, &body("admin:orgs:read")).await;
    assert_eq!(made.created()["scopes"], json!(["organizations:read", "members:read"]));
    let made = post_in(&root, &team.id, ACCOUNTS, &body("admin:service-accounts:read")).await;
    made.refused_fields(Code::ValidationFailed, &[("scopes[0]", "not_allowed")]);
}

async fn an_account_of_the_tenant_holds_everything_that_is_not_about_a_person(app: TestApp) {
    let root = app.person_with_role("root@acme.example", PlatformRole::Admin).await;
    for scope in Scope::ALL {
        let made = root.client.post(ACCOUNTS).json(&robot(&[scope.as_str()])).await;
        if scope.is_self() {
            made.refused_fields(Code::ValidationFailed, &[("scopes[0]", "not_allowed")]);
        } else {
            assert_eq!(made.created()["organization_id"], Value::Null);
        }
    }
    // Its key works in the tenant and in every organization.
    let team = app.team("Acme", "jane@acme.example").await;
    let made = root.client.post(ACCOUNTS).json(&robot(&["identities:read", "members:read"])).await;
    let path = format!("{}/keys", at(&made.at("/id")));
    let key = root.client.post(&path).json(&json!({ "name": "k" })).await;
    let program = app.program().with_token(&key.at("/key"));
    program.get("/v1/identities").await.ok();
    program.get_in(&team.id, "/v1/identities").await.ok();
    program.get(&team.path("/members")).await.ok();
    program.get("/v1/tenant").await.refused(Code::ScopeMissing);
    program.get_in("no-such", "/v1/identities").await.refused(Code::OrganizationNotFound);
}

async fn nobody_gives_an_account_what_they_do_not_hold(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let permissions = ["service_accounts:read", "service_accounts:write", "keys:write"];
    team.holds_role("robots", &permissions).await;
    let ruth = team.member("ruth@acme.example", "robots").await.client;
    let refused = post_in(&ruth, &team.id, ACCOUNTS, &robot(&["members:write"])).await;
    assert!(refused.refused(Code::PermissionDenied)["detail"].to_string().contains("members:write"));
    let made = post_in(&ruth, &team.id, ACCOUNTS, &robot(&["members:read"])).await;
    made.created();
    // Neither later, nor to an account that others made: what it held before she may leave to it.
    let wider = json!({ "scopes": ["members:read", "members:write"] });
    patch_in(&ruth, &team.id, &at(&made.at("/id")), &wider).await.refused(Code::PermissionDenied);
    let others = team.service_account(&["members:read", "members:write"]).await;
    let kept = json!({ "scopes": ["members:write"], "name": "Writer" });
    patch_in(&ruth, &team.id, &at(&others), &kept).await.ok();
    let more = json!({ "scopes": ["members:write", "webhooks:write"] });
    patch_in(&ruth, &team.id, &at(&others), &more).await.refused(Code::PermissionDenied);
    // A program of the tenant no more than a person.
    let root = app.person_with_role("root@acme.example", PlatformRole::Admin).await.client;
    let made = root.post(ACCOUNTS).json(&robot(&["service_accounts:write", "members:read"])).await;
    let path = format!("{}/keys", at(&made.at("/id")));
    let key = root.post(&path).json(&json!({ "name": "k" })).await;
    let program = app.program().with_token(&key.at("/key"));
    let wish = |scope: &str| json!({ "name": "R", "scopes": [scope], "owner_id": team.owner.id });
    program.post(ACCOUNTS).json(&wish("tenant:write")).await.refused(Code::PermissionDenied);
    post_in(&program, &team.id, ACCOUNTS, &wish("members:write")).await.refused(Code::PermissionDenied);
    post_in(&program, &team.id, ACCOUNTS, &wish("members:read")).await.created();
}

async fn an_account_belongs_to_the_organization_of_the_request(app: TestApp) {
    let acme = app.team("Acme", "jane@acme.example").await;
    let beta = app.team("Beta", "bob@beta.example").await;
    let (jane, root) =
        (&acme.owner.client, app.person_with_role("root@x.example", PlatformRole::Admin).await);
    let wish = |organization: &str| {
        let mut body = robot(&["members:read"]);
        body["organization_id"] = json!(organization);
        body["owner_id"] = json!(acme.owner.id);
        body
    };
    for named in [acme.id.as_str(), "acme"] {
        let made = post_in(jane, &acme.id, ACCOUNTS, &wish(named)).await;
        assert_eq!(made.created()["organization_id"], json!(acme.id));
    }
    for other in [beta.id.as_str(), "beta", "no-such", "org_01kjpwd6m0emptw6bw4v8qtn83"] {
        post_in(jane, &acme.id, ACCOUNTS, &wish(other)).await.refused(Code::OrganizationMismatch);
        let query = [("organization_id", other)];
        jane.get_in(&acme.id, ACCOUNTS).query(&query).await.refused(Code::OrganizationMismatch);
    }
    // In tenant scope the name is the scope, for the platform alone.
    jane.post(ACCOUNTS).json(&wish("acme")).await.refused(Code::ScopeMissing);
    let made = root.client.post(ACCOUNTS).json(&wish("acme")).await;
    assert_eq!(made.created()["organization_id"], json!(acme.id));
    root.client.post(ACCOUNTS).json(&wish("no-such")).await.refused(Code::OrganizationNotFound);
    let listed = root.client.get(ACCOUNTS).query(&[("organization_id", "acme")]).await;
    assert_eq!(listed.ok()["service_accounts"].as_array().map(Vec::len), Some(3));
    // One's own are nobody else's, the tenant's included.
    let path = at(&made.at("/id"));
    beta.owner.client.get_in(&beta.id, &path).await.refused(Code::NotFound);
    patch_in(&beta.owner.client, &beta.id, &path, &json!({ "name": "X" })).await.refused(Code::NotFound);
    delete_in(&beta.owner.client, &beta.id, &path).await.refused(Code::NotFound);
    let keys = format!("{path}/keys");
    beta.owner.client.get_in(&beta.id, &keys).await.refused(Code::NotFound);
    post_in(&beta.owner.client, &beta.id, &keys, &json!({ "name": "k" })).await.refused(Code::NotFound);
    root.client.get(&path).await.refused(Code::NotFound);
    root.client.get_in("acme", &path).await.ok();
}

async fn an_active_member_answers_for_an_account(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let jane = &team.owner.client;
    let mary = team.member("mary@acme.example", "member").await;
    let sue = team.member("sue@acme.example", "member").await;
    let eve = app.account("eve@evil.example").await;
    let suspend = json!({ "state": "suspended" });
    jane.patch(&team.path(&format!("/members/{}", sue.id))).json(&suspend).await.ok();
    let wish = |owner: &str| json!({ "name": "R", "scopes": ["members:read"], "owner_id": owner });
    let made = post_in(jane, &team.id, ACCOUNTS, &wish(&mary.id)).await;
    assert_eq!(made.created()["owner_id"], json!(mary.id));
    let path = at(&made.at("/id"));
    for nobody in [eve.as_str(), sue.id.as_str(), "usr_01kjpwd6m0emptw6bw4v8qtn83"] {
        let refused = post_in(jane, &team.id, ACCOUNTS, &wish(nobody)).await;
        refused.refused_fields(Code::ValidationFailed, &[("owner_id", "not_found")]);
        let refused = patch_in(jane, &team.id, &path, &json!({ "owner_id": nobody })).await;
        refused.refused_fields(Code::ValidationFailed, &[("owner_id", "not_found")]);
    }
    let refused = patch_in(jane, &team.id, &path, &json!({ "owner_id": null })).await;
    refused.refused_fields(Code::ValidationFailed, &[("owner_id", "required")]);
    // A program answers for nothing, and the platform does not for an organization's.
    let admin = app.admin_key();
    let refused = post_in(&admin, &team.id, ACCOUNTS, &robot(&["members:read"])).await;
    refused.refused_fields(Code::ValidationFailed, &[("owner_id", "required")]);
    let refused = admin.post(ACCOUNTS).json(&robot(&["members:read"])).await;
    refused.refused_fields(Code::ValidationFailed, &[("owner_id", "required")]);
    admin.post(ACCOUNTS).json(&wish(&eve)).await.created();
    admin.post(&format!("/v1/identities/{eve}:deactivate")).await.ok();
    let refused = admin.post(ACCOUNTS).json(&wish(&eve)).await;
    refused.refused_fields(Code::ValidationFailed, &[("owner_id", "not_found")]);
}

async fn an_inactive_account_has_no_good_key(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let jane = &team.owner.client;
    let account = team.service_account(&["members:read"]).await;
    let made = team.key_of(&account, json!({})).await;
    let key = jane.with_token(&made.at("/key"));
    key.get(&team.path("/members")).await.ok();
    let set =
        |active: bool| patch_in(jane, &team.id, &at(&account), &json!({ "active": active })).into_future();
    set(false).await.ok();
    key.get(&team.path("/members")).await.refused(Code::SessionInvalid);
    let refused = team.key_of(&account, json!({})).await;
    assert_eq!(refused.refused(Code::ConflictingState)["state"], "inactive");
    let rotate = format!("{}/keys/{}:rotate", at(&account), made.at("/id"));
    let refused = post_in(jane, &team.id, &rotate, &json!({})).await;
    assert_eq!(refused.refused(Code::ConflictingState)["state"], "inactive");
    let listed = jane.get_in(&team.id, &format!("{}/keys", at(&account))).await;
    assert_eq!(listed.ok()["keys"][0]["active"], false);
    set(true).await.ok();
    key.get(&team.path("/members")).await.ok();
}

async fn keys_allow_no_more_than_their_account_by_now(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let account = team.service_account(&["members:read", "roles:read"]).await;
    let whole = program(&team, &account).await;
    let made = team.key_of(&account, json!({ "scopes": ["members:read"] })).await;
    let narrow = team.owner.client.with_token(&made.at("/key"));
    for key in [&whole, &narrow] {
        key.get(&team.path("/members")).await.ok();
    }
    let set = |scopes: &[&str]| {
        let body = json!({ "scopes": scopes });
        patch_in(&team.owner.client, &team.id, &at(&account), &body).into_future()
    };
    set(&["roles:read", "organizations:read"]).await.ok();
    for key in [&whole, &narrow] {
        let refused = key.get(&team.path("/members")).await;
        assert_eq!(refused.refused(Code::ScopeMissing)["required_scopes"], json!(["members:read"]));
    }
    // The one has all of the account's, the other what is left of its own.
    whole.get(&team.path("")).await.ok();
    narrow.get(&team.path("")).await.refused(Code::ScopeMissing);
}

async fn a_removed_account_takes_its_keys_along_at_once(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let account = team.service_account(&["members:read"]).await;
    let keys = [program(&team, &account).await, program(&team, &account).await];
    for key in &keys {
        key.get(&team.path("/members")).await.ok();
    }
    delete_in(&team.owner.client, &team.id, &at(&account)).await.no_content();
    for key in &keys {
        key.get(&team.path("/members")).await.refused(Code::SessionInvalid);
    }
    let listed = team.owner.client.get(&team.path("/api-keys")).await;
    assert_eq!(listed.ok()["keys"], json!([]));
    assert_eq!(app.payloads(EventType::ApiKeyRevoked).await.len(), 2);
}

async fn an_organization_has_a_hundred_accounts(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    for _ in 0..99 {
        team.service_account(&["members:read"]).await;
    }
    let one = || post_in(&team.owner.client, &team.id, ACCOUNTS, &robot(&["members:read"])).into_future();
    // Two want the last place at once, and one the default account.
    let by_default = team.owner.client.post(&team.path("/api-keys")).json(&json!({ "name": "k" }));
    let (a, b, c) = tokio::join!(one(), one(), by_default.into_future());
    let answers = [a, b, c];
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "{answers:?}");
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        refused.refused(Code::LimitReached);
        assert_eq!((refused["limit"].clone(), refused["used"].clone()), (json!(100), json!(100)));
    }
    let other = app.team("Beta", "bob@beta.example").await;
    other.service_account(&["members:read"]).await;
}

/// Mary answers for an account of an organization that Jane owns, and is removed from it.
async fn left_behind(app: &TestApp) -> (Team, String, Client) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = team.member("mary@acme.example", "admin").await;
    let made = post_in(&mary.client, &team.id, ACCOUNTS, &robot(&["members:read"])).await;
    let key = program(&team, &made.at("/id")).await;
    team.owner.client.delete(&team.path(&format!("/members/{}", mary.id))).await.no_content();
    (team, made.at("/id"), key)
}

async fn listed(key: &Client, team: &Team) -> Answer {
    key.get(&team.path("/members")).await
}

async fn an_account_whose_owner_left_works_on_for_thirty_days(app: TestApp) {
    let (team, account, key) = left_behind(&app).await;
    listed(&key, &team).await.ok();
    let told = app.mail_kinds("jane@acme.example").await;
    assert_eq!(told.last().map(String::as_str), Some("service_account_owner_lost"), "{told:?}");
    assert!(app.latest_mail("jane@acme.example").await.text.contains("Robot"));
    assert!(!app.mail_kinds("mary@acme.example").await.contains(&"service_account_owner_lost".to_owned()));
    app.advance(30 * DAY - 1);
    app.sweep().await;
    listed(&key, &team).await.ok();
    app.advance(1);
    app.sweep().await;
    listed(&key, &team).await.refused(Code::SessionInvalid);
    let told = app.payloads(EventType::ServiceAccountUpdated).await;
    assert_eq!(told.last().map(|payload| payload["reason"].clone()), Some(json!("owner_lost")));
    // Somebody must answer for it before it works again.
    let jane = app.program().signed_in("jane@acme.example").await;
    let on = patch_in(&jane.client, &team.id, &at(&account), &json!({ "active": true })).await;
    on.refused_fields(Code::ValidationFailed, &[("owner_id", "required")]);
    let both = json!({ "active": true, "owner_id": jane.id });
    patch_in(&jane.client, &team.id, &at(&account), &both).await.ok();
    listed(&key, &team).await.ok();
}

async fn an_account_that_gets_an_owner_in_time_works_on(app: TestApp) {
    let (team, account, key) = left_behind(&app).await;
    app.advance(29 * DAY);
    let jane = app.program().signed_in("jane@acme.example").await;
    patch_in(&jane.client, &team.id, &at(&account), &json!({ "owner_id": jane.id })).await.ok();
    app.advance(2 * DAY);
    app.sweep().await;
    listed(&key, &team).await.ok();
}

async fn a_suspended_owner_is_no_lost_one(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = team.member("mary@acme.example", "admin").await;
    let made = post_in(&mary.client, &team.id, ACCOUNTS, &robot(&["members:read"])).await;
    let key = program(&team, &made.at("/id")).await;
    let path = team.path(&format!("/members/{}", mary.id));
    team.owner.client.patch(&path).json(&json!({ "state": "suspended" })).await.ok();
    app.advance(31 * DAY);
    app.sweep().await;
    listed(&key, &team).await.ok();
}

async fn accounts_are_listed_filtered_and_paged(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let jane = &team.owner.client;
    for (name, scope) in [("Ant", "members:read"), ("Bee", "roles:read"), ("Cat", "groups:read")] {
        app.advance(1);
        post_in(jane, &team.id, ACCOUNTS, &json!({ "name": name, "scopes": [scope] })).await.created();
    }
    let names = |answer: &Answer| -> Vec<String> {
        let list = answer.ok()["service_accounts"].as_array().cloned().expect("accounts");
        list.iter().map(|a| a["name"].as_str().expect("a name").to_owned()).collect()
    };
    let list = |query: &[(&str, &str)]| jane.get_in(&team.id, ACCOUNTS).query(query).into_future();
    let mut all = names(&list(&[]).await);
    all.sort_unstable();
    assert_eq!(all, ["Ant", "Bee", "Cat"]);
    assert_eq!(names(&list(&[("filter", "name = \"Bee\"")]).await), ["Bee"]);
    assert_eq!(names(&list(&[("order_by", "name desc")]).await), ["Cat", "Bee", "Ant"]);
    let query = [("order_by", "name"), ("page_size", "2"), ("include_total", "true")];
    let page = list(&query).await;
    assert_eq!((names(&page), page["total_size"].clone()), (vec!["Ant".into(), "Bee".into()], json!(3)));
    let next = page.at("/next_page_token");
    let query = [("order_by", "name"), ("page_size", "2"), ("page_token", next.as_str())];
    let page = list(&query).await;
    assert_eq!((names(&page), page.at("/next_page_token")), (vec!["Cat".into()], String::new()));
    list(&[("filter", "shoe = 1")]).await.refused(Code::ValidationFailed);
    // The tenant's own stand in a list of their own.
    let of_tenant = app.admin_key().get(ACCOUNTS).await;
    assert_eq!(names(&of_tenant), ["Bootstrap"]);
}

async fn an_organization_without_api_keys_changes_none(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let jane = &team.owner.client;
    let account = team.service_account(&["members:read"]).await;
    let made = team.key_of(&account, json!({})).await;
    let off = json!({ "feature_flags": { "api_keys": false } });
    app.admin_key().patch(&team.path("")).json(&off).await.ok();
    let keys = format!("{}/keys", at(&account));
    let key = format!("{keys}/{}", made.at("/id"));
    let name = json!({ "name": "X" });
    for refused in [
        post_in(jane, &team.id, ACCOUNTS, &robot(&["members:read"])).await,
        patch_in(jane, &team.id, &at(&account), &name).await,
        delete_in(jane, &team.id, &at(&account)).await,
        post_in(jane, &team.id, &keys, &name).await,
        patch_in(jane, &team.id, &key, &name).await,
        post_in(jane, &team.id, &format!("{key}:rotate"), &json!({})).await,
        delete_in(jane, &team.id, &key).await,
        jane.post(&team.path("/api-keys")).json(&name).await,
        jane.delete(&team.path(&format!("/api-keys/{}", made.at("/id")))).await,
    ] {
        assert_eq!(refused.refused(Code::FeatureDisabled)["feature"], "api_keys", "{refused}");
    }
    jane.get_in(&team.id, ACCOUNTS).await.ok();
    jane.get_in(&team.id, &keys).await.ok();
    jane.get(&team.path("/api-keys")).await.ok();
}

async fn bad_input_is_named(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let jane = &team.owner.client;
    let bad = json!({ "name": " ", "description": "x".repeat(501), "scopes": ["dance", "keys:read"] });
    post_in(jane, &team.id, ACCOUNTS, &bad).await.refused_fields(
        Code::ValidationFailed,
        &[
            ("name", "required"),
            ("description", "too_long"),
            ("scopes[0]", "not_in_enum"),
            ("scopes[1]", "not_allowed"),
        ],
    );
    let bad = json!({ "name": "x".repeat(257), "scopes": [] });
    let refused = post_in(jane, &team.id, ACCOUNTS, &bad).await;
    refused.refused_fields(Code::ValidationFailed, &[("name", "too_long"), ("scopes", "required")]);
    let unknown = json!({ "name": "R", "scopes": ["members:read"], "active": false });
    let refused = post_in(jane, &team.id, ACCOUNTS, &unknown).await;
    refused.refused_fields(Code::ValidationFailed, &[("active", "unknown_field")]);
    let account = team.service_account(&["members:read"]).await;
    let bad = json!({ "name": null, "scopes": null, "active": null });
    let refused = patch_in(jane, &team.id, &at(&account), &bad).await;
    let fields = [("name", "required"), ("scopes", "required"), ("active", "required")];
    refused.refused_fields(Code::ValidationFailed, &fields);
    let moved = patch_in(jane, &team.id, &at(&account), &json!({ "organization_id": null })).await;
    moved.refused_fields(Code::ValidationFailed, &[("organization_id", "unknown_field")]);
    jane.get_in(&team.id, &at("usr_01kjpwd6m0emptw6bw4v8qtn83")).await.refused(Code::NotFound);
}

async fn the_same_request_twice_makes_one_account(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let jane = &team.owner.client;
    let call = || {
        let call = post_in(jane, &team.id, ACCOUNTS, &robot(&["members:read"]));
        call.header("idempotency-key", "once").into_future()
    };
    let (first, again) = (call().await, call().await);
    assert_eq!(first.created(), again.created());
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("location"), first.header("location"));
    let listed = jane.get_in(&team.id, ACCOUNTS).await;
    assert_eq!(listed.ok()["service_accounts"].as_array().map(Vec::len), Some(1));
}
