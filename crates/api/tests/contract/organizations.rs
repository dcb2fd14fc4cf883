//! Organizations: made, read, changed, closed, handed over and deleted (`contract/20` §§1, 2, 9).

use avnology_model::{Code, events::EventType, organizations::DomainStatus, permissions::PlatformRole};
use avnology_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    whoever_makes_an_organization_owns_it,
    an_organization_has_the_defaults_of_the_contract,
    a_new_organization_has_its_own_database,
    who_may_make_one_is_the_tenants_choice,
    one_person_makes_no_more_than_the_tenant_allows,
    a_slug_is_derived_numbered_checked_and_never_changed,
    slugs_that_are_taken_or_look_alike_are_refused,
    two_requests_for_one_slug_make_one_organization,
    a_dry_run_makes_nothing,
    the_same_request_twice_makes_one_organization,
    values_that_are_not_acceptable_are_all_named,
    a_change_merges_and_needs_the_present_version,
    features_and_seats_are_set_by_the_platform_only,
    single_sign_on_cannot_be_required_without_a_connection,
    former_names_of_modes_are_read,
    the_platform_lists_all_and_people_their_own,
    a_suspended_organization_lets_nobody_in_but_the_platform,
    deletion_has_its_grace_period_and_can_be_taken_back,
    a_destroyed_organization_leaves_nothing_but_its_slug,
    an_organization_that_was_restored_in_time_stays,
    deletion_and_handing_over_need_a_fresh_sign_in,
    ownership_is_handed_over_to_an_active_member,
    seats_are_counted_and_can_be_read_for_a_day_in_the_past,
    the_sole_owner_of_an_organization_cannot_be_deleted,
}

async fn whoever_makes_an_organization_owns_it(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let made = jane.client.post("/v1/organizations").json(&json!({ "name": "Acme Corporation" })).await;
    made.created();
    assert!(made.header("location").ends_with(&format!("/v1/organizations/{}", made.at("/id"))));
    assert_eq!((made.at("/slug"), made.at("/state")), ("acme-corporation".to_owned(), "active".to_owned()));
    assert_eq!(made["member_count"], 1);
    let members = jane.client.get(&format!("/v1/organizations/{}/members", made.at("/id"))).await;
    assert_eq!(members["members"].as_array().map(Vec::len), Some(1));
    assert_eq!(members.at("/members/0/role"), "owner");
    assert_eq!(members.at("/members/0/source"), "creator");
    // It is not the session's active one: the client switches.
    assert_eq!(jane.client.whoami().await["organization_id"], Value::Null);
    let kinds = app.event_types_after(0).await;
    for kind in [EventType::OrganizationCreated, EventType::MemberAdded, EventType::OrganizationActivated] {
        assert!(kinds.contains(&kind), "{kind}");
    }
}

async fn an_organization_has_the_defaults_of_the_contract(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let acme = team.owner.client.get(&team.path("")).await;
    let expected = json!({
        "name": "Acme", "slug": "acme", "registration_mode": "by_invitation_only", "default_role": "member",
        "sso_required": false, "mfa_required": false, "allowed_methods": [], "password_policy": null, "feature_flags": {},
        "session_policy": { "idle_timeout_seconds": null, "absolute_timeout_seconds": null,
            "privileged_max_age_seconds": null, "sso_max_age_seconds": null },
        "metadata": { "public": {}, "admin": {} }, "audit_retention_days": null, "seat_limit": null, "sso_enabled": false,
        "scim_enabled": false, "sso_break_glass": "owners", "external_id": null, "deletion_scheduled_for": null,
    });
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&acme[name.as_str()], value, "{name}");
    }
    assert_eq!(acme.header("etag"), format!("\"{}\"", acme.at("/etag")));
    assert_eq!(acme["placement"]["region"], "default");
    // Members do not see what is for administrators, and find it by slug as well.
    let mary = team.member("mary@acme.example", "member").await;
    let seen = mary.client.get("/v1/organizations/acme").await;
    assert_eq!(seen.ok()["metadata"], json!({ "public": {} }));
}

async fn a_new_organization_has_its_own_database(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let id = team.id.parse().expect("an organization");
    let store = &app.tenant().store;
    assert!(store.org_exists(id).await.expect("told"));
    store.org(id).await.expect("open").read(|_| Ok(())).await.expect("read");
}

async fn who_may_make_one_is_the_tenants_choice(app: TestApp) {
    let admin = app.admin_key();
    let unproven = app.program();
    unproven.register("new@acme.example").await.ok();
    let body = json!({ "name": "Team" });
    unproven.post("/v1/organizations").json(&body).await.refused(Code::VerificationRequired);
    admin.patch("/v1/tenant").json(&json!({ "organization_creation": "anyone" })).await.ok();
    unproven.post("/v1/organizations").json(&body).await.created();
    admin.patch("/v1/tenant").json(&json!({ "organization_creation": "admins" })).await.ok();
    let jane = app.person("jane@acme.example").await;
    jane.client.post("/v1/organizations").json(&body).await.refused(Code::OrganizationCreationRefused);
    let root = app.person_with_role("root@acme.example", PlatformRole::Admin).await;
    root.client.post("/v1/organizations").json(&body).await.created();
    // A key makes one without an owner, or with the one it names.
    let made = admin.post("/v1/organizations").json(&json!({ "name": "Nobody's" })).await;
    assert_eq!(made.created()["member_count"], 0);
    let made = admin.post("/v1/organizations").json(&json!({ "name": "Jane's", "owner_id": jane.id })).await;
    assert_eq!(made.created()["member_count"], 1);
    let missing = json!({ "name": "X", "owner_id": "usr_01kjpwd6m0emptw6bw4v8qtn83" });
    admin
        .post("/v1/organizations")
        .json(&missing)
        .await
        .refused_fields(Code::ValidationFailed, &[("owner_id", "not_found")]);
}

async fn one_person_makes_no_more_than_the_tenant_allows(app: TestApp) {
    app.admin_key().patch("/v1/tenant").json(&json!({ "max_organizations_per_identity": 1 })).await.ok();
    let team = app.team("One", "jane@acme.example").await;
    let second = team.owner.client.post("/v1/organizations").json(&json!({ "name": "Two" })).await;
    assert_eq!(second.refused(Code::LimitReached)["limit"], 1);
    app.admin_key().post("/v1/organizations").json(&json!({ "name": "Two" })).await.created();
}

async fn a_slug_is_derived_numbered_checked_and_never_changed(app: TestApp) {
    let jane = app.person("jane@acme.example").await.client;
    let make = |body: Value| jane.post("/v1/organizations").json(&body).into_future();
    assert_eq!(make(json!({ "name": "Äcme & Söhne" })).await.at("/slug"), "acme-sohne");
    assert_eq!(make(json!({ "name": "Acme Sohne" })).await.at("/slug"), "acme-sohne-2");
    assert_eq!(make(json!({ "name": "Acme Sohne" })).await.at("/slug"), "acme-sohne-3");
    let check = jane.get("/v1/organizations:checkSlug").query(&[("slug", "acme-sohne")]).await;
    assert_eq!(check.ok(), &json!({ "available": false, "suggestion": "acme-sohne-4" }));
    let check = jane.get("/v1/organizations:checkSlug").query(&[("slug", "free")]).await;
    assert_eq!(check.ok(), &json!({ "available": true, "suggestion": "free" }));
    let check = jane.get("/v1/organizations:checkSlug").query(&[("slug", "New")]).await;
    assert_eq!(check.ok(), &json!({ "available": false, "suggestion": "team-new" }));
    jane.patch("/v1/organizations/acme-sohne")
        .json(&json!({ "slug": "other" }))
        .await
        .refused_fields(Code::ValidationFailed, &[("slug", "immutable")]);
}

async fn slugs_that_are_taken_or_look_alike_are_refused(app: TestApp) {
    let team = app.team("Acme Inc", "jane@acme.example").await;
    let jane = &team.owner.client;
    for slug in ["acme-inc", "acme-1nc", "acrne-inc", "acme--inc"] {
        let refused = jane.post("/v1/organizations").json(&json!({ "name": "X", "slug": slug })).await;
        assert_eq!(refused.refused(Code::AlreadyExists)["field"], "slug", "{slug}");
    }
    for slug in ["new", "personal", "a", "-a", "A", "org_x", &"a".repeat(65)] {
        let refused = jane.post("/v1/organizations").json(&json!({ "name": "X", "slug": slug })).await;
        refused.refused_fields(Code::ValidationFailed, &[("slug", "invalid_format")]);
    }
}

async fn two_requests_for_one_slug_make_one_organization(app: TestApp) {
    let (jane, joe) = (app.person("jane@acme.example").await, app.person("joe@acme.example").await);
    let body = json!({ "name": "Acme", "slug": "acme" });
    let (one, other) = tokio::join!(
        jane.client.post("/v1/organizations").json(&body).into_future(),
        joe.client.post("/v1/organizations").json(&body).into_future(),
    );
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{one} {other}");
    // Names need not be told apart: both get one.
    let body = json!({ "name": "Same" });
    let (one, other) = tokio::join!(
        jane.client.post("/v1/organizations").json(&body).into_future(),
        joe.client.post("/v1/organizations").json(&body).into_future(),
    );
    assert_ne!(one.created()["slug"], other.created()["slug"]);
}

async fn a_dry_run_makes_nothing(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let before = app.event_count().await;
    let body = json!({ "name": "Acme", "validate_only": true });
    let would = jane.client.post("/v1/organizations").json(&body).await;
    assert_eq!((would.ok()["slug"].clone(), would["id"].clone()), (json!("acme"), Value::Null));
    assert_eq!(jane.client.get("/v1/organizations").await["organizations"], json!([]));
    assert_eq!(app.event_count().await, before);
    jane.client.post("/v1/organizations").json(&json!({ "name": "Acme" })).await.created();
}

async fn the_same_request_twice_makes_one_organization(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let call = || {
        let call = jane.client.post("/v1/organizations").header("idempotency-key", "once");
        call.json(&json!({ "name": "Acme" })).into_future()
    };
    let (first, again) = (call().await, call().await);
    assert_eq!(first.created()["id"], again.created()["id"]);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.at("/state"), "active");
    assert_eq!(jane.client.get("/v1/organizations").await["organizations"].as_array().map(Vec::len), Some(1));
}

async fn values_that_are_not_acceptable_are_all_named(app: TestApp) {
    let jane = app.person("jane@acme.example").await.client;
    let bad = json!({ "name": "  ", "seat_limit": 0, "audit_retention_days": 1,
        "session_policy": { "idle_timeout_seconds": 1, "absolute_timeout_seconds": 99_999_999 },
        "password_policy": { "min_length": 8, "min_score": 0 }, "metadata": { "public": { "x": "y".repeat(20_000) } } });
    jane.post("/v1/organizations").json(&bad).await.refused_fields(
        Code::ValidationFailed,
        &[
            ("name", "required"),
            ("seat_limit", "too_small"),
            ("audit_retention_days", "too_small"),
            ("metadata.public", "too_long"),
            ("session_policy.idle_timeout_seconds", "too_small"),
            ("session_policy.absolute_timeout_seconds", "too_large"),
            ("password_policy.min_score", "not_allowed"),
        ],
    );
    let bad = json!({ "name": "X", "slug": "A B", "registration_mode": "maybe", "default_role": "boss", "template": "x" });
    jane.post("/v1/organizations").json(&bad).await.refused_fields(
        Code::ValidationFailed,
        &[
            ("slug", "invalid_format"),
            ("registration_mode", "not_in_enum"),
            ("default_role", "not_found"),
            ("template", "not_in_enum"),
        ],
    );
    jane.post("/v1/organizations")
        .json(&json!({ "name": "X", "shoe": 1 }))
        .await
        .refused_fields(Code::ValidationFailed, &[("shoe", "unknown_field")]);
    jane.post("/v1/organizations")
        .json(&json!({ "name": "X", "default_role": "owner" }))
        .await
        .refused_fields(Code::ValidationFailed, &[("default_role", "not_allowed")]);
}

async fn a_change_merges_and_needs_the_present_version(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let jane = &team.owner.client;
    let etag = jane.get(&team.path("")).await.at("/etag");
    let change = json!({ "name": " Acme Ltd ", "metadata": { "public": { "plan": "pro" }, "admin": { "crm": 7 } },
        "session_policy": { "idle_timeout_seconds": 3600 }, "mfa_required": false });
    let after = jane.patch(&team.path("")).if_match(&etag).json(&change).await;
    assert_eq!(after.ok()["name"], "Acme Ltd");
    assert_eq!(after["session_policy"]["idle_timeout_seconds"], 3600);
    jane.patch(&team.path("")).if_match(&etag).json(&change).await.refused(Code::EtagMismatch);
    let change = json!({ "metadata": { "public": { "plan": null, "size": 3 } }, "session_policy": null });
    let after = jane.patch(&team.path("")).json(&change).await;
    assert_eq!(after.ok()["metadata"], json!({ "public": { "size": 3 }, "admin": { "crm": 7 } }));
    assert_eq!(after["session_policy"]["idle_timeout_seconds"], Value::Null);
    jane.patch(&team.path(""))
        .json(&json!({ "session_policy": { "shoe": 1 } }))
        .await
        .refused_fields(Code::ValidationFailed, &[("session_policy.shoe", "unknown_field")]);
    jane.patch(&team.path(""))
        .json(&json!({ "name": null }))
        .await
        .refused_fields(Code::ValidationFailed, &[("name", "required")]);
    let told = app.payloads(EventType::OrganizationUpdated).await;
    assert_eq!(told[0]["changed_fields"], json!(["metadata", "name", "session_policy", "metadata.admin"]));
    assert_eq!(told[0]["previous_values"]["name"], "Acme");
    assert!(!told[0].to_string().contains("crm"), "administrators' metadata by name only");
}

async fn features_and_seats_are_set_by_the_platform_only(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    for change in [json!({ "seat_limit": 5 }), json!({ "feature_flags": { "groups": false } })] {
        team.owner.client.patch(&team.path("")).json(&change).await.refused(Code::PermissionDenied);
        app.admin_key().patch(&team.path("")).json(&change).await.ok();
    }
    let after = team.owner.client.get(&team.path("")).await;
    assert_eq!(
        (after["seat_limit"].clone(), after["feature_flags"].clone()),
        (json!(5), json!({ "groups": false }))
    );
}

async fn single_sign_on_cannot_be_required_without_a_connection(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let on = json!({ "sso_required": true });
    team.owner.client.patch(&team.path("")).json(&on).await.refused(Code::ConnectionNotTested);
    app.admin_key().patch(&team.path("")).json(&on).await.refused(Code::ConnectionNotTested);
}

async fn former_names_of_modes_are_read(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    for (former, mode) in [("open", "public"), ("invite_only", "by_invitation_only"), ("disabled", "closed")]
    {
        let after =
            team.owner.client.patch(&team.path("")).json(&json!({ "registration_mode": former })).await;
        assert_eq!(after.ok()["registration_mode"], mode);
    }
    let jane = &team.owner.client;
    let made = jane
        .post("/v1/organizations")
        .json(&json!({ "display_name": "Beta", "registration_mode": "open" }))
        .await;
    assert_eq!((made.at("/name"), made.at("/registration_mode")), ("Beta".to_owned(), "public".to_owned()));
}

async fn the_platform_lists_all_and_people_their_own(app: TestApp) {
    let acme = app.team("Acme", "jane@acme.example").await;
    let beta = app.team("Beta", "bob@beta.example").await;
    let names = |answer: &avnology_testkit::Answer| -> Vec<String> {
        let list = answer.ok()["organizations"].as_array().cloned().expect("a list");
        list.iter().map(|o| o["name"].as_str().expect("a name").to_owned()).collect()
    };
    let by_name = [("order_by", "name")];
    assert_eq!(names(&app.admin_key().get("/v1/organizations").query(&by_name).await), ["Acme", "Beta"]);
    assert_eq!(names(&acme.owner.client.get("/v1/organizations").await), ["Acme"]);
    assert_eq!(names(&beta.owner.client.get("/v1/organizations").await), ["Beta"]);
    let filtered = app.admin_key().get("/v1/organizations").query(&[("filter", "slug = \"beta\"")]).await;
    assert_eq!(names(&filtered), ["Beta"]);
    beta.holds_domain("beta.example", |_| {}).await;
    beta.holds_domain("unproven.example", |domain| domain.status = DomainStatus::Pending).await;
    for (domain, found) in [("beta.example", &["Beta"][..]), ("unproven.example", &[]), ("example", &[])] {
        let filter = format!("domain = \"{domain}\"");
        assert_eq!(
            names(&app.admin_key().get("/v1/organizations").query(&[("filter", &filter)]).await),
            found
        );
    }
    let filtered = beta.owner.client.get("/v1/organizations").query(&[("filter", "slug = \"acme\"")]).await;
    assert_eq!(names(&filtered), Vec::<String>::new());
    let page =
        app.admin_key().get("/v1/organizations").query(&[("page_size", "1"), ("order_by", "name")]).await;
    let next = page.at("/next_page_token");
    let query = [("page_size", "1"), ("order_by", "name"), ("page_token", next.as_str())];
    assert_eq!(names(&app.admin_key().get("/v1/organizations").query(&query).await), ["Beta"]);
}

async fn a_suspended_organization_lets_nobody_in_but_the_platform(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (admin, jane) = (app.admin_key(), &team.owner.client);
    jane.post(&team.path(":suspend")).json(&json!({})).await.refused(Code::PermissionDenied);
    let after = admin.post(&team.path(":suspend")).json(&json!({ "reason": "unpaid" })).await;
    assert_eq!(after.ok()["state"], "suspended");
    let refused = jane.get(&team.path("/members")).await;
    assert_eq!(refused.refused(Code::OrganizationSuspended)["state"], "suspended");
    jane.get_in(&team.id, "/v1/me").await.refused(Code::OrganizationSuspended);
    admin.get(&team.path("/members")).await.ok();
    admin.patch(&team.path("")).json(&json!({ "name": "Acme (unpaid)" })).await.ok();
    admin.post(&team.path(":suspend")).json(&json!({})).await.refused(Code::ConflictingState);
    // Personal use goes on.
    jane.get("/v1/me").await.ok();
    admin.post(&team.path(":activate")).json(&json!({})).await.ok();
    jane.get(&team.path("/members")).await.ok();
    assert_eq!(app.payloads(EventType::OrganizationSuspended).await[0]["reason"], "unpaid");
}

async fn deletion_has_its_grace_period_and_can_be_taken_back(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let jane = &team.owner.client;
    let admin = team.member("ann@acme.example", "admin").await;
    admin.client.delete(&team.path("")).await.refused(Code::ScopeMissing);
    let deleting = jane.delete(&team.path("")).await;
    assert_eq!(deleting.is(202)["state"], "deleting");
    assert!(deleting["deletion_scheduled_for"].is_string());
    let refused = admin.client.get(&team.path("")).await;
    assert_eq!(refused.refused(Code::OrganizationSuspended)["state"], "deleting");
    // Its owner may look at it, and take it back.
    assert_eq!(jane.get(&team.path("")).await.ok()["state"], "deleting");
    jane.delete(&team.path("")).await.refused(Code::ConflictingState);
    let back = jane.post(&team.path(":restore")).json(&json!({})).await;
    assert_eq!(
        (back.ok()["state"].clone(), back["deletion_scheduled_for"].clone()),
        (json!("active"), Value::Null)
    );
    jane.post(&team.path(":restore")).json(&json!({})).await.refused(Code::ConflictingState);
    admin.client.get(&team.path("")).await.ok();
}

const GRACE: i64 = 30 * 86_400;

async fn a_destroyed_organization_leaves_nothing_but_its_slug(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let other = app.team("Beta", "bob@beta.example").await;
    let made = team.owner.client.post(&team.path("/api-keys")).json(&json!({ "name": "ci" })).await;
    let key = app.program().with_token(made.created()["key"].as_str().expect("a key"));
    key.get(&team.path("/members")).await.ok();
    team.owner.client.delete(&team.path("")).await.is(202);
    let admin = app.admin_key();
    app.advance(GRACE - 60);
    app.sweep().await;
    assert_eq!(admin.get(&team.path("")).await.ok()["state"], "deleting");
    app.advance(60);
    app.sweep().await;
    admin.get(&team.path("")).await.refused(Code::OrganizationNotFound);
    let store = &app.tenant().store;
    assert!(!store.org_exists(team.id.parse().expect("an id")).await.expect("told"));
    assert!(store.org_exists(other.id.parse().expect("an id")).await.expect("told"));
    key.get("/v1/organizations").await.refused(Code::SessionInvalid);
    // Jane is still there, as a person without an organization, and the name is not given away at once.
    let jane = app.program().signed_in("jane@acme.example").await.client;
    assert_eq!(jane.get("/v1/me/organizations").await.ok()["memberships"], json!([]));
    let again = json!({ "name": "Acme", "slug": "acme" });
    jane.post("/v1/organizations").json(&again).await.refused(Code::AlreadyExists);
    assert_eq!(app.payloads(EventType::OrganizationDeleted).await.len(), 1);
}

async fn an_organization_that_was_restored_in_time_stays(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    team.owner.client.delete(&team.path("")).await.is(202);
    team.owner.client.post(&team.path(":restore")).json(&json!({})).await.ok();
    app.advance(GRACE + 60);
    app.sweep().await;
    assert_eq!(app.admin_key().get(&team.path("")).await.ok()["state"], "active");
    assert!(app.tenant().store.org_exists(team.id.parse().expect("an id")).await.expect("told"));
}

async fn deletion_and_handing_over_need_a_fresh_sign_in(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = team.member("mary@acme.example", "member").await;
    app.advance(1_000);
    let refused = team.owner.client.delete(&team.path("")).await;
    assert_eq!(refused.refused(Code::StepUpRequired)["continue_flow"]["type"], "login");
    let body = json!({ "identity_id": mary.id });
    let path = team.path(":transferOwnership");
    team.owner.client.post(&path).json(&body).await.refused(Code::StepUpRequired);
}

async fn ownership_is_handed_over_to_an_active_member(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (jane, path) = (&team.owner.client, team.path(":transferOwnership"));
    let mary = team.member("mary@acme.example", "member").await;
    let stranger = app.account("eve@evil.example").await;
    jane.post(&path).json(&json!({ "identity_id": stranger })).await.refused(Code::NotAMember);
    let body = json!({ "identity_id": mary.id, "keep_role": "boss" });
    jane.post(&path).json(&body).await.refused(Code::RoleNotAssignable);
    mary.client.post(&path).json(&json!({ "identity_id": mary.id })).await.refused(Code::ScopeMissing);
    jane.post(&path).json(&json!({ "identity_id": mary.id })).await.ok();
    let role = |id: &str| format!("{}/{id}", team.path("/members"));
    assert_eq!(mary.client.get(&role(&mary.id)).await.at("/role"), "owner");
    assert_eq!(mary.client.get(&role(&team.owner.id)).await.at("/role"), "admin");
    // At once: the former owner holds nothing of it any more.
    jane.delete(&team.path("")).await.refused(Code::ScopeMissing);
    let told = app.payloads(EventType::OwnershipTransferred).await;
    assert_eq!(told, [json!({ "from": team.owner.id, "to": mary.id })]);
}

async fn seats_are_counted_and_can_be_read_for_a_day_in_the_past(app: TestApp) {
    let team = app.team_with("Acme", "jane@acme.example", json!({ "seat_limit": 3 })).await;
    let first_day = app.now();
    app.advance(86_400);
    let jane = app.program().signed_in("jane@acme.example").await.client;
    let mary = team.member("mary@acme.example", "member").await;
    team.member("max@acme.example", "admin").await;
    let seats = jane.get(&team.path("/seats")).await;
    assert_eq!(seats.ok()["by_role"], json!({ "owner": 1, "admin": 1, "member": 1 }));
    assert_eq!((seats["used"].clone(), seats["limit"].clone()), (json!(3), json!(3)));
    let full = app.account("four@acme.example").await;
    let refused = app.admin_key().post(&team.path("/members")).json(&json!({ "identity_id": full })).await;
    assert_eq!(refused.refused(Code::SeatLimitReached)["used"], 3);
    jane.patch(&team.path(&format!("/members/{}", mary.id)))
        .json(&json!({ "state": "suspended" }))
        .await
        .ok();
    let seats = jane.get(&team.path("/seats")).await;
    assert_eq!((seats["used"].clone(), seats["suspended"].clone()), (json!(2), json!(1)));
    let then = serde_json::to_value(first_day).expect("a time");
    let past = jane.get(&team.path("/seats")).query(&[("as_of", then.as_str().expect("text"))]).await;
    assert_eq!((past.ok()["used"].clone(), past["by_role"].clone()), (json!(1), json!({ "owner": 1 })));
    for (as_of, code) in [("1999-01-01", "too_small"), ("2999-01-01", "too_large"), ("x", "invalid_format")] {
        let refused = jane.get(&team.path("/seats")).query(&[("as_of", as_of)]).await;
        refused.refused_fields(Code::ValidationFailed, &[("as_of", code)]);
    }
}

async fn the_sole_owner_of_an_organization_cannot_be_deleted(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = team.member("mary@acme.example", "member").await;
    let refused = app.admin_key().delete(&format!("/v1/identities/{}?force=true", team.owner.id)).await;
    assert_eq!(refused.refused(Code::LastOwner)["organization_ids"], json!([team.id]));
    app.admin_key().delete(&format!("/v1/identities/{}?force=true", mary.id)).await.no_content();
    let seats = team.owner.client.get(&team.path("/seats")).await;
    assert_eq!(seats["active"], 1);
}
