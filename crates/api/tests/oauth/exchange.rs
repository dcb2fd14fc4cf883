//! Tokens for other tokens (RFC 8693, `contract/30` §4.6).

use avnology_model::{Code, events::EventType, permissions::PlatformRole};
use avnology_testkit::{Answer, TestApp, on_both_engines};
use serde_json::{Map, Value, json};

use crate::kit::{Relying, jane, own_app, refused, register, verified};

on_both_engines! {
    a_client_acts_for_the_person_of_a_token,
    whoever_acts_is_named_and_chains_nest,
    a_session_becomes_a_token,
    a_result_is_for_audiences_that_the_client_may_name,
    scopes_never_grow_and_are_never_renewed,
    a_result_ends_with_what_it_was_made_of,
    a_result_speaks_of_another_organization_when_asked,
    the_token_of_a_program_is_exchanged_too,
    clients_that_may_not_exchange_are_refused,
    tokens_that_are_no_good_are_not_exchanged,
    an_administrator_acts_as_another_person_and_that_is_told,
    impersonation_needs_two_factors_an_administrator_and_a_reason,
    an_owner_acts_as_those_whom_the_organization_manages,
    who_acts_for_somebody_else_acts_as_nobody,
    every_token_is_told_of,
    settings_of_exchanges_are_checked,
}

const GRANT: (&str, &str) = ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
const SESSION: &str = "urn:avnology:params:oauth:token-type:session";
const IDENTITY: &str = "urn:avnology:params:oauth:token-type:identity";

/// A service that exchanges tokens.
async fn service(app: &TestApp, more: Value) -> Relying {
    let mut all = json!({
        "scopes": ["openid", "email", "offline_access", "organizations", "account:self", "privacy:self"],
        "token_exchange": { "enabled": true, "audiences": ["https://orders.example.com"], "may_impersonate": true },
    });
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more);
    }
    register(app, "machine", all).await
}

async fn exchange(client: &Relying, token: &str, kind: &str, more: &[(&str, &str)]) -> Answer {
    let form = [GRANT, ("subject_token", token), ("subject_token_type", kind)];
    client.token(&[&form[..], more].concat()).await
}

async fn claims(app: &TestApp, answer: &Answer) -> Map<String, Value> {
    verified(app, &answer.ok()["access_token"].as_str().expect("a token").to_owned(), "at+jwt").await
}

/// An access token of somebody with two factors, and whose it is.
async fn strong(app: &TestApp, client: &Relying, email: &str) -> (String, avnology_testkit::Client) {
    let jane = app.secured(email).await;
    let flow = app.half_signed_in(email).await;
    let done = flow.submit("totp", json!({ "totp_code": jane.app.code(app.now()) })).await;
    let session = done.at("/session_token");
    let program = app.program().with_token(&session);
    (exchange(client, &session, SESSION, &[]).await.at("/access_token"), program)
}

async fn a_client_acts_for_the_person_of_a_token(app: TestApp) {
    let (shop, service) = (own_app(&app, json!({})).await, service(&app, json!({})).await);
    let jane = jane(&app).await;
    let token = shop.tokens(&jane.client, &[]).await.at("/access_token");
    let answer = exchange(&service, &token, ACCESS, &[("audience", "https://orders.example.com")]).await;
    assert_eq!(
        (answer.ok()["issued_token_type"].clone(), answer["token_type"].clone()),
        (json!(ACCESS), json!("Bearer"))
    );
    assert_eq!((answer["refresh_token"].clone(), answer["id_token"].clone()), (json!(null), json!(null)));
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    let claims = claims(&app, &answer).await;
    assert_eq!((claims["sub"].clone(), claims["client_id"].clone()), (json!(jane.id), json!(service.id)));
    assert_eq!(claims["act"], json!({ "sub": service.id }));
    assert!(claims["aud"].as_array().is_some_and(|aud| aud.contains(&json!("https://orders.example.com"))));
    let says = service.post("/oauth2/introspect", &[("token", &answer.at("/access_token"))]).await;
    assert_eq!((says.ok()["active"].clone(), says["act"].clone()), (json!(true), claims["act"].clone()));
}

async fn whoever_acts_is_named_and_chains_nest(app: TestApp) {
    let (shop, one, two) =
        (own_app(&app, json!({})).await, service(&app, json!({})).await, service(&app, json!({})).await);
    let (jane, max) = (jane(&app).await, app.browsing("max@acme.example").await);
    let token = shop.tokens(&jane.client, &[]).await.at("/access_token");
    let actor = shop.tokens(&max.client, &[]).await.at("/access_token");
    let acting = [("actor_token", actor.as_str()), ("actor_token_type", ACCESS)];
    let first = exchange(&one, &token, ACCESS, &acting).await;
    assert_eq!(claims(&app, &first).await["act"], json!({ "sub": max.id }));
    let second = exchange(&two, &first.at("/access_token"), ACCESS, &[]).await;
    let claims = claims(&app, &second).await;
    assert_eq!(claims["act"], json!({ "sub": two.id, "act": { "sub": max.id } }));
    assert_eq!(claims["sub"], json!(jane.id));
    let says = two.post("/oauth2/introspect", &[("token", &second.at("/access_token"))]).await;
    assert_eq!(says.ok()["act"], claims["act"]);
}

async fn a_session_becomes_a_token(app: TestApp) {
    let service = service(&app, json!({})).await;
    let jane = app.person("jane@acme.example").await;
    let answer = exchange(&service, &jane.client.token(), SESSION, &[("scope", "openid email")]).await;
    let claims = claims(&app, &answer).await;
    assert_eq!(
        (claims["sub"].clone(), claims["session_id"].clone()),
        (json!(jane.id), json!(jane.session_id))
    );
    assert_eq!(
        (claims["scope"].clone(), claims["act"].clone()),
        (json!("openid email"), json!({ "sub": service.id }))
    );
    assert!(service.is_active(&answer.at("/access_token")).await);
    jane.client.delete(&format!("/v1/sessions/{}", jane.session_id)).await.no_content();
    assert!(!service.is_active(&answer.at("/access_token")).await);
    refused(&exchange(&service, &jane.client.token(), SESSION, &[]).await, 400, "invalid_request");
}

async fn a_result_is_for_audiences_that_the_client_may_name(app: TestApp) {
    let (shop, service) = (own_app(&app, json!({})).await, service(&app, json!({})).await);
    let jane = jane(&app).await;
    let token = shop.tokens(&jane.client, &[]).await.at("/access_token");
    for (name, value) in
        [("audience", "https://other.example.com"), ("resource", "https://other.example.com")]
    {
        refused(&exchange(&service, &token, ACCESS, &[(name, value)]).await, 400, "invalid_target");
    }
    let none = exchange(&service, &token, ACCESS, &[("scope", "email")]).await;
    assert_eq!(claims(&app, &none).await["aud"], json!([service.id]));
}

async fn scopes_never_grow_and_are_never_renewed(app: TestApp) {
    let (shop, service) = (own_app(&app, json!({})).await, service(&app, json!({})).await);
    let jane = jane(&app).await;
    let token = shop.tokens(&jane.client, &[]).await.at("/access_token");
    let all = exchange(&service, &token, ACCESS, &[]).await;
    assert_eq!(all.ok()["scope"], "openid email organizations", "what both may, without what is renewed");
    for scope in ["profile", "privacy:self", "offline_access", "a  b"] {
        refused(&exchange(&service, &token, ACCESS, &[("scope", scope)]).await, 400, "invalid_scope");
    }
    assert_eq!(exchange(&service, &token, ACCESS, &[("scope", "email")]).await.ok()["scope"], "email");
}

async fn a_result_ends_with_what_it_was_made_of(app: TestApp) {
    let (shop, service) =
        (own_app(&app, json!({})).await, service(&app, json!({ "access_token_ttl_seconds": 3600 })).await);
    let jane = jane(&app).await;
    let tokens = shop.tokens(&jane.client, &[]).await;
    app.advance(300);
    let answer = exchange(&service, &tokens.at("/access_token"), ACCESS, &[]).await;
    assert_eq!(answer.ok()["expires_in"], 600);
    shop.post("/oauth2/revoke", &[("token", &tokens.at("/refresh_token"))]).await.is(200);
    assert!(!service.is_active(&answer.at("/access_token")).await);
}

async fn a_result_speaks_of_another_organization_when_asked(app: TestApp) {
    let (team, other) =
        (app.team("Acme", "a@acme.example").await, app.team("Other", "b@other.example").await);
    let service = service(&app, json!({})).await;
    let jane = app.person("jane@acme.example").await;
    team.add(&jane.id, "member").await;
    let session = jane.client.token();
    let answer = exchange(&service, &session, SESSION, &[("organization_id", &team.slug)]).await;
    assert_eq!(claims(&app, &answer).await["org_id"], json!(team.id));
    let personal =
        exchange(&service, &answer.at("/access_token"), ACCESS, &[("organization_id", "personal")]).await;
    assert_eq!(claims(&app, &personal).await.get("org_id"), None);
    refused(
        &exchange(&service, &session, SESSION, &[("organization_id", &other.id)]).await,
        400,
        "invalid_grant",
    );
    team.alter(|organization| organization.mfa_required = true).await;
    let stricter = exchange(&service, &session, SESSION, &[("organization_id", &team.id)]).await;
    refused(&stricter, 400, "interaction_required");
}

async fn the_token_of_a_program_is_exchanged_too(app: TestApp) {
    let robot = register(&app, "machine", json!({ "scopes": ["members:read"] })).await;
    let service = service(&app, json!({ "scopes": ["members:read", "members:write"] })).await;
    let token = robot.token(&[("grant_type", "client_credentials")]).await.at("/access_token");
    let answer = exchange(&service, &token, ACCESS, &[]).await;
    let claims = claims(&app, &answer).await;
    assert_eq!(
        (claims["sub"].clone(), claims["act"].clone()),
        (json!(robot.id), json!({ "sub": service.id }))
    );
    assert_eq!(claims["scope"], "members:read");
    assert!(service.is_active(&answer.at("/access_token")).await);
    refused(
        &exchange(&service, &token, ACCESS, &[("organization_id", "acme")]).await,
        400,
        "invalid_request",
    );
}

async fn clients_that_may_not_exchange_are_refused(app: TestApp) {
    let (shop, plain) = (own_app(&app, json!({})).await, register(&app, "machine", json!({})).await);
    let jane = jane(&app).await;
    let token = shop.tokens(&jane.client, &[]).await.at("/access_token");
    refused(&exchange(&plain, &token, ACCESS, &[]).await, 400, "unauthorized_client");
    let settings = json!({ "enabled": true, "audiences": [] });
    let modest = service(&app, json!({ "token_exchange": settings })).await;
    exchange(&modest, &token, ACCESS, &[]).await.ok();
    let (actor, _) = strong(&app, &modest, "root@acme.example").await;
    let more = [("actor_token", actor.as_str()), ("actor_token_type", ACCESS), ("reason", "help")];
    refused(&exchange(&modest, &jane.id, IDENTITY, &more).await, 400, "unauthorized_client");
}

async fn tokens_that_are_no_good_are_not_exchanged(app: TestApp) {
    let (shop, service) = (own_app(&app, json!({})).await, service(&app, json!({})).await);
    let jane = jane(&app).await;
    let tokens = shop.tokens(&jane.client, &[]).await;
    let token = tokens.at("/access_token");
    for bad in ["nonsense", &tokens.at("/id_token"), &tokens.at("/refresh_token")] {
        refused(&exchange(&service, bad, ACCESS, &[]).await, 400, "invalid_request");
    }
    refused(&exchange(&service, &token, SESSION, &[]).await, 400, "invalid_request");
    let refresh = "urn:ietf:params:oauth:token-type:refresh_token";
    refused(&exchange(&service, &token, refresh, &[]).await, 400, "invalid_request");
    let wants = [("requested_token_type", refresh)];
    refused(&exchange(&service, &token, ACCESS, &wants).await, 400, "invalid_request");
    let bad_actor = [("actor_token", "x"), ("actor_token_type", ACCESS)];
    refused(&exchange(&service, &token, ACCESS, &bad_actor).await, 400, "invalid_request");
    refused(&exchange(&service, &token, ACCESS, &[("actor_token", &token)]).await, 400, "invalid_request");
    app.advance(900);
    refused(&exchange(&service, &token, ACCESS, &[]).await, 400, "invalid_request");
}

async fn an_administrator_acts_as_another_person_and_that_is_told(app: TestApp) {
    let service = service(&app, json!({ "access_token_ttl_seconds": 3600 })).await;
    let jane = jane(&app).await;
    let (actor, root) = strong(&app, &service, "root@acme.example").await;
    let admin = root.whoami().await.at("/identity_id");
    app.grant(&admin, PlatformRole::Admin).await;
    let more = [("actor_token", actor.as_str()), ("actor_token_type", ACCESS), ("reason", " Ticket 4711 ")];
    let answer = exchange(&service, &jane.id, IDENTITY, &more).await;
    let claims = claims(&app, &answer).await;
    assert_eq!((claims["sub"].clone(), claims["act"].clone()), (json!(jane.id), json!({ "sub": admin })));
    assert_eq!((answer["expires_in"].clone(), answer["refresh_token"].clone()), (json!(3600), json!(null)));
    assert_eq!(claims["scope"], "openid email organizations account:self", "nothing else of one's own");
    let told = app.payloads(EventType::OauthImpersonationStarted).await;
    assert_eq!(told.len(), 1);
    assert_eq!((told[0]["user_id"].clone(), told[0]["actor_id"].clone()), (json!(jane.id), json!(admin)));
    assert_eq!(told[0]["reason"], "Ticket 4711");
    assert_eq!(told[0]["expires_at"], json!(app.now().plus_seconds(3_600).to_string()));
    assert!(service.is_active(&answer.at("/access_token")).await);
    let as_jane = app.program().with_token(&answer.at("/access_token"));
    assert_eq!(as_jane.get("/v1/me").await.ok()["id"], json!(jane.id));
    let patch = as_jane.patch("/v1/me").json(&json!({ "first_name": "Max" })).await;
    patch.refused(Code::PermissionDenied);
    let session = root.whoami().await.at("/id");
    root.delete(&format!("/v1/sessions/{session}")).await.no_content();
    assert!(
        !service.is_active(&answer.at("/access_token")).await,
        "it ends when the administrator signs out"
    );
    as_jane.get("/v1/me").await.refused(Code::TokenRevoked);
}

async fn impersonation_needs_two_factors_an_administrator_and_a_reason(app: TestApp) {
    let service = service(&app, json!({})).await;
    let jane = jane(&app).await;
    let (actor, root) = strong(&app, &service, "root@acme.example").await;
    let as_jane = async |actor: &str, reason: &str| {
        let more = [("actor_token", actor), ("actor_token_type", ACCESS), ("reason", reason)];
        exchange(&service, &jane.id, IDENTITY, &more).await
    };
    refused(&as_jane(&actor, "help").await, 400, "access_denied");
    let admin = root.whoami().await.at("/identity_id");
    app.grant(&admin, PlatformRole::Viewer).await;
    refused(&as_jane(&actor, "help").await, 400, "access_denied");
    let weak = app.person_with_role("weak@acme.example", PlatformRole::Admin).await;
    let weak = exchange(&service, &weak.client.token(), SESSION, &[]).await.at("/access_token");
    refused(&as_jane(&weak, "help").await, 400, "access_denied");
    app.grant(&admin, PlatformRole::Admin).await;
    refused(&as_jane(&actor, "  ").await, 400, "invalid_request");
    refused(&as_jane(&actor, &"x".repeat(501)).await, 400, "invalid_request");
    refused(&exchange(&service, &jane.id, IDENTITY, &[("reason", "help")]).await, 400, "invalid_request");
    let more = [("actor_token", actor.as_str()), ("actor_token_type", ACCESS), ("reason", "help")];
    refused(&exchange(&service, "usr_nobody", IDENTITY, &more).await, 400, "invalid_request");
    refused(&exchange(&service, &admin, IDENTITY, &more).await, 400, "access_denied");
    let scoped = [&more[..], &[("scope", "privacy:self")]].concat();
    refused(&exchange(&service, &jane.id, IDENTITY, &scoped).await, 400, "invalid_scope");
    as_jane(&actor, "help").await.ok();
    let path = format!("/v1/identities/{}:deactivate", jane.id);
    app.admin_key().post(&path).await.ok();
    refused(&as_jane(&actor, "help").await, 400, "access_denied");
    assert_eq!(app.payloads(EventType::OauthImpersonationStarted).await.len(), 1);
}

async fn an_owner_acts_as_those_whom_the_organization_manages(app: TestApp) {
    let team = app.team("Acme", "a@elsewhere.example").await;
    let service = service(&app, json!({})).await;
    let (_, owner) = strong(&app, &service, "owner@elsewhere.example").await;
    let owner_id = owner.whoami().await.at("/identity_id");
    team.add(&owner_id, "owner").await;
    let in_team = [("organization_id", team.id.as_str())];
    let own = exchange(&service, &owner.token(), SESSION, &in_team).await.at("/access_token");
    team.holds_domain("acme.example", |_| {}).await;
    let body = json!({ "identity": { "email": "max@acme.example", "email_verified": true } });
    let max = owner.post("/v1/identities").header("x-avnology-org", &team.id).json(&body).await;
    assert_eq!(max.created()["managed_by"], json!(team.id));
    let free = app.account("free@other.example").await;
    team.add(&free, "member").await;
    let more = [("actor_token", own.as_str()), ("actor_token_type", ACCESS), ("reason", "help")];
    let answer = exchange(&service, &max.at("/id"), IDENTITY, &more).await;
    let claims = claims(&app, &answer).await;
    assert_eq!((claims["org_id"].clone(), claims["act"]["sub"].clone()), (json!(team.id), json!(owner_id)));
    refused(&exchange(&service, &free, IDENTITY, &more).await, 400, "access_denied");
    let personal = [&more[..], &[("organization_id", "personal")]].concat();
    refused(&exchange(&service, &max.at("/id"), IDENTITY, &personal).await, 400, "access_denied");
    app.grant(&max.at("/id"), PlatformRole::Admin).await;
    refused(&exchange(&service, &max.at("/id"), IDENTITY, &more).await, 400, "access_denied");
}

async fn who_acts_for_somebody_else_acts_as_nobody(app: TestApp) {
    let service = service(&app, json!({})).await;
    let (jane, max) = (jane(&app).await, app.account("max@acme.example").await);
    let (actor, root) = strong(&app, &service, "root@acme.example").await;
    app.grant(&root.whoami().await.at("/identity_id"), PlatformRole::Admin).await;
    let more = [("actor_token", actor.as_str()), ("actor_token_type", ACCESS), ("reason", "help")];
    let as_jane = exchange(&service, &jane.id, IDENTITY, &more).await.at("/access_token");
    let again = [("actor_token", as_jane.as_str()), ("actor_token_type", ACCESS), ("reason", "help")];
    refused(&exchange(&service, &max, IDENTITY, &again).await, 400, "access_denied");
}

async fn every_token_is_told_of(app: TestApp) {
    let shop = own_app(&app, json!({})).await;
    let machine = service(&app, json!({ "scopes": ["openid", "members:read"] })).await;
    let jane = jane(&app).await;
    let first = shop.tokens(&jane.client, &[]).await;
    let second = shop.refresh(&first.at("/refresh_token"), &[]).await;
    shop.refresh(&first.at("/refresh_token"), &[]).await.ok();
    machine.token(&[("grant_type", "client_credentials")]).await.ok();
    exchange(&machine, &second.at("/access_token"), ACCESS, &[]).await.ok();
    let told = app.payloads(EventType::OauthTokenIssued).await;
    let grants: Vec<&str> = told.iter().filter_map(|one| one["grant_type"].as_str()).collect();
    assert_eq!(
        grants,
        ["authorization_code", "refresh_token", "refresh_token", "client_credentials", GRANT.1]
    );
    let jti = verified(&app, &second.at("/access_token"), "at+jwt").await["jti"].clone();
    assert_eq!((told[1]["jti"].clone(), told[1]["user_id"].clone()), (jti, json!(jane.id)));
    assert_eq!((told[3]["user_id"].clone(), told[3]["scope"].clone()), (json!(null), json!("members:read")));
    assert!(told.iter().all(|one| one["jti"].is_string() && one["client_id"].is_string()));
}

async fn settings_of_exchanges_are_checked(app: TestApp) {
    let admin = app.admin_key();
    let made = |kind: &str, exchange: Value, grants: Value| {
        json!({
            "name": "X", "type": kind, "redirect_uris": ["https://app.example.com/callback"], "token_exchange": exchange,
            "grant_types": grants,
        })
    };
    for (body, field, code) in [
        (made("spa", json!({ "enabled": true }), json!([])), "token_exchange.enabled", "not_allowed"),
        (
            made("web", json!({ "may_impersonate": true }), json!([])),
            "token_exchange.may_impersonate",
            "not_allowed",
        ),
        (
            made("web", json!({ "enabled": true, "audiences": ["a b"] }), json!([])),
            "token_exchange.audiences[0]",
            "invalid_format",
        ),
        (made("web", json!({}), json!(["authorization_code", GRANT.1])), "grant_types[1]", "not_allowed"),
    ] {
        admin.post("/v1/clients").json(&body).await.refused_fields(Code::ValidationFailed, &[(field, code)]);
    }
}
