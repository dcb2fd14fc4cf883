//! `/organizations/{id}/groups`: the groups of an organization.

use askama::Template;
use avnology_model::organizations::{GroupSource, GroupType};

use super::{Frame, Paging, Tab, frame::At};

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRow {
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Who decides on its members.
    pub kind: GroupType,
    /// Where it comes from.
    pub source: GroupSource,
    /// Name of the role that it gives.
    pub role: Option<String>,
    /// How many belong to it.
    pub member_count: u32,
    /// Its page.
    pub href: String,
}

/// Who decides on the members of a group, in words.
pub(super) fn filled(kind: GroupType, source: GroupSource) -> &'static str {
    match (kind, source) {
        (GroupType::Dynamic, _) => "By a rule",
        (GroupType::Static, GroupSource::Manual) => "By people",
        (GroupType::Static, GroupSource::Scim) => "By a directory",
        (GroupType::Static, GroupSource::Sso) => "By single sign-on",
    }
}

/// The groups of an organization.
#[derive(Clone, Copy, Debug)]
pub struct Groups<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// This page of them.
    pub rows: &'a [GroupRow],
    /// Other pages.
    pub paging: &'a Paging,
    /// Where a group is made, for those who may.
    pub new_url: Option<&'a str>,
    /// Whether groups are switched off here.
    pub is_off: bool,
}

impl Groups<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let state = if self.rows.is_empty() { "empty" } else { "list" };
        let at = At::new(Tab::Groups, "organization-groups", state, "Groups");
        let row = |row| Row { group: row, filled: filled(row.kind, row.source) };
        self.frame.page(&at, &[], &Content { page: self, rows: self.rows.iter().map(row).collect() })
    }
}

struct Row<'a> {
    group: &'a GroupRow,
    filled: &'static str,
}

#[derive(Template)]
#[template(path = "organizations/groups.html")]
struct Content<'a> {
    page: &'a Groups<'a>,
    rows: Vec<Row<'a>>,
}
