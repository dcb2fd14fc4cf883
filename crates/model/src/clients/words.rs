//! The words of clients.

use crate::text::text_enum;

text_enum! {
    /// Where a client runs, and so whether it can keep a secret.
    pub enum ClientType {
        /// On a server, for people.
        Web = "web",
        /// In a browser.
        Spa = "spa",
        /// On a telephone or a desk.
        Native = "native",
        /// On something without a browser.
        Device = "device",
        /// On a server, for itself.
        Machine = "machine",
    }
}

impl ClientType {
    /// Whether it can keep a secret.
    pub fn is_confidential(self) -> bool {
        matches!(self, Self::Web | Self::Machine)
    }

    /// What clients of this type get tokens for, where they do not say.
    pub fn default_grant_types(self) -> Vec<GrantType> {
        match self {
            Self::Machine => vec![GrantType::ClientCredentials],
            Self::Device => vec![GrantType::DeviceCode, GrantType::RefreshToken],
            Self::Web | Self::Spa | Self::Native => {
                vec![GrantType::AuthorizationCode, GrantType::RefreshToken]
            }
        }
    }

    /// How clients of this type show who they are, where they do not say.
    pub fn default_auth_method(self) -> TokenEndpointAuthMethod {
        if self.is_confidential() {
            TokenEndpointAuthMethod::ClientSecretBasic
        } else {
            TokenEndpointAuthMethod::None
        }
    }
}

text_enum! {
    /// Whether a client works.
    pub enum ClientState {
        /// It does.
        Active = "active",
        /// It does not, and what it holds is good for nothing.
        Disabled = "disabled",
    }
}

text_enum! {
    /// What tokens are given for.
    pub enum GrantType {
        /// A code that a person's browser brought.
        AuthorizationCode = "authorization_code",
        /// A refresh token.
        RefreshToken = "refresh_token",
        /// The client itself.
        ClientCredentials = "client_credentials",
        /// A device whose code a person confirmed (RFC 8628).
        DeviceCode = "urn:ietf:params:oauth:grant-type:device_code",
        /// Another token (RFC 8693).
        TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange",
    }
}

text_enum! {
    /// Which rules a client lives by.
    pub enum SecurityProfile {
        /// OAuth 2.1.
        OAuth21 = "oauth2.1",
        /// The FAPI 2.0 Security Profile.
        Fapi2 = "fapi2",
    }
}

text_enum! {
    /// How a client shows who it is.
    pub enum TokenEndpointAuthMethod {
        /// Id and secret in the header `Authorization`.
        ClientSecretBasic = "client_secret_basic",
        /// Id and secret in the form.
        ClientSecretPost = "client_secret_post",
        /// A statement signed by its key (RFC 7523).
        PrivateKeyJwt = "private_key_jwt",
        /// Not at all: it only says who it is.
        None = "none",
    }
}

impl TokenEndpointAuthMethod {
    /// Whether it needs a secret.
    pub fn uses_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost)
    }
}

text_enum! {
    /// What a client wants with organizations.
    pub enum OrganizationSelection {
        /// Nothing.
        None = "none",
        /// One, or none.
        Optional = "optional",
        /// One.
        Required = "required",
    }
}
