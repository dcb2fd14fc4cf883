//! Clients over the API (`contract/30` §2).

use avnology_model::{Code, events::EventType, permissions::PlatformRole};
use avnology_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::kit::{CALLBACK, register};

on_both_engines! {
    a_client_is_made_read_changed_and_removed,
    the_type_decides_what_is_not_said,
    a_secret_is_shown_once_and_replaced_with_a_grace,
    what_cannot_be_a_client_is_named,
    only_the_platform_manages_clients,
    clients_are_listed_filtered_and_paged,
    a_change_of_another_version_is_refused,
    the_same_request_twice_makes_one_client,
    former_spellings_of_scopes_become_the_present_ones,
}

const CLIENTS: &str = "/v1/clients";

async fn a_client_is_made_read_changed_and_removed(app: TestApp) {
    let admin = app.admin_key();
    let before = app.event_count().await;
    let body = json!({ "name": " Shop ", "type": "web", "redirect_uris": [CALLBACK] });
    let made = admin.post(CLIENTS).json(&body).await;
    made.created();
    let id = made.at("/id");
    assert!(id.starts_with("cli_") && made.header("location").ends_with(&format!("{CLIENTS}/{id}")));
    assert!(made.at("/client_secret").starts_with("avnl_cs_"));
    let path = format!("{CLIENTS}/{id}");
    let read = admin.get(&path).await;
    let mut shown = made.json().clone();
    shown.as_object_mut().expect("an object").remove("client_secret");
    assert_eq!(read.ok(), &shown);
    assert_eq!(read.header("etag"), format!("\"{}\"", read.at("/etag")));
    app.advance(1);
    let changed = admin.patch(&path).json(&json!({ "name": "Store", "access_token_ttl_seconds": 600 })).await;
    assert_eq!(
        (changed.ok()["name"].clone(), changed["access_token_ttl_seconds"].clone()),
        (json!("Store"), json!(600))
    );
    assert_ne!(changed["etag"], read["etag"]);
    admin.delete(&path).await.no_content();
    admin.get(&path).await.refused(Code::NotFound);
    admin.delete(&path).await.refused(Code::NotFound);
    let told = app.events().await.split_off(before);
    let kinds: Vec<EventType> = told.iter().map(|event| event.event_type).collect();
    assert_eq!(
        kinds,
        [EventType::OauthClientCreated, EventType::OauthClientUpdated, EventType::OauthClientDeleted]
    );
    assert_eq!(told[1].payload["changed_fields"], json!(["access_token_ttl_seconds", "name"]));
    assert!(!told.iter().any(|event| event.payload.to_string().contains(&made.at("/client_secret"))));
}

async fn the_type_decides_what_is_not_said(app: TestApp) {
    for (kind, method, grants, has_secret) in [
        ("web", "client_secret_basic", json!(["authorization_code", "refresh_token"]), true),
        ("spa", "none", json!(["authorization_code", "refresh_token"]), false),
        ("native", "none", json!(["authorization_code", "refresh_token"]), false),
        ("machine", "client_secret_basic", json!(["client_credentials"]), true),
    ] {
        let client = register(&app, kind, json!({})).await;
        let read = app.admin_key().get(&format!("{CLIENTS}/{}", client.id)).await;
        assert_eq!(read.ok()["token_endpoint_auth_method"], method, "{kind}");
        assert_eq!((read["grant_types"].clone(), client.secret.is_some()), (grants, has_secret), "{kind}");
        assert_eq!(read["require_pkce"], true);
    }
}

async fn a_secret_is_shown_once_and_replaced_with_a_grace(app: TestApp) {
    let admin = app.admin_key();
    let client = register(&app, "machine", json!({})).await;
    let rotate = format!("{CLIENTS}/{}:rotateSecret", client.id);
    let ask = async |secret: &str| {
        let mut one = client.clone();
        one.secret = Some(secret.to_owned());
        one.token(&[("grant_type", "client_credentials")]).await.status
    };
    let first = client.secret.clone().expect("a secret");
    app.advance(1);
    let second = admin.post(&rotate).json(&json!({ "grace_period_seconds": 60 })).await;
    second.ok();
    let second = second.at("/client_secret");
    assert_eq!((ask(&first).await, ask(&second).await), (200, 200));
    app.advance(60);
    assert_eq!((ask(&first).await, ask(&second).await), (401, 200));
    let third = admin.post(&rotate).json(&json!({ "grace_period_seconds": 0 })).await.at("/client_secret");
    assert_eq!((ask(&second).await, ask(&third).await), (401, 200));
    app.advance(1);
    let fourth = admin.post(&rotate).await.at("/client_secret");
    app.advance(1);
    let fifth = admin.post(&rotate).await.at("/client_secret");
    // At most two are good at once.
    assert_eq!((ask(&third).await, ask(&fourth).await, ask(&fifth).await), (401, 200, 200));
    let too_long = admin.post(&rotate).json(&json!({ "grace_period_seconds": 2_592_001 })).await;
    too_long.refused_fields(Code::ValidationFailed, &[("grace_period_seconds", "too_large")]);
    let public = register(&app, "spa", json!({})).await;
    admin.post(&format!("{CLIENTS}/{}:rotateSecret", public.id)).await.refused(Code::ConflictingState);
}

async fn what_cannot_be_a_client_is_named(app: TestApp) {
    let web = |more: Value| {
        let mut body = json!({ "name": "Shop", "type": "web", "redirect_uris": [CALLBACK] });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    let uris = |uris: Value| web(json!({ "redirect_uris": uris }));
    for (body, field, code) in [
        (json!({ "type": "web" }), "name", "required"),
        (json!({ "name": "Shop" }), "type", "required"),
        (web(json!({ "name": " " })), "name", "too_short"),
        (web(json!({ "name": "x".repeat(101) })), "name", "too_long"),
        (web(json!({ "colour": "red" })), "colour", "unknown_field"),
        (uris(json!([])), "redirect_uris", "required"),
        (uris(json!(["https://app.example.com/cb#x"])), "redirect_uris[0]", "invalid_format"),
        (uris(json!([CALLBACK, CALLBACK])), "redirect_uris[1]", "duplicate"),
        (uris(json!(["http://app.example.com/cb"])), "redirect_uris[0]", "invalid_format"),
        (uris(json!(["com.example:/cb"])), "redirect_uris[0]", "invalid_format"),
        (web(json!({ "grant_types": ["implicit"] })), "grant_types[0]", "not_in_enum"),
        (
            web(json!({ "grant_types": ["authorization_code", "authorization_code"] })),
            "grant_types[1]",
            "duplicate",
        ),
        (
            web(json!({ "grant_types": ["client_credentials", "refresh_token"] })),
            "grant_types[1]",
            "not_allowed",
        ),
        (web(json!({ "token_endpoint_auth_method": "none" })), "token_endpoint_auth_method", "not_allowed"),
        (web(json!({ "token_endpoint_auth_method": "private_key_jwt" })), "jwks", "required"),
        (web(json!({ "jwks": { "keys": [{ "kty": "oct", "k": "AAAA" }] } })), "jwks", "invalid_format"),
        (web(json!({ "scopes": ["openid", "dance"] })), "scopes[1]", "not_in_enum"),
        (web(json!({ "resources": ["https://api.example.com"] })), "resources[0]", "not_found"),
        (web(json!({ "access_token_ttl_seconds": 299 })), "access_token_ttl_seconds", "too_small"),
        (web(json!({ "id_token_ttl_seconds": 86_401 })), "id_token_ttl_seconds", "too_large"),
        (web(json!({ "logo_uri": "http://app.example.com/logo.png" })), "logo_uri", "invalid_format"),
        (web(json!({ "contacts": ["nobody"] })), "contacts[0]", "invalid_format"),
        (web(json!({ "metadata": { "a": "x".repeat(17_000) } })), "metadata", "too_long"),
        (web(json!({ "default_acr_values": ["gold"] })), "default_acr_values[0]", "not_in_enum"),
        (
            json!({ "name": "App", "type": "spa", "redirect_uris": [CALLBACK], "require_pkce": false }),
            "require_pkce",
            "not_allowed",
        ),
        (
            json!({ "name": "App", "type": "spa", "redirect_uris": [CALLBACK], "refresh_token_rotation": false }),
            "refresh_token_rotation",
            "not_allowed",
        ),
    ] {
        let answer = app.admin_key().post(CLIENTS).json(&body).await;
        answer.refused(Code::ValidationFailed);
        let fields = answer.fields();
        assert!(fields.contains(&(field.to_owned(), code.to_owned())), "{body}: {fields:?}");
    }
    let client = register(&app, "web", json!({})).await;
    let fixed =
        app.admin_key().patch(&format!("{CLIENTS}/{}", client.id)).json(&json!({ "type": "spa" })).await;
    fixed.refused_fields(Code::ValidationFailed, &[("type", "immutable")]);
}

async fn only_the_platform_manages_clients(app: TestApp) {
    let client = register(&app, "web", json!({})).await;
    let path = format!("{CLIENTS}/{}", client.id);
    let team = app.team("Acme", "owner@acme.example").await;
    let viewer = app.person_with_role("viewer@acme.example", PlatformRole::Viewer).await;
    app.program().get(&path).await.refused(Code::SessionInvalid);
    team.owner.client.get(&path).await.refused(Code::ScopeMissing);
    team.owner.client.get_in(&team.id, &path).await.refused(Code::ScopeMissing);
    viewer.client.get(&path).await.ok();
    viewer.client.patch(&path).json(&json!({ "name": "Mine" })).await.refused(Code::ScopeMissing);
}

async fn clients_are_listed_filtered_and_paged(app: TestApp) {
    for (name, kind) in [("A", "web"), ("B", "machine"), ("C", "web")] {
        app.advance(1);
        register(&app, kind, json!({ "name": name })).await;
    }
    let admin = app.admin_key();
    let names = |answer: &avnology_testkit::Answer| -> Vec<String> {
        let list = answer.ok()["clients"].as_array().expect("a list").clone();
        list.iter().map(|one| one["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names(&admin.get(CLIENTS).await), ["C", "B", "A"]);
    let webs = admin.get(CLIENTS).query(&[("filter", "type = \"web\""), ("order_by", "name")]).await;
    assert_eq!(names(&webs), ["A", "C"]);
    let first = admin.get(CLIENTS).query(&[("page_size", "2"), ("include_total", "true")]).await;
    assert_eq!((names(&first).len(), first["total_size"].clone()), (2, json!(3)));
    let token = first.at("/next_page_token");
    assert_eq!(names(&admin.get(CLIENTS).query(&[("page_size", "2"), ("page_token", &token)]).await), ["A"]);
    admin.get(CLIENTS).query(&[("filter", "colour = \"red\"")]).await.refused(Code::ValidationFailed);
}

async fn a_change_of_another_version_is_refused(app: TestApp) {
    let client = register(&app, "web", json!({})).await;
    let path = format!("{CLIENTS}/{}", client.id);
    let admin = app.admin_key();
    let etag = admin.get(&path).await.at("/etag");
    admin.patch(&path).if_match(&etag).json(&json!({ "name": "One" })).await.ok();
    admin.patch(&path).if_match(&etag).json(&json!({ "name": "Two" })).await.refused(Code::EtagMismatch);
    admin.delete(&path).if_match(&etag).await.refused(Code::EtagMismatch);
}

async fn the_same_request_twice_makes_one_client(app: TestApp) {
    let body = json!({ "name": "Shop", "type": "machine" });
    let call = || app.admin_key().post(CLIENTS).header("idempotency-key", "one").json(&body);
    let (first, second) = (call().await, call().await);
    assert_eq!(first.created(), second.created());
    assert_eq!(second.header("idempotency-replayed"), "true");
}

async fn former_spellings_of_scopes_become_the_present_ones(app: TestApp) {
    let client = register(&app, "web", json!({ "scopes": ["openid", "admin:orgs:read"] })).await;
    let read = app.admin_key().get(&format!("{CLIENTS}/{}", client.id)).await;
    assert_eq!(read.ok()["scopes"], json!(["openid", "organizations:read", "members:read"]));
}
