//! The nodes about second factors.

use avnology_model::{
    credentials::Factor,
    flows::{Flow, Group, InputType, MessageId, Node},
    identities::Identity,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::enroll;
use crate::{Tenant, credentials::totp};

/// Pixels of the picture.
const SIDE: u32 = 256;

/// The second factors that the flow's identity can show.
pub(super) fn to_show(flow: &Flow, nodes: &mut Vec<Node>) {
    for factor in &flow.data.factors {
        match factor {
            Factor::Totp => totp_code(nodes, MessageId::LabelContinue),
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

/// A new authenticator application, and the field that confirms it.
pub(super) fn to_enroll(app: &Tenant, flow: &Flow, account: &str, nodes: &mut Vec<Node>) {
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
        to_enroll(app, flow, account_of(identity), nodes);
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
    if identity.mfa_methods.iter().all(|factor| *factor == Factor::RecoveryCode) {
        return;
    }
    nodes.push(Node::button(Group::RecoveryCode, "regenerate", "true", MessageId::LabelNewBackupCodes));
    if identity.mfa_methods.contains(&Factor::RecoveryCode) {
        nodes.push(Node::button(Group::RecoveryCode, "disable", "true", MessageId::LabelNoBackupCodes));
    }
}
