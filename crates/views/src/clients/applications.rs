//! `/account/applications`: what a person allowed applications to do, and taking it back.

use askama::Template;
use avnology_model::Timestamp;

use super::words::of_scope;
use crate::{
    Context, Notice, Person,
    layout::Section,
    parts::{Button, Form, Icon, Style, html},
    when::When,
};

/// What was allowed to one application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationRow {
    /// Id of the consent.
    pub id: String,
    /// What the application is called.
    pub client: String,
    /// For which organization, where the page tells of any.
    pub organization: Option<String>,
    /// The scopes, with what their resources say of them.
    pub scopes: Vec<(String, Option<String>)>,
    /// When it was allowed.
    pub granted_at: Timestamp,
    /// When it was relied upon last.
    pub last_used_at: Timestamp,
    /// Where "Remove" posts.
    pub remove_action: String,
}

/// The applications of a person.
#[derive(Clone, Copy, Debug)]
pub struct Applications<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Whose.
    pub person: &'a Person,
    /// What was just done, such as "The application was removed."
    pub notice: Option<&'a Notice>,
    /// The applications, the latest used first.
    pub rows: &'a [ApplicationRow],
    /// Whether they stand under the organization that they are for.
    pub is_grouped: bool,
    /// Form token of every form.
    pub csrf_token: &'a str,
}

impl Applications<'_> {
    /// The page.
    pub fn render(&self) -> String {
        html(&Document {
            cx: self.cx,
            page: "account-applications",
            state: if self.rows.is_empty() { "none" } else { "list" },
            title: "Applications",
            person: self.person,
            section: Section::Applications,
            notice: self.notice,
            groups: self.groups(),
            icon: Icon::Stack,
        })
    }

    fn groups(&self) -> Vec<Group<'_>> {
        if !self.is_grouped {
            let rows: Vec<Row<'_>> = self.rows.iter().map(|row| self.row(row)).collect();
            let groups = vec![Group { heading: "Applications with access to your account".to_owned(), rows }];
            return groups.into_iter().filter(|group| !group.rows.is_empty()).collect();
        }
        let mut groups: Vec<Group<'_>> = Vec::new();
        // What is personal comes first.
        let personal = self.rows.iter().filter(|row| row.organization.is_none());
        let others = self.rows.iter().filter(|row| row.organization.is_some());
        for row in personal.chain(others) {
            let heading = row.organization.clone().unwrap_or_else(|| "Personal".to_owned());
            match groups.iter_mut().find(|group| group.heading == heading) {
                Some(group) => group.rows.push(self.row(row)),
                None => groups.push(Group { heading, rows: vec![self.row(row)] }),
            }
        }
        groups
    }

    fn row<'b>(&self, row: &'b ApplicationRow) -> Row<'b> {
        let about = match &row.organization {
            Some(organization) => format!("{} for {organization}", row.client),
            None => row.client.clone(),
        };
        let button = Button { about, ..Button::new("Remove", Style::Small) };
        let words = |(name, description): &(String, Option<String>)| {
            description.clone().unwrap_or_else(|| of_scope(name))
        };
        Row {
            shown: row,
            organization: row.organization.as_deref().filter(|_| !self.is_grouped),
            scopes: row.scopes.iter().map(words).collect(),
            granted: When::new(row.granted_at, self.cx.now),
            used: When::new(row.last_used_at, self.cx.now),
            remove: Form::button(&row.remove_action, self.csrf_token, button),
        }
    }
}

struct Group<'a> {
    heading: String,
    rows: Vec<Row<'a>>,
}

struct Row<'a> {
    shown: &'a ApplicationRow,
    organization: Option<&'a str>,
    scopes: Vec<String>,
    granted: When,
    used: When,
    remove: Form,
}

#[derive(Template)]
#[template(path = "account/applications.html")]
struct Document<'a> {
    cx: Context<'a>,
    page: &'static str,
    state: &'static str,
    title: &'static str,
    person: &'a Person,
    section: Section,
    notice: Option<&'a Notice>,
    groups: Vec<Group<'a>>,
    icon: Icon,
}
