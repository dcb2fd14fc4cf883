//! Documents that say what the server can: `contract/30` §12. They say what stands, and no more.

use std::collections::BTreeSet;

use avnology_http::Route;
use avnology_server::wiring;
use avnology_testkit::{ORIGIN, TestApp, on_both_engines};
use serde_json::json;

const SERVER: &str = "/.well-known/openid-configuration";
const SAME: &str = "/.well-known/oauth-authorization-server";
const RESOURCE: &str = "/.well-known/oauth-protected-resource";

/// The endpoints of `contract/30` §1 that the document names.
const ENDPOINTS: &[(&str, &str)] = &[
    ("authorization_endpoint", "/oauth2/auth"),
    ("token_endpoint", "/oauth2/token"),
    ("pushed_authorization_request_endpoint", "/oauth2/par"),
    ("device_authorization_endpoint", "/oauth2/device/auth"),
    ("revocation_endpoint", "/oauth2/revoke"),
    ("introspection_endpoint", "/oauth2/introspect"),
    ("registration_endpoint", "/oauth2/register"),
    ("end_session_endpoint", "/oauth2/logout"),
    ("userinfo_endpoint", "/userinfo"),
    ("jwks_uri", "/.well-known/jwks.json"),
];

on_both_engines! {
    the_document_names_the_endpoints_that_stand_and_no_others,
    both_addresses_have_one_document,
    the_document_may_be_kept_for_five_minutes_and_read_by_everybody,
    the_api_says_whose_tokens_it_takes,
}

async fn the_document_names_the_endpoints_that_stand_and_no_others(app: TestApp) {
    let document = app.program().get(SERVER).await.ok().clone();
    assert_eq!(document["issuer"], ORIGIN);
    let routes: BTreeSet<&str> = wiring::routes().iter().map(Route::path).collect();
    for (member, path) in ENDPOINTS {
        let expected = routes.contains(path).then(|| json!(format!("{ORIGIN}{path}")));
        assert_eq!(document.get(*member), expected.as_ref(), "{member}");
    }
    let known: BTreeSet<&str> = ENDPOINTS.iter().map(|(member, _)| *member).collect();
    let names = document.as_object().expect("an object").keys();
    let strange: Vec<&String> =
        names.filter(|name| name.ends_with("_endpoint") && !known.contains(name.as_str())).collect();
    assert!(strange.is_empty(), "{strange:?}");
    // What describes an endpoint stands and falls with it.
    for (endpoint, member) in [
        ("authorization_endpoint", "response_types_supported"),
        ("authorization_endpoint", "code_challenge_methods_supported"),
        ("token_endpoint", "grant_types_supported"),
        ("token_endpoint", "token_endpoint_auth_methods_supported"),
        ("introspection_endpoint", "introspection_endpoint_auth_methods_supported"),
        ("revocation_endpoint", "revocation_endpoint_auth_methods_supported"),
        ("pushed_authorization_request_endpoint", "require_pushed_authorization_requests"),
        ("userinfo_endpoint", "userinfo_signing_alg_values_supported"),
    ] {
        assert_eq!(document.get(endpoint).is_some(), document.get(member).is_some(), "{member}");
    }
    assert!(document["grant_types_supported"].as_array().is_none_or(|grants| !grants.is_empty()));
}

async fn both_addresses_have_one_document(app: TestApp) {
    let (one, other) = (app.program().get(SERVER).await, app.program().get(SAME).await);
    assert_eq!((one.is(200).text(), one.header("etag")), (other.is(200).text(), other.header("etag")));
}

async fn the_document_may_be_kept_for_five_minutes_and_read_by_everybody(app: TestApp) {
    for path in [SERVER, SAME, RESOURCE] {
        let read = app.program().get(path).header("origin", "https://anyone.example").await;
        assert_eq!(read.is(200).header("content-type"), "application/json", "{path}");
        assert_eq!(read.header("cache-control"), "public, max-age=300", "{path}");
        assert_eq!(read.header("access-control-allow-origin"), "*", "{path}");
        assert_eq!(read.header("access-control-allow-credentials"), "", "{path}");
        let tag = read.header("etag").to_owned();
        app.program().get(path).header("if-none-match", &tag).await.is(304);
        assert_eq!(app.program().call("HEAD", path).await.is(200).header("etag"), tag, "{path}");
    }
}

async fn the_api_says_whose_tokens_it_takes(app: TestApp) {
    let document = app.program().get(RESOURCE).await.ok().clone();
    assert_eq!(document["resource"], ORIGIN);
    assert_eq!(document["jwks_uri"], format!("{ORIGIN}/.well-known/jwks.json"));
    let scopes = document["scopes_supported"].as_array().expect("scopes");
    assert!(scopes.contains(&json!("account:self")) && !scopes.contains(&json!("openid")), "{scopes:?}");
}
