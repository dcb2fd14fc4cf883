//! Setting up an authenticator application and its backup codes, wherever a flow does it: in settings, in a sign-in and
//! before a registration that must have a second factor.
//!
//! The shared secret of a flow follows from its id, so that nothing is kept of one that nobody confirms.

use avnology_model::{
    Code, Error, Result,
    events::EventType,
    flows::{Flow, FlowData, FlowKind, FlowState, MessageId, ShownCodes},
    identities::Identity,
    ids::{FlowId, IdentityId},
    sessions::{Aal, CompletedMethod, Method, Session},
};
use avnology_store::{IdentityTx, flows::flows, identities::identities};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    complete::{self, Next},
    create::blank_at,
    passkey,
    second_factor::{self, digits},
    settings::saved,
    step::{Outcome, Step, Work, refuse_missing, refuse_node, refuse_state},
};
use crate::{
    credentials::totp::{self, SECRET_BYTES},
    events::emit,
    identities::{NewCodes, NewTotp, enroll_totp},
    platform::{Keys, Place},
    sessions::NewSession,
};

/// The shared secret that a flow offers.
pub(super) fn secret(keys: &Keys, flow: FlowId) -> Zeroizing<Vec<u8>> {
    let bits = Zeroizing::new(keys.hmac("totp-secret", flow.to_string().as_bytes()));
    Zeroizing::new(bits.iter().copied().take(SECRET_BYTES).collect())
}

/// The time step of the code that was entered for the flow's secret; the refusal when there is none.
pub(super) fn confirmed(work: &Work, flow: &mut Flow) -> Result<i64, Step> {
    let Some(entered) = work.input.text("totp_code") else { return Err(refuse_missing(flow, "totp_code")) };
    let step = totp::step_of(&secret(&work.app.keys, flow.id), &digits(entered), work.now());
    step.ok_or_else(|| refuse_node(flow, "totp_code", Code::WrongCode, MessageId::WrongCode))
}

/// Enrols the flow's application for an identity, and has new backup codes shown.
pub(super) fn enroll(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    identity: &mut Identity,
    step: i64,
    codes: &Codes,
) -> Result<()> {
    let keys = &work.app.keys;
    let totp = NewTotp::seal(keys, &work.cx, identity.id, &secret(keys, flow.id), step)?;
    if enroll_totp(tx, keys, &work.cx, identity, &totp, &codes.new)? {
        flow.data.codes = Some(codes.shown(keys, identity.id, false)?);
    }
    Ok(())
}

/// Backup codes that may be needed, drawn before the transaction.
#[derive(Clone)]
pub(super) struct Codes {
    pub(super) new: NewCodes,
    flow: FlowId,
}

impl Codes {
    pub(super) fn draw(work: &Work) -> Self {
        Self { new: NewCodes::draw(&work.cx), flow: FlowId::new(work.now(), work.cx.random()) }
    }

    /// The codes as a flow keeps them to show them.
    pub(super) fn shown(&self, keys: &Keys, identity: IdentityId, wait: bool) -> Result<ShownCodes> {
        let sealed = keys.seal(&place(&identity.to_string()), self.new.text().as_bytes())?;
        Ok(ShownCodes { sealed: STANDARD.encode(sealed), wait, flow: self.flow })
    }
}

/// The codes that a flow shows, one a line.
pub(super) fn open_codes(keys: &Keys, identity: IdentityId, shown: &ShownCodes) -> Result<Zeroizing<String>> {
    let sealed = STANDARD.decode(&shown.sealed).map_err(Error::internal)?;
    let text = keys.open(&place(&identity.to_string()), &sealed)?;
    String::from_utf8(text.to_vec()).map(Zeroizing::new).map_err(Error::internal)
}

fn place(row: &str) -> Place<'_> {
    Place { table: "flows", row, column: "codes" }
}

/// `method: totp` of a login in state `enroll_factor`.
pub(super) async fn in_login(work: &Work) -> Result<Outcome> {
    let (session, next, codes) = (NewSession::draw(&work.cx), Next::draw(work), Codes::draw(work));
    work.step(move |tx, work, flow, forget| {
        let (FlowState::EnrollFactor, Some(id)) = (flow.state, flow.identity_id) else {
            return Ok(refuse_state(flow));
        };
        let mut identity = identities::get(tx, id)?;
        if let Some(step) = complete::refuse_changed(tx, flow, &identity)? {
            return Ok(step);
        }
        let step = match confirmed(work, flow) {
            Ok(step) => step,
            Err(step) => return Ok(step),
        };
        let enrolled = enroll(tx, work, flow, &mut identity, step, &codes);
        note_in_login(work, flow, enrolled, Method::Totp)?;
        complete::go_on(tx, work, flow, forget, &mut identity, &session, &next)
    })
    .await
}

/// Notes in a sign-in that its person set a factor up by `method`. Where another tab was faster, its factor is the one to show.
pub(super) fn note_in_login(
    work: &Work,
    flow: &mut Flow,
    enrolled: Result<()>,
    method: Method,
) -> Result<()> {
    match enrolled {
        Err(error) if error.code() == Code::FactorEnrolled => Ok(()),
        Err(error) => Err(error),
        Ok(()) => {
            flow.data.completed.push(CompletedMethod::second_factor(method, work.now()));
            Ok(())
        }
    }
}

/// What follows in settings when a factor was set up: new backup codes are all that the page of its section shows.
pub(super) fn note_in_settings(flow: &mut Flow) {
    saved(flow);
    if flow.data.codes.is_some() {
        flow.data.messages.push(MessageId::SaveBackupCodes.into());
        if matches!(flow.data.section.as_str(), "totp" | "sms" | "passkey") {
            "recovery_code".clone_into(&mut flow.data.section);
        }
    }
}

/// The sign-in that a recovery goes on with where everybody needs a second factor, drawn before the transaction.
#[derive(Clone)]
pub(super) struct After {
    flow: FlowId,
}

impl After {
    pub(super) fn draw(work: &Work) -> Self {
        Self { flow: FlowId::new(work.now(), work.cx.random()) }
    }

    /// A recovery has brought its new way in. Goes on with setting up a second factor, if one is asked of everybody and there is
    /// none; until that is done the session stays one of recovery.
    pub(super) fn recovery(
        &self,
        tx: &mut IdentityTx<'_>,
        work: &Work,
        flow: &mut Flow,
        identity: &Identity,
        session: &Session,
    ) -> Result<Option<Step>> {
        let payload = json!({ "user_id": identity.id, "channel": flow.data.channel });
        emit(tx, &work.cx.event(EventType::UserRecoveryCompleted, payload).on("identity", &identity.id))?;
        let settings = &work.settings.settings;
        if !settings.mfa_required || identity.has_second_factor() {
            return Ok(None);
        }
        let mut next = blank_at(work.now(), self.flow, FlowKind::Login, flow.transport);
        next.expires_at = session.expires_at;
        next.browser_hash = flow.browser_hash;
        next.session_id = Some(session.id);
        next.identity_id = Some(identity.id);
        next.data = FlowData {
            return_to: flow.data.return_to.clone(),
            client: flow.data.client.clone(),
            requested_aal: Aal::Aal2,
            identifier: identity.email.clone().or_else(|| identity.username.clone()),
            completed: session.methods.clone(),
            realm: flow.data.realm,
            recovered_address: flow.data.recovered_address.clone(),
            ..FlowData::default()
        };
        if !second_factor::ask(settings, &mut next, identity, Aal::Aal2, false) {
            return Ok(None);
        }
        passkey::challenge(&mut next, &work.challenge);
        passkey::note(tx, settings, &mut next)?;
        flows::insert(tx, &next)?;
        flow.state = FlowState::ShowForm;
        flow.completed_at = Some(work.now());
        Ok(Some(Step::ContinueWith(Box::new(next), None)))
    }
}

/// The settings flow that shows the backup codes which a sign-in brought, if it brought any.
pub(super) fn codes_flow(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    session: &Session,
) -> Result<Option<Box<Flow>>> {
    let Some(codes) = flow.data.codes.take() else { return Ok(None) };
    let mut next = blank_at(work.now(), codes.flow, FlowKind::Settings, flow.transport);
    next.browser_hash = flow.browser_hash;
    next.session_id = Some(session.id);
    next.identity_id = Some(session.identity_id);
    next.data = FlowData {
        return_to: flow.data.return_to.clone(),
        client: flow.data.client.clone(),
        section: "recovery_code".to_owned(),
        realm: flow.data.realm,
        codes: Some(codes),
        messages: vec![MessageId::SaveBackupCodes.into()],
        ..FlowData::default()
    };
    flows::insert(tx, &next)?;
    Ok(Some(Box::new(next)))
}
