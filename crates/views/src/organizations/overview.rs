//! `/organizations/{id}`: what the organization is, its seats, and what is left to do.

use askama::Template;
use avnology_model::Timestamp;

use super::{Frame, Tab, fields::form, frame::At};
use crate::{
    Link,
    parts::{Button, Form, Style},
    when::{When, count, day},
};

/// Something that waits for somebody who may do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// What it is, in a few words.
    pub title: String,
    /// Why, and what happens until then.
    pub text: String,
    /// Where it is done.
    pub link: Link,
}

/// The overview of an organization.
#[derive(Clone, Copy, Debug)]
pub struct Overview<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// The address of its pages.
    pub address: &'a str,
    /// The person's role, if they are a member.
    pub role: Option<&'a str>,
    /// Seats taken and, if there is one, the limit.
    pub seats: (u32, Option<u32>),
    /// Open invitations.
    pub invited: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it is to be destroyed, while that can be taken back.
    pub deletion_at: Option<Timestamp>,
    /// What is left to do.
    pub tasks: &'a [Task],
}

impl Overview<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let state = if self.deletion_at.is_some() { "deleting" } else { "overview" };
        let at = At::new(Tab::Overview, "organization", state, "Overview");
        let (used, limit) = self.seats;
        let sees = |tab| self.frame.tabs.contains(&tab);
        self.frame.page(
            &at,
            &[],
            &Content {
                overview: self,
                deletion: self.deletion_at.map(|at| When::new(at, self.frame.cx.now)),
                restore: self.deletion_at.map(|_| self.restore()),
                seats: match limit {
                    Some(limit) => format!("{used} of {limit}"),
                    None => count(i64::from(used), "member"),
                },
                invited: count(i64::from(self.invited), "open invitation"),
                created: day(self.created_at),
                members_url: sees(Tab::Members).then(|| self.frame.url("/members")),
                invitations_url: sees(Tab::Invitations).then(|| self.frame.url("/invitations")),
            },
        )
    }

    fn restore(&self) -> Form {
        let mut form = form(&self.frame.url("/deletion"), self.frame.csrf_token).with("action", "restore");
        form.buttons.push(Button::new("Keep this organization", Style::Primary));
        form
    }
}

#[derive(Template)]
#[template(path = "organizations/overview.html")]
struct Content<'a> {
    overview: &'a Overview<'a>,
    deletion: Option<When>,
    restore: Option<Form>,
    seats: String,
    invited: String,
    created: String,
    members_url: Option<String>,
    invitations_url: Option<String>,
}
