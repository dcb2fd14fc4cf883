//! CAPTCHAs: the provider's secret at rest, and whether a token shows that a person is there (`contract/11` §11).
//!
//! Where one is asked for is the affair of those who ask. A token is good once: the provider says so, and we remember it
//! ourselves for as long as one can live.

use avnology_model::{
    Code, Error, FieldCode, Result,
    platform::{CaptchaSettings, Environment, RateLimit, captcha_secret_problem},
    secret_token::sha256,
};
use avnology_store::platform::rate_cells;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use url::Url;

use super::Place;
use crate::{
    Cx, Tenant,
    ports::{CaptchaToken, CaptchaVerdict},
};

/// Where the secret is kept.
const PLACE: Place<'static> = Place { table: "tenant_settings", row: "main", column: "captcha_secret" };
/// Most bytes of a token.
const LONGEST: usize = 16 * 1024;
/// How long a token is remembered: longer than any lives.
const ONCE: &[RateLimit] = &[RateLimit { limit: 1, window_seconds: 900 }];

/// Seals the secret that a change of settings brings, so that nothing else ever holds it in the clear.
pub(super) fn seal_secret(app: &Tenant, patch: &mut Map<String, Value>) -> Result<()> {
    let Some(Value::Object(captcha)) = patch.get_mut("captcha") else { return Ok(()) };
    let Some(secret) = captcha.get_mut("secret").filter(|secret| !secret.is_null()) else { return Ok(()) };
    let Value::String(text) = secret else {
        return Err(Error::field("captcha.secret", FieldCode::InvalidFormat, "Expected a string."));
    };
    let text = text.trim();
    if let Some(problem) = captcha_secret_problem(text) {
        return Err(Error::of_fields(vec![problem]));
    }
    *secret = Value::String(BASE64_STANDARD.encode(app.keys.seal(&PLACE, text.as_bytes())?));
    Ok(())
}

fn open_secret(app: &Tenant, settings: &CaptchaSettings) -> Result<SecretString> {
    let sealed = settings.secret.as_deref().unwrap_or_default();
    let sealed = BASE64_STANDARD.decode(sealed).map_err(Error::internal)?;
    let secret = app.keys.open(&PLACE, &sealed)?;
    Ok(std::str::from_utf8(&secret).map_err(Error::internal)?.into())
}

/// Whether `token` shows that a person is there, now and for the first time. `_912` when nobody can say.
pub(crate) async fn is_person(
    app: &Tenant,
    cx: &Cx,
    settings: &CaptchaSettings,
    token: &str,
    action: &str,
) -> Result<bool> {
    if token.is_empty() || token.len() > LONGEST {
        return Ok(false);
    }
    let secret = open_secret(app, settings)?;
    let question = CaptchaToken {
        provider: settings.provider,
        site_key: settings.site_key.as_deref().unwrap_or_default(),
        secret: &secret,
        token,
        ip: cx.ip,
        action,
        hosts: &hosts(app),
    };
    match app.captcha.verify(&question).await? {
        CaptchaVerdict::Person => first_time(app, cx, token).await,
        CaptchaVerdict::Refused(why) => {
            tracing::info!(provider = %settings.provider, action, why, "a CAPTCHA was refused");
            Ok(false)
        }
    }
}

/// The hosts whose pages may show the widget: ours, and those whose scripts may call us. The test environment takes any, as
/// the keys that providers have for tests name hosts of their own.
fn hosts(app: &Tenant) -> Vec<String> {
    if app.config.environment == Environment::Test {
        return Vec::new();
    }
    let settings = app.settings();
    let others = settings.settings.allowed_cors_origins.iter().filter_map(|origin| Url::parse(origin).ok());
    std::iter::once(app.config.public_url.clone())
        .chain(others)
        .filter_map(|url| url.host_str().map(str::to_owned))
        .collect()
}

async fn first_time(app: &Tenant, cx: &Cx, token: &str) -> Result<bool> {
    let (subject, now) = (sha256(token.as_bytes()), cx.now);
    let wait =
        app.store.identity().write(move |tx| rate_cells::take(tx, "captcha.token", &subject, ONCE, now));
    Ok(wait.await?.is_none())
}

/// `_016`, with what a client needs to show the widget.
pub(crate) fn refusal(settings: &CaptchaSettings) -> Error {
    let captcha = json!({ "provider": settings.provider, "site_key": settings.site_key });
    Error::new(Code::CaptchaWrong).with_member("captcha", captcha)
}
