//! The nodes about second factors.

use avnology_model::{
    credentials::Factor,
    flows::{Channel, Flow, FlowKind, Group, InputType, Label, Message, MessageId, Node},
    identities::Identity,
    ids::IdentityId,
    platform::LoginMethod,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    enroll,
    passkey::{challenge_of, listed},
    sms, view,
};
use crate::{
    Tenant,
    credentials::{
        totp,
        webauthn::{NewUser, RelyingParty, user_handle},
    },
};

/// Pixels of the picture.
const SIDE: u32 = 256;

/// The second factors that the flow's identity can show.
pub(super) fn to_show(app: &Tenant, flow: &Flow, nodes: &mut Vec<Node>) {
    for factor in &flow.data.factors {
        match factor {
            Factor::Totp => {
                totp_code(nodes, MessageId::LabelContinue);
                remember_device(app, flow, Group::Totp, nodes);
            }
            Factor::Passkey => nodes.extend(use_passkey(app, flow, true)),
            Factor::Sms => sms_code(app, flow, nodes),
            Factor::RecoveryCode => {
                let field = Node::input(Group::RecoveryCode, InputType::Text, "recovery_code")
                    .autocomplete("off")
                    .length(None, 32)
                    .with_label(MessageId::LabelBackupCode);
                nodes.push(field);
                nodes.push(Node::submit(Group::RecoveryCode, "recovery_code", MessageId::LabelUseBackupCode));
            }
        }
    }
}

/// The choice to skip the second factor from now on, right above the last button, where a sign-in could do so.
fn remember_device(app: &Tenant, flow: &Flow, group: Group, nodes: &mut Vec<Node>) {
    let settings = app.settings();
    let is_offered = settings.settings.remember_device_days > 0 && !settings.settings.mfa_required;
    if is_offered && flow.kind == FlowKind::Login {
        let node = Node::input(group, InputType::Checkbox, "remember_device").with_value("true");
        let above = nodes.len().saturating_sub(1);
        nodes.insert(above, node.with_label(MessageId::LabelRememberDevice));
    }
}

/// The phone as second factor: a button that sends a code, or the field for the one that was sent.
fn sms_code(app: &Tenant, flow: &Flow, nodes: &mut Vec<Node>) {
    if !app.sends_texts() {
        return;
    }
    if sms::number_sent_to(flow).is_some() {
        view::code_entry(nodes);
        remember_device(app, flow, Group::Code, nodes);
        nodes.push(Node::button(Group::Code, "resend", "true", MessageId::LabelSendNewCode));
        return;
    }
    let hint = flow.data.phone_hint.as_deref().unwrap_or("•••");
    let label = Message::new(MessageId::LabelSendSms).with_text("phone", hint);
    let mut button = Node::button(Group::Code, "channel", Channel::Sms.as_str(), MessageId::LabelSendSms);
    button.label = Some(Label { id: label.id, text: label.text });
    nodes.push(button);
}

/// A field for a phone number.
pub(super) fn phone_field(group: Group, flow: &Flow) -> Node {
    Node::input(group, InputType::Tel, "phone")
        .with_value(flow.data.values.get("phone").cloned().unwrap_or_default())
        .required()
        .autocomplete("tel")
        .length(None, 32)
        .with_label(MessageId::LabelPhone)
}

/// A phone to be set up: its number, or the code that was sent to it.
fn new_sms(flow: &Flow, nodes: &mut Vec<Node>) {
    if sms::number_sent_to(flow).is_none() {
        nodes.push(phone_field(Group::Sms, flow));
        nodes.push(Node::submit(Group::Sms, "sms", MessageId::LabelTextCode));
        return;
    }
    let field = Node::input(Group::Sms, InputType::Text, "code").required().autocomplete("one-time-code");
    nodes.push(field.six_digits().with_label(MessageId::LabelCode));
    nodes.push(Node::submit(Group::Sms, "sms", MessageId::LabelConfirm));
    nodes.push(Node::button(Group::Sms, "resend", "true", MessageId::LabelSendNewCode));
    nodes.push(Node::button(Group::Sms, "restart", "true", MessageId::LabelChangePhone));
}

/// The phone in settings: to be set up, or removed.
pub(super) fn sms_in_settings(app: &Tenant, flow: &Flow, identity: &Identity, nodes: &mut Vec<Node>) {
    if identity.mfa_methods.contains(&Factor::Sms) {
        nodes.push(Node::button(Group::Sms, "sms_unlink", "true", MessageId::LabelRemoveSms));
    } else if app.settings().settings.second_factors.contains(&Factor::Sms) && app.sends_texts() {
        new_sms(flow, nodes);
    }
}

/// What can be set up on the way: an authenticator application, a phone, or a passkey.
pub(super) fn to_enroll(app: &Tenant, flow: &Flow, account: &str, nodes: &mut Vec<Node>) {
    let offered = &app.settings().settings.second_factors;
    let offers_texts = offered.contains(&Factor::Sms) && app.sends_texts();
    if offers_texts && sms::number_sent_to(flow).is_some() {
        // One thing at a time.
        return new_sms(flow, nodes);
    }
    if offered.contains(&Factor::Totp) {
        new_totp(app, flow, account, nodes);
    }
    if offers_texts {
        new_sms(flow, nodes);
    }
    // Who registers has no identity yet that a passkey could be made for.
    if let Some(id) = flow.identity_id.filter(|_| offered.contains(&Factor::Passkey)) {
        nodes.extend(new_passkey(app, flow, id, account, true));
    }
}

/// A passkey to be used: any of this relying party, or one of the flow's identity.
pub(super) fn use_passkey(app: &Tenant, flow: &Flow, must_verify: bool) -> Option<Node> {
    let options = RelyingParty::of(app, &app.settings().settings).request(
        &challenge_of(flow)?,
        &listed(flow),
        must_verify,
    );
    let by_name = flow.identity_id.is_some() || flow.data.identifier.is_some();
    let mediation = if by_name { "optional" } else { "conditional" };
    Some(Node::passkey("get", mediation, options, MessageId::LabelUsePasskey))
}

/// A passkey to be made for an identity.
pub(super) fn new_passkey(
    app: &Tenant,
    flow: &Flow,
    identity: IdentityId,
    name: &str,
    must_verify: bool,
) -> Option<Node> {
    let user = NewUser { handle: user_handle(&app.keys, identity), name, display_name: name };
    let options = RelyingParty::of(app, &app.settings().settings).creation(
        &challenge_of(flow)?,
        &user,
        &listed(flow),
        must_verify,
    );
    Some(Node::passkey("create", "optional", options, MessageId::LabelAddPasskey))
}

/// Passkeys in settings: a new one, with a name; and those that there are, to be removed.
pub(super) fn passkeys_in_settings(app: &Tenant, flow: &Flow, identity: &Identity, nodes: &mut Vec<Node>) {
    let settings = app.settings();
    let is_offered = settings.settings.allowed_methods.contains(&LoginMethod::Passkey)
        || settings.settings.second_factors.contains(&Factor::Passkey);
    if is_offered {
        nodes.extend(new_passkey(app, flow, identity.id, account_of(identity), false));
        let field =
            Node::input(Group::Passkey, InputType::Text, "name").autocomplete("off").length(None, 100);
        nodes.push(field.with_label(MessageId::LabelPasskeyName));
    }
    if flow.data.recovered_address.is_none() {
        for passkey in &flow.data.passkeys {
            let id = passkey.id.to_string();
            nodes.push(Node::button(Group::Passkey, "passkey_rename", &id, MessageId::LabelRenamePasskey));
            nodes.push(Node::button(Group::Passkey, "passkey_remove", &id, MessageId::LabelRemovePasskey));
        }
    }
}

/// A new authenticator application, and the field that confirms it.
fn new_totp(app: &Tenant, flow: &Flow, account: &str, nodes: &mut Vec<Node>) {
    let secret = enroll::secret(&app.keys, flow.id);
    let uri = totp::uri(&secret, &app.settings().settings.name, account);
    if let Some(picture) = totp::picture(&uri) {
        let src = format!("data:image/svg+xml;base64,{}", STANDARD.encode(picture));
        nodes.push(Node::picture(Group::Totp, "totp_qr", src, "QR code for your authenticator", SIDE));
    }
    let mut text = Node::secret(Group::Totp, "totp_secret", &totp::base32(&secret));
    text.attributes.uri = Some(uri);
    nodes.push(text);
    totp_code(nodes, MessageId::LabelConfirm);
}

fn totp_code(nodes: &mut Vec<Node>, label: MessageId) {
    let field = Node::input(Group::Totp, InputType::Text, "totp_code")
        .required()
        .autocomplete("one-time-code")
        .six_digits()
        .with_label(MessageId::LabelTotpCode);
    nodes.push(field);
    nodes.push(Node::submit(Group::Totp, "totp", label));
}

/// The authenticator application in settings: to be set up, or removed.
pub(super) fn totp_in_settings(app: &Tenant, flow: &Flow, identity: &Identity, nodes: &mut Vec<Node>) {
    if identity.mfa_methods.contains(&Factor::Totp) {
        nodes.push(Node::button(Group::Totp, "totp_unlink", "true", MessageId::LabelRemoveTotp));
    } else if app.settings().settings.second_factors.contains(&Factor::Totp) {
        new_totp(app, flow, account_of(identity), nodes);
    }
}

/// What an authenticator application calls an account.
fn account_of(identity: &Identity) -> &str {
    identity.email.as_deref().or(identity.username.as_deref()).unwrap_or_default()
}

/// Backup codes in settings: new ones that are shown, or what can be done with those that there are.
pub(super) fn codes_in_settings(app: &Tenant, flow: &Flow, identity: &Identity, nodes: &mut Vec<Node>) {
    let shown = flow.data.codes.as_ref().and_then(|codes| {
        // Sealed for somebody else, or with a key that is gone: not shown.
        enroll::open_codes(&app.keys, identity.id, codes).ok()
    });
    if let Some(codes) = shown {
        nodes.push(Node::secret(Group::RecoveryCode, "recovery_codes", &codes));
        nodes.push(Node::button(Group::RecoveryCode, "confirm", "true", MessageId::LabelBackupCodesSaved));
        return;
    }
    if !identity.has_second_factor() {
        return;
    }
    nodes.push(Node::button(Group::RecoveryCode, "regenerate", "true", MessageId::LabelNewBackupCodes));
    if identity.mfa_methods.contains(&Factor::RecoveryCode) {
        nodes.push(Node::button(Group::RecoveryCode, "disable", "true", MessageId::LabelNoBackupCodes));
    }
}
