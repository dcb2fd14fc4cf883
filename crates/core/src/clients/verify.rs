//! Access tokens that come back to us: whether they hold, and whether what they were given for still stands (`contract/30`
//! §6.4).

use std::sync::Arc;

use avnology_jose::{
    Refusal as Unreadable,
    jwt::{Rules, Types},
};
use avnology_model::{
    Code, Error, Result,
    clients::Grant,
    identities::{Identity, IdentityState},
    ids::{ClientId, GrantId, OrganizationId, ServiceAccountId},
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

use super::{LiveClient, cache, issue::text, person::Place, registration};
use crate::{Cx, Tenant, platform};

/// How far clocks may differ, in seconds.
const LEEWAY: i64 = 30;

/// An access token of ours that is good now.
pub(crate) struct LiveToken {
    /// What it says.
    pub(crate) claims: Map<String, Value>,
    /// To whom it was given.
    pub(crate) client: Arc<LiveClient>,
    /// What it was given for; none for a client's own.
    pub(crate) person: Option<(Grant, Identity)>,
    /// The organization that it was given for.
    pub(super) place: Option<Place>,
}

impl LiveToken {
    /// A claim that is a text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        text(&self.claims, name)
    }

    /// The key that it is bound to.
    pub(super) fn jkt(&self) -> Option<&str> {
        self.claims.get("cnf")?.get("jkt")?.as_str()
    }

    /// For whom it is.
    pub(crate) fn audience(&self) -> Vec<String> {
        let list = self.claims.get("aud").and_then(Value::as_array);
        list.into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    }

    /// Whether it holds a scope.
    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        self.text("scope").is_some_and(|scopes| scopes.split(' ').any(|one| one == scope))
    }
}

/// The id of an access token that belongs to a grant: it names the grant, so that the end of this is the end of that.
pub(super) fn jti(cx: &Cx, grant: GrantId) -> String {
    format!("{grant}.{}", crate::hex(&cx.random::<8>()))
}

/// The token, if it is good now. `_005` for what is none of ours, `_205` when its time is over, `_206` when what it was given
/// for has ended.
pub(crate) async fn access_token(app: &Arc<Tenant>, cx: &Cx, token: &str) -> Result<LiveToken> {
    let claims = believed(app, cx, token).await?;
    let mut live = standing(app, cx, claims).await?;
    // The grant may be for another organization by now.
    let organization = live.text("org_id").and_then(|id| id.parse::<OrganizationId>().ok());
    if let (Some((_, identity)), Some(organization)) = (&live.person, organization) {
        let place = Place::of(app, cx, organization, identity).await?;
        live.place = Some(place.ok_or_else(|| Error::new(Code::TokenRevoked))?);
    }
    Ok(live)
}

/// What a token that is believed was given for, if it still stands; where it was given for is not looked at.
pub(super) async fn standing(app: &Tenant, cx: &Cx, claims: Map<String, Value>) -> Result<LiveToken> {
    let ended = || Error::new(Code::TokenRevoked);
    let missing = || Error::new(Code::SessionInvalid);
    let client: ClientId = text(&claims, "client_id").and_then(registration::id_named).ok_or_else(missing)?;
    let client = cache::find(app, cx, client).await?.filter(|live| live.is_active()).ok_or_else(ended)?;
    let issued = claims.get("iat").and_then(Value::as_i64).ok_or_else(missing)?;
    if !client.client.honours(issued) {
        return Err(ended());
    }
    let jti = text(&claims, "jti").ok_or_else(missing)?.to_owned();
    let grant = jti.split_once('.').and_then(|(grant, _)| grant.parse::<GrantId>().ok());
    let account = text(&claims, "sub").and_then(|subject| subject.parse::<ServiceAccountId>().ok());
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
    let standing = standing.await?.ok_or_else(ended)?;
    Ok(LiveToken { claims, client, person: standing.0, place: None })
}

/// What a token stands on.
struct Standing(Option<(Grant, Identity)>);

fn of_person(
    tx: &mut IdentityTx<'_>,
    id: GrantId,
    now: avnology_model::Timestamp,
) -> Result<Option<Standing>> {
    let Some(grant) = grants::find(tx, id)?.filter(|grant| grant.revoked_at.is_none()) else {
        return Ok(None);
    };
    if !grant.is_offline {
        let session = sessions::find(tx, grant.session_id)?;
        if !session.is_some_and(|session| session.revoked_at.is_none() && session.expires_at > now) {
            return Ok(None);
        }
    }
    let identity = identities::find(tx, grant.identity_id)?;
    let identity = identity.filter(|identity| identity.state == IdentityState::Active);
    Ok(identity.map(|identity| Standing(Some((grant, identity)))))
}

fn of_client(tx: &mut IdentityTx<'_>, account: Option<ServiceAccountId>) -> Result<Option<Standing>> {
    let Some(account) = account else { return Ok(Some(Standing(None))) };
    let found = accounts::find(tx, account)?;
    Ok(found.is_some_and(|account| account.active).then_some(Standing(None)))
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
