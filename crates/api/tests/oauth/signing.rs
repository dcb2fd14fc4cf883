//! What clients with keys sign: assertions, requests and proofs of possession.

use avnology_jose::{SigningKey, jws, jwt};
use avnology_testkit::{Answer, ORIGIN, TestApp};
use serde_json::{Value, json};

use crate::kit::{Relying, register};

/// The type of an assertion.
const BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A key, the same for the same number.
pub(crate) fn key(number: u8) -> SigningKey {
    SigningKey::from_secret(&[number; 32]).expect("a key")
}

/// A set of the public halves of these.
pub(crate) fn key_set(keys: &[&SigningKey]) -> Value {
    json!({ "keys": keys.iter().map(|key| key.public().to_jwk()).collect::<Vec<_>>() })
}

/// A client that shows who it is by its key.
pub(crate) async fn signing_app(app: &TestApp, kind: &str, more: Value) -> Relying {
    let mut all = json!({ "token_endpoint_auth_method": "private_key_jwt", "first_party": true });
    if more.get("jwks_uri").is_none() {
        all["jwks"] = key_set(&[&key(7)]);
    }
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more);
    }
    register(app, kind, all).await
}

/// An assertion of a client, signed by this key.
pub(crate) fn assertion(client: &Relying, key: &SigningKey, jti: &str) -> String {
    let now = client.app.now().seconds();
    let claims =
        json!({ "iss": client.id, "sub": client.id, "aud": ORIGIN, "iat": now, "exp": now + 60, "jti": jti });
    jwt::sign(key, "JWT", claims.as_object().expect("claims")).expect("an assertion")
}

/// A form to an endpoint with an assertion of the client.
pub(crate) async fn post_signed(
    client: &Relying,
    path: &str,
    form: &[(&str, &str)],
    assertion: &str,
) -> Answer {
    let shown = [("client_assertion_type", BEARER), ("client_assertion", assertion)];
    client.app.program().post(path).form(&[form, &shown].concat()).await
}

/// A request object with these claims, signed by this key.
pub(crate) fn object(claims: &Value, key: &SigningKey) -> String {
    jwt::sign(key, "oauth-authz-req+jwt", claims.as_object().expect("claims")).expect("a request object")
}

/// A proof with these claims, signed by the key that it brings.
pub(crate) fn proof(claims: &Value, key: &SigningKey) -> String {
    jws::sign_with_own_key(key, "dpop+jwt", claims.to_string().as_bytes()).expect("a proof")
}
