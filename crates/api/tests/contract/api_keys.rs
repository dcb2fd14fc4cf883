//! API keys: made, rotated, narrowed and ended, and what they are good for meanwhile (`contract/20` §15,
//! `contract/00` §§5, 10–12).

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use avnology_model::{
    Code,
    events::{ActorType, EventType},
    organizations::OrganizationState,
};
use avnology_testkit::{Answer, Call, Client, Engine, Live, Setup, Team, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    a_key_is_shown_once_and_told_of_by_its_beginning,
    a_key_works_in_its_organization_and_nowhere_else,
    a_key_is_told_nothing_of_other_organizations,
    a_key_allows_what_it_was_given_of_its_account,
    a_key_is_no_person_and_manages_no_keys,
    nobody_makes_or_rotates_a_key_that_allows_more_than_they_hold,
    a_rotated_key_works_until_its_grace_is_over,
    a_key_is_rotated_once_and_its_successor_again,
    a_rotation_prolongs_nothing,
    of_two_rotations_at_once_one_makes_a_key,
    ten_replaced_keys_may_still_work,
    a_key_is_good_from_its_networks_only,
    an_address_behind_a_proxy_counts_when_the_proxy_is_trusted,
    a_key_ends_at_its_end_and_is_told_of_once,
    the_end_of_a_key_can_be_brought_forward_and_not_put_off,
    the_last_use_is_known_to_the_minute,
    a_revocation_holds_before_it_is_acknowledged,
    keys_without_an_account_belong_to_the_default_one,
    of_many_first_keys_at_once_one_makes_the_default_account,
    an_account_has_ten_keys_that_work,
    a_key_in_a_url_is_refused_and_revoked,
    keys_say_which_environment_they_are_for,
    the_same_request_twice_shows_the_same_key,
    what_a_key_does_is_done_by_its_account,
    keys_of_a_closed_organization_do_not_work,
    an_organization_that_is_being_made_is_not_ready_for_keys_or_members,
    the_organizations_list_shows_the_keys_of_all_accounts,
    bad_input_is_named,
}

const DAY: i64 = 86_400;

struct Robot {
    team: Team,
    account: String,
}

impl Robot {
    /// An account with these scopes in an organization of its own.
    async fn with(app: &TestApp, scopes: &[&str]) -> Self {
        let team = app.team("Acme", "jane@acme.example").await;
        let account = team.service_account(scopes).await;
        Self { team, account }
    }

    async fn reader(app: &TestApp) -> Self {
        Self::with(app, &["members:read"]).await
    }

    async fn key(&self, more: Value) -> Answer {
        let made = self.team.key_of(&self.account, more).await;
        made.created();
        made
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/service-accounts/{}/keys{rest}", self.account)
    }

    /// A request of the owner about the keys.
    fn owner(&self, method: &str, rest: &str) -> Call {
        self.by(&self.team.owner.client, method, rest)
    }

    fn by(&self, client: &Client, method: &str, rest: &str) -> Call {
        client.call(method, &self.path(rest)).header("x-avnology-org", &self.team.id)
    }

    async fn rotate(&self, key: &str, body: &Value) -> Answer {
        self.owner("POST", &format!("/{key}:rotate")).json(body).await
    }

    /// A use of the key that an answer shows.
    async fn used(&self, made: &Answer) -> Answer {
        let shown = made.json().get("new_key").unwrap_or(made.json());
        let key = shown["key"].as_str().expect("a key");
        self.team.owner.client.with_token(key).get(&self.team.path("/members")).await
    }

    async fn listed(&self) -> Vec<Value> {
        self.owner("GET", "").await.ok()["keys"].as_array().cloned().expect("keys")
    }
}

fn time(app: &TestApp, seconds: i64) -> Value {
    serde_json::to_value(app.now().plus_seconds(seconds)).expect("a time")
}

async fn a_key_is_shown_once_and_told_of_by_its_beginning(app: TestApp) {
    let robot = Robot::reader(&app).await;
    let made = robot.key(json!({ "name": " Nightly " })).await;
    let key = made.at("/key");
    assert!(key.starts_with("ak_test_"), "{key}");
    let mut shown = made.json().clone();
    let expected = json!({
        "id": made.at("/id"), "service_account_id": robot.account, "organization_id": robot.team.id, "name": "Nightly",
        "prefix": key[..12], "scopes": [], "allowed_cidrs": [], "expire_time": null, "active": true,
        "last_used_at": null, "last_used_ip": null, "create_time": time(&app, 0), "key": key,
    });
    assert_eq!(shown, expected);
    assert!(made.header("location").ends_with(&robot.path(&format!("/{}", made.at("/id")))));
    shown.as_object_mut().expect("an object").remove("key");
    assert_eq!(robot.listed().await, [shown]);
    let told: Vec<String> = app.events().await.iter().map(|e| e.payload.to_string()).collect();
    assert!(told.iter().any(|payload| payload.contains(&key[..12])));
    assert!(told.iter().all(|payload| !payload.contains(&key)), "an event tells the key");
}

async fn a_key_works_in_its_organization_and_nowhere_else(app: TestApp) {
    let robot = Robot::with(&app, &["members:read", "identities:read", "organizations:read"]).await;
    let (team, beta) = (&robot.team, app.team("Beta", "bob@beta.example").await);
    let key = app.program().with_token(&robot.key(json!({})).await.at("/key"));
    let seen = key.get("/v1/identities").await;
    assert_eq!(seen.ok()["identities"].as_array().map(Vec::len), Some(1));
    assert_eq!(seen.header("x-avnology-org"), team.id);
    for name in ["acme", team.id.as_str(), ""] {
        key.get_in(name, "/v1/identities").await.ok();
    }
    for name in ["beta", beta.id.as_str(), "personal", "no-such"] {
        key.get_in(name, "/v1/identities").await.refused(Code::OrganizationMismatch);
        key.get_in(name, &team.path("")).await.refused(Code::OrganizationMismatch);
    }
    key.get("/v1/organizations/acme").await.ok();
    key.get(&beta.path("/members")).await.refused(Code::OrganizationMismatch);
    // A cookie is for browsers; a key does not listen to it.
    key.get("/v1/identities").header("cookie", "X-Avnology-Org=beta").await.ok();
    // What is of the tenant is nothing to it, and nobody outside is there.
    key.get("/v1/tenant").await.refused(Code::ScopeMissing);
    key.get(&format!("/v1/identities/{}", beta.owner.id)).await.refused(Code::NotFound);
    let page = key.get("/v1/organizations").await;
    assert!(!page.text().contains("Beta"), "{page}");
}

async fn a_key_is_told_nothing_of_other_organizations(app: TestApp) {
    let robot = Robot::reader(&app).await;
    let beta = app.team("Beta", "bob@beta.example").await;
    let key = app.program().with_token(&robot.key(json!({})).await.at("/key"));
    let there = key.get(&beta.path("/members")).await;
    for missing in ["org_01kjpwd6m0emptw6bw4v8qtn83", "no-such", "Nonsense!"] {
        let nowhere = key.get(&format!("/v1/organizations/{missing}/members")).await;
        assert_eq!(nowhere.refused(Code::OrganizationMismatch)["detail"], there["detail"]);
    }
}

async fn a_key_allows_what_it_was_given_of_its_account(app: TestApp) {
    let robot = Robot::with(&app, &["members:read", "roles:read", "members:write"]).await;
    let body = json!({ "name": "k", "scopes": ["members:read", "webhooks:read", "dance"] });
    robot.owner("POST", "").json(&body).await.refused_fields(
        Code::ValidationFailed,
        &[("scopes[1]", "not_allowed"), ("scopes[2]", "not_in_enum")],
    );
    let made = robot.key(json!({ "scopes": ["members:read"] })).await;
    let key = app.program().with_token(&made.at("/key"));
    let members = robot.team.path("/members");
    key.get(&members).await.ok();
    let refused = key.post(&members).json(&json!({})).await;
    assert_eq!(refused.refused(Code::ScopeMissing)["required_scopes"], json!(["members:write"]));
    // Owners are made and changed by owners, whatever a key holds.
    let whole = app.program().with_token(&robot.key(json!({})).await.at("/key"));
    let mary = robot.team.member("mary@acme.example", "member").await;
    let raise = whole.patch(&format!("{members}/{}", mary.id)).json(&json!({ "role": "owner" })).await;
    raise.refused(Code::RoleNotAssignable);
    whole.delete(&format!("{members}/{}", robot.team.owner.id)).await.refused(Code::PermissionDenied);
    // Nor does it give what it does not hold.
    let raise = whole.patch(&format!("{members}/{}", mary.id)).json(&json!({ "role": "admin" })).await;
    raise.refused(Code::RoleNotAssignable);
    whole.delete(&format!("{members}/{}", mary.id)).await.no_content();
}

async fn a_key_is_no_person_and_manages_no_keys(app: TestApp) {
    let robot = Robot::with(&app, &["members:read", "organizations:write"]).await;
    let made = robot.key(json!({})).await;
    let key = app.program().with_token(&made.at("/key"));
    for path in ["/v1/me", "/v1/sessions/whoami", "/v1/sessions", "/v1/me/organizations"] {
        key.get(path).await.refused(Code::ScopeMissing);
    }
    robot.by(&key, "GET", "").await.refused(Code::ScopeMissing);
    robot.by(&key, "POST", "").json(&json!({ "name": "more" })).await.refused(Code::ScopeMissing);
    let own = format!("/{}:rotate", made.at("/id"));
    robot.by(&key, "POST", &own).await.refused(Code::ScopeMissing);
    key.get(&robot.team.path("/api-keys")).await.refused(Code::ScopeMissing);
    let another = key.post("/v1/organizations").json(&json!({ "name": "Another" })).await;
    another.is(403);
}

async fn nobody_makes_or_rotates_a_key_that_allows_more_than_they_hold(app: TestApp) {
    let robot = Robot::with(&app, &["members:read", "members:write"]).await;
    robot.team.holds_role("keys", &["keys:read", "keys:write"]).await;
    let ruth = robot.team.member("ruth@acme.example", "keys").await.client;
    let make = |scopes: &[&str]| {
        robot.by(&ruth, "POST", "").json(&json!({ "name": "k", "scopes": scopes })).into_future()
    };
    make(&[]).await.refused(Code::PermissionDenied);
    make(&["members:write"]).await.refused(Code::PermissionDenied);
    make(&["members:read"]).await.created();
    let whole = robot.key(json!({})).await;
    let rotate = format!("/{}:rotate", whole.at("/id"));
    robot.by(&ruth, "POST", &rotate).await.refused(Code::PermissionDenied);
    robot.used(&whole).await.ok();
    // The default account holds all that programs may: its keys by default, too.
    let by_default = |scopes: &[&str]| {
        let body = json!({ "name": "k", "scopes": scopes });
        ruth.post(&robot.team.path("/api-keys")).json(&body).into_future()
    };
    by_default(&[]).await.refused(Code::PermissionDenied);
    by_default(&["members:read"]).await.created();
    // Ending one gives nothing.
    robot.by(&ruth, "DELETE", &format!("/{}", whole.at("/id"))).await.no_content();
}

async fn a_rotated_key_works_until_its_grace_is_over(app: TestApp) {
    let robot = Robot::reader(&app).await;
    let old = robot.key(json!({ "name": "Nightly", "scopes": ["members:read"] })).await;
    robot.used(&old).await.ok();
    let new = robot.rotate(&old.at("/id"), &json!({ "grace_period_seconds": 600 })).await;
    assert_eq!(new.ok()["old_key_expires_at"], time(&app, 600));
    assert_ne!(new.at("/new_key/id"), old.at("/id"));
    assert_ne!(new.at("/new_key/key"), old.at("/key"));
    assert_eq!(new["new_key"]["name"], "Nightly");
    assert_eq!(new["new_key"]["scopes"], json!(["members:read"]));
    for key in [&old, &new] {
        robot.used(key).await.ok();
    }
    app.advance(599);
    robot.used(&old).await.ok();
    app.advance(1);
    robot.used(&old).await.refused(Code::SessionInvalid);
    robot.used(&new).await.ok();
    // An hour when nothing is said, and none at all at once.
    let next = robot.rotate(&new.at("/new_key/id"), &json!({})).await;
    assert_eq!(next.ok()["old_key_expires_at"], time(&app, 3_600));
    let bare = robot.owner("POST", &format!("/{}:rotate", next.at("/new_key/id"))).await;
    bare.ok();
    let last = robot.rotate(&bare.at("/new_key/id"), &json!({ "grace_period_seconds": 0 })).await;
    robot.used(&bare).await.refused(Code::SessionInvalid);
    robot.used(&last).await.ok();
    let long = json!({ "grace_period_seconds": 2_592_001 });
    let refused = robot.rotate(&last.at("/new_key/id"), &long).await;
    refused.refused_fields(Code::ValidationFailed, &[("grace_period_seconds", "too_large")]);
    let told = app.payloads(EventType::ApiKeyRotated).await;
    assert_eq!(told[0]["previous_key"]["id"], old["id"]);
    assert_eq!(told[0]["key"]["id"], new["new_key"]["id"]);
}

async fn a_key_is_rotated_once_and_its_successor_again(app: TestApp) {
    let robot = Robot::reader(&app).await;
    let first = robot.key(json!({})).await;
    let second = robot.rotate(&first.at("/id"), &json!({})).await;
    let refused = robot.rotate(&first.at("/id"), &json!({})).await;
    assert_eq!(refused.refused(Code::ConflictingState)["state"], "rotated");
    let third = robot.rotate(&second.at("/new_key/id"), &json!({})).await;
    for key in [&first, &second, &third] {
        robot.used(key).await.ok();
    }
    // In its grace a key can still be ended by hand, and alone.
    robot.owner("DELETE", &format!("/{}", second.at("/new_key/id"))).await.no_content();
    robot.used(&second).await.refused(Code::SessionInvalid);
    robot.used(&first).await.ok();
    app.advance(3_600);
    robot.used(&first).await.refused(Code::SessionInvalid);
    robot.used(&third).await.ok();
    robot.rotate("key_01kjpwe457etztza3v90genf98", &json!({})).await.refused(Code::NotFound);
}

async fn a_rotation_prolongs_nothing(app: TestApp) {
    let robot = Robot::reader(&app).await;
    let old = robot.key(json!({ "expire_time": time(&app, 60) })).await;
    let new = robot.rotate(&old.at("/id"), &json!({})).await;
    assert_eq!(new.ok()["old_key_expires_at"], time(&app, 60));
    assert_eq!(new["new_key"]["expire_time"], time(&app, 60));
    app.advance(60);
    for key in [&old, &new] {
        robot.used(key).await.refused(Code::SessionInvalid);
    }
    let refused = robot.rotate(&new.at("/new_key/id"), &json!({})).await;
    assert_eq!(refused.refused(Code::ConflictingState)["state"], "expired");
    // Nor does the grace of a rotated key.
    let key = robot.key(json!({})).await;
    robot.rotate(&key.at("/id"), &json!({ "grace_period_seconds": 60 })).await.ok();
    let later = robot.owner("PATCH", &format!("/{}", key.at("/id"))).json(&json!({ "expire_time": null }));
    later.await.refused_fields(Code::ValidationFailed, &[("expire_time", "too_large")]);
}

async fn of_two_rotations_at_once_one_makes_a_key(app: TestApp) {
    let robot = Robot::reader(&app).await;
    let key = robot.key(json!({})).await.at("/id");
    let body = json!({});
    let (a, b) = tokio::join!(robot.rotate(&key, &body), robot.rotate(&key, &body));
    let (won, lost) = if a.status == 200 { (a, b) } else { (b, a) };
    won.ok();
    assert_eq!(lost.refused(Code::ConflictingState)["state"], "rotated");
    assert_eq!(robot.listed().await.len(), 2);
}

async fn ten_replaced_keys_may_still_work(app: TestApp) {
    let robot = Robot::reader(&app).await;
    let mut key = robot.key(json!({})).await.at("/id");
    for _ in 0..10 {
        key = robot.rotate(&key, &json!({})).await.at("/new_key/id");
    }
    let refused = robot.rotate(&key, &json!({})).await;
    assert_eq!(refused.refused(Code::LimitReached)["limit"], 10);
    robot.rotate(&key, &json!({ "grace_period_seconds": 0 })).await.ok();
}

async fn a_key_is_good_from_its_networks_only(app: TestApp) {
    let robot = Robot::reader(&app).await;
    let made = robot.key(json!({ "allowed_cidrs": ["198.51.100.7/24", "2001:db8::1/32"] })).await;
    assert_eq!(made["allowed_cidrs"], json!(["198.51.100.0/24", "2001:db8::/32"]));
    let from = |address: &str| {
        let client = app.program().with_token(&made.at("/key")).from(address);
        let path = robot.team.path("/members");
        async move { client.get(&path).await }
    };
    for good in ["198.51.100.1", "198.51.100.255", "2001:db8::9", "::ffff:198.51.100.3"] {
        from(good).await.ok();
    }
    for bad in ["198.51.101.1", "192.0.2.1", "2001:db9::1", "::ffff:192.0.2.1"] {
        from(bad).await.refused(Code::AddressNotAllowed);
    }
    // A change holds before it is acknowledged; none at all is any.
    let set = |networks: Value| {
        let call = robot.owner("PATCH", &format!("/{}", made.at("/id")));
        call.json(&json!({ "allowed_cidrs": networks })).into_future()
    };
    set(json!(["192.0.2.1"])).await.ok();
    from("198.51.100.1").await.refused(Code::AddressNotAllowed);
    from("192.0.2.1").await.ok();
    set(Value::Null).await.ok();
    from("203.0.113.1").await.ok();
    // A successor has the same ones.
    set(json!(["192.0.2.1"])).await.ok();
    let new = robot.rotate(&made.at("/id"), &json!({})).await;
    assert_eq!(new["new_key"]["allowed_cidrs"], json!(["192.0.2.1/32"]));
}

async fn an_address_behind_a_proxy_counts_when_the_proxy_is_trusted(engine: Engine) {
    let app = TestApp::start(Setup::on(engine).with("AVNOLOGY_TRUSTED_PROXIES", "10.0.0.0/8")).await;
    let robot = Robot::reader(&app).await;
    let made = robot.key(json!({ "allowed_cidrs": ["198.51.100.0/24"] })).await;
    let via = |peer: &str, forwarded: &str| {
        let client = app.program().with_token(&made.at("/key")).from(peer);
        client.get(&robot.team.path("/members")).header("x-forwarded-for", forwarded).into_future()
    };
    via("10.0.0.1", "198.51.100.7").await.ok();
    via("10.0.0.1", "198.51.100.7, 203.0.113.9").await.refused(Code::AddressNotAllowed);
    via("10.0.0.1", "203.0.113.9").await.refused(Code::AddressNotAllowed);
    via("192.0.2.9", "198.51.100.7").await.refused(Code::AddressNotAllowed);
}

async fn a_key_ends_at_its_end_and_is_told_of_once(app: TestApp) {
    let robot = Robot::reader(&app).await;
    let made = robot.key(json!({ "expire_time": time(&app, 600) })).await;
    app.advance(599);
    robot.used(&made).await.ok();
    app.advance(1);
    // Warm in memory all the same.
    robot.used(&made).await.refused(Code::SessionInvalid);
    assert_eq!(robot.listed().await[0]["active"], false);
    for _ in 0..2 {
        app.sweep().await;
    }
    let told = app.payloads(EventType::ApiKeyExpired).await;
    assert_eq!(told.iter().map(|p| p["key"]["id"].clone()).collect::<Vec<_>>(), [made["id"].clone()]);
    // It is listed for a while.
    app.advance(29 * DAY);
    app.sweep().await;
    let jane = app.program().signed_in("jane@acme.example").await.client;
    let count = || async { robot.by(&jane, "GET", "").await.ok()["keys"].as_array().map(Vec::len) };
    assert_eq!(count().await, Some(1));
    app.advance(2 * DAY);
    app.sweep().await;
    let jane = app.program().signed_in("jane@acme.example").await.client;
    assert_eq!(robot.by(&jane, "GET", "").await.ok()["keys"], json!([]));
}

async fn the_end_of_a_key_can_be_brought_forward_and_not_put_off(app: TestApp) {
    let robot = Robot::reader(&app).await;
    let made = robot.key(json!({ "expire_time": time(&app, 600) })).await;
    let set = |end: Value| {
        let call = robot.owner("PATCH", &format!("/{}", made.at("/id")));
        call.json(&json!({ "expire_time": end })).into_future()
    };
    for later in [time(&app, 601), Value::Null] {
        set(later).await.refused_fields(Code::ValidationFailed, &[("expire_time", "too_large")]);
    }
    set(time(&app, 0)).await.refused_fields(Code::ValidationFailed, &[("expire_time", "too_small")]);
    set(time(&app, 600)).await.ok();
    robot.used(&made).await.ok();
    assert_eq!(set(time(&app, 60)).await.ok()["expire_time"], time(&app, 60));
    app.advance(60);
    robot.used(&made).await.refused(Code::SessionInvalid);
    // One without an end may be given one.
    let endless = robot.key(json!({})).await;
    let path = format!("/{}", endless.at("/id"));
    robot.owner("PATCH", &path).json(&json!({ "expire_time": time(&app, 60) })).await.ok();
    app.advance(60);
    robot.used(&endless).await.refused(Code::SessionInvalid);
}

async fn the_last_use_is_known_to_the_minute(app: TestApp) {
    let robot = Robot::reader(&app).await;
    let made = robot.key(json!({})).await;
    let client = app.program().with_token(&made.at("/key")).from("198.51.100.7");
    app.advance(90);
    client.get(&robot.team.path("/members")).await.ok();
    // It is written behind.
    assert_eq!(robot.listed().await[0]["last_used_at"], Value::Null);
    app.settle().await;
    let minute = serde_json::to_value(app.now().to_the_minute()).expect("a time");
    let seen = robot.listed().await[0].clone();
    assert_eq!(
        (seen["last_used_at"].clone(), seen["last_used_ip"].clone()),
        (minute.clone(), json!("198.51.100.7"))
    );
    let account = format!("/v1/service-accounts/{}", robot.account);
    let account = robot.team.owner.client.get_in(&robot.team.id, &account).await;
    assert_eq!(account.ok()["last_used_at"], minute);
    // A refused use is none.
    let fenced = json!({ "allowed_cidrs": ["198.51.100.7"] });
    robot.owner("PATCH", &format!("/{}", made.at("/id"))).json(&fenced).await.ok();
    app.advance(60);
    let elsewhere = app.program().with_token(&made.at("/key")).from("203.0.113.9");
    elsewhere.get(&robot.team.path("/members")).await.refused(Code::AddressNotAllowed);
    app.settle().await;
    assert_eq!(robot.listed().await[0]["last_used_at"], minute);
}

/// Programs that call all the time: whoever begins after the acknowledgement is refused.
async fn a_revocation_holds_before_it_is_acknowledged(app: TestApp) {
    let robot = Robot::reader(&app).await;
    for round in 0..10 {
        let made = robot.key(json!({})).await;
        let client = app.program().with_token(&made.at("/key"));
        let acknowledged = Arc::new(AtomicBool::new(false));
        let path = robot.team.path("/members");
        let askers: Vec<_> = (0..6)
            .map(|_| {
                let (client, acknowledged, path) = (client.clone(), Arc::clone(&acknowledged), path.clone());
                tokio::spawn(async move {
                    loop {
                        let is_over = acknowledged.load(Ordering::SeqCst);
                        let answer = client.get(&path).await;
                        if is_over {
                            return answer.status;
                        }
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        tokio::task::yield_now().await;
        let id = made.at("/id");
        // By the account's path, by the organization's, and by a rotation without grace.
        match round % 3 {
            0 => robot.owner("DELETE", &format!("/{id}")).await.no_content(),
            1 => {
                let path = robot.team.path(&format!("/api-keys/{id}"));
                robot.team.owner.client.delete(&path).await.no_content();
            }
            _ => {
                let new = robot.rotate(&id, &json!({ "grace_period_seconds": 0 })).await;
                robot.owner("DELETE", &format!("/{}", new.at("/new_key/id"))).await.no_content();
            }
        }
        acknowledged.store(true, Ordering::SeqCst);
        for asker in askers {
            assert_eq!(asker.await.expect("an answer"), 401);
        }
        if round % 3 < 2 {
            robot.owner("DELETE", &format!("/{id}")).await.refused(Code::NotFound);
        }
    }
}

async fn keys_without_an_account_belong_to_the_default_one(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let jane = &team.owner.client;
    let create =
        |client: &Client| client.post(&team.path("/api-keys")).json(&json!({ "name": "k" })).into_future();
    let first = create(jane).await;
    first.created();
    app.program().with_token(&first.at("/key")).get(&team.path("/members")).await.ok();
    let again = create(&app.admin_key()).await;
    assert_eq!(again.created()["service_account_id"], first["service_account_id"]);
    let path = format!("/v1/service-accounts/{}", first.at("/service_account_id"));
    let account = jane.get_in(&team.id, &path).await;
    assert_eq!((account.at("/owner_id"), account.at("/name")), (team.owner.id.clone(), "Default".to_owned()));
    // A program has no name to give: the longest-standing owner answers.
    let beta = app.team("Beta", "bob@beta.example").await;
    let made = app.admin_key().post(&beta.path("/api-keys")).json(&json!({ "name": "k" })).await;
    let path =
        format!("/v1/service-accounts/{}", made.created()["service_account_id"].as_str().expect("an id"));
    assert_eq!(app.admin_key().get_in("beta", &path).await.at("/owner_id"), beta.owner.id);
    let nobodys = app.admin_key().post("/v1/organizations").json(&json!({ "name": "Nobody's" })).await;
    let path = format!("/v1/organizations/{}/api-keys", nobodys.at("/id"));
    let refused = app.admin_key().post(&path).json(&json!({ "name": "k" })).await;
    refused.refused_fields(Code::ValidationFailed, &[("service_account_id", "required")]);
}

async fn of_many_first_keys_at_once_one_makes_the_default_account(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let calls: Vec<_> = (0..6)
        .map(|n| {
            let call = team.owner.client.post(&team.path("/api-keys"));
            tokio::spawn(call.json(&json!({ "name": format!("k{n}") })).into_future())
        })
        .collect();
    let mut accounts = Vec::new();
    for call in calls {
        let made = call.await.expect("an answer");
        made.created();
        accounts.push(made.at("/service_account_id"));
    }
    accounts.dedup();
    assert_eq!(accounts.len(), 1, "{accounts:?}");
    let listed = team.owner.client.get_in(&team.id, "/v1/service-accounts").await;
    assert_eq!(listed.ok()["service_accounts"].as_array().map(Vec::len), Some(1));
    // The operator's is the other one.
    assert_eq!(app.payloads(EventType::ServiceAccountCreated).await.len(), 2);
}

async fn an_account_has_ten_keys_that_work(app: TestApp) {
    let robot = Robot::reader(&app).await;
    // Neither one that ended nor a replaced or revoked one counts.
    robot.key(json!({ "expire_time": time(&app, 1) })).await;
    let replaced = robot.key(json!({})).await;
    robot.rotate(&replaced.at("/id"), &json!({})).await.ok();
    let revoked = robot.key(json!({})).await;
    robot.owner("DELETE", &format!("/{}", revoked.at("/id"))).await.no_content();
    app.advance(1);
    for _ in 0..8 {
        robot.key(json!({})).await;
    }
    let more = || robot.team.key_of(&robot.account, json!({}));
    let (a, b, c) = tokio::join!(more(), more(), more());
    let made = [&a, &b, &c].into_iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1, "{a} {b} {c}");
    let refused = more().await;
    assert_eq!(refused.refused(Code::LimitReached)["limit"], 10);
    assert_eq!(refused["used"], 10);
    robot.team.service_account(&["members:read"]).await;
}

async fn a_key_in_a_url_is_refused_and_revoked(app: TestApp) {
    let robot = Robot::reader(&app).await;
    let made = robot.key(json!({})).await;
    robot.used(&made).await.ok();
    let leak = app.program().get(&format!("/v1/discovery?key={}", made.at("/key"))).await;
    leak.refused_fields(Code::ValidationFailed, &[("query", "not_allowed")]);
    robot.used(&made).await.refused(Code::SessionInvalid);
    assert_eq!(app.payloads(EventType::ApiKeyRevoked).await[0]["key"]["id"], made["id"]);
    assert_eq!(robot.listed().await, Vec::<Value>::new());
}

async fn keys_say_which_environment_they_are_for(Live(app): Live) {
    let robot = Robot::reader(&app).await;
    let made = robot.key(json!({})).await;
    assert!(made.at("/key").starts_with("ak_live_"));
    robot.used(&made).await.ok();
    app.foreign_key().get(&robot.team.path("/members")).await.refused(Code::WrongEnvironment);
    for nonsense in ["ak_live_", "ak_live_0123", "ak_", "ak_other_0123"] {
        let client = app.program().with_token(nonsense);
        client.get(&robot.team.path("/members")).await.refused(Code::SessionInvalid);
    }
}

async fn the_same_request_twice_shows_the_same_key(app: TestApp) {
    let robot = Robot::reader(&app).await;
    let once = |name: &'static str, rest: String, body: Value| {
        robot.owner("POST", &rest).header("idempotency-key", name).json(&body).into_future()
    };
    let make = || once("make", String::new(), json!({ "name": "k" }));
    let (first, again) = (make().await, make().await);
    assert_eq!(first.created(), again.created());
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("location"), first.header("location"));
    robot.used(&again).await.ok();
    let rotate = || once("rotate", format!("/{}:rotate", first.at("/id")), json!({}));
    let (first, again) = (rotate().await, rotate().await);
    assert_eq!(first.ok(), again.ok());
    robot.used(&again).await.ok();
    assert_eq!(robot.listed().await.len(), 2);
    let other = once("make", String::new(), json!({ "name": "other" })).await;
    other.refused(Code::IdempotencyConflict);
    // It is sealed where it waits.
    let key = first.at("/new_key/key");
    assert!(!app.events().await.iter().any(|event| event.payload.to_string().contains(&key)));
}

async fn what_a_key_does_is_done_by_its_account(app: TestApp) {
    let robot = Robot::with(&app, &["members:read", "members:write"]).await;
    let mary = robot.team.member("mary@acme.example", "member").await;
    let key = app.program().with_token(&robot.key(json!({})).await.at("/key"));
    key.delete(&robot.team.path(&format!("/members/{}", mary.id))).await.no_content();
    let events = app.events().await;
    let told = events.iter().rfind(|event| event.event_type == EventType::MemberRemoved).expect("told");
    assert_eq!(told.actor.kind, ActorType::ServiceAccount);
    assert_eq!(told.actor.id.as_ref(), Some(&robot.account));
    assert_eq!(told.organization_id.map(|id| id.to_string()), Some(robot.team.id.clone()));
}

async fn keys_of_a_closed_organization_do_not_work(app: TestApp) {
    let robot = Robot::reader(&app).await;
    let made = robot.key(json!({})).await;
    let admin = app.admin_key();
    admin.post(&robot.team.path(":suspend")).json(&json!({})).await.ok();
    assert_eq!(robot.used(&made).await.refused(Code::OrganizationSuspended)["state"], "suspended");
    admin.post(&robot.team.path(":activate")).json(&json!({})).await.ok();
    robot.used(&made).await.ok();
    robot.team.owner.client.delete(&robot.team.path("")).await.is(202);
    assert_eq!(robot.used(&made).await.refused(Code::OrganizationSuspended)["state"], "deleting");
}

async fn an_organization_that_is_being_made_is_not_ready_for_keys_or_members(app: TestApp) {
    let robot = Robot::reader(&app).await;
    let made = robot.key(json!({})).await;
    let team = &robot.team;
    // As after a crash between its row and its database.
    let store = &app.tenant().store;
    store.destroy_org(team.id.parse().expect("an id")).await.expect("gone");
    team.alter(|organization| organization.state = OrganizationState::Provisioning).await;
    let by_header = team.owner.client.get_in("acme", "/v1/me").await;
    let by_path = team.owner.client.get(&team.path("/members")).await;
    let switch = json!({ "organization_id": team.id });
    let switched = team.owner.client.post("/v1/sessions:switchOrganization").json(&switch).await;
    for answer in [&by_header, &by_path, &switched, &robot.used(&made).await] {
        answer.refused(Code::OrganizationNotReady);
        assert_eq!(answer.header("retry-after"), "1", "{answer}");
    }
    // The sweep goes on where the crash cut it off.
    app.sweep().await;
    robot.used(&made).await.ok();
    team.owner.client.get_in("acme", "/v1/me").await.ok();
    assert!(store.org_exists(team.id.parse().expect("an id")).await.expect("told"));
    assert_eq!(app.payloads(EventType::OrganizationActivated).await.len(), 2);
}

async fn the_organizations_list_shows_the_keys_of_all_accounts(app: TestApp) {
    let robot = Robot::reader(&app).await;
    let (jane, path) = (&robot.team.owner.client, robot.team.path("/api-keys"));
    let other = robot.team.service_account(&["roles:read"]).await;
    robot.key(json!({ "name": "one" })).await;
    app.advance(1);
    let named = json!({ "name": "two", "service_account_id": other, "scopes": ["roles:read"] });
    let two = jane.post(&path).json(&named).await;
    assert_eq!(two.created()["service_account_id"], json!(other));
    assert!(two.header("location").ends_with(&format!("/{other}/keys/{}", two.at("/id"))));
    let listed = jane.get(&path).await;
    let listed: Vec<_> =
        listed.ok()["keys"].as_array().expect("keys").iter().map(|k| k["name"].clone()).collect();
    assert_eq!(listed, ["two", "one"]);
    let missing = json!({ "name": "x", "service_account_id": "sa_01kjpwe457etztza3v90genf98" });
    let refused = jane.post(&path).json(&missing).await;
    refused.refused_fields(Code::ValidationFailed, &[("service_account_id", "not_found")]);
    // Another organization's account is none, and its keys are not there.
    let beta = app.team("Beta", "bob@beta.example").await;
    let foreign = json!({ "name": "x", "service_account_id": other });
    let refused = beta.owner.client.post(&beta.path("/api-keys")).json(&foreign).await;
    refused.refused_fields(Code::ValidationFailed, &[("service_account_id", "not_found")]);
    let theirs = beta.path(&format!("/api-keys/{}", two.at("/id")));
    beta.owner.client.delete(&theirs).await.refused(Code::NotFound);
    jane.delete(&format!("{path}/{}", two.at("/id"))).await.no_content();
    jane.delete(&format!("{path}/{}", two.at("/id"))).await.refused(Code::NotFound);
    // Nor is the key of one account the key of another.
    let wrong = format!(
        "/v1/service-accounts/{other}/keys/{}",
        robot.listed().await[0]["id"].as_str().expect("an id")
    );
    jane.delete(&wrong).header("x-avnology-org", "acme").await.refused(Code::NotFound);
}

async fn bad_input_is_named(app: TestApp) {
    let robot = Robot::reader(&app).await;
    let many: Vec<String> = (0..51).map(|n| format!("10.0.0.{n}")).collect();
    for (body, fields) in [
        (json!({ "name": " " }), [("name", "required")]),
        (json!({ "name": "x".repeat(101) }), [("name", "too_long")]),
        (json!({ "name": "k", "allowed_cidrs": ["10.0.0.0/33"] }), [("allowed_cidrs[0]", "invalid_format")]),
        (json!({ "name": "k", "allowed_cidrs": many }), [("allowed_cidrs", "too_long")]),
        (json!({ "name": "k", "expire_time": time(&app, 0) }), [("expire_time", "too_small")]),
        (json!({ "name": "k", "key": "ak_test_mine" }), [("key", "unknown_field")]),
    ] {
        let refused = robot.owner("POST", "").json(&body).await;
        refused.refused_fields(Code::ValidationFailed, &fields);
    }
    let made = robot.key(json!({})).await;
    let path = format!("/{}", made.at("/id"));
    for (body, fields) in [
        (json!({ "name": null }), [("name", "required")]),
        (json!({ "allowed_cidrs": ["x"] }), [("allowed_cidrs[0]", "invalid_format")]),
        (json!({ "scopes": ["members:read"] }), [("scopes", "unknown_field")]),
    ] {
        robot.owner("PATCH", &path).json(&body).await.refused_fields(Code::ValidationFailed, &fields);
    }
    let renamed = robot.owner("PATCH", &path).json(&json!({ "name": "Better" })).await;
    assert_eq!(renamed.ok()["name"], "Better");
    assert_eq!(renamed["key"], Value::Null);
    robot.owner("PATCH", "/key_01kjpwe457etztza3v90genf98").json(&json!({})).await.refused(Code::NotFound);
}
