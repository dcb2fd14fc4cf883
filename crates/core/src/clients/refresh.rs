//! Refresh tokens, which replace themselves (RFC 6749 §6, RFC 9700 §4.14.2, `contract/30` §4.3).

use std::sync::Arc;

use avnology_model::{
    Result, Timestamp,
    clients::{Grant, GrantType, OrganizationSelection, RefreshToken, SignInFacts},
    events::{Event, EventType},
    identities::{Identity, IdentityState},
    ids::OrganizationId,
    permissions::PlatformRole,
    secret_token::{SecretHash, SecretKind, SecretToken},
};
use avnology_oauth::{
    ErrorCode, OAuthError, Scopes,
    dpop::{Proof, is_bound_to},
    refresh::{Decision, Family, Presented, decide},
    resource,
};
use avnology_store::{
    IdentityTx,
    clients::{grants, refresh_tokens},
    identities::identities,
};
use serde_json::json;

use super::{
    LiveClient, Refusal, TokenResponse, cache, gates,
    issue::{self, OfPerson},
    oauth_error::refuse,
    person::{Holder, Place, effective, scopes_of},
    revoke_token::end_grant,
    verify,
};
use crate::{
    Cx, Tenant,
    events::emit,
    organizations::{check_sign_in, find_named},
};

/// The word that stands for no organization.
const PERSONAL: &str = "personal";
/// How often a use is decided anew because another one came between.
const TRIES: usize = 4;

/// What a client sends to get more tokens.
pub(super) struct Asked {
    pub(super) token: String,
    pub(super) scope: Option<Scopes>,
    pub(super) resources: Vec<String>,
    pub(super) organization: Option<String>,
    pub(super) proof: Option<Proof>,
}

/// A token as it is found, with everything that it belongs to.
#[derive(Clone)]
struct Found {
    token: RefreshToken,
    grant: Grant,
    identity: Identity,
    platform: Option<PlatformRole>,
}

/// The refresh token of a grant with this number: derived, so that a lost one can be given again without being kept.
pub(super) fn token_of(app: &Tenant, grant: &Grant, generation: u64) -> SecretToken {
    let text = format!("{}\n{generation}", grant.id);
    SecretToken::new(SecretKind::RefreshToken, &app.keys.hmac("oauth-refresh-token", text.as_bytes()))
}

fn invalid() -> OAuthError {
    OAuthError::new(ErrorCode::InvalidGrant, "the refresh token is not valid for this request")
}

/// Gives a client more tokens for its refresh token.
pub(super) async fn refresh(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &Arc<LiveClient>,
    asked: Asked,
) -> Result<TokenResponse, Refusal> {
    let token = SecretToken::parse(&asked.token).filter(|token| token.kind() == SecretKind::RefreshToken);
    let hash = token.ok_or_else(invalid)?.hash();
    for _ in 0..TRIES {
        let found = look(app, live, hash, asked.proof.as_ref()).await?;
        let (decision, after) = decide_on(cx, live, &found);
        match decision {
            Decision::Refuse => return Err(invalid().into()),
            Decision::RevokeFamily => {
                end_family(app, cx, &found.grant).await?;
                return Err(invalid().into());
            }
            Decision::Rotate | Decision::Keep | Decision::Repeat => {}
        }
        let rights = Rights::of(app, cx, live, &found, &asked).await?;
        let after = Grant { organization_id: rights.place.as_ref().map(|p| p.organization.id()), ..after };
        let jti = verify::jti(cx, found.grant.id);
        let whose = (found.grant.client_id, Some(found.grant.identity_id));
        let scope = rights.scopes.to_string();
        let told = issue::told(cx, whose, GrantType::RefreshToken, (&scope, &jti));
        if !write(app, cx, &found, &after, Use { hash, told, decision }).await? {
            // Another use came first: what is to be done now is for the rules to say again.
            continue;
        }
        let next = match decision {
            Decision::Keep => token_of(app, &found.grant, found.token.generation),
            Decision::Repeat => token_of(app, &found.grant, found.grant.generation),
            _ => token_of(app, &after, after.generation),
        };
        let given = Given { grant: &after, next: &next, proof: asked.proof.as_ref(), jti: &jti };
        return Ok(rights.issue(app, cx, live, &found, &given).await?);
    }
    Err(refuse(ErrorCode::TemporarilyUnavailable, "the refresh token is in use by others"))
}

/// The token, its grant and the person, if it is one of this client's and of the key that it proved.
async fn look(
    app: &Tenant,
    live: &LiveClient,
    hash: SecretHash,
    proof: Option<&Proof>,
) -> Result<Found, Refusal> {
    let found = app.store.identity().read(move |tx| {
        let Some((token, grant)) = grants::of_token(tx, &hash)? else { return Ok(None) };
        let Some(identity) = identities::find(tx, grant.identity_id)? else { return Ok(None) };
        let platform = issue::platform_role(tx, identity.id, &grant.rights.scopes)?;
        Ok(Some(Found { token, grant, identity, platform }))
    });
    // Another client's or key's attempt changes nothing, or anybody could end what is another's.
    let is_theirs = |found: &Found| {
        let bound = found.grant.rights.dpop_jkt.as_deref();
        found.grant.client_id == live.id()
            && bound.is_none_or(|jkt| proof.is_some_and(|proof| is_bound_to(jkt, proof)))
    };
    let found = found.await?.filter(is_theirs).ok_or_else(invalid)?;
    let is_good = live.client.honours(found.grant.create_time.seconds())
        && found.identity.state == IdentityState::Active;
    if is_good { Ok(found) } else { Err(invalid().into()) }
}

/// What the rules say, and the grant after it.
fn decide_on(cx: &Cx, live: &LiveClient, found: &Found) -> (Decision, Grant) {
    let (grant, settings) = (&found.grant, &live.client.settings);
    let family = Family {
        generation: grant.generation,
        rotates: settings.refresh_token_rotation,
        is_revoked: grant.revoked_at.is_some(),
        expires_at: grant.expires_at.seconds(),
        idle_expires_at: grant.idle_expires_at.seconds(),
    };
    let presented = Presented {
        generation: found.token.generation,
        first_used_at: found.token.first_used_at.map(Timestamp::seconds),
    };
    let decision = decide(&family, presented, cx.now.seconds());
    let idle = i64::from(settings.refresh_token_idle_ttl_seconds);
    let after = family.after(decision, cx.now.seconds(), idle);
    let grant = Grant {
        generation: after.generation,
        idle_expires_at: cx.now.plus_seconds(idle).min(grant.expires_at),
        last_used_at: cx.now,
        ..grant.clone()
    };
    (decision, grant)
}

/// A use of a token, and the access token that it gives.
struct Use {
    hash: SecretHash,
    told: Event,
    decision: Decision,
}

/// Writes a use down; `false` when another one came first.
async fn write(app: &Tenant, cx: &Cx, found: &Found, after: &Grant, done: Use) -> Result<bool> {
    let rotates = done.decision != Decision::Repeat && after.generation > found.grant.generation;
    let successor = rotates.then(|| token_of(app, after, after.generation).hash());
    let (before, after, now) = (found.grant.clone(), after.clone(), cx.now);
    app.store
        .identity()
        .write(move |tx| {
            // What is given again was written down when it was given first.
            if done.decision != Decision::Repeat && !grants::after_use(tx, &before, &after)? {
                return Ok(false);
            }
            emit(tx, &done.told)?;
            if let Some(successor) = &successor {
                refresh_tokens::note_use(tx, &done.hash, now)?;
                refresh_tokens::insert(tx, successor, after.id, after.generation)?;
            }
            Ok(true)
        })
        .await
}

/// Ends a family of which an old token came back: it may have been stolen.
async fn end_family(app: &Tenant, cx: &Cx, grant: &Grant) -> Result<()> {
    let (cx, grant) = (cx.clone(), grant.clone());
    app.store.identity().write(move |tx| note_reuse(tx, &cx, &grant)).await
}

fn note_reuse(tx: &mut IdentityTx<'_>, cx: &Cx, grant: &Grant) -> Result<()> {
    if grants::find(tx, grant.id)?.is_none_or(|grant| grant.revoked_at.is_some()) {
        return Ok(());
    }
    end_grant(tx, cx, grant.id, grant.client_id, grant.identity_id, "reuse")?;
    let payload = json!({
        "client_id": grant.client_id, "user_id": grant.identity_id, "session_id": grant.session_id,
    });
    let event = cx.event(EventType::OauthTokenReuseDetected, payload);
    emit(tx, &event.on("client", &grant.client_id).on("identity", &grant.identity_id))
}

/// What goes into the tokens besides.
struct Given<'g> {
    grant: &'g Grant,
    next: &'g SecretToken,
    proof: Option<&'g Proof>,
    jti: &'g str,
}

/// What is given at this use: never more than was granted.
struct Rights {
    place: Option<Place>,
    scopes: Scopes,
    resources: Vec<String>,
}

impl Rights {
    async fn of(
        app: &Arc<Tenant>,
        cx: &Cx,
        live: &LiveClient,
        found: &Found,
        asked: &Asked,
    ) -> Result<Self, Refusal> {
        let granted = scopes_of(&found.grant.rights);
        let wanted = match &asked.scope {
            None => granted,
            Some(scopes) => scopes.narrowed_from(&granted)?,
        };
        let resources = resource::narrowed(asked.resources.clone(), &found.grant.rights.resources)?;
        let whose = Whose {
            identity: &found.identity,
            signed_in: &found.grant.rights.signed_in,
            organization: found.grant.organization_id,
        };
        let place = place(app, cx, live, whose, asked.organization.as_deref()).await?;
        check_gates(app, cx, live, whose, place.as_ref()).await?;
        let known = cache::all_resources(app, cx).await?;
        let holder = Holder::of(app, &found.identity, found.platform);
        let scopes = effective(&wanted, place.as_ref(), holder, &known);
        Ok(Self { place, scopes, resources })
    }

    async fn issue(
        &self,
        app: &Arc<Tenant>,
        cx: &Cx,
        live: &LiveClient,
        found: &Found,
        given: &Given<'_>,
    ) -> Result<TokenResponse> {
        let known = cache::all_resources(app, cx).await?;
        let of = OfPerson {
            live,
            grant: given.grant,
            identity: &found.identity,
            place: self.place.as_ref(),
            scopes: &self.scopes,
            resources: &self.resources,
            nonce: None,
            refresh_token: Some(given.next),
            proof: given.proof,
            jti: given.jti,
            known: &known,
        };
        issue::of_person(app, cx, &of).await
    }
}

/// Whom tokens are for, and how they signed in.
#[derive(Clone, Copy)]
pub(super) struct Whose<'w> {
    pub(super) identity: &'w Identity,
    pub(super) signed_in: &'w SignInFacts,
    /// Where what they granted is for.
    pub(super) organization: Option<OrganizationId>,
}

/// The organization that the tokens are for: the grant's, or the one that is asked for now. `invalid_grant` where the person is
/// no member, `interaction_required` where the sign-in does not meet the organization's rules.
pub(super) async fn place(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &LiveClient,
    whose: Whose<'_>,
    asked: Option<&str>,
) -> Result<Option<Place>, Refusal> {
    let settings = &live.client.settings;
    let organization = match asked {
        None => whose.organization,
        Some(_) if settings.organization_selection == OrganizationSelection::None => {
            return Err(refuse(ErrorCode::InvalidRequest, "the client wants no organization"));
        }
        Some(PERSONAL) if settings.organization_selection == OrganizationSelection::Required => {
            return Err(refuse(ErrorCode::InvalidRequest, "the client wants an organization"));
        }
        Some(PERSONAL) => None,
        Some(named) => {
            let organization = find_named(app, cx, named).await?.ok_or_else(lost)?;
            Some(organization.id())
        }
    };
    let Some(organization) = organization else { return Ok(None) };
    let allowed = &settings.allowed_organizations;
    if !allowed.is_empty() && !allowed.contains(&organization) {
        return Err(lost());
    }
    let place = Place::of(app, cx, organization, whose.identity).await?.ok_or_else(lost)?;
    let facts = whose.signed_in;
    match check_sign_in(&place.organization, facts.aal, facts.authenticated_at, &facts.methods, cx.now) {
        Ok(()) => Ok(Some(place)),
        Err(_) => Err(refuse(ErrorCode::InteractionRequired, "the organization asks for another sign-in")),
    }
}

/// `invalid_grant` where the client's own conditions are not met any more, or the organization has blocked it.
pub(super) async fn check_gates(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &LiveClient,
    whose: Whose<'_>,
    place: Option<&Place>,
) -> Result<(), Refusal> {
    let methods = &whose.signed_in.methods;
    if let Err(shut) = gates::check(app, cx, live, whose.identity.id, methods).await? {
        return Err(refuse(ErrorCode::InvalidGrant, shut.words()));
    }
    if gates::is_blocked(app, live, place.map(|place| place.organization.id())).await? {
        return Err(refuse(ErrorCode::InvalidGrant, "the organization does not allow the client"));
    }
    Ok(())
}

fn lost() -> Refusal {
    refuse(ErrorCode::InvalidGrant, "the person is no member of the organization")
}
