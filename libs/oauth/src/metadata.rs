//! Documents that say what the server can (RFC 8414, OpenID Connect Discovery, RFC 9728; `contract/30` §12).

use avnology_jose::Algorithm;
use serde_json::{Map, Value, json};

use crate::{AuthMethod, GrantType, SIGNING_ALGORITHMS, dpop, tokens::SCOPE_CLAIMS};

/// What differs from tenant to tenant.
#[derive(Clone, Copy, Debug)]
pub struct Tenant<'t> {
    /// The issuer: an origin, without a slash at its end.
    pub issuer: &'t str,
    /// Whether clients may register themselves.
    pub has_registration: bool,
    /// Whether the URL of a document may be a client's id.
    pub takes_client_documents: bool,
    /// The languages of the pages.
    pub locales: &'t [String],
    /// Where the rules for users are, if anywhere.
    pub policy_uri: Option<&'t str>,
    /// Where the terms are, if anywhere.
    pub tos_uri: Option<&'t str>,
}

/// Claims that tokens and userinfo may hold besides those of scopes.
const CLAIMS: [&str; 5] = ["auth_time", "acr", "amr", "aal", "sid"];

/// The document at `/.well-known/openid-configuration` and `/.well-known/oauth-authorization-server`.
pub fn authorization_server(tenant: &Tenant<'_>) -> Value {
    let at = |path: &str| format!("{}{path}", tenant.issuer);
    let methods: Vec<_> = AuthMethod::ALL.into_iter().map(AuthMethod::name).collect();
    let confidential: Vec<_> = methods.iter().copied().filter(|method| *method != "none").collect();
    let grants: Vec<_> = GrantType::ALL.into_iter().map(GrantType::name).collect();
    let clients = names(&SIGNING_ALGORITHMS);
    let tokens = names(&[Algorithm::Rs256, Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa]);
    let groups = [
        json!({
            "issuer": tenant.issuer, "authorization_endpoint": at("/oauth2/auth"), "token_endpoint": at("/oauth2/token"),
            "pushed_authorization_request_endpoint": at("/oauth2/par"),
            "device_authorization_endpoint": at("/oauth2/device/auth"), "revocation_endpoint": at("/oauth2/revoke"),
            "introspection_endpoint": at("/oauth2/introspect"), "end_session_endpoint": at("/oauth2/logout"),
            "userinfo_endpoint": at("/userinfo"), "jwks_uri": at("/.well-known/jwks.json"),
        }),
        json!({
            "response_types_supported": ["code"], "response_modes_supported": ["query", "form_post"],
            "grant_types_supported": grants, "subject_types_supported": ["public"],
            "code_challenge_methods_supported": ["S256"], "claim_types_supported": ["normal"],
            "scopes_supported": scopes(), "claims_supported": claims(), "ui_locales_supported": tenant.locales,
            "acr_values_supported":
                ["urn:avnology:acr:aal1", "urn:avnology:acr:aal2", "urn:avnology:acr:aal3", "phr", "phrh"],
            "prompt_values_supported":
                ["none", "login", "consent", "select_account", "select_organization", "create"],
        }),
        json!({
            "id_token_signing_alg_values_supported": tokens, "userinfo_signing_alg_values_supported": tokens,
            "request_object_signing_alg_values_supported": tokens,
            "token_endpoint_auth_methods_supported": methods,
            "token_endpoint_auth_signing_alg_values_supported": clients,
            "introspection_endpoint_auth_methods_supported": confidential,
            "introspection_endpoint_auth_signing_alg_values_supported": clients,
            "revocation_endpoint_auth_methods_supported": methods,
            "revocation_endpoint_auth_signing_alg_values_supported": clients,
            "dpop_signing_alg_values_supported": names(&dpop::ALGORITHMS),
        }),
        json!({
            "claims_parameter_supported": true, "request_parameter_supported": true,
            "request_uri_parameter_supported": true, "require_request_uri_registration": true,
            "require_pushed_authorization_requests": false, "authorization_response_iss_parameter_supported": true,
            "backchannel_logout_supported": true, "backchannel_logout_session_supported": true,
            "frontchannel_logout_supported": false,
        }),
    ];
    let mut document: Map<String, Value> = groups
        .into_iter()
        .filter_map(|group| match group {
            Value::Object(members) => Some(members),
            _ => None,
        })
        .flatten()
        .collect();
    for (name, value) in [
        ("registration_endpoint", tenant.has_registration.then(|| at("/oauth2/register").into())),
        ("client_id_metadata_document_supported", tenant.takes_client_documents.then(|| true.into())),
        ("op_policy_uri", tenant.policy_uri.map(Value::from)),
        ("op_tos_uri", tenant.tos_uri.map(Value::from)),
    ] {
        if let Some(value) = value {
            document.insert(name.to_owned(), value);
        }
    }
    Value::Object(document)
}

/// The document at `/.well-known/oauth-protected-resource`, for our own API.
pub fn protected_resource(issuer: &str, system_scopes: &[&str]) -> Value {
    json!({
        "resource": issuer, "authorization_servers": [issuer], "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "scopes_supported": system_scopes, "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": names(&dpop::ALGORITHMS),
    })
}

fn names(algorithms: &[Algorithm]) -> Vec<&'static str> {
    algorithms.iter().map(|algorithm| algorithm.name()).collect()
}

fn scopes() -> Vec<&'static str> {
    let of_claims = SCOPE_CLAIMS.into_iter().map(|(scope, _)| scope);
    let mut scopes: Vec<_> = of_claims.collect();
    let place = scopes.iter().position(|scope| *scope == "organizations").unwrap_or(scopes.len());
    scopes.insert(place, "offline_access");
    scopes
}

fn claims() -> Vec<&'static str> {
    let of_scopes = SCOPE_CLAIMS.into_iter().flat_map(|(_, claims)| claims.iter().copied());
    of_scopes.chain(CLAIMS).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn tenant() -> Tenant<'static> {
        Tenant {
            issuer: "https://id.example.com",
            has_registration: true,
            takes_client_documents: false,
            locales: &[],
            policy_uri: None,
            tos_uri: None,
        }
    }

    /// The lists of `contract/30` §12.
    #[test]
    fn the_document_says_what_the_contract_says() {
        let document = authorization_server(&tenant());
        let set = |name: &str| -> BTreeSet<String> {
            document[name].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
        };
        let words = |text: &str| -> BTreeSet<String> { text.split(' ').map(str::to_owned).collect() };
        for (name, values) in [
            ("response_types_supported", "code"),
            ("id_token_signing_alg_values_supported", "RS256 ES256 PS256 EdDSA"),
            (
                "token_endpoint_auth_methods_supported",
                "client_secret_basic client_secret_post private_key_jwt none",
            ),
            (
                "introspection_endpoint_auth_methods_supported",
                "client_secret_basic client_secret_post private_key_jwt",
            ),
            ("dpop_signing_alg_values_supported", "ES256 ES384 EdDSA PS256 RS256"),
            (
                "scopes_supported",
                "openid profile email address phone offline_access organizations permissions groups",
            ),
            (
                "claims_supported",
                "sub name given_name family_name preferred_username picture locale zoneinfo updated_at middle_name nickname \
                 profile website gender birthdate address email email_verified phone_number phone_number_verified auth_time acr \
                 amr aal sid org_id org_name org_slug org_role organizations permissions groups",
            ),
        ] {
            assert_eq!(set(name), words(values), "{name}");
        }
        assert_eq!(document.as_object().unwrap().len(), 41);
        assert_eq!(document["registration_endpoint"], "https://id.example.com/oauth2/register");
    }

    /// RFC 8414 §2: nothing that is off is announced.
    #[test]
    fn what_is_off_is_not_announced() {
        let off = authorization_server(&Tenant { has_registration: false, ..tenant() });
        assert_eq!(off.get("registration_endpoint"), None);
        assert_eq!(off.get("client_id_metadata_document_supported"), None);
        let on = authorization_server(&Tenant { takes_client_documents: true, ..tenant() });
        assert_eq!(on["client_id_metadata_document_supported"], true);
        let resource = protected_resource("https://id.example.com", &["account:self"]);
        assert_eq!(resource["authorization_servers"], json!(["https://id.example.com"]));
    }
}
