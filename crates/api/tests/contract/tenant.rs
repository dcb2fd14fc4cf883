//! Settings of the tenant: `contract/00` §14.

use avnology_model::{Code, permissions::PlatformRole, platform::FederationMode};
use avnology_testkit::{Engine, Setup, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    the_defaults_are_those_of_the_contract,
    a_change_merges_and_null_brings_a_default_back,
    lists_are_replaced_and_maps_merge,
    values_that_are_not_acceptable_are_all_named,
    what_is_no_setting_is_refused,
    a_change_holds_at_once_and_after_a_restart,
    an_administrator_changes_a_viewer_reads_and_nobody_else_does_either,
    the_environment_is_told_and_cannot_be_changed,
    a_failure_of_ours_tells_nothing_but_its_code,
}

async fn the_defaults_are_those_of_the_contract(app: TestApp) {
    let tenant = app.admin_key().get("/v1/tenant").await;
    let expected = json!({
        "name": "Avnology ID", "environment": "test", "support_email": null, "default_locale": "en", "locales": ["en"],
        "require_verified_email": false, "deletion_grace_days": 30, "allowed_cors_origins": [], "allowed_return_urls": [],
        "rate_limits": {}, "session_token_templates": {}, "lockout": { "max_failures": 5, "window_seconds": 900, "lock_seconds": 900 },
        "session_policy": { "idle_timeout_seconds": 86400, "absolute_timeout_seconds": 2_592_000, "privileged_max_age_seconds": 900 },
        "password_policy": { "min_length": 8, "max_length": 256, "min_score": 2, "breach_check": true, "history": 5,
            "max_age_days": null, "forbid_identifiers": true },
    });
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&tenant[name.as_str()], value, "{name}");
    }
    let registration = &tenant["registration"];
    assert_eq!(
        (registration["mode"].clone(), registration["discloses_accounts"].clone()),
        (json!("public"), json!(true))
    );
    assert_eq!(
        (registration["required_fields"].clone(), registration["consents"].clone()),
        (json!(["email"]), json!([]))
    );
}

async fn a_change_merges_and_null_brings_a_default_back(app: TestApp) {
    let admin = app.admin_key();
    let change = json!({ "name": " Acme ", "support_email": "help@acme.example", "lockout": { "max_failures": 3 },
        "password_policy": { "max_age_days": 90, "history": 1 } });
    let after = admin.patch("/v1/tenant").json(&change).await;
    assert_eq!(
        (after.at("/name").trim(), after.at("/support_email").as_str()),
        ("Acme", "help@acme.example")
    );
    assert_eq!(after["lockout"], json!({ "max_failures": 3, "window_seconds": 900, "lock_seconds": 900 }));
    assert_eq!(admin.get("/v1/tenant").await.json(), after.json());
    let back = json!({ "name": null, "support_email": null, "lockout": { "max_failures": null }, "password_policy": null });
    let after = admin.patch("/v1/tenant").json(&back).await;
    assert_eq!((after.at("/name"), after["support_email"].clone()), ("Avnology ID".to_owned(), Value::Null));
    assert_eq!(
        (after["lockout"]["max_failures"].clone(), after["password_policy"]["history"].clone()),
        (json!(5), json!(5))
    );
    assert!(after["password_policy"]["max_age_days"].is_null());
}

async fn lists_are_replaced_and_maps_merge(app: TestApp) {
    let admin = app.admin_key();
    let patch = |value: Value| admin.patch("/v1/tenant").json(&value);
    patch(json!({ "allowed_cors_origins": ["https://a.example", "https://b.example"] })).await.ok();
    let after = patch(json!({ "allowed_cors_origins": ["https://c.example"] })).await;
    assert_eq!(after["allowed_cors_origins"], json!(["https://c.example"]));
    let one = json!({ "limit": 1000, "window_seconds": 60 });
    patch(json!({ "rate_limits": { "ip.auth": one } })).await.ok();
    let after =
        patch(json!({ "rate_limits": { "api.key": [one, { "limit": 9000, "window_seconds": 3600 }] } }))
            .await;
    assert_eq!(after["rate_limits"].as_object().map(serde_json::Map::len), Some(2), "{after}");
    let after = patch(json!({ "rate_limits": { "ip.auth": null, "api.key": null } })).await;
    assert_eq!(after["rate_limits"], json!({}));
}

async fn values_that_are_not_acceptable_are_all_named(app: TestApp) {
    let admin = app.admin_key();
    let bad = json!({
        "name": "", "support_email": "x", "default_locale": "fr", "lockout": { "max_failures": 0 }, "deletion_grace_days": 91,
        "session_policy": { "idle_timeout_seconds": 299, "absolute_timeout_seconds": 599, "privileged_max_age_seconds": 59 },
        "password_policy": { "min_length": 7, "max_length": 1025, "min_score": 5, "history": 25, "max_age_days": 29 },
        "allowed_cors_origins": ["https://a.example/path", "*"], "allowed_return_urls": ["https://a.*.example/"],
        "rate_limits": { "nonsense": { "limit": 1, "window_seconds": 1 } }, "allowed_methods": [],
    });
    let refused = admin.patch("/v1/tenant").json(&bad).await;
    refused.refused(Code::ValidationFailed);
    let mut fields: Vec<String> = refused.fields().into_iter().map(|(field, _)| field).collect();
    fields.sort();
    let expected = [
        "allowed_cors_origins[0]",
        "allowed_cors_origins[1]",
        "allowed_methods",
        "allowed_return_urls[0]",
        "default_locale",
        "deletion_grace_days",
        "lockout.max_failures",
        "name",
        "password_policy.history",
        "password_policy.max_age_days",
        "password_policy.max_length",
        "password_policy.min_length",
        "password_policy.min_score",
        "rate_limits.nonsense",
        "session_policy.absolute_timeout_seconds",
        "session_policy.idle_timeout_seconds",
        "session_policy.privileged_max_age_seconds",
        "support_email",
    ];
    assert_eq!(fields, expected);
    assert_eq!(admin.get("/v1/tenant").await.at("/name"), "Avnology ID");
}

async fn what_is_no_setting_is_refused(app: TestApp) {
    let admin = app.admin_key();
    let patch = |value: Value| admin.patch("/v1/tenant").json(&value);
    patch(json!({ "shoe": 1 })).await.refused_fields(Code::ValidationFailed, &[("shoe", "unknown_field")]);
    let nested = patch(json!({ "lockout": { "shoe": 1 } })).await;
    nested.refused(Code::ValidationFailed);
    assert_eq!(nested.fields()[0].1, "unknown_field", "{nested}");
    for wrong in [
        json!({ "name": 7 }),
        json!({ "lockout": 7 }),
        json!({ "allowed_methods": ["dance"] }),
        json!({ "registration": { "mode": "maybe" } }),
        json!({ "deletion_grace_days": -1 }),
    ] {
        patch(wrong).await.refused(Code::ValidationFailed);
    }
    admin.patch("/v1/tenant").json(&json!([])).await.refused(Code::ValidationFailed);
}

async fn a_change_holds_at_once_and_after_a_restart(app: TestApp) {
    app.settings(json!({ "registration": { "mode": "closed" } })).await;
    app.program().get("/v1/flows/registration").await.refused(Code::RegistrationDisabled);
    let tag = app.admin_key().get("/v1/tenant").await.at("/etag");
    let app = app.restarted().await;
    app.program().get("/v1/flows/registration").await.refused(Code::RegistrationDisabled);
    assert_eq!(app.admin_key().get("/v1/tenant").await.at("/etag"), tag);
}

async fn an_administrator_changes_a_viewer_reads_and_nobody_else_does_either(app: TestApp) {
    let root = app.person_with_role("root@acme.example", PlatformRole::Admin).await;
    let viewer = app.person_with_role("view@acme.example", PlatformRole::Viewer).await;
    let jane = app.person("jane@acme.example").await;
    let change = json!({ "name": "Acme" });
    root.client.patch("/v1/tenant").json(&change).await.ok();
    assert_eq!(viewer.client.get("/v1/tenant").await.at("/name"), "Acme");
    let refused = viewer.client.patch("/v1/tenant").json(&change).await;
    assert_eq!(refused.refused(Code::ScopeMissing)["required_scopes"], json!(["tenant:write"]));
    jane.client.get("/v1/tenant").await.refused(Code::ScopeMissing);
    jane.client.patch("/v1/tenant").json(&change).await.refused(Code::ScopeMissing);
    app.program().get("/v1/tenant").await.refused(Code::SessionInvalid);
}

async fn the_environment_is_told_and_cannot_be_changed(engine: Engine) {
    let app = TestApp::start(Setup::on(engine).live()).await;
    assert_eq!(app.admin_key().get("/v1/tenant").await.at("/environment"), "live");
    for name in ["environment", "etag", "update_time"] {
        let refused = app.admin_key().patch("/v1/tenant").json(&json!({ name: "test" })).await;
        refused.refused_fields(Code::ValidationFailed, &[(name, "unknown_field")]);
    }
}

/// Settings that no version of ours has written.
async fn a_failure_of_ours_tells_nothing_but_its_code(app: TestApp) {
    use avnology_store::platform::settings::{StoredSettings, put};
    let (settings, now) = (json!({ "name": { "planted": true } }), app.now());
    let broken = StoredSettings { settings, version: 9, update_time: now };
    app.tenant()
        .store
        .identity()
        .write(move |tx| put(tx, &broken, FederationMode::Shared))
        .await
        .expect("written");
    let failed = app.admin_key().patch("/v1/tenant").json(&json!({ "name": "Acme" })).await;
    let document = failed.refused(Code::Internal);
    assert!(!failed.text().contains("planted") && document.get("errors").is_none(), "{failed}");
    assert!(
        document["request_id"].as_str().is_some_and(|id| id == failed.header("x-request-id")),
        "{failed}"
    );
    app.admin_key().get("/v1/tenant").await.ok();
}
