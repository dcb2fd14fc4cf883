//! Forms, their fields and their buttons.

use askama::Template;
use avnology_model::flows::{InputType, Message, SelectOption};

use super::Link;
use crate::when::When;

/// How a button looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// The one thing to do on this page.
    Primary,
    /// The main form's button where the next step happens elsewhere, such as in the mailbox.
    Calm,
    /// Another way.
    Secondary,
    /// Small, in a row of a list.
    Small,
    /// Ends or removes something.
    Danger,
    /// In words only.
    Text,
}

impl Style {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Calm => "primary calm",
            Self::Secondary => "secondary",
            Self::Small => "secondary small",
            Self::Danger => "secondary danger",
            Self::Text => "text",
        }
    }
}

/// A button that submits its form.
#[derive(Clone, Debug)]
pub(crate) struct Button {
    /// What is sent with it.
    pub(crate) sends: Option<(String, String)>,
    pub(crate) label: String,
    /// What it acts on, for screen readers, where the place on the page says it to others.
    pub(crate) about: String,
    pub(crate) style: Style,
    /// Whether fields may stay empty.
    pub(crate) skips_checks: bool,
    /// Whether it is of use only where the browser has passkeys, which its script knows.
    pub(crate) needs_passkeys: bool,
}

impl Button {
    pub(crate) fn new(label: impl Into<String>, style: Style) -> Self {
        Self {
            sends: None,
            label: label.into(),
            about: String::new(),
            style,
            skips_checks: false,
            needs_passkeys: false,
        }
    }
}

/// A value sent along unseen.
#[derive(Clone, Debug)]
pub(crate) struct Hidden {
    /// Whether the element carries its name as id; ids are unique on a page.
    pub(crate) has_id: bool,
    pub(crate) name: String,
    pub(crate) value: String,
}

impl Hidden {
    pub(crate) fn new(name: &str, value: &str) -> Self {
        Self { has_id: false, name: name.to_owned(), value: value.to_owned() }
    }
}

/// What a field takes.
#[derive(Clone, Debug)]
pub(crate) enum FieldKind {
    Line(InputType),
    /// Sends the field's value when ticked; `href` leads to what it is about, such as the terms.
    Checkbox {
        href: Option<String>,
        checked: bool,
    },
    Select(Vec<SelectOption>),
    /// A day of the calendar.
    Day,
    /// Several lines, this many of them shown.
    Lines(u32),
}

/// Something to fill in.
#[derive(Clone, Debug, Template)]
#[template(path = "parts/field.html")]
#[expect(clippy::struct_excessive_bools, reason = "they are HTML's boolean attributes")]
pub(crate) struct Field {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: FieldKind,
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) required: bool,
    pub(crate) disabled: bool,
    pub(crate) readonly: bool,
    /// Whether to say that it may stay empty.
    pub(crate) says_optional: bool,
    pub(crate) autofocus: bool,
    pub(crate) autocomplete: Option<String>,
    pub(crate) inputmode: Option<String>,
    pub(crate) pattern: Option<String>,
    pub(crate) minlength: Option<u32>,
    pub(crate) maxlength: Option<u32>,
    pub(crate) hint: String,
    /// What a line may be filled with; anything else can be written too.
    pub(crate) suggestions: Vec<String>,
    pub(crate) errors: Vec<Message>,
}

impl Field {
    fn is_code(&self) -> bool {
        self.autocomplete.as_deref() == Some("one-time-code")
    }

    fn is_checkbox(&self) -> bool {
        matches!(self.kind, FieldKind::Checkbox { .. })
    }

    fn is_password(&self) -> bool {
        matches!(self.kind, FieldKind::Line(InputType::Password))
    }

    /// Names keep their capitals.
    fn is_name(&self) -> bool {
        self.autocomplete.as_deref().is_some_and(|token| token.ends_with("name") && token != "username")
    }

    /// A field that only shows a value looks like one.
    fn is_shown_only(&self) -> bool {
        self.readonly && matches!(self.kind, FieldKind::Line(_))
    }

    fn described_by(&self) -> String {
        let error = (!self.errors.is_empty()).then(|| format!("{}-error", self.id));
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.id));
        [error, hint].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// Fields that belong together, under a heading.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fieldset {
    pub(crate) legend: String,
    /// A sentence below the heading; none when empty.
    pub(crate) hint: String,
    pub(crate) fields: Vec<Field>,
}

/// A provider's widget that shows that a person is there.
#[derive(Clone, Debug)]
pub(crate) struct Captcha {
    pub(crate) provider: &'static str,
    pub(crate) site_key: String,
    pub(crate) script: String,
    pub(crate) action: String,
}

/// A form with everything it sends.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "parts/form.html")]
pub(crate) struct Form {
    pub(crate) id: Option<&'static str>,
    pub(crate) action: String,
    pub(crate) hidden: Vec<Hidden>,
    /// Whose password is set here, for password managers.
    pub(crate) username: String,
    pub(crate) fields: Vec<Field>,
    /// More fields, in groups.
    pub(crate) fieldsets: Vec<Fieldset>,
    /// What has to be solved before it is sent.
    pub(crate) captcha: Option<Captcha>,
    /// A way out for those who cannot fill in the last field.
    pub(crate) aside: Option<Link>,
    pub(crate) buttons: Vec<Button>,
    /// When its button starts to work.
    pub(crate) works_from: Option<When>,
}

impl Form {
    /// A form with one button and nothing to fill in.
    pub(crate) fn button(action: &str, csrf_token: &str, button: Button) -> Self {
        Self {
            action: action.to_owned(),
            hidden: vec![Hidden::new("csrf_token", csrf_token)],
            buttons: vec![button],
            ..Self::default()
        }
    }

    /// The same with a hidden value.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let has_id = self.id.is_some_and(|id| id != name);
        self.hidden.push(Hidden { has_id, ..Hidden::new(name, value) });
        self
    }

    /// The same as the main form of its page, with this id: its inputs carry their names as ids.
    pub(crate) fn main(mut self, id: &'static str) -> Self {
        self.id = Some(id);
        // The id `flow` is the form's own.
        self.hidden.iter_mut().for_each(|hidden| hidden.has_id = hidden.name != id);
        self
    }
}
