//! From the nodes of a flow to forms.
//!
//! The main form holds the nodes of the leading group with what every submit needs, and comes first. Every other button
//! becomes a form of its own after it (`contract/95` §7), unless it needs what is being filled in in the main one.

use avnology_model::flows::{FlowKind, FlowState, FlowView, Group, InputType, MessageKind, Node, NodeKind};

use crate::{
    Link, Notice, NoticeKind,
    parts::{Button, Captcha, ErrorSummary, Field, FieldKind, Form, Hidden, Style},
    words,
};

/// The flow as a page shows it.
#[derive(Debug, Default)]
pub(crate) struct Forms {
    pub(crate) main: Option<Form>,
    pub(crate) others: Vec<Form>,
    pub(crate) links: Vec<Link>,
    pub(crate) errors: Option<ErrorSummary>,
    pub(crate) notices: Vec<Notice>,
    /// Pictures to scan.
    pub(crate) pictures: Vec<Picture>,
    /// Texts to keep.
    pub(crate) secrets: Vec<Secret>,
    /// A ceremony of the browser's own dialogue.
    pub(crate) passkey: Option<PasskeyForm>,
    /// The group that the main form is about.
    pub(crate) leading: Option<Group>,
}

/// A picture to scan.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) id: String,
    pub(crate) src: String,
    pub(crate) alt: String,
    pub(crate) side: u32,
}

/// A form that the browser's own dialogue fills in; the script of the page shows it.
#[derive(Clone, Debug)]
pub(crate) struct PasskeyForm {
    pub(crate) action: String,
    pub(crate) hidden: Vec<Hidden>,
    /// `get` or `create`.
    pub(crate) kind: String,
    /// `conditional` where browsers may offer it in the field for the identifier.
    pub(crate) mediation: String,
    /// The options, as JSON.
    pub(crate) options: String,
    pub(crate) label: String,
    /// Whether it is all that the page is about.
    pub(crate) alone: bool,
    /// Whether the passkey is given a name.
    pub(crate) named: bool,
}

/// A text to copy and keep.
#[derive(Debug)]
pub(crate) struct Secret {
    pub(crate) id: String,
    pub(crate) text: String,
    /// The same as a file, where that helps; a data URL.
    pub(crate) file: Option<String>,
}

/// Groups that can lead, in this order.
const LEADERS: [Group; 8] = [
    Group::Password,
    Group::Totp,
    Group::Sms,
    Group::RecoveryCode,
    Group::Code,
    Group::Link,
    Group::Identifier,
    Group::Profile,
];

/// All forms of a flow.
pub(crate) fn of_flow(flow: &FlowView) -> Forms {
    Builder { flow, nodes: flow.ui.nodes.iter().collect() }.build()
}

/// The form of one section of a settings flow.
pub(crate) fn of_section(flow: &FlowView, group: Group) -> Forms {
    let nodes = flow.ui.nodes.iter().filter(|n| n.group == group || n.group == Group::Default).collect();
    Builder { flow, nodes }.build()
}

struct Builder<'a> {
    flow: &'a FlowView,
    nodes: Vec<&'a Node>,
}

impl<'a> Builder<'a> {
    fn build(&self) -> Forms {
        let submits: Vec<&Node> = self.nodes.iter().copied().filter(|n| is(n, InputType::Submit)).collect();
        let leading = self.leading();
        let primary =
            leading.and_then(|group| main_submit(&submits, group)).or_else(|| submits.first().copied());
        let Some(primary) = primary else {
            return Forms {
                links: self.links(),
                pictures: self.pictures(),
                secrets: self.secrets(),
                passkey: self.passkey(true),
                errors: self.errors(),
                notices: self.notices(),
                ..Forms::default()
            };
        };
        let group = leading.unwrap_or(primary.group);
        let mut main = self.main_form(group, primary, leading.is_some());
        let mut others = Vec::new();
        for submit in submits.into_iter().filter(|submit| !std::ptr::eq(*submit, primary)) {
            if self.needs_main_fields(submit, group) {
                let needs_passkeys = submit.group == Group::Passkey;
                main.buttons.push(Button {
                    skips_checks: true,
                    needs_passkeys,
                    ..button(submit, Style::Secondary)
                });
            } else {
                others.push(self.other_form(submit));
            }
        }
        Forms {
            main: Some(main),
            others,
            links: self.links(),
            pictures: self.pictures(),
            secrets: self.secrets(),
            passkey: self.passkey(false),
            errors: self.errors(),
            notices: self.notices(),
            leading,
        }
    }

    /// The group with something to fill in that the page is about: the method in progress, else the first that can.
    fn leading(&self) -> Option<Group> {
        let state = self.flow.state;
        let asks_for_factor = state == FlowState::SecondFactor;
        let waits_for_code = state.is_sent() || state == FlowState::VerifyAddress || asks_for_factor;
        let fills = |group: Group| self.nodes.iter().any(|n| n.group == group && fillable(n));
        // A phone that can be sent a code comes before backup codes, with nothing to fill in yet.
        let may_send = self.nodes.iter().any(|n| n.group == Group::Code && n.name() == "channel");
        if asks_for_factor && may_send && !fills(Group::Totp) {
            return None;
        }
        let first = waits_for_code.then_some(Group::Code);
        first
            .into_iter()
            .chain(LEADERS)
            .find(|group| self.nodes.iter().any(|n| n.group == *group && fillable(n)))
    }

    /// Whether nodes of this group go with every method of the flow, and not only with their own.
    fn is_shared(&self, group: Group) -> bool {
        matches!(group, Group::Default | Group::Captcha)
            || (self.flow.kind != FlowKind::Settings && matches!(group, Group::Identifier | Group::Profile))
    }

    fn needs_main_fields(&self, submit: &Node, leading: Group) -> bool {
        // What takes the place of a CAPTCHA needs the address that the main form asks for.
        if submit.group == Group::Captcha {
            let asks = |n: &&Node| matches!(n.name(), "email" | "traits.email") && fillable(n);
            return self.nodes.iter().any(asks);
        }
        let shared_to_fill = |n: &&Node| n.group != Group::Default && self.is_shared(n.group) && fillable(n);
        submit.group != Group::Identifier
            && !self.has_fields_of_its_own(submit.group, leading)
            && self.nodes.iter().any(shared_to_fill)
    }

    fn has_fields_of_its_own(&self, group: Group, leading: Group) -> bool {
        group != leading
            && !self.is_shared(group)
            && self.nodes.iter().any(|n| n.group == group && fillable(n))
    }

    fn main_form(&self, group: Group, primary: &Node, has_fields: bool) -> Form {
        let belongs = |n: &&&Node| n.group == group || self.is_shared(n.group);
        let inputs: Vec<&Node> = self.nodes.iter().filter(belongs).copied().filter(|n| is_field(n)).collect();
        let mut form = self.form(&inputs, primary, true);
        // "Send a new link" is all there is to press while the reader should look for the first one.
        let sends_again = !has_fields && !matches!(primary.name(), "method" | "confirm" | "channel");
        form.buttons = vec![button(primary, if sends_again { Style::Calm } else { Style::Primary })];
        if let (Some(button), Some(label)) = (form.buttons.first_mut(), &primary.label)
            && has_fields
        {
            button.label = words::main_button(self.flow.kind, label);
        }
        let sets_password = form.fields.iter().any(|f| f.autocomplete.as_deref() == Some("new-password"));
        let names_account =
            form.fields.iter().any(|f| f.autocomplete.as_deref().is_some_and(|a| a.contains("username")));
        if sets_password && !names_account {
            form.username = self.flow.identifier.clone().unwrap_or_default();
        }
        form.captcha = self.captcha();
        self.focus(&mut form);
        form.main("flow")
    }

    fn other_form(&self, submit: &Node) -> Form {
        let belongs = |n: &&&Node| {
            n.group == Group::Default
                || is_captcha(n) && submit.group != Group::Identifier
                || n.group == submit.group && submit.group != Group::Identifier
                || n.group == Group::Identifier
                    && submit.group != Group::Identifier
                    && self.is_shared(n.group)
        };
        let mut inputs: Vec<&Node> =
            self.nodes.iter().filter(belongs).copied().filter(|n| is_field(n)).collect();
        // A button beside fields of its group that is not their submit, such as "Send a new code", does without them.
        let own = main_submit(&self.submits(), submit.group).is_some_and(|first| std::ptr::eq(first, submit));
        inputs.retain(|n| own || !fillable(n));
        let switches =
            submit.name() == "channel" && matches!(self.flow.kind, FlowKind::Login | FlowKind::Settings);
        let quiet = submit.name() != "method" && !switches || submit.group == Group::Identifier;
        let mut form = self.form(&inputs, submit, false);
        form.buttons = vec![button(submit, if quiet { Style::Text } else { Style::Secondary })];
        form
    }

    fn submits(&self) -> Vec<&'a Node> {
        self.nodes.iter().copied().filter(|n| is(n, InputType::Submit)).collect()
    }

    /// The inputs as hidden values and fields. In the main form ids are the names; elsewhere they begin with the group,
    /// and values that only are shown go along unseen.
    fn form(&self, inputs: &[&Node], submit: &Node, is_main: bool) -> Form {
        // Where the page says to whom something was sent, the address is not shown again.
        let shows_values = !self.flow.state.is_sent();
        let mut form = Form { action: self.flow.ui.action.clone(), ..Form::default() };
        for node in inputs {
            let value = node.attributes.value.as_deref().unwrap_or_default();
            if is(node, InputType::Hidden) || !(fillable(node) || is_main && shows_values) {
                form.hidden.push(Hidden::new(node.name(), value));
            } else {
                let id = if is_main {
                    node.name().to_owned()
                } else {
                    format!("{}-{}", group_name(submit.group), node.name())
                };
                form.fields.push(self.field(node, id));
            }
        }
        let names_method = submit.name() == "method" || form.hidden.iter().any(|h| h.name == "method");
        if !names_method && submit.group != Group::Default {
            form.hidden.push(Hidden::new("method", group_name(submit.group)));
        }
        form
    }

    fn field(&self, node: &Node, id: String) -> Field {
        let a = &node.attributes;
        let value = a.value.clone().unwrap_or_default();
        let kind = match a.input_type.unwrap_or_default() {
            InputType::Checkbox => FieldKind::Checkbox { href: a.href.clone(), checked: false },
            InputType::Select => FieldKind::Select(a.options.clone()),
            other => FieldKind::Line(other),
        };
        let is_new_password = a.autocomplete.as_deref() == Some("new-password");
        let hint = match a.minlength {
            Some(n) if is_new_password => {
                format!("At least {n} characters. A few unrelated words make a good one.")
            }
            _ => example(node.name()).to_owned(),
        };
        // A backup code stands for another field, in a form of its own.
        let is_choice = node.group == Group::RecoveryCode;
        let says_optional = self.flow.kind != FlowKind::Settings && !a.required && !a.readonly && !is_choice;
        Field {
            id,
            name: node.name().to_owned(),
            kind,
            label: label(node),
            value,
            required: a.required,
            disabled: a.disabled,
            readonly: a.readonly,
            says_optional,
            autofocus: false,
            autocomplete: a.autocomplete.clone(),
            // Keyboards for addresses have the "@" that an identifier mostly needs.
            inputmode: a.inputmode.clone().or_else(|| {
                (a.autocomplete.as_deref() == Some("username") && self.flow.kind == FlowKind::Login)
                    .then(|| "email".to_owned())
            }),
            pattern: a.pattern.clone(),
            minlength: a.minlength,
            maxlength: a.maxlength,
            hint,
            suggestions: Vec::new(),
            errors: node.messages.clone(),
        }
    }

    /// A page with one thing to type puts the caret there; with errors, the summary has the focus.
    fn focus(&self, form: &mut Form) {
        let mut lines: Vec<&mut Field> =
            form.fields.iter_mut().filter(|f| !f.readonly && !f.disabled && !is_box(f)).collect();
        if self.flow.kind != FlowKind::Settings
            && self.errors().is_none()
            && let [only] = lines.as_mut_slice()
        {
            only.autofocus = true;
        }
    }

    fn passkey(&self, alone: bool) -> Option<PasskeyForm> {
        let node = self.nodes.iter().find(|n| n.attributes.webauthn.is_some())?;
        let ceremony = node.attributes.webauthn.clone()?;
        let shared = self.nodes.iter().filter(|n| n.group == Group::Default && is(n, InputType::Hidden));
        let mut hidden: Vec<Hidden> = shared
            .map(|n| Hidden::new(n.name(), n.attributes.value.as_deref().unwrap_or_default()))
            .collect();
        hidden.push(Hidden::new("method", "passkey"));
        Some(PasskeyForm {
            action: self.flow.ui.action.clone(),
            hidden,
            kind: ceremony.kind,
            mediation: ceremony.mediation,
            options: ceremony.options.to_string(),
            label: label(node),
            alone,
            named: self.nodes.iter().any(|n| n.group == Group::Passkey && n.name() == "name"),
        })
    }

    /// The widget, with the script that shows it.
    fn captcha(&self) -> Option<Captcha> {
        let token = self.nodes.iter().find_map(|n| n.attributes.captcha.clone())?;
        let script = self.nodes.iter().find(|n| n.kind == NodeKind::Script && n.group == Group::Captcha)?;
        Some(Captcha {
            provider: token.provider.as_str(),
            site_key: token.site_key,
            script: script.attributes.src.clone()?,
            action: token.action,
        })
    }

    fn pictures(&self) -> Vec<Picture> {
        let pictures = self.nodes.iter().filter(|n| n.kind == NodeKind::Image);
        let picture = |n: &&Node| {
            let a = n.attributes.clone();
            Some(Picture { id: a.id?, src: a.src?, alt: a.alt.unwrap_or_default(), side: a.width? })
        };
        pictures.filter_map(picture).collect()
    }

    fn secrets(&self) -> Vec<Secret> {
        let secret = |n: &&Node| {
            let a = n.attributes.clone();
            let (id, text) = (a.id?, a.text?);
            let file = (n.group == Group::RecoveryCode)
                .then(|| format!("data:text/plain;charset=utf-8,{}", text.replace('\n', "%0A")));
            Some(Secret { id, text, file })
        };
        self.nodes.iter().filter(|n| is_secret(n)).filter_map(secret).collect()
    }

    fn links(&self) -> Vec<Link> {
        let links = self.nodes.iter().filter(|n| n.kind == NodeKind::Link);
        links
            .map(|n| {
                let href = n.attributes.href.clone().unwrap_or_default();
                Link::new(n.attributes.title.clone().unwrap_or_else(|| href.clone()), href)
            })
            .collect()
    }

    fn errors(&self) -> Option<ErrorSummary> {
        let mut summary = ErrorSummary::default();
        self.flow.ui.messages.iter().filter(|m| m.kind == MessageKind::Error).for_each(|m| summary.add(m));
        for node in &self.nodes {
            for message in node.messages.iter().filter(|m| m.kind == MessageKind::Error) {
                if fillable(node) {
                    summary.add_field(node.name(), &label(node), message);
                } else {
                    summary.add(message);
                }
            }
        }
        summary.some()
    }

    fn notices(&self) -> Vec<Notice> {
        let texts = self.nodes.iter().filter(|n| n.kind == NodeKind::Text && !is_secret(n));
        let texts = texts.filter_map(|n| n.attributes.text.clone());
        let messages = self.flow.ui.messages.iter().filter(|m| m.kind != MessageKind::Error);
        messages
            .filter(|m| !words::said_by_page(&m.id))
            .map(|m| {
                let kind =
                    if m.kind == MessageKind::Success { NoticeKind::Success } else { NoticeKind::Info };
                Notice { kind, text: words::sentences(m) }
            })
            .chain(texts.map(Notice::info))
            .collect()
    }
}

/// Whether it is ticked, and not filled in.
fn is_box(field: &Field) -> bool {
    matches!(field.kind, FieldKind::Checkbox { .. })
}

fn is(node: &Node, input_type: InputType) -> bool {
    node.kind == NodeKind::Input && node.attributes.input_type.unwrap_or_default() == input_type
}

/// Whether it is an input that is no button.
fn is_field(node: &Node) -> bool {
    // What the browser's own dialogue fills in has a form of its own.
    node.kind == NodeKind::Input && !is(node, InputType::Submit) && node.attributes.webauthn.is_none()
}

/// Whether it takes what a CAPTCHA answers.
fn is_captcha(node: &Node) -> bool {
    node.attributes.captcha.is_some()
}

fn is_secret(node: &Node) -> bool {
    node.kind == NodeKind::Text && node.attributes.secret
}

/// Whether a person can enter something here.
fn fillable(node: &Node) -> bool {
    let unseen = is(node, InputType::Hidden) || is(node, InputType::Submit);
    node.kind == NodeKind::Input && !unseen && !node.attributes.readonly && !node.attributes.disabled
}

/// How a value is written that people do not write every day.
fn example(name: &str) -> &'static str {
    match name {
        "traits.locale" => "As in en-GB.",
        "traits.timezone" => "As in Europe/London.",
        "phone" | "traits.phone" => "With the country code, as in +44 20 7946 0000.",
        _ => "",
    }
}

/// The button that submits the fields of a group: the one that chooses its method.
fn main_submit<'a>(submits: &[&'a Node], group: Group) -> Option<&'a Node> {
    let of_group = || submits.iter().copied().filter(|n| n.group == group);
    of_group().find(|n| n.name() == "method").or_else(|| of_group().next())
}

fn button(node: &Node, style: Style) -> Button {
    let value = node.attributes.value.clone().unwrap_or_default();
    Button { sends: Some((node.name().to_owned(), value)), ..Button::new(label(node), style) }
}

fn label(node: &Node) -> String {
    node.label.as_ref().map_or_else(|| node.name().to_owned(), |label| label.text.clone())
}

/// The method that a group's nodes belong to.
const fn group_name(group: Group) -> &'static str {
    match group {
        Group::Default => "",
        Group::Identifier => "identifier",
        Group::Password => "password",
        Group::Passkey => "passkey",
        Group::Totp => "totp",
        Group::Sms => "sms",
        Group::RecoveryCode => "recovery_code",
        Group::Code => "code",
        Group::Link => "link",
        Group::Profile => "profile",
        Group::Captcha => "captcha",
    }
}
