//! What of `contract/30` §12 stands. The documents say no more than this table: whoever adds an endpoint turns its row on,
//! and a test compares the rows with the table of routes.

use serde_json::Value;

/// Members of the document that are there once something is, and whether it is. What no row names is always there.
const SERVER: &[(bool, &[&str])] = &[
    (
        true,
        &[
            "authorization_endpoint",
            "response_types_supported",
            "response_modes_supported",
            "code_challenge_methods_supported",
            "authorization_response_iss_parameter_supported",
            "acr_values_supported",
            "prompt_values_supported",
            "ui_locales_supported",
        ],
    ),
    (
        true,
        &[
            "token_endpoint",
            "grant_types_supported",
            "token_endpoint_auth_methods_supported",
            "token_endpoint_auth_signing_alg_values_supported",
            "scopes_supported",
        ],
    ),
    (
        true,
        &[
            "subject_types_supported",
            "id_token_signing_alg_values_supported",
            "claims_supported",
            "claim_types_supported",
        ],
    ),
    (true, &["claims_parameter_supported"]),
    (
        true,
        &[
            "request_parameter_supported",
            "request_uri_parameter_supported",
            "require_request_uri_registration",
            "request_object_signing_alg_values_supported",
        ],
    ),
    (true, &["pushed_authorization_request_endpoint", "require_pushed_authorization_requests"]),
    (true, &["device_authorization_endpoint"]),
    (
        true,
        &[
            "revocation_endpoint",
            "revocation_endpoint_auth_methods_supported",
            "revocation_endpoint_auth_signing_alg_values_supported",
        ],
    ),
    (
        true,
        &[
            "introspection_endpoint",
            "introspection_endpoint_auth_methods_supported",
            "introspection_endpoint_auth_signing_alg_values_supported",
        ],
    ),
    (true, &["registration_endpoint"]),
    (true, &["client_id_metadata_document_supported"]),
    (true, &["end_session_endpoint"]),
    (
        true,
        &[
            "backchannel_logout_supported",
            "backchannel_logout_session_supported",
            "frontchannel_logout_supported",
        ],
    ),
    (true, &["userinfo_endpoint", "userinfo_signing_alg_values_supported"]),
    (true, &["dpop_signing_alg_values_supported"]),
];

/// The same of the document about the API.
const RESOURCE: &[(bool, &[&str])] = &[
    (true, &["authorization_servers", "bearer_methods_supported"]),
    (true, &["dpop_signing_alg_values_supported"]),
];

/// The grants of the contract, and whether the token endpoint takes them.
const GRANTS: &[(bool, &str)] = &[
    (true, "authorization_code"),
    (true, "refresh_token"),
    (true, "client_credentials"),
    (true, "urn:ietf:params:oauth:grant-type:device_code"),
    (true, "urn:ietf:params:oauth:grant-type:token-exchange"),
];

/// What stands of the document about the authorization server.
pub(super) fn of_server(mut document: Value) -> Value {
    cut(&mut document, SERVER);
    if let Some(Value::Array(grants)) = document.get_mut("grant_types_supported") {
        grants.retain(|grant| is_on(GRANTS.iter().find(|(_, name)| grant == name)));
    }
    document
}

/// What stands of the document about the API.
pub(super) fn of_resource(mut document: Value) -> Value {
    cut(&mut document, RESOURCE);
    document
}

fn cut(document: &mut Value, rows: &[(bool, &[&str])]) {
    if let Value::Object(members) = document {
        members.retain(|name, _| is_on(rows.iter().find(|(_, names)| names.contains(&name.as_str()))));
    }
}

fn is_on<T>(row: Option<&(bool, T)>) -> bool {
    row.is_none_or(|(stands, _)| *stands)
}
