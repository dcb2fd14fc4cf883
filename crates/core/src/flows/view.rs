//! A flow as its client sees it: nodes from the state.

use avnology_model::{
    flows::{
        Channel, Flow, FlowClient, FlowKind, FlowOrganization, FlowState, FlowView, Group, InputType,
        Message, MessageId, Node, Transport, Ui,
    },
    identities::Identity,
    platform::{LoginMethod, RegistrationField, TenantSettings},
};

use super::{captcha, factor_nodes, lost_factors, place, trait_nodes};
use crate::{Tenant, clients::authorize::challenge_in, identities::TraitsSchema};

/// The hosted page of a flow, without the flow's id; of one that leads to an organization alone, the organization's.
pub fn page_path(flow: &Flow) -> String {
    let place = flow.data.organization.as_ref().filter(|place| place.restricts);
    match (flow.kind, place) {
        (FlowKind::Login, Some(place)) => return format!("/org/{}", place.slug),
        (FlowKind::Registration, Some(place)) if flow.data.invitation.is_none() => {
            return format!("/org/{}/sign-up", place.slug);
        }
        _ => {}
    }
    match (flow.kind, flow.data.section.as_str()) {
        (FlowKind::Login, _) => "/sign-in",
        (FlowKind::Registration, _) => "/sign-up",
        (FlowKind::Recovery, _) => "/recovery",
        (FlowKind::Verification, _) => "/verify",
        (FlowKind::Settings, "password" | "passkey" | "totp" | "sms" | "recovery_code") => {
            "/account/security"
        }
        (FlowKind::Settings, _) => "/account/profile",
    }
    .to_owned()
}

/// A flow as its client sees it. `csrf` is the form token of a browser; `identity` fills the fields of a settings flow.
pub fn view(app: &Tenant, flow: &Flow, csrf: Option<&str>, identity: Option<&Identity>) -> FlowView {
    let settings = app.settings();
    // A schema that cannot be had fails the submit, which says so.
    let schema = app.traits_schema(&settings).ok().flatten();
    let mut nodes = Vec::new();
    if let (Transport::Browser, Some(token)) = (flow.transport, csrf) {
        let node = Node::input(Group::Default, InputType::Hidden, "csrf_token").with_value(token);
        nodes.push(node.required());
    }
    match flow.kind {
        FlowKind::Login | FlowKind::Registration if flow.state == FlowState::EnrollFactor => {
            let account = flow.data.identifier.as_deref().unwrap_or_default();
            factor_nodes::to_enroll(app, flow, account, &mut nodes);
        }
        FlowKind::Settings if flow.state == FlowState::SecondFactor && lost_factors::is_ready(flow) => {
            lost_factors::nodes(flow, &mut nodes);
        }
        FlowKind::Login | FlowKind::Settings if flow.state == FlowState::SecondFactor => {
            factor_nodes::to_show(app, flow, &mut nodes);
            lost_factors::nodes(flow, &mut nodes);
        }
        FlowKind::Registration if flow.state == FlowState::CreatePasskey => {
            let name = flow.data.identifier.as_deref().unwrap_or_default();
            let id = flow.data.new_identity;
            nodes.extend(id.and_then(|id| factor_nodes::new_passkey(app, flow, id, name, true)));
        }
        FlowKind::Login => {
            login(flow, &settings.settings, app.sends_texts(), &mut nodes);
            passkey_of_login(app, flow, &settings.settings, &mut nodes);
        }
        FlowKind::Registration => registration(flow, &settings.settings, schema.as_deref(), &mut nodes),
        FlowKind::Recovery | FlowKind::Verification if flow.completed_at.is_some() => {}
        FlowKind::Recovery | FlowKind::Verification => mailed(flow, app.sends_texts(), &mut nodes),
        FlowKind::Settings => {
            settings_nodes(app, flow, &settings.settings, schema.as_deref(), identity, &mut nodes);
            if let Some(identity) = identity {
                factor_sections(app, flow, identity, &mut nodes);
            }
        }
    }
    captcha::show(app, flow, &settings.settings, &mut nodes);
    for node in &mut nodes {
        if let Some(messages) = flow.data.node_messages.get(node.name()) {
            node.messages.clone_from(messages);
        }
    }
    let action = format!("{}/v1/flows/{}/{}:submit", app.config.origin(), flow.kind, flow.id);
    FlowView {
        id: flow.id,
        kind: flow.kind,
        transport: flow.transport,
        state: flow.state,
        active: flow.active.clone(),
        issued_at: flow.issued_at,
        expires_at: flow.expires_at,
        return_to: flow.data.return_to.clone(),
        organization_id: flow.restricted_to().map(|id| id.to_string()).unwrap_or_default(),
        organization: flow.data.organization.as_ref().map(card),
        client: flow.data.client.as_ref().map(client_card),
        login_challenge: flow.data.return_to.as_deref().and_then(|target| challenge_in(app, target)),
        requested_aal: flow.data.requested_aal,
        refresh: flow.data.refresh,
        identifier: flow.data.identifier.clone(),
        ui: Ui { action, method: "POST".to_owned(), messages: messages(flow, &nodes), nodes },
    }
}

/// The messages about the whole flow, with those about fields that have no node here.
fn messages(flow: &Flow, nodes: &[Node]) -> Vec<Message> {
    let mut messages: Vec<Message> = standing(flow).into_iter().collect();
    messages.extend(flow.data.messages.iter().cloned());
    let homeless =
        flow.data.node_messages.iter().filter(|(name, _)| !nodes.iter().any(|n| n.name() == *name));
    for message in homeless.flat_map(|(_, about)| about) {
        if !messages.contains(message) {
            messages.push(message.clone());
        }
    }
    messages
}

/// What a flow says as long as it stands where it does.
fn standing(flow: &Flow) -> Option<Message> {
    if let Some(message) = lost_factors::standing(flow) {
        return Some(message);
    }
    let place = flow.data.organization.as_ref()?;
    let named = |id| Message::new(id).with_text("organization", &place.name);
    match flow.state {
        FlowState::ChooseOrganization => Some(named(MessageId::WillJoin)),
        FlowState::ShowForm if flow.data.invitation.is_some() => Some(named(MessageId::Invited)),
        FlowState::ChooseMethod if place.sso_required && flow.data.identifier.is_some() => {
            Some(MessageId::SsoNotSetUp.into())
        }
        _ => None,
    }
}

fn card(place: &FlowOrganization) -> serde_json::Value {
    // Logos cannot be set yet.
    serde_json::json!({ "id": place.id, "name": place.name, "slug": place.slug, "logo_url": null })
}

fn client_card(client: &FlowClient) -> serde_json::Value {
    let mut card = serde_json::json!({
        "id": client.id, "name": client.name, "logo_url": client.logo_url,
        "policy_url": client.policy_url, "terms_url": client.terms_url,
    });
    if let (Some(host), Some(members)) = (&client.redirect_host, card.as_object_mut()) {
        members.insert("redirect_host".to_owned(), host.clone().into());
    }
    card
}

fn login(flow: &Flow, settings: &TenantSettings, texts: bool, nodes: &mut Vec<Node>) {
    match flow.state {
        FlowState::ChooseMethod if flow.data.identifier.is_none() => {
            let field = Node::input(Group::Identifier, InputType::Text, "identifier")
                .with_value("")
                .required()
                .autocomplete("username")
                .length(None, 254)
                .with_label(MessageId::LabelEmail);
            nodes.push(field);
            nodes.push(Node::submit(Group::Identifier, "identifier", MessageId::LabelContinue));
        }
        FlowState::ChooseMethod => {
            nodes.push(known_identifier(flow));
            choices(flow, settings, texts, nodes);
            another_account(flow, nodes);
        }
        FlowState::SentEmail | FlowState::SentSms => {
            nodes.push(known_identifier(flow));
            if captcha::waits_for_code(flow) {
                captcha::code_nodes(nodes);
                another_account(flow, nodes);
                return;
            }
            if flow.active == "code" || flow.transport == Transport::Api {
                code_entry(nodes);
            }
            resend(flow, nodes);
            another_account(flow, nodes);
        }
        FlowState::VerifyAddress => {
            code_entry(nodes);
            resend(flow, nodes);
        }
        FlowState::CompleteProfile if !flow.data.missing.is_empty() => {
            nodes.extend(flow.data.missing.iter().map(|field| profile_field(*field, flow).required()));
            nodes.push(Node::submit(Group::Profile, "profile", MessageId::LabelContinue));
        }
        FlowState::CompleteProfile => {
            new_password(settings, nodes);
            nodes.push(Node::submit(Group::Password, "password", MessageId::LabelContinue));
        }
        FlowState::ChooseOrganization => {
            if let Some(place) = &flow.data.organization {
                let node = Node::input(Group::Default, InputType::Hidden, "organization_id");
                nodes.push(node.with_value(place.id.to_string()).required());
                nodes.push(Node::submit(Group::Default, "organization", MessageId::LabelContinue));
            }
        }
        FlowState::ShowForm
        | FlowState::CreatePasskey
        | FlowState::SecondFactor
        | FlowState::EnrollFactor
        | FlowState::Passed
        | FlowState::PassedChallenge => {}
    }
}

fn known_identifier(flow: &Flow) -> Node {
    Node::input(Group::Identifier, InputType::Text, "identifier")
        .with_value(flow.data.identifier.clone().unwrap_or_default())
        .readonly()
        .autocomplete("username")
        .with_label(MessageId::LabelEmail)
}

fn another_account(flow: &Flow, nodes: &mut Vec<Node>) {
    if flow.identity_id.is_none() {
        nodes.push(Node::submit(Group::Identifier, "identifier", MessageId::LabelChangeIdentifier));
    }
}

/// The methods offered, in the tenant's order of configuration.
fn choices(flow: &Flow, settings: &TenantSettings, texts: bool, nodes: &mut Vec<Node>) {
    let by_text = || Node::button(Group::Code, "channel", Channel::Sms.as_str(), MessageId::LabelUseSms);
    let names_phone = flow.data.identifier.as_deref().is_some_and(|text| text.starts_with('+'));
    for method in place::methods(settings, flow) {
        match method {
            LoginMethod::Password => {
                let field = Node::input(Group::Password, InputType::Password, "password")
                    .required()
                    .autocomplete("current-password")
                    .length(None, settings.password_policy.max_length)
                    .with_label(MessageId::LabelPassword);
                nodes.push(field);
                nodes.push(Node::submit(Group::Password, "password", MessageId::SignIn));
            }
            LoginMethod::Passkey => {}
            LoginMethod::Code => {
                let by_mail = Node::submit(Group::Code, "code", MessageId::LabelUseCode);
                match (texts, names_phone) {
                    (false, _) => nodes.push(by_mail),
                    (true, false) => nodes.extend([by_mail, by_text()]),
                    // What was entered says what is at hand.
                    (true, true) => nodes.extend([by_text(), by_mail]),
                }
            }
            LoginMethod::Link => nodes.push(Node::submit(Group::Link, "link", MessageId::LabelUseLink)),
        }
    }
}

pub(super) fn code_entry(nodes: &mut Vec<Node>) {
    let field = Node::input(Group::Code, InputType::Text, "code")
        .required()
        .autocomplete("one-time-code")
        .six_digits()
        .with_label(MessageId::LabelCode);
    nodes.push(field);
    nodes.push(Node::submit(Group::Code, "code", MessageId::LabelContinue));
}

pub(super) fn resend(flow: &Flow, nodes: &mut Vec<Node>) {
    let (group, label) = match flow.active.as_str() {
        "link" => (Group::Link, MessageId::LabelSendNewLink),
        _ => (Group::Code, MessageId::LabelSendNewCode),
    };
    nodes.push(Node::button(group, "resend", "true", label));
}

fn new_password(settings: &TenantSettings, nodes: &mut Vec<Node>) {
    let policy = &settings.password_policy;
    let field = Node::input(Group::Password, InputType::Password, "password")
        .required()
        .autocomplete("new-password")
        .length(Some(policy.min_length), policy.max_length)
        .with_label(MessageId::LabelNewPassword);
    nodes.push(field);
}

fn registration(
    flow: &Flow,
    settings: &TenantSettings,
    schema: Option<&TraitsSchema>,
    nodes: &mut Vec<Node>,
) {
    match flow.state {
        FlowState::ShowForm => {
            profile_fields(flow, settings, nodes);
            if let Some(schema) = schema {
                trait_nodes::for_registration(schema, flow, nodes);
            }
            let offered = place::methods(settings, flow);
            let by_password = offered.contains(&LoginMethod::Password);
            if by_password {
                let policy = &settings.password_policy;
                let field = Node::input(Group::Password, InputType::Password, "password")
                    .required()
                    .autocomplete("new-password")
                    .length(Some(policy.min_length), policy.max_length)
                    .with_label(MessageId::LabelPassword);
                nodes.push(field);
            }
            // What is agreed to stands right above the button that does.
            consents(settings, nodes);
            if by_password {
                nodes.push(Node::submit(Group::Password, "password", MessageId::LabelCreateAccount));
            } else if offered.contains(&LoginMethod::Code) {
                nodes.push(Node::submit(Group::Code, "code", MessageId::LabelCreateAccount));
            }
            if offered.contains(&LoginMethod::Passkey) {
                nodes.push(Node::submit(Group::Passkey, "passkey", MessageId::LabelCreatePasskey));
            }
        }
        FlowState::SentEmail if captcha::waits_for_code(flow) => captcha::code_nodes(nodes),
        FlowState::SentEmail | FlowState::SentSms | FlowState::VerifyAddress => {
            code_entry(nodes);
            resend(flow, nodes);
        }
        _ => {}
    }
}

/// E-mail always, names where people like to be greeted, the rest where the tenant asks for it.
fn profile_fields(flow: &Flow, settings: &TenantSettings, nodes: &mut Vec<Node>) {
    let required = &settings.registration.required_fields;
    let shown = [
        (RegistrationField::Email, true),
        (RegistrationField::FirstName, true),
        (RegistrationField::LastName, true),
        (RegistrationField::Username, required.contains(&RegistrationField::Username)),
        (RegistrationField::Phone, required.contains(&RegistrationField::Phone)),
    ];
    for (field, shown) in shown {
        if shown {
            let is_required = field == RegistrationField::Email || required.contains(&field);
            let mut node = profile_field(field, flow);
            node.attributes.required = is_required;
            // An invitation is for one address.
            node.attributes.readonly = field == RegistrationField::Email && flow.data.invitation.is_some();
            nodes.push(node);
        }
    }
}

fn profile_field(field: RegistrationField, flow: &Flow) -> Node {
    let (input_type, autocomplete, max, label) = match field {
        RegistrationField::Email => (InputType::Email, "email", 254, MessageId::LabelEmail),
        RegistrationField::Phone => (InputType::Tel, "tel", 32, MessageId::LabelPhone),
        RegistrationField::Username => (InputType::Text, "username", 64, MessageId::LabelUsername),
        RegistrationField::FirstName => (InputType::Text, "given-name", 100, MessageId::LabelFirstName),
        RegistrationField::LastName => (InputType::Text, "family-name", 100, MessageId::LabelLastName),
    };
    let name = format!("traits.{field}");
    let value = flow.data.values.get(&name).cloned().unwrap_or_default();
    Node::input(Group::Profile, input_type, &name)
        .with_value(value)
        .autocomplete(autocomplete)
        .length(None, max)
        .with_label(label)
}

fn consents(settings: &TenantSettings, nodes: &mut Vec<Node>) {
    for consent in &settings.registration.consents {
        let name = format!("consents.{}", consent.key);
        let mut node = Node::input(Group::Profile, InputType::Checkbox, &name).with_value("true");
        node.attributes.required = consent.required;
        node.attributes.href.clone_from(&consent.url);
        node.label = Some(avnology_model::flows::Label { id: String::new(), text: consent.label.clone() });
        nodes.push(node);
    }
}

fn mailed(flow: &Flow, texts: bool, nodes: &mut Vec<Node>) {
    let other = |channel: Channel, label| Node::button(Group::Code, "channel", channel.as_str(), label);
    match flow.state {
        FlowState::ShowForm if texts && flow.data.channel == Channel::Sms => {
            nodes.push(factor_nodes::phone_field(Group::Code, flow));
            nodes.push(Node::submit(Group::Code, "code", MessageId::LabelContinue));
            nodes.push(other(Channel::Email, MessageId::LabelUseEmail));
        }
        FlowState::ShowForm => {
            let field = Node::input(Group::Code, InputType::Email, "email")
                .with_value(flow.data.values.get("email").cloned().unwrap_or_default())
                .required()
                .autocomplete("email")
                .length(None, 254)
                .with_label(MessageId::LabelEmail);
            nodes.push(field);
            nodes.push(Node::submit(Group::Code, "code", MessageId::LabelContinue));
            if texts {
                nodes.push(other(Channel::Sms, MessageId::LabelUsePhone));
            }
        }
        FlowState::SentEmail | FlowState::SentSms => {
            code_entry(nodes);
            resend(flow, nodes);
        }
        _ => {}
    }
}

fn settings_nodes(
    app: &Tenant,
    flow: &Flow,
    settings: &TenantSettings,
    schema: Option<&TraitsSchema>,
    identity: Option<&Identity>,
    nodes: &mut Vec<Node>,
) {
    let section = flow.data.section.as_str();
    if matches!(section, "" | "profile") {
        if let Some(identity) = identity {
            own_profile(flow, settings, identity, app.sends_texts(), nodes);
            if let Some(schema) = schema {
                trait_nodes::for_settings(schema, flow, &identity.traits, nodes);
            }
        }
        nodes.push(Node::submit(Group::Profile, "profile", MessageId::LabelSave));
    }
    if matches!(section, "" | "password") {
        let recovering = flow.data.recovered_address.is_some();
        let asks_current = identity.is_some_and(|i| i.has_password) && !recovering;
        if asks_current {
            let field = Node::input(Group::Password, InputType::Password, "current_password")
                .autocomplete("current-password")
                .length(None, settings.password_policy.max_length)
                .with_label(MessageId::LabelCurrentPassword);
            nodes.push(field);
        }
        new_password(settings, nodes);
        if !recovering {
            let field = Node::input(Group::Password, InputType::Checkbox, "keep_other_sessions")
                .with_value("true")
                .with_label(MessageId::LabelKeepOtherSessions);
            nodes.push(field);
        }
        nodes.push(Node::submit(Group::Password, "password", MessageId::LabelChangePassword));
    }
}

/// A passkey as first factor, beside the other ways. In a strict tenant it is not known whose without an organization.
fn passkey_of_login(app: &Tenant, flow: &Flow, settings: &TenantSettings, nodes: &mut Vec<Node>) {
    let is_homeless = app.is_strict() && flow.data.realm.is_none() && !flow.data.is_personal;
    let is_offered = place::methods(settings, flow).contains(&LoginMethod::Passkey) && !is_homeless;
    if !is_offered || flow.state != FlowState::ChooseMethod {
        return;
    }
    if let Some(node) = factor_nodes::use_passkey(app, flow, false) {
        for field in nodes.iter_mut().filter(|n| n.name() == "identifier" && !n.attributes.readonly) {
            // Where the browser offers its passkeys as the field is filled in.
            field.attributes.autocomplete = Some("username webauthn".to_owned());
        }
        nodes.push(node);
    }
}

fn factor_sections(app: &Tenant, flow: &Flow, identity: &Identity, nodes: &mut Vec<Node>) {
    let section = flow.data.section.as_str();
    let recovering = flow.data.recovered_address.is_some();
    if matches!(section, "" | "passkey") || recovering {
        factor_nodes::passkeys_in_settings(app, flow, identity, nodes);
    }
    if matches!(section, "" | "totp") {
        factor_nodes::totp_in_settings(app, flow, identity, nodes);
    }
    if matches!(section, "" | "sms") {
        factor_nodes::sms_in_settings(app, flow, identity, nodes);
    }
    if matches!(section, "" | "recovery_code") {
        factor_nodes::codes_in_settings(app, flow, identity, nodes);
    }
}

fn own_profile(
    flow: &Flow,
    settings: &TenantSettings,
    identity: &Identity,
    texts: bool,
    nodes: &mut Vec<Node>,
) {
    let i = identity;
    let required = &settings.registration.required_fields;
    let fields = [
        ("first_name", InputType::Text, "given-name", 100, MessageId::LabelFirstName, &i.first_name),
        ("last_name", InputType::Text, "family-name", 100, MessageId::LabelLastName, &i.last_name),
        ("display_name", InputType::Text, "name", 200, MessageId::LabelDisplayName, &i.display_name),
        ("email", InputType::Email, "email", 254, MessageId::LabelEmail, &i.email),
        ("phone", InputType::Tel, "tel", 32, MessageId::LabelPhone, &i.phone),
        ("username", InputType::Text, "username", 64, MessageId::LabelUsername, &i.username),
        ("locale", InputType::Text, "language", 35, MessageId::LabelLocale, &i.locale),
        ("timezone", InputType::Text, "off", 64, MessageId::LabelTimezone, &i.timezone),
    ];
    for (name, input_type, autocomplete, max, label, value) in fields {
        // Without texts no number can be proven.
        if name == "phone" && !texts {
            continue;
        }
        // An account that has an address keeps one.
        let is_required = name == "email" && i.email.is_some() || required.iter().any(|f| f.as_str() == name);
        let name = format!("traits.{name}");
        let value = flow.data.values.get(&name).cloned().or_else(|| value.clone()).unwrap_or_default();
        let mut node = Node::input(Group::Profile, input_type, &name)
            .with_value(value)
            .autocomplete(autocomplete)
            .length(None, max)
            .with_label(label);
        node.attributes.required = is_required;
        nodes.push(node);
    }
}
