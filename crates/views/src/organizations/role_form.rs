//! The form of a role of an organization's own, and `/organizations/{id}/roles/new`.

use askama::Template;
use avnology_model::{
    organizations::RoleBase,
    permissions::{BuiltInRole, Scope},
};

use super::{
    Frame, Tab,
    fields::{form, line, lines, options, select},
    frame::At,
    permissions::boxes,
};
use crate::parts::{Button, Field, Fieldset, Form, Style};

/// What a role is to be, as it was entered or is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleDraft {
    /// Key; of a new role only.
    pub key: String,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// `member` or `admin`.
    pub base: String,
    /// Scopes that are ticked.
    pub scopes: Vec<Scope>,
    /// Other permissions, one a line.
    pub permissions: String,
    /// Version that the form was made of; empty for a new role.
    pub etag: String,
}

/// What can be entered of a role, and by whom.
#[derive(Clone, Copy, Debug)]
pub struct RoleEditor<'a> {
    /// What was entered, or is.
    pub draft: &'a RoleDraft,
    /// Scopes that the person may put into a role.
    pub grantable: &'a [Scope],
    /// The built-in roles that the person may extend.
    pub bases: &'a [RoleBase],
}

impl RoleEditor<'_> {
    pub(super) fn form(&self, frame: &Frame<'_>, url: &str, is_new: bool) -> Form {
        let draft = self.draft;
        let action = if is_new { "create" } else { "save" };
        let mut main = form(url, frame.csrf_token).with("action", action).main("flow");
        if !is_new {
            main = main.with("etag", &draft.etag);
        }
        main.fields.push(line("name", "Name", &draft.name).most(100));
        if is_new {
            main.fields.push(line("key", "Key", &draft.key).most(64).hint(
                "For programs, as in billing-clerk: a–z, 0–9, - and _, a letter first. It never changes.",
            ));
        }
        main.fields.push(lines("description", "What it is for", &draft.description, 2).optional().most(500));
        let known = options(&[("member", "Member"), ("admin", "Admin")]);
        let may = |key: &str| self.bases.iter().any(|base| base.as_str() == key) || draft.base == key;
        let bases: Vec<_> = known.into_iter().filter(|(key, _)| may(key)).collect();
        main.fields.push(select("base", "Based on", &draft.base, &bases).hint(
            "It may all that this role may. Every role sees the organization, its members, groups and roles.",
        ));
        main.fields.push(
            lines("permissions", "Permissions in your applications", &draft.permissions, 3)
                .optional()
                .hint("One a line, as in invoices:write, or invoices:* for all of an area. Your applications give them their meaning."),
        );
        main.fieldsets = self.boxes();
        frame.mark(&mut main.fields);
        main.buttons.push(Button::new(if is_new { "Create role" } else { "Save role" }, Style::Primary));
        main
    }

    /// A box for each scope that the person may give, or that is ticked already, but for those that every role has.
    fn boxes(&self) -> Vec<Fieldset> {
        let of_all = BuiltInRole::Member.scopes();
        let ticked = |scope: &Scope| self.draft.scopes.contains(scope);
        let shown =
            |scope: &Scope| ticked(scope) || (self.grantable.contains(scope) && !of_all.contains(*scope));
        boxes(shown, ticked)
    }
}

/// Making a role.
#[derive(Clone, Copy, Debug)]
pub struct NewRole<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// What can be entered.
    pub editor: RoleEditor<'a>,
}

impl NewRole<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let at = At::new(Tab::Roles, "organization-role-new", "form", "New role");
        let form = self.editor.form(&self.frame, &self.frame.url("/roles/new"), true);
        let fields: Vec<&Field> = form.fields.iter().collect();
        self.frame.page(&at, &fields, &Content { back: self.frame.url("/roles"), form: form.clone() })
    }
}

#[derive(Template)]
#[template(path = "organizations/role_new.html")]
struct Content {
    back: String,
    form: Form,
}
