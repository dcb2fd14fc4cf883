//! Whose claims count, and for whom tokens are.

use super::*;

const ISSUER: &str = "https://id.example.com";

fn signed_in() -> SignedIn {
    SignedIn {
        session_id: "ses_1".to_owned(),
        auth_time: 1_772_442_000,
        acr: "urn:avnology:acr:aal2".to_owned(),
        aal: "aal2".to_owned(),
        amr: vec!["pwd".to_owned(), "otp".to_owned(), "mfa".to_owned()],
    }
}

fn access<'a>(scopes: &'a Scopes, resources: &'a [String]) -> AccessToken<'a> {
    AccessToken {
        issuer: ISSUER,
        subject: "usr_1",
        client_id: "cli_1",
        resources,
        scopes,
        has_system_scope: false,
        jti: "j1",
        times: (100, 1_000),
        signed_in: None,
        organization: None,
        permissions: None,
        jkt: None,
        actor: None,
    }
}

#[test]
fn a_token_is_for_its_resources_or_its_client_and_for_us_only_where_that_was_granted() {
    let (openid, api) = (Scopes::parse("openid").unwrap(), Scopes::parse("invoices:read").unwrap());
    let resource = ["https://api.example.com".to_owned()];
    assert_eq!(access(&openid, &[]).audience(), ["cli_1", ISSUER]);
    assert_eq!(access(&api, &[]).audience(), ["cli_1"]);
    assert_eq!(access(&api, &resource).audience(), ["https://api.example.com"]);
    let system = AccessToken { has_system_scope: true, ..access(&api, &resource) };
    assert_eq!(system.audience(), ["https://api.example.com", ISSUER]);
}

#[test]
fn an_access_token_says_who_for_whom_where_and_by_which_key() {
    let (scopes, signed_in) = (Scopes::parse("openid").unwrap(), signed_in());
    let organization = Organization {
        id: "org_1".to_owned(),
        name: "Acme".to_owned(),
        slug: "acme".to_owned(),
        role: Some("admin".to_owned()),
    };
    let permissions = vec!["invoices:read".to_owned()];
    let before = actor("cli_first", None);
    let chain = actor("cli_second", Some(&before));
    let token = AccessToken {
        signed_in: Some(&signed_in),
        organization: Some(&organization),
        permissions: Some(&permissions),
        jkt: Some("thumb"),
        actor: Some(&chain),
        ..access(&scopes, &[])
    };
    let claims = token.claims();
    assert_eq!((&claims["org_id"], &claims["organization_id"]), (&json!("org_1"), &json!("org_1")));
    assert_eq!((&claims["cnf"]["jkt"], &claims["act"]["act"]["sub"]), (&json!("thumb"), &json!("cli_first")));
    assert_eq!((&claims["permissions"], &claims["user_id"]), (&json!(["invoices:read"]), &json!("usr_1")));
    let many = vec!["p".to_owned(); 201];
    let claims = AccessToken { permissions: Some(&many), ..token }.claims();
    assert_eq!((claims.get("permissions"), &claims["permissions_truncated"]), (None, &json!(true)));
}

/// OpenID Connect Core §A.3: the access token and its hash under RS256.
#[test]
fn the_hash_of_the_standards_example_is_found() {
    let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    assert_eq!(token_hash(token, Algorithm::Rs256), "77QmUPtjPfzWtF2AnpK9RQ");
    assert_eq!(token_hash(token, Algorithm::EdDsa).len(), 43);
    assert_eq!(token_hash(token, Algorithm::Es384).len(), 32);
}

#[test]
fn no_claim_of_a_person_replaces_one_of_ours_and_empty_ones_are_left_out() {
    let signed_in = signed_in();
    let person = json!({ "iss": "evil", "sub": "usr_2", "nonce": "evil", "at_hash": "evil", "acr": "evil",
        "name": "Jane", "email": null, "groups": [], "nickname": "" });
    let token = IdToken {
        issuer: ISSUER,
        subject: "usr_1",
        client_id: "cli_1",
        times: (100, 1_000),
        nonce: None,
        signed_in: &signed_in,
        access_token: None,
        algorithm: Algorithm::Rs256,
        claims: person.as_object().unwrap().clone(),
    };
    let claims = token.claims();
    assert_eq!(
        (&claims["iss"], &claims["sub"], &claims["acr"]),
        (&json!(ISSUER), &json!("usr_1"), &json!("urn:avnology:acr:aal2"))
    );
    for absent in ["nonce", "at_hash", "email", "groups", "nickname"] {
        assert_eq!(claims.get(absent), None, "{absent}");
    }
    let with_nonce = IdToken { nonce: Some("n1"), access_token: Some("t"), ..token }.claims();
    assert_eq!(with_nonce["nonce"], json!("n1"));
    assert!(with_nonce["at_hash"].is_string());
}

#[test]
fn a_logout_token_names_the_event_and_has_no_nonce() {
    let claims = logout_claims(ISSUER, "cli_1", "usr_1", "ses_1", "j1", 100);
    assert_eq!(claims["events"], json!({ "http://schemas.openid.net/event/backchannel-logout": {} }));
    assert_eq!((&claims["exp"], claims.get("nonce")), (&json!(220), None));
}

#[test]
fn single_claims_reach_as_far_as_the_clients_scopes() {
    let (granted, allowed) = (Scopes::parse("openid").unwrap(), Scopes::parse("openid email").unwrap());
    let asked = ["email".to_owned(), "phone_number".to_owned(), "made_up".to_owned()];
    assert_eq!(claims_for(&granted, &allowed, &asked), ["sub", "email"]);
    assert_eq!(claims_for(&allowed, &allowed, &[]), ["sub", "email", "email_verified"]);
}
