//! The account that a registration ends with: identity, membership and session are made together.

use avnology_model::{
    Error, Result,
    flows::{Channel, Flow, FlowState, MessageId},
    identities::{Email, Identity},
    ids::{CredentialId, IdentityId, MembershipId, OrganizationId},
    sessions::{CompletedMethod, Method, SessionKind},
};
use avnology_store::{IdentityTx, identities::identities};
use serde::{Deserialize, Serialize};

use super::{
    complete,
    enroll::{self, Codes},
    entry::{self, Newcomer, Registrant},
    passkey_making,
    send::Drawn,
    sms_setup,
    step::{Forget, Step, Then, Work, refuse_state, refuse_with},
    verification::{self, NewVerification},
};
use crate::{
    credentials::webauthn::{Made, reached},
    identities::{self as people, IdentityInput, add_passkey, insert_new},
    organizations::join_by_domain,
    sessions::{self, NewSession},
};

/// What is kept until the address is proven.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) identity: IdentityInput,
    pub(super) phc: Option<String>,
    /// The keys of the boxes that were ticked.
    pub(super) consents: Vec<String>,
    /// Whether the address was proven.
    #[serde(default)]
    pub(super) proven: bool,
    /// The passkey that the account begins with, and the identity that it was made for.
    #[serde(default)]
    pub(super) passkey: Option<(IdentityId, Made)>,
}

/// Everything that a registration may need, drawn before the transaction.
#[derive(Clone)]
pub(super) struct Draw {
    identity: IdentityId,
    credential: CredentialId,
    session: NewSession,
    pub(super) secrets: Drawn,
    verification: NewVerification,
    membership: MembershipId,
    codes: Codes,
    /// The time step of the code that confirmed an authenticator application.
    totp: Option<i64>,
    /// The phone that has shown a code.
    phone: Option<String>,
}

impl Draw {
    pub(super) fn new(work: &Work) -> Self {
        Self {
            identity: IdentityId::new(work.now(), work.cx.random()),
            credential: CredentialId::new(work.now(), work.cx.random()),
            session: NewSession::draw(&work.cx),
            secrets: Drawn::draw(work),
            verification: NewVerification::draw(&work.app, &work.cx),
            membership: MembershipId::new(work.now(), work.cx.random()),
            codes: Codes::draw(work),
            totp: None,
            phone: None,
        }
    }

    /// The same for an account that begins with the flow's authenticator application.
    pub(super) fn with_totp(self, step: i64) -> Self {
        Self { totp: Some(step), ..self }
    }

    /// The same for an account that begins with a phone that is sent codes.
    pub(super) fn with_phone(self, number: String) -> Self {
        Self { phone: Some(number), ..self }
    }
}

/// Makes identity and session; an unproven address is mailed a code to prove it.
#[expect(clippy::too_many_arguments, reason = "the end that two ways of registering share")]
pub(super) fn make(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    forget: &mut Forget,
    pending: &Pending,
    proven: bool,
    method: Method,
    draw: &Draw,
) -> Result<Step> {
    let cx = &work.cx;
    let email = pending.identity.email.as_deref().and_then(|e| Email::parse(e).ok());
    let email = email.ok_or_else(|| Error::internal("a registration without an address"))?;
    let newcomer = match entry::of_registration(tx, work, flow, &email, proven)? {
        Registrant::Personal => None,
        Registrant::Joins(newcomer) => Some(newcomer),
        Registrant::ProveFirst => return Ok(refuse_state(flow)),
        Registrant::Refused(error) => {
            flow.state = FlowState::ShowForm;
            return Ok(refuse_with(flow, error));
        }
    };
    let must_enroll = work.settings.settings.mfa_required
        || newcomer.as_ref().is_some_and(|newcomer| newcomer.asks_for_second_factor());
    // A passkey whose owner was verified is two factors at once.
    if must_enroll && draw.totp.is_none() && draw.phone.is_none() && pending.passkey.is_none() {
        let kept = Pending { proven, ..pending.clone() };
        flow.data.pending = Some(serde_json::to_value(kept).map_err(Error::internal)?);
        flow.data.identifier = Some(email.as_str().to_owned());
        flow.state = FlowState::EnrollFactor;
        flow.data.messages.push(MessageId::SetUpFactor.into());
        return Ok(complete::may_enroll(work, flow));
    }
    flow.data.pending = None;
    let mut identity = insert(tx, work, flow, forget, pending, draw)?;
    if proven {
        people::mark_verified(tx, cx, &mut identity, work.app.config.bootstrap_admin_email.as_deref())?;
    }
    let organization = settle_in(tx, work, forget, newcomer.as_deref(), &identity, draw.membership)?;
    let mut methods = vec![CompletedMethod::first_factor(method, cx.now)];
    if let Some((id, made)) = &pending.passkey {
        let passkey = passkey_making::stored(work, made.clone(), *id, None);
        // It is the way in, not a second factor: no backup codes come with it.
        add_passkey(tx, &work.app.keys, cx, &mut identity, &passkey, None)?;
        let aal = reached(&work.settings.settings.webauthn, &passkey, true);
        methods = vec![CompletedMethod::passkey(passkey.id, aal, cx.now)];
    }
    if let Some(step) = draw.totp {
        enroll::enroll(tx, work, flow, &mut identity, step, &draw.codes)?;
        methods.push(CompletedMethod::second_factor(Method::Totp, cx.now));
    }
    if let Some(number) = &draw.phone {
        sms_setup::enroll(tx, work, flow, &mut identity, number, &draw.codes)?;
        methods.push(CompletedMethod::second_factor(Method::Sms, cx.now));
    }
    let policy = &work.settings.settings.session_policy;
    let new = draw.session.clone().in_organization(organization);
    let session = sessions::start(tx, cx, &new, &mut identity, SessionKind::Standard, &methods, policy)?;
    let verification = if proven {
        None
    } else {
        let new = draw.verification.clone().held_like(flow);
        let address = identity.email.clone().unwrap_or_default();
        Some(verification::begin(tx, &work.app, cx, &identity, (Channel::Email, &address), &new)?)
    };
    flow.state = FlowState::Passed;
    flow.identity_id = Some(identity.id);
    flow.session_id = Some(session.id);
    flow.completed_at = Some(cx.now);
    flow.data.values.clear();
    let then = Then { verification, codes: enroll::codes_flow(tx, work, flow, &session)? };
    Ok(Step::SignedIn(Box::new((session, identity, draw.session.token().clone())), then))
}

/// Adds the identity with what it was registered with, in place of one that was left unproven.
fn insert(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &Flow,
    forget: &mut Forget,
    pending: &Pending,
    draw: &Draw,
) -> Result<Identity> {
    let cx = &work.cx;
    let fields = pending.identity.clone().check("traits.", &[]).map_err(Error::of_fields)?;
    let id = pending.passkey.as_ref().map_or(draw.identity, |(id, _)| *id);
    let mut identity = Identity::new(id, cx.now);
    identity.realm = flow.realm();
    fields.write(&mut identity);
    identity.has_password = pending.phc.is_some();
    if let Some(former) = identity
        .email_key
        .clone()
        .map(|key| identities::by_email(tx, &identity.realm, &key))
        .transpose()?
        .flatten()
    {
        forget.extend(people::replace_unproven(tx, cx, &former)?);
    }
    let password = pending.phc.as_deref().map(|phc| (draw.credential, phc));
    insert_new(tx, cx, &identity, password, "registration")?;
    for consent in &work.settings.settings.registration.consents {
        if pending.consents.contains(&consent.key) {
            identities::add_consent(tx, identity.id, &consent.key, &consent.label, cx.now)?;
        }
    }
    Ok(identity)
}

/// Makes the new account a member: of the organization that the flow leads into, in which its session acts then, else of
/// the one that takes people by the domain of a proven address.
fn settle_in(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    forget: &mut Forget,
    newcomer: Option<&Newcomer>,
    identity: &Identity,
    membership: MembershipId,
) -> Result<Option<OrganizationId>> {
    if let Some(newcomer) = newcomer {
        entry::join(tx, work, forget, newcomer, identity, membership)?;
        return Ok(Some(newcomer.organization()));
    }
    if let Some(joined) = join_by_domain(tx, &work.cx, identity, membership)? {
        forget.member(joined, identity.id);
    }
    Ok(None)
}
