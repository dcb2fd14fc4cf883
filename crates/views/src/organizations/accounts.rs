//! `/organizations/{id}/api-keys/accounts`: the service accounts that keys belong to.

use askama::Template;
use avnology_model::Timestamp;

use super::{
    Frame, Tab,
    fields::{form, line, lines, scope_boxes},
    frame::At,
};
use crate::{
    parts::{Button, Field, Form, Style, html},
    when::When,
};

/// A service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccountRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Most that its keys allow.
    pub scopes: Vec<String>,
    /// Whether its keys work.
    pub active: bool,
    /// Last use of one of them.
    pub last_used_at: Option<Timestamp>,
}

/// The service accounts of an organization.
#[derive(Clone, Copy, Debug)]
pub struct ServiceAccounts<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// The accounts.
    pub rows: &'a [ServiceAccountRow],
    /// Scopes that the person may give; none for those who may not make accounts.
    pub scopes: &'a [String],
    /// A name and a description that were entered and refused.
    pub draft: (&'a str, &'a str),
}

impl ServiceAccounts<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let state = if self.rows.is_empty() { "empty" } else { "list" };
        let at = At::new(Tab::Keys, "organization-service-accounts", state, "Service accounts");
        let create = (!self.scopes.is_empty()).then(|| self.create());
        let boxes = create.iter().flat_map(|form| &form.fieldsets).flat_map(|boxes| &boxes.fields);
        let fields: Vec<&Field> = create.iter().flat_map(|form| &form.fields).chain(boxes).collect();
        let content = Content {
            create: create.as_ref().map(html),
            rows: self.rows.iter().map(|row| self.row(row)).collect(),
            acts: !self.scopes.is_empty(),
            keys_url: self.frame.url("/api-keys"),
        };
        self.frame.page(&at, &fields, &content)
    }

    fn url(&self) -> String {
        self.frame.url("/api-keys/accounts")
    }

    fn create(&self) -> Form {
        let mut create = form(&self.url(), self.frame.csrf_token).with("action", "create").main("flow");
        let (name, description) = self.draft;
        create.fields = vec![
            line("name", "Name", name).most(256).hint("The program that it is for, such as \"Warehouse\"."),
            lines("description", "What it does", description, 2).optional().most(500),
        ];
        let mut boxes = scope_boxes(self.scopes, "The most that its keys may do. Tick one at least.");
        for set in &mut boxes {
            self.frame.mark(&mut set.fields);
        }
        create.fieldsets = boxes;
        self.frame.mark(&mut create.fields);
        create.buttons.push(Button::new("Create service account", Style::Primary));
        create
    }

    fn row<'b>(&self, row: &'b ServiceAccountRow) -> Row<'b> {
        let (action, label) = if row.active { ("disable", "Switch off") } else { ("enable", "Switch on") };
        let button = Button { about: row.name.clone(), ..Button::new(label, Style::Small) };
        Row {
            account: row,
            scopes: row.scopes.join(", "),
            used: row.last_used_at.map(|at| When::new(at, self.frame.cx.now)),
            act: Form::button(&self.url(), self.frame.csrf_token, button)
                .with("action", action)
                .with("account", &row.id),
        }
    }
}

struct Row<'a> {
    account: &'a ServiceAccountRow,
    scopes: String,
    used: Option<When>,
    act: Form,
}

#[derive(Template)]
#[template(path = "organizations/accounts.html")]
struct Content<'a> {
    create: Option<String>,
    rows: Vec<Row<'a>>,
    acts: bool,
    keys_url: String,
}
