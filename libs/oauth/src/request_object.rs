//! Requests that the client signed (RFC 9101, `contract/30` §3.1).

use avnology_jose::{
    Algorithm, Claims, Refusal,
    jwt::{Rules, Types},
};
use serde_json::Value;

use crate::{Client, ErrorCode, OAuthError, Params, SecurityProfile};

/// How far clocks may differ, in seconds.
const LEEWAY: i64 = 30;
/// How long a request object may live under FAPI, in seconds.
const LIFETIME: i64 = 3_600;
/// The claims that are no parameters (RFC 9101 §4).
const CLAIMS: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// Where the parameters of a request are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source<'p> {
    /// In the request itself.
    Plain,
    /// In a JWT that it brings.
    Object(&'p str),
    /// At a URI: one of ours from `/oauth2/par`, or one that the client registered.
    Uri(&'p str),
}

impl<'p> Source<'p> {
    /// Which of them it is. `invalid_request` for both at once.
    pub fn of_request(params: &'p Params) -> Result<Self, OAuthError> {
        match (params.get("request"), params.get("request_uri")) {
            (None, None) => Ok(Self::Plain),
            (Some(object), None) => Ok(Self::Object(object)),
            (None, Some(uri)) => Ok(Self::Uri(uri)),
            (Some(_), Some(_)) => Err(OAuthError::request("request and request_uri are one too many")),
        }
    }
}

/// `invalid_request_uri` unless the client registered exactly this URI.
pub fn check_registered(uri: &str, client: &Client) -> Result<(), OAuthError> {
    if client.request_uris.iter().any(|one| one == uri) {
        Ok(())
    } else {
        Err(OAuthError::new(ErrorCode::InvalidRequestUri, "this request_uri is not registered"))
    }
}

/// The parameters inside a request object that the client signed: the only ones that count (§6.3).
pub fn verify(object: &str, client: &Client, issuer: &str, now: i64) -> Result<Params, OAuthError> {
    let registered = client.request_object_alg.as_slice();
    let counts = |one: &Algorithm| registered.is_empty() || registered.contains(one);
    let algorithms: Vec<_> = client.profile.algorithms().iter().copied().filter(counts).collect();
    let is_fapi = client.profile == SecurityProfile::Fapi2;
    let rules = Rules {
        algorithms: &algorithms,
        types: Types::AbsentOr(&["JWT", "oauth-authz-req+jwt"]),
        issuer: Some(&client.id),
        audience: &[issuer],
        now,
        leeway: LEEWAY,
        expires: is_fapi,
    };
    let claims = rules.verify(object, &client.keys).map_err(why)?;
    if is_fapi {
        let (begin, end) =
            (claims.required_seconds("nbf").map_err(why)?, claims.required_seconds("exp").map_err(why)?);
        if begin < now - LIFETIME - LEEWAY || end > now + LIFETIME + LEEWAY {
            return refuse("the request object lives too long");
        }
    }
    if claims.get("request").is_some() || claims.get("request_uri").is_some() {
        return refuse("a request object holds no other");
    }
    if claims.text("client_id").map_err(why)?.is_some_and(|id| id != client.id) {
        return refuse("client_id of the request object is of another client");
    }
    params(&claims, &client.id)
}

fn params(claims: &Claims, client_id: &str) -> Result<Params, OAuthError> {
    let mut pairs = vec![("client_id".to_owned(), client_id.to_owned())];
    for (name, value) in claims.members() {
        if CLAIMS.contains(&name.as_str()) || name == "client_id" {
            continue;
        }
        match value {
            Value::Null => {}
            Value::String(text) => pairs.push((name.clone(), text.clone())),
            Value::Number(number) => pairs.push((name.clone(), number.to_string())),
            Value::Array(list) if name == "resource" => {
                for one in list {
                    let text = one.as_str().ok_or_else(|| malformed("a resource is no text"))?;
                    pairs.push((name.clone(), text.to_owned()));
                }
            }
            // `claims` is an object here and a text in a query.
            Value::Object(_) => pairs.push((name.clone(), value.to_string())),
            Value::Bool(_) | Value::Array(_) => {
                return refuse("a parameter of the request object is malformed");
            }
        }
    }
    Ok(Params::from_pairs(pairs))
}

const fn malformed(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequestObject, description)
}

fn refuse<T>(description: &'static str) -> Result<T, OAuthError> {
    Err(malformed(description))
}

fn why(refusal: Refusal) -> OAuthError {
    malformed(match refusal {
        Refusal::Expired => "the request object is expired",
        Refusal::NotYetValid => "the request object is not valid yet",
        Refusal::WrongAudience => "the request object is meant for somebody else",
        Refusal::WrongIssuer => "iss of the request object is not the client",
        Refusal::MissingClaim(_) => "a claim of the request object is missing",
        _ => "the request object does not hold",
    })
}

#[cfg(test)]
mod tests {
    use avnology_jose::{KeySet, SigningKey, jwt};
    use serde_json::json;

    use super::*;
    use crate::client::samples::web;

    const ISSUER: &str = "https://id.example.com";
    const NOW: i64 = 1_772_442_012;

    fn key() -> SigningKey {
        SigningKey::from_secret(&[7; 32]).unwrap()
    }

    fn client() -> Client {
        Client { keys: KeySet::new(vec![key().public().clone()]), ..web() }
    }

    fn good() -> Value {
        json!({ "iss": "cli_web", "aud": [ISSUER], "client_id": "cli_web", "scope": "openid", "max_age": 60,
            "claims": { "userinfo": { "email": null } }, "resource": ["urn:a", "urn:b"], "exp": NOW + 60, "nbf": NOW })
    }

    fn read(client: &Client, claims: &Value) -> Result<Params, ErrorCode> {
        let object = jwt::sign(&key(), "oauth-authz-req+jwt", claims.as_object().unwrap()).unwrap();
        verify(&object, client, ISSUER, NOW).map_err(|error| error.code)
    }

    #[test]
    fn the_parameters_inside_are_read() {
        let params = read(&client(), &good()).unwrap();
        assert_eq!((params.get("scope"), params.get("max_age")), (Some("openid"), Some("60")));
        assert_eq!(params.get("claims"), Some(r#"{"userinfo":{"email":null}}"#));
        assert_eq!(params.all("resource").collect::<Vec<_>>(), ["urn:a", "urn:b"]);
        assert_eq!(
            (params.get("iss"), params.get("exp"), params.get("client_id")),
            (None, None, Some("cli_web"))
        );
    }

    #[test]
    fn objects_that_break_a_rule_are_refused() {
        for (name, value) in [
            ("iss", json!("cli_other")),
            ("aud", json!("https://other.example")),
            ("client_id", json!("cli_other")),
            ("exp", json!(NOW - 30)),
            ("nbf", json!(NOW + 31)),
            ("request", json!("x")),
            ("request_uri", json!("urn:x")),
            ("scope", json!(["openid"])),
            ("prompt", json!(true)),
        ] {
            let mut claims = good();
            claims[name] = value.clone();
            assert_eq!(read(&client(), &claims), Err(ErrorCode::InvalidRequestObject), "{name} {value}");
        }
        assert!(read(&web(), &good()).is_err());
        let other = Client { request_object_alg: Some(Algorithm::Ps256), ..client() };
        assert!(read(&other, &good()).is_err());
        // Somebody else's unsigned one.
        assert!(verify("eyJhbGciOiJub25lIn0.e30.", &client(), ISSUER, NOW).is_err());
    }

    #[test]
    fn fapi_wants_both_times_within_an_hour() {
        let fapi = Client { profile: SecurityProfile::Fapi2, ..client() };
        assert!(read(&fapi, &good()).is_ok());
        for (name, value) in [("exp", NOW + 3_631), ("nbf", NOW - 3_631)] {
            let mut claims = good();
            claims[name] = json!(value);
            assert!(read(&fapi, &claims).is_err(), "{name}");
            claims.as_object_mut().unwrap().remove(name);
            assert!(read(&fapi, &claims).is_err(), "{name}");
        }
    }

    #[test]
    fn a_uri_is_one_that_was_registered() {
        let client = Client { request_uris: vec!["https://a.example/r".to_owned()], ..web() };
        assert_eq!(check_registered("https://a.example/r", &client), Ok(()));
        for other in ["https://a.example/r?x", "https://a.example/", "https://evil.example/r"] {
            assert_eq!(check_registered(other, &client).unwrap_err().code, ErrorCode::InvalidRequestUri);
        }
        let both = Params::parse(b"request=x&request_uri=y").unwrap();
        assert!(Source::of_request(&both).is_err());
    }
}
