//! Access tokens in memory: of each that was good when it was asked about, what it says and what it stands on, for whoever asks —
//! the API, introspection, userinfo, exchanges. Warm, no signature is checked and no database asked.
//!
//! A token is believed as long as nothing touched the person, the client, the account or whoever acts for the person
//! ([`avnology_store::Marks`]: the commit that touches them has done so before it is acknowledged, other nodes' within a second),
//! and no longer than it and its session live. The client, its organization and the membership there are memories of their own and
//! are asked each time. An emergency that removes a key, and a change of the federation mode, clear everything.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwapOption;
use avnology_model::{
    Code, Error, Result, Timestamp,
    clients::Grant,
    identities::Identity,
    ids::OrganizationId,
    secret_token::{SecretHash, sha256},
};
use avnology_oauth::introspection::TokenKind;
use avnology_store::Mark;
use bytes::Bytes;
use serde_json::{Map, Value};

use super::{
    LiveClient, TokenCaller, cache,
    person::Place,
    userinfo::Written,
    verify::{self, Said},
};
use crate::{
    Cx, Tenant,
    organizations::{self, check_state},
};

/// How often a token is read because what it stands on changed meanwhile; each time after the question came.
const TRIES: usize = 4;

/// An access token of ours that was good when it was read.
pub(crate) struct KnownToken {
    /// What it says, as far as we ask.
    pub(crate) said: Said,
    /// What tells it from others.
    pub(super) hash: SecretHash,
    /// Whether it is for us, too.
    pub(super) is_for_us: bool,
    /// What it was given for; none for a client's own.
    pub(crate) person: Option<(Grant, Identity)>,
    /// What is said of it to those who may ask (RFC 7662).
    pub(super) says: Bytes,
    /// As what it calls the API, once it did.
    pub(super) caller: OnceLock<Arc<TokenCaller>>,
    /// What userinfo answered last.
    pub(super) told: ArcSwapOption<Written>,
    ends_at: Timestamp,
    marks: Vec<Mark>,
}

impl KnownToken {
    /// Everything that it says.
    pub(super) fn claims(&self) -> Result<Map<String, Value>> {
        serde_json::from_slice(&self.says).map_err(Error::internal)
    }

    /// Whether it is as good as when it was read; the client decides, too.
    fn stands(&self, app: &Tenant, cx: &Cx) -> bool {
        let marks = app.store.identity().marks();
        self.ends_at > cx.now && self.marks.iter().all(|mark| marks.stands(*mark))
    }
}

/// An access token of ours that is good now.
pub(crate) struct LiveToken {
    /// What is known of it.
    pub(crate) known: Arc<KnownToken>,
    /// To whom it was given.
    pub(crate) client: Arc<LiveClient>,
    /// The organization that it was given for, and the person's membership there.
    pub(super) place: Option<Place>,
}

/// The token, if it is good now and may be used where it was given for. `_005` for what is none of ours, `_205` when its time is
/// over, `_206` when what it was given for has ended.
pub(crate) async fn access_token(app: &Arc<Tenant>, cx: &Cx, token: &str) -> Result<LiveToken> {
    let (known, client) = in_force(app, cx, token).await?;
    let place = match known.said.organization {
        None => None,
        Some(organization) => place(app, cx, organization, &known).await?,
    };
    Ok(LiveToken { known, client, place })
}

/// Where a token was given for; `_206` when nothing can be done there any more.
async fn place(
    app: &Arc<Tenant>,
    cx: &Cx,
    organization: OrganizationId,
    known: &KnownToken,
) -> Result<Option<Place>> {
    let ended = || Error::new(Code::TokenRevoked);
    // The grant may be for another organization by now.
    if let Some((_, identity)) = &known.person {
        return Place::of(app, cx, organization, identity).await?.ok_or_else(ended).map(Some);
    }
    let found = organizations::find(app, cx, organization).await?.ok_or_else(ended)?;
    check_state(found.organization.state).map(|()| None).map_err(|_| ended())
}

/// The token and its client, if both are good now; where it was given for is not looked at.
pub(super) async fn in_force(
    app: &Tenant,
    cx: &Cx,
    token: &str,
) -> Result<(Arc<KnownToken>, Arc<LiveClient>)> {
    let (memory, hash) = (&app.clients.tokens, sha256(token.as_bytes()));
    let ended = || Error::new(Code::TokenRevoked);
    if let Some(known) = memory.warm(&hash, cx.now)
        && known.stands(app, cx)
    {
        let client = client_of(app, cx, &known.said).await?.ok_or_else(ended)?;
        return Ok((known, client));
    }
    let mut tries = 0;
    loop {
        tries += 1;
        // Drawn before the keys are looked at: one that is removed meanwhile leaves nothing in memory.
        let ticket = memory.ticket(&hash);
        let known = Arc::new(read(app, cx, token, hash).await?);
        let client = client_of(app, cx, &known.said).await?.ok_or_else(ended)?;
        memory.keep(&ticket, &hash, Arc::clone(&known), cx.now);
        // Whoever ended it meanwhile was told so, perhaps: nobody should be told anything else after that.
        if tries == TRIES || known.stands(app, cx) {
            return Ok((known, client));
        }
    }
}

/// The client of a token, if it works and its tokens of that time are good.
async fn client_of(app: &Tenant, cx: &Cx, said: &Said) -> Result<Option<Arc<LiveClient>>> {
    let client = cache::find(app, cx, said.client).await?;
    Ok(client.filter(|live| live.is_active() && live.client.honours(said.issued_at)))
}

async fn read(app: &Tenant, cx: &Cx, token: &str, hash: SecretHash) -> Result<KnownToken> {
    let claims = verify::believed(app, cx, token).await?;
    let said = Said::of(&claims)?;
    // Before anything is read that it stands on.
    let marks = marks_of(app, &said);
    let standing = verify::standing(app, cx, &said).await?.ok_or_else(|| Error::new(Code::TokenRevoked))?;
    let end = Timestamp::from_micros(said.expires_at.saturating_mul(1_000_000));
    let issuer = app.config.origin();
    Ok(KnownToken {
        hash,
        is_for_us: said.audience.contains(&issuer),
        says: says(claims, standing.person.as_ref())?,
        person: standing.person,
        caller: OnceLock::new(),
        told: ArcSwapOption::empty(),
        ends_at: standing.ends_at.map_or(end, |session| session.min(end)),
        marks,
        said,
    })
}

/// The marks of those whom a token stands on: the person or the account, the client, and whoever acts for the person, whose
/// session may be what it ends with.
fn marks_of(app: &Tenant, said: &Said) -> Vec<Mark> {
    let marks = app.store.identity().marks();
    let client = said.client.to_string();
    let own = [said.subject.as_str(), client.as_str()].into_iter();
    own.chain(said.actors()).map(|subject| marks.of(subject)).collect()
}

/// What is said of a token to those who may ask.
fn says(mut claims: Map<String, Value>, person: Option<&(Grant, Identity)>) -> Result<Bytes> {
    let is_bound = claims.contains_key("cnf");
    claims.insert("active".to_owned(), Value::Bool(true));
    claims.insert("token_type".to_owned(), Value::from(TokenKind::AccessToken.token_type(is_bound)));
    if let Some(username) = person.and_then(|(_, identity)| identity.email.clone()) {
        claims.insert("username".to_owned(), Value::from(username));
    }
    serde_json::to_vec(&claims).map(Bytes::from).map_err(Error::internal)
}
