//! `/organizations/{id}/members`: who belongs to it.

use askama::Template;
use avnology_model::{Timestamp, organizations::MemberState};

use super::{
    Frame, Tab,
    fields::{line, options, select},
    frame::At,
    words::member_state,
};
use crate::{
    Person,
    parts::{Field, html},
    when::When,
};

/// What a list is narrowed down to, as it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Part of a name or address.
    pub text: String,
    /// A role key; empty for all.
    pub role: String,
    /// A state; empty for all.
    pub state: String,
}

impl Search {
    /// Whether it leaves anything out.
    pub fn is_narrow(&self) -> bool {
        *self != Self::default()
    }
}

/// Where the pages before and after are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Template)]
#[template(path = "organizations/paging.html")]
pub struct Paging {
    /// The first page, unless this is it.
    pub first_url: Option<String>,
    /// The next page, unless this is the last.
    pub next_url: Option<String>,
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// The person.
    pub person: Person,
    /// The role, by name.
    pub role: String,
    /// Where the membership stands.
    pub state: MemberState,
    /// When it came into force.
    pub joined_at: Option<Timestamp>,
    /// Last use of the organization.
    pub last_active_at: Option<Timestamp>,
    /// Whether it is the person who looks.
    pub is_you: bool,
    /// Where the member is managed, for those who may.
    pub href: Option<String>,
}

/// The members of an organization.
#[derive(Clone, Copy, Debug)]
pub struct Members<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// This page of them.
    pub rows: &'a [MemberRow],
    /// What the list is narrowed down to.
    pub search: &'a Search,
    /// The roles that there are, as keys and names.
    pub roles: &'a [(String, String)],
    /// Other pages.
    pub paging: &'a Paging,
    /// Where people are invited, for those who may.
    pub invite_url: Option<&'a str>,
}

impl Members<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let state = if self.rows.is_empty() { "empty" } else { "list" };
        let at = At::new(Tab::Members, "organization-members", state, "Members");
        let all = [(String::new(), "All roles".to_owned())];
        let roles: Vec<_> = all.into_iter().chain(self.roles.iter().cloned()).collect();
        let states = options(&[
            ("", "All states"),
            ("active", "Active"),
            ("suspended", "Suspended"),
            ("pending", "Waiting"),
        ]);
        let filter = Filter {
            action: self.frame.url("/members"),
            fields: vec![
                line("q", "Name or e-mail", &self.search.text).plain_optional().most(100),
                select("role", "Role", &self.search.role, &roles).plain_optional(),
                select("state", "State", &self.search.state, &states).plain_optional(),
            ],
        };
        self.frame.page(
            &at,
            &[],
            &Content {
                page: self,
                filter: html(&filter),
                is_narrow: self.search.is_narrow(),
                all_url: self.frame.url("/members"),
                rows: self.rows.iter().map(|row| self.row(row)).collect(),
            },
        )
    }

    fn row<'b>(&self, row: &'b MemberRow) -> Row<'b> {
        let (tone, state) = member_state(row.state);
        Row {
            member: row,
            tone,
            state,
            joined: row.joined_at.map(crate::when::day),
            active: row.last_active_at.map(|at| When::new(at, self.frame.cx.now)),
        }
    }
}

/// Fields that narrow a list down; they are asked for by GET and change nothing.
#[derive(Template)]
#[template(path = "organizations/filter.html")]
pub(super) struct Filter {
    pub(super) action: String,
    pub(super) fields: Vec<Field>,
}

struct Row<'a> {
    member: &'a MemberRow,
    tone: &'static str,
    state: &'static str,
    joined: Option<String>,
    active: Option<When>,
}

#[derive(Template)]
#[template(path = "organizations/members.html")]
struct Content<'a> {
    page: &'a Members<'a>,
    filter: String,
    is_narrow: bool,
    all_url: String,
    rows: Vec<Row<'a>>,
}
