//! The authorization endpoint: from a request to a code, by way of whatever the person has to do first (`contract/30` §3, §7,
//! §10.1).
//!
//! `pending` keeps a request while a person is away at a page, `organization` chooses where the tokens are for, `consent` asks,
//! `finish` writes the code, `sign_in` is the way to a better session. Each visit goes through the same steps from the beginning: what was done meanwhile is found done.

mod choose;
mod consent;
mod finish;
mod organization;
mod pending;
mod sign_in;
mod source;

use std::sync::Arc;

use avnology_jose::{
    Claims,
    jwt::{Rules, Types},
};
use avnology_model::{
    Result, clients::SignInFacts, ids::OrganizationId, secret_token::SecretHash, sessions::SessionKind,
};
use avnology_oauth::{
    Acr, AcrValue, AuthorizationRequest, AuthorizationResponse, ErrorCode, OAuthError, Params,
    SIGNING_ALGORITHMS,
    authorize::{Channel, Refused, judge},
    prompt::{Step, Wanted, next_step},
    tokens::ID_TOKEN,
};

pub(crate) use self::sign_in::{challenge_in, client_named, client_of};
pub use self::{
    choose::{ChooseOrganization, Invited, Offer, choose_organization, chosen_account, offered},
    consent::{AskedFor, AskedScope, allow, asked_for, deny},
    sign_in::{begun_anew, flow_for, host_of, leads_to_request},
};
pub(super) use self::{
    consent::{described, event as consent_event, remember},
    organization::{candidates, may_use},
};
use self::{pending::Pending, sign_in::SignIn};
use super::{
    LiveClient, cache, gates,
    person::{Place, sign_in_of},
    registration, scopes,
};
use crate::{Cx, Tenant, organizations::check_rules, platform, sessions::LiveSession};

/// Who stands before the endpoint.
#[derive(Clone, Copy)]
pub struct Visitor<'v> {
    /// The session, if there is a good one.
    pub session: Option<&'v Arc<LiveSession>>,
    /// The browser.
    pub holder: SecretHash,
}

impl<'v> Visitor<'v> {
    /// The session, unless it is one that only sets a new password.
    fn live(&self) -> Option<&'v Arc<LiveSession>> {
        self.session.filter(|live| live.session.kind == SessionKind::Standard)
    }
}

/// What happens next.
#[derive(Debug)]
pub enum Next {
    /// Back to the client.
    Answer(AuthorizationResponse),
    /// Nowhere: a page says what is wrong.
    Page(OAuthError),
    /// To a page of ours, at this path; or to where the client begins anew.
    Go(String),
}

/// A request that was judged, and whose it is.
struct Request {
    live: Arc<LiveClient>,
    asked: AuthorizationRequest,
    pending: Pending,
}

/// How a step ends the visit.
enum Stop {
    /// The client is told.
    Tell(OAuthError),
    /// The person goes to a page.
    Go(String),
    /// The person signs in, anew or better.
    SignIn(SignIn),
}

impl From<OAuthError> for Stop {
    fn from(error: OAuthError) -> Self {
        Self::Tell(error)
    }
}

/// One visit: a new request, or one that goes on after a page (`login_challenge`).
pub async fn authorize(app: &Arc<Tenant>, cx: &Cx, params: &Params, visitor: Visitor<'_>) -> Result<Next> {
    let pending = match params.get("login_challenge") {
        None => match source::read(app, cx, params).await? {
            Ok(params) => Pending::begin(cx, params, visitor.holder),
            Err(error) => return Ok(Next::Page(error)),
        },
        Some(challenge) => {
            if let Some(pending) = pending::find(app, cx, challenge, visitor.holder).await? {
                pending
            } else {
                let anew = sign_in::begun_anew(app, cx, challenge, visitor.holder).await?;
                return Ok(anew.map_or_else(|| Next::Page(too_late()), Next::Go));
            }
        }
    };
    let request = match judged(app, cx, pending).await? {
        Ok(request) => request,
        Err(next) => return Ok(next),
    };
    go_on(app, cx, request, visitor).await
}

fn too_late() -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequest, "the request is over, or was begun in another browser")
}

fn unknown_client() -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequest, "client_id is missing or unknown")
}

/// Reads a request, or says where its error goes; a client that is told so has used the request up.
async fn judged(app: &Tenant, cx: &Cx, pending: Pending) -> Result<Result<Request, Next>> {
    let live = match pending.params.get("client_id") {
        Some(id) => registration::named(app, cx, id).await?,
        None => None,
    };
    let Some(live) = live else { return Ok(Err(Next::Page(unknown_client()))) };
    let known = cache::all_resources(app, cx).await?;
    let is_known = |scope: &str| scopes::is_known(scope, &known);
    let issuer = app.config.origin();
    let channel = if pending.pushed_as().is_some() { Channel::Pushed } else { Channel::Front };
    let (back, error) = match judge(&pending.params, &live.rules, channel, is_known) {
        Ok(asked) if live.is_active() => return Ok(Ok(Request { live, asked, pending })),
        Ok(asked) => {
            (asked.return_to, OAuthError::new(ErrorCode::UnauthorizedClient, "the client is disabled"))
        }
        Err(Refused::Page(error)) => return Ok(Err(Next::Page(error))),
        Err(Refused::Redirect(back, error)) => (back, error),
    };
    pending.end(app, cx.now).await?;
    Ok(Err(Next::Answer(back.with_error(&error, &issuer))))
}

async fn go_on(app: &Arc<Tenant>, cx: &Cx, mut request: Request, visitor: Visitor<'_>) -> Result<Next> {
    let stop = match steps(app, cx, &mut request, visitor).await? {
        Ok(code) => {
            let issuer = app.config.origin();
            return Ok(Next::Answer(request.asked.return_to.with_code(&code, &issuer)));
        }
        Err(stop) => stop,
    };
    match stop {
        Stop::Go(path) => {
            request.pending.keep(app).await?;
            Ok(Next::Go(path))
        }
        Stop::SignIn(wanted) => {
            request.pending.keep(app).await?;
            Ok(Next::Go(wanted.url(&request)))
        }
        Stop::Tell(error) => {
            request.pending.end(app, cx.now).await?;
            Ok(Next::Answer(request.asked.return_to.with_error(&error, &app.config.origin())))
        }
    }
}

/// The steps in the contract's order; the code at the end of them.
async fn steps(
    app: &Arc<Tenant>,
    cx: &Cx,
    request: &mut Request,
    visitor: Visitor<'_>,
) -> Result<Result<String, Stop>> {
    let (live, place) = match before_consent(app, cx, request, visitor).await? {
        Ok(found) => found,
        Err(stop) => return Ok(Err(stop)),
    };
    let consent = match consent::settle(app, request, live, place.as_ref()).await? {
        Ok(consent) => consent,
        Err(stop) => return Ok(Err(stop)),
    };
    Ok(finish::code(app, cx, request, live, (place.as_ref(), consent)).await?.map_err(Stop::Tell))
}

/// Who grants, and where: the session as the request, the organization and the client want it.
async fn before_consent<'v>(
    app: &Arc<Tenant>,
    cx: &Cx,
    request: &mut Request,
    visitor: Visitor<'v>,
) -> Result<Result<(&'v Arc<LiveSession>, Option<Place>), Stop>> {
    let live = match signed_in(app, cx, request, visitor) {
        Ok(live) => live,
        Err(stop) => return Ok(Err(stop)),
    };
    if let Err(error) = is_expected(app, cx, request, live).await? {
        return Ok(Err(error.into()));
    }
    let place = match organization::choose(app, cx, request, live).await? {
        Ok(place) => place,
        Err(stop) => return Ok(Err(stop)),
    };
    if let Some(place) = &place
        && let Err(refused) = check_rules(&place.organization, live, cx.now)
    {
        return Ok(Err(stronger(request, place.organization.id(), &refused)));
    }
    let (person, methods) = (live.identity.id, &live.session.methods);
    if let Err(shut) = gates::check(app, cx, &request.live, person, methods).await? {
        return Ok(Err(OAuthError::new(ErrorCode::AccessDenied, shut.words()).into()));
    }
    Ok(Ok((live, place)))
}

/// The session, once it is as the request wants it.
fn signed_in<'v>(
    app: &Tenant,
    cx: &Cx,
    request: &Request,
    visitor: Visitor<'v>,
) -> Result<&'v Arc<LiveSession>, Stop> {
    let asked = &request.asked;
    let live = visitor.live();
    let wanted = Wanted {
        prompt: asked.prompt,
        max_age: asked.max_age,
        acr: asked.acr.clone(),
        signed_in_since: live.is_some_and(|live| live.session.authenticated_at >= request.pending.began_at()),
        account_was_chosen: request.pending.row.account_was_chosen,
    };
    let has_factors = !app.settings().settings.second_factors.is_empty();
    let can_reach = |value: AcrValue| {
        !value.by_passkey && (value.level == Acr::Aal1 || (value.level == Acr::Aal2 && has_factors))
    };
    let session = live.map(|live| sign_in_of(&facts_of(live)));
    let step = next_step(&wanted, session.as_ref(), cx.now.seconds(), can_reach)?;
    match (step, live) {
        (Step::Go, Some(live)) => Ok(live),
        (Step::ChooseAccount, _) => Err(Stop::Go(request.pending.at("/select-account"))),
        (Step::Register, _) => Err(Stop::SignIn(SignIn::at("/sign-up"))),
        (Step::StepUp(_), _) => Err(Stop::SignIn(SignIn::at("/sign-in").asking("aal", "aal2"))),
        (Step::SignIn | Step::Go, live) => {
            let mut wanted = SignIn::at("/sign-in");
            if live.is_some() {
                wanted = wanted.asking("refresh", "true");
            }
            if let Some(hint) = &asked.login_hint {
                wanted = wanted.asking("login_hint", hint);
            }
            if let Some(name) = asked.organization.as_deref().filter(|name| *name != PERSONAL) {
                wanted = wanted.asking("organization_id", name);
            }
            Err(Stop::SignIn(wanted))
        }
    }
}

/// The word that stands for no organization.
const PERSONAL: &str = "personal";

/// To a sign-in that meets an organization's rules; `interaction_required` where nothing may be shown.
fn stronger(request: &Request, organization: OrganizationId, refused: &avnology_model::Error) -> Stop {
    if request.asked.prompt.none {
        return Stop::Tell(OAuthError::new(
            ErrorCode::InteractionRequired,
            "the organization asks for another sign-in",
        ));
    }
    let wants_aal = refused.members().get("required").and_then(|required| required.get("aal")?.as_str());
    let wanted = SignIn::at("/sign-in").asking("organization_id", &organization.to_string());
    Stop::SignIn(match wants_aal {
        Some(aal) => wanted.asking("aal", aal),
        None => wanted.asking("refresh", "true"),
    })
}

/// What is kept of a sign-in.
pub(super) fn facts_of(live: &LiveSession) -> SignInFacts {
    SignInFacts {
        authenticated_at: live.session.authenticated_at,
        aal: live.session.aal,
        methods: live.session.methods.clone(),
    }
}

/// `login_required` when the request expects another person: by an ID token of ours, expired or not, or by `sub`.
async fn is_expected(
    app: &Tenant,
    cx: &Cx,
    request: &Request,
    live: &LiveSession,
) -> Result<Result<(), OAuthError>> {
    let mut expected = request.asked.claims.subject.clone();
    if let Some(hint) = &request.asked.id_token_hint {
        let claims = claims_of_hint(app, cx, hint).await?;
        let Some(subject) = claims.and_then(|claims| claims.required_text("sub").ok().map(str::to_owned))
        else {
            let why = "id_token_hint is no ID token of ours";
            return Ok(Err(OAuthError::new(ErrorCode::InvalidRequest, why)));
        };
        if expected.as_ref().is_some_and(|other| *other != subject) {
            let why = "the request names two subjects";
            return Ok(Err(OAuthError::new(ErrorCode::InvalidRequest, why)));
        }
        expected = Some(subject);
    }
    let is_they = expected.is_none_or(|subject| subject == live.identity.id.to_string());
    let other = OAuthError::new(ErrorCode::LoginRequired, "somebody else is signed in");
    Ok(if is_they { Ok(()) } else { Err(other) })
}

/// What an ID token of ours says, however old it is; none for what is no ID token of ours.
pub(super) async fn claims_of_hint(app: &Tenant, cx: &Cx, hint: &str) -> Result<Option<Claims>> {
    let issuer = app.config.origin();
    let rules = Rules {
        algorithms: &SIGNING_ALGORITHMS,
        types: Types::Only(&[ID_TOKEN]),
        issuer: Some(&issuer),
        audience: &[],
        // Nothing is expired at the beginning of time, and nothing is too young.
        now: 0,
        leeway: i64::MAX,
        expires: false,
    };
    let keys = platform::verifier(app, cx, hint).await?;
    Ok(rules.verify(hint, keys.keys()).ok())
}
