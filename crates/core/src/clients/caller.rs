//! Access tokens as callers of the API: whom they stand for and what they allow (`contract/00` §10, `contract/30` §6). Warm, no
//! database is asked: a token is kept with the marks of those it stands on, and read anew when a commit touched one of them.

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    events::{Actor, ActorType},
    ids::{ClientId, IdentityId, OrganizationId, ServiceAccountId},
    permissions::ScopeSet,
    secret_token::{SecretHash, sha256},
};
use avnology_store::{Mark, permissions::tuples, service_accounts::accounts};
use serde_json::{Map, Value};

use super::{PresentedToken, cache, dpop, issue::text, scopes, verify};
use crate::{
    Cx, Tenant,
    sessions::{LiveSession, Through},
};

/// Somebody who calls by an access token that is good.
pub struct TokenCaller {
    /// To which client it was given.
    pub client: ClientId,
    /// For which organization; calls are about that one alone.
    pub organization: Option<OrganizationId>,
    /// Whom it stands for.
    pub bearer: Bearer,
    /// The key that it is bound to (RFC 9449).
    pub jkt: Option<String>,
    /// Whether another person acts for the one whom it stands for.
    pub is_another_person: bool,
    hash: SecretHash,
    scopes: ScopeSet,
    issued_at: i64,
    expires_at: i64,
    marks: [Mark; 3],
}

/// Whom an access token stands for.
pub enum Bearer {
    /// A person, who acts through the client.
    Person(Arc<LiveSession>),
    /// The client alone.
    Program(Program),
}

/// A client that acts for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Program {
    /// The service account that it speaks as.
    pub account: Option<ServiceAccountId>,
    /// Whether that is one of an organization.
    pub is_of_organization: bool,
}

impl TokenCaller {
    /// What it allows: of what was granted the part of our own API, for a program no more than its account holds.
    pub fn scopes(&self) -> ScopeSet {
        self.scopes
    }

    /// What tells it from other tokens.
    pub fn hash(&self) -> &SecretHash {
        &self.hash
    }

    /// The person, when it stands for one.
    pub fn person(&self) -> Option<&Arc<LiveSession>> {
        match &self.bearer {
            Bearer::Person(live) => Some(live),
            Bearer::Program(_) => None,
        }
    }

    /// Who acts.
    pub fn actor(&self) -> Actor {
        match &self.bearer {
            Bearer::Person(live) => Actor::identity(live.session.identity_id, Some(live.session.id)),
            Bearer::Program(Program { account: Some(account), .. }) => {
                Actor { kind: ActorType::ServiceAccount, id: Some(account.to_string()), session_id: None }
            }
            Bearer::Program(Program { account: None, .. }) => {
                Actor { kind: ActorType::Client, id: Some(self.client.to_string()), session_id: None }
            }
        }
    }

    /// Whether it is as good as when it was read.
    async fn stands(&self, app: &Tenant, cx: &Cx) -> Result<bool> {
        let marks = app.store.identity().marks();
        if self.expires_at <= cx.now.seconds() || !self.marks.iter().all(|mark| marks.stands(*mark)) {
            return Ok(false);
        }
        let client = cache::find(app, cx, self.client).await?;
        Ok(client.is_some_and(|live| live.is_active() && live.client.honours(self.issued_at)))
    }
}

/// Who calls by this access token. `_005` for what is none of ours, `_205` when its time is over, `_206` when what it was given
/// for has ended, `_200` when it is meant for another API; `_201` and `_202` when it is bound to a key that is not proven.
pub async fn authenticate_presented(
    app: &Arc<Tenant>,
    cx: &Cx,
    presented: &PresentedToken<'_>,
) -> Result<Arc<TokenCaller>> {
    let caller = authenticate_token(app, cx, presented.token).await?;
    dpop::check(app, cx, presented, caller.jkt.as_deref(), caller.client).await?;
    Ok(caller)
}

/// Whose an access token is that is good, whoever sends it.
async fn authenticate_token(app: &Arc<Tenant>, cx: &Cx, token: &str) -> Result<Arc<TokenCaller>> {
    let hash = sha256(token.as_bytes());
    if let Some(caller) = app.clients.tokens.warm(&hash, cx.now)
        && caller.stands(app, cx).await?
    {
        return Ok(caller);
    }
    // Drawn before the keys are looked at: one that is removed meanwhile leaves nothing in memory.
    let ticket = app.clients.tokens.ticket(&hash);
    let claims = verify::believed(app, cx, token).await?;
    let issuer = app.config.origin();
    let audience = claims.get("aud").and_then(Value::as_array);
    if !audience.is_some_and(|list| list.iter().any(|one| one.as_str() == Some(issuer.as_str()))) {
        return Err(Error::new(Code::WrongAudience));
    }
    let caller = load(app, cx, hash, claims).await?;
    app.clients.tokens.keep(&ticket, &hash, Arc::clone(&caller), cx.now);
    Ok(caller)
}

async fn load(
    app: &Arc<Tenant>,
    cx: &Cx,
    hash: SecretHash,
    claims: Map<String, Value>,
) -> Result<Arc<TokenCaller>> {
    let marks = app.store.identity().marks();
    let of = |name| marks.of(text(&claims, name).unwrap_or_default());
    let act = claims.get("act").and_then(|act| act.get("sub")).and_then(Value::as_str).unwrap_or_default();
    // Who acts for another person is remembered too: their sign-out ends it.
    let marks = [of("sub"), of("client_id"), marks.of(act)];
    let is_another_person = act.parse::<IdentityId>().is_ok();
    let live = verify::standing(app, cx, claims).await?;
    let granted = live.text("scope").unwrap_or_default().split(' ').filter_map(scopes::system);
    let granted: ScopeSet = granted.collect();
    let organization = live.text("org_id").and_then(|id| id.parse().ok());
    let seconds = |name| live.claims.get(name).and_then(Value::as_i64).unwrap_or_default();
    let client = live.client.id();
    let (bearer, scopes) = match &live.person {
        Some((grant, identity)) => {
            let person = identity.id;
            let role = app.store.identity().read(move |tx| tuples::platform_role(tx, person)).await?;
            let through = Through { client, scopes: granted, organization };
            let session = LiveSession::through((grant, identity), role, through, cx.now);
            (Bearer::Person(Arc::new(session)), granted)
        }
        None => program(app, &live, granted).await?,
    };
    let jkt = live.jkt().map(str::to_owned);
    let (issued_at, expires_at) = (seconds("iat"), seconds("exp"));
    Ok(Arc::new(TokenCaller {
        client,
        organization,
        bearer,
        jkt,
        is_another_person,
        hash,
        scopes,
        issued_at,
        expires_at,
        marks,
    }))
}

/// A client that speaks for itself, or as a service account, whose scopes may have become fewer since.
async fn program(app: &Tenant, live: &verify::LiveToken, granted: ScopeSet) -> Result<(Bearer, ScopeSet)> {
    let about_people: ScopeSet = granted.iter().filter(|scope| scope.is_self()).collect();
    let granted = granted.without(about_people);
    let Some(account) = live.text("sub").and_then(|subject| subject.parse().ok()) else {
        return Ok((Bearer::Program(Program { account: None, is_of_organization: false }), granted));
    };
    let found = app.store.identity().read(move |tx| accounts::find(tx, account)).await?;
    let found = found.filter(|found| found.active).ok_or_else(|| Error::new(Code::TokenRevoked))?;
    let holds: ScopeSet = found.scopes.iter().copied().collect();
    let is_of_organization = found.organization_id.is_some();
    let program = Program { account: Some(account), is_of_organization };
    Ok((Bearer::Program(program), granted.intersection(holds)))
}

/// Ends an access token that was found where it must not be, such as in a URL.
pub async fn revoke_leaked_token(app: &Arc<Tenant>, cx: &Cx, token: &str) -> Result<()> {
    match verify::access_token(app, cx, token).await {
        Ok(found) => super::revoke_token::end_alone(app, cx, found, "leaked").await,
        Err(error) if error.is_failure() => Err(error),
        Err(_) => Ok(()),
    }
}
