//! Notices and the summary of errors.

use askama::Template;
use avnology_model::flows::Message;

use super::Icon;
use crate::words;

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// For information.
    Info,
    /// Something was done.
    Success,
    /// Something needs attention.
    Warning,
}

/// A sentence or two above the content, read out by screen readers when it appears.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/notice.html")]
pub struct Notice {
    /// What it is about.
    pub kind: NoticeKind,
    /// Whole sentences.
    pub text: String,
}

impl Notice {
    /// Something was done.
    pub fn success(text: impl Into<String>) -> Self {
        Self { kind: NoticeKind::Success, text: text.into() }
    }

    /// For information.
    pub fn info(text: impl Into<String>) -> Self {
        Self { kind: NoticeKind::Info, text: text.into() }
    }

    fn class(&self) -> &'static str {
        match self.kind {
            NoticeKind::Info => "info",
            NoticeKind::Success => "success",
            NoticeKind::Warning => "warning",
        }
    }

    fn icon(&self) -> Icon {
        match self.kind {
            NoticeKind::Info => Icon::Info,
            NoticeKind::Success => Icon::Check,
            NoticeKind::Warning => Icon::Alert,
        }
    }
}

/// One line of the summary; `href` leads to the field.
#[derive(Clone, Debug)]
pub(crate) struct ErrorLine {
    pub(crate) text: String,
    pub(crate) code: String,
    pub(crate) href: Option<String>,
    /// Seconds until trying again makes sense; the script counts them down.
    pub(crate) wait: Option<i64>,
}

/// What was refused, at the top of the page and focused.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "parts/errors.html")]
pub(crate) struct ErrorSummary {
    pub(crate) lines: Vec<ErrorLine>,
}

impl ErrorSummary {
    /// Adds a message about the whole form.
    pub(crate) fn add(&mut self, message: &Message) {
        let wait = if let Some(value) = message.context.get("seconds") { value.as_i64() } else { None };
        self.lines.push(ErrorLine {
            text: words::sentences(message),
            code: message.id.clone(),
            href: None,
            wait,
        });
    }

    /// Adds a message about the field with this id and label.
    pub(crate) fn add_field(&mut self, id: &str, label: &str, message: &Message) {
        // "This field is required" needs the name of the field; "This password is too weak" says it.
        let is_general = matches!(message.id.as_str(), "4000001" | "4000002" | "4000007");
        let text = if is_general {
            format!("{label}: {}", lower_first(&message.text))
        } else {
            message.text.clone()
        };
        self.lines.push(ErrorLine { text, code: String::new(), href: Some(format!("#{id}")), wait: None });
    }

    /// The same, or nothing when there are no errors.
    pub(crate) fn some(self) -> Option<Self> {
        (!self.lines.is_empty()).then_some(self)
    }

    fn is_one_sentence(&self) -> bool {
        matches!(self.lines.as_slice(), [line] if line.href.is_none())
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
