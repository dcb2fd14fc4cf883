//! `/organizations/{id}/domains`: the domains of an organization, and adding one.

use askama::Template;
use avnology_model::{Timestamp, organizations::DomainStatus};

use super::{
    Frame, Tab,
    fields::{form, line},
    frame::At,
    words::domain_status,
};
use crate::{
    parts::{Button, Field, Form, Style},
    when::When,
};

/// A domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainRow {
    /// Its name.
    pub domain: String,
    /// Whether it is proven.
    pub status: DomainStatus,
    /// Last look for its record.
    pub last_checked_at: Option<Timestamp>,
    /// Whether people with an address there may join by themselves.
    pub auto_join: bool,
    /// Whether an address there leads to the organization's sign-in.
    pub sign_in_routing: bool,
    /// Its page.
    pub href: String,
}

/// The domains of an organization.
#[derive(Clone, Copy, Debug)]
pub struct Domains<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// All of them.
    pub rows: &'a [DomainRow],
    /// A name that was entered and refused.
    pub draft: &'a str,
}

impl Domains<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let state = if self.rows.is_empty() { "empty" } else { "list" };
        let at = At::new(Tab::Domains, "organization-domains", state, "Domains");
        let mut add =
            form(&self.frame.url("/domains"), self.frame.csrf_token).with("action", "add").main("flow");
        add.fields.push(line("domain", "Domain", self.draft).most(253).hint(
            "What stands after the @ of your addresses, as in example.com. Each domain stands for itself.",
        ));
        self.frame.mark(&mut add.fields);
        add.buttons.push(Button::new("Add domain", Style::Primary));
        let fields: Vec<&Field> = add.fields.iter().collect();
        let content = Content { rows: self.rows.iter().map(|row| self.row(row)).collect(), add: add.clone() };
        self.frame.page(&at, &fields, &content)
    }

    fn row<'b>(&self, row: &'b DomainRow) -> Row<'b> {
        let (tone, status) = domain_status(row.status);
        Row {
            domain: row,
            tone,
            status,
            checked: row.last_checked_at.map(|at| When::new(at, self.frame.cx.now)),
            is_proven: row.status == DomainStatus::Verified,
        }
    }
}

struct Row<'a> {
    domain: &'a DomainRow,
    tone: &'static str,
    status: &'static str,
    checked: Option<When>,
    is_proven: bool,
}

#[derive(Template)]
#[template(path = "organizations/domains.html")]
struct Content<'a> {
    rows: Vec<Row<'a>>,
    add: Form,
}
