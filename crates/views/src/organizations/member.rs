//! `/organizations/{id}/members/{member}`: one member, for those who manage members.

use askama::Template;
use avnology_model::{Timestamp, organizations::MemberState};

use super::{
    Frame, Tab,
    fields::{form, select},
    frame::At,
    words::member_state,
};
use crate::{
    Person,
    parts::{Button, Form, Style},
    when::When,
};

/// One member.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// The member.
    pub person: &'a Person,
    /// Where this page and its forms are.
    pub url: &'a str,
    /// The role, as key and name.
    pub role: (&'a str, &'a str),
    /// Names of the roles held through groups.
    pub group_roles: &'a [String],
    /// Where the membership stands.
    pub state: MemberState,
    /// How it came to be, in a few words.
    pub source: &'a str,
    /// When it came into force.
    pub joined_at: Option<Timestamp>,
    /// Last use of the organization.
    pub last_active_at: Option<Timestamp>,
    /// From then on it counts in no check.
    pub expire_time: Option<Timestamp>,
    /// The roles that the person may give; nothing can be changed without any.
    pub assignable: &'a [(String, String)],
    /// Whether it is the person who looks.
    pub is_you: bool,
}

impl Member<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let (tone, state) = member_state(self.state);
        let at = At::new(Tab::Members, "organization-member", self.state.as_str(), self.person.title());
        let when = |at: Timestamp| When::new(at, self.frame.cx.now);
        let mut role = form(self.url, self.frame.csrf_token).with("action", "role").main("flow");
        let mut options = self.assignable.to_vec();
        if !options.iter().any(|(key, _)| key == self.role.0) {
            options.push((self.role.0.to_owned(), self.role.1.to_owned()));
        }
        role.fields.push(select("role", "Role", self.role.0, &options));
        self.frame.mark(&mut role.fields);
        role.buttons.push(Button::new("Save role", Style::Primary));
        let fields: Vec<_> = role.fields.iter().collect();
        let may_change = !self.assignable.is_empty();
        self.frame.page(
            &at,
            &fields,
            &Content {
                member: self,
                person: self.person,
                tone,
                state,
                joined: self.joined_at.map(when),
                active: self.last_active_at.map(when),
                expires: self.expire_time.map(when),
                groups: self.group_roles.join(", "),
                back: self.frame.url("/members"),
                role: may_change.then(|| role.clone()),
                pause: may_change.then(|| self.pause()).flatten(),
                remove: may_change.then(|| self.button("remove", "Remove member", Style::Danger)),
            },
        )
    }

    fn pause(&self) -> Option<Form> {
        match self.state {
            MemberState::Active => Some(self.button("suspend", "Suspend", Style::Secondary)),
            MemberState::Suspended => Some(self.button("activate", "Activate again", Style::Secondary)),
            MemberState::Pending => None,
        }
    }

    fn button(&self, action: &str, label: &str, style: Style) -> Form {
        Form::button(self.url, self.frame.csrf_token, Button::new(label, style)).with("action", action)
    }
}

#[derive(Template)]
#[template(path = "organizations/member.html")]
struct Content<'a> {
    member: &'a Member<'a>,
    person: &'a Person,
    tone: &'static str,
    state: &'static str,
    joined: Option<When>,
    active: Option<When>,
    expires: Option<When>,
    groups: String,
    back: String,
    role: Option<Form>,
    pause: Option<Form>,
    remove: Option<Form>,
}
