//! Access tokens as callers of the API: whom they stand for and what they allow (`contract/00` §10, `contract/30` §6). Warm, no
//! database is asked ([`super::known`]).

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    events::{Actor, ActorType},
    ids::{ClientId, OrganizationId, ServiceAccountId},
    permissions::ScopeSet,
    secret_token::SecretHash,
};
use avnology_store::{permissions::tuples, service_accounts::accounts};

use super::{
    PresentedToken, dpop,
    known::{self, KnownToken},
    scopes,
};
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
    let (known, _) = known::in_force(app, cx, token).await?;
    if let Some(caller) = known.caller.get() {
        return Ok(Arc::clone(caller));
    }
    if !known.is_for_us {
        return Err(Error::new(Code::WrongAudience));
    }
    // What is read here is younger than the marks of the token.
    let caller = Arc::new(load(app, cx, &known).await?);
    Ok(Arc::clone(known.caller.get_or_init(|| caller)))
}

async fn load(app: &Tenant, cx: &Cx, known: &KnownToken) -> Result<TokenCaller> {
    let said = &known.said;
    let granted: ScopeSet = said.scope.split(' ').filter_map(scopes::system).collect();
    let (client, organization) = (said.client, said.organization);
    let (bearer, scopes) = match &known.person {
        Some((grant, identity)) => {
            let person = identity.id;
            let role = app.store.identity().read(move |tx| tuples::platform_role(tx, person)).await?;
            let through = Through { client, scopes: granted, organization };
            let session = LiveSession::through((grant, identity), role, through, cx.now);
            (Bearer::Person(Arc::new(session)), granted)
        }
        None => program(app, &said.subject, granted).await?,
    };
    Ok(TokenCaller {
        client,
        organization,
        bearer,
        jkt: said.jkt.clone(),
        is_another_person: said.is_by_another_person(),
        hash: known.hash,
        scopes,
    })
}

/// A client that speaks for itself, or as a service account, whose scopes may have become fewer since.
async fn program(app: &Tenant, subject: &str, granted: ScopeSet) -> Result<(Bearer, ScopeSet)> {
    let about_people: ScopeSet = granted.iter().filter(|scope| scope.is_self()).collect();
    let granted = granted.without(about_people);
    let Ok(account) = subject.parse() else {
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
    match known::access_token(app, cx, token).await {
        Ok(found) => super::revoke_token::end_alone(app, cx, &found, "leaked").await,
        Err(error) if error.is_failure() => Err(error),
        Err(_) => Ok(()),
    }
}
