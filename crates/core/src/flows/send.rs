//! Sending codes and links. An address without an account is counted, limited and answered just the same.

use avnology_model::{
    Code, Result, Timestamp,
    events::{MessageRequest, MessageType},
    flows::{Channel, CodeChallenge, Flow, FlowKind, FlowState, Message, MessageId, Transport},
    identities::Identity,
    platform::RateLimit,
    secret_token::{SecretKind, SecretToken},
};
use avnology_store::{IdentityTx, platform::rate_cells};

use super::{
    account::limits,
    code::code_hash,
    step::{Step, Work, refuse_for},
};
use crate::{
    Cx, Tenant,
    events::{emit_message, seal},
};

/// Seconds between two messages of one flow.
const RESEND_SECONDS: i64 = 60;
/// Life of a code or link that signs in, in seconds.
const SIGN_IN_SECONDS: i64 = 10 * 60;
/// Limits of messages to one address (`contract/00` §9).
pub(super) const PER_ADDRESS: &[RateLimit] = &[
    RateLimit { limit: 1, window_seconds: 60 },
    RateLimit { limit: 5, window_seconds: 3_600 },
    RateLimit { limit: 20, window_seconds: 86_400 },
];

/// Code and link token, drawn before the transaction.
#[derive(Clone)]
pub(super) struct Drawn {
    code: String,
    link: SecretToken,
}

impl Drawn {
    pub(super) fn draw(work: &Work) -> Self {
        Self { code: work.cx.six_digits(), link: work.cx.secret(SecretKind::Link) }
    }
}

/// A message to be sent.
pub(super) struct Sending<'a> {
    /// Which message, when the account can have one.
    pub(super) kind: Option<MessageType>,
    /// How it travels.
    pub(super) channel: Channel,
    /// Address as entered.
    pub(super) address: &'a str,
    /// Whose it is.
    pub(super) identity: Option<&'a Identity>,
    /// `code` or `link`; `sms` for a second factor.
    pub(super) method: &'a str,
    /// What the flow says afterwards.
    pub(super) told: MessageId,
}

/// The refusal when another message would be too early: for this flow, or for the address.
pub(super) fn too_early(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    address: &str,
) -> Result<Option<Step>> {
    let now = work.now();
    let since = flow.data.challenge.as_ref().map(|c| c.sent_at.plus_seconds(RESEND_SECONDS));
    if let Some(next) = since.filter(|next| *next > now) {
        return Ok(Some(wait(flow, next.seconds_since(now))));
    }
    let seconds = take_address(tx, work, address)?;
    Ok(seconds.map(|seconds| wait(flow, i64::from(seconds))))
}

/// Counts a message to an address; the seconds to wait when there were too many.
pub(super) fn take_address(tx: &mut IdentityTx<'_>, work: &Work, address: &str) -> Result<Option<u32>> {
    take_message(tx, &work.app, &work.cx, address)
}

/// The same for mail that no flow asks for.
pub(crate) fn take_message(
    tx: &mut IdentityTx<'_>,
    app: &Tenant,
    cx: &Cx,
    address: &str,
) -> Result<Option<u32>> {
    let key =
        avnology_model::identities::Email::parse(address).map_or(address.to_owned(), |e| e.key().to_owned());
    let subject = app.keys.hmac("message.address", key.as_bytes());
    let limits = limits(app, &app.settings(), "message.address", PER_ADDRESS);
    rate_cells::take(tx, "message.address", &subject, &limits, cx.now)
}

/// Whether mail may go to the address of an account that was named by something else, such as its username: nobody is told.
pub(super) fn may_mail_besides(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    entered: &str,
    address: &str,
) -> Result<bool> {
    let key = |text: &str| avnology_model::identities::Email::parse(text).ok().map(|e| e.key().to_owned());
    if key(entered).is_some() && key(entered) == key(address) {
        return Ok(true);
    }
    Ok(take_address(tx, work, address)?.is_none())
}

pub(super) fn wait(flow: &mut Flow, seconds: i64) -> Step {
    let message = Message::new(MessageId::WaitForCode).with("seconds", seconds);
    refuse_for(flow, Code::TooManyRequests, message, u32::try_from(seconds).unwrap_or(u32::MAX))
}

/// Gives the flow a new code and link and sends them, if there is anyone to send them to.
pub(super) fn send(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    drawn: &Drawn,
    sending: &Sending<'_>,
) -> Result<()> {
    let until = arm(work, flow, drawn, sending);
    flow.data.messages.push(sending.told.into());
    let Some(kind) = sending.kind else { return Ok(()) };
    let mut request = match sending.identity {
        Some(identity) => MessageRequest::to_person(kind, sending.address, identity),
        None => MessageRequest::new(kind, sending.address),
    };
    request.flow_id = Some(flow.id);
    request.until = Some(until);
    request.channel = sending.channel;
    if sending.channel == Channel::Sms && flow.transport == Transport::Browser {
        request.bound_to = work.app.config.public_url.host_str().map(str::to_owned);
    }
    let (code, link) = match kind {
        // A text has room for the code alone.
        MessageType::Verification | MessageType::Recovery if sending.channel == Channel::Sms => {
            (Some(drawn.code.as_str()), None)
        }
        MessageType::SignInCode | MessageType::MfaCode => (Some(drawn.code.as_str()), None),
        // A program completes with the code, so it stands beside the link; a person has one thing to do.
        MessageType::SignInLink if flow.transport == Transport::Browser => {
            (None, Some(link(work, flow, drawn)))
        }
        MessageType::SignInLink | MessageType::Verification | MessageType::Recovery => {
            (Some(drawn.code.as_str()), Some(link(work, flow, drawn)))
        }
        _ => (None, None),
    };
    let sealed = (code.is_some() || link.is_some())
        .then(|| seal(&work.app.keys, sending.address, code, link.as_deref()))
        .transpose()?;
    emit_message(tx, &work.cx, &request, sealed.as_deref())
}

/// Sets the live code and link of the flow; until when they are good.
fn arm(work: &Work, flow: &mut Flow, drawn: &Drawn, sending: &Sending<'_>) -> Timestamp {
    let life = match flow.kind {
        FlowKind::Login | FlowKind::Registration | FlowKind::Settings => SIGN_IN_SECONDS,
        FlowKind::Recovery | FlowKind::Verification => flow.kind.life_seconds(),
    };
    let until = work.now().plus_seconds(life).min(flow.expires_at);
    flow.code_hash = Some(code_hash(&work.app.keys, flow.id, &drawn.code));
    flow.link_hash = Some(drawn.link.hash());
    flow.code_tries = 0;
    flow.secret_expires_at = Some(until);
    sending.method.clone_into(&mut flow.active);
    flow.data.challenge = Some(CodeChallenge {
        address: sending.address.to_owned(),
        identity_id: sending.identity.map(|i| i.id),
        method: sending.method.to_owned(),
        channel: sending.channel,
        sent_at: work.now(),
        device: work.cx.device_name(),
        place: work.cx.ip.map(|ip| ip.to_string()),
    });
    until
}

fn link(work: &Work, flow: &Flow, drawn: &Drawn) -> String {
    let path = match flow.kind {
        FlowKind::Login | FlowKind::Registration | FlowKind::Settings => "/sign-in/link",
        FlowKind::Recovery => "/recovery",
        FlowKind::Verification => "/verify",
    };
    format!("{}{path}?flow={}&token={}", work.app.config.origin(), flow.id, drawn.link.expose())
}

/// Mails a code that proves `address`, inside a login or registration; the state is the caller's.
pub(super) fn verification(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    identity: &Identity,
    address: &str,
    drawn: &Drawn,
) -> Result<Step> {
    if let Some(step) = too_early(tx, work, flow, address)? {
        return Ok(step);
    }
    let sending = Sending {
        kind: Some(MessageType::SignInCode),
        channel: Channel::Email,
        address,
        identity: Some(identity),
        method: "code",
        told: MessageId::VerificationSent,
    };
    debug_assert!(matches!(flow.state, FlowState::VerifyAddress | FlowState::SentEmail));
    send(tx, work, flow, drawn, &sending)?;
    Ok(Step::Continue)
}
