//! What a client may know of the person who signed in (OpenID Connect Core §5.3, `contract/30` §9).

use std::sync::Arc;

use avnology_model::{Code, Error, Result};
use avnology_oauth::Scopes;
use serde_json::{Map, Value};

use super::{
    PresentedToken,
    claims::{self, Told},
    dpop, verify,
};
use crate::{Cx, Tenant, platform};

/// The claims, as the client wants them.
pub enum Userinfo {
    /// As JSON.
    Json(Map<String, Value>),
    /// As a JWT.
    Signed(String),
}

/// What an access token allows to know. `_005`, `_205`, `_206` for one that does not hold, `_200` for one that is not for us,
/// `_201` and `_202` for one that is bound to a key which is not proven, `_101` without `openid`.
pub async fn userinfo(app: &Arc<Tenant>, cx: &Cx, presented: &PresentedToken<'_>) -> Result<Userinfo> {
    let live = verify::access_token(app, cx, presented.token).await?;
    dpop::check(app, cx, presented, live.jkt(), live.client.id()).await?;
    let issuer = app.config.origin();
    if !live.audience().contains(&issuer) {
        return Err(Error::new(Code::WrongAudience));
    }
    let Some((grant, identity)) = live.person.as_ref().filter(|_| live.has_scope("openid")) else {
        return Err(Error::new(Code::OpenIdScopeMissing));
    };
    let scopes = Scopes::of(live.text("scope").unwrap_or_default().split(' '));
    let told = Told {
        client: &live.client,
        identity,
        place: live.place.as_ref(),
        scopes: &scopes,
        singly: &grant.rights.userinfo_claims,
        is_userinfo: true,
    };
    let mut claims = claims::of_person(app, &told).await?;
    let Some(algorithm) = live.client.client.settings.userinfo_signed_response_alg else {
        return Ok(Userinfo::Json(claims));
    };
    claims.insert("iss".to_owned(), Value::from(issuer));
    claims.insert("aud".to_owned(), Value::from(live.client.rules.id.clone()));
    let signer = platform::signer(app, cx, algorithm).await?;
    Ok(Userinfo::Signed(signer.sign("JWT", &claims)?))
}
