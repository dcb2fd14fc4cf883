//! Registration by password or by mailed code (`contract/11` §5).

use avnology_model::{
    Code, Error, FieldCode, FieldError, Result,
    events::{MessageRequest, MessageType},
    flows::{Channel, Flow, FlowState, MessageId},
    identities::{Email, Identity, IdentityState, Realm},
    organizations::{Delivery, Organization, RegistrationMode},
    platform::{FederationMode, LoginMethod, TenantSettings},
    sessions::Method,
};
use avnology_store::{IdentityTx, identities::identities, permissions::tuples};

use super::{
    account::Identifier,
    captcha,
    code::{Redeemed, redeem, refuse_code},
    complete::refuse_password,
    enroll,
    entry::{self, Registrant},
    new_account::{Draw, Pending, make},
    place,
    send::{self, Drawn, Sending},
    step::{Forget, Outcome, Step, Work, refuse_missing, refuse_node, refuse_state, refuse_with},
    traits,
};
use crate::{
    credentials::check_new_password,
    events::emit_message,
    identities::TraitsSchema,
    organizations::{Door, TurnedAway},
};

/// After how long an account whose address was never proven gives way to a new one, in seconds.
const UNPROVEN_SECONDS: i64 = 7 * 24 * 60 * 60;

/// `_304` or `_309` when nobody may register here whatever they show: by the mode of the flow's organization, else, where
/// there are personal accounts, of the tenant.
pub(super) fn check_open(settings: &TenantSettings, organization: Option<&Organization>) -> Result<()> {
    match organization {
        Some(organization) if organization.registration_mode == RegistrationMode::Closed => {
            Err(TurnedAway::Closed.refusal(Door::of(organization)))
        }
        Some(_) => Ok(()),
        None if settings.identity_federation_mode == FederationMode::Strict => Ok(()),
        None => entry::check_personal(settings.registration.mode),
    }
}

/// `method: password`: the form with a password.
pub(super) async fn by_password(work: &Work) -> Result<Outcome> {
    let schema = work.app.traits_schema(&work.settings)?;
    let first = work
        .prepare(move |_, work, flow| Ok(read_form(work, flow, LoginMethod::Password, schema.as_deref())))
        .await?;
    let pending = match first {
        Ok(pending) => pending,
        Err(outcome) => return Ok(outcome),
    };
    let Some(password) = work.input.secret("password") else {
        return work.step(|_, _, flow, _| Ok(refuse_missing(flow, "password"))).await;
    };
    let words = match pending.identity.clone().check("", &[]) {
        Ok(fields) => fields.own_words(),
        Err(errors) => return Err(Error::of_fields(errors)),
    };
    let policy = &work.settings.settings.password_policy;
    if let Err(error) = check_new_password(&work.app, policy, &password, &words, &[]).await {
        return refuse_password(work, error).await;
    }
    let phc = Some(work.app.hasher.hash(&password, work.cx.random()).await?);
    register(work, Pending { phc, ..pending }, Method::Password).await
}

/// `method: code`: the form without a password, then the code; or the code that an address waits for.
pub(super) async fn by_code(work: &Work) -> Result<Outcome> {
    if let (Some(entered), false) = (work.input.code(), work.input.flag("resend")) {
        let draw = Draw::new(work);
        return work.step(move |tx, work, flow, forget| enter(tx, work, flow, forget, &entered, &draw)).await;
    }
    if work.input.object("traits").is_empty() {
        let secrets = Drawn::draw(work);
        return work.step(move |tx, work, flow, _| resend(tx, work, flow, &secrets)).await;
    }
    let schema = work.app.traits_schema(&work.settings)?;
    let first = work
        .prepare(move |_, work, flow| Ok(read_form(work, flow, LoginMethod::Code, schema.as_deref())))
        .await?;
    match first {
        Ok(pending) => register(work, pending, Method::Code).await,
        Err(outcome) => Ok(outcome),
    }
}

pub(super) fn read_form(
    work: &Work,
    flow: &mut Flow,
    method: LoginMethod,
    schema: Option<&TraitsSchema>,
) -> Result<Pending, Step> {
    if !matches!(flow.state, FlowState::ShowForm | FlowState::SentEmail | FlowState::VerifyAddress) {
        return Err(refuse_state(flow));
    }
    if let Some(step) = place::check_method(work, flow, method) {
        return Err(step);
    }
    let settings = &work.settings.settings;
    let invited = flow.data.invitation.as_ref().map(|invitation| invitation.email.clone());
    let mut given = work.input.object("traits");
    if let Some(email) = &invited {
        given.entry("email").or_insert_with(|| email.clone().into());
    }
    let (identity, _) = traits::read(given, flow, settings, schema)?;
    let key = |email: &str| Email::parse(email).ok().map(|email| email.key().to_owned());
    if let Some(email) = invited
        && identity.email.as_deref().and_then(key) != key(&email)
    {
        flow.data.values.insert("traits.email".to_owned(), email);
        return Err(refuse_with(flow, Error::new(Code::InvitationForAnother)));
    }
    let consents = read_consents(work, flow)?;
    Ok(Pending { identity, phc: None, consents, proven: false, passkey: None })
}

/// The keys of the boxes that were ticked; the refusal when a required one was not.
fn read_consents(work: &Work, flow: &mut Flow) -> Result<Vec<String>, Step> {
    let body = work.input.object("consents");
    let given = super::Submission { method: String::new(), body, browser: work.input.browser.clone() };
    let mut errors = Vec::new();
    let mut ticked = Vec::new();
    for consent in &work.settings.settings.registration.consents {
        if given.flag(&consent.key) {
            ticked.push(consent.key.clone());
        } else if consent.required {
            let message = "Tick this box to go on.".to_owned();
            let field = format!("consents.{}", consent.key);
            errors.push(FieldError { field, code: FieldCode::Required, message });
        }
    }
    if errors.is_empty() { Ok(ticked) } else { Err(traits::refuse(flow, errors)) }
}

/// Makes the account, or asks for a proof of the address first where that is required.
pub(super) async fn register(work: &Work, pending: Pending, method: Method) -> Result<Outcome> {
    let draw = Draw::new(work);
    work.step(move |tx, work, flow, forget| {
        if flow.state == FlowState::CreatePasskey {
            flow.state = FlowState::ShowForm;
        }
        let settings = &work.settings.settings;
        let email = pending.identity.email.as_deref().and_then(|e| Email::parse(e).ok());
        let email = email.ok_or_else(|| Error::internal("a registration without an address"))?;
        let must_prove = match may_register(tx, work, flow, &email)? {
            Ok(must_prove) => must_prove,
            Err(step) => return Ok(step),
        };
        let existing = standing(tx, work, flow.realm(), email.key())?;
        // Who has an invitation is told by it whether the address has an account.
        let discloses = settings.registration.discloses_accounts || flow.data.invitation.is_some();
        if existing.is_some() && discloses {
            return Ok(refuse_node(flow, "traits.email", Code::EmailTaken, MessageId::EmailTaken));
        }
        if let Some(step) = handle_taken(tx, work, flow, &pending)? {
            return Ok(step);
        }
        if method == Method::Code || !discloses || must_prove {
            let then = if method == Method::Code || !discloses {
                FlowState::SentEmail
            } else {
                FlowState::VerifyAddress
            };
            let step = prove_first(tx, work, flow, &pending, &email, existing.as_ref(), &draw.secrets)?;
            if matches!(step, Step::Continue) {
                flow.state = then;
            }
            return Ok(step);
        }
        let proven = is_proven_by_invitation(flow);
        make(tx, work, flow, forget, &pending, proven, method, &draw)
    })
    .await
}

/// Whether the address must be proven before there can be an account, or the refusal when there can be none.
pub(super) fn may_register(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    email: &Email,
) -> Result<Result<bool, Step>> {
    let mode = work.settings.settings.identity_federation_mode;
    if mode == FederationMode::Strict
        && let Some(step) = place::discover(tx, mode, flow, &Identifier::Email(email.clone()))?
    {
        return Ok(Err(step));
    }
    Ok(match entry::of_registration(tx, work, flow, email, false)? {
        Registrant::Refused(error) => Err(refuse_with(flow, error)),
        Registrant::ProveFirst => Ok(true),
        Registrant::Personal | Registrant::Joins(_) => {
            Ok(work.settings.settings.require_verified_email && !is_proven_by_invitation(flow))
        }
    })
}

/// The token of a mail came to the mailbox.
fn is_proven_by_invitation(flow: &Flow) -> bool {
    flow.data.invitation.as_ref().is_some_and(|invitation| invitation.delivery == Delivery::Email)
}

/// The account that has this address, unless it was left unproven from its beginning for so long that a new one may take
/// its place. One that was ever proven, was switched off or has a role stands.
pub(super) fn standing(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    realm: Realm,
    key: &str,
) -> Result<Option<Identity>> {
    let Some(identity) = identities::by_email(tx, &realm, key)? else { return Ok(None) };
    let gives_way = !identity.email_verified
        && identity.create_time.plus_seconds(UNPROVEN_SECONDS) <= work.now()
        && identity.state == IdentityState::Active
        && !identity.phone_verified
        && !identities::was_ever_verified(tx, identity.id)?
        && tuples::platform_role(tx, identity.id)?.is_none();
    Ok((!gives_way).then_some(identity))
}

pub(super) fn handle_taken(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    pending: &Pending,
) -> Result<Option<Step>> {
    if let Some(number) = pending.identity.phone.as_deref()
        && let Some(step) = super::phone::taken(tx, work, flow, number)?
    {
        return Ok(Some(step));
    }
    let Some(username) = pending.identity.username.as_deref().filter(|u| !u.trim().is_empty()) else {
        return Ok(None);
    };
    if identities::by_username(tx, &flow.realm(), &username.trim().to_ascii_lowercase())?.is_none() {
        return Ok(None);
    }
    let step = refuse_node(flow, "traits.username", Code::HandleTaken, MessageId::HandleTaken);
    Ok(Some(match step {
        Step::Refuse(error) => Step::Refuse(error.with_member("field", "username")),
        other => other,
    }))
}

/// Mails a code and keeps what was entered. The owner of an account that exists is told instead, and no code is right.
fn prove_first(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    pending: &Pending,
    email: &Email,
    existing: Option<&Identity>,
    secrets: &Drawn,
) -> Result<Step> {
    if let Some(step) = send::too_early(tx, work, flow, email.as_str())? {
        return Ok(step);
    }
    if let Some(existing) = existing {
        let address = existing.email.clone().unwrap_or_default();
        let notice = MessageRequest::to_person(MessageType::AccountExists, address, existing);
        emit_message(tx, &work.cx, &notice, None)?;
    }
    let kind = existing.is_none().then_some(MessageType::SignInCode);
    let sending = Sending {
        kind,
        channel: Channel::Email,
        address: email.as_str(),
        identity: None,
        method: "code",
        told: MessageId::VerificationSent,
    };
    send::send(tx, work, flow, secrets, &sending)?;
    flow.data.identifier = Some(email.as_str().to_owned());
    let kept =
        existing.is_none().then(|| serde_json::to_value(pending)).transpose().map_err(Error::internal)?;
    flow.data.pending = kept;
    Ok(Step::Continue)
}

fn resend(tx: &mut IdentityTx<'_>, work: &Work, flow: &mut Flow, secrets: &Drawn) -> Result<Step> {
    let waits = matches!(flow.state, FlowState::SentEmail | FlowState::VerifyAddress);
    let Some(challenge) = flow.data.challenge.clone().filter(|_| waits) else {
        return Ok(refuse_missing(flow, "traits.email"));
    };
    if let Some(step) = send::too_early(tx, work, flow, &challenge.address)? {
        return Ok(step);
    }
    let kind = flow.data.pending.is_some().then_some(MessageType::SignInCode);
    let sending = Sending {
        kind,
        channel: Channel::Email,
        address: &challenge.address,
        identity: None,
        method: "code",
        told: MessageId::VerificationSent,
    };
    send::send(tx, work, flow, secrets, &sending)?;
    Ok(Step::Continue)
}

fn enter(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    forget: &mut Forget,
    entered: &str,
    draw: &Draw,
) -> Result<Step> {
    let is_here = matches!(flow.state, FlowState::SentEmail | FlowState::VerifyAddress);
    if !is_here || captcha::waits_for_code(flow) {
        return Ok(refuse_state(flow));
    }
    let pending = flow.data.pending.clone();
    let redeemed = redeem(tx, work, flow, entered)?;
    let (Redeemed::Right, Some(pending)) = (&redeemed, pending) else {
        let redeemed = if matches!(redeemed, Redeemed::Right) { Redeemed::Expired } else { redeemed };
        return refuse_code(tx, work, flow, &redeemed, (Code::WrongCode, Code::CodeExpired));
    };
    let pending: Pending = serde_json::from_value(pending).map_err(Error::internal)?;
    flow.data.pending = None;
    resume(tx, work, flow, forget, &pending, true, draw)
}

/// Goes on with a registration that had to wait.
pub(super) fn resume(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    forget: &mut Forget,
    pending: &Pending,
    proven: bool,
    draw: &Draw,
) -> Result<Step> {
    let method = match pending {
        Pending { passkey: Some(_), .. } => Method::Passkey,
        Pending { phc: Some(_), .. } => Method::Password,
        _ => Method::Code,
    };
    let email = pending.identity.email.as_deref().and_then(|e| Email::parse(e).ok());
    let key = email.map(|e| e.key().to_owned()).unwrap_or_default();
    // Somebody else may have registered the address or the name meanwhile.
    if standing(tx, work, flow.realm(), &key)?.is_some() {
        flow.state = FlowState::ShowForm;
        return Ok(refuse_node(flow, "traits.email", Code::EmailTaken, MessageId::EmailTaken));
    }
    if let Some(step) = handle_taken(tx, work, flow, pending)? {
        flow.state = FlowState::ShowForm;
        return Ok(step);
    }
    make(tx, work, flow, forget, pending, proven, method, draw)
}

/// `method: totp` in state `enroll_factor`: the second factor that the account must have from its beginning.
pub(super) async fn by_totp(work: &Work) -> Result<Outcome> {
    let draw = Draw::new(work);
    work.step(move |tx, work, flow, forget| {
        let pending = flow.data.pending.clone().filter(|_| flow.state == FlowState::EnrollFactor);
        let Some(pending) = pending else { return Ok(refuse_state(flow)) };
        let pending: Pending = serde_json::from_value(pending).map_err(Error::internal)?;
        let step = match enroll::confirmed(work, flow) {
            Ok(step) => step,
            Err(step) => return Ok(step),
        };
        let draw = draw.clone().with_totp(step);
        resume(tx, work, flow, forget, &pending, pending.proven, &draw)
    })
    .await
}
