//! Access tokens that come back to us: whether they hold, and whether what they were given for still stands (`contract/30`
//! §6.4). What is found out is kept in memory by [`super::known`].

use avnology_jose::{
    Refusal as Unreadable,
    jwt::{Rules, Types},
};
use avnology_model::{
    Code, Error, Result, Timestamp,
    clients::Grant,
    identities::{Identity, IdentityState},
    ids::{ClientId, GrantId, IdentityId, OrganizationId, ServiceAccountId},
};
use avnology_oauth::{SIGNING_ALGORITHMS, tokens::ACCESS_TOKEN};
use avnology_store::{
    IdentityTx,
    clients::{grants, once},
    identities::identities,
    service_accounts::accounts,
    sessions::sessions,
};
use serde_json::{Map, Value};

use super::{issue::text, registration};
use crate::{Cx, Tenant, platform};

/// How far clocks may differ, in seconds.
const LEEWAY: i64 = 30;

/// What an access token says, as far as we ask.
pub(crate) struct Said {
    /// Whom it speaks of.
    pub(crate) subject: String,
    /// To which client it was given.
    pub(crate) client: ClientId,
    /// Its id.
    pub(crate) jti: String,
    /// What it allows.
    pub(crate) scope: String,
    /// For whom it is.
    pub(crate) audience: Vec<String>,
    /// For which organization it was given.
    pub(crate) organization: Option<OrganizationId>,
    /// The key that it is bound to.
    pub(crate) jkt: Option<String>,
    /// Who acts for the one whom it speaks of.
    pub(crate) act: Option<Value>,
    /// Since when it is, in seconds since 1970.
    pub(crate) issued_at: i64,
    /// When it ends by itself, in seconds since 1970.
    pub(crate) expires_at: i64,
}

impl Said {
    /// `_005` for claims that no token of ours has.
    pub(super) fn of(claims: &Map<String, Value>) -> Result<Self> {
        let missing = || Error::new(Code::SessionInvalid);
        let said = |name| text(claims, name).unwrap_or_default().to_owned();
        let seconds = |name| claims.get(name).and_then(Value::as_i64).ok_or_else(missing);
        let audience = claims.get("aud").and_then(Value::as_array).into_iter().flatten();
        let jkt = claims.get("cnf").and_then(|cnf| cnf.get("jkt")?.as_str());
        Ok(Self {
            subject: said("sub"),
            client: text(claims, "client_id").and_then(registration::id_named).ok_or_else(missing)?,
            jti: text(claims, "jti").ok_or_else(missing)?.to_owned(),
            scope: said("scope"),
            audience: audience.filter_map(|one| one.as_str().map(str::to_owned)).collect(),
            organization: text(claims, "org_id").and_then(|id| id.parse().ok()),
            jkt: jkt.map(str::to_owned),
            act: claims.get("act").cloned(),
            issued_at: seconds("iat")?,
            expires_at: seconds("exp")?,
        })
    }

    /// Whether it holds a scope.
    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|one| one == scope)
    }

    /// Whether one of those who act is a person.
    pub(crate) fn is_by_another_person(&self) -> bool {
        self.actors().any(|act| act.parse::<IdentityId>().is_ok())
    }

    /// Everybody who acts for the one whom it speaks of, the last first.
    pub(super) fn actors(&self) -> impl Iterator<Item = &str> {
        let all = std::iter::successors(self.act.as_ref(), |actor| actor.get("act"));
        all.filter_map(|actor| actor.get("sub")?.as_str())
    }
}

/// The id of an access token that belongs to a grant: it names the grant, so that the end of this is the end of that.
pub(super) fn jti(cx: &Cx, grant: GrantId) -> String {
    format!("{grant}.{}", crate::hex(&cx.random::<8>()))
}

/// What a token stands on.
pub(super) struct Standing {
    /// Of a person's; none for a client's own.
    pub(super) person: Option<(Grant, Identity)>,
    /// When what it stands on ends by itself.
    pub(super) ends_at: Option<Timestamp>,
}

/// What a token that is believed was given for, if it still stands; of the client and of where it was given for nothing is asked.
pub(super) async fn standing(app: &Tenant, cx: &Cx, said: &Said) -> Result<Option<Standing>> {
    let jti = said.jti.clone();
    let grant = jti.split_once('.').and_then(|(grant, _)| grant.parse::<GrantId>().ok());
    let account = said.subject.parse::<ServiceAccountId>().ok();
    let now = cx.now;
    let standing = app.store.identity().read(move |tx| {
        if once::is_revoked(tx, &jti)? {
            return Ok(None);
        }
        match grant {
            Some(grant) => of_person(tx, grant, now),
            None => of_client(tx, account),
        }
    });
    standing.await
}

fn of_person(tx: &mut IdentityTx<'_>, id: GrantId, now: Timestamp) -> Result<Option<Standing>> {
    let Some(grant) = grants::find(tx, id)?.filter(|grant| grant.revoked_at.is_none()) else {
        return Ok(None);
    };
    let mut ends_at = None;
    if !grant.is_offline {
        let session = sessions::find(tx, grant.session_id)?;
        let session = session.filter(|session| session.revoked_at.is_none() && session.expires_at > now);
        let Some(session) = session else { return Ok(None) };
        ends_at = Some(session.expires_at);
    }
    let identity = identities::find(tx, grant.identity_id)?;
    let identity = identity.filter(|identity| identity.state == IdentityState::Active);
    Ok(identity.map(|identity| Standing { person: Some((grant, identity)), ends_at }))
}

fn of_client(tx: &mut IdentityTx<'_>, account: Option<ServiceAccountId>) -> Result<Option<Standing>> {
    let own = Standing { person: None, ends_at: None };
    let Some(account) = account else { return Ok(Some(own)) };
    let found = accounts::find(tx, account)?;
    Ok(found.is_some_and(|account| account.active).then_some(own))
}

/// The claims of a token that we signed as an access token and whose time is not over.
pub(super) async fn believed(app: &Tenant, cx: &Cx, token: &str) -> Result<Map<String, Value>> {
    let issuer = app.config.origin();
    let rules = Rules {
        algorithms: &SIGNING_ALGORITHMS,
        types: Types::Only(&[ACCESS_TOKEN]),
        issuer: Some(&issuer),
        audience: &[],
        now: cx.now.seconds(),
        leeway: LEEWAY,
        expires: true,
    };
    let keys = platform::verifier(app, cx, token).await?;
    match rules.verify(token, keys.keys()) {
        // Clocks of ours do not differ: the leeway is for the beginning of its time alone.
        Ok(claims) if claims.seconds("exp").ok().flatten().is_some_and(|end| end <= cx.now.seconds()) => {
            Err(Error::new(Code::TokenExpired))
        }
        Ok(claims) => Ok(claims.into_members()),
        Err(Unreadable::Expired) => Err(Error::new(Code::TokenExpired)),
        Err(_) => Err(Error::new(Code::SessionInvalid)),
    }
}
