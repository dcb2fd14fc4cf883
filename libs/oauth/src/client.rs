//! What is known of a client, as far as the rules of the protocol ask (`contract/30` §2.1).

use avnology_jose::{Algorithm, KeySet};

use crate::{RedirectUri, Scopes};

/// Where a client runs, and so whether it can keep a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientType {
    /// On a server, for people.
    Web,
    /// In a browser.
    Spa,
    /// On a telephone or a desk.
    Native,
    /// On something without a browser.
    Device,
    /// On a server, for itself.
    Machine,
}

impl ClientType {
    /// Whether it can keep a secret.
    pub const fn is_confidential(self) -> bool {
        matches!(self, Self::Web | Self::Machine)
    }
}

/// How a client shows who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthMethod {
    /// Id and secret in the header `Authorization`.
    ClientSecretBasic,
    /// Id and secret in the form.
    ClientSecretPost,
    /// A statement signed by its key (RFC 7523).
    PrivateKeyJwt,
    /// Not at all: it only says who it is.
    None,
}

impl AuthMethod {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::ClientSecretBasic, Self::ClientSecretPost, Self::PrivateKeyJwt, Self::None];

    /// As it is spelt.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::None => "none",
        }
    }

    /// The method of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// What tokens are given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrantType {
    /// A code that a person's browser brought.
    AuthorizationCode,
    /// A refresh token.
    RefreshToken,
    /// The client itself.
    ClientCredentials,
    /// A device whose code a person confirmed (RFC 8628).
    DeviceCode,
    /// Another token (RFC 8693).
    TokenExchange,
}

impl GrantType {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::ClientCredentials,
        Self::DeviceCode,
        Self::TokenExchange,
    ];

    /// As it is spelt.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            Self::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
        }
    }

    /// The grant of this name. There is none for passwords and none that answers from the authorization endpoint (RFC 9700
    /// §2.1.2 and §2.4).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.name() == name)
    }
}

/// Which rules a client lives by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecurityProfile {
    /// OAuth 2.1 with RFC 9700.
    OAuth21,
    /// FAPI 2.0 Security Profile.
    Fapi2,
}

/// The algorithms by which clients sign, and by which tokens are signed for them.
pub const SIGNING_ALGORITHMS: [Algorithm; 4] =
    [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ps256, Algorithm::Rs256];

impl SecurityProfile {
    /// The algorithms that count under it.
    pub const fn algorithms(self) -> &'static [Algorithm] {
        match self {
            Self::OAuth21 => &SIGNING_ALGORITHMS,
            Self::Fapi2 => &[Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ps256],
        }
    }
}

/// A client, as the rules of the protocol see it.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its `client_id`.
    pub id: String,
    /// Where it runs.
    pub kind: ClientType,
    /// Which rules it lives by.
    pub profile: SecurityProfile,
    /// How it shows who it is.
    pub auth_method: AuthMethod,
    /// What it may get tokens for.
    pub grant_types: Vec<GrantType>,
    /// Where people may be sent back to.
    pub redirect_uris: Vec<RedirectUri>,
    /// The most it may ask for.
    pub scopes: Scopes,
    /// The resources that it may ask for.
    pub resources: Vec<String>,
    /// Its public keys.
    pub keys: KeySet,
    /// By which algorithm it signs requests; `None`: any.
    pub request_object_alg: Option<Algorithm>,
    /// Where requests may be fetched from.
    pub request_uris: Vec<String>,
    /// Whether its requests must be pushed (RFC 9126).
    pub require_par: bool,
    /// Whether its tokens must be bound to a key (RFC 9449).
    pub require_dpop: bool,
    /// Whether it must send a challenge (RFC 7636).
    pub require_pkce: bool,
    /// How old a sign-in may be, in seconds, where a request does not say.
    pub default_max_age: Option<u64>,
    /// The `acr` that it wants where a request does not say.
    pub default_acr_values: Vec<String>,
}

impl Client {
    /// Whether it must send a challenge: all but confidential clients that were let off (`contract/30` §2.1).
    pub fn needs_pkce(&self) -> bool {
        self.require_pkce || !self.kind.is_confidential() || self.profile == SecurityProfile::Fapi2
    }

    /// Whether its requests must be pushed.
    pub fn needs_par(&self) -> bool {
        self.require_par || self.profile == SecurityProfile::Fapi2
    }

    /// Whether its tokens must be bound to a key.
    pub fn needs_dpop(&self) -> bool {
        self.require_dpop || self.profile == SecurityProfile::Fapi2
    }

    /// Whether its proofs must hold a nonce of ours: public clients and FAPI (`contract/30` §8).
    pub fn needs_dpop_nonce(&self) -> bool {
        !self.kind.is_confidential() || self.profile == SecurityProfile::Fapi2
    }

    /// Whether it may have tokens for this.
    pub fn may(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;

    /// A server's client that lives by OAuth 2.1.
    pub(crate) fn web() -> Client {
        Client {
            id: "cli_web".to_owned(),
            kind: ClientType::Web,
            profile: SecurityProfile::OAuth21,
            auth_method: AuthMethod::ClientSecretBasic,
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            redirect_uris: vec![
                RedirectUri::register("https://app.example.com/cb", ClientType::Web, false).unwrap(),
            ],
            scopes: Scopes::parse("openid profile email offline_access").unwrap(),
            resources: vec!["https://api.example.com".to_owned()],
            keys: KeySet::default(),
            request_object_alg: None,
            request_uris: Vec::new(),
            require_par: false,
            require_dpop: false,
            require_pkce: true,
            default_max_age: None,
            default_acr_values: Vec::new(),
        }
    }
}
