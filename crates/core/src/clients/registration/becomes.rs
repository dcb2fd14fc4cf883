//! What a registration becomes (`contract/30` §11).

use avnology_model::{
    Error, FieldCode, FieldError, Result,
    clients::{
        ApiResource, Client, ClientSettings, ClientType, GrantType, RegistrationLimits,
        TokenEndpointAuthMethod,
    },
    permissions::Scope,
    platform::SigningAlgorithm,
};
use avnology_oauth::{ErrorCode, OAuthError, Scopes, registration::Registration};
use serde_json::json;

use super::super::{Refusal, input::push, scopes};

/// What a client is called that does not say.
const NAMELESS: &str = "Unnamed application";

fn invalid(why: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidClientMetadata, why)
}

/// The settings of a client that asks for this: new ones, or those of a client that changes itself, where what the standard has
/// no member for stays as it is.
pub(super) fn settings_of(
    asked: &Registration,
    limits: &RegistrationLimits,
    known: &[ApiResource],
    before: Option<&ClientSettings>,
) -> Result<ClientSettings, Refusal> {
    let kind = kind_of(asked.kind);
    if before.is_some_and(|before| before.kind != kind) {
        return Err(invalid("this would make another type of client of it").into());
    }
    let fresh = || serde_json::from_value(json!({ "name": NAMELESS, "type": kind }));
    let mut settings: ClientSettings = match before {
        Some(before) => before.clone(),
        None => fresh().map_err(Error::internal)?,
    };
    settings.name = asked.name.clone().unwrap_or_else(|| NAMELESS.to_owned());
    settings.grant_types = grant_types(asked, limits)?;
    settings.token_endpoint_auth_method = TokenEndpointAuthMethod::parse(asked.auth_method.name());
    settings.redirect_uris = asked.redirect_uris.iter().map(|uri| uri.as_str().to_owned()).collect();
    settings.post_logout_redirect_uris.clone_from(&asked.post_logout_redirect_uris);
    let scopes = asked.scopes.filtered(|scope| may_have(scope, limits, known));
    settings.resources = resources_of(&scopes, known);
    settings.scopes = scopes.iter().map(str::to_owned).collect();
    settings.jwks.clone_from(&asked.jwks);
    settings.jwks_uri.clone_from(&asked.jwks_uri);
    settings.require_pkce = asked.require_pkce;
    settings.require_dpop = asked.require_dpop;
    settings.require_par = asked.require_par;
    settings.request_object_signing_alg = asked.request_object_alg.map(algorithm).transpose()?;
    settings.request_uris.clone_from(&asked.request_uris);
    settings.backchannel_logout_uri.clone_from(&asked.backchannel_logout_uri);
    settings.backchannel_logout_session_required = asked.backchannel_logout_session_required;
    settings.id_token_signed_response_alg = Some(algorithm(asked.id_token_alg)?);
    settings.userinfo_signed_response_alg = asked.userinfo_alg.map(algorithm).transpose()?;
    settings.initiate_login_uri.clone_from(&asked.initiate_login_uri);
    settings.default_max_age = match asked.default_max_age.map(u32::try_from) {
        None => None,
        Some(seconds) => Some(seconds.map_err(|_| invalid("default_max_age is too large"))?),
    };
    settings.default_acr_values.clone_from(&asked.default_acr_values);
    let link = |name: &str| asked.links.iter().find(|(one, _)| *one == name).map(|(_, link)| link.clone());
    settings.logo_uri = link("logo_uri");
    settings.client_uri = link("client_uri");
    settings.policy_uri = link("policy_uri");
    settings.tos_uri = link("tos_uri");
    settings.contacts.clone_from(&asked.contacts);
    Ok(settings)
}

fn kind_of(kind: avnology_oauth::ClientType) -> ClientType {
    match kind {
        avnology_oauth::ClientType::Web => ClientType::Web,
        avnology_oauth::ClientType::Spa => ClientType::Spa,
        avnology_oauth::ClientType::Native => ClientType::Native,
        avnology_oauth::ClientType::Device => ClientType::Device,
        avnology_oauth::ClientType::Machine => ClientType::Machine,
    }
}

fn grant_types(asked: &Registration, limits: &RegistrationLimits) -> Result<Vec<GrantType>, OAuthError> {
    let may = |grant: &GrantType| limits.grant_types.is_empty() || limits.grant_types.contains(grant);
    let mut grants = Vec::new();
    for grant in &asked.grant_types {
        let grant = GrantType::parse(grant.name()).filter(may);
        let grant = grant.ok_or(invalid("a grant type is not for clients that register with this token"))?;
        if !grants.contains(&grant) {
            grants.push(grant);
        }
    }
    Ok(grants)
}

/// Whether clients that register themselves may ask for a scope at all: one of OpenID Connect, one of a resource, or that of one's
/// own account.
fn is_for_anybody(scope: &str, known: &[ApiResource]) -> bool {
    scopes::is_openid(scope)
        || scopes::system(scope) == Some(Scope::AccountSelf)
        || (scopes::system(scope).is_none() && scopes::is_of_resource(scope, known))
}

fn may_have(scope: &str, limits: &RegistrationLimits, known: &[ApiResource]) -> bool {
    is_for_anybody(scope, known) && (limits.scopes.is_empty() || limits.scopes.iter().any(|one| one == scope))
}

/// The resources that the scopes are of: a scope is of no use without.
fn resources_of(scopes: &Scopes, known: &[ApiResource]) -> Vec<String> {
    let has = |resource: &&ApiResource| resource.settings.scopes.iter().any(|own| scopes.has(&own.name));
    known.iter().filter(has).map(|resource| resource.settings.identifier.clone()).collect()
}

fn algorithm(alg: avnology_jose::Algorithm) -> Result<SigningAlgorithm, OAuthError> {
    SigningAlgorithm::parse(alg.name()).ok_or(invalid("an algorithm is not supported"))
}

/// `_902` for what no administrator can make of a client that registered itself.
pub(in super::super) fn check_registered(client: &Client) -> Result<()> {
    if client.registration.is_none() {
        return Ok(());
    }
    let mut errors: Vec<FieldError> = Vec::new();
    if client.settings.first_party {
        let why = "A client that registered itself is none of the makers' own.";
        push(&mut errors, "first_party", FieldCode::NotAllowed, why);
    }
    for (n, scope) in client.settings.scopes.iter().enumerate() {
        if scopes::system(scope).is_some_and(|scope| scope != Scope::AccountSelf) {
            let why = "A client that registered itself may not have this.";
            push(&mut errors, &format!("scopes[{n}]"), FieldCode::NotAllowed, why);
        }
    }
    Error::from_fields(errors)
}

/// What a client is told of a member that our own rules refuse.
pub(super) fn told(error: Error) -> Refusal {
    let Some(first) = error.errors().first() else { return error.into() };
    let field = first.field.split('[').next().unwrap_or_default();
    let why = match field {
        "redirect_uris" | "post_logout_redirect_uris" => {
            return OAuthError::new(ErrorCode::InvalidRedirectUri, "a redirect URI breaks the rules").into();
        }
        "name" => "client_name has more than 100 characters or is empty",
        "jwks" => "jwks is missing, too large or malformed",
        "jwks_uri" => "jwks_uri is no address that can be called, or stands beside jwks",
        "grant_types" => "these grant types do not go together",
        "default_acr_values" => "default_acr_values holds a level that there is not",
        "request_uris" | "backchannel_logout_uri" => "a URL is none that can be called from outside",
        "contacts" => "contacts are at most 10 e-mail addresses",
        _ => "a member breaks a rule of this server",
    };
    invalid(why).into()
}
