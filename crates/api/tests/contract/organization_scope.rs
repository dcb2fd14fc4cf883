//! The organization scope of a request: where it comes from, and what it means (`contract/00` §11). That nothing of another
//! organization is ever read, written or revealed stands in `isolation`.

use avnology_model::{Code, permissions::PlatformRole};
use avnology_testkit::{Answer, PASSWORD, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    the_header_scopes_a_request_by_id_or_slug,
    the_path_beats_the_header_and_they_must_agree,
    a_cookie_selects_and_does_not_authorize,
    the_session_is_the_last_source,
    two_tabs_act_for_two_organizations,
    switching_asks_for_no_sign_in,
    an_organization_that_asks_for_more_refuses_the_session,
    an_unknown_organization_is_revealed_to_the_platform_only,
    an_organization_sees_its_members_and_manages_those_of_its_own_domain,
    an_organization_makes_people_at_its_own_domains,
    one_reads_what_one_may_do_where_one_acts,
    an_organization_sees_no_other_membership_of_its_members,
}

fn names(answer: &Answer) -> Vec<String> {
    let list = answer.ok()["identities"].as_array().cloned().expect("identities");
    list.iter().map(|i| i["email"].as_str().expect("an address").to_owned()).collect()
}

async fn the_header_scopes_a_request_by_id_or_slug(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    app.account("eve@evil.example").await;
    let jane = &team.owner.client;
    for name in [team.id.as_str(), "acme"] {
        let list = jane.get_in(name, "/v1/identities").await;
        assert_eq!(names(&list), ["jane@acme.example"]);
        assert_eq!(list.header("x-avnology-org"), team.id);
        assert!(list.header("vary").contains("X-Avnology-Org"), "{}", list.header("vary"));
        let who = jane.get_in(name, "/v1/sessions/whoami").await;
        assert_eq!(
            (who["organization_id"].clone(), who["organization"]["role"].clone()),
            (json!(team.id), json!("owner"))
        );
    }
    // Without it, or with `personal`, people have their own things only.
    jane.get("/v1/identities").await.refused(Code::ScopeMissing);
    jane.get_in("personal", "/v1/identities").await.refused(Code::ScopeMissing);
    jane.get_in("", "/v1/identities").await.refused(Code::ScopeMissing);
    assert_eq!(jane.get_in("personal", "/v1/sessions/whoami").await.ok()["organization_id"], Value::Null);
    let twice = jane.get_in("acme", "/v1/me").header("x-avnology-org", "acme").await;
    twice.refused(Code::MalformedRequest);
    // The platform may narrow itself down, and keeps its rights.
    assert_eq!(names(&app.admin_key().get_in("acme", "/v1/identities").await), ["jane@acme.example"]);
}

async fn the_path_beats_the_header_and_they_must_agree(app: TestApp) {
    let acme = app.team("Acme", "jane@acme.example").await;
    let beta = app.team("Beta", "bob@beta.example").await;
    let jane = &acme.owner.client;
    jane.get_in("acme", &acme.path("")).await.ok();
    jane.get_in(&acme.id, "/v1/organizations/acme").await.ok();
    for other in [beta.id.as_str(), "beta", "personal", "org_01kjpwd6m0emptw6bw4v8qtn83"] {
        jane.get_in(other, &acme.path("")).await.refused(Code::OrganizationMismatch);
    }
    // A cookie that differs is ignored here.
    let browser = app.browser().signed_in("jane@acme.example").await.client;
    browser.set_cookie("X-Avnology-Org", &beta.id);
    browser.get(&acme.path("")).await.ok();
}

async fn a_cookie_selects_and_does_not_authorize(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let browser = app.browser().signed_in("jane@acme.example").await.client;
    browser.set_cookie("X-Avnology-Org", "acme");
    assert_eq!(browser.whoami().await.ok()["organization"]["slug"], "acme");
    // With a bearer token it says nothing.
    let cookie = team.owner.client.get("/v1/sessions/whoami").header("cookie", "X-Avnology-Org=acme").await;
    assert_eq!(cookie.ok()["organization"], Value::Null);
    // A foreign one is refused once and cleared with the refusal.
    app.team("Beta", "bob@beta.example").await;
    browser.set_cookie("X-Avnology-Org", "beta");
    let refused = browser.get("/v1/me").await;
    refused.refused(Code::NotAMember);
    assert!(
        refused.header("set-cookie").starts_with("X-Avnology-Org=; Path=/; SameSite=Lax; Max-Age=0"),
        "{}",
        refused.header("set-cookie")
    );
    browser.get("/v1/me").await.ok();
}

async fn the_session_is_the_last_source(app: TestApp) {
    let acme = app.team("Acme", "jane@acme.example").await;
    let jane = &acme.owner.client;
    let beta = jane.post("/v1/organizations").json(&json!({ "name": "Beta" })).await;
    jane.post("/v1/sessions:switchOrganization").json(&json!({ "organization_id": "acme" })).await.ok();
    assert_eq!(jane.whoami().await["organization"]["slug"], "acme");
    assert_eq!(names(&jane.get("/v1/identities").await), ["jane@acme.example"]);
    let headed = jane.get_in(&beta.at("/id"), "/v1/sessions/whoami").await;
    assert_eq!(headed.ok()["organization"]["slug"], "beta");
    assert_eq!(jane.get_in("personal", "/v1/sessions/whoami").await.ok()["organization"], Value::Null);
    jane.post("/v1/sessions:switchOrganization").json(&json!({ "organization_id": null })).await.ok();
    assert_eq!(jane.whoami().await["organization"], Value::Null);
}

async fn two_tabs_act_for_two_organizations(app: TestApp) {
    let acme = app.team("Acme", "jane@acme.example").await;
    acme.owner.client.post("/v1/organizations").json(&json!({ "name": "Beta" })).await.created();
    let browser = app.browser().signed_in("jane@acme.example").await.client;
    let tab = |organization: &'static str| {
        let browser = browser.clone();
        async move {
            for _ in 0..10 {
                let who = browser.get_in(organization, "/v1/sessions/whoami").await;
                assert_eq!(who.ok()["organization"]["slug"], organization);
            }
        }
    };
    let before = browser.cookie("X-Avnology-Org");
    tokio::join!(tab("acme"), tab("beta"));
    // Neither touches the cookie that they share.
    assert_eq!(browser.cookie("X-Avnology-Org"), before);
}

async fn switching_asks_for_no_sign_in(app: TestApp) {
    let acme = app.team("Acme", "jane@acme.example").await;
    let browser = app.browser().signed_in("jane@acme.example").await.client;
    let token = browser.cookie("__Host-avnology_session");
    let switched =
        browser.post("/v1/sessions:switchOrganization").json(&json!({ "organization_id": acme.id })).await;
    assert_eq!(
        switched.ok()["organization"]["permissions"].as_array().map(|p| p.contains(&json!("members:write"))),
        Some(true)
    );
    assert_eq!(browser.cookie("X-Avnology-Org"), Some(acme.id.clone()));
    assert_eq!(browser.cookie("__Host-avnology_session"), token);
    let back =
        browser.post("/v1/sessions:switchOrganization").json(&json!({ "organization_id": null })).await;
    assert_eq!(back.ok()["organization"], Value::Null);
    assert_eq!(browser.cookie("X-Avnology-Org"), None);
    app.team("Beta", "bob@beta.example").await;
    browser
        .post("/v1/sessions:switchOrganization")
        .json(&json!({ "organization_id": "beta" }))
        .await
        .refused(Code::NotAMember);
    let told = app.payloads(avnology_model::events::EventType::SessionOrganizationSwitched).await;
    assert_eq!(told.len(), 2);
    assert_eq!((told[0]["from"].clone(), told[0]["to"].clone()), (Value::Null, json!(acme.id)));
    // A program gets no cookie.
    let switched = acme
        .owner
        .client
        .post("/v1/sessions:switchOrganization")
        .json(&json!({ "organization_id": "acme" }))
        .await;
    assert_eq!(switched.header("set-cookie"), "");
}

async fn an_organization_that_asks_for_more_refuses_the_session(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = team.member("mary@acme.example", "member").await;
    let admin = app.admin_key();
    let set = |change: Value| admin.patch(&team.path("")).json(&change).into_future();
    set(json!({ "session_policy": { "absolute_timeout_seconds": 600 } })).await.ok();
    mary.client.get_in("acme", "/v1/me").await.ok();
    app.advance(600);
    let refused = mary.client.get_in("acme", "/v1/me").await;
    assert_eq!(refused.refused(Code::StepUpRequired)["required"]["max_age"], 600);
    // The way to satisfy it comes with it, and leads into the organization.
    assert_eq!(
        (&refused["continue_flow"]["refresh"], &refused["continue_flow"]["organization_id"]),
        (&json!(true), &json!(team.id))
    );
    let done = mary.client.follow(&refused).submit("password", json!({ "password": PASSWORD })).await;
    done.ok();
    mary.client.take(&done);
    mary.client.get_in("acme", "/v1/me").await.ok();
    app.advance(600);
    let body = json!({ "organization_id": "acme" });
    let refused = mary.client.post("/v1/sessions:switchOrganization").json(&body).await;
    assert_eq!(refused.refused(Code::StepUpRequired)["required"]["max_age"], 600);
    assert_eq!(refused["continue_flow"]["type"], "login");
    // It is one's own account still.
    mary.client.get("/v1/me").await.ok();
    set(json!({ "session_policy": null, "allowed_methods": ["code"] })).await.ok();
    let refused = mary.client.get_in("acme", "/v1/me").await;
    assert_eq!(refused.refused(Code::StepUpRequired)["required"]["methods"], json!(["code"]));
    let by_code = app.program();
    by_code.sign_in_by_code("mary@acme.example").await.ok();
    by_code.get_in("acme", "/v1/me").await.ok();
    set(json!({ "allowed_methods": [], "mfa_required": true })).await.ok();
    let refused = by_code.get_in("acme", "/v1/me").await;
    assert_eq!(refused.refused(Code::SecondFactorRequired)["required"]["aal"], "aal2");
}

async fn an_unknown_organization_is_revealed_to_the_platform_only(app: TestApp) {
    let jane = app.person("jane@acme.example").await.client;
    let root = app.person_with_role("root@acme.example", PlatformRole::Viewer).await.client;
    let unknown = "org_01kjpwd6m0emptw6bw4v8qtn83";
    app.team("Real", "bob@beta.example").await;
    let real = jane.get_in("real", "/v1/me").await;
    let missing = jane.get_in(unknown, "/v1/me").await;
    assert_eq!(real.refused(Code::NotAMember)["detail"], missing.refused(Code::NotAMember)["detail"]);
    jane.get_in("no-such-slug", "/v1/me").await.refused(Code::NotAMember);
    jane.get_in("Nonsense!", "/v1/me").await.refused(Code::NotAMember);
    for client in [root, app.admin_key()] {
        client.get_in(unknown, "/v1/identities").await.refused(Code::OrganizationNotFound);
        client.get(&format!("/v1/organizations/{unknown}")).await.refused(Code::OrganizationNotFound);
    }
}

async fn an_organization_sees_its_members_and_manages_those_of_its_own_domain(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    team.holds_domain("acme.example", |_| {}).await;
    let jane = &team.owner.client;
    let own = json!({ "identity": { "email": "max@acme.example", "email_verified": true, "traits": { "level": 3 } } });
    let max = jane.post("/v1/identities").header("x-avnology-org", "acme").json(&own).await;
    assert_eq!(max.created()["managed_by"], json!(team.id));
    let guest = app
        .account_with("guest@other.example", json!({ "traits": { "level": 9 }, "username": "guest" }))
        .await;
    team.add(&guest, "member").await;
    let (managed, foreign) = (format!("/v1/identities/{}", max.at("/id")), format!("/v1/identities/{guest}"));
    // The one whole, of the other a card.
    assert_eq!(jane.get_in("acme", &managed).await.ok()["traits"], json!({ "level": 3 }));
    let card = jane.get_in("acme", &foreign).await;
    assert_eq!(
        (card.ok()["email"].clone(), card["traits"].clone(), card["username"].clone()),
        (json!("guest@other.example"), json!({}), Value::Null)
    );
    let peek = jane.get_in("acme", "/v1/identities").query(&[("filter", "username = \"guest\"")]).await;
    peek.refused_fields(Code::ValidationFailed, &[("filter", "not_allowed")]);
    // The one can be changed, the other not.
    let change = json!({ "identity": { "first_name": "Max" } });
    let change_at =
        |path: &str| jane.patch(path).header("x-avnology-org", "acme").json(&change).into_future();
    assert_eq!(change_at(&managed).await.ok()["first_name"], "Max");
    change_at(&foreign).await.refused(Code::PermissionDenied);
    for rest in ["/sessions", "/credentials"] {
        jane.get_in("acme", &format!("{managed}{rest}")).await.ok();
        jane.get_in("acme", &format!("{foreign}{rest}")).await.refused(Code::PermissionDenied);
    }
    let post =
        |path: String| jane.post(&path).header("x-avnology-org", "acme").json(&json!({})).into_future();
    post(format!("{foreign}:deactivate")).await.refused(Code::PermissionDenied);
    post(format!("{managed}:deactivate")).await.ok();
    // Whoever is not there at all is not there.
    let eve = app.account("eve@evil.example").await;
    jane.get_in("acme", &format!("/v1/identities/{eve}")).await.refused(Code::NotFound);
    change_at(&format!("/v1/identities/{eve}")).await.refused(Code::NotFound);
    // Nobody becomes more by it: an admin cannot take an owner's account, nor anybody the platform's.
    let ann = team.member("ann@acme.example", "admin").await;
    let second = jane
        .post("/v1/identities")
        .header("x-avnology-org", "acme")
        .json(
            &json!({ "identity": { "email": "own@acme.example", "email_verified": true }, "role": "owner" }),
        )
        .await;
    let path = format!("/v1/identities/{}:setPassword", second.created()["id"].as_str().expect("an id"));
    let body = json!({ "password": "velvet otter ladder 8" });
    ann.client.post(&path).header("x-avnology-org", "acme").json(&body).await.refused(Code::PermissionDenied);
    jane.post(&path).header("x-avnology-org", "acme").json(&body).await.ok();
    app.grant(&second.at("/id"), PlatformRole::Viewer).await;
    jane.post(&path).header("x-avnology-org", "acme").json(&body).await.refused(Code::PermissionDenied);
}

async fn an_organization_makes_people_at_its_own_domains(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let jane = &team.owner.client;
    let create =
        |body: Value| jane.post("/v1/identities").header("x-avnology-org", "acme").json(&body).into_future();
    let max = json!({ "identity": { "email": "max@acme.example" } });
    create(max.clone()).await.refused(Code::PermissionDenied);
    team.holds_domain("acme.example", |_| {}).await;
    let made = create(max).await;
    made.created();
    assert_eq!(jane.get(&team.path(&format!("/members/{}", made.at("/id")))).await.at("/role"), "member");
    let foreign = create(json!({ "identity": { "email": "eve@evil.example" } })).await;
    foreign.refused(Code::PermissionDenied);
    let elsewhere = app.team("Beta", "bob@beta.example").await;
    let other =
        create(json!({ "identity": { "email": "x@acme.example" }, "organization_id": elsewhere.id })).await;
    other.refused(Code::OrganizationMismatch);
    // The platform names the organization.
    let body =
        json!({ "identity": { "email": "any@where.example" }, "organization_id": "acme", "role": "admin" });
    let made = app.admin_key().post("/v1/identities").json(&body).await;
    assert_eq!(made.created()["managed_by"], Value::Null);
    assert_eq!(jane.get(&team.path(&format!("/members/{}", made.at("/id")))).await.at("/role"), "admin");
    let listed = app
        .admin_key()
        .get("/v1/identities")
        .query(&[("filter", &format!("organization_id = \"{}\"", team.id))])
        .await;
    assert_eq!(names(&listed).len(), 3);
}

async fn one_reads_what_one_may_do_where_one_acts(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = team.member("mary@acme.example", "member").await;
    let here = mary.client.get_in("acme", "/v1/me/permissions").await;
    assert_eq!(
        (here.ok()["role"].clone(), here["organization_id"].clone()),
        (json!("member"), json!(team.id))
    );
    let held = here["permissions"].as_array().expect("permissions");
    assert!(held.contains(&json!("members:read")) && !held.contains(&json!("members:write")));
    let alone = mary.client.get("/v1/me/permissions").await;
    let own = json!({ "role": null, "permissions": ["access:self", "account:self", "privacy:self"], "organization_id": null });
    assert_eq!(alone.ok(), &own);
    let root = app.person_with_role("root@acme.example", PlatformRole::Viewer).await;
    assert_eq!(root.client.get("/v1/me/permissions").await.at("/role"), "viewer");
}

async fn an_organization_sees_no_other_membership_of_its_members(app: TestApp) {
    let acme = app.team("Acme", "jane@acme.example").await;
    let beta = app.team("Beta", "bob@beta.example").await;
    beta.add(&acme.owner.id, "member").await;
    let path = format!("/v1/identities/{}/organizations", acme.owner.id);
    let slugs = |answer: Answer| -> Vec<Value> {
        let list = answer.ok()["memberships"].as_array().cloned().expect("memberships");
        list.iter().map(|m| m["organization"]["slug"].clone()).collect()
    };
    assert_eq!(slugs(app.admin_key().get(&path).await).len(), 2);
    assert_eq!(slugs(beta.owner.client.get_in("beta", &path).await), ["beta"]);
    let stranger = app.account("eve@evil.example").await;
    let path = format!("/v1/identities/{stranger}/organizations");
    beta.owner.client.get_in("beta", &path).await.refused(Code::NotFound);
}
