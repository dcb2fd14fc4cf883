//! Who gets through, and who does not.

use avnology_jose::{KeySet, SigningKey, jwt};
use serde_json::{Value, json};

use super::*;
use crate::{ErrorCode, client::samples::web};

const ISSUER: &str = "https://id.example.com";
const TOKEN: &str = "https://id.example.com/oauth2/token";
const NOW: i64 = 1_772_442_012;

fn read(authorization: Option<&str>, form: &str) -> Result<Credentials, OAuthError> {
    Credentials::of_request(authorization, &Params::parse(form.as_bytes()).unwrap())
}

fn basic(text: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(text))
}

#[test]
fn id_and_secret_in_the_header_are_form_decoded() {
    let secret = |id: &str, secret: &str| {
        Ok(Credentials::Secret {
            client_id: id.to_owned(),
            secret: secret.to_owned(),
            method: AuthMethod::ClientSecretBasic,
        })
    };
    assert_eq!(read(Some(&basic("cli_1:avnl_cs_x")), ""), secret("cli_1", "avnl_cs_x"));
    let encoded = basic("https%3A%2F%2Fapp.example:a+b%2Bc%3A%25");
    assert_eq!(read(Some(&encoded), ""), secret("https://app.example", "a b+c:%"));
    assert_eq!(read(Some(&basic("a:b:c").replace("Basic", "bAsIc")), ""), secret("a", "b:c"));
    for bad in
        ["Basic !", "Basic ", &basic("nocolon"), &basic(":x"), &basic("x:"), &basic("a&b:c"), &basic("a:%ff")]
    {
        assert_eq!(read(Some(bad), "").unwrap_err().code, ErrorCode::InvalidClient, "{bad}");
    }
}

#[test]
fn more_than_one_way_at_once_is_refused() {
    let header = basic("cli_1:x");
    for form in ["client_secret=x", "client_assertion=x", "client_id=cli_1&client_secret=x"] {
        assert_eq!(read(Some(&header), form).unwrap_err().code, ErrorCode::InvalidRequest, "{form}");
    }
    assert!(read(None, "client_secret=x&client_assertion=y").is_err());
    assert!(read(Some(&header), "client_id=cli_1").is_ok());
    assert_eq!(read(Some(&header), "client_id=cli_2").unwrap_err().code, ErrorCode::InvalidClient);
    assert_eq!(read(None, "").unwrap_err().code, ErrorCode::InvalidClient);
    assert!(read(None, "client_id=cli_1&client_assertion=x").is_err());
}

#[test]
fn another_way_than_the_registered_one_is_refused() {
    let post = read(None, "client_id=cli_web&client_secret=x").unwrap();
    assert_eq!(post.check_method(&web()).unwrap_err().code, ErrorCode::InvalidClient);
    let none = read(None, "client_id=cli_web").unwrap();
    assert!(none.check_method(&web()).is_err());
    assert!(!format!("{post:?}").contains('x'));
}

fn key() -> SigningKey {
    SigningKey::from_secret(&[7; 32]).unwrap()
}

fn client() -> Client {
    Client {
        keys: KeySet::new(vec![key().public().clone()]),
        auth_method: AuthMethod::PrivateKeyJwt,
        ..web()
    }
}

fn good() -> Value {
    json!({ "iss": "cli_web", "sub": "cli_web", "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": "1" })
}

fn verify(client: &Client, claims: &Value) -> Result<Assertion, OAuthError> {
    let assertion = jwt::sign(&key(), "JWT", claims.as_object().unwrap()).unwrap();
    verify_assertion(&assertion, client, ISSUER, &[TOKEN], NOW)
}

#[test]
fn an_assertion_of_the_clients_key_holds() {
    assert_eq!(verify(&client(), &good()), Ok(Assertion { jti: "1".to_owned(), expires_at: NOW + 90 }));
    for audience in [json!(TOKEN), json!([TOKEN, "https://x.example"]), json!([ISSUER])] {
        let mut claims = good();
        claims["aud"] = audience;
        assert!(verify(&client(), &claims).is_ok());
    }
}

#[test]
fn an_assertion_that_breaks_a_rule_is_refused() {
    for (name, value) in [
        ("iss", json!("cli_other")),
        ("sub", json!("cli_other")),
        ("aud", json!("https://other.example")),
        ("aud", json!([])),
        ("exp", json!(NOW - 30)),
        ("exp", json!(NOW + 331)),
        ("exp", json!("soon")),
        ("iat", json!(NOW + 31)),
        ("nbf", json!(NOW + 31)),
        ("jti", json!("")),
        ("jti", json!(7)),
        ("jti", json!("x".repeat(513))),
    ] {
        let mut claims = good();
        claims[name] = value.clone();
        assert_eq!(verify(&client(), &claims).unwrap_err().code, ErrorCode::InvalidClient, "{name} {value}");
    }
    for name in ["iss", "sub", "aud", "exp", "jti"] {
        let mut claims = good();
        claims.as_object_mut().unwrap().remove(name);
        assert!(verify(&client(), &claims).is_err(), "{name}");
    }
    let stranger = Client { keys: KeySet::default(), ..client() };
    assert!(verify(&stranger, &good()).is_err());
}

#[test]
fn a_token_of_another_kind_is_no_assertion() {
    for typ in ["at+jwt", "dpop+jwt", "logout+jwt"] {
        let token = jwt::sign(&key(), typ, good().as_object().unwrap()).unwrap();
        assert!(verify_assertion(&token, &client(), ISSUER, &[TOKEN], NOW).is_err(), "{typ}");
    }
}

/// FAPI 2.0 Security Profile §5.3.2.1: the issuer alone, as a string, and no RS256.
#[test]
fn fapi_takes_the_issuer_as_a_string_for_audience_and_nothing_else() {
    let fapi = Client { profile: SecurityProfile::Fapi2, ..client() };
    assert!(verify(&fapi, &good()).is_ok());
    for audience in [json!([ISSUER]), json!(TOKEN)] {
        let mut claims = good();
        claims["aud"] = audience;
        assert!(verify(&fapi, &claims).is_err());
    }
    assert!(!SecurityProfile::Fapi2.algorithms().contains(&avnology_jose::Algorithm::Rs256));
}
