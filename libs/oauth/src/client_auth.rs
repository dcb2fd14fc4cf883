//! How a client shows who it is (RFC 6749 §2.3, RFC 7523): exactly one way, the registered one.

use avnology_jose::{
    Refusal,
    jwt::{Rules, Types},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use url::form_urlencoded;

use crate::{AuthMethod, Client, OAuthError, Params, SecurityProfile};

/// The one value of `client_assertion_type`.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How far ahead `exp` of an assertion may be, in seconds.
const LIFETIME: i64 = 300;
/// How far clocks may differ, in seconds.
const LEEWAY: i64 = 30;
/// Most characters of an id, a secret or a `jti`.
const TEXT: usize = 512;

/// What a request brings to show who sent it. Nothing of it is checked yet.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Id and secret, in the header or the form.
    Secret {
        /// The `client_id`.
        client_id: String,
        /// To be compared with the hashes that are kept.
        secret: String,
        /// `client_secret_basic` or `client_secret_post`.
        method: AuthMethod,
    },
    /// A signed statement.
    Assertion {
        /// Whom it says it is of, if the form says so: to find the keys.
        client_id: Option<String>,
        /// To be verified by the client's keys.
        assertion: String,
    },
    /// An id alone.
    None {
        /// The `client_id`.
        client_id: String,
    },
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({})", self.method().name())
    }
}

impl Credentials {
    /// Reads what the header `Authorization` and the form bring. `invalid_request` when they bring more than one way (RFC
    /// 6749 §2.3), `invalid_client` when they bring none or a broken one.
    pub fn of_request(authorization: Option<&str>, params: &Params) -> Result<Self, OAuthError> {
        let form_id = params.get("client_id");
        let form_secret = params.get("client_secret");
        let assertion = params.get("client_assertion");
        let basic = authorization.and_then(basic_part);
        let ways = [basic.is_some(), form_secret.is_some(), assertion.is_some()];
        if ways.into_iter().filter(|way| *way).count() > 1 {
            return Err(OAuthError::request("more than one way to authenticate was used"));
        }
        if let Some(basic) = basic {
            let (client_id, secret) =
                decode_basic(basic).ok_or(OAuthError::client("the header is malformed"))?;
            if form_id.is_some_and(|id| id != client_id) {
                return Err(OAuthError::client("client_id differs from the header"));
            }
            return Ok(Self::Secret { client_id, secret, method: AuthMethod::ClientSecretBasic });
        }
        if params.get("client_assertion_type").is_some() != assertion.is_some() {
            return Err(OAuthError::client("client_assertion and its type belong together"));
        }
        if let Some(assertion) = assertion {
            if params.get("client_assertion_type") != Some(JWT_BEARER) {
                return Err(OAuthError::client("this client_assertion_type is not supported"));
            }
            let client_id = form_id.map(str::to_owned);
            return Ok(Self::Assertion { client_id, assertion: assertion.to_owned() });
        }
        let client_id = form_id.ok_or(OAuthError::client("client_id is missing"))?.to_owned();
        Ok(match form_secret {
            Some(secret) => {
                Self::Secret { client_id, secret: secret.to_owned(), method: AuthMethod::ClientSecretPost }
            }
            None => Self::None { client_id },
        })
    }

    /// The way that was used.
    pub fn method(&self) -> AuthMethod {
        match self {
            Self::Secret { method, .. } => *method,
            Self::Assertion { .. } => AuthMethod::PrivateKeyJwt,
            Self::None { .. } => AuthMethod::None,
        }
    }

    /// Whose keys or secret to look up: an assertion without `client_id` says it in its `sub`, which is nobody's word until
    /// [`verify_assertion`] has seen it.
    pub fn claimed_client_id(&self) -> Option<&str> {
        match self {
            Self::Secret { client_id, .. } | Self::None { client_id } => Some(client_id),
            Self::Assertion { client_id, .. } => client_id.as_deref(),
        }
    }

    /// `invalid_client` unless the way is the one that the client registered.
    pub fn check_method(&self, client: &Client) -> Result<(), OAuthError> {
        if self.method() == client.auth_method {
            Ok(())
        } else {
            Err(OAuthError::client("another way to authenticate was registered"))
        }
    }
}

/// An assertion that holds. Whoever takes it makes sure that `jti` was not seen of this client before `expires_at`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// To be seen once.
    pub jti: String,
    /// Until when `jti` is to be remembered, in seconds since 1970: its `exp` and the leeway.
    pub expires_at: i64,
}

/// Verifies the assertion of a client (RFC 7523 §3). `endpoints` are the URLs that count as audience besides the issuer under
/// OAuth 2.1: those of the endpoint that was called and of the token endpoint. FAPI takes the issuer alone, as a string.
pub fn verify_assertion(
    assertion: &str,
    client: &Client,
    issuer: &str,
    endpoints: &[&str],
    now: i64,
) -> Result<Assertion, OAuthError> {
    let is_fapi = client.profile == SecurityProfile::Fapi2;
    let mut audience = vec![issuer];
    if !is_fapi {
        audience.extend_from_slice(endpoints);
    }
    let rules = Rules {
        algorithms: client.profile.algorithms(),
        types: Types::AbsentOr(&["JWT", "client-authentication+jwt"]),
        issuer: Some(&client.id),
        audience: &audience,
        now,
        leeway: LEEWAY,
        expires: true,
    };
    let claims = rules.verify(assertion, &client.keys).map_err(why)?;
    let is_one_text = claims.get("aud").is_some_and(serde_json::Value::is_string);
    if is_fapi && !is_one_text {
        return Err(OAuthError::client("aud of the assertion must be the issuer, as a string"));
    }
    if claims.required_text("sub").map_err(why)? != client.id {
        return Err(OAuthError::client("sub of the assertion is not the client"));
    }
    let expires_at = claims.required_seconds("exp").map_err(why)?;
    if expires_at > now + LIFETIME + LEEWAY {
        return Err(OAuthError::client("the assertion lives too long"));
    }
    let jti = claims.required_text("jti").map_err(why)?;
    if jti.len() > TEXT {
        return Err(OAuthError::client("jti of the assertion is too long"));
    }
    Ok(Assertion { jti: jti.to_owned(), expires_at: expires_at + LEEWAY })
}

fn why(refusal: Refusal) -> OAuthError {
    OAuthError::client(match refusal {
        Refusal::Expired => "the assertion is expired",
        Refusal::NotYetValid => "the assertion is not valid yet",
        Refusal::WrongAudience => "the assertion is meant for somebody else",
        Refusal::WrongIssuer => "iss of the assertion is not the client",
        Refusal::MissingClaim(_) => "a claim of the assertion is missing",
        Refusal::WrongAlgorithm => "the algorithm of the assertion is not allowed",
        _ => "the assertion does not hold",
    })
}

/// What follows `Basic`, in any case (RFC 9110 §11.1).
fn basic_part(authorization: &str) -> Option<&str> {
    let (scheme, rest) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then(|| rest.trim_start_matches(' '))
}

/// Id and secret, each form-encoded before it was put into the header (RFC 6749 §2.3.1).
fn decode_basic(text: &str) -> Option<(String, String)> {
    let bytes = BASE64_STANDARD.decode(text).ok().filter(|bytes| bytes.len() <= 4 * TEXT)?;
    let text = String::from_utf8(bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    let (id, secret) = (form_decode(id)?, form_decode(secret)?);
    (!id.is_empty() && !secret.is_empty()).then_some((id, secret))
}

fn form_decode(text: &str) -> Option<String> {
    // A separator that was not encoded would begin another pair.
    if text.contains(['&', '=']) {
        return None;
    }
    let (decoded, _) = form_urlencoded::parse(text.as_bytes()).next().unwrap_or_default();
    (!decoded.contains('\u{fffd}') && decoded.len() <= TEXT).then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests;
