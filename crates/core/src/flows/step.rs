//! One step of a flow: loaded, changed and written in one transaction.

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result, Timestamp,
    flows::{Flow, FlowKind, Message, MessageId},
    identities::Identity,
    ids::{FlowId, IdentityId, OrganizationId},
    secret_token::{SecretHash, SecretToken},
    sessions::{DeviceKey, Session},
};
use avnology_store::{IdentityTx, flows::flows};
use serde_json::Value;

use super::{Submission, place, return_to, view::page_path};
use crate::{
    Cx, Tenant,
    credentials::webauthn::Challenge,
    organizations::{self, Acting, ActingAs},
    platform::SettingsVersion,
    sessions::SessionView,
};

/// Submits that a flow accepts.
const SUBMITS: u32 = 50;

/// What came of a submit.
pub enum Outcome {
    /// Signed in.
    SignedIn(Box<SignedIn>),
    /// The next step.
    Continue(Box<Continued>),
    /// Refused; the flow, where it can be submitted again.
    Refused(Box<Refused>),
}

/// A sign-in.
pub struct SignedIn {
    /// The flow that led to it.
    pub flow: Flow,
    /// The session.
    pub session: SessionView,
    /// Whose.
    pub identity: Identity,
    /// Its token.
    pub token: SecretToken,
    /// By what the browser is recognized from now on.
    pub device_key: Option<DeviceKey>,
    /// Where to go.
    pub redirect_to: Option<String>,
    /// Where to enter the code that was mailed to a new account.
    pub verification_flow_id: Option<FlowId>,
    /// The settings flow that shows backup codes which the sign-in brought.
    pub codes: Option<Box<Flow>>,
}

/// The next step.
pub struct Continued {
    /// The flow to go on with.
    pub flow: Flow,
    /// A session that was made or whose token was replaced.
    pub session: Option<Held>,
}

/// A session that a step made or renewed: the request did not bring it.
pub struct Held {
    /// The session.
    pub session: SessionView,
    /// Whose, as it is now.
    pub identity: Identity,
    /// Its token.
    pub token: SecretToken,
    /// By what the browser is recognized from now on.
    pub device_key: Option<DeviceKey>,
}

/// A refusal.
pub struct Refused {
    /// Why.
    pub error: Error,
    /// The flow to go on with.
    pub flow: Option<Flow>,
}

/// What a step needs to know, cheap to clone into a transaction.
#[derive(Clone)]
pub(super) struct Work {
    pub(super) app: Arc<Tenant>,
    pub(super) cx: Cx,
    pub(super) settings: Arc<SettingsVersion>,
    pub(super) kind: FlowKind,
    pub(super) id: FlowId,
    pub(super) input: Arc<Submission>,
    /// What the next passkey has to sign, once the present challenge is used up.
    pub(super) challenge: Challenge,
    /// Where the answers of passkeys may come from besides our own pages: the apps of the flow's client.
    pub(super) app_origins: Vec<String>,
}

/// How a step ends.
pub(super) enum Step {
    /// Go on with this flow.
    Continue,
    /// Go on with another flow, or this one, with a session.
    ContinueWith(Box<Flow>, Option<Box<(Session, Identity, SecretToken)>>),
    /// Refused; the flow stays usable.
    Refuse(Error),
    /// Refused for good; see [`end`].
    End(Error),
    /// Signed in, and what comes after.
    SignedIn(Box<(Session, Identity, SecretToken)>, Then),
}

/// What comes after a sign-in.
#[derive(Default)]
pub(super) struct Then {
    /// Where a new account enters the code that was mailed.
    pub(super) verification: Option<FlowId>,
    /// The settings flow that shows new backup codes.
    pub(super) codes: Option<Box<Flow>>,
}

/// What must be forgotten once the transaction is committed.
#[derive(Default)]
pub(super) struct Forget {
    tokens: Vec<SecretHash>,
    members: Vec<(OrganizationId, IdentityId)>,
}

impl Forget {
    /// Sessions, by the hashes of their tokens.
    pub(super) fn extend(&mut self, tokens: impl IntoIterator<Item = SecretHash>) {
        self.tokens.extend(tokens);
    }

    /// A member that came to be.
    pub(super) fn member(&mut self, organization: OrganizationId, identity: IdentityId) {
        self.members.push((organization, identity));
    }

    fn commit(self, app: &Tenant) {
        for (organization, identity) in self.members {
            app.organizations.forget_member(organization, identity);
        }
        app.sessions.forget(&self.tokens);
    }
}

impl Work {
    pub(super) fn now(&self) -> Timestamp {
        self.cx.now
    }

    /// Runs one step in one transaction and makes an answer of it.
    pub(super) async fn step<F>(&self, step: F) -> Result<Outcome>
    where
        F: Fn(&mut IdentityTx<'_>, &Work, &mut Flow, &mut Forget) -> Result<Step> + Send + 'static,
    {
        let work = self.clone();
        let (flow, step, forget) = self
            .app
            .store
            .identity()
            .write(move |tx| {
                let mut flow = open(tx, &work)?;
                begin(&mut flow);
                let mut forget = Forget::default();
                let step = match place::refresh(tx, &work, &mut flow)? {
                    Some(refused) => refused,
                    None => step(tx, &work, &mut flow, &mut forget)?,
                };
                flows::update(tx, &flow)?;
                Ok((flow, step, forget))
            })
            .await?;
        forget.commit(&self.app);
        let flow = return_to::checked(&self.app, &self.cx, flow).await?;
        let outcome = self.outcome(flow, step);
        self.acting(outcome).await
    }

    /// Like [`Work::step`], for a first half that says with what the second one goes on, or how the step ends.
    pub(super) async fn prepare<T, F>(&self, first: F) -> Result<Result<T, Outcome>>
    where
        T: Send + 'static,
        F: Fn(&mut IdentityTx<'_>, &Work, &mut Flow) -> Result<Result<T, Step>> + Send + 'static,
    {
        let work = self.clone();
        let (flow, prepared) = self
            .app
            .store
            .identity()
            .write(move |tx| {
                let mut flow = open(tx, &work)?;
                let before = (flow.data.messages.clone(), flow.data.node_messages.clone());
                begin(&mut flow);
                let prepared = match place::refresh(tx, &work, &mut flow)? {
                    Some(refused) => Err(refused),
                    None => first(tx, &work, &mut flow)?,
                };
                if prepared.is_ok() {
                    // The second half counts the submit and tells.
                    flow.submits -= 1;
                    (flow.data.messages, flow.data.node_messages) = before;
                }
                flows::update(tx, &flow)?;
                Ok((flow, prepared))
            })
            .await?;
        let flow = return_to::checked(&self.app, &self.cx, flow).await?;
        Ok(prepared.map_err(|step| self.outcome(flow, step)))
    }

    /// What a step will need that takes time to find out, read as the step would: nothing is written. `None` where the step
    /// would end before it.
    pub(super) async fn look<T, F>(&self, look: F) -> Result<Option<T>>
    where
        T: Send + 'static,
        F: Fn(&mut IdentityTx<'_>, &Work, &mut Flow) -> Result<Result<T, Step>> + Send + 'static,
    {
        let work = self.clone();
        let seen = self.app.store.identity().read(move |tx| {
            let mut flow = open(tx, &work)?;
            Ok(match place::refresh(tx, &work, &mut flow)? {
                Some(_) => None,
                None => look(tx, &work, &mut flow)?.ok(),
            })
        });
        seen.await
    }

    fn outcome(&self, flow: Flow, step: Step) -> Outcome {
        let shown = |made: &(Session, Identity, SecretToken)| {
            SessionView::of(&made.0, &made.1, &self.settings, self.cx.now)
        };
        let key =
            |made: &(Session, Identity, SecretToken)| made.0.device.as_ref().and_then(|device| device.key);
        match step {
            Step::Continue => Outcome::Continue(Box::new(Continued { flow, session: None })),
            Step::ContinueWith(next, made) => {
                let session = made.map(|made| Held {
                    session: shown(&made),
                    device_key: key(&made),
                    identity: made.1,
                    token: made.2,
                });
                Outcome::Continue(Box::new(Continued { flow: *next, session }))
            }
            Step::Refuse(error) => Outcome::Refused(Box::new(Refused { error, flow: Some(flow) })),
            Step::End(error) => Outcome::Refused(Box::new(Refused { error, flow: None })),
            Step::SignedIn(made, then) => Outcome::SignedIn(Box::new(SignedIn {
                redirect_to: flow.data.return_to.clone(),
                session: shown(&made),
                device_key: key(&made),
                identity: made.1,
                token: made.2,
                flow,
                verification_flow_id: then.verification,
                codes: then.codes,
            })),
        }
    }
}

impl Work {
    /// Shows a session that acts in an organization with the role there.
    async fn acting(&self, mut outcome: Outcome) -> Result<Outcome> {
        let Outcome::SignedIn(done) = &mut outcome else { return Ok(outcome) };
        let Some(id) = done.session.organization_id else { return Ok(outcome) };
        let Some(organization) = organizations::find(&self.app, &self.cx, id).await? else {
            return Ok(outcome);
        };
        let identity = done.session.identity_id;
        let member = organizations::find_member(&self.app, self.cx.now, &organization, identity).await?;
        if let Some(member) = member {
            let acting = Acting { organization, scopes: member.scopes, by: ActingAs::Member(member) };
            done.session = done.session.clone().acting(Some(&acting));
        }
        Ok(outcome)
    }
}

/// The flow, if it can be submitted.
fn open(tx: &mut IdentityTx<'_>, work: &Work) -> Result<Flow> {
    let flow =
        flows::find(tx, work.id)?.filter(|flow| flow.kind == work.kind).ok_or_else(Error::not_found)?;
    check_open(&flow, work.cx.now, &work.app.config.origin())?;
    Ok(flow)
}

/// `_009` when the flow is over.
pub(super) fn check_open(flow: &Flow, now: Timestamp, origin: &str) -> Result<()> {
    if flow.completed_at.is_none() && flow.expires_at > now && flow.submits < SUBMITS {
        return Ok(());
    }
    // A client that can begin a sign-in anew does that better than we can.
    let anew = flow.data.client.as_ref().and_then(|client| client.initiate_login_uri.clone());
    let anew = anew.unwrap_or_else(|| format!("{origin}{}", page_path(flow)));
    let error = Error::new(Code::FlowGone).with_member("new_flow_url", anew);
    // What the first browser is told when its link was used in another one.
    let elsewhere = flow.data.messages.iter().find(|m| m.id == MessageId::SignedInElsewhere.id());
    Err(match elsewhere {
        Some(message) => error.with_detail(format!("{}.", message.text)),
        None => error,
    })
}

fn begin(flow: &mut Flow) {
    flow.submits += 1;
    flow.data.messages.clear();
    flow.data.node_messages.clear();
    flow.data.removed_passkey = None;
}

/// Refuses with a message about the whole flow.
pub(super) fn refuse(flow: &mut Flow, code: Code, message: impl Into<Message>) -> Step {
    let message = message.into();
    let error = Error::new(code).with_detail(sentence(&message.text));
    flow.data.messages.push(message);
    Step::Refuse(error)
}

/// Refuses with what another verb says, in the words of the flows.
pub(super) fn refuse_with(flow: &mut Flow, error: Error) -> Step {
    let is_closed = error.members().get("registration_mode").is_some_and(|mode| mode == "closed");
    let message = match error.code() {
        Code::OrganizationSuspended => Some(MessageId::OrganizationInactive),
        Code::OrganizationNotReady => Some(MessageId::NotAvailable),
        Code::SsoRequired => Some(MessageId::SsoRequired),
        Code::RegistrationDisabled if is_closed => Some(MessageId::RegistrationClosed),
        Code::RegistrationDisabled => Some(MessageId::InvitationNeeded),
        Code::InvitationInvalid | Code::InvitationForAnother => Some(MessageId::Invalid),
        _ => None,
    };
    flow.data.messages.extend(message.map(Message::from));
    Step::Refuse(error)
}

/// An error of a verb as a refusal that leaves the flow usable; failures stay what they are.
pub(super) fn refusal(error: Error) -> Result<Step> {
    if error.is_failure() { Err(error) } else { Ok(Step::Refuse(error)) }
}

/// Refuses for good: the flow is over, and nothing came of it.
pub(super) fn end(flow: &mut Flow, now: Timestamp, error: Error) -> Step {
    flow.completed_at = Some(now);
    Step::End(error)
}

/// Refuses with a message about one node.
pub(super) fn refuse_node(flow: &mut Flow, node: &str, code: Code, message: MessageId) -> Step {
    flow.data.node_messages.entry(node.to_owned()).or_default().push(message.into());
    Step::Refuse(Error::new(code).with_detail(sentence(message.text())))
}

/// Refuses because a field is missing.
pub(super) fn refuse_missing(flow: &mut Flow, node: &str) -> Step {
    let code = avnology_model::FieldCode::Required;
    flow.data.node_messages.entry(node.to_owned()).or_default().push(MessageId::Required.into());
    Step::Refuse(Error::new(Code::InputRejected).with_field(node, code, sentence(MessageId::Required.text())))
}

/// Refuses because the method is not offered.
pub(super) fn refuse_method(flow: &mut Flow, allowed: Vec<&'static str>) -> Step {
    flow.data.messages.push(MessageId::MethodUnavailable.into());
    let allowed: Vec<Value> = allowed.into_iter().map(Value::from).collect();
    Step::Refuse(Error::new(Code::MethodDisabled).with_member("allowed_methods", allowed))
}

/// Refuses because the method does not fit the state.
pub(super) fn refuse_state(flow: &mut Flow) -> Step {
    refuse(flow, Code::StepUnavailable, MessageId::StartAgain)
}

/// Refuses until `seconds` have passed.
pub(super) fn refuse_for(flow: &mut Flow, code: Code, message: Message, seconds: u32) -> Step {
    let error = Error::new(code).with_detail(sentence(&message.text)).with_retry_after(seconds);
    flow.data.messages.push(message);
    Step::Refuse(error.with_member("retry_after", seconds))
}

fn sentence(text: &str) -> String {
    format!("{text}.")
}
