//! What a client promises by its settings about keys, requests and the profile that it lives by, checked as a whole (`contract/30`
//! §2.1, §14).

use avnology_jose::KeySet;
use avnology_model::{
    Error, FieldCode, FieldError, Result,
    clients::{ClientSettings, TokenEndpointAuthMethod},
};
use url::Url;

use super::input::push;
use crate::ports::OutboundCalls;

/// Most bytes of keys, as JSON.
const KEY_BYTES: usize = 16 * 1024;
/// Most characters of a URL.
const URL: usize = 2_048;

/// `_902` for what breaks a promise.
pub(super) fn check(settings: &ClientSettings, outbound: &dyn OutboundCalls) -> Result<()> {
    let mut errors = Vec::new();
    check_keys(settings, outbound, &mut errors);
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
