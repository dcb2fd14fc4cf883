//! The token endpoint (RFC 6749 §3.2).

use std::sync::Arc;

use avnology_model::Result;
use avnology_oauth::TokenRequest;

use super::{
    ClientAuthentication, LiveClient, Refusal, TokenResponse,
    authenticate::authenticate,
    client_credentials::{self, Asked},
    code, device, dpop, exchange, refresh, registration,
};
use crate::{Cx, Tenant};

/// Answers a request for tokens.
pub async fn answer(
    app: &Arc<Tenant>,
    cx: &Cx,
    shown: &ClientAuthentication<'_>,
) -> Result<TokenResponse, Refusal> {
    let live = authenticate(app, cx, shown).await?;
    let given = give(app, cx, &live, shown).await?;
    registration::note_token(app, cx, &live).await?;
    Ok(given)
}

async fn give(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &Arc<LiveClient>,
    shown: &ClientAuthentication<'_>,
) -> Result<TokenResponse, Refusal> {
    let proof = dpop::of_token_request(app, cx, live, shown).await?;
    match TokenRequest::parse(shown.params, &live.rules)? {
        TokenRequest::ClientCredentials { scope, resources, organization_id } => {
            let asked = Asked { scope, resources, organization: organization_id, proof };
            client_credentials::grant(app, cx, live, asked).await
        }
        TokenRequest::AuthorizationCode { code, redirect_uri, code_verifier, resources } => {
            let asked = code::Asked { code, redirect_uri, verifier: code_verifier, resources, proof };
            code::redeem(app, cx, live, asked).await
        }
        TokenRequest::RefreshToken { refresh_token, scope, resources, organization_id } => {
            let organization = organization_id;
            let asked = refresh::Asked { token: refresh_token, scope, resources, organization, proof };
            refresh::refresh(app, cx, live, asked).await
        }
        TokenRequest::DeviceCode { device_code } => device::poll(app, cx, live, (&device_code, proof)).await,
        TokenRequest::TokenExchange(asked) => exchange::exchange(app, cx, live, *asked, proof.as_ref()).await,
    }
}
