//! What a flow shows: nodes, in the order to show them (`contract/11` §2).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{FlowKind, FlowState, Message, MessageId, Transport};
use crate::{Timestamp, ids::FlowId, platform::CaptchaProvider, sessions::Aal};

/// The kind of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    /// A form field or button.
    Input,
    /// A text to show.
    Text,
    /// A picture to show.
    Image,
    /// A script to load.
    Script,
    /// A link to follow.
    Link,
}

/// The method or purpose that a node belongs to; `default` nodes go with every submit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Goes with every submit.
    Default,
    /// Who signs in.
    Identifier,
    /// Sign-in, registration or change by password.
    Password,
    /// Passkey.
    Passkey,
    /// Authenticator application.
    Totp,
    /// Backup codes.
    RecoveryCode,
    /// One-time code.
    Code,
    /// Phone that is sent codes as second factor.
    Sms,
    /// Mailed link.
    Link,
    /// Profile fields.
    Profile,
    /// What shows that a person is there.
    Captcha,
}

/// The type of an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum InputType {
    /// One line.
    #[default]
    Text,
    /// E-mail address.
    Email,
    /// Phone number.
    Tel,
    /// Password.
    Password,
    /// Sent along, not shown.
    Hidden,
    /// Yes or no.
    Checkbox,
    /// Button.
    Submit,
    /// One of several.
    Select,
}

impl InputType {
    /// The value of HTML's `type` attribute.
    pub const fn html(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Email => "email",
            Self::Tel => "tel",
            Self::Password => "password",
            Self::Hidden => "hidden",
            Self::Checkbox => "checkbox",
            Self::Submit => "submit",
            Self::Select => "select",
        }
    }
}

/// A ceremony of WebAuthn Level 3.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Webauthn {
    /// `create` or `get`.
    pub kind: String,
    /// `conditional` where it may be offered as the field is filled in, else `optional`.
    pub mediation: String,
    /// The options, in the standard's JSON form.
    #[schema(value_type = Object)]
    pub options: serde_json::Value,
}

/// What a provider's widget is made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Captcha {
    /// Whose widget.
    pub provider: CaptchaProvider,
    /// The site key.
    pub site_key: String,
    /// What it is about, for providers that take note of that.
    pub action: String,
}

/// One choice of a `select`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SelectOption {
    /// What is sent.
    pub value: String,
    /// What is shown.
    pub label: String,
}

/// The attributes of a node; which are present depends on its kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "the fields of the contract")]
pub struct Attributes {
    /// Field name (inputs).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Input type (inputs).
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub input_type: Option<InputType>,
    /// Present value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Must be filled in.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub required: bool,
    /// Shown, not sent.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub disabled: bool,
    /// Sent as it is.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub readonly: bool,
    /// HTML autofill token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autocomplete: Option<String>,
    /// HTML input mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputmode: Option<String>,
    /// Regular expression of acceptable values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Least number of characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minlength: Option<u32>,
    /// Largest number of characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maxlength: Option<u32>,
    /// Choices of a `select`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub options: Vec<SelectOption>,
    /// Element id (texts, pictures and links).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The text (texts).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What a browser is asked for, for its own dialogue (hidden inputs).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webauthn: Option<Webauthn>,
    /// The widget that fills it in (hidden inputs).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captcha: Option<Captcha>,
    /// To be offered for copying, and kept out of logs (texts).
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub secret: bool,
    /// The same for a program to open (texts).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The picture, as a data URL (pictures), or where the script is (scripts).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub src: Option<String>,
    /// What it shows (pictures).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alt: Option<String>,
    /// Pixels (pictures).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels (pictures).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Where to (links).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// Words of the link (links).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// A label by its message id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Label {
    /// Message id.
    pub id: String,
    /// The words.
    pub text: String,
}

impl From<MessageId> for Label {
    fn from(id: MessageId) -> Self {
        Self { id: id.id().to_owned(), text: id.text().to_owned() }
    }
}

/// One thing to show or to fill in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Node {
    /// The kind.
    #[serde(rename = "type")]
    pub kind: NodeKind,
    /// The method or purpose.
    pub group: Group,
    /// The attributes.
    pub attributes: Attributes,
    /// What is to be said about this node.
    pub messages: Vec<Message>,
    /// The label.
    pub label: Option<Label>,
}

impl Node {
    /// An input of this type and name.
    pub fn input(group: Group, input_type: InputType, name: &str) -> Self {
        let attributes =
            Attributes { name: Some(name.to_owned()), input_type: Some(input_type), ..Attributes::default() };
        Self { kind: NodeKind::Input, group, attributes, messages: Vec::new(), label: None }
    }

    /// A button that chooses `method`.
    pub fn submit(group: Group, method: &str, label: MessageId) -> Self {
        Self::button(group, "method", method, label)
    }

    /// A button that sends `name=value`.
    pub fn button(group: Group, name: &str, value: &str, label: MessageId) -> Self {
        Self::input(group, InputType::Submit, name).with_value(value).with_label(label)
    }

    /// The hidden input that takes what a browser's own dialogue answers.
    pub fn passkey(kind: &str, mediation: &str, options: serde_json::Value, label: MessageId) -> Self {
        let mut node = Self::input(Group::Passkey, InputType::Hidden, "passkey_response").with_value("");
        let (kind, mediation) = (kind.to_owned(), mediation.to_owned());
        node.attributes.webauthn = Some(Webauthn { kind, mediation, options });
        node.with_label(label)
    }

    /// The hidden input that takes what a CAPTCHA's widget answers.
    pub fn captcha(captcha: Captcha) -> Self {
        let mut node =
            Self::input(Group::Captcha, InputType::Hidden, "captcha_token").with_value("").required();
        node.attributes.captcha = Some(captcha);
        node
    }

    /// A script to load, with this element id.
    pub fn script(group: Group, id: &str, src: String) -> Self {
        let attributes = Attributes { id: Some(id.to_owned()), src: Some(src), ..Attributes::default() };
        Self { kind: NodeKind::Script, group, attributes, messages: Vec::new(), label: None }
    }

    /// A text to be copied and kept, with this element id.
    pub fn secret(group: Group, id: &str, text: &str) -> Self {
        let attributes = Attributes {
            id: Some(id.to_owned()),
            text: Some(text.to_owned()),
            secret: true,
            ..Attributes::default()
        };
        Self { kind: NodeKind::Text, group, attributes, messages: Vec::new(), label: None }
    }

    /// A square picture with this element id; `src` is a data URL.
    pub fn picture(group: Group, id: &str, src: String, alt: &str, side: u32) -> Self {
        let attributes = Attributes {
            id: Some(id.to_owned()),
            src: Some(src),
            alt: Some(alt.to_owned()),
            width: Some(side),
            height: Some(side),
            ..Attributes::default()
        };
        Self { kind: NodeKind::Image, group, attributes, messages: Vec::new(), label: None }
    }

    /// A link with this element id.
    pub fn link(id: &str, href: String, title: MessageId) -> Self {
        let attributes = Attributes {
            id: Some(id.to_owned()),
            href: Some(href),
            title: Some(title.text().to_owned()),
            ..Attributes::default()
        };
        Self { kind: NodeKind::Link, group: Group::Default, attributes, messages: Vec::new(), label: None }
    }

    /// The same with a label.
    #[must_use]
    pub fn with_label(mut self, label: MessageId) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The same with a value.
    #[must_use]
    pub fn with_value(mut self, value: impl Into<String>) -> Self {
        self.attributes.value = Some(value.into());
        self
    }

    /// The same, to be filled in.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.attributes.required = true;
        self
    }

    /// The same, not to be changed.
    #[must_use]
    pub fn readonly(mut self) -> Self {
        self.attributes.readonly = true;
        self
    }

    /// The same with an autofill token.
    #[must_use]
    pub fn autocomplete(mut self, token: &str) -> Self {
        self.attributes.autocomplete = Some(token.to_owned());
        self
    }

    /// The same with limits on the number of characters.
    #[must_use]
    pub fn length(mut self, min: Option<u32>, max: u32) -> Self {
        self.attributes.minlength = min;
        self.attributes.maxlength = Some(max);
        self
    }

    /// The same for six digits.
    #[must_use]
    pub fn six_digits(mut self) -> Self {
        self.attributes.inputmode = Some("numeric".to_owned());
        self.attributes.pattern = Some("[0-9]{6}".to_owned());
        self.attributes.maxlength = Some(6);
        self
    }

    /// The field name, or nothing for texts and links.
    pub fn name(&self) -> &str {
        self.attributes.name.as_deref().unwrap_or_default()
    }
}

/// Where to submit, what to show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Ui {
    /// URL to submit to.
    pub action: String,
    /// Always `POST`.
    pub method: String,
    /// The nodes, in the order to show.
    pub nodes: Vec<Node>,
    /// Messages about the whole flow.
    pub messages: Vec<Message>,
}

/// A flow as its client sees it (`contract/11` §2.1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FlowView {
    /// Id.
    #[schema(value_type = String)]
    pub id: FlowId,
    /// Which dialogue.
    #[serde(rename = "type")]
    pub kind: FlowKind,
    /// Browser or API.
    pub transport: Transport,
    /// Where it stands.
    pub state: FlowState,
    /// Method in progress, empty before one is chosen.
    pub active: String,
    /// Begin.
    #[schema(value_type = String, format = DateTime)]
    pub issued_at: Timestamp,
    /// End.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// Where to go afterwards.
    pub return_to: Option<String>,
    /// The organization it is restricted to, empty when none.
    pub organization_id: String,
    /// The organization found by restriction or discovery.
    #[schema(value_type = Option<Object>)]
    pub organization: Option<serde_json::Value>,
    /// The client that asked for it.
    #[schema(value_type = Option<Object>)]
    pub client: Option<serde_json::Value>,
    /// The OAuth authorization it continues.
    pub login_challenge: Option<String>,
    /// Assurance asked for.
    pub requested_aal: Aal,
    /// Whether to authenticate again although a session exists.
    pub refresh: bool,
    /// What was entered as identifier.
    pub identifier: Option<String>,
    /// What to show.
    pub ui: Ui,
}
