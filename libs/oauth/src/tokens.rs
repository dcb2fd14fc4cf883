//! What stands in the tokens that are given: access tokens (RFC 9068), ID tokens (OpenID Connect Core §2), logout tokens (OpenID
//! Connect Back-Channel Logout §2.4). To be signed by whoever has the key.

use avnology_jose::Algorithm;
use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use crate::Scopes;

/// `typ` of access tokens.
pub const ACCESS_TOKEN: &str = "at+jwt";
/// `typ` of ID tokens.
pub const ID_TOKEN: &str = "JWT";
/// `typ` of logout tokens.
pub const LOGOUT_TOKEN: &str = "logout+jwt";
/// Most permissions that a token names.
const PERMISSIONS: usize = 200;
/// How long a logout token lives, in seconds.
const LOGOUT_LIFETIME: i64 = 120;
/// The event of a logout token.
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// When, by what and how surely a person signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The session.
    pub session_id: String,
    /// In seconds since 1970.
    pub auth_time: i64,
    /// `urn:avnology:acr:…`.
    pub acr: String,
    /// `aal1` to `aal3`.
    pub aal: String,
    /// The methods (RFC 8176).
    pub amr: Vec<String>,
}

/// The organization that was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// `org_…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its slug.
    pub slug: String,
    /// The role of the person in it.
    pub role: Option<String>,
}

/// An access token to be.
#[derive(Clone, Debug)]
pub struct AccessToken<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// `usr_…`, `sa_…` or `cli_…`.
    pub subject: &'a str,
    /// The client.
    pub client_id: &'a str,
    /// The resources that were asked for.
    pub resources: &'a [String],
    /// What was granted.
    pub scopes: &'a Scopes,
    /// Whether a scope among them is one of our own API's.
    pub has_system_scope: bool,
    /// Its id.
    pub jti: &'a str,
    /// When it is given and when it ends, in seconds since 1970.
    pub times: (i64, i64),
    /// For people.
    pub signed_in: Option<&'a SignedIn>,
    /// If one was chosen.
    pub organization: Option<&'a Organization>,
    /// What the person may do there, if the client wants to be told.
    pub permissions: Option<&'a [String]>,
    /// The key that it is bound to.
    pub jkt: Option<&'a str>,
    /// Who acts for the subject, the latest outside.
    pub actor: Option<&'a Value>,
}

impl AccessToken<'_> {
    /// For whom it is: the resources, or the client if there are none; and the issuer when it is for us, too (`contract/30`
    /// §6.1).
    pub fn audience(&self) -> Vec<String> {
        let mut audience = self.resources.to_vec();
        if audience.is_empty() {
            audience.push(self.client_id.to_owned());
        }
        if (self.scopes.has("openid") || self.has_system_scope)
            && !audience.iter().any(|one| one == self.issuer)
        {
            audience.push(self.issuer.to_owned());
        }
        audience
    }

    /// Its claims (RFC 9068 §2.2).
    pub fn claims(&self) -> Map<String, Value> {
        let (given, end) = self.times;
        let mut claims = Members::of(json!({
            "iss": self.issuer, "sub": self.subject, "aud": self.audience(), "client_id": self.client_id,
            "iat": given, "nbf": given, "exp": end, "jti": self.jti, "scope": self.scopes.to_string(),
        }));
        if let Some(signed_in) = self.signed_in {
            claims.put("session_id", signed_in.session_id.as_str());
            claims.put("user_id", self.subject);
            claims.sign_in(signed_in);
        }
        if let Some(organization) = self.organization {
            claims.organization(organization);
            claims.put("organization_id", organization.id.as_str());
            match self.permissions {
                Some(permissions) if permissions.len() <= PERMISSIONS => {
                    claims.put("permissions", permissions);
                }
                Some(_) => claims.put("permissions_truncated", true),
                None => {}
            }
        }
        if let Some(jkt) = self.jkt {
            claims.put("cnf", json!({ "jkt": jkt }));
        }
        if let Some(actor) = self.actor {
            claims.put("act", actor.clone());
        }
        claims.0
    }
}

/// Who acts, on top of who acted before (RFC 8693 §4.1).
pub fn actor(subject: &str, before: Option<&Value>) -> Value {
    match before {
        Some(before) => json!({ "sub": subject, "act": before }),
        None => json!({ "sub": subject }),
    }
}

/// An ID token to be.
#[derive(Clone, Debug)]
pub struct IdToken<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// The person.
    pub subject: &'a str,
    /// The client.
    pub client_id: &'a str,
    /// When it is given and when it ends, in seconds since 1970.
    pub times: (i64, i64),
    /// Of the request; never at refresh.
    pub nonce: Option<&'a str>,
    /// The sign-in.
    pub signed_in: &'a SignedIn,
    /// The access token that comes along.
    pub access_token: Option<&'a str>,
    /// By which it will be signed: its hash is that of `at_hash`.
    pub algorithm: Algorithm,
    /// What the scopes and the parameter `claims` bring. None of them replaces one of ours.
    pub claims: Map<String, Value>,
}

impl IdToken<'_> {
    /// Its claims.
    pub fn claims(&self) -> Map<String, Value> {
        let (given, end) = self.times;
        let mut claims = Members(self.claims.clone());
        claims.0.retain(|_, value| !is_empty(value));
        let ours = json!({
            "iss": self.issuer, "sub": self.subject, "aud": self.client_id, "azp": self.client_id,
            "iat": given, "exp": end, "sid": self.signed_in.session_id,
        });
        claims.0.extend(Members::of(ours).0);
        claims.sign_in(self.signed_in);
        for (name, value) in [
            ("nonce", self.nonce.map(str::to_owned)),
            ("at_hash", self.access_token.map(|token| token_hash(token, self.algorithm))),
        ] {
            claims.0.remove(name);
            if let Some(value) = value {
                claims.put(name, value);
            }
        }
        claims.0
    }
}

/// `at_hash` and `c_hash` (OpenID Connect Core §3.1.3.6, §3.3.2.11): the left half of the hash of the signature's algorithm.
pub fn token_hash(token: &str, algorithm: Algorithm) -> String {
    let hash = match algorithm {
        Algorithm::Es384 => &SHA384,
        // Ed25519 signs over SHA-512.
        Algorithm::EdDsa => &SHA512,
        _ => &SHA256,
    };
    let whole = digest(hash, token.as_bytes());
    let half = whole.as_ref().split_at(whole.as_ref().len() / 2).0;
    BASE64_URL_SAFE_NO_PAD.encode(half)
}

/// The claims of a logout token: the session `sid` of `subject` has ended. It has no `nonce`, so that nobody takes it for an
/// ID token.
pub fn logout_claims(
    issuer: &str,
    client_id: &str,
    subject: &str,
    sid: &str,
    jti: &str,
    now: i64,
) -> Map<String, Value> {
    Members::of(json!({
        "iss": issuer, "aud": client_id, "iat": now, "exp": now + LOGOUT_LIFETIME, "jti": jti, "sub": subject,
        "sid": sid, "events": { LOGOUT_EVENT: {} },
    }))
    .0
}

/// The claims of OpenID scopes (`contract/30` §5).
pub const SCOPE_CLAIMS: [(&str, &[&str]); 8] = [
    ("openid", &["sub"]),
    (
        "profile",
        &[
            "name",
            "given_name",
            "family_name",
            "preferred_username",
            "picture",
            "locale",
            "zoneinfo",
            "updated_at",
            "middle_name",
            "nickname",
            "profile",
            "website",
            "gender",
            "birthdate",
        ],
    ),
    ("email", &["email", "email_verified"]),
    ("address", &["address"]),
    ("phone", &["phone_number", "phone_number_verified"]),
    ("organizations", &["org_id", "org_name", "org_slug", "org_role", "organizations"]),
    ("permissions", &["permissions"]),
    ("groups", &["groups"]),
];

/// The claims that may be in one place: those of the granted scopes, and those asked for singly there, as far as the client's
/// scopes reach.
pub fn claims_for(granted: &Scopes, allowed: &Scopes, asked: &[String]) -> Vec<&'static str> {
    let mut names = Vec::new();
    for (scope, claims) in SCOPE_CLAIMS {
        for claim in claims {
            let is_asked = allowed.has(scope) && asked.iter().any(|one| one == claim);
            if (granted.has(scope) || is_asked) && !names.contains(claim) {
                names.push(*claim);
            }
        }
    }
    names
}

/// The members of an object.
struct Members(Map<String, Value>);

impl Members {
    fn of(value: Value) -> Self {
        match value {
            Value::Object(members) => Self(members),
            _ => Self(Map::new()),
        }
    }

    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn sign_in(&mut self, signed_in: &SignedIn) {
        self.put("auth_time", signed_in.auth_time);
        self.put("acr", signed_in.acr.as_str());
        self.put("aal", signed_in.aal.as_str());
        self.put("amr", signed_in.amr.as_slice());
    }

    fn organization(&mut self, organization: &Organization) {
        self.put("org_id", organization.id.as_str());
        self.put("org_name", organization.name.as_str());
        self.put("org_slug", organization.slug.as_str());
        if let Some(role) = &organization.role {
            self.put("org_role", role.as_str());
        }
    }
}

/// A claim without a value is left out (`contract/30` §5).
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
