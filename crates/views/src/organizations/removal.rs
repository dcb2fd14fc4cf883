//! The question before a domain, a role or a group is removed.

use askama::Template;

use super::{
    Frame, Tab,
    fields::{form, select},
    frame::At,
};
use crate::parts::{Button, Field, Form, Style};

/// What is about to be removed, and what goes with it.
#[derive(Clone, Copy, Debug)]
pub enum Thing<'a> {
    /// A domain.
    Domain,
    /// A role, with the roles that can take its place, as keys and names, the one that is chosen first.
    Role(&'a [(String, String)]),
    /// A group.
    Group,
}

/// The question whether to remove something.
#[derive(Clone, Copy, Debug)]
pub struct Removal<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// What kind of thing it is.
    pub thing: Thing<'a>,
    /// What it is called.
    pub name: &'a str,
    /// Its page, which the answer is sent to as well.
    pub url: &'a str,
    /// Version that the question is about; empty where there are none.
    pub etag: &'a str,
    /// What ends with it, in whole sentences.
    pub consequences: &'a [String],
}

impl Removal<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let (tab, page, verb) = match self.thing {
            Thing::Domain => (Tab::Domains, "organization-domain", "Remove"),
            Thing::Role(_) => (Tab::Roles, "organization-role", "Delete"),
            Thing::Group => (Tab::Groups, "organization-group", "Delete"),
        };
        let at = At::new(tab, page, "confirm", &format!("{verb} {}", self.name));
        let mut main = form(self.url, self.frame.csrf_token).with("action", "remove").main("flow");
        if !self.etag.is_empty() {
            main = main.with("etag", self.etag);
        }
        if let Thing::Role(instead) = self.thing {
            let chosen = instead.first().map_or("", |(key, _)| key);
            main.fields.push(
                select("reassign_to", "Role that takes its place", chosen, instead)
                    .plain_optional()
                    .hint("Members, groups, open invitations and defaults with this role get that one, all at once."),
            );
        }
        self.frame.mark(&mut main.fields);
        main.buttons.push(Button::new(format!("{verb} {}", self.name), Style::Primary));
        let fields: Vec<&Field> = main.fields.iter().collect();
        let content =
            Content { back: self.url, name: self.name, consequences: self.consequences, form: main.clone() };
        self.frame.page(&at, &fields, &content)
    }
}

#[derive(Template)]
#[template(path = "organizations/removal.html")]
struct Content<'a> {
    back: &'a str,
    name: &'a str,
    consequences: &'a [String],
    form: Form,
}
