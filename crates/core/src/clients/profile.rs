//! What a client promises by its settings about keys, requests and the profile that it lives by, checked as a whole (`contract/30`
//! §2.1, §14).

use avnology_jose::{Algorithm, KeySet};
use avnology_model::{
    Error, FieldCode, FieldError, Result,
    clients::{ClientSettings, SecurityProfile, TokenEndpointAuthMethod},
    platform::SigningAlgorithm,
};
use avnology_oauth::{AuthMethod, fapi};
use url::Url;

use super::input::{kind_of, push};
use crate::ports::OutboundCalls;

/// Most bytes of keys, as JSON.
const KEY_BYTES: usize = 16 * 1024;
/// Most origins of pages.
const ORIGINS: usize = 50;
/// How the origins of Android's apps begin.
const ANDROID: &str = "android:apk-key-hash:";
/// Most URIs of requests.
const REQUEST_URIS: usize = 20;
/// Most characters of a URL.
const URL: usize = 2_048;

/// `_902` for what breaks a promise.
pub(super) fn check(settings: &ClientSettings, outbound: &dyn OutboundCalls) -> Result<()> {
    let mut errors = Vec::new();
    check_keys(settings, outbound, &mut errors);
    check_requests(settings, outbound, &mut errors);
    check_origins(settings, &mut errors);
    if settings.security_profile == SecurityProfile::Fapi2 {
        check_fapi(settings, &mut errors);
    }
    Error::from_fields(errors)
}

fn check_keys(settings: &ClientSettings, outbound: &dyn OutboundCalls, errors: &mut Vec<FieldError>) {
    let signs = settings.auth_method() == TokenEndpointAuthMethod::PrivateKeyJwt;
    match (&settings.jwks, &settings.jwks_uri) {
        (None, None) if signs => push(errors, "jwks", FieldCode::Required, "Its public keys are needed."),
        (Some(_), Some(_)) => push(errors, "jwks_uri", FieldCode::Conflict, "Beside no `jwks`."),
        _ => {}
    }
    match &settings.jwks {
        Some(set) if set.to_string().len() > KEY_BYTES => {
            push(errors, "jwks", FieldCode::TooLong, "At most 16 KiB.");
        }
        Some(set) if KeySet::from_registration(set).is_err() => {
            push(errors, "jwks", FieldCode::InvalidFormat, "A JWK Set of public keys.");
        }
        _ => {}
    }
    if let Some(uri) = &settings.jwks_uri {
        check_url("jwks_uri", uri, outbound, errors);
    }
    if let Some(uri) = &settings.backchannel_logout_uri {
        check_url("backchannel_logout_uri", uri, outbound, errors);
    }
}

fn check_requests(settings: &ClientSettings, outbound: &dyn OutboundCalls, errors: &mut Vec<FieldError>) {
    if settings.request_uris.len() > REQUEST_URIS {
        push(errors, "request_uris", FieldCode::TooLong, "At most 20.");
    }
    for (n, uri) in settings.request_uris.iter().enumerate() {
        let field = format!("request_uris[{n}]");
        if settings.request_uris.iter().take(n).any(|other| other == uri) {
            push(errors, &field, FieldCode::Duplicate, "This stands here twice.");
        }
        check_url(&field, uri, outbound, errors);
    }
}

fn check_origins(settings: &ClientSettings, errors: &mut Vec<FieldError>) {
    let is_page = |origin: &str| {
        Url::parse(origin).is_ok_and(|url| {
            matches!(url.scheme(), "https" | "http") && url.origin().ascii_serialization() == origin
        })
    };
    let is_app = |origin: &str| match origin.strip_prefix(ANDROID) {
        // SHA-256 of the certificate that the app is signed by.
        Some(hash) => {
            hash.len() == 43 && hash.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        }
        None => origin.starts_with("https://") && is_page(origin),
    };
    let mut each = |name: &str, origins: &[String], fits: &dyn Fn(&str) -> bool, words: &str| {
        if origins.len() > ORIGINS {
            push(errors, name, FieldCode::TooLong, "At most 50.");
        }
        for (n, origin) in origins.iter().enumerate() {
            let field = format!("{name}[{n}]");
            if origins.iter().take(n).any(|other| other == origin) {
                push(errors, &field, FieldCode::Duplicate, "This stands here twice.");
            }
            if !fits(origin) {
                push(errors, &field, FieldCode::InvalidFormat, words);
            }
        }
    };
    let words = "An origin, as in https://app.example.com.";
    each("allowed_cors_origins", &settings.allowed_cors_origins, &is_page, words);
    let words = "An origin with https, or android:apk-key-hash: and the hash of a certificate.";
    each("webauthn_origins", &settings.webauthn_origins, &is_app, words);
}

/// The rows of the FAPI 2.0 Security Profile that a client breaks.
fn check_fapi(settings: &ClientSettings, errors: &mut Vec<FieldError>) {
    // An algorithm of ours that JOSE does not name is none of the profile's.
    let algorithm = |one: SigningAlgorithm| Algorithm::from_name(one.as_str()).unwrap_or(Algorithm::Rs256);
    let told = fapi::Settings {
        kind: kind_of(settings.kind),
        auth_method: AuthMethod::from_name(settings.auth_method().as_str()).unwrap_or(AuthMethod::None),
        require_pkce: settings.require_pkce,
        rotates: settings.refresh_token_rotation,
        access_token_ttl: settings.access_token_ttl_seconds,
        token_algs: (
            algorithm(settings.access_token_signed_response_alg),
            algorithm(settings.id_token_alg()),
        ),
        optional_algs: (
            settings.userinfo_signed_response_alg.map(algorithm),
            settings.request_object_signing_alg.map(algorithm),
        ),
        has_cors_origins: !settings.allowed_cors_origins.is_empty(),
    };
    for field in fapi::breaches(&told) {
        push(errors, field, FieldCode::Conflict, "The security profile fapi2 does not allow this.");
    }
}

/// A URL that we call for the client.
fn check_url(field: &str, url: &str, outbound: &dyn OutboundCalls, errors: &mut Vec<FieldError>) {
    if url.len() > URL {
        push(errors, field, FieldCode::TooLong, "At most 2048 characters.");
    } else if !Url::parse(url).is_ok_and(|url| url.fragment().is_none() && outbound.allows(&url)) {
        push(
            errors,
            field,
            FieldCode::InvalidFormat,
            "An https:// address that can be reached from outside.",
        );
    }
}
