//! Clients that register themselves, and look after themselves by a token of their own (RFC 7591, 7592, `contract/30` §11).
//!
//! `becomes` turns what was asked for into a client, `metadata` says it back in the words of the standard. What a registration
//! may say at all is judged by `avnology_oauth::registration`.

mod becomes;
mod document;
mod initial_token;
mod manage;
mod metadata;
mod register;
mod unused;

use avnology_model::{
    Code, Error, Result,
    clients::ClientSettings,
    platform::{DynamicRegistration, Environment, RateLimit},
};
use avnology_oauth::{ErrorCode, OAuthError};
use avnology_store::platform::rate_cells;
use serde_json::{Map, Value};

pub(super) use self::{
    becomes::check_registered,
    document::{id_named, named},
    unused::note_token,
};
pub use self::{
    initial_token::{InitialToken, NewInitialToken, create_initial_token},
    manage::{read_registration, remove_registration, replace_registration},
    register::register,
    unused::remove_unused,
};
use super::{Refusal, input, profile};
use crate::{Cx, Tenant, cx::network_of, flows::bucket_limits};

/// `_901` where clients cannot register themselves.
fn check_is_on(app: &Tenant) -> Result<DynamicRegistration> {
    match app.settings().settings.dynamic_registration {
        DynamicRegistration::Off => Err(Error::not_found()),
        mode => Ok(mode),
    }
}

/// Takes from the bucket `register` of the address. `_021`.
async fn take_turn(app: &Tenant, cx: &Cx) -> Result<()> {
    let usual = RateLimit { limit: 10, window_seconds: 3_600 };
    let limits = bucket_limits(app, &app.settings(), "register", &[usual]);
    let (subject, now) = (network_of(cx.ip), cx.now);
    let take = app.store.identity().write(move |tx| rate_cells::take(tx, "register", &subject, &limits, now));
    match take.await? {
        Some(seconds) => Err(Error::new(Code::TooManyRequests).with_retry_after(seconds)),
        None => Ok(()),
    }
}

/// What was sent, which has to be an object.
fn object(body: &[u8]) -> Result<Map<String, Value>, OAuthError> {
    let malformed = || OAuthError::new(ErrorCode::InvalidClientMetadata, "the body is no JSON object");
    serde_json::from_slice(body).map_err(|_| malformed())
}

/// Whether it can be a client, by our own rules.
fn check(app: &Tenant, settings: &mut ClientSettings) -> Result<(), Refusal> {
    input::check(settings, app.config.environment == Environment::Test).map_err(becomes::told)?;
    profile::check(settings, &*app.outbound).map_err(becomes::told)
}

/// `invalid_token`: the caller does not show what it has to.
fn unauthorized() -> Refusal {
    Refusal::OAuth(OAuthError::new(ErrorCode::InvalidToken, "the token is missing or not good for this"))
}
