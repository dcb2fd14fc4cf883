//! `/organizations/{id}/roles`: the roles of an organization.

use askama::Template;

use super::{Frame, Tab, frame::At};

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRow {
    /// What it is called.
    pub name: String,
    /// Key.
    pub key: String,
    /// What it is for.
    pub description: Option<String>,
    /// Name of the built-in role that it extends; none for those themselves.
    pub base: Option<String>,
    /// Active members that hold it.
    pub member_count: u32,
    /// Groups that give it.
    pub group_count: u32,
    /// Its page.
    pub href: String,
}

/// The roles of an organization.
#[derive(Clone, Copy, Debug)]
pub struct Roles<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// All of them, the built-in ones first.
    pub rows: &'a [RoleRow],
    /// Where a role is made, for those who may.
    pub new_url: Option<&'a str>,
    /// Whether roles of an organization's own are switched off here.
    pub is_off: bool,
}

impl Roles<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let at = At::new(Tab::Roles, "organization-roles", "list", "Roles");
        let (built_in, own) = self.rows.iter().partition(|row| row.base.is_none());
        self.frame.page(&at, &[], &Content { page: self, built_in, own })
    }
}

#[derive(Template)]
#[template(path = "organizations/roles.html")]
struct Content<'a> {
    page: &'a Roles<'a>,
    built_in: Vec<&'a RoleRow>,
    own: Vec<&'a RoleRow>,
}
