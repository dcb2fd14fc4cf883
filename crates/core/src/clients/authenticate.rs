//! Who calls the token endpoint and those beside it (RFC 6749 §2.3, `contract/30` §4.1).

use std::sync::Arc;

use avnology_jose::jws::Unverified;
use avnology_model::{
    Result, Timestamp,
    secret_token::{SecretToken, sha256},
};
use avnology_oauth::{
    AuthMethod, Credentials, ErrorCode, OAuthError, Params, SecurityProfile, client_auth::verify_assertion,
};
use avnology_store::clients::once;
use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::{LiveClient, Refusal, keys, oauth_error::refuse, registration};
use crate::{Cx, Tenant};

/// What a request shows of who sends it.
#[derive(Clone, Copy, Debug)]
pub struct ClientAuthentication<'r> {
    /// The header `Authorization`.
    pub authorization: Option<&'r str>,
    /// The form.
    pub params: &'r Params,
    /// The path that was called.
    pub path: &'r str,
    /// The headers `DPoP`.
    pub proofs: &'r [&'r str],
}

impl ClientAuthentication<'_> {
    /// Whether the header was tried, which the answer to a failure has to say.
    pub fn used_header(&self) -> bool {
        self.authorization.is_some()
    }
}

/// The client that sent a request. `invalid_client` unless it shows what it registered, and nothing else;
/// `unauthorized_client` for one that is disabled.
pub async fn authenticate(
    app: &Tenant,
    cx: &Cx,
    shown: &ClientAuthentication<'_>,
) -> Result<Arc<LiveClient>, Refusal> {
    let credentials = Credentials::of_request(shown.authorization, shown.params)?;
    let unknown = || refuse(ErrorCode::InvalidClient, "the client is unknown or not who it says");
    let id = claimed_id(&credentials).ok_or_else(unknown)?;
    let live = registration::named(app, cx, &id).await?.ok_or_else(unknown)?;
    credentials.check_method(&live.rules)?;
    match &credentials {
        Credentials::Secret { secret, .. } if !holds_secret(&live, secret, cx.now) => return Err(unknown()),
        Credentials::Assertion { assertion, .. } => {
            check_assertion(app, cx, &live, assertion, shown.path).await?;
        }
        Credentials::Secret { .. } | Credentials::None { .. } => {}
    }
    if live.is_active() {
        Ok(live)
    } else {
        Err(refuse(ErrorCode::UnauthorizedClient, "the client is disabled"))
    }
}

/// Whether pages in browsers may read the answer: not where the client that the request says it is of lives by FAPI.
pub async fn is_for_browsers(app: &Tenant, cx: &Cx, shown: &ClientAuthentication<'_>) -> Result<bool> {
    let credentials = Credentials::of_request(shown.authorization, shown.params);
    let Some(id) = credentials.ok().and_then(|credentials| claimed_id(&credentials)) else { return Ok(true) };
    let live = registration::named(app, cx, &id).await?;
    Ok(live.is_none_or(|live| live.rules.profile != SecurityProfile::Fapi2))
}

/// The client that a request says it is of; an assertion says it in its `sub`, which nobody believes yet.
fn claimed_id(credentials: &Credentials) -> Option<String> {
    if let Some(id) = credentials.claimed_client_id() {
        return Some(id.to_owned());
    }
    let Credentials::Assertion { assertion, .. } = credentials else { return None };
    Unverified::parse(assertion).ok()?.claimed_text("sub")
}

fn holds_secret(live: &LiveClient, secret: &str, now: Timestamp) -> bool {
    // Garbage costs no comparison: its check is wrong.
    let Some(token) = SecretToken::parse(secret) else { return false };
    let hash = token.hash();
    let mut good = live.client.secrets.iter().filter(|kept| kept.is_good(now));
    good.any(|kept| verify_slices_are_equal(&kept.hash, &hash).is_ok())
}

async fn check_assertion(
    app: &Tenant,
    cx: &Cx,
    live: &LiveClient,
    assertion: &str,
    path: &str,
) -> Result<(), Refusal> {
    let issuer = app.config.origin();
    let (here, token_endpoint) = (format!("{issuer}{path}"), format!("{issuer}/oauth2/token"));
    let rules = keys::rules_for(app, cx, live, assertion).await;
    let good = verify_assertion(assertion, &rules, &issuer, &[&here, &token_endpoint], cx.now.seconds())?;
    let key = sha256(format!("assertion\n{}\n{}", live.rules.id, good.jti).as_bytes());
    let until = Timestamp::from_micros(good.expires_at.saturating_mul(1_000_000));
    if app.store.identity().write(move |tx| once::see(tx, &key, until)).await? {
        return Ok(());
    }
    Err(refuse(ErrorCode::InvalidClient, "the assertion was used before"))
}

/// `unauthorized_client` unless the client can keep a secret.
pub(super) fn check_confidential(live: &LiveClient) -> Result<(), OAuthError> {
    if live.rules.auth_method == AuthMethod::None {
        return Err(OAuthError::new(ErrorCode::InvalidClient, "a public client may not ask this"));
    }
    Ok(())
}
