//! What interfaces may know before anybody signs in: `contract/20` §16.

use avnology_model::{Code, organizations::DomainStatus};
use avnology_testkit::{Answer, Live, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    an_address_at_a_proven_domain_leads_to_its_organization,
    any_other_address_is_led_to_the_tenants_own_sign_in,
    an_answer_says_nothing_about_accounts,
    an_organization_that_is_about_to_be_deleted_is_not_found,
    the_methods_are_those_that_the_organization_and_the_tenant_allow,
    a_slug_leads_to_its_organization_unless_that_is_closed,
    no_custom_domain_leads_anywhere,
    what_is_no_address_is_refused,
    an_address_asks_twenty_times_a_minute,
}

async fn by_email(app: &TestApp, email: &str) -> Answer {
    app.program().get("/v1/discovery:byEmail").query(&[("email", email)]).await
}

async fn by_slug(app: &TestApp, slug: &str) -> Answer {
    app.program().get("/v1/discovery:bySlug").query(&[("slug", slug)]).await
}

fn personal() -> Value {
    json!({
        "match": "personal", "organization": null,
        "auth_options": { "sso_required": false, "methods": ["password", "passkey", "code", "link"], "registration": "public", "connections": [] },
        "branding": { "primary_color": null, "logo_url": null }, "sign_in_url": "https://id.example.com/sign-in",
    })
}

async fn an_address_at_a_proven_domain_leads_to_its_organization(app: TestApp) {
    let mode = json!({ "registration_mode": "by_invitation_or_domain" });
    let team = app.team_with("Acme", "jane@acme.example", mode).await;
    team.holds_domain("acme.example", |_| {}).await;
    let expected = json!({
        "match": "organization",
        "organization": { "id": team.id, "name": "Acme", "slug": "acme", "logo_url": null },
        "auth_options": { "sso_required": false, "methods": personal()["auth_options"]["methods"],
            "registration": "by_invitation_or_domain", "connections": [] },
        "branding": { "primary_color": null, "logo_url": null }, "sign_in_url": "https://id.example.com/org/acme",
    });
    for email in ["jane@acme.example", "nobody@acme.example", " Some.One+tag@ACME.example "] {
        let answer = by_email(&app, email).await;
        assert_eq!(answer.ok(), &expected, "{email}");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    // Names in other scripts are the same name.
    team.holds_domain("xn--bcher-kva.example", |_| {}).await;
    assert_eq!(by_email(&app, "ann@bücher.example").await.ok(), &expected);
}

async fn any_other_address_is_led_to_the_tenants_own_sign_in(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    team.holds_domain("acme.example", |_| {}).await;
    team.holds_domain("pending.example", |domain| domain.status = DomainStatus::Pending).await;
    team.holds_domain("failed.example", |domain| domain.status = DomainStatus::Failed).await;
    team.holds_domain("quiet.example", |domain| domain.sign_in_routing = false).await;
    // Proven before it was known as a provider of mailboxes.
    team.holds_domain("gmail.com", |_| {}).await;
    for domain in [
        "unknown.example",
        "sub.acme.example",
        "pending.example",
        "failed.example",
        "quiet.example",
        "gmail.com",
    ] {
        let answer = by_email(&app, &format!("jane@{domain}")).await;
        assert_eq!(answer.ok(), &personal(), "{domain}");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

async fn an_answer_says_nothing_about_accounts(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    team.holds_domain("acme.example", |_| {}).await;
    let id = app.account("disabled@acme.example").await;
    app.admin_key().post(&format!("/v1/identities/{id}:deactivate")).json(&json!({})).await.ok();
    app.account("consumer@mail.example").await;
    for (known, unknown) in [
        ("jane@acme.example", "nobody@acme.example"),
        ("disabled@acme.example", "nobody@acme.example"),
        ("consumer@mail.example", "nobody@mail.example"),
    ] {
        assert_eq!(by_email(&app, known).await.ok(), by_email(&app, unknown).await.ok());
    }
    // Who asks makes no difference either.
    let asked = team.owner.client.get("/v1/discovery:byEmail").query(&[("email", "x@acme.example")]).await;
    assert_eq!(asked.ok(), by_email(&app, "x@acme.example").await.ok());
}

async fn an_organization_that_is_about_to_be_deleted_is_not_found(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    team.holds_domain("acme.example", |_| {}).await;
    let found =
        async || (by_email(&app, "x@acme.example").await.at("/match"), by_slug(&app, "acme").await.status);
    assert_eq!(found().await, ("organization".to_owned(), 200));
    app.admin_key().delete(&team.path("")).await.is(202);
    assert_eq!(found().await, ("personal".to_owned(), 404));
    by_slug(&app, "acme").await.refused(Code::OrganizationNotFound);
    app.admin_key().post(&team.path(":restore")).await.ok();
    assert_eq!(found().await, ("organization".to_owned(), 200));
    // One that is suspended says so to those who sign in.
    app.admin_key().post(&team.path(":suspend")).json(&json!({})).await.ok();
    assert_eq!(found().await, ("organization".to_owned(), 200));
}

async fn the_methods_are_those_that_the_organization_and_the_tenant_allow(app: TestApp) {
    let team =
        app.team_with("Acme", "jane@acme.example", json!({ "allowed_methods": ["password", "link"] })).await;
    team.holds_domain("acme.example", |_| {}).await;
    let methods = async |email: &str| by_email(&app, email).await.ok()["auth_options"]["methods"].clone();
    assert_eq!(methods("x@acme.example").await, json!(["password", "link"]));
    assert_eq!(by_slug(&app, "acme").await.ok()["auth_options"]["methods"], json!(["password", "link"]));
    app.settings(json!({ "allowed_methods": ["password", "code"] })).await;
    assert_eq!(methods("x@acme.example").await, json!(["password"]));
    assert_eq!(methods("x@unknown.example").await, json!(["password", "code"]));
}

async fn a_slug_leads_to_its_organization_unless_that_is_closed(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let found = by_slug(&app, "acme").await;
    assert_eq!(
        (found.at("/match"), found.at("/organization/id")),
        ("organization".to_owned(), team.id.clone())
    );
    assert_eq!(found.at("/sign_in_url"), "https://id.example.com/org/acme");
    for name in ["nowhere", "Not a slug!", "", &team.id] {
        by_slug(&app, name).await.refused(Code::OrganizationNotFound);
    }
    team.holds_domain("acme.example", |_| {}).await;
    team.owner.client.patch(&team.path("")).json(&json!({ "registration_mode": "closed" })).await.ok();
    by_slug(&app, "acme").await.refused(Code::OrganizationNotFound);
    // Those who belong there find it by their address.
    let closed = by_email(&app, "jane@acme.example").await;
    assert_eq!(
        (closed.at("/match"), closed.at("/auth_options/registration")),
        ("organization".to_owned(), "closed".to_owned())
    );
}

async fn no_custom_domain_leads_anywhere(app: TestApp) {
    app.team("Acme", "jane@acme.example").await;
    let ask = || app.program().get("/v1/discovery:byCustomDomain");
    ask().await.refused(Code::OrganizationNotFound);
    ask().query(&[("domain", "login.acme.example")]).await.refused(Code::OrganizationNotFound);
}

async fn what_is_no_address_is_refused(app: TestApp) {
    for text in ["", "jane", "jane@", "@acme.example"] {
        let refused = by_email(&app, text).await;
        refused.refused(Code::ValidationFailed);
        assert_eq!(refused.fields()[0].0, "email", "{text}");
    }
    app.program()
        .get("/v1/discovery:byEmail")
        .await
        .refused_fields(Code::ValidationFailed, &[("email", "required")]);
    let more =
        app.program().get("/v1/discovery:byEmail").query(&[("email", "a@b.example"), ("x", "1")]).await;
    more.refused_fields(Code::ValidationFailed, &[("x", "unknown_field")]);
}

async fn an_address_asks_twenty_times_a_minute(Live(app): Live) {
    for n in 0..20 {
        match n % 3 {
            0 => by_email(&app, "jane@acme.example").await.is(200),
            1 => by_slug(&app, "acme").await.is(404),
            _ => app.program().get("/v1/discovery:byCustomDomain").await.is(404),
        };
    }
    assert_eq!(by_email(&app, "jane@acme.example").await.refused(Code::TooManyRequests)["retry_after"], 3);
    app.program().from("198.51.100.7").get("/v1/discovery:bySlug").query(&[("slug", "acme")]).await.is(404);
}
