//! Tokens for other tokens: somebody acts for somebody else, and the result says so (RFC 8693, `contract/30` §4.6).
//!
//! `subject` reads whom the result speaks of, `impersonate` lets administrators act as another person, `settings` says what clients
//! may be allowed.

mod impersonate;
mod settings;
mod subject;

use std::sync::Arc;

use avnology_model::{
    Result, Timestamp,
    clients::{Grant, GrantType, GrantedRights},
    identities::Identity,
    ids::{GrantId, IdentityId, OrganizationId, SessionId},
    permissions::PlatformRole,
};
use avnology_oauth::{
    ErrorCode, OAuthError, Scopes,
    dpop::Proof,
    resource,
    token_request::{ACCESS_TOKEN_TYPE, Exchange, SubjectType},
    tokens::{self, actor},
};
use avnology_store::clients::grants;
use serde_json::{Map, Value};

pub(super) use self::settings::check as check_settings;
use super::{
    LiveClient, Refusal, TokenResponse, cache,
    issue::{self, has_system_scope, life_of_access_token, text, token_type},
    known,
    oauth_error::refuse,
    person::{Holder, Place, effective, signed_in},
    refresh::{Whose, check_gates, place},
    scopes, verify,
};
use crate::{Cx, Tenant, events::emit};

/// The scope that no exchange gives: its result is never renewed.
const OFFLINE: &str = "offline_access";

/// Whom a result speaks of.
struct Subject {
    who: Who,
    /// The most that the result may allow.
    scopes: Scopes,
    /// Who acted for them before.
    act: Option<Value>,
    /// When the result ends at the latest, in seconds since 1970.
    end: i64,
}

/// A person, or a program.
enum Who {
    Person(Box<OfPerson>),
    /// What its own token says.
    Program(Map<String, Value>),
}

struct OfPerson {
    identity: Identity,
    platform: Option<PlatformRole>,
    grant: Grant,
    /// Whether the grant has to be kept yet.
    is_new: bool,
    organization: Option<OrganizationId>,
}

/// A token that is not as the exchange needs it (§2.2.2).
fn unacceptable(why: &'static str) -> Refusal {
    refuse(ErrorCode::InvalidRequest, why)
}

/// An access token of ours that is good now.
async fn good(
    app: &Arc<Tenant>,
    cx: &Cx,
    token: &str,
    why: &'static str,
) -> Result<known::LiveToken, Refusal> {
    match known::access_token(app, cx, token).await {
        Err(error) if !error.is_failure() => Err(unacceptable(why)),
        found => Ok(found?),
    }
}

/// Gives a client a token for another one.
pub(super) async fn exchange(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &Arc<LiveClient>,
    asked: Exchange,
    proof: Option<&Proof>,
) -> Result<TokenResponse, Refusal> {
    resource::check(&asked.audiences, &live.client.settings.token_exchange.audiences).map_err(|_| {
        OAuthError::new(ErrorCode::InvalidTarget, "the client may not exchange for this audience")
    })?;
    let acting = match &asked.actor_token {
        Some(token) => Some(good(app, cx, token, "actor_token is not good").await?),
        None => None,
    };
    if asked.subject_type == SubjectType::Identity {
        let Some(acting) = acting else { return Err(unacceptable("impersonation needs actor_token")) };
        return impersonate::impersonate(app, cx, live, (&asked, proof), &acting).await;
    }
    let subject = match asked.subject_type {
        SubjectType::Session => subject::of_session(app, cx, live, &asked).await?,
        SubjectType::AccessToken | SubjectType::Identity => subject::of_token(app, cx, &asked).await?,
    };
    let who = match &acting {
        Some(acting) => acting.known.said.subject.clone(),
        None => live.rules.id.clone(),
    };
    let act = actor(&who, subject.act.as_ref());
    let wanted = wanted(live, &asked, &subject.scopes)?;
    match &subject.who {
        Who::Person(person) => {
            let whose = Whose {
                identity: &person.identity,
                signed_in: &person.grant.rights.signed_in,
                organization: person.organization,
            };
            let place = place(app, cx, live, whose, asked.organization_id.as_deref()).await?;
            check_gates(app, cx, live, whose, place.as_ref()).await?;
            let (place, end) = (place.as_ref(), subject.end);
            let made = Made { person, place, wanted: &wanted, act: &act, proof, end };
            for_person(app, cx, live, &asked, made).await
        }
        Who::Program(claims) => {
            if asked.organization_id.is_some() {
                return Err(unacceptable("a program belongs to the organization of its token"));
            }
            let made = MadeForProgram { claims, wanted: &wanted, act: &act, proof, end: subject.end };
            for_program(app, cx, live, &asked, made).await
        }
    }
}

/// What is asked for, of what the subject has and the client may have.
fn wanted(live: &LiveClient, asked: &Exchange, has: &Scopes) -> Result<Scopes, OAuthError> {
    let may = has.filtered(|scope| scope != OFFLINE && live.rules.scopes.has(scope));
    match &asked.scope {
        None => Ok(may),
        Some(scopes) => scopes.narrowed_from(&may),
    }
}

/// A grant of its own for what is exchanged, which ends then and is not refreshed.
fn grant_until(
    cx: &Cx,
    live: &LiveClient,
    end: Timestamp,
    (identity_id, session_id, organization_id): (IdentityId, SessionId, Option<OrganizationId>),
    rights: GrantedRights,
) -> Grant {
    Grant {
        id: GrantId::new(cx.now, cx.random()),
        client_id: live.id(),
        identity_id,
        session_id,
        organization_id,
        rights,
        is_offline: false,
        generation: 0,
        create_time: live.issues_at(cx.now),
        expires_at: end,
        idle_expires_at: end,
        last_used_at: cx.now,
        revoked_at: None,
    }
}

/// A token to be made for a person.
struct Made<'m> {
    person: &'m OfPerson,
    place: Option<&'m Place>,
    wanted: &'m Scopes,
    act: &'m Value,
    proof: Option<&'m Proof>,
    end: i64,
}

/// A token to be made for a program.
struct MadeForProgram<'m> {
    /// What its own token says.
    claims: &'m Map<String, Value>,
    wanted: &'m Scopes,
    act: &'m Value,
    proof: Option<&'m Proof>,
    end: i64,
}

async fn for_person(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &LiveClient,
    asked: &Exchange,
    made: Made<'_>,
) -> Result<TokenResponse, Refusal> {
    let known = cache::all_resources(app, cx).await?;
    let OfPerson { identity, platform, grant, .. } = made.person;
    let scopes = effective(made.wanted, made.place, Holder::of(app, identity, *platform), &known);
    let begin = live.issues_at(cx.now).seconds();
    let end = made.end.min(begin + life_of_access_token(live, &asked.audiences, &known));
    let (subject, jti) = (identity.id.to_string(), verify::jti(cx, grant.id));
    let organization = made.place.map(Place::claims);
    let permissions = made.place.map(|place| place.member.permissions.as_slice());
    let token = tokens::AccessToken {
        issuer: &app.config.origin(),
        subject: &subject,
        client_id: &live.rules.id,
        resources: &asked.audiences,
        scopes: &scopes,
        has_system_scope: has_system_scope(&scopes),
        jti: &jti,
        times: (begin, end),
        signed_in: Some(&signed_in(grant)),
        organization: organization.as_ref(),
        permissions: permissions.filter(|_| live.client.settings.include_permissions),
        jkt: made.proof.map(|proof| proof.jkt.as_str()),
        actor: Some(made.act),
    };
    let issued = issue::access_token(app, cx, live, &token).await?;
    let new = made.person.is_new.then(|| grant.clone());
    write(app, cx, live, Some(identity.id), (new, &scopes, &jti)).await?;
    Ok(answer(issued, &scopes, made.proof))
}

async fn for_program(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &LiveClient,
    asked: &Exchange,
    MadeForProgram { claims, wanted: scopes, act, proof, end }: MadeForProgram<'_>,
) -> Result<TokenResponse, Refusal> {
    let known = cache::all_resources(app, cx).await?;
    let begin = live.issues_at(cx.now).seconds();
    let end = end.min(begin + life_of_access_token(live, &asked.audiences, &known));
    let claim = |name| text(claims, name).unwrap_or_default().to_owned();
    let organization = claims.contains_key("org_id").then(|| tokens::Organization {
        id: claim("org_id"),
        name: claim("org_name"),
        slug: claim("org_slug"),
        role: None,
    });
    let jti = crate::hex(&cx.random::<16>());
    let token = tokens::AccessToken {
        issuer: &app.config.origin(),
        subject: &claim("sub"),
        client_id: &live.rules.id,
        resources: &asked.audiences,
        scopes,
        has_system_scope: has_system_scope(scopes),
        jti: &jti,
        times: (begin, end),
        signed_in: None,
        organization: organization.as_ref(),
        permissions: None,
        jkt: proof.map(|proof| proof.jkt.as_str()),
        actor: Some(act),
    };
    let issued = issue::access_token(app, cx, live, &token).await?;
    write(app, cx, live, None, (None, scopes, &jti)).await?;
    Ok(answer(issued, scopes, proof))
}

/// Keeps the grant of a result, if it has one of its own, and tells of it.
async fn write(
    app: &Tenant,
    cx: &Cx,
    live: &LiveClient,
    person: Option<IdentityId>,
    (grant, scopes, jti): (Option<Grant>, &Scopes, &str),
) -> Result<()> {
    let told = issue::told(cx, (live.id(), person), GrantType::TokenExchange, (&scopes.to_string(), jti));
    let write = app.store.identity().write(move |tx| {
        if let Some(grant) = &grant {
            grants::insert(tx, grant)?;
        }
        emit(tx, &told)
    });
    write.await
}

fn answer(issued: issue::Issued, scopes: &Scopes, proof: Option<&Proof>) -> TokenResponse {
    TokenResponse {
        access_token: issued.token,
        token_type: token_type(proof),
        expires_in: issued.expires_in,
        scope: scopes.to_string(),
        refresh_token: None,
        id_token: None,
        issued_token_type: Some(ACCESS_TOKEN_TYPE),
    }
}

/// The system scopes that are about oneself, of which an impersonation keeps `account:self` alone.
fn is_private(scope: &str) -> bool {
    scopes::system(scope)
        .is_some_and(|scope| scope.is_self() && scope != avnology_model::permissions::Scope::AccountSelf)
}
