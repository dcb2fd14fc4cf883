//! Flows with the nodes that the engine gives in each state.

use avnology_model::{
    flows::{
        Captcha, FlowKind, FlowState, FlowView, Group, InputType, Label, Message, MessageId as Id, Node,
        SelectOption, Transport, Ui,
    },
    ids::FlowId,
    platform::CaptchaProvider,
    sessions::Aal,
};

use super::World;

/// A flow without nodes.
pub(super) fn flow(world: &World, kind: FlowKind, state: FlowState) -> FlowView {
    let id = FlowId::new(world.now, [9; 10]);
    FlowView {
        id,
        kind,
        transport: Transport::Browser,
        state,
        active: String::new(),
        issued_at: world.now,
        expires_at: world.now.plus_seconds(kind.life_seconds()),
        return_to: None,
        organization_id: String::new(),
        organization: None,
        client: None,
        login_challenge: None,
        requested_aal: Aal::Aal1,
        refresh: false,
        identifier: None,
        ui: Ui {
            action: format!("https://id.example.com/v1/flows/{kind}/{id}:submit"),
            method: "POST".to_owned(),
            nodes: vec![csrf()],
            messages: Vec::new(),
        },
    }
}

fn csrf() -> Node {
    Node::input(Group::Default, InputType::Hidden, "csrf_token")
        .with_value("hJ0sQ2vN8wXeR5tYuI1oPa")
        .required()
}

/// The same with these nodes after the token.
pub(super) fn with(mut flow: FlowView, nodes: Vec<Node>) -> FlowView {
    flow.ui.nodes.extend(nodes);
    flow
}

/// The same with a CAPTCHA, and the way round it where it has a button of its own.
pub(super) fn guarded(mut flow: FlowView, by_mail: bool) -> FlowView {
    let is_submit = |n: &Node| n.attributes.input_type == Some(InputType::Submit);
    let at = flow.ui.nodes.iter().position(is_submit).unwrap_or(flow.ui.nodes.len());
    let captcha = Captcha {
        provider: CaptchaProvider::Turnstile,
        site_key: "1x00000000000000000000AA".to_owned(),
        action: flow.kind.to_string(),
    };
    flow.ui.nodes.insert(at, Node::captcha(captcha));
    let script = "https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit";
    flow.ui.nodes.insert(at, Node::script(Group::Captcha, "captcha_script", script.to_owned()));
    if by_mail {
        flow.ui.nodes.push(Node::submit(Group::Captcha, "captcha", Id::LabelCaptchaByMail));
    }
    flow
}

/// The same with a message about the whole.
pub(super) fn saying(mut flow: FlowView, message: impl Into<Message>) -> FlowView {
    flow.ui.messages.push(message.into());
    flow
}

/// The same with a message about one node.
pub(super) fn refusing(mut flow: FlowView, name: &str, id: Id) -> FlowView {
    for node in flow.ui.nodes.iter_mut().filter(|n| n.name() == name) {
        node.messages.push(id.into());
    }
    flow
}

pub(super) fn identifier() -> Node {
    Node::input(Group::Identifier, InputType::Text, "identifier")
        .with_label(Id::LabelEmail)
        .required()
        .autocomplete("username")
        .length(None, 254)
}

fn known_identifier() -> Node {
    identifier().with_value("jane@example.com").readonly()
}

fn code() -> Node {
    Node::input(Group::Code, InputType::Text, "code")
        .with_label(Id::LabelCode)
        .required()
        .six_digits()
        .autocomplete("one-time-code")
}

fn new_password() -> Node {
    Node::input(Group::Password, InputType::Password, "password")
        .with_label(Id::LabelNewPassword)
        .required()
        .autocomplete("new-password")
        .length(Some(8), 256)
}

fn email() -> Node {
    Node::input(Group::Code, InputType::Email, "email")
        .with_label(Id::LabelEmail)
        .required()
        .autocomplete("email")
        .length(None, 254)
}

fn profile(name: &str, label: Id, autocomplete: &str) -> Node {
    Node::input(Group::Profile, InputType::Text, name)
        .with_label(label)
        .autocomplete(autocomplete)
        .length(None, 100)
}

/// Nobody has said yet who signs in.
pub(super) fn who(world: &World) -> FlowView {
    let next = Node::submit(Group::Identifier, "identifier", Id::LabelContinue);
    with(flow(world, FlowKind::Login, FlowState::ChooseMethod), vec![identifier(), next])
}

/// The identifier is given; methods are offered.
pub(super) fn methods(world: &World) -> FlowView {
    let mut flow = flow(world, FlowKind::Login, FlowState::ChooseMethod);
    flow.identifier = Some("jane@example.com".to_owned());
    let password = Node::input(Group::Password, InputType::Password, "password")
        .with_label(Id::LabelPassword)
        .required()
        .autocomplete("current-password")
        .length(None, 256);
    let nodes = vec![
        known_identifier(),
        password,
        Node::submit(Group::Password, "password", Id::SignIn),
        Node::submit(Group::Code, "code", Id::LabelUseCode),
        Node::submit(Group::Link, "link", Id::LabelUseLink),
        Node::submit(Group::Identifier, "identifier", Id::LabelChangeIdentifier),
    ];
    with(flow, nodes)
}

/// The identifier is given; there are no passwords here.
pub(super) fn methods_without_password(world: &World) -> FlowView {
    let mut flow = methods(world);
    flow.ui.nodes.retain(|n| n.group != Group::Password);
    flow
}

/// A code is on its way to `jane@example.com`.
pub(super) fn code_sent(world: &World, kind: FlowKind, state: FlowState) -> FlowView {
    let mut flow = flow(world, kind, state);
    "code".clone_into(&mut flow.active);
    flow.identifier = Some("jane@example.com".to_owned());
    let mut nodes = vec![
        code(),
        Node::submit(Group::Code, "code", Id::LabelContinue),
        Node::button(Group::Code, "resend", "true", Id::LabelSendNewCode),
    ];
    if kind == FlowKind::Login && state == FlowState::SentEmail {
        nodes.insert(0, known_identifier());
        nodes.push(Node::submit(Group::Identifier, "identifier", Id::LabelChangeIdentifier));
    }
    with(flow, nodes)
}

/// A link is on its way.
pub(super) fn link_sent(world: &World) -> FlowView {
    let mut flow = flow(world, FlowKind::Login, FlowState::SentEmail);
    "link".clone_into(&mut flow.active);
    flow.identifier = Some("jane@example.com".to_owned());
    let nodes = vec![
        known_identifier(),
        Node::button(Group::Link, "resend", "true", Id::LabelSendNewLink),
        Node::submit(Group::Identifier, "identifier", Id::LabelChangeIdentifier),
    ];
    with(flow, nodes)
}

/// An old password must be replaced.
pub(super) fn must_change_password(world: &World) -> FlowView {
    let mut flow = flow(world, FlowKind::Login, FlowState::CompleteProfile);
    flow.identifier = Some("jane@example.com".to_owned());
    with(flow, vec![new_password(), Node::submit(Group::Password, "password", Id::LabelContinue)])
}

/// Required fields are missing.
pub(super) fn must_complete_profile(world: &World) -> FlowView {
    let nodes = vec![
        profile("traits.first_name", Id::LabelFirstName, "given-name").required(),
        profile("traits.last_name", Id::LabelLastName, "family-name").required(),
        Node::submit(Group::Profile, "profile", Id::LabelContinue),
    ];
    with(flow(world, FlowKind::Login, FlowState::CompleteProfile), nodes)
}

/// The registration form.
pub(super) fn registration(world: &World) -> FlowView {
    let email = Node::input(Group::Profile, InputType::Email, "traits.email")
        .with_label(Id::LabelEmail)
        .required()
        .autocomplete("email")
        .length(None, 254);
    let password = Node::input(Group::Password, InputType::Password, "password")
        .with_label(Id::LabelPassword)
        .required()
        .autocomplete("new-password")
        .length(Some(8), 256);
    let mut terms =
        Node::input(Group::Profile, InputType::Checkbox, "consents.terms").with_value("true").required();
    terms.attributes.href = Some("https://example.com/terms".to_owned());
    terms.label = Some(Label { id: String::new(), text: "I agree to the terms".to_owned() });
    let nodes = vec![
        email,
        profile("traits.first_name", Id::LabelFirstName, "given-name"),
        profile("traits.last_name", Id::LabelLastName, "family-name"),
        password,
        terms,
        Node::submit(Group::Password, "password", Id::LabelCreateAccount),
        Node::submit(Group::Code, "code", Id::LabelUseCode),
    ];
    with(flow(world, FlowKind::Registration, FlowState::ShowForm), nodes)
}

/// The form that asks for an address: recovery, verification.
pub(super) fn address(world: &World, kind: FlowKind) -> FlowView {
    let next = Node::submit(Group::Code, "code", Id::LabelContinue);
    with(flow(world, kind, FlowState::ShowForm), vec![email(), next])
}

/// The settings flow, with every section.
pub(super) fn settings(world: &World) -> FlowView {
    let mut language =
        Node::input(Group::Profile, InputType::Select, "traits.locale").with_label(Id::LabelLocale);
    language.attributes.options = [("", "Browser's language"), ("en", "English"), ("de", "Deutsch")]
        .map(|(value, label)| SelectOption { value: value.to_owned(), label: label.to_owned() })
        .to_vec();
    language.attributes.value = Some("en".to_owned());
    let nodes = vec![
        profile("traits.first_name", Id::LabelFirstName, "given-name").with_value("Jane"),
        profile("traits.last_name", Id::LabelLastName, "family-name").with_value("Doe"),
        profile("traits.display_name", Id::LabelDisplayName, "nickname"),
        Node::input(Group::Profile, InputType::Email, "traits.email")
            .with_label(Id::LabelEmail)
            .with_value("jane@example.com")
            .autocomplete("email")
            .length(None, 254),
        language,
        Node::submit(Group::Profile, "profile", Id::LabelSave),
        Node::input(Group::Password, InputType::Password, "current_password")
            .with_label(Id::LabelCurrentPassword)
            .required()
            .autocomplete("current-password"),
        new_password(),
        Node::input(Group::Password, InputType::Checkbox, "keep_other_sessions")
            .with_value("true")
            .with_label(Id::LabelKeepOtherSessions),
        Node::submit(Group::Password, "password", Id::LabelChangePassword),
    ];
    with(flow(world, FlowKind::Settings, FlowState::ShowForm), nodes)
}

/// The settings flow that recovery goes on with.
pub(super) fn after_recovery(world: &World) -> FlowView {
    let mut flow = flow(world, FlowKind::Settings, FlowState::ShowForm);
    flow.identifier = Some("jane@example.com".to_owned());
    let options = serde_json::json!({ "challenge": "pZ6r1Yw0b3m8", "rp": { "id": "id.example.com" } });
    let nodes = vec![
        new_password(),
        Node::submit(Group::Password, "password", Id::LabelSave),
        Node::passkey("create", "optional", options, Id::LabelAddPasskey),
        Node::input(Group::Passkey, InputType::Text, "name").with_label(Id::LabelPasskeyName),
    ];
    with(flow, nodes)
}

fn totp_code() -> Node {
    Node::input(Group::Totp, InputType::Text, "totp_code")
        .required()
        .autocomplete("one-time-code")
        .six_digits()
        .with_label(Id::LabelTotpCode)
}

/// A second factor to be shown: code of the app, or backup code.
pub(super) fn second_factor(world: &World, kind: FlowKind) -> FlowView {
    let backup = Node::input(Group::RecoveryCode, InputType::Text, "recovery_code")
        .autocomplete("off")
        .length(None, 32)
        .with_label(Id::LabelBackupCode);
    let nodes = vec![
        totp_code(),
        Node::submit(Group::Totp, "totp", Id::LabelContinue),
        backup,
        Node::submit(Group::RecoveryCode, "recovery_code", Id::LabelUseBackupCode),
    ];
    saying(with(flow(world, kind, FlowState::SecondFactor), nodes), Id::ConfirmIdentity)
}

/// The second factors of a recovery, which may be lost: to be said, waited for (`false`), or done (`true`).
pub(super) fn lost_factors(world: &World, is_over: Option<bool>) -> FlowView {
    let until = world.now.plus_seconds(72 * 3_600).to_string();
    let mut flow = second_factor(world, FlowKind::Settings);
    match is_over {
        None => {
            flow.ui.nodes.push(Node::submit(Group::Default, "lost_factors", Id::LabelLostFactors));
            flow
        }
        Some(false) => saying(flow, Message::new(Id::FactorRecoveryWaiting).with_text("time", &until)),
        Some(true) => {
            let password = Node::input(Group::Password, InputType::Password, "current_password")
                .required()
                .autocomplete("current-password")
                .with_label(Id::LabelCurrentPassword);
            let remove = Node::submit(Group::Password, "lost_factors", Id::LabelRemoveFactors);
            flow.ui.nodes.retain(|node| node.group == Group::Default);
            flow.ui.nodes.extend([password, remove]);
            saying(flow, Id::FactorRecoveryReady)
        }
    }
}

/// An authenticator app to be set up.
pub(super) fn new_totp(world: &World, kind: FlowKind, state: FlowState) -> FlowView {
    // A picture of the size of the real one.
    let src = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='256' height='256'%3E%3Crect \
               width='256' height='256' fill='%23fff'/%3E%3Crect x='32' y='32' width='192' height='192'/%3E%3C/svg%3E";
    let nodes = vec![
        Node::picture(Group::Totp, "totp_qr", src.to_owned(), "QR code for your authenticator", 256),
        Node::secret(Group::Totp, "totp_secret", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"),
        totp_code(),
        Node::submit(Group::Totp, "totp", Id::LabelConfirm),
    ];
    with(flow(world, kind, state), nodes)
}

/// An authenticator app that can be removed.
pub(super) fn held_totp(world: &World) -> FlowView {
    let remove = Node::button(Group::Totp, "totp_unlink", "true", Id::LabelRemoveTotp);
    with(flow(world, FlowKind::Settings, FlowState::ShowForm), vec![remove])
}

/// Backup codes, shown once.
pub(super) fn new_codes(world: &World) -> FlowView {
    let codes = "K7QX2-M4TZ9\n0F3WV-9QH1A\nZB8RC-2NPD5\n6XJ4T-YE7GM\nH1SKA-5V0QW\nP9D3N-RC8BZ\n2GT6M-X4JYE\n7WAHK-1VS5Q\nC0ZBP-8R9ND\nE5YJX-3MG2T";
    let nodes = vec![
        Node::secret(Group::RecoveryCode, "recovery_codes", codes),
        Node::button(Group::RecoveryCode, "confirm", "true", Id::LabelBackupCodesSaved),
    ];
    with(flow(world, FlowKind::Settings, FlowState::ShowForm), nodes)
}

/// What can be done with backup codes.
pub(super) fn held_codes(world: &World) -> FlowView {
    let nodes = vec![
        Node::button(Group::RecoveryCode, "regenerate", "true", Id::LabelNewBackupCodes),
        Node::button(Group::RecoveryCode, "disable", "true", Id::LabelNoBackupCodes),
    ];
    with(flow(world, FlowKind::Settings, FlowState::ShowForm), nodes)
}
