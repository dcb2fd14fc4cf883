//! FAPI 2.0 Security Profile: what a client's settings must be to live by it (`contract/30` §14).

use avnology_jose::Algorithm;

use crate::{AuthMethod, ClientType, SecurityProfile};

/// The settings that the profile says something about.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// `type`.
    pub kind: ClientType,
    /// `token_endpoint_auth_method`.
    pub auth_method: AuthMethod,
    /// `require_pkce`.
    pub require_pkce: bool,
    /// `refresh_token_rotation`.
    pub rotates: bool,
    /// `access_token_ttl_seconds`.
    pub access_token_ttl: u32,
    /// `access_token_signed_response_alg`, `id_token_signed_response_alg`.
    pub token_algs: (Algorithm, Algorithm),
    /// `userinfo_signed_response_alg`, `request_object_signing_alg`.
    pub optional_algs: (Option<Algorithm>, Option<Algorithm>),
    /// Whether there are `allowed_cors_origins`.
    pub has_cors_origins: bool,
}

/// The longest life of an access token, in seconds.
const ACCESS_TOKEN_TTL: u32 = 900;

/// The fields that break a row of the profile. None: the client may live by it.
pub fn breaches(settings: &Settings) -> Vec<&'static str> {
    let is_weak = |algorithm: Algorithm| !SecurityProfile::Fapi2.algorithms().contains(&algorithm);
    let (access, id) = settings.token_algs;
    let (userinfo, request) = settings.optional_algs;
    [
        ("type", !settings.kind.is_confidential()),
        ("token_endpoint_auth_method", settings.auth_method != AuthMethod::PrivateKeyJwt),
        ("require_pkce", !settings.require_pkce),
        ("refresh_token_rotation", settings.rotates),
        ("access_token_ttl_seconds", settings.access_token_ttl > ACCESS_TOKEN_TTL),
        ("access_token_signed_response_alg", is_weak(access)),
        ("id_token_signed_response_alg", is_weak(id)),
        ("userinfo_signed_response_alg", userinfo.is_some_and(is_weak)),
        ("request_object_signing_alg", request.is_some_and(is_weak)),
        ("allowed_cors_origins", settings.has_cors_origins),
    ]
    .into_iter()
    .filter_map(|(field, is_broken)| is_broken.then_some(field))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_of_the_profile_is_named_when_it_is_broken() {
        let good = Settings {
            kind: ClientType::Web,
            auth_method: AuthMethod::PrivateKeyJwt,
            require_pkce: true,
            rotates: false,
            access_token_ttl: 900,
            token_algs: (Algorithm::Es256, Algorithm::Ps256),
            optional_algs: (None, Some(Algorithm::EdDsa)),
            has_cors_origins: false,
        };
        assert!(breaches(&good).is_empty());
        let bad = Settings {
            kind: ClientType::Spa,
            auth_method: AuthMethod::None,
            require_pkce: false,
            rotates: true,
            access_token_ttl: 901,
            token_algs: (Algorithm::Rs256, Algorithm::Rs256),
            optional_algs: (Some(Algorithm::Rs256), Some(Algorithm::Rs256)),
            has_cors_origins: true,
        };
        assert_eq!(breaches(&bad).len(), 10);
        let rs256 = Settings { token_algs: (Algorithm::Es256, Algorithm::Rs256), ..good };
        assert_eq!(breaches(&rs256), ["id_token_signed_response_alg"]);
    }
}
