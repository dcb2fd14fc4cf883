//! Giving a token back (RFC 7009, `contract/30` §9).

use std::sync::Arc;

use avnology_model::{
    Result, Timestamp,
    events::{Event, EventType},
    ids::{ClientId, GrantId, IdentityId},
    secret_token::{SecretKind, SecretToken},
};
use avnology_oauth::{
    ErrorCode, OAuthError,
    introspection::{self, Found, Revocation, TokenKind},
};
use avnology_store::clients::{grants, once};
use serde_json::json;

use super::{ClientAuthentication, LiveClient, Refusal, authenticate::authenticate, known};
use crate::{Cx, Tenant, events::emit};

/// Ends a token that its client gives back: a refresh token with everything that belongs to its grant, an access token alone.
/// What is unknown, over or another client's is answered as if it were done. `unsupported_token_type` for sessions and keys.
pub async fn revoke_token(
    app: &Arc<Tenant>,
    cx: &Cx,
    shown: &ClientAuthentication<'_>,
) -> Result<(), Refusal> {
    let live = authenticate(app, cx, shown).await?;
    let token = introspection::token(shown.params)?;
    let Some(secret) = SecretToken::parse(token) else { return access_token(app, cx, &live, token).await };
    match secret.kind() {
        SecretKind::RefreshToken => refresh_token(app, cx, &live, &secret).await.map_err(Refusal::from),
        SecretKind::Session | SecretKind::LiveKey | SecretKind::TestKey => {
            let why = "sessions and keys are not ended here";
            Err(OAuthError::new(ErrorCode::UnsupportedTokenType, why).into())
        }
        _ => Ok(()),
    }
}

async fn access_token(app: &Arc<Tenant>, cx: &Cx, live: &LiveClient, token: &str) -> Result<(), Refusal> {
    let found = match known::access_token(app, cx, token).await {
        Ok(found) => found,
        Err(error) if error.is_failure() => return Err(error.into()),
        Err(_) => return Ok(()),
    };
    let client_id = Some(found.client.rules.id.as_str());
    let of = Found { kind: TokenKind::AccessToken, client_id, audience: &found.known.said.audience };
    if introspection::revoke(&live.rules.id, &of) != Revocation::Token {
        return Ok(());
    }
    end_alone(app, cx, &found, "client").await.map_err(Refusal::from)
}

/// Ends an access token and nothing else.
pub(super) async fn end_alone(
    app: &Tenant,
    cx: &Cx,
    found: &known::LiveToken,
    reason: &'static str,
) -> Result<()> {
    let said = &found.known.said;
    let (jti, end) = (said.jti.clone(), Timestamp::from_micros(said.expires_at.saturating_mul(1_000_000)));
    let (client, cx) = (found.client.id(), cx.clone());
    let person = found.known.person.as_ref().map(|(_, identity)| identity.id);
    app.store
        .identity()
        .write(move |tx| {
            if once::revoke_token(tx, &jti, end)? {
                emit(tx, &revoked(&cx, client, person, reason))?;
            }
            Ok(())
        })
        .await
}

async fn refresh_token(app: &Tenant, cx: &Cx, live: &LiveClient, token: &SecretToken) -> Result<()> {
    let (hash, client, cx) = (token.hash(), live.id(), cx.clone());
    app.store
        .identity()
        .write(move |tx| {
            let Some((_, grant)) = grants::of_token(tx, &hash)? else { return Ok(()) };
            if grant.client_id == client {
                end_grant(tx, &cx, grant.id, client, grant.identity_id, "client")?;
            }
            Ok(())
        })
        .await
}

/// Ends a grant, and tells of it once.
pub(super) fn end_grant(
    tx: &mut avnology_store::IdentityTx<'_>,
    cx: &Cx,
    grant: GrantId,
    client: ClientId,
    person: IdentityId,
    reason: &'static str,
) -> Result<()> {
    if grants::revoke(tx, grant, cx.now)? {
        emit(tx, &revoked(cx, client, Some(person), reason))?;
    }
    Ok(())
}

fn revoked(cx: &Cx, client: ClientId, person: Option<IdentityId>, reason: &str) -> Event {
    let payload = json!({ "client_id": client, "user_id": person, "reason": reason });
    let event = cx.event(EventType::OauthTokenRevoked, payload).on("client", &client);
    match person {
        Some(person) => event.on("identity", &person),
        None => event,
    }
}
