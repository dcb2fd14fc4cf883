//! The token endpoint (RFC 6749 §3.2).

use std::sync::Arc;

use avnology_model::Result;
use avnology_oauth::{ErrorCode, TokenRequest};

use super::{
    ClientAuthentication, Refusal, TokenResponse,
    authenticate::authenticate,
    client_credentials::{self, Asked},
    oauth_error::refuse,
};
use crate::{Cx, Tenant};

/// Answers a request for tokens.
pub async fn answer(
    app: &Arc<Tenant>,
    cx: &Cx,
    shown: &ClientAuthentication<'_>,
) -> Result<TokenResponse, Refusal> {
    let live = authenticate(app, cx, shown).await?;
    match TokenRequest::parse(shown.params, &live.rules)? {
        TokenRequest::ClientCredentials { scope, resources, organization_id } => {
            let asked = Asked { scope, resources, organization: organization_id };
            client_credentials::grant(app, cx, &live, asked).await
        }
        _ => Err(refuse(ErrorCode::UnsupportedGrantType, "this grant is not supported")),
    }
}
