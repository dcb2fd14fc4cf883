//! Writing tokens down.

use std::sync::Arc;

use avnology_jose::Algorithm;
use avnology_model::{
    Error, Result,
    clients::{ApiResource, Grant, GrantType},
    events::{Event, EventType},
    identities::Identity,
    ids::{ClientId, IdentityId},
    permissions::PlatformRole,
    platform::SigningAlgorithm,
    secret_token::SecretToken,
};
use avnology_oauth::{Scopes, dpop::Proof, tokens};
use avnology_store::{IdentityTx, permissions::tuples};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    LiveClient,
    claims::{self, Told},
    person::{Place, signed_in},
    scopes,
};
use crate::{Cx, Tenant, platform};

/// What the token endpoint answers (RFC 6749 §5.1).
#[derive(Clone, Debug, Serialize)]
pub struct TokenResponse {
    /// The access token.
    pub access_token: String,
    /// How it is presented.
    pub token_type: &'static str,
    /// For how many seconds it is good.
    pub expires_in: i64,
    /// What was granted.
    pub scope: String,
    /// To get more tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Who signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// What the access token is, in answers to exchanges (RFC 8693 §2.2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<&'static str>,
}

/// What tells that a token is given: to which client, about whom, for what, with these scopes and this id.
pub(super) fn told(
    cx: &Cx,
    (client, person): (ClientId, Option<IdentityId>),
    by: GrantType,
    (scope, jti): (&str, &str),
) -> Event {
    let payload =
        json!({ "client_id": client, "user_id": person, "grant_type": by, "scope": scope, "jti": jti });
    let event = cx.event(EventType::OauthTokenIssued, payload).on("client", &client);
    match person {
        Some(person) => event.on("identity", &person),
        None => event,
    }
}

/// The highest role of a person on the platform, if that matters for these scopes.
pub(super) fn platform_role(
    tx: &mut IdentityTx<'_>,
    person: IdentityId,
    granted: &[String],
) -> Result<Option<PlatformRole>> {
    if granted.iter().any(|scope| scopes::system(scope).is_some()) {
        tuples::platform_role(tx, person)
    } else {
        Ok(None)
    }
}

/// What tokens of a person are made of.
pub(super) struct OfPerson<'t> {
    pub(super) live: &'t LiveClient,
    pub(super) grant: &'t Grant,
    pub(super) identity: &'t Identity,
    pub(super) place: Option<&'t Place>,
    /// What the person may have of what was granted.
    pub(super) scopes: &'t Scopes,
    /// For which of the granted resources.
    pub(super) resources: &'t [String],
    /// Of the request; at refresh there is none.
    pub(super) nonce: Option<&'t str>,
    pub(super) refresh_token: Option<&'t SecretToken>,
    /// The id of the access token.
    pub(super) jti: &'t str,
    pub(super) proof: Option<&'t Proof>,
    pub(super) known: &'t [ApiResource],
}

/// The tokens of a person.
pub(super) async fn of_person(app: &Arc<Tenant>, cx: &Cx, of: &OfPerson<'_>) -> Result<TokenResponse> {
    let settings = &of.live.client.settings;
    let issuer = app.config.origin();
    let (subject, signed_in) = (of.identity.id.to_string(), signed_in(of.grant));
    let organization = of.place.map(Place::claims);
    let begin = of.live.issues_at(cx.now).seconds();
    let permissions = of.place.map(|place| place.member.permissions.as_slice());
    let access = tokens::AccessToken {
        issuer: &issuer,
        subject: &subject,
        client_id: &of.live.rules.id,
        resources: of.resources,
        scopes: of.scopes,
        has_system_scope: has_system_scope(of.scopes),
        jti: of.jti,
        times: (begin, begin + life_of_access_token(of.live, of.resources, of.known)),
        signed_in: Some(&signed_in),
        organization: organization.as_ref(),
        permissions: permissions.filter(|_| settings.include_permissions),
        jkt: of.proof.map(|proof| proof.jkt.as_str()),
        actor: None,
    };
    let given = access_token(app, cx, of.live, &access).await?;
    let id_token = if of.scopes.has("openid") {
        let told = Told {
            client: of.live,
            identity: of.identity,
            place: of.place,
            scopes: of.scopes,
            singly: &of.grant.rights.id_token_claims,
            is_userinfo: false,
            now: cx.now,
        };
        let algorithm = settings.id_token_alg();
        let token = tokens::IdToken {
            issuer: &issuer,
            subject: &subject,
            client_id: &of.live.rules.id,
            times: (begin, begin + i64::from(settings.id_token_ttl_seconds)),
            nonce: of.nonce,
            signed_in: &signed_in,
            access_token: Some(&given.token),
            algorithm: jose(algorithm)?,
            claims: claims::of_person(app, &told).await?.members,
        };
        Some(platform::signer(app, cx, algorithm).await?.sign(tokens::ID_TOKEN, &token.claims())?)
    } else {
        None
    };
    Ok(TokenResponse {
        access_token: given.token,
        token_type: token_type(of.proof),
        expires_in: given.expires_in,
        scope: of.scopes.to_string(),
        refresh_token: of.refresh_token.map(|token| token.expose().to_owned()),
        id_token,
        issued_token_type: None,
    })
}

/// How an access token is presented: with a proof of the key that was proven when it was given, if one was.
pub(super) fn token_type(proof: Option<&Proof>) -> &'static str {
    if proof.is_some() { "DPoP" } else { "Bearer" }
}

/// The algorithm as JOSE names it.
fn jose(algorithm: SigningAlgorithm) -> Result<Algorithm> {
    Algorithm::from_name(algorithm.as_str()).ok_or_else(|| Error::internal("an algorithm without a name"))
}

/// An access token that was written down.
pub(super) struct Issued {
    pub(super) token: String,
    pub(super) expires_in: i64,
}

/// For how many seconds an access token of a client for these resources is good: the shortest that any of them says.
pub(super) fn life_of_access_token(live: &LiveClient, asked: &[String], known: &[ApiResource]) -> i64 {
    let own = live.client.settings.access_token_ttl_seconds;
    let of = |identifier: &String| {
        let resource = known.iter().find(|resource| resource.settings.identifier == *identifier);
        resource.and_then(|resource| resource.settings.access_token_ttl_seconds)
    };
    i64::from(asked.iter().filter_map(of).fold(own, u32::min))
}

/// Whether a scope among them is one of our own API's.
pub(super) fn has_system_scope(scopes: &Scopes) -> bool {
    scopes.iter().any(|scope| scopes::system(scope).is_some())
}

/// Signs an access token as its client wants it.
pub(super) async fn access_token(
    app: &Tenant,
    cx: &Cx,
    live: &LiveClient,
    token: &tokens::AccessToken<'_>,
) -> Result<Issued> {
    let algorithm = live.client.settings.access_token_signed_response_alg;
    let signer = platform::signer(app, cx, algorithm).await?;
    let expires_in = token.times.1.saturating_sub(cx.now.seconds());
    Ok(Issued { token: signer.sign(tokens::ACCESS_TOKEN, &token.claims())?, expires_in })
}

/// The text of a claim.
pub(super) fn text<'c>(claims: &'c Map<String, Value>, name: &str) -> Option<&'c str> {
    claims.get(name).and_then(Value::as_str)
}
