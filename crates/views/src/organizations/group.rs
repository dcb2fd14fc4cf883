//! `/organizations/{id}/groups/{group}`: a group and its members.

use askama::Template;
use avnology_model::{
    ids::IdentityId,
    organizations::{GroupSource, GroupType, MemberState},
};

use super::{
    Frame, Paging, Tab,
    fields::{form, line},
    frame::At,
    groups::filled,
    words::member_state,
};
use crate::{
    Person,
    parts::{Button, Field, Form, Style},
};

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMemberRow {
    /// The person.
    pub person: Person,
    /// Its own role, by name.
    pub role: String,
    /// Where the membership of the organization stands.
    pub state: MemberState,
}

/// A group.
#[derive(Clone, Copy, Debug)]
pub struct GroupPage<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// What it is called.
    pub name: &'a str,
    /// What it is for.
    pub description: Option<&'a str>,
    /// Where this page and its forms are.
    pub url: &'a str,
    /// Who decides on its members.
    pub kind: GroupType,
    /// Where it comes from.
    pub source: GroupSource,
    /// The rule of a dynamic group.
    pub rule: Option<&'a str>,
    /// Name of the role that it gives.
    pub role: Option<&'a str>,
    /// How many belong to it.
    pub member_count: u32,
    /// This page of them.
    pub rows: &'a [GroupMemberRow],
    /// Other pages.
    pub paging: &'a Paging,
    /// Whether the person may change it.
    pub may_act: bool,
    /// An address that was entered and refused.
    pub draft: &'a str,
}

impl GroupPage<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let state = match (self.kind, self.source) {
            (GroupType::Dynamic, _) => "dynamic",
            (GroupType::Static, GroupSource::Manual) => "static",
            (GroupType::Static, GroupSource::Scim | GroupSource::Sso) => "directory",
        };
        let at = At::new(Tab::Groups, "organization-group", state, self.name);
        let is_by_people = state == "static";
        let add = (self.may_act && is_by_people).then(|| self.add());
        let fields: Vec<&Field> = add.iter().flat_map(|form| &form.fields).collect();
        // A directory keeps its groups, rules may be changed by people.
        let changes = self.may_act && self.source != GroupSource::Scim;
        self.frame.page(
            &at,
            &fields,
            &Content {
                page: self,
                back: self.frame.url("/groups"),
                filled: filled(self.kind, self.source),
                rows: self.rows.iter().map(|row| self.row(row, add.is_some())).collect(),
                may_add: add.is_some(),
                add: add.clone(),
                edit_url: changes.then(|| format!("{}/edit", self.url)),
                removal_url: changes.then(|| format!("{}?remove=true", self.url)),
            },
        )
    }

    fn add(&self) -> Form {
        let mut add = form(self.url, self.frame.csrf_token).with("action", "add").main("flow");
        add.fields.push(
            line("email", "E-mail address", self.draft).most(254).hint("Of somebody who belongs here."),
        );
        self.frame.mark(&mut add.fields);
        add.buttons.push(Button::new("Add to group", Style::Primary));
        add
    }

    fn row<'b>(&self, row: &'b GroupMemberRow, may: bool) -> Row<'b> {
        let (tone, state) = member_state(row.state);
        let id: IdentityId = row.person.id;
        let remove = may.then(|| {
            let button =
                Button { about: row.person.title().to_owned(), ..Button::new("Take out", Style::Small) };
            Form::button(self.url, self.frame.csrf_token, button)
                .with("action", "take_out")
                .with("identity_id", &id.to_string())
        });
        Row { member: row, tone, state, remove }
    }
}

struct Row<'a> {
    member: &'a GroupMemberRow,
    tone: &'static str,
    state: &'static str,
    remove: Option<Form>,
}

#[derive(Template)]
#[template(path = "organizations/group.html")]
struct Content<'a> {
    page: &'a GroupPage<'a>,
    back: String,
    filled: &'static str,
    rows: Vec<Row<'a>>,
    may_add: bool,
    add: Option<Form>,
    edit_url: Option<String>,
    removal_url: Option<String>,
}
