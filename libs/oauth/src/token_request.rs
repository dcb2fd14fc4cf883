//! Requests to the token endpoint, one shape a grant (RFC 6749, 8628, 8693).

use crate::{Client, ErrorCode, GrantType, OAuthError, Params, Scopes, resource};

/// Most characters of a code or token of ours.
const SECRET: usize = 512;

/// What a client asks tokens for.
#[derive(Clone, PartialEq, Eq)]
pub enum TokenRequest {
    /// RFC 6749 §4.1.3.
    AuthorizationCode {
        /// The code.
        code: String,
        /// As it was sent with the authorization request; to be compared there.
        redirect_uri: Option<String>,
        /// The original of the challenge.
        code_verifier: Option<String>,
        /// A part of the resources of the grant (RFC 8707 §2.2).
        resources: Vec<String>,
    },
    /// RFC 6749 §6.
    RefreshToken {
        /// The token.
        refresh_token: String,
        /// A part of the scopes of the grant.
        scope: Option<Scopes>,
        /// A part of the resources of the grant.
        resources: Vec<String>,
        /// Another organization, or `personal`.
        organization_id: Option<String>,
    },
    /// RFC 6749 §4.4.
    ClientCredentials {
        /// What is asked for.
        scope: Option<Scopes>,
        /// For which resources.
        resources: Vec<String>,
        /// For which organization.
        organization_id: Option<String>,
    },
    /// RFC 8628 §3.4.
    DeviceCode {
        /// The code.
        device_code: String,
    },
    /// RFC 8693 §2.1.
    TokenExchange(Box<Exchange>),
}

impl std::fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenRequest({})", self.grant().name())
    }
}

/// What is exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectType {
    /// An access token of ours.
    AccessToken,
    /// A session of ours.
    Session,
    /// The id of an identity: impersonation.
    Identity,
}

impl SubjectType {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            ACCESS_TOKEN_TYPE => Some(Self::AccessToken),
            "urn:avnology:params:oauth:token-type:session" => Some(Self::Session),
            "urn:avnology:params:oauth:token-type:identity" => Some(Self::Identity),
            _ => None,
        }
    }
}

/// The type of access tokens in exchanges (RFC 8693 §3).
pub const ACCESS_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";

/// An exchange of tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct Exchange {
    /// What stands for the subject.
    pub subject_token: String,
    /// Of which kind that is.
    pub subject_type: SubjectType,
    /// The access token of whoever acts.
    pub actor_token: Option<String>,
    /// For whom the result is: `audience` and `resource` together.
    pub audiences: Vec<String>,
    /// A part of the subject's scopes.
    pub scope: Option<Scopes>,
    /// Another organization, or `personal`.
    pub organization_id: Option<String>,
    /// Why somebody is impersonated.
    pub reason: Option<String>,
}

impl TokenRequest {
    /// Reads the request of a client that authenticated. `unsupported_grant_type` for grants that there are not,
    /// `unauthorized_client` for those that the client may not use.
    pub fn parse(params: &Params, client: &Client) -> Result<Self, OAuthError> {
        let name = params.required("grant_type", "grant_type is missing")?;
        let unsupported = OAuthError::new(ErrorCode::UnsupportedGrantType, "this grant is not supported");
        let grant = GrantType::from_name(name).ok_or(unsupported)?;
        if !client.may(grant) {
            return Err(OAuthError::new(ErrorCode::UnauthorizedClient, "the client may not use this grant"));
        }
        let optional = |name: &str| params.get(name).map(str::to_owned);
        let organization_id = optional("organization_id");
        let resources = resource::of_request(params)?;
        Ok(match grant {
            GrantType::AuthorizationCode => Self::AuthorizationCode {
                code: secret(params, "code", "code is missing or too long")?,
                redirect_uri: optional("redirect_uri"),
                code_verifier: optional("code_verifier"),
                resources,
            },
            GrantType::RefreshToken => Self::RefreshToken {
                refresh_token: secret(params, "refresh_token", "refresh_token is missing or too long")?,
                scope: scope(params)?,
                resources,
                organization_id,
            },
            GrantType::ClientCredentials => {
                if !client.kind.is_confidential() {
                    let why = "only confidential clients may use this grant";
                    return Err(OAuthError::new(ErrorCode::UnauthorizedClient, why));
                }
                Self::ClientCredentials { scope: scope(params)?, resources, organization_id }
            }
            GrantType::DeviceCode => Self::DeviceCode {
                device_code: secret(params, "device_code", "device_code is missing or too long")?,
            },
            GrantType::TokenExchange => {
                Self::TokenExchange(Box::new(exchange(params, resources, organization_id)?))
            }
        })
    }

    /// The grant.
    pub fn grant(&self) -> GrantType {
        match self {
            Self::AuthorizationCode { .. } => GrantType::AuthorizationCode,
            Self::RefreshToken { .. } => GrantType::RefreshToken,
            Self::ClientCredentials { .. } => GrantType::ClientCredentials,
            Self::DeviceCode { .. } => GrantType::DeviceCode,
            Self::TokenExchange(_) => GrantType::TokenExchange,
        }
    }
}

fn exchange(
    params: &Params,
    resources: Vec<String>,
    organization_id: Option<String>,
) -> Result<Exchange, OAuthError> {
    let subject_type = params.required("subject_token_type", "subject_token_type is missing")?;
    let subject_type = SubjectType::from_name(subject_type)
        .ok_or(OAuthError::request("this subject_token_type is not supported"))?;
    if params.get("requested_token_type").is_some_and(|wanted| wanted != ACCESS_TOKEN_TYPE) {
        return Err(OAuthError::request("only access tokens can be requested"));
    }
    // §2.1: the type is there when the token is, and only then.
    let actor_token = match (params.get("actor_token"), params.get("actor_token_type")) {
        (None, None) => None,
        (Some(token), Some(ACCESS_TOKEN_TYPE)) => Some(token.to_owned()),
        _ => return Err(OAuthError::request("actor_token must come with the type of access tokens")),
    };
    let reason = params.get("reason").map(str::to_owned);
    if subject_type == SubjectType::Identity && (actor_token.is_none() || reason.is_none()) {
        return Err(OAuthError::request("impersonation needs actor_token and reason"));
    }
    let mut audiences = resources;
    audiences.extend(params.all("audience").map(str::to_owned));
    Ok(Exchange {
        subject_token: params.required("subject_token", "subject_token is missing")?.to_owned(),
        subject_type,
        actor_token,
        audiences,
        scope: scope(params)?,
        organization_id,
        reason,
    })
}

fn scope(params: &Params) -> Result<Option<Scopes>, OAuthError> {
    params.get("scope").map(Scopes::parse).transpose()
}

fn secret(params: &Params, name: &str, missing: &'static str) -> Result<String, OAuthError> {
    let text = params.get(name).filter(|text| text.len() <= SECRET);
    text.map(str::to_owned).ok_or(OAuthError::request(missing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ClientType, client::samples::web};

    fn parse(form: &str, client: &Client) -> Result<TokenRequest, ErrorCode> {
        TokenRequest::parse(&Params::parse(form.as_bytes()).unwrap(), client).map_err(|error| error.code)
    }

    fn all() -> Client {
        Client { grant_types: GrantType::ALL.to_vec(), ..web() }
    }

    #[test]
    fn each_grant_is_read_with_its_own_parameters() {
        assert_eq!(
            parse("grant_type=authorization_code&code=c&code_verifier=v&scope=ignored&x=y", &web()),
            Ok(TokenRequest::AuthorizationCode {
                code: "c".to_owned(),
                redirect_uri: None,
                code_verifier: Some("v".to_owned()),
                resources: Vec::new(),
            })
        );
        let refresh =
            parse("grant_type=refresh_token&refresh_token=t&scope=openid&organization_id=acme", &web());
        assert!(matches!(
            refresh,
            Ok(TokenRequest::RefreshToken { organization_id: Some(_), scope: Some(_), .. })
        ));
        assert!(parse("grant_type=client_credentials", &all()).is_ok());
        assert!(
            parse("grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d", &all()).is_ok()
        );
    }

    /// RFC 9700 §2.4.
    #[test]
    fn there_is_no_grant_for_passwords() {
        let password = parse("grant_type=password&username=jane&password=secret", &all());
        assert_eq!(password, Err(ErrorCode::UnsupportedGrantType));
        assert_eq!(parse("grant_type=implicit", &all()), Err(ErrorCode::UnsupportedGrantType));
    }

    #[test]
    fn a_grant_that_the_client_may_not_use_is_refused() {
        assert_eq!(parse("grant_type=client_credentials", &web()), Err(ErrorCode::UnauthorizedClient));
        let public = Client { kind: ClientType::Spa, ..all() };
        assert_eq!(parse("grant_type=client_credentials", &public), Err(ErrorCode::UnauthorizedClient));
        for form in ["", "grant_type=authorization_code", "grant_type=refresh_token&refresh_token="] {
            assert_eq!(parse(form, &all()), Err(ErrorCode::InvalidRequest), "{form}");
        }
    }

    #[test]
    fn an_exchange_names_what_it_exchanges() {
        let form = |rest: &str| {
            let grant = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=t";
            parse(&format!("{grant}&subject_token_type={rest}"), &all())
        };
        let token = "urn:ietf:params:oauth:token-type:access_token";
        let Ok(TokenRequest::TokenExchange(read)) =
            form(&format!("{token}&audience=a&resource=https://r.example"))
        else {
            panic!("an exchange")
        };
        assert_eq!(read.audiences, ["https://r.example", "a"]);
        assert!(form(&format!("{token}&actor_token=x&actor_token_type={token}")).is_ok());
        for bad in [
            "urn:ietf:params:oauth:token-type:refresh_token".to_owned(),
            format!("{token}&actor_token=x"),
            format!("{token}&actor_token_type={token}"),
            format!("{token}&requested_token_type=urn:ietf:params:oauth:token-type:refresh_token"),
            "urn:avnology:params:oauth:token-type:identity".to_owned(),
        ] {
            assert_eq!(form(&bad), Err(ErrorCode::InvalidRequest), "{bad}");
        }
    }
}
