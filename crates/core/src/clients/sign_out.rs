//! Signing out at the wish of a client (OpenID Connect RP-Initiated Logout, `contract/30` §10.2).

use avnology_jose::Claims;
use avnology_model::Result;
use avnology_oauth::{
    ErrorCode, OAuthError, Params,
    end_session::{EndSession, Hint, Next, judge},
};

use super::{authorize::claims_of_hint, cache, registration};
use crate::{Cx, Tenant, sessions::LiveSession};

/// What a request asks for.
#[derive(Debug)]
pub struct SignOut {
    /// What happens.
    pub next: Next,
    /// What the client is called.
    pub client: Option<String>,
}

/// Judges a request to sign out. An error is a page of its own: nobody is redirected, and nothing is ended.
pub async fn end_session(
    app: &Tenant,
    cx: &Cx,
    params: &Params,
    session: Option<&LiveSession>,
) -> Result<Result<SignOut, OAuthError>> {
    let refuse = |why| Ok(Err(OAuthError::new(ErrorCode::InvalidRequest, why)));
    let claims = match params.get("id_token_hint") {
        None => None,
        Some(hint) => match claims_of_hint(app, cx, hint).await? {
            Some(claims) => Some(claims),
            None => return refuse("id_token_hint is no ID token of ours"),
        },
    };
    let hint = claims.as_ref().and_then(hint_of);
    let named = hint.map(|hint| hint.audience).or_else(|| params.get("client_id"));
    let live = match named.and_then(registration::id_named) {
        Some(id) => cache::find(app, cx, id).await?,
        None => None,
    };
    if named.is_some() && live.is_none() {
        return refuse("the client is unknown");
    }
    let registered = live.as_ref().map(|live| live.client.settings.post_logout_redirect_uris.as_slice());
    let present = session.map(|live| live.id().to_string());
    let request = EndSession {
        hint,
        client_id: params.get("client_id"),
        uri: params.get("post_logout_redirect_uri"),
        state: params.get("state"),
        registered: registered.unwrap_or_default(),
        session: present.as_deref(),
    };
    let client = live.as_ref().map(|live| live.client.settings.name.clone());
    let sid = hint.map(|hint| hint.sid);
    let is_contradicted =
        params.get("logout_hint").is_some_and(|session| sid.is_some_and(|sid| sid != session));
    Ok(judge(&request).map(|next| match next {
        // Two hints that name two sessions decide nothing: the person does.
        Next::End(after) if is_contradicted => SignOut { next: Next::Confirm(after), client },
        next => SignOut { next, client },
    }))
}

fn hint_of(claims: &Claims) -> Option<Hint<'_>> {
    Some(Hint { audience: claims.required_text("aud").ok()?, sid: claims.required_text("sid").ok()? })
}
