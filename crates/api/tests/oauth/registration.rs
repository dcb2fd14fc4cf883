//! Clients that register themselves and look after themselves (RFC 7591, 7592, `contract/30` §11).

use avnology_model::{Code, events::EventType};
use avnology_testkit::{Answer, ORIGIN, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::kit::{CALLBACK, Relying, challenge_of, jane, refused};

on_both_engines! {
    a_client_registers_with_a_token_and_is_told_every_value_that_holds,
    a_token_registers_as_many_clients_as_it_says,
    of_many_who_take_the_last_use_one_registers,
    a_refused_registration_takes_no_use,
    without_a_token_nobody_registers_unless_everybody_may,
    where_registration_is_off_there_is_no_such_page,
    what_is_registered_becomes_the_client_that_it_looks_like,
    a_registered_client_never_gets_more_than_such_clients_may,
    a_token_limits_what_its_clients_ask_for_ever_after,
    what_breaks_a_rule_is_refused,
    a_client_reads_changes_and_removes_itself,
    nobody_else_manages_a_client,
    a_change_names_the_client_and_nothing_that_is_ours,
    a_client_that_gets_a_secret_late_is_told_it_once,
    people_sign_in_at_a_registered_client_and_are_asked,
    a_client_without_tokens_for_ninety_days_is_gone,
    registrations_of_an_address_are_limited,
    tokens_for_registrations_are_made_by_the_platform,
}

const REGISTER: &str = "/oauth2/register";
const TOKENS: &str = "/v1/initial-access-tokens";

async fn initial(app: &TestApp, body: Value) -> String {
    let made = app.admin_key().post(TOKENS).json(&body).await;
    made.is(201);
    made.at("/token")
}

async fn register(app: &TestApp, token: &str, body: &Value) -> Answer {
    app.program().post(REGISTER).header("authorization", &format!("Bearer {token}")).json(body).await
}

fn web() -> Value {
    json!({ "redirect_uris": [CALLBACK], "client_name": "Notes" })
}

/// A client that registered itself.
async fn registered(app: &TestApp, body: &Value) -> Answer {
    let token = initial(app, json!({})).await;
    let made = register(app, &token, body).await;
    made.is(201);
    made
}

fn relying(app: &TestApp, made: &Answer) -> Relying {
    let secret = made["client_secret"].as_str().map(str::to_owned);
    Relying { app: app.clone(), id: made.at("/client_id"), secret }
}

/// A call to the client's own address, with its own token.
async fn manage(app: &TestApp, method: &str, made: &Answer, body: Option<&Value>) -> Answer {
    let path = format!("{REGISTER}/{}", made.at("/client_id"));
    let token = format!("Bearer {}", made.at("/registration_access_token"));
    let call = app.program().call(method, &path).header("authorization", &token);
    match body {
        Some(body) => call.json(body).await,
        None => call.await,
    }
}

async fn a_client_registers_with_a_token_and_is_told_every_value_that_holds(app: TestApp) {
    let before = app.event_count().await;
    let made = registered(&app, &web()).await;
    let id = made.at("/client_id");
    assert!(id.starts_with("cli_") && made.at("/client_secret").starts_with("avnl_cs_"));
    assert!(made.at("/registration_access_token").starts_with("avnl_rat_"));
    assert_eq!(made["registration_client_uri"], format!("{ORIGIN}{REGISTER}/{id}"));
    assert_eq!(made["client_id_issued_at"], app.now().seconds());
    assert_eq!((made.header("cache-control"), made.header("pragma")), ("no-store", "no-cache"));
    for (name, value) in [
        ("client_name", json!("Notes")),
        ("client_secret_expires_at", json!(0)),
        ("redirect_uris", json!([CALLBACK])),
        ("grant_types", json!(["authorization_code", "refresh_token"])),
        ("response_types", json!(["code"])),
        ("scope", json!("openid profile email address phone offline_access organizations")),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("application_type", json!("web")),
        ("require_pkce", json!(false)),
        ("id_token_signed_response_alg", json!("RS256")),
        ("post_logout_redirect_uris", json!([])),
    ] {
        assert_eq!(made[name], value, "{name}");
    }
    let client = app.admin_key().get(&format!("/v1/clients/{id}")).await;
    assert_eq!(
        (client.ok()["dynamically_registered"].clone(), client["first_party"].clone()),
        (json!(true), json!(false))
    );
    let told = app.events().await.split_off(before);
    let kinds: Vec<EventType> = told.iter().map(|event| event.event_type).collect();
    assert_eq!(kinds, [EventType::OauthInitialAccessTokenCreated, EventType::OauthClientCreated]);
    for secret in ["/client_secret", "/registration_access_token"] {
        assert!(!told.iter().any(|event| event.payload.to_string().contains(&made.at(secret))), "{secret}");
    }
}

async fn a_token_registers_as_many_clients_as_it_says(app: TestApp) {
    let token = initial(&app, json!({ "max_uses": 2 })).await;
    register(&app, &token, &web()).await.is(201);
    register(&app, &token, &web()).await.is(201);
    refused(&register(&app, &token, &web()).await, 401, "invalid_token");
    let short = initial(&app, json!({ "expires_in_seconds": 60 })).await;
    app.advance(60);
    refused(&register(&app, &short, &web()).await, 401, "invalid_token");
}

async fn of_many_who_take_the_last_use_one_registers(app: TestApp) {
    for _ in 0..3 {
        let token = initial(&app, json!({ "max_uses": 1 })).await;
        let body = web();
        let (one, two, three) = tokio::join!(
            register(&app, &token, &body),
            register(&app, &token, &body),
            register(&app, &token, &body)
        );
        let mut all = [one.status, two.status, three.status];
        all.sort_unstable();
        assert_eq!(all, [201, 401, 401]);
    }
}

async fn a_refused_registration_takes_no_use(app: TestApp) {
    let token = initial(&app, json!({})).await;
    refused(&register(&app, &token, &json!({})).await, 400, "invalid_redirect_uri");
    register(&app, &token, &web()).await.is(201);
}

async fn without_a_token_nobody_registers_unless_everybody_may(app: TestApp) {
    let answer = app.program().post(REGISTER).json(&web()).await;
    refused(&answer, 401, "invalid_token");
    assert!(answer.header("www-authenticate").starts_with("Bearer "), "{answer}");
    for bad in ["avnl_iat_nonsense", "x", &app.admin_key().token()] {
        refused(&register(&app, bad, &web()).await, 401, "invalid_token");
    }
    app.settings(json!({ "dynamic_registration": "open" })).await;
    app.program().post(REGISTER).json(&web()).await.is(201);
    refused(&register(&app, "avnl_iat_nonsense", &web()).await, 401, "invalid_token");
    let token = initial(&app, json!({ "scopes": ["openid"] })).await;
    assert_eq!(register(&app, &token, &web()).await["scope"], "openid");
}

async fn where_registration_is_off_there_is_no_such_page(app: TestApp) {
    let made = registered(&app, &web()).await;
    let metadata = "/.well-known/openid-configuration";
    let endpoint = app.program().get(metadata).await.at("/registration_endpoint");
    assert_eq!(endpoint, format!("{ORIGIN}{REGISTER}"));
    app.settings(json!({ "dynamic_registration": "off" })).await;
    app.program().post(REGISTER).json(&web()).await.is(404);
    manage(&app, "GET", &made, None).await.is(404);
    assert_eq!(app.program().get(metadata).await["registration_endpoint"], json!(null));
}

async fn what_is_registered_becomes_the_client_that_it_looks_like(app: TestApp) {
    let device = "urn:ietf:params:oauth:grant-type:device_code";
    for (body, kind, pkce) in [
        (web(), "web", false),
        (json!({ "redirect_uris": [CALLBACK], "require_pkce": true }), "web", true),
        (json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none" }), "spa", true),
        (
            json!({ "redirect_uris": ["http://127.0.0.1/cb"], "token_endpoint_auth_method": "none" }),
            "native",
            true,
        ),
        (
            json!({ "redirect_uris": ["com.example.app:/cb"], "token_endpoint_auth_method": "none" }),
            "native",
            true,
        ),
        (
            json!({
                "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none", "application_type": "native",
            }),
            "native",
            true,
        ),
        (json!({ "grant_types": ["client_credentials"] }), "machine", false),
        (json!({ "grant_types": [device], "token_endpoint_auth_method": "none" }), "device", true),
    ] {
        let made = registered(&app, &body).await;
        let client = app.admin_key().get(&format!("/v1/clients/{}", made.at("/client_id"))).await;
        assert_eq!(
            (client.ok()["type"].clone(), client["require_pkce"].clone()),
            (json!(kind), json!(pkce)),
            "{body}"
        );
    }
}

async fn a_registered_client_never_gets_more_than_such_clients_may(app: TestApp) {
    let resource = json!({
        "identifier": "https://invoices.example.com", "name": "Invoices", "scopes": [{ "name": "invoices:read" }],
    });
    app.admin_key().post("/v1/resources").json(&resource).await.created();
    let mut body = web();
    body["scope"] = json!("openid account:self members:write invoices:read made_up privacy:self");
    body["first_party"] = json!(true);
    let made = registered(&app, &body).await;
    assert_eq!(made["scope"], "openid account:self invoices:read");
    let path = format!("/v1/clients/{}", made.at("/client_id"));
    let client = app.admin_key().get(&path).await;
    assert_eq!(client.ok()["first_party"], false);
    assert_eq!(client["resources"], json!(["https://invoices.example.com"]), "where its scopes are of use");
    let admin = app.admin_key();
    let own = admin.patch(&path).json(&json!({ "first_party": true })).await;
    own.refused_fields(Code::ValidationFailed, &[("first_party", "not_allowed")]);
    let more = admin.patch(&path).json(&json!({ "scopes": ["openid", "members:write"] })).await;
    more.refused_fields(Code::ValidationFailed, &[("scopes[1]", "not_allowed")]);
    admin.patch(&path).json(&json!({ "name": "Other" })).await.ok();
}

async fn a_token_limits_what_its_clients_ask_for_ever_after(app: TestApp) {
    let limits = json!({
        "grant_types": ["authorization_code"], "scopes": ["openid", "email"], "max_uses": 5,
    });
    let token = initial(&app, limits).await;
    refused(&register(&app, &token, &web()).await, 400, "invalid_client_metadata");
    let mut body = web();
    body["grant_types"] = json!(["authorization_code"]);
    let made = register(&app, &token, &body).await;
    made.is(201);
    assert_eq!(made["scope"], "openid email");
    body["client_id"] = made["client_id"].clone();
    body["scope"] = json!("openid email profile");
    assert_eq!(manage(&app, "PUT", &made, Some(&body)).await.ok()["scope"], "openid email");
    body["grant_types"] = json!(["authorization_code", "refresh_token"]);
    refused(&manage(&app, "PUT", &made, Some(&body)).await, 400, "invalid_client_metadata");
}

async fn what_breaks_a_rule_is_refused(app: TestApp) {
    let token = initial(&app, json!({})).await;
    let with = |name: &str, value: Value| {
        let mut body = web();
        body[name] = value;
        body
    };
    for (name, value, error) in [
        ("id_token_signed_response_alg", json!("none"), "invalid_client_metadata"),
        ("subject_type", json!("pairwise"), "invalid_client_metadata"),
        ("sector_identifier_uri", json!("https://a.example"), "invalid_client_metadata"),
        ("response_types", json!(["token"]), "invalid_client_metadata"),
        ("grant_types", json!(["password"]), "invalid_client_metadata"),
        ("grant_types", json!(["refresh_token"]), "invalid_client_metadata"),
        ("client_name", json!("x".repeat(101)), "invalid_client_metadata"),
        ("contacts", json!(["nobody"]), "invalid_client_metadata"),
        ("default_acr_values", json!(["aal9"]), "invalid_client_metadata"),
        ("default_max_age", json!(9_000_000_000_u64), "invalid_client_metadata"),
        ("redirect_uris", json!(["https://app.example.com/cb#x"]), "invalid_redirect_uri"),
        ("redirect_uris", json!([CALLBACK, CALLBACK]), "invalid_redirect_uri"),
        ("redirect_uris", json!(["http://app.example.com/cb"]), "invalid_redirect_uri"),
        ("redirect_uris", json!(["javascript:alert(1)"]), "invalid_redirect_uri"),
    ] {
        refused(&register(&app, &token, &with(name, value)).await, 400, error);
    }
    for body in [json!([]), json!("x"), json!(null)] {
        refused(&register(&app, &token, &body).await, 400, "invalid_client_metadata");
    }
    let bearer = format!("Bearer {token}");
    let form = app.program().post(REGISTER).header("authorization", &bearer).form(&[("a", "b")]).await;
    refused(&form, 415, "invalid_request");
    register(&app, &token, &with("made_up", json!({ "x": 1 }))).await.is(201);
}

async fn a_client_reads_changes_and_removes_itself(app: TestApp) {
    let made = registered(&app, &web()).await;
    let read = manage(&app, "GET", &made, None).await;
    let mut shown = made.json().clone();
    for secret in ["client_secret", "client_secret_expires_at"] {
        shown.as_object_mut().expect("an object").remove(secret);
    }
    assert_eq!(read.ok(), &shown);
    let body = json!({
        "client_id": made["client_id"], "client_secret": made["client_secret"], "client_name": "Notebook",
        "redirect_uris": [CALLBACK, "https://app.example.com/other"], "contacts": ["ops@app.example.com"],
    });
    let changed = manage(&app, "PUT", &made, Some(&body)).await;
    assert_eq!(
        (changed.ok()["client_name"].clone(), changed["contacts"].clone()),
        (json!("Notebook"), body["contacts"].clone())
    );
    assert_eq!(changed["registration_access_token"], made["registration_access_token"]);
    assert_eq!(
        (changed["client_secret"].clone(), changed["client_id"].clone()),
        (json!(null), made["client_id"].clone())
    );
    let fewer = json!({ "client_id": made["client_id"], "redirect_uris": [CALLBACK] });
    let fewer = manage(&app, "PUT", &made, Some(&fewer)).await;
    assert_eq!(
        (fewer.ok()["contacts"].clone(), fewer["client_name"].clone()),
        (json!([]), json!("Unnamed application"))
    );
    manage(&app, "DELETE", &made, None).await.no_content();
    for method in ["GET", "DELETE"] {
        refused(&manage(&app, method, &made, None).await, 401, "invalid_token");
    }
    refused(&relying(&app, &made).token(&[("grant_type", "refresh_token")]).await, 401, "invalid_client");
}

async fn nobody_else_manages_a_client(app: TestApp) {
    let (one, other) = (registered(&app, &web()).await, registered(&app, &web()).await);
    let path = format!("{REGISTER}/{}", one.at("/client_id"));
    for token in [other.at("/registration_access_token"), one.at("/client_secret"), app.admin_key().token()] {
        let call = app.program().get(&path).header("authorization", &format!("Bearer {token}"));
        refused(&call.await, 401, "invalid_token");
    }
    refused(&app.program().get(&path).await, 401, "invalid_token");
    let token = format!("Bearer {}", one.at("/registration_access_token"));
    let nobody = app.program().get(&format!("{REGISTER}/nobody")).header("authorization", &token).await;
    refused(&nobody, 401, "invalid_token");
    // One that an administrator made has no such token.
    let by_hand = crate::kit::register(&app, "web", json!({})).await;
    let call = app.program().get(&format!("{REGISTER}/{}", by_hand.id)).header("authorization", &token).await;
    refused(&call, 401, "invalid_token");
    let client = format!("/v1/clients/{}", one.at("/client_id"));
    app.admin_key().patch(&client).json(&json!({ "state": "disabled" })).await.ok();
    refused(&manage(&app, "GET", &one, None).await, 400, "unauthorized_client");
}

async fn a_change_names_the_client_and_nothing_that_is_ours(app: TestApp) {
    let made = registered(&app, &web()).await;
    let with = |name: &str, value: Value| {
        let mut body = web();
        body["client_id"] = made["client_id"].clone();
        body[name] = value;
        body
    };
    for body in [
        web(),
        with("client_id", json!("cli_other")),
        with("client_secret", json!("avnl_cs_other")),
        with("client_secret", json!(7)),
        with("registration_access_token", made["registration_access_token"].clone()),
        with("registration_client_uri", json!("https://evil.example")),
        with("client_secret_expires_at", json!(0)),
        with("client_id_issued_at", json!(0)),
        with("token_endpoint_auth_method", json!("none")),
        with("grant_types", json!(["client_credentials"])),
    ] {
        refused(&manage(&app, "PUT", &made, Some(&body)).await, 400, "invalid_client_metadata");
    }
    manage(&app, "PUT", &made, Some(&with("tos_uri", json!("https://app.example.com/terms")))).await.ok();
}

async fn a_client_that_gets_a_secret_late_is_told_it_once(app: TestApp) {
    let key = avnology_jose::SigningKey::from_secret(&[7; 32]).expect("a key");
    let jwks = json!({ "keys": [key.public().to_jwk()] });
    let mut body = web();
    body["token_endpoint_auth_method"] = json!("private_key_jwt");
    body["jwks"] = jwks;
    let made = registered(&app, &body).await;
    assert_eq!(
        (made["client_secret"].clone(), made["client_secret_expires_at"].clone()),
        (json!(null), json!(null))
    );
    let mut later = web();
    later["client_id"] = made["client_id"].clone();
    later["token_endpoint_auth_method"] = json!("client_secret_post");
    let changed = manage(&app, "PUT", &made, Some(&later)).await;
    assert!(changed.ok()["client_secret"].as_str().is_some_and(|secret| secret.starts_with("avnl_cs_")));
    assert_eq!(manage(&app, "PUT", &made, Some(&later)).await.ok()["client_secret"], json!(null));
    body["client_id"] = made["client_id"].clone();
    manage(&app, "PUT", &made, Some(&body)).await.ok();
    let client = app.admin_key().get(&format!("/v1/clients/{}", made.at("/client_id"))).await;
    assert_eq!(client.ok()["secrets"], json!([]), "one that shows keys keeps no secret");
}

async fn people_sign_in_at_a_registered_client_and_are_asked(app: TestApp) {
    let made = registered(&app, &web()).await;
    let client = relying(&app, &made);
    let jane = jane(&app).await;
    // Confidential clients that registered themselves may come without PKCE (OpenID Connect Core).
    let plain = [("code_challenge", ""), ("code_challenge_method", ""), ("nonce", "n")];
    let answer = jane.client.get(&client.request(&plain)).await;
    challenge_of(&answer, "/consent");
}

async fn a_client_without_tokens_for_ninety_days_is_gone(app: TestApp) {
    const DAY: i64 = 24 * 60 * 60;
    let machine = json!({ "grant_types": ["client_credentials"] });
    let (idle, busy) = (registered(&app, &machine).await, registered(&app, &machine).await);
    let by_hand = crate::kit::register(&app, "machine", json!({})).await;
    app.advance(60 * DAY);
    relying(&app, &busy).token(&[("grant_type", "client_credentials")]).await.ok();
    app.advance(31 * DAY + 1);
    app.sweep().await;
    let admin = app.admin_key();
    admin.get(&format!("/v1/clients/{}", idle.at("/client_id"))).await.refused(Code::NotFound);
    admin.get(&format!("/v1/clients/{}", busy.at("/client_id"))).await.ok();
    admin.get(&format!("/v1/clients/{}", by_hand.id)).await.ok();
    let client = relying(&app, &idle);
    refused(&client.token(&[("grant_type", "client_credentials")]).await, 401, "invalid_client");
    assert_eq!(app.payloads(EventType::OauthClientDeleted).await.len(), 1);
    app.advance(91 * DAY + 1);
    app.sweep().await;
    admin.get(&format!("/v1/clients/{}", busy.at("/client_id"))).await.refused(Code::NotFound);
}

async fn registrations_of_an_address_are_limited(app: TestApp) {
    app.limit("register", 2, 60).await;
    let token = initial(&app, json!({ "max_uses": 9 })).await;
    register(&app, &token, &web()).await.is(201);
    register(&app, "avnl_iat_nonsense", &web()).await.is(401);
    let over = register(&app, &token, &web()).await;
    refused(&over, 429, "temporarily_unavailable");
    assert!(!over.header("retry-after").is_empty());
}

async fn tokens_for_registrations_are_made_by_the_platform(app: TestApp) {
    let admin = app.admin_key();
    let made = admin.post(TOKENS).await;
    made.is(201);
    assert!(made.at("/token").starts_with("avnl_iat_"));
    let end = app.now().plus_seconds(2_592_000).to_string();
    assert_eq!((made["max_uses"].clone(), made["expires_at"].clone()), (json!(1), json!(end)));
    for (body, field, code) in [
        (json!({ "expires_in_seconds": 59 }), "expires_in_seconds", "too_small"),
        (json!({ "expires_in_seconds": 31_536_001 }), "expires_in_seconds", "too_large"),
        (json!({ "max_uses": 0 }), "max_uses", "too_small"),
        (json!({ "max_uses": 10_001 }), "max_uses", "too_large"),
        (json!({ "scopes": ["openid", "dance"] }), "scopes[1]", "not_in_enum"),
        (json!({ "colour": "red" }), "colour", "unknown_field"),
    ] {
        admin.post(TOKENS).json(&body).await.refused_fields(Code::ValidationFailed, &[(field, code)]);
    }
    let team = app.team("Acme", "a@acme.example").await;
    team.owner.client.post(TOKENS).await.refused(Code::ScopeMissing);
}
