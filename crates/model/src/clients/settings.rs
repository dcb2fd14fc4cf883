//! What may be written of a client.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    ClientState, ClientType, GrantType, OrganizationSelection, SecurityProfile, TokenEndpointAuthMethod,
    TokenExchange,
};
use crate::{
    ids::{OrganizationId, ServiceAccountId},
    organizations::RegistrationMode,
    platform::SigningAlgorithm,
};

/// The writable members of a client (`contract/30` §2.1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "the members of a client as the contract has them")]
pub struct ClientSettings {
    /// Name, 1–100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Where it runs; set once.
    #[serde(rename = "type")]
    pub kind: ClientType,
    /// Whether it works.
    #[serde(default = "active")]
    pub state: ClientState,
    /// Where people may be sent back to, at most 50; compared as exact strings.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// Where people may be sent after they signed out, at most 50.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// What it may get tokens for; by its type when empty.
    #[serde(default)]
    pub grant_types: Vec<GrantType>,
    /// The most it may ask for.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// Identifiers of the resources that it may ask for.
    #[serde(default)]
    pub resources: Vec<String>,
    /// How it shows who it is; by its type when null.
    #[serde(default)]
    pub token_endpoint_auth_method: Option<TokenEndpointAuthMethod>,
    /// Its public keys, a JWK Set, for `private_key_jwt` and request objects.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub jwks: Option<Value>,
    /// Where its public keys are, in place of `jwks`: fetched when they are needed, and kept for 5 minutes.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    /// Which rules it lives by; `fapi2` demands much of the other members.
    #[serde(default = "oauth21")]
    pub security_profile: SecurityProfile,
    /// Whether its authorization requests must be pushed (RFC 9126).
    #[serde(default)]
    pub require_par: bool,
    /// Whether its tokens must be bound to a key (RFC 9449).
    #[serde(default)]
    pub require_dpop: bool,
    /// By which algorithm it signs its requests (RFC 9101); null: by any.
    #[serde(default)]
    pub request_object_signing_alg: Option<SigningAlgorithm>,
    /// Where its signed requests may be fetched from, at most 20.
    #[serde(default)]
    pub request_uris: Vec<String>,
    /// Whether it is the makers' own: nobody is asked for consent.
    #[serde(default)]
    pub first_party: bool,
    /// Whether it must send a challenge (RFC 7636); false for confidential clients only.
    #[serde(default = "yes")]
    pub require_pkce: bool,
    /// By which algorithm its access tokens are signed.
    #[serde(default = "es256")]
    pub access_token_signed_response_alg: SigningAlgorithm,
    /// By which algorithm its ID and logout tokens are signed; by its profile when null.
    #[serde(default)]
    pub id_token_signed_response_alg: Option<SigningAlgorithm>,
    /// By which algorithm its userinfo is signed; null: it is JSON.
    #[serde(default)]
    pub userinfo_signed_response_alg: Option<SigningAlgorithm>,
    /// Life of an access token in seconds, 300–3600.
    #[serde(default = "access_seconds")]
    #[schema(minimum = 300, maximum = 3600)]
    pub access_token_ttl_seconds: u32,
    /// Life of an ID token in seconds, 300–86400.
    #[serde(default = "id_seconds")]
    #[schema(minimum = 300, maximum = 86400)]
    pub id_token_ttl_seconds: u32,
    /// Life of a family of refresh tokens in seconds, 3600–31536000.
    #[serde(default = "refresh_seconds")]
    #[schema(minimum = 3600, maximum = 31_536_000)]
    pub refresh_token_ttl_seconds: u32,
    /// Life of a refresh token that nobody uses, in seconds, 3600–31536000.
    #[serde(default = "refresh_idle_seconds")]
    #[schema(minimum = 3600, maximum = 31_536_000)]
    pub refresh_token_idle_ttl_seconds: u32,
    /// Whether each use of a refresh token makes a new one; false for confidential clients and those that must prove a key only.
    #[serde(default = "yes")]
    pub refresh_token_rotation: bool,
    /// How old a sign-in may be, in seconds, where a request does not say.
    #[serde(default)]
    pub default_max_age: Option<u32>,
    /// The `acr` that it wants where a request does not say.
    #[serde(default)]
    pub default_acr_values: Vec<String>,
    /// Who may register or join through it; null: whoever the tenant and the organization let in.
    #[serde(default)]
    pub registration_mode: Option<RegistrationMode>,
    /// Whether only people who came by single sign-on may use it.
    #[serde(default)]
    pub sso_required: bool,
    /// The relation that people must have to use it, as in `organizations:acme#employee`.
    #[serde(default)]
    pub required_relation: Option<String>,
    /// What it wants with organizations.
    #[serde(default = "optional")]
    pub organization_selection: OrganizationSelection,
    /// The organizations whose members may use it; all when empty.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub allowed_organizations: Vec<OrganizationId>,
    /// The service account that its own tokens speak for.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub service_account_id: Option<ServiceAccountId>,
    /// What it may exchange tokens for.
    #[serde(default)]
    pub token_exchange: TokenExchange,
    /// Where it is told that a session ended in which it got tokens, an `https` URL.
    #[serde(default)]
    pub backchannel_logout_uri: Option<String>,
    /// Whether it needs to be told which session; it always is.
    #[serde(default = "yes")]
    pub backchannel_logout_session_required: bool,
    /// Where people go who open a stale sign-in page, an `https` URL: it begins a sign-in anew (OpenID Connect Core §4).
    #[serde(default)]
    pub initiate_login_uri: Option<String>,
    /// Its picture.
    #[serde(default)]
    pub logo_uri: Option<String>,
    /// Its home page.
    #[serde(default)]
    pub client_uri: Option<String>,
    /// How it handles data.
    #[serde(default)]
    pub policy_uri: Option<String>,
    /// Its terms.
    #[serde(default)]
    pub tos_uri: Option<String>,
    /// Mail addresses of its makers, at most 10.
    #[serde(default)]
    pub contacts: Vec<String>,
    /// Whether its access tokens tell what the person may do in the organization.
    #[serde(default = "yes")]
    pub include_permissions: bool,
    /// Origins whose pages may call us in a browser, at most 50.
    #[serde(default)]
    pub allowed_cors_origins: Vec<String>,
    /// Origins of its apps whose passkeys count in its flows, at most 50: `https` ones, or `android:apk-key-hash:…`.
    #[serde(default)]
    pub webauthn_origins: Vec<String>,
    /// Applications' data, up to 16 KiB.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
}

fn active() -> ClientState {
    ClientState::Active
}

fn scopes() -> Vec<String> {
    ["openid", "profile", "email", "offline_access", "organizations"].map(str::to_owned).to_vec()
}

fn yes() -> bool {
    true
}

fn es256() -> SigningAlgorithm {
    SigningAlgorithm::Es256
}

fn oauth21() -> SecurityProfile {
    SecurityProfile::OAuth21
}

fn access_seconds() -> u32 {
    900
}

fn id_seconds() -> u32 {
    3_600
}

fn refresh_seconds() -> u32 {
    2_592_000
}

fn refresh_idle_seconds() -> u32 {
    1_209_600
}

fn optional() -> OrganizationSelection {
    OrganizationSelection::Optional
}

impl ClientSettings {
    /// The same with what its type decides where it does not say.
    #[must_use]
    pub fn completed(mut self) -> Self {
        if self.grant_types.is_empty() {
            self.grant_types = self.kind.default_grant_types();
        }
        self.token_endpoint_auth_method.get_or_insert(self.kind.default_auth_method());
        self.id_token_signed_response_alg = Some(self.id_token_alg());
        self
    }

    /// By which algorithm its ID and logout tokens are signed: by RS256, the one that every relying party knows, where neither
    /// it nor its profile says otherwise.
    pub fn id_token_alg(&self) -> SigningAlgorithm {
        self.id_token_signed_response_alg.unwrap_or(match self.security_profile {
            SecurityProfile::OAuth21 => SigningAlgorithm::Rs256,
            SecurityProfile::Fapi2 => SigningAlgorithm::Es256,
        })
    }

    /// How it shows who it is.
    pub fn auth_method(&self) -> TokenEndpointAuthMethod {
        self.token_endpoint_auth_method.unwrap_or(self.kind.default_auth_method())
    }

    /// Whether it may have tokens for this.
    pub fn may(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> ClientSettings {
        let read: ClientSettings = serde_json::from_value(value).expect("settings of a client");
        read.completed()
    }

    #[test]
    fn the_type_decides_what_is_not_said() {
        let web = read(json!({ "name": "Shop", "type": "web" }));
        assert_eq!(web.grant_types, [GrantType::AuthorizationCode, GrantType::RefreshToken]);
        assert_eq!(web.auth_method(), TokenEndpointAuthMethod::ClientSecretBasic);
        let spa = read(json!({ "name": "Shop", "type": "spa" }));
        assert_eq!(spa.auth_method(), TokenEndpointAuthMethod::None);
        let machine = read(json!({ "name": "Job", "type": "machine" }));
        assert_eq!(machine.grant_types, [GrantType::ClientCredentials]);
        let own = read(
            json!({ "name": "Job", "type": "machine", "token_endpoint_auth_method": "private_key_jwt" }),
        );
        assert_eq!(own.auth_method(), TokenEndpointAuthMethod::PrivateKeyJwt);
    }

    #[test]
    fn a_member_that_is_unknown_is_refused() {
        let sent = json!({ "name": "Shop", "type": "web", "colour": "red" });
        assert!(serde_json::from_value::<ClientSettings>(sent).is_err());
    }
}
