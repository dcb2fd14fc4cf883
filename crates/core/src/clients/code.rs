//! Redeeming an authorization code (RFC 6749 §4.1.3, `contract/30` §4.2).

use std::sync::Arc;

use avnology_model::{
    Result, Timestamp,
    clients::{AuthorizationCode, Grant, GrantType, GrantedRights},
    identities::{Identity, IdentityState},
    ids::{ClientId, GrantId, IdentityId, OrganizationId, SessionId},
    permissions::PlatformRole,
    secret_token::{SecretKind, SecretToken},
};
use avnology_oauth::{
    CodeChallenge, ErrorCode, OAuthError,
    code::{Attempt, Code, Decision, decide},
    dpop::Proof,
    resource,
};
use avnology_store::{
    IdentityTx,
    clients::{codes, grants, refresh_tokens},
    identities::identities,
    sessions::sessions,
};

use super::{
    LiveClient, Refusal, TokenResponse, cache, dpop,
    issue::{self, OfPerson, life_of_access_token},
    person::{Holder, Place, effective, scopes_of},
    refresh::token_of,
    revoke_token::end_grant,
    verify,
};
use crate::{Cx, Tenant, events::emit};

/// What a client sends to redeem a code.
pub(super) struct Asked {
    pub(super) code: String,
    pub(super) redirect_uri: Option<String>,
    pub(super) verifier: Option<String>,
    pub(super) resources: Vec<String>,
    pub(super) proof: Option<Proof>,
}

/// What a person approved, and what brings it.
#[derive(Clone, Debug)]
pub(super) struct Approved {
    pub(super) grant_id: GrantId,
    pub(super) client_id: ClientId,
    pub(super) identity_id: IdentityId,
    pub(super) session_id: SessionId,
    pub(super) organization_id: Option<OrganizationId>,
    pub(super) rights: GrantedRights,
    pub(super) nonce: Option<String>,
    pub(super) create_time: Timestamp,
    pub(super) by: GrantType,
}

impl From<AuthorizationCode> for Approved {
    fn from(code: AuthorizationCode) -> Self {
        Self {
            grant_id: code.grant_id,
            client_id: code.client_id,
            identity_id: code.identity_id,
            session_id: code.session_id,
            organization_id: code.organization_id,
            rights: code.rights,
            nonce: code.nonce,
            create_time: code.create_time,
            by: GrantType::AuthorizationCode,
        }
    }
}

/// What was approved and is a grant now.
pub(super) struct Redeemed {
    grant: Grant,
    identity: Identity,
    platform: Option<PlatformRole>,
    nonce: Option<String>,
    jti: String,
}

fn invalid() -> OAuthError {
    OAuthError::new(ErrorCode::InvalidGrant, "the code is not valid for this request")
}

/// Gives a client the tokens that its code stands for.
pub(super) async fn redeem(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &Arc<LiveClient>,
    asked: Asked,
) -> Result<TokenResponse, Refusal> {
    let code = SecretToken::parse(&asked.code).filter(|code| code.kind() == SecretKind::AuthorizationCode);
    let hash = code.ok_or_else(invalid)?.hash();
    let known = cache::all_resources(app, cx).await?;
    let (job, cx2, client) = (Arc::clone(app), cx.clone(), Arc::clone(live));
    let (redirect_uri, verifier, proof) =
        (asked.redirect_uri.clone(), asked.verifier.clone(), asked.proof.clone());
    let seconds = life_of_access_token(live, &asked.resources, &known);
    let redeemed = app.store.identity().write(move |tx| {
        let Some(code) = codes::find(tx, &hash)? else { return Ok(None) };
        let attempt = Attempt {
            client_id: &client.rules.id,
            redirect_uri: redirect_uri.as_deref(),
            verifier: verifier.as_deref(),
            proof: proof.as_ref(),
            now: cx2.now.seconds(),
        };
        match decide(&as_rule(&code, &client), &attempt) {
            Decision::Refuse => Ok(None),
            Decision::UseUp => codes::use_once(tx, &hash, cx2.now).map(|_| None),
            Decision::RevokeIssued => end_issued(tx, &cx2, &code).map(|()| None),
            Decision::Redeem if !codes::use_once(tx, &hash, cx2.now)? => {
                end_issued(tx, &cx2, &code).map(|()| None)
            }
            Decision::Redeem => {
                let jkt = dpop::binding_of_refresh(&client, proof.as_ref());
                let rights = GrantedRights { dpop_jkt: jkt, ..code.rights };
                let approved = AuthorizationCode { rights, ..code }.into();
                turn_into_grant(tx, &job, &cx2, &client, approved, seconds)
            }
        }
    });
    let redeemed = redeemed.await?.ok_or_else(invalid)?;
    answer(app, cx, live, redeemed, (asked.resources, asked.proof.as_ref())).await
}

/// The tokens of a new grant, for these of its resources.
pub(super) async fn answer(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &Arc<LiveClient>,
    redeemed: Redeemed,
    (asked, proof): (Vec<String>, Option<&Proof>),
) -> Result<TokenResponse, Refusal> {
    let known = cache::all_resources(app, cx).await?;
    let resources = resource::narrowed(asked, &redeemed.grant.rights.resources)?;
    let place = match redeemed.grant.organization_id {
        None => None,
        Some(organization) => {
            Some(Place::of(app, cx, organization, &redeemed.identity).await?.ok_or_else(invalid)?)
        }
    };
    let holder = Holder::of(app, &redeemed.identity, redeemed.platform);
    let scopes = effective(&scopes_of(&redeemed.grant.rights), place.as_ref(), holder, &known);
    let refresh = redeemed.grant.is_offline.then(|| token_of(app, &redeemed.grant, 1));
    let of = OfPerson {
        live,
        grant: &redeemed.grant,
        identity: &redeemed.identity,
        place: place.as_ref(),
        scopes: &scopes,
        resources: &resources,
        nonce: redeemed.nonce.as_deref(),
        refresh_token: refresh.as_ref(),
        jti: &redeemed.jti,
        proof,
        known: &known,
    };
    Ok(issue::of_person(app, cx, &of).await?)
}

/// A code as the rules take it.
fn as_rule(code: &AuthorizationCode, live: &LiveClient) -> Code {
    let is_own = code.client_id == live.id();
    Code {
        client_id: if is_own { live.rules.id.clone() } else { code.client_id.to_string() },
        redirect_uri: code.redirect_uri.clone(),
        redirect_uri_was_sent: code.redirect_uri_was_sent,
        challenge: code.code_challenge.as_deref().and_then(CodeChallenge::new),
        dpop_jkt: code.rights.dpop_jkt.clone(),
        expires_at: code.expires_at.seconds(),
        is_used: code.used_at.is_some(),
    }
}

/// A code that comes a second time may have been stolen: what was issued from it ends.
fn end_issued(tx: &mut IdentityTx<'_>, cx: &Cx, code: &AuthorizationCode) -> Result<()> {
    end_grant(tx, cx, code.grant_id, code.client_id, code.identity_id, "code_reused")
}

/// Makes a grant of what was approved; none when the session, the person or what was issued until now has ended.
pub(super) fn turn_into_grant(
    tx: &mut IdentityTx<'_>,
    app: &Tenant,
    cx: &Cx,
    live: &LiveClient,
    code: Approved,
    seconds: i64,
) -> Result<Option<Redeemed>> {
    if !live.client.honours(code.create_time.seconds()) {
        return Ok(None);
    }
    let session = sessions::find(tx, code.session_id)?;
    if !session.is_some_and(|session| session.revoked_at.is_none() && session.expires_at > cx.now) {
        return Ok(None);
    }
    let identity = identities::find(tx, code.identity_id)?;
    let Some(identity) = identity.filter(|identity| identity.state == IdentityState::Active) else {
        return Ok(None);
    };
    let settings = &live.client.settings;
    let is_offline = settings.may(GrantType::RefreshToken)
        && code.rights.scopes.iter().any(|scope| scope == "offline_access");
    let begin = live.issues_at(cx.now);
    let end = |life: u32| begin.plus_seconds(i64::from(life));
    let (expires_at, idle_expires_at): (Timestamp, Timestamp) = if is_offline {
        let last = end(settings.refresh_token_ttl_seconds);
        (last, end(settings.refresh_token_idle_ttl_seconds).min(last))
    } else {
        (begin.plus_seconds(seconds), begin.plus_seconds(seconds))
    };
    let grant = Grant {
        id: code.grant_id,
        client_id: code.client_id,
        identity_id: code.identity_id,
        session_id: code.session_id,
        organization_id: code.organization_id,
        rights: code.rights,
        is_offline,
        generation: 1,
        create_time: begin,
        expires_at,
        idle_expires_at,
        last_used_at: cx.now,
        revoked_at: None,
    };
    grants::insert(tx, &grant)?;
    if is_offline {
        refresh_tokens::insert(tx, &token_of(app, &grant, 1).hash(), grant.id, 1)?;
    }
    let jti = verify::jti(cx, grant.id);
    let scope = grant.rights.scopes.join(" ");
    emit(tx, &issue::told(cx, (grant.client_id, Some(grant.identity_id)), code.by, (&scope, &jti)))?;
    let platform = issue::platform_role(tx, identity.id, &grant.rights.scopes)?;
    Ok(Some(Redeemed { grant, identity, platform, nonce: code.nonce, jti }))
}
