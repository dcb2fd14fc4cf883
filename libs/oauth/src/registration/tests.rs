//! What a registration becomes, and which are refused.

use serde_json::json;

use super::*;

fn read(sent: &Value) -> Result<Registration, ErrorCode> {
    judge(sent.as_object().unwrap(), false).map_err(|error| error.code)
}

fn web() -> Value {
    json!({ "redirect_uris": ["https://app.example.com/cb"] })
}

fn with(name: &str, value: Value) -> Value {
    let mut sent = web();
    sent[name] = value;
    sent
}

#[test]
fn a_registration_becomes_what_its_method_grants_and_uris_tell() {
    let public = |uri: &str| json!({ "token_endpoint_auth_method": "none", "redirect_uris": [uri] });
    for (sent, kind) in [
        (web(), ClientType::Web),
        (public("https://app.example.com/cb"), ClientType::Spa),
        (public("http://127.0.0.1/cb"), ClientType::Native),
        (public("com.example.app:/cb"), ClientType::Native),
        (json!({ "grant_types": ["client_credentials"] }), ClientType::Machine),
        (
            json!({ "grant_types": ["urn:ietf:params:oauth:grant-type:device_code"], "token_endpoint_auth_method": "none" }),
            ClientType::Device,
        ),
    ] {
        assert_eq!(read(&sent).unwrap().kind, kind, "{sent}");
    }
    let mut native = public("https://app.example.com/cb");
    native["application_type"] = json!("native");
    let native = read(&native).unwrap();
    assert!(native.kind == ClientType::Native && native.require_pkce);
    let defaults = read(&web()).unwrap();
    assert_eq!((defaults.require_pkce, defaults.id_token_alg), (false, Algorithm::Rs256));
    assert_eq!(defaults.scopes.to_string(), SCOPES);
    assert!(read(&with("made_up", json!({ "x": 1 }))).is_ok());
}

#[test]
fn what_breaks_a_rule_is_refused() {
    for (name, value) in [
        ("id_token_signed_response_alg", json!("none")),
        ("userinfo_signed_response_alg", json!("HS256")),
        ("request_object_signing_alg", json!("none")),
        ("subject_type", json!("pairwise")),
        ("sector_identifier_uri", json!("https://a.example")),
        ("response_types", json!(["code", "id_token"])),
        ("grant_types", json!(["password"])),
        ("grant_types", json!(["implicit"])),
        ("grant_types", json!(["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"])),
        ("token_endpoint_auth_method", json!("client_secret_jwt")),
        ("token_endpoint_auth_method", json!("private_key_jwt")),
        ("jwks_uri", json!("http://a.example/keys")),
        ("jwks", json!({ "keys": [{ "kty": "oct", "k": "AAAA" }] })),
        ("logo_uri", json!("javascript:alert(1)")),
        ("client_name", json!("")),
        ("client_name", json!(7)),
        ("scope", json!("a  b")),
        ("request_uris", json!(["http://a.example/r"])),
        ("backchannel_logout_uri", json!("https://a.example/#x")),
        ("default_max_age", json!(-1)),
        ("contacts", json!("jane@example.com")),
        ("application_type", json!("toaster")),
    ] {
        assert_eq!(
            read(&with(name, value.clone())).err(),
            Some(ErrorCode::InvalidClientMetadata),
            "{name} {value}"
        );
    }
    for uris in
        [json!(["https://a.example/cb#x"]), json!(["http://a.example/cb"]), json!([]), json!(["x:/cb"])]
    {
        assert_eq!(
            read(&with("redirect_uris", uris.clone())).err(),
            Some(ErrorCode::InvalidRedirectUri),
            "{uris}"
        );
    }
    assert_eq!(
        read(&with("post_logout_redirect_uris", json!(["http://a.example"]))).err(),
        Some(ErrorCode::InvalidRedirectUri)
    );
}

#[test]
fn the_url_of_a_document_is_plain() {
    assert!(is_document_url("https://app.example.com/client.json"));
    for bad in [
        "http://app.example.com/client.json",
        "https://app.example.com",
        "https://app.example.com/",
        "https://app.example.com/a/../client.json",
        "https://app.example.com/a/%2e%2e/client.json",
        "https://app.example.com/client.json?x=1",
        "https://app.example.com/client.json#x",
        "https://jane@app.example.com/client.json",
        "https://APP.example.com/client.json",
        "cli_1",
    ] {
        assert!(!is_document_url(bad), "{bad}");
    }
}

#[test]
fn a_document_names_its_own_url_and_no_secret() {
    let url = "https://app.example.com/client.json";
    let good = json!({ "client_id": url, "redirect_uris": ["https://app.example.com/cb"] });
    let read = |sent: &Value| judge_document(url, sent.as_object().unwrap(), false);
    assert_eq!(read(&good).unwrap().auth_method, AuthMethod::None);
    for (name, value) in [
        ("client_id", json!("https://evil.example/client.json")),
        ("client_secret", json!("x")),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
    ] {
        let mut bad = good.clone();
        bad[name] = value;
        assert!(read(&bad).is_err(), "{name}");
    }
}
