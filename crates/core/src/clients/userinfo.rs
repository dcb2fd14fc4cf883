//! What a client may know of the person who signed in (OpenID Connect Core §5.3, `contract/30` §9). What was written once is sent
//! again until something that it stands on changes.

use std::sync::Arc;

use avnology_model::{Code, Error, Result, Timestamp};
use avnology_oauth::Scopes;
use avnology_store::Mark;
use bytes::Bytes;
use serde_json::Value;

use super::{
    LiveClient, PresentedToken,
    claims::{self, Basis, Claims, Told},
    dpop,
    known::{self, LiveToken},
    person::Place,
};
use crate::{Cx, Tenant, platform};

/// The claims, as the client wants them.
pub enum Userinfo {
    /// As JSON.
    Json(Bytes),
    /// As a JWT.
    Signed(String),
}

/// Claims as they were written, and what they stand on besides the token.
pub(super) struct Written {
    text: Bytes,
    client: Arc<LiveClient>,
    place: Option<Place>,
    organizations: Option<(Mark, Option<Timestamp>)>,
}

impl Written {
    /// Whether the same would be written now, for a token that stands.
    fn stands(&self, app: &Tenant, cx: &Cx, live: &LiveToken) -> bool {
        let is_same_place = match (&self.place, &live.place) {
            (None, None) => true,
            (Some(then), Some(now)) => then.is(now),
            _ => false,
        };
        let has_same_organizations = self.organizations.is_none_or(|(mark, ends_at)| {
            app.store.identity().marks().stands(mark) && ends_at.is_none_or(|end| end > cx.now)
        });
        Arc::ptr_eq(&self.client, &live.client) && is_same_place && has_same_organizations
    }
}

/// What an access token allows to know. `_005`, `_205`, `_206` for one that does not hold, `_200` for one that is not for us,
/// `_201` and `_202` for one that is bound to a key which is not proven, `_101` without `openid`.
pub async fn userinfo(app: &Arc<Tenant>, cx: &Cx, presented: &PresentedToken<'_>) -> Result<Userinfo> {
    let live = known::access_token(app, cx, presented.token).await?;
    dpop::check(app, cx, presented, live.known.said.jkt.as_deref(), live.client.id()).await?;
    if let Some(written) = live.known.told.load_full()
        && written.stands(app, cx, &live)
    {
        return Ok(Userinfo::Json(written.text.clone()));
    }
    if !live.known.is_for_us {
        return Err(Error::new(Code::WrongAudience));
    }
    let Claims { mut members, basis } = claims_of(app, cx, &live).await?;
    let Some(algorithm) = live.client.client.settings.userinfo_signed_response_alg else {
        let text = Bytes::from(serde_json::to_vec(&members).map_err(Error::internal)?);
        keep(&live, &text, basis);
        return Ok(Userinfo::Json(text));
    };
    members.insert("iss".to_owned(), Value::from(app.config.origin()));
    members.insert("aud".to_owned(), Value::from(live.client.rules.id.clone()));
    let signer = platform::signer(app, cx, algorithm).await?;
    Ok(Userinfo::Signed(signer.sign("JWT", &members)?))
}

async fn claims_of(app: &Tenant, cx: &Cx, live: &LiveToken) -> Result<Claims> {
    let said = &live.known.said;
    let Some((grant, identity)) = live.known.person.as_ref().filter(|_| said.has_scope("openid")) else {
        return Err(Error::new(Code::OpenIdScopeMissing));
    };
    let scopes = Scopes::of(said.scope.split(' '));
    let told = Told {
        client: &live.client,
        identity,
        place: live.place.as_ref(),
        scopes: &scopes,
        singly: &grant.rights.userinfo_claims,
        is_userinfo: true,
        now: cx.now,
    };
    claims::of_person(app, &told).await
}

fn keep(live: &LiveToken, text: &Bytes, basis: Basis) {
    if basis.groups {
        return;
    }
    let (client, place) = (Arc::clone(&live.client), live.place.clone());
    let written = Written { text: text.clone(), client, place, organizations: basis.organizations };
    live.known.told.store(Some(Arc::new(written)));
}
