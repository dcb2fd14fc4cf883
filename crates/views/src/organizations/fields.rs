//! Fields of the forms on these pages.

use avnology_model::flows::{InputType, SelectOption};

use super::permissions;
use crate::parts::{Field, FieldKind, Fieldset, Form, Hidden};

/// A field that must be filled in.
fn field(name: &str, label: &str, kind: FieldKind, value: &str) -> Field {
    Field {
        id: name.to_owned(),
        name: name.to_owned(),
        kind,
        label: label.to_owned(),
        value: value.to_owned(),
        required: true,
        disabled: false,
        readonly: false,
        says_optional: false,
        autofocus: false,
        autocomplete: Some("off".to_owned()),
        inputmode: None,
        pattern: None,
        minlength: None,
        maxlength: None,
        hint: String::new(),
        suggestions: Vec::new(),
        errors: Vec::new(),
    }
}

/// One line of text.
pub(crate) fn line(name: &str, label: &str, value: &str) -> Field {
    field(name, label, FieldKind::Line(InputType::Text), value)
}

/// Several lines of text.
pub(crate) fn lines(name: &str, label: &str, value: &str, rows: u32) -> Field {
    field(name, label, FieldKind::Lines(rows), value)
}

/// A day of the calendar, as in `2026-11-22`.
pub(super) fn day(name: &str, label: &str, value: &str) -> Field {
    // Browsers complain about anything else.
    let value = if value.parse::<jiff::civil::Date>().is_ok() { value } else { "" };
    Field { autocomplete: None, ..field(name, label, FieldKind::Day, value) }
}

/// A choice of one.
pub(crate) fn select(name: &str, label: &str, value: &str, options: &[(String, String)]) -> Field {
    let options =
        options.iter().map(|(value, label)| SelectOption { value: value.clone(), label: label.clone() });
    Field { autocomplete: None, ..field(name, label, FieldKind::Select(options.collect()), value) }
}

/// A box to tick; sends `true`.
pub(crate) fn check(name: &str, label: &str, checked: bool) -> Field {
    let kind = FieldKind::Checkbox { href: None, checked };
    Field { required: false, autocomplete: None, ..field(name, label, kind, "") }
}

/// A box for each of these scopes, with what ticking them means.
pub(super) fn scope_boxes(scopes: &[String], hint: &str) -> Vec<Fieldset> {
    let mut sets = permissions::boxes(|scope| scopes.iter().any(|name| name == scope.as_str()), |_| false);
    if let Some(first) = sets.first_mut() {
        hint.clone_into(&mut first.hint);
    }
    sets
}

impl Field {
    /// The same, which may stay empty.
    pub(crate) fn optional(self) -> Self {
        Self { required: false, says_optional: true, ..self }
    }

    /// The same, which may stay empty and does not say so.
    pub(crate) fn plain_optional(self) -> Self {
        Self { required: false, ..self }
    }

    /// The same with words under it.
    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: hint.into(), ..self }
    }

    /// The same with words that it may be filled with.
    pub(super) fn suggesting(self, suggestions: impl IntoIterator<Item = String>) -> Self {
        Self { suggestions: suggestions.into_iter().collect(), ..self }
    }

    /// The same with a greatest length.
    pub(crate) fn most(self, characters: u32) -> Self {
        Self { maxlength: Some(characters), ..self }
    }
}

/// A form with nothing in it yet.
pub(super) fn form(action: &str, csrf_token: &str) -> Form {
    Form { action: action.to_owned(), hidden: vec![Hidden::new("csrf_token", csrf_token)], ..Form::default() }
}

/// Pairs of texts as options.
pub(super) fn options(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(value, label)| ((*value).to_owned(), (*label).to_owned())).collect()
}
