//! A client in the words of RFC 7591 §2: every value that holds.

use avnology_model::{
    clients::{Client, ClientType, GrantType},
    secret_token::SecretToken,
};
use serde_json::{Map, Value, json};

use crate::Tenant;

/// The answer of the endpoint; the secret only where it was just made.
pub(super) fn of(app: &Tenant, client: &Client, secret: Option<&SecretToken>, token: &str) -> Value {
    let uri = format!("{}/oauth2/register/{}", app.config.origin(), client.id);
    let mut answer = of_settings(client);
    answer.insert("client_id".to_owned(), json!(client.id));
    answer.insert("client_id_issued_at".to_owned(), json!(client.create_time.seconds()));
    answer.insert("registration_client_uri".to_owned(), json!(uri));
    answer.insert("registration_access_token".to_owned(), json!(token));
    if let Some(secret) = secret {
        answer.insert("client_secret".to_owned(), json!(secret.expose()));
        answer.insert("client_secret_expires_at".to_owned(), json!(0));
    }
    Value::Object(answer)
}

fn of_settings(client: &Client) -> Map<String, Value> {
    let settings = &client.settings;
    let response_types: &[&str] = if settings.may(GrantType::AuthorizationCode) { &["code"] } else { &[] };
    let application_type = if settings.kind == ClientType::Native { "native" } else { "web" };
    let said = json!({
        "client_name": settings.name, "redirect_uris": settings.redirect_uris,
        "post_logout_redirect_uris": settings.post_logout_redirect_uris, "grant_types": settings.grant_types,
        "response_types": response_types, "scope": settings.scopes.join(" "),
        "token_endpoint_auth_method": settings.auth_method(), "application_type": application_type,
        "jwks": settings.jwks, "jwks_uri": settings.jwks_uri, "require_pkce": settings.require_pkce,
        "dpop_bound_access_tokens": settings.require_dpop,
        "require_pushed_authorization_requests": settings.require_par,
        "request_object_signing_alg": settings.request_object_signing_alg, "request_uris": settings.request_uris,
        "backchannel_logout_uri": settings.backchannel_logout_uri,
        "backchannel_logout_session_required": settings.backchannel_logout_session_required,
        "id_token_signed_response_alg": settings.id_token_alg(),
        "userinfo_signed_response_alg": settings.userinfo_signed_response_alg,
        "initiate_login_uri": settings.initiate_login_uri, "default_max_age": settings.default_max_age, "default_acr_values": settings.default_acr_values,
        "logo_uri": settings.logo_uri, "client_uri": settings.client_uri, "policy_uri": settings.policy_uri,
        "tos_uri": settings.tos_uri, "contacts": settings.contacts, "subject_type": "public",
    });
    match said {
        Value::Object(mut members) => {
            members.retain(|_, value| !value.is_null());
            members
        }
        _ => Map::new(),
    }
}
