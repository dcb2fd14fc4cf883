//! Dynamic registration (RFC 7591, 7592, OpenID Connect Registration; `contract/30` §11), and documents that are a client (Client
//! ID Metadata Documents).

use avnology_jose::{Algorithm, KeySet};
use serde_json::{Map, Value};
use url::Url;

use crate::{
    AuthMethod, ClientType, ErrorCode, GrantType, OAuthError, RedirectUri, RedirectUriFault,
    SIGNING_ALGORITHMS, Scopes,
};

/// Most URIs in a list.
const URIS: usize = 50;
/// Most request URIs.
const REQUEST_URIS: usize = 20;
/// Most characters of a URL or a name.
const TEXT: usize = 2_048;
/// The scopes of a client that asks for none.
const SCOPES: &str = "openid profile email address phone offline_access organizations";

/// What a registration asks for, each value as it will hold.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "the members of a registration as the standard has them")]
pub struct Registration {
    /// Where the client runs, as its method, grants and URIs tell.
    pub kind: ClientType,
    /// `client_name`.
    pub name: Option<String>,
    /// How it will show who it is.
    pub auth_method: AuthMethod,
    /// What it will get tokens for.
    pub grant_types: Vec<GrantType>,
    /// Where people may be sent back to.
    pub redirect_uris: Vec<RedirectUri>,
    /// Where people may be sent after they signed out.
    pub post_logout_redirect_uris: Vec<String>,
    /// The most it may ask for; which of these there are is for the caller to say.
    pub scopes: Scopes,
    /// Its public keys, as it sent them.
    pub jwks: Option<Value>,
    /// Where its public keys are.
    pub jwks_uri: Option<String>,
    /// Whether it must send a challenge.
    pub require_pkce: bool,
    /// Whether its tokens must be bound to a key.
    pub require_dpop: bool,
    /// Whether its requests must be pushed.
    pub require_par: bool,
    /// By which its ID tokens are signed.
    pub id_token_alg: Algorithm,
    /// By which its userinfo is signed; `None`: JSON.
    pub userinfo_alg: Option<Algorithm>,
    /// By which it signs requests; `None`: any.
    pub request_object_alg: Option<Algorithm>,
    /// Where its requests may be fetched from.
    pub request_uris: Vec<String>,
    /// Where the ends of sessions are posted to.
    pub backchannel_logout_uri: Option<String>,
    /// Whether it wants `sid` there.
    pub backchannel_logout_session_required: bool,
    /// Where people go who open a stale page.
    pub initiate_login_uri: Option<String>,
    /// How old a sign-in may be, in seconds.
    pub default_max_age: Option<u64>,
    /// The `acr` that it wants.
    pub default_acr_values: Vec<String>,
    /// `logo_uri`, `client_uri`, `policy_uri`, `tos_uri`, as far as they were sent.
    pub links: Vec<(&'static str, String)>,
    /// Addresses of its makers.
    pub contacts: Vec<String>,
}

/// Judges what a client sent. Members that we do not know are ignored. `invalid_redirect_uri` for URIs that break the rules,
/// `invalid_client_metadata` for all else.
pub fn judge(sent: &Map<String, Value>, is_test: bool) -> Result<Registration, OAuthError> {
    let sent = Sent(sent);
    sent.check_unsupported()?;
    let auth_method = match sent.text("token_endpoint_auth_method")? {
        None => AuthMethod::ClientSecretBasic,
        Some(name) => {
            AuthMethod::from_name(name).ok_or(invalid("token_endpoint_auth_method is not supported"))?
        }
    };
    let grant_types = sent.grant_types()?;
    let uris = sent.texts("redirect_uris", URIS)?;
    let kind = kind(auth_method, &grant_types, sent.text("application_type")?, &uris)?;
    let redirect_uris = redirect_uris(&uris, kind, &grant_types, is_test)?;
    let (jwks, jwks_uri) = sent.keys(auth_method)?;
    let is_public = !kind.is_confidential();
    let id_token_alg = sent.algorithm("id_token_signed_response_alg")?.unwrap_or(Algorithm::Rs256);
    let mut links = Vec::new();
    for name in ["logo_uri", "client_uri", "policy_uri", "tos_uri"] {
        links.extend(sent.https(name)?.map(|link| (name, link)));
    }
    Ok(Registration {
        kind,
        name: sent.text("client_name")?.map(str::to_owned),
        auth_method,
        grant_types,
        redirect_uris,
        post_logout_redirect_uris: sent.sign_out_uris(kind, is_test)?,
        scopes: sent.scopes()?,
        jwks,
        jwks_uri,
        // OpenID Connect clients without PKCE work when they can keep a secret.
        require_pkce: is_public || sent.flag("require_pkce")?.unwrap_or(false),
        require_dpop: sent.flag("dpop_bound_access_tokens")?.unwrap_or(false),
        require_par: sent.flag("require_pushed_authorization_requests")?.unwrap_or(false),
        id_token_alg,
        userinfo_alg: sent.algorithm("userinfo_signed_response_alg")?,
        request_object_alg: sent.algorithm("request_object_signing_alg")?,
        request_uris: sent.all_https("request_uris", REQUEST_URIS)?,
        backchannel_logout_uri: sent.https("backchannel_logout_uri")?,
        backchannel_logout_session_required: sent
            .flag("backchannel_logout_session_required")?
            .unwrap_or(true),
        initiate_login_uri: sent.https("initiate_login_uri")?,
        default_max_age: sent.seconds("default_max_age")?,
        default_acr_values: sent.texts("default_acr_values", URIS)?.into_iter().map(str::to_owned).collect(),
        links,
        contacts: sent.texts("contacts", URIS)?.into_iter().map(str::to_owned).collect(),
    })
}

/// What the client becomes (`contract/30` §11).
fn kind(
    method: AuthMethod,
    grants: &[GrantType],
    application_type: Option<&str>,
    uris: &[&str],
) -> Result<ClientType, OAuthError> {
    let has = |grant| grants.contains(&grant);
    let is_native_uri = |uri: &&str| {
        Url::parse(uri).is_ok_and(|url| match url.scheme() {
            "https" => false,
            "http" => matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost")),
            _ => true,
        })
    };
    match application_type {
        None | Some("web" | "native") => {}
        Some(_) => return Err(invalid("application_type is not supported")),
    }
    if has(GrantType::AuthorizationCode) {
        if method != AuthMethod::None {
            return Ok(ClientType::Web);
        }
        let is_native = application_type == Some("native") || uris.iter().any(is_native_uri);
        return Ok(if is_native { ClientType::Native } else { ClientType::Spa });
    }
    if has(GrantType::DeviceCode) && method == AuthMethod::None {
        return Ok(ClientType::Device);
    }
    if has(GrantType::ClientCredentials) && method != AuthMethod::None {
        return Ok(ClientType::Machine);
    }
    Err(invalid("these grant types do not go with this way to authenticate"))
}

fn redirect_uris(
    uris: &[&str],
    kind: ClientType,
    grants: &[GrantType],
    is_test: bool,
) -> Result<Vec<RedirectUri>, OAuthError> {
    if uris.is_empty() && grants.contains(&GrantType::AuthorizationCode) {
        return Err(OAuthError::new(ErrorCode::InvalidRedirectUri, "redirect_uris is missing"));
    }
    let register = |uri: &&str| {
        RedirectUri::register(uri, kind, is_test).map_err(|fault| {
            let why = match fault {
                RedirectUriFault::Fragment => "a redirect URI has a fragment",
                RedirectUriFault::NotLoopback => "http is for loopback only",
                RedirectUriFault::Scheme => "the scheme of a redirect URI is not for this client",
                RedirectUriFault::UserInfo => "a redirect URI names a user",
                RedirectUriFault::Malformed => "a redirect URI is malformed",
            };
            OAuthError::new(ErrorCode::InvalidRedirectUri, why)
        })
    };
    uris.iter().map(register).collect()
}

const fn invalid(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidClientMetadata, description)
}

/// What was sent.
struct Sent<'s>(&'s Map<String, Value>);

impl<'s> Sent<'s> {
    fn get(&self, name: &str) -> Option<&'s Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Result<Option<&'s str>, OAuthError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let text = value.as_str().filter(|text| (1..=TEXT).contains(&text.len()));
        text.map(Some).ok_or(invalid("a member is no text of a good length"))
    }

    fn texts(&self, name: &str, most: usize) -> Result<Vec<&'s str>, OAuthError> {
        let Some(value) = self.get(name) else { return Ok(Vec::new()) };
        let list = value
            .as_array()
            .filter(|list| list.len() <= most)
            .ok_or(invalid("a member is no list of a good length"))?;
        let text = |one: &'s Value| {
            one.as_str().filter(|text| text.len() <= TEXT).ok_or(invalid("a list holds no texts"))
        };
        list.iter().map(text).collect()
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, OAuthError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        value.as_bool().map(Some).ok_or(invalid("a member is neither true nor false"))
    }

    fn seconds(&self, name: &str) -> Result<Option<u64>, OAuthError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        value.as_u64().map(Some).ok_or(invalid("a member is no number of seconds"))
    }

    fn https(&self, name: &str) -> Result<Option<String>, OAuthError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        check_https(text)?;
        Ok(Some(text.to_owned()))
    }

    fn all_https(&self, name: &str, most: usize) -> Result<Vec<String>, OAuthError> {
        let texts = self.texts(name, most)?;
        texts.iter().try_for_each(|text| check_https(text))?;
        Ok(texts.into_iter().map(str::to_owned).collect())
    }

    /// One of ours; `none` is none of ours.
    fn algorithm(&self, name: &str) -> Result<Option<Algorithm>, OAuthError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let found = Algorithm::from_name(text).filter(|one| SIGNING_ALGORITHMS.contains(one));
        found.map(Some).ok_or(invalid("an algorithm is not supported"))
    }

    fn grant_types(&self) -> Result<Vec<GrantType>, OAuthError> {
        if self.get("grant_types").is_none() {
            return Ok(vec![GrantType::AuthorizationCode, GrantType::RefreshToken]);
        }
        let known =
            |name: &str| GrantType::from_name(name).filter(|grant| *grant != GrantType::TokenExchange);
        let names = self.texts("grant_types", URIS)?;
        names.into_iter().map(|name| known(name).ok_or(invalid("a grant type is not supported"))).collect()
    }

    fn scopes(&self) -> Result<Scopes, OAuthError> {
        let text = self.text("scope")?.unwrap_or(SCOPES);
        Scopes::parse(text).map_err(|_| invalid("scope is malformed"))
    }

    fn check_unsupported(&self) -> Result<(), OAuthError> {
        if self.text("subject_type")?.is_some_and(|kind| kind != "public") {
            return Err(invalid("subject_type must be public"));
        }
        if self.get("sector_identifier_uri").is_some() {
            return Err(invalid("sector_identifier_uri is not supported"));
        }
        if self.texts("response_types", URIS)?.iter().any(|kind| *kind != "code") {
            return Err(invalid("a response type is not supported"));
        }
        Ok(())
    }

    /// One of the two ways to tell keys; one of them for clients that sign.
    fn keys(&self, method: AuthMethod) -> Result<(Option<Value>, Option<String>), OAuthError> {
        let (jwks, jwks_uri) = (self.get("jwks").cloned(), self.https("jwks_uri")?);
        if jwks.is_some() && jwks_uri.is_some() {
            return Err(invalid("jwks and jwks_uri are one too many"));
        }
        if let Some(set) = &jwks {
            KeySet::from_registration(set).map_err(|_| invalid("jwks is malformed or holds private keys"))?;
        }
        if method == AuthMethod::PrivateKeyJwt && jwks.is_none() && jwks_uri.is_none() {
            return Err(invalid("private_key_jwt needs jwks or jwks_uri"));
        }
        Ok((jwks, jwks_uri))
    }

    fn sign_out_uris(&self, kind: ClientType, is_test: bool) -> Result<Vec<String>, OAuthError> {
        let uris = self.texts("post_logout_redirect_uris", URIS)?;
        for uri in &uris {
            RedirectUri::register(uri, kind, is_test).map_err(|_| {
                OAuthError::new(ErrorCode::InvalidRedirectUri, "a post-logout redirect URI breaks the rules")
            })?;
        }
        Ok(uris.into_iter().map(str::to_owned).collect())
    }
}

fn check_https(text: &str) -> Result<(), OAuthError> {
    let is_good = Url::parse(text).is_ok_and(|url| {
        url.scheme() == "https"
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
    });
    if is_good { Ok(()) } else { Err(invalid("a URL is not https, or has a user or a fragment")) }
}

/// Whether a `client_id` is the URL of a document that describes the client: `https`, with a path, without query, fragment,
/// user, dot segments and port 443 by name.
pub fn is_document_url(client_id: &str) -> bool {
    if !client_id.starts_with("https://") {
        return false;
    }
    let has_dots = client_id
        .split('/')
        .skip(3)
        .any(|segment| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | ".."));
    client_id.len() <= TEXT
        && !has_dots
        && !client_id.contains(['?', '#', '@', '\\'])
        && Url::parse(client_id)
            .is_ok_and(|url| url.scheme() == "https" && url.path() != "/" && url.as_str() == client_id)
}

/// Judges the document at such a URL: a registration whose `client_id` is the URL, without any secret.
pub fn judge_document(
    url: &str,
    sent: &Map<String, Value>,
    is_test: bool,
) -> Result<Registration, OAuthError> {
    if sent.get("client_id").and_then(Value::as_str) != Some(url) {
        return Err(invalid("client_id of the document is not its URL"));
    }
    if sent.contains_key("client_secret") || sent.contains_key("client_secret_expires_at") {
        return Err(invalid("a document holds no secret"));
    }
    let mut sent = sent.clone();
    sent.entry("token_endpoint_auth_method").or_insert_with(|| "none".into());
    let registration = judge(&sent, is_test)?;
    match registration.auth_method {
        AuthMethod::None | AuthMethod::PrivateKeyJwt => Ok(registration),
        _ => Err(invalid("a document's client has no secret")),
    }
}

#[cfg(test)]
mod tests;
