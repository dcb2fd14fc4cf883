//! The last step: the code.

use avnology_model::{
    Result,
    clients::{AuthorizationCode, GrantedRights},
    ids::{ConsentId, GrantId},
    secret_token::SecretKind,
};
use avnology_oauth::{ErrorCode, OAuthError, code::LIFETIME};
use avnology_store::clients::{codes, consents, pushed_requests, requests};

use super::{Request, facts_of};
use crate::{Cx, Tenant, clients::person::Place, sessions::LiveSession};

/// Writes a code down, ends the request with it, and notes that the consent was relied upon. `invalid_request_uri` when it was pushed and another visit used it first.
pub(super) async fn code(
    app: &Tenant,
    cx: &Cx,
    request: &Request,
    live: &LiveSession,
    (place, consent): (Option<&Place>, Option<ConsentId>),
) -> Result<Result<String, OAuthError>> {
    let (asked, row) = (&request.asked, &request.pending.row);
    let is_agreed = |scope: &str| {
        row.consented_by != Some(live.identity.id) || row.consented_scopes.iter().any(|one| one == scope)
    };
    let secret = cx.secret(SecretKind::AuthorizationCode);
    let code = AuthorizationCode {
        hash: secret.hash(),
        grant_id: GrantId::new(cx.now, cx.random()),
        client_id: request.live.id(),
        identity_id: live.identity.id,
        session_id: live.id(),
        organization_id: place.map(|place| place.organization.id()),
        rights: GrantedRights {
            scopes: asked.scopes.iter().filter(|scope| is_agreed(scope)).map(str::to_owned).collect(),
            resources: asked.resources.clone(),
            id_token_claims: asked.claims.id_token.clone(),
            userinfo_claims: asked.claims.userinfo.clone(),
            signed_in: facts_of(live),
            dpop_jkt: asked.dpop_jkt.clone(),
        },
        redirect_uri: asked.return_to.redirect_uri.clone(),
        redirect_uri_was_sent: asked.redirect_uri_was_sent,
        code_challenge: asked.code_challenge.as_ref().map(|challenge| challenge.as_str().to_owned()),
        nonce: asked.nonce.clone(),
        create_time: request.live.issues_at(cx.now),
        expires_at: cx.now.plus_seconds(LIFETIME),
        used_at: None,
    };
    let (kept, pushed, now) = (request.pending.kept_as(), request.pending.pushed_as(), cx.now);
    let write = app.store.identity().write(move |tx| {
        if let Some(hash) = pushed
            && !pushed_requests::use_once(tx, &hash, now)?
        {
            return Ok(false);
        }
        if let Some(hash) = kept {
            requests::end(tx, &hash)?;
        }
        if let Some(consent) = consent {
            consents::touch(tx, consent, now)?;
        }
        codes::insert(tx, &code).map(|()| true)
    });
    let used = OAuthError::new(ErrorCode::InvalidRequestUri, "request_uri was used before");
    Ok(if write.await? { Ok(secret.expose().to_owned()) } else { Err(used) })
}
