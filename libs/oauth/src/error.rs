//! Errors as the standards spell them: RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core §3.1.2.6, RFC 7009, 7591, 8628, 8693,
//! 8707, 9101, 9126, 9449, 9470.

use std::fmt;

use serde_json::{Value, json};

/// The word in `error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// Something is missing, twice there or malformed.
    InvalidRequest,
    /// The client is not who it says, or cannot show it.
    InvalidClient,
    /// Code, token or verifier do not fit.
    InvalidGrant,
    /// The client may not do that.
    UnauthorizedClient,
    /// No such grant.
    UnsupportedGrantType,
    /// No such response type.
    UnsupportedResponseType,
    /// A scope that is unknown or that the client may not have.
    InvalidScope,
    /// A resource or audience that is unknown or that the client may not have (RFC 8707).
    InvalidTarget,
    /// The person, a gate or a policy said no.
    AccessDenied,
    /// `prompt=none`, and nobody is signed in as was asked.
    LoginRequired,
    /// `prompt=none`, and a page would have to be shown.
    InteractionRequired,
    /// `prompt=none`, and consent is missing.
    ConsentRequired,
    /// `prompt=none`, and an account would have to be chosen.
    AccountSelectionRequired,
    /// The `acr` that is required cannot be reached (RFC 9470).
    UnmetAuthenticationRequirements,
    /// The request object does not hold (RFC 9101).
    InvalidRequestObject,
    /// The URI of the request is unknown, used or unreachable (RFC 9101, 9126).
    InvalidRequestUri,
    /// The parameter `registration` is not supported.
    RegistrationNotSupported,
    /// The proof of possession does not hold (RFC 9449).
    InvalidDpopProof,
    /// The proof needs the nonce that comes along (RFC 9449).
    UseDpopNonce,
    /// The person has not answered yet (RFC 8628).
    AuthorizationPending,
    /// Asked too often (RFC 8628).
    SlowDown,
    /// The device code is too old (RFC 8628).
    ExpiredToken,
    /// Such tokens cannot be revoked here (RFC 7009).
    UnsupportedTokenType,
    /// An access token that does not hold (RFC 6750).
    InvalidToken,
    /// An access token that is not enough (RFC 6750).
    InsufficientScope,
    /// A redirect URI that breaks the rules (RFC 7591).
    InvalidRedirectUri,
    /// Something else of a registration that breaks the rules (RFC 7591).
    InvalidClientMetadata,
    /// Ours.
    ServerError,
    /// Ours, and it passes.
    TemporarilyUnavailable,
}

impl ErrorCode {
    /// As it is spelt.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::AccessDenied => "access_denied",
            Self::LoginRequired => "login_required",
            Self::InteractionRequired => "interaction_required",
            Self::ConsentRequired => "consent_required",
            Self::AccountSelectionRequired => "account_selection_required",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::InvalidRequestObject => "invalid_request_object",
            Self::InvalidRequestUri => "invalid_request_uri",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::InvalidDpopProof => "invalid_dpop_proof",
            Self::UseDpopNonce => "use_dpop_nonce",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::ExpiredToken => "expired_token",
            Self::UnsupportedTokenType => "unsupported_token_type",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }

    /// The HTTP status where the error is answered directly, not by a redirect.
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidClient | Self::InvalidToken => 401,
            Self::InsufficientScope => 403,
            Self::ServerError => 500,
            Self::TemporarilyUnavailable => 503,
            _ => 400,
        }
    }
}

/// An error with words for whoever writes the client. They never hold what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthError {
    /// What is wrong.
    pub code: ErrorCode,
    /// Why, for developers: ASCII without `"` and `\` (RFC 6749 §5.2).
    pub description: &'static str,
}

impl OAuthError {
    /// This error for this reason.
    pub const fn new(code: ErrorCode, description: &'static str) -> Self {
        Self { code, description }
    }

    /// `invalid_request`.
    pub(crate) const fn request(description: &'static str) -> Self {
        Self::new(ErrorCode::InvalidRequest, description)
    }

    /// `invalid_client`.
    pub(crate) const fn client(description: &'static str) -> Self {
        Self::new(ErrorCode::InvalidClient, description)
    }

    /// The body (RFC 6749 §5.2).
    pub fn to_json(&self) -> Value {
        json!({ "error": self.code.name(), "error_description": self.description })
    }

    /// The header `WWW-Authenticate` where the status needs one: for a client that failed to authenticate, in the scheme
    /// that it tried.
    pub fn www_authenticate(&self, used_basic: bool) -> Option<String> {
        let scheme = match self.code {
            ErrorCode::InvalidClient if used_basic => "Basic",
            ErrorCode::InvalidClient | ErrorCode::InvalidToken => "Bearer",
            _ => return None,
        };
        Some(format!(
            r#"{scheme} realm="oauth", error="{}", error_description="{}""#,
            self.code.name(),
            self.description
        ))
    }
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.description)
    }
}

impl std::error::Error for OAuthError {}
