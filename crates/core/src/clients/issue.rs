//! Writing tokens down.

use avnology_model::{Result, clients::ApiResource};
use avnology_oauth::{Scopes, tokens};
use serde::Serialize;
use serde_json::Value;

use super::{LiveClient, scopes};
use crate::{Cx, Tenant, platform};

/// What the token endpoint answers (RFC 6749 §5.1).
#[derive(Clone, Debug, Serialize)]
pub struct TokenResponse {
    /// The access token.
    pub access_token: String,
    /// How it is presented.
    pub token_type: &'static str,
    /// For how many seconds it is good.
    pub expires_in: i64,
    /// What was granted.
    pub scope: String,
    /// To get more tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Who signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
}

/// An access token that was written down.
pub(super) struct Issued {
    pub(super) token: String,
    pub(super) expires_in: i64,
}

/// For how many seconds an access token of a client for these resources is good: the shortest that any of them says.
pub(super) fn life_of_access_token(live: &LiveClient, asked: &[String], known: &[ApiResource]) -> i64 {
    let own = live.client.settings.access_token_ttl_seconds;
    let of = |identifier: &String| {
        let resource = known.iter().find(|resource| resource.settings.identifier == *identifier);
        resource.and_then(|resource| resource.settings.access_token_ttl_seconds)
    };
    i64::from(asked.iter().filter_map(of).fold(own, u32::min))
}

/// Whether a scope among them is one of our own API's.
pub(super) fn has_system_scope(scopes: &Scopes) -> bool {
    scopes.iter().any(|scope| scopes::system(scope).is_some())
}

/// Signs an access token as its client wants it.
pub(super) async fn access_token(
    app: &Tenant,
    cx: &Cx,
    live: &LiveClient,
    token: &tokens::AccessToken<'_>,
) -> Result<Issued> {
    let algorithm = live.client.settings.access_token_signed_response_alg;
    let signer = platform::signer(app, cx, algorithm).await?;
    let expires_in = token.times.1.saturating_sub(cx.now.seconds());
    Ok(Issued { token: signer.sign(tokens::ACCESS_TOKEN, &token.claims())?, expires_in })
}

/// The text of a claim.
pub(super) fn text<'c>(claims: &'c serde_json::Map<String, Value>, name: &str) -> Option<&'c str> {
    claims.get(name).and_then(Value::as_str)
}
