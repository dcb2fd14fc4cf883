//! CAPTCHAs in flows: which submits ask for one, what takes its place, and what shows it (`contract/11` §11).
//!
//! Sign-in asks after failures of the account or of the network; registration, recovery and verification ask from the first
//! submit. A token is good for one submit. Who cannot or will not solve one has a code mailed instead.

use avnology_model::{
    Code, Result,
    flows::{
        Captcha, Channel, Flow, FlowKind, FlowState, Group, InputType, Message, MessageId, Node, NodeKind,
    },
    platform::{LoginMethod, TenantSettings},
};
use avnology_store::{IdentityTx, flows::flows};

use super::{
    account,
    password::find_account,
    place,
    step::{Outcome, Step, Work, refuse_for, refuse_node},
    traits,
};
use crate::{
    Tenant,
    platform::captcha::{is_person, refusal},
};

/// The method of a code that is mailed in place of a CAPTCHA: no other step takes it, and this one takes no other.
pub(super) const METHOD: &str = "captcha";
/// The node that takes the token.
const TOKEN: &str = "captcha_token";
/// When to try again where nobody can say whether a person is there, in seconds.
const RETRY_SECONDS: u32 = 5;

/// When a submit asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    Never,
    AfterFailures,
    Always,
}

/// The refusal of a submit that asks for a CAPTCHA and brings none that is good. To be asked before the step is taken: no
/// transaction waits for the provider.
pub(super) async fn guard(work: &Work, flow: &Flow) -> Result<Option<Outcome>> {
    let settings = &work.settings.settings.captcha;
    if !settings.is_on() || !asks_now(work, flow).await? || spend(work).await? {
        return Ok(None);
    }
    let token = work.input.text(TOKEN).unwrap_or_default();
    match is_person(&work.app, &work.cx, settings, token, flow.kind.as_str()).await {
        Ok(true) => Ok(None),
        Ok(false) => refuse(work).await.map(Some),
        Err(error) if error.code() == Code::Unavailable => {
            // Closed, not open: whoever can bring the provider down must not get in by that. Mail is the way round.
            tracing::warn!(?error, "a CAPTCHA could not be verified");
            unavailable(work).await.map(Some)
        }
        Err(error) => Err(error),
    }
}

async fn asks_now(work: &Work, flow: &Flow) -> Result<bool> {
    match asks(work, flow) {
        Asks::Never => Ok(false),
        Asks::Always => Ok(true),
        Asks::AfterFailures => {
            let (work, flow) = (work.clone(), flow.clone());
            let store = work.app.store.clone();
            let look = move |tx: &mut IdentityTx<'_>| match find_account(tx, &work, &mut flow.clone())? {
                Ok(account) => is_due(tx, &work, &account.key),
                // The step itself says what is wrong.
                Err(_) => Ok(false),
            };
            store.identity().read(look).await
        }
    }
}

fn asks(work: &Work, flow: &Flow) -> Asks {
    let input = &work.input;
    let method = input.method.as_str();
    let brings_code = input.code().is_some() && !input.flag("resend");
    match flow.kind {
        FlowKind::Login if flow.state == FlowState::ChooseMethod || flow.state.is_sent() => match method {
            "password" => Asks::AfterFailures,
            "code" if !brings_code && goes_by_text(work, flow) => Asks::AfterFailures,
            _ => Asks::Never,
        },
        FlowKind::Registration => match method {
            "password" => Asks::Always,
            "passkey" | "webauthn" if flow.state != FlowState::CreatePasskey => Asks::Always,
            "code" if !brings_code && !input.object("traits").is_empty() => Asks::Always,
            _ => Asks::Never,
        },
        FlowKind::Recovery | FlowKind::Verification if matches!(method, "code" | "link") => {
            let names = |field: &str| input.text(field).is_some();
            let names_address = names("email") || names("phone");
            let begun = flow.data.challenge.is_some() || flow.identity_id.is_some();
            // "Use your phone number" and "Use your e-mail" only change the form.
            let only_switches = names("channel")
                && !names_address
                && (input.text("channel") == Some(Channel::Email.as_str()) || !begun);
            let sends = !brings_code && !only_switches;
            if sends && (names_address || flow.state == FlowState::ShowForm) {
                Asks::Always
            } else {
                Asks::Never
            }
        }
        FlowKind::Login | FlowKind::Recovery | FlowKind::Verification | FlowKind::Settings => Asks::Never,
    }
}

/// Whether the code that a login asks for goes by text, which costs.
fn goes_by_text(work: &Work, flow: &Flow) -> bool {
    match work.input.text("channel") {
        Some(channel) => channel == Channel::Sms.as_str(),
        None => flow.data.challenge.as_ref().is_some_and(|sent| sent.channel == Channel::Sms),
    }
}

/// Whether sign-in to the account that is counted by `key` asks: after failures of its own, existing or not, or of the
/// network that the request comes from.
fn is_due(tx: &mut IdentityTx<'_>, work: &Work, key: &str) -> Result<bool> {
    let settings = &work.settings.settings.captcha;
    if !settings.is_on() || settings.after_failures == 0 {
        return Ok(settings.is_on());
    }
    let least = settings.after_failures;
    Ok(account::recent_failures(tx, work, key)? >= least || account::network_failures(tx, work)? >= least)
}

/// Notes in a login whether its next submit asks, so that the page can show the widget.
pub(super) fn note(tx: &mut IdentityTx<'_>, work: &Work, flow: &mut Flow, key: &str) -> Result<()> {
    flow.data.asks_captcha = is_due(tx, work, key)?;
    Ok(())
}

/// The same for the account that was just named; it is looked up only where somebody asks.
pub(super) fn note_identifier(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    identifier: &account::Identifier,
) -> Result<()> {
    if !work.settings.settings.captcha.is_on() {
        return Ok(());
    }
    let account = account::find(tx, work, &flow.realm(), identifier)?;
    note(tx, work, flow, &account.key)
}

/// Uses up one of the submits that a mailed code has made free.
async fn spend(work: &Work) -> Result<bool> {
    let id = work.id;
    let spend = move |tx: &mut IdentityTx<'_>| {
        let Some(mut flow) = flows::find(tx, id)?.filter(|flow| flow.data.free_submits > 0) else {
            return Ok(false);
        };
        flow.data.free_submits -= 1;
        flows::update(tx, &flow)?;
        Ok(true)
    };
    work.app.store.identity().write(spend).await
}

async fn refuse(work: &Work) -> Result<Outcome> {
    work.step(|tx, work, flow, _| {
        if let Some(step) = keep(tx, work, flow)? {
            return Ok(step);
        }
        let error = refusal(&work.settings.settings.captcha);
        Ok(match refuse_node(flow, TOKEN, Code::CaptchaWrong, MessageId::CaptchaNeeded) {
            Step::Refuse(told) => {
                let captcha = error.members().get("captcha").cloned().unwrap_or_default();
                Step::Refuse(told.with_member("captcha", captcha))
            }
            other => other,
        })
    })
    .await
}

async fn unavailable(work: &Work) -> Result<Outcome> {
    work.step(|tx, work, flow, _| {
        if let Some(step) = keep(tx, work, flow)? {
            return Ok(step);
        }
        let message = Message::new(MessageId::NotAvailable);
        Ok(refuse_for(flow, Code::Unavailable, message, RETRY_SECONDS))
    })
    .await
}

/// Keeps what was entered and is no secret, so that nobody enters it twice.
fn keep(tx: &mut IdentityTx<'_>, work: &Work, flow: &mut Flow) -> Result<Option<Step>> {
    match flow.kind {
        FlowKind::Login => {
            flow.data.asks_captcha = true;
            return Ok(find_account(tx, work, flow)?.err());
        }
        FlowKind::Registration => {
            let schema = work.app.traits_schema(&work.settings)?;
            traits::remember(flow, &work.input.object("traits"), schema.as_deref());
        }
        FlowKind::Recovery | FlowKind::Verification | FlowKind::Settings => {
            for name in ["email", "phone"] {
                if let Some(text) = work.input.text(name) {
                    let text = text.trim().chars().take(254).collect();
                    flow.data.values.insert(name.to_owned(), text);
                }
            }
        }
    }
    Ok(None)
}

/// Adds what shows a CAPTCHA to the nodes of a flow, and the way round it.
pub(super) fn show(app: &Tenant, flow: &Flow, settings: &TenantSettings, nodes: &mut Vec<Node>) {
    let captcha = &settings.captcha;
    let Some(site_key) = captcha.site_key.clone().filter(|_| is_shown(app, flow, settings)) else { return };
    let widget = app.captcha.widget(captcha.provider);
    let is_submit =
        |n: &Node| n.kind == NodeKind::Input && n.attributes.input_type == Some(InputType::Submit);
    let at = nodes.iter().position(is_submit).unwrap_or(nodes.len());
    let token = Captcha { provider: captcha.provider, site_key, action: flow.kind.as_str().to_owned() };
    nodes.insert(at, Node::captcha(token));
    nodes.insert(at, Node::script(Group::Captcha, "captcha_script", widget.script));
    if may_mail(flow, settings) {
        nodes.push(Node::submit(Group::Captcha, METHOD, MessageId::LabelCaptchaByMail));
    }
}

fn is_shown(app: &Tenant, flow: &Flow, settings: &TenantSettings) -> bool {
    if !settings.captcha.is_on() || flow.data.free_submits > 0 || flow.completed_at.is_some() {
        return false;
    }
    // Where the submit before lacked one, whatever it was.
    if flow.data.node_messages.contains_key(TOKEN) {
        return true;
    }
    match flow.kind {
        FlowKind::Login => {
            let offered = place::methods(settings, flow);
            let asks = offered.contains(&LoginMethod::Password)
                || offered.contains(&LoginMethod::Code) && app.sends_texts();
            asks && flow.data.asks_captcha
                && flow.state == FlowState::ChooseMethod
                && flow.data.identifier.is_some()
        }
        FlowKind::Registration | FlowKind::Recovery | FlowKind::Verification => {
            flow.state == FlowState::ShowForm
        }
        FlowKind::Settings => false,
    }
}

/// Whether the way round has a button of its own: where a code by mail is a way to sign in, that is the way round.
fn may_mail(flow: &Flow, settings: &TenantSettings) -> bool {
    match flow.kind {
        FlowKind::Login => !place::methods(settings, flow).contains(&LoginMethod::Code),
        FlowKind::Recovery | FlowKind::Verification => flow.data.channel == Channel::Email,
        FlowKind::Registration | FlowKind::Settings => true,
    }
}

/// Whether the flow waits for a code in place of a CAPTCHA.
pub(super) fn waits_for_code(flow: &Flow) -> bool {
    flow.data.challenge.as_ref().is_some_and(|sent| sent.method == METHOD)
}

/// The nodes that take such a code.
pub(super) fn code_nodes(nodes: &mut Vec<Node>) {
    let field = Node::input(Group::Code, InputType::Text, "code")
        .required()
        .autocomplete("one-time-code")
        .six_digits()
        .with_label(MessageId::LabelCode);
    nodes.push(field);
    nodes.push(Node::submit(Group::Code, METHOD, MessageId::LabelContinue));
    nodes.push(Node::submit(Group::Captcha, METHOD, MessageId::LabelSendNewCode));
}
