//! `/account/activity`.

use askama::Template;
use avnology_model::Timestamp;

use super::words::happened;
use crate::{Context, Notice, Person, layout::Section, organizations::Paging, parts::html, when::When};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityRow {
    /// The type of the event, as in `session.created`.
    pub action: String,
    /// Whether it was tried in vain.
    pub is_failure: bool,
    /// When.
    pub at: Timestamp,
    /// Who acted, unless it was the person: "An administrator", "Nobody known".
    pub by: Option<String>,
    /// Browser and system, as in "Firefox on Linux".
    pub device: Option<String>,
    /// Network address.
    pub ip: Option<String>,
}

/// What happened to an account.
#[derive(Clone, Copy, Debug)]
pub struct Activity<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Whose.
    pub person: &'a Person,
    /// This page of it, the newest first.
    pub rows: &'a [ActivityRow],
    /// Other pages.
    pub paging: &'a Paging,
}

impl Activity<'_> {
    /// The page.
    pub fn render(&self) -> String {
        html(&Document {
            cx: self.cx,
            page: "account-activity",
            state: if self.rows.is_empty() { "empty" } else { "list" },
            title: "Activity",
            person: self.person,
            section: Section::Activity,
            notice: None,
            rows: self
                .rows
                .iter()
                .map(|row| Row {
                    what: happened(&row.action, row.is_failure),
                    event: row,
                    when: When::new(row.at, self.cx.now),
                })
                .collect(),
            paging: self.paging,
        })
    }
}

struct Row<'a> {
    what: String,
    event: &'a ActivityRow,
    when: When,
}

#[derive(Template)]
#[template(path = "account/activity.html")]
struct Document<'a> {
    cx: Context<'a>,
    page: &'static str,
    state: &'static str,
    title: &'static str,
    person: &'a Person,
    section: Section,
    notice: Option<&'a Notice>,
    rows: Vec<Row<'a>>,
    paging: &'a Paging,
}
