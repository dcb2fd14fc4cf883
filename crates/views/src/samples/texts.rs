//! Pages about phones: codes by text in sign-in, recovery, verification and settings.

use avnology_model::flows::{FlowKind, FlowState, FlowView, Group, InputType, Label, MessageId as Id, Node};

use super::{World, nodes};
use crate::{
    credentials::{FactorPage, FactorSection},
    flows::{Recovery, SignIn, Verify},
};

const PHONE: &str = "+442079460042";

pub(super) fn pages(world: &World) -> Vec<(&'static str, String)> {
    let sign_in = |flow: &FlowView| {
        SignIn {
            cx: world.cx(),
            flow,
            sign_up_url: Some("/sign-up"),
            recovery_url: Some("/recovery"),
            needs_home: false,
            resend_at: Some(world.now.plus_seconds(42)),
        }
        .render()
    };
    let recovery = |flow: &FlowView| {
        Recovery { cx: world.cx(), flow, sign_in_url: "/sign-in", resend_at: None }.render()
    };
    let verify =
        |flow: &FlowView| Verify { cx: world.cx(), flow, continue_url: "/account", resend_at: None }.render();
    let factor = |flow: &FlowView, phone| {
        FactorPage {
            cx: world.cx(),
            person: &world.jane,
            flow,
            factor: FactorSection::Sms,
            removed: None,
            passkeys: &[],
            phone,
            resend_at: None,
            back_url: "/account/security",
        }
        .render()
    };
    let mut proven = nodes::flow(world, FlowKind::Verification, FlowState::PassedChallenge);
    proven.identifier = Some(PHONE.to_owned());
    let wrong = nodes::refusing(
        setting_up(world, FlowKind::Settings, FlowState::ShowForm, true),
        "code",
        Id::WrongCode,
    );
    vec![
        ("sign-in-text-sent", sign_in(&sent(world, FlowKind::Login))),
        ("sign-in-second-factor-text", sign_in(&second(world, false))),
        ("sign-in-second-factor-texted", sign_in(&second(world, true))),
        (
            "sign-in-enroll-phone",
            sign_in(&setting_up(world, FlowKind::Login, FlowState::EnrollFactor, false)),
        ),
        ("recovery-phone", recovery(&asking(world, FlowKind::Recovery))),
        ("recovery-text-sent", recovery(&sent(world, FlowKind::Recovery))),
        ("verify-phone", verify(&asking(world, FlowKind::Verification))),
        ("verify-text-sent", verify(&sent(world, FlowKind::Verification))),
        ("verify-phone-verified", verify(&nodes::saying(proven, Id::AddressVerified))),
        ("account-sms", factor(&setting_up(world, FlowKind::Settings, FlowState::ShowForm, false), None)),
        ("account-sms-sent", factor(&setting_up(world, FlowKind::Settings, FlowState::ShowForm, true), None)),
        ("account-sms-wrong", factor(&wrong, None)),
        ("account-sms-enrolled", factor(&held(world), Some("••• 42"))),
    ]
}

fn phone(group: Group) -> Node {
    Node::input(group, InputType::Tel, "phone")
        .with_value("")
        .required()
        .autocomplete("tel")
        .length(None, 32)
        .with_label(Id::LabelPhone)
}

fn code(group: Group) -> Node {
    let field = Node::input(group, InputType::Text, "code").required().autocomplete("one-time-code");
    field.six_digits().with_label(Id::LabelCode)
}

/// A text is on its way.
fn sent(world: &World, kind: FlowKind) -> FlowView {
    let mut flow = nodes::code_sent(world, kind, FlowState::SentSms);
    flow.identifier = Some(PHONE.to_owned());
    flow
}

/// The form that asks for a phone: recovery, verification.
fn asking(world: &World, kind: FlowKind) -> FlowView {
    let other = Node::button(Group::Code, "channel", "email", Id::LabelUseEmail);
    let nodes = vec![phone(Group::Code), Node::submit(Group::Code, "code", Id::LabelContinue), other];
    nodes::with(nodes::flow(world, kind, FlowState::ShowForm), nodes)
}

/// The phone as second factor, before and after the text was sent.
fn second(world: &World, sent: bool) -> FlowView {
    let mut flow = nodes::second_factor(world, FlowKind::Login);
    flow.ui.nodes.retain(|node| node.group != Group::Totp);
    let mut button = Node::button(Group::Code, "channel", "sms", Id::LabelSendSms);
    button.label =
        Some(Label { id: Id::LabelSendSms.id().to_owned(), text: "Send a code to ••• 42".to_owned() });
    let by_text = if sent {
        vec![
            code(Group::Code),
            Node::submit(Group::Code, "code", Id::LabelContinue),
            Node::button(Group::Code, "resend", "true", Id::LabelSendNewCode),
        ]
    } else {
        vec![button]
    };
    let at = flow.ui.nodes.iter().position(|node| node.group == Group::RecoveryCode).unwrap_or_default();
    flow.ui.nodes.splice(at..at, by_text);
    flow
}

/// A phone that is set up.
fn setting_up(world: &World, kind: FlowKind, state: FlowState, sent: bool) -> FlowView {
    let nodes = if sent {
        vec![
            code(Group::Sms),
            Node::submit(Group::Sms, "sms", Id::LabelConfirm),
            Node::button(Group::Sms, "resend", "true", Id::LabelSendNewCode),
            Node::button(Group::Sms, "restart", "true", Id::LabelChangePhone),
        ]
    } else {
        vec![phone(Group::Sms), Node::submit(Group::Sms, "sms", Id::LabelTextCode)]
    };
    nodes::with(nodes::flow(world, kind, state), nodes)
}

fn held(world: &World) -> FlowView {
    let remove = Node::button(Group::Sms, "sms_unlink", "true", Id::LabelRemoveSms);
    nodes::with(nodes::flow(world, FlowKind::Settings, FlowState::ShowForm), vec![remove])
}
