//! The rules of RFC 9700 (Best Current Practice for OAuth 2.0 Security) that can be decided without a server, each by its
//! section. Those that need one (codes that work once, tokens that end) are tested where the server is.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use avnology_jose::{KeySet, SigningKey, jws, jwt};
use avnology_oauth::{
    AuthMethod, Client, ClientType, CodeChallenge, ErrorCode, GrantType, Params, RedirectUri, Scopes,
    SecurityProfile,
    authorize::{Channel, Refused, judge},
    dpop, metadata, pkce,
    refresh::{Decision, Family, Presented, decide},
    resource,
    token_request::TokenRequest,
    tokens,
};
use serde_json::json;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const ISSUER: &str = "https://id.example.com";

fn client(kind: ClientType) -> Client {
    Client {
        id: "cli_1".to_owned(),
        kind,
        profile: SecurityProfile::OAuth21,
        auth_method: AuthMethod::None,
        grant_types: GrantType::ALL.to_vec(),
        redirect_uris: vec![RedirectUri::register("https://app.example.com/cb", kind, false).unwrap()],
        scopes: Scopes::parse("openid email").unwrap(),
        resources: vec!["https://api.example.com".to_owned()],
        keys: KeySet::default(),
        request_object_alg: None,
        request_uris: Vec::new(),
        require_par: false,
        require_dpop: false,
        require_pkce: false,
        default_max_age: None,
        default_acr_values: Vec::new(),
    }
}

fn params(text: &str) -> Params {
    Params::parse(text.as_bytes()).unwrap()
}

fn ask(change: &str, client: &Client) -> Result<(), Refused> {
    let text = format!("client_id=cli_1&scope=openid&{change}");
    judge(&params(&text), client, Channel::Front, |_| true).map(|_| ())
}

const GOOD: &str = "response_type=code&redirect_uri=https://app.example.com/cb";

#[test]
fn section_2_1_redirect_uris_are_compared_exactly_and_never_by_pattern() {
    let spa = client(ClientType::Spa);
    for uri in
        ["https://app.example.com/cb/x", "https://app.example.com/cb?x", "https://x.app.example.com/cb"]
    {
        let refused = ask(&format!("response_type=code&redirect_uri={uri}"), &spa);
        assert!(matches!(refused, Err(Refused::Page(_))), "{uri}");
    }
    assert!(RedirectUri::register("https://*.example.com/cb", ClientType::Web, false).is_err());
}

#[test]
fn section_2_1_1_public_clients_use_pkce_and_the_method_is_s256() {
    let pkce = format!("{GOOD}&code_challenge={CHALLENGE}&code_challenge_method");
    for kind in [ClientType::Spa, ClientType::Native] {
        assert!(ask(GOOD, &client(kind)).is_err());
        assert!(ask(&format!("{pkce}=plain"), &client(kind)).is_err());
        assert!(ask(&format!("{pkce}=S256"), &client(kind)).is_ok());
    }
}

#[test]
fn section_2_1_1_pkce_cannot_be_downgraded() {
    let challenge = CodeChallenge::new(CHALLENGE);
    assert!(pkce::check(challenge.as_ref(), Some(VERIFIER)).is_ok());
    assert!(pkce::check(None, Some(VERIFIER)).is_err());
    assert!(pkce::check(challenge.as_ref(), None).is_err());
    let document = metadata::authorization_server(&metadata::Tenant {
        issuer: ISSUER,
        has_registration: false,
        takes_client_documents: false,
        locales: &[],
        policy_uri: None,
        tos_uri: None,
    });
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
}

#[test]
fn section_2_1_2_no_token_comes_from_the_authorization_endpoint() {
    for kind in ["token", "id_token", "code token", "none"] {
        let asked = ask(&GOOD.replace("code", kind).replace(' ', "+"), &client(ClientType::Web));
        let Err(Refused::Redirect(_, error)) = asked else { panic!("{kind}") };
        assert_eq!(error.code, ErrorCode::UnsupportedResponseType);
    }
}

#[test]
fn section_2_2_1_tokens_can_be_bound_to_a_key_and_another_key_does_not_do() {
    let key = |byte| SigningKey::from_secret(&[byte; 32]).unwrap();
    let proof = |key: &SigningKey| {
        let claims = json!({ "jti": "1", "htm": "POST", "htu": ISSUER, "iat": 100 }).to_string();
        let proof = jws::sign_with_own_key(key, "dpop+jwt", claims.as_bytes()).unwrap();
        let expected = dpop::Expected {
            method: "POST",
            url: ISSUER,
            access_token: None,
            needs_nonce: false,
            now: 100,
            algorithms: dpop::algorithms(SecurityProfile::OAuth21),
        };
        dpop::verify(&[&proof], &expected).unwrap()
    };
    assert!(dpop::is_bound_to(key(7).kid(), &proof(&key(7))));
    assert!(!dpop::is_bound_to(key(7).kid(), &proof(&key(8))));
}

#[test]
fn section_2_2_2_and_4_14_2_a_refresh_token_that_is_used_again_ends_its_family() {
    let family =
        Family { generation: 1, rotates: true, is_revoked: false, expires_at: 1_000, idle_expires_at: 900 };
    let old = Presented { generation: 0, first_used_at: Some(100) };
    assert_eq!(decide(&family, old, 110), Decision::RevokeFamily);
    let ended = family.after(Decision::RevokeFamily, 110, 900);
    assert_eq!(decide(&ended, Presented { generation: 1, first_used_at: None }, 111), Decision::Refuse);
}

#[test]
fn section_2_3_tokens_are_for_the_least_that_was_asked_for() {
    let allowed = Scopes::parse("openid email").unwrap();
    let asked = Scopes::parse("email").unwrap();
    assert_eq!(asked.granted(&allowed, |_| true).unwrap(), asked);
    assert!(allowed.narrowed_from(&asked).is_err());
    let granted = ["https://api.example.com".to_owned()];
    assert!(resource::narrowed(vec!["https://other.example.com".to_owned()], &granted).is_err());
}

#[test]
fn section_2_4_there_is_no_grant_for_passwords() {
    let asked =
        TokenRequest::parse(&params("grant_type=password&username=a&password=b"), &client(ClientType::Web));
    assert_eq!(asked.unwrap_err().code, ErrorCode::UnsupportedGrantType);
}

#[test]
fn section_2_5_and_4_8_clients_that_sign_are_known_by_their_keys_and_for_this_server_alone() {
    let key = SigningKey::from_secret(&[7; 32]).unwrap();
    let signing = Client { keys: KeySet::new(vec![key.public().clone()]), ..client(ClientType::Web) };
    let assertion = |audience: &str| {
        let claims = json!({ "iss": "cli_1", "sub": "cli_1", "aud": audience, "exp": 150, "jti": "1" });
        jwt::sign(&key, "JWT", claims.as_object().unwrap()).unwrap()
    };
    let verify = |assertion: &str| {
        avnology_oauth::client_auth::verify_assertion(assertion, &signing, ISSUER, &[], 100)
    };
    assert!(verify(&assertion(ISSUER)).is_ok());
    assert!(verify(&assertion("https://attacker.example")).is_err());
}

#[test]
fn section_4_4_every_answer_names_its_issuer_against_mix_up() {
    let Err(Refused::Redirect(to, error)) = ask(GOOD, &client(ClientType::Spa)) else { panic!("a redirect") };
    for answer in [to.with_code("c", ISSUER), to.with_error(&error, ISSUER)] {
        let avnology_oauth::AuthorizationResponse::Redirect(url) = answer else { panic!("a redirect") };
        assert!(url.ends_with("iss=https%3A%2F%2Fid.example.com"), "{url}");
    }
}

#[test]
fn section_4_9_no_other_token_is_taken_for_an_access_token() {
    let types = [tokens::ACCESS_TOKEN, tokens::ID_TOKEN, tokens::LOGOUT_TOKEN, "session+jwt", "dpop+jwt"];
    let key = SigningKey::from_secret(&[7; 32]).unwrap();
    let keys = KeySet::new(vec![key.public().clone()]);
    for typ in types {
        let token = jwt::sign(&key, typ, &serde_json::Map::new()).unwrap();
        for wanted in types {
            assert_eq!(jwt::verify(&token, &keys, wanted).is_ok(), typ == wanted, "{typ} as {wanted}");
        }
    }
}

#[test]
fn section_4_11_an_error_of_the_redirect_uri_is_a_page() {
    let refused = ask("response_type=token&redirect_uri=https://evil.example", &client(ClientType::Web));
    assert!(matches!(refused, Err(Refused::Page(_))));
}

#[test]
fn section_4_15_a_clients_own_token_never_looks_like_a_persons() {
    let scopes = Scopes::parse("invoices:read").unwrap();
    let token = tokens::AccessToken {
        issuer: ISSUER,
        subject: "cli_1",
        client_id: "cli_1",
        resources: &[],
        scopes: &scopes,
        has_system_scope: false,
        jti: "1",
        times: (100, 1_000),
        signed_in: None,
        organization: None,
        permissions: None,
        jkt: None,
        actor: None,
    };
    let claims = token.claims();
    for absent in ["user_id", "session_id", "auth_time", "amr"] {
        assert_eq!(claims.get(absent), None, "{absent}");
    }
}
