//! The authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2, RFC 9126, `contract/30` §3), in the order in which it
//! must be judged: first whether anybody may be redirected at all, then everything else.

use crate::{
    AcrValue, ClaimsRequest, Client, CodeChallenge, ErrorCode, GrantType, OAuthError, Params, Prompt, Scopes,
    SecurityProfile, dpop, prompt, redirect_uri, resource,
};

/// Most characters of `state`.
const STATE: usize = 2_048;
/// Most characters of `nonce`, hints and the like.
const TEXT: usize = 512;
/// Most characters of an ID token that is a hint.
const HINT: usize = 16_384;

/// How the answer travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseMode {
    /// In the query of the redirect.
    Query,
    /// In a form that posts itself.
    FormPost,
}

/// Where an answer goes, whether good or bad. It exists only for URIs of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnTo {
    /// A registered redirect URI.
    pub redirect_uri: String,
    /// To be returned unchanged.
    pub state: Option<String>,
    /// How.
    pub mode: ResponseMode,
}

/// Why a request is not gone on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A page with the error, and no redirect (HTTP 400): nobody knows that the URI is the client's.
    Page(OAuthError),
    /// The error goes back to the client.
    Redirect(ReturnTo, OAuthError),
}

/// What a client asks the person for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// Where the answer goes.
    pub return_to: ReturnTo,
    /// Whether `redirect_uri` was sent, so that the token request must repeat it.
    pub redirect_uri_was_sent: bool,
    /// What it asks for, of what it may have.
    pub scopes: Scopes,
    /// For the ID token.
    pub nonce: Option<String>,
    /// To be answered at the token endpoint.
    pub code_challenge: Option<CodeChallenge>,
    /// The key that the code is bound to.
    pub dpop_jkt: Option<String>,
    /// For which resources.
    pub resources: Vec<String>,
    /// What to ask the person.
    pub prompt: Prompt,
    /// How old a sign-in may be, in seconds.
    pub max_age: Option<u64>,
    /// Any of these, in order of preference.
    pub acr: Vec<AcrValue>,
    /// Single claims.
    pub claims: ClaimsRequest,
    /// Who is expected to sign in.
    pub login_hint: Option<String>,
    /// An ID token of ours, not verified yet.
    pub id_token_hint: Option<String>,
    /// Languages.
    pub ui_locales: Option<String>,
    /// An organization's id or slug.
    pub organization: Option<String>,
    /// An SSO connection.
    pub connection_id: Option<String>,
}

/// How a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Through the browser.
    Front,
    /// Pushed by the authenticated client (RFC 9126).
    Pushed,
}

/// Judges a request whose parameters are known: those of the query or form, of a request object that was verified, or those
/// that were pushed. `is_known` says which scopes there are.
pub fn judge(
    params: &Params,
    client: &Client,
    channel: Channel,
    is_known: impl Fn(&str) -> bool,
) -> Result<AuthorizationRequest, Refused> {
    let return_to = return_to(params, client)?;
    match read(params, client, channel, &return_to, is_known) {
        Ok(request) => Ok(request),
        Err(error) => Err(Refused::Redirect(return_to, error)),
    }
}

/// Where answers go: the first thing to know, and an error of this page's own if it is not.
pub fn return_to(params: &Params, client: &Client) -> Result<ReturnTo, Refused> {
    let page = |why| Refused::Page(OAuthError::request(why));
    if params.required("client_id", "client_id is missing").map_err(Refused::Page)? != client.id {
        return Err(page("client_id is of another client"));
    }
    let asked = params.get("redirect_uri");
    let is_openid = params.get("scope").is_some_and(|scope| scope.split(' ').any(|one| one == "openid"));
    let must_be_sent = is_openid || client.profile == SecurityProfile::Fapi2;
    let uri = redirect_uri::find(&client.redirect_uris, asked, must_be_sent);
    let uri = uri.ok_or(page("redirect_uri is missing or not registered"))?;
    let state = params.get("state").filter(|state| state.len() <= STATE).map(str::to_owned);
    let is_form =
        params.get("response_mode") == Some("form_post") && client.profile != SecurityProfile::Fapi2;
    let mode = if is_form { ResponseMode::FormPost } else { ResponseMode::Query };
    Ok(ReturnTo { redirect_uri: uri.to_owned(), state, mode })
}

fn read(
    params: &Params,
    client: &Client,
    channel: Channel,
    return_to: &ReturnTo,
    is_known: impl Fn(&str) -> bool,
) -> Result<AuthorizationRequest, OAuthError> {
    check_form(params, client, channel)?;
    let scopes = scopes(params, client, is_known)?;
    let code_challenge = CodeChallenge::of_request(params)?;
    if code_challenge.is_none() && client.needs_pkce() {
        return Err(OAuthError::request("code_challenge is missing"));
    }
    let resources = resource::of_request(params)?;
    resource::check(&resources, &client.resources)?;
    let claims = params.get("claims").map(ClaimsRequest::parse).transpose()?.unwrap_or_default();
    let own = params.get("acr_values").map(AcrValue::list);
    let default = || client.default_acr_values.iter().filter_map(|name| AcrValue::from_name(name)).collect();
    let mut acr: Vec<AcrValue> = own.unwrap_or_else(default);
    if claims.acr_is_essential {
        acr.clone_from(&claims.acr);
    }
    let optional = |name: &str| params.get(name).map(str::to_owned);
    Ok(AuthorizationRequest {
        return_to: return_to.clone(),
        redirect_uri_was_sent: params.get("redirect_uri").is_some(),
        scopes,
        nonce: optional("nonce"),
        code_challenge,
        dpop_jkt: dpop::binding(params.get("dpop_jkt"), None)?,
        resources,
        prompt: Prompt::parse(params.get("prompt"))?,
        max_age: prompt::max_age(params)?.or(client.default_max_age),
        acr,
        claims,
        login_hint: optional("login_hint"),
        id_token_hint: optional("id_token_hint"),
        ui_locales: optional("ui_locales"),
        organization: organization(params)?,
        connection_id: optional("connection_id"),
    })
}

/// What has a fixed form, and what must not be there.
fn check_form(params: &Params, client: &Client, channel: Channel) -> Result<(), OAuthError> {
    if !client.may(GrantType::AuthorizationCode) {
        return Err(OAuthError::new(ErrorCode::UnauthorizedClient, "the client may not use this grant"));
    }
    if params.get("state").is_some_and(|state| state.len() > STATE) {
        return Err(OAuthError::request("state is too long"));
    }
    // RFC 9700 §2.1.2: no tokens from here.
    if params.required("response_type", "response_type is missing")? != "code" {
        return Err(OAuthError::new(ErrorCode::UnsupportedResponseType, "response_type must be code"));
    }
    let is_fapi = client.profile == SecurityProfile::Fapi2;
    match params.get("response_mode") {
        None | Some("query") => {}
        Some("form_post") if !is_fapi => {}
        Some(_) => return Err(OAuthError::request("this response_mode is not supported")),
    }
    if channel == Channel::Front && client.needs_par() {
        return Err(OAuthError::request("the request must be pushed"));
    }
    if params.get("registration").is_some() {
        return Err(OAuthError::new(ErrorCode::RegistrationNotSupported, "registration is not supported"));
    }
    for (name, most) in [
        ("nonce", TEXT),
        ("login_hint", TEXT),
        ("ui_locales", TEXT),
        ("organization_id", TEXT),
        ("organization", TEXT),
        ("connection_id", TEXT),
        ("acr_values", TEXT),
        ("id_token_hint", HINT),
    ] {
        if params.get(name).is_some_and(|value| value.len() > most) {
            return Err(OAuthError::request("a parameter is too long"));
        }
    }
    Ok(())
}

fn scopes(params: &Params, client: &Client, is_known: impl Fn(&str) -> bool) -> Result<Scopes, OAuthError> {
    match params.get("scope") {
        Some(text) => Scopes::parse(text)?.granted(&client.scopes, is_known),
        None => Ok(client.scopes.filtered(|scope| scope == "openid")),
    }
}

/// `organization_id`, or `organization`, which is the same.
fn organization(params: &Params) -> Result<Option<String>, OAuthError> {
    match (params.get("organization_id"), params.get("organization")) {
        (Some(one), Some(other)) if one != other => {
            Err(OAuthError::request("organization_id and organization differ"))
        }
        (one, other) => Ok(one.or(other).map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests;
