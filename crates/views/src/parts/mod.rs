//! The parts that pages are made of: fields, buttons, forms, notices, icons. Each is a small template of its own.
//!
//! They know nothing of flows or accounts; those folders fill them.

mod form;
mod icon;
mod notice;

use askama::Template;

pub(crate) use form::{Button, Captcha, Field, FieldKind, Fieldset, Form, Hidden, Style};
pub(crate) use icon::Icon;
pub(crate) use notice::{ErrorLine, ErrorSummary};
pub use notice::{Notice, NoticeKind};

use crate::when::When;

/// A link in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The words.
    pub text: String,
    /// Where it leads.
    pub href: String,
}

impl Link {
    /// The link with these words.
    pub fn new(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self { text: text.into(), href: href.into() }
    }
}

/// A sentence with one value that stands out, such as an address.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sentence {
    pub(crate) before: String,
    pub(crate) value: String,
    pub(crate) after: String,
}

impl Sentence {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { before: text.into(), ..Self::default() }
    }

    pub(crate) fn with(before: &str, value: &str, after: &str) -> Self {
        Self { before: before.to_owned(), value: value.to_owned(), after: after.to_owned() }
    }
}

/// A term and what is known about it.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    pub(crate) term: &'static str,
    pub(crate) value: Value,
}

/// What is known.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Exact(When),
}

impl Fact {
    pub(crate) fn text(term: &'static str, text: impl Into<String>) -> Self {
        Self { term, value: Value::Text(text.into()) }
    }

    pub(crate) fn time(term: &'static str, when: When) -> Self {
        Self { term, value: Value::Exact(when) }
    }
}

/// The finished text of a template.
pub(crate) fn html(template: &impl Template) -> String {
    // Rendering fails only when writing does, and a string can always be written to.
    template.render().unwrap_or_default()
}
