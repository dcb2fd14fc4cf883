//! `/organizations/{id}/api-keys`: the keys of an organization's service accounts.

use askama::Template;
use avnology_model::Timestamp;

use super::{
    Frame, Tab,
    fields::{form, line, lines, options, scope_boxes, select},
    frame::At,
};
use crate::{
    parts::{Button, Field, Form, Style},
    when::When,
};

/// A service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Most that its keys allow.
    pub scopes: Vec<String>,
    /// Whether its keys work.
    pub active: bool,
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Id.
    pub id: String,
    /// Name of its account.
    pub account: String,
    /// Name.
    pub name: String,
    /// What it begins with.
    pub prefix: String,
    /// What it allows; empty for all that its account may.
    pub scopes: Vec<String>,
    /// Networks that it works from; any when there are none.
    pub networks: Vec<String>,
    /// Whether it works.
    pub active: bool,
    /// Last use.
    pub last_used_at: Option<Timestamp>,
    /// Its end.
    pub expire_time: Option<Timestamp>,
}

/// A key that was just made.
#[derive(Clone, Copy, Debug)]
pub struct NewKey<'a> {
    /// Name.
    pub name: &'a str,
    /// The key itself.
    pub secret: &'a str,
    /// Until when the one that it replaces works.
    pub old_until: Option<Timestamp>,
}

/// The keys of an organization.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// Service accounts.
    pub accounts: &'a [AccountRow],
    /// Keys.
    pub rows: &'a [KeyRow],
    /// Scopes that the person may give; none for those who may not make keys.
    pub scopes: &'a [String],
    /// A name that was entered and refused.
    pub name: &'a str,
    /// Networks that were entered and refused.
    pub networks: &'a str,
    /// Where service accounts are looked after, for those who may see them.
    pub accounts_url: Option<&'a str>,
    /// A key that was just made.
    pub made: Option<NewKey<'a>>,
}

impl Keys<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let state = match (self.made.is_some(), self.rows.is_empty()) {
            (true, _) => "created",
            (false, true) => "empty",
            (false, false) => "list",
        };
        let at = At::new(Tab::Keys, "organization-api-keys", state, "API keys");
        let create = (!self.scopes.is_empty()).then(|| self.create());
        let fields: Vec<&Field> = create.iter().flat_map(|form| &form.fields).collect();
        let when = |at: Timestamp| When::new(at, self.frame.cx.now);
        self.frame.page(
            &at,
            &fields,
            &Content {
                page: self,
                old_until: self.made.and_then(|made| made.old_until).map(when),
                rows: self.rows.iter().map(|row| self.row(row)).collect(),
                create: create.clone(),
            },
        )
    }

    fn create(&self) -> Form {
        let mut create =
            form(&self.frame.url("/api-keys"), self.frame.csrf_token).with("action", "create").main("flow");
        let default = [(String::new(), "The default account".to_owned())];
        let accounts: Vec<_> = default
            .into_iter()
            // A key of one that is off would not work.
            .chain(
                self.accounts
                    .iter()
                    .filter(|account| account.active)
                    .map(|account| (account.id.clone(), account.name.clone())),
            )
            .collect();
        let ends = options(&[
            ("90", "After 90 days"),
            ("30", "After 30 days"),
            ("365", "After a year"),
            ("", "Never"),
        ]);
        create.fields = vec![
            line("name", "Name", self.name).most(100).hint("What it is for, such as \"Nightly import\"."),
            select("service_account", "Service account", "", &accounts).plain_optional(),
            select("days", "Ends", "90", &ends).plain_optional(),
        ];
        let hint = "One address or network a line, as in 203.0.113.0/24. Empty allows any.";
        create
            .fields
            .push(lines("allowed_cidrs", "Only from these networks", self.networks, 2).optional().hint(hint));
        let hint = "With none ticked it may do all that its account may.";
        create.fieldsets = scope_boxes(self.scopes, hint);
        self.frame.mark(&mut create.fields);
        create.buttons.push(Button::new("Create key", Style::Primary));
        create
    }

    fn row<'b>(&self, row: &'b KeyRow) -> Row<'b> {
        let act = |action: &str, label: &str| {
            let button = Button { about: row.name.clone(), ..Button::new(label, Style::Small) };
            Form::button(&self.frame.url("/api-keys"), self.frame.csrf_token, button)
                .with("action", action)
                .with("key", &row.id)
        };
        let may = !self.scopes.is_empty() && row.active;
        Row {
            key: row,
            scopes: if row.scopes.is_empty() {
                "All of its account".to_owned()
            } else {
                row.scopes.join(", ")
            },
            networks: row.networks.join(", "),
            used: row.last_used_at.map(|at| When::new(at, self.frame.cx.now)),
            ends: row.expire_time.map(|at| When::new(at, self.frame.cx.now)),
            acts: if may { vec![act("rotate", "Replace"), act("revoke", "End")] } else { Vec::new() },
        }
    }
}

struct Row<'a> {
    key: &'a KeyRow,
    scopes: String,
    networks: String,
    used: Option<When>,
    ends: Option<When>,
    acts: Vec<Form>,
}

#[derive(Template)]
#[template(path = "organizations/keys.html")]
struct Content<'a> {
    page: &'a Keys<'a>,
    old_until: Option<When>,
    rows: Vec<Row<'a>>,
    create: Option<Form>,
}
