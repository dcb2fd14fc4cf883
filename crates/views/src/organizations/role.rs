//! `/organizations/{id}/roles/{role}`: what a role allows, and changing it.

use askama::Template;
use avnology_model::permissions::Scope;

use super::{
    Frame, RoleEditor, Tab,
    frame::At,
    permissions::{Area, areas},
};
use crate::parts::{Field, Form};

/// A role.
#[derive(Clone, Copy, Debug)]
pub struct RolePage<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// What it is called.
    pub name: &'a str,
    /// Key.
    pub key: &'a str,
    /// What it is for.
    pub description: Option<&'a str>,
    /// Name of the built-in role that it extends; none for those themselves.
    pub base: Option<&'a str>,
    /// Where this page and its form are.
    pub url: &'a str,
    /// Active members that hold it.
    pub member_count: u32,
    /// Where they are listed, for those who may see them.
    pub members_url: Option<&'a str>,
    /// Groups that give it.
    pub group_count: u32,
    /// Every scope that it holds, those of its base included.
    pub scopes: &'a [Scope],
    /// Every other permission that it holds.
    pub permissions: &'a [String],
    /// What can be changed, for those who may.
    pub editor: Option<RoleEditor<'a>>,
}

impl RolePage<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let state = match (self.base, self.editor) {
            (None, _) => "built_in",
            (Some(_), Some(_)) => "form",
            (Some(_), None) => "shown",
        };
        let at = At::new(Tab::Roles, "organization-role", state, self.name);
        let form = self.editor.map(|editor| editor.form(&self.frame, self.url, false));
        let fields: Vec<&Field> = form.iter().flat_map(|form| &form.fields).collect();
        self.frame.page(
            &at,
            &fields,
            &Content {
                page: self,
                back: self.frame.url("/roles"),
                members: crate::when::count(i64::from(self.member_count), "member"),
                groups: crate::when::count(i64::from(self.group_count), "group"),
                areas: areas(self.scopes),
                form: form.clone(),
                removal_url: format!("{}?remove=true", self.url),
            },
        )
    }
}

#[derive(Template)]
#[template(path = "organizations/role.html")]
struct Content<'a> {
    page: &'a RolePage<'a>,
    back: String,
    members: String,
    groups: String,
    areas: Vec<Area>,
    form: Option<Form>,
    removal_url: String,
}
