//! `/account/organizations`: what the person belongs to, is invited to, and may join.

use askama::Template;
use avnology_model::{
    Timestamp,
    organizations::{MemberState, OrganizationState},
};

use super::{
    Home, Paging, Refusal,
    fields::form,
    frame::summary,
    words::{member_state, organization_state},
};
use crate::{
    Context, Notice, Person,
    layout::Section,
    parts::{Button, ErrorSummary, Form, Style, html},
    when::When,
};

/// One membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipRow {
    /// The organization.
    pub home: Home,
    /// Where the organization stands.
    pub organization_state: OrganizationState,
    /// Where the membership stands.
    pub state: MemberState,
    /// The role, by name.
    pub role: String,
    /// Whether its pages can be opened.
    pub opens: bool,
}

/// An invitation that waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationRow {
    /// Id.
    pub id: String,
    /// The organization.
    pub home: Home,
    /// The role offered, by name.
    pub role: String,
    /// End.
    pub expires_at: Timestamp,
}

/// An organization that the person may join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRow {
    /// The organization.
    pub home: Home,
}

/// What a person has to do with organizations.
#[derive(Clone, Copy, Debug)]
pub struct Mine<'a> {
    /// Brand, language, time, switcher.
    pub cx: Context<'a>,
    /// Whose.
    pub person: &'a Person,
    /// What was just done.
    pub notice: Option<&'a Notice>,
    /// What was just refused.
    pub refusals: &'a [Refusal],
    /// Memberships.
    pub memberships: &'a [MembershipRow],
    /// Invitations.
    pub invitations: &'a [InvitationRow],
    /// What can be joined.
    pub joinable: &'a [JoinRow],
    /// Other pages of memberships.
    pub paging: &'a Paging,
    /// Form token of every form.
    pub csrf_token: &'a str,
    /// The membership that is about to be left, after the first press of "Leave".
    pub leaving: Option<&'a Home>,
}

const URL: &str = "/account/organizations";

impl Mine<'_> {
    /// The page.
    pub fn render(&self) -> String {
        html(&Document {
            cx: self.cx,
            page: "account-organizations",
            state: if self.leaving.is_some() { "leave" } else { "list" },
            title: "Your organizations",
            person: self.person,
            section: Section::Organizations,
            notice: self.notice,
            errors: summary(self.refusals, &[]),
            memberships: self.memberships.iter().map(membership_line).collect(),
            invitations: self.invitations.iter().map(|row| self.invitation(row)).collect(),
            joinable: self.joinable.iter().map(|row| self.join(row)).collect(),
            paging: self.paging,
            leaving: self.leaving.map(|home| (home, self.leave(home))),
        })
    }

    fn button(&self, action: &str, about: &Home, label: &str, style: Style) -> Form {
        let button = Button { about: about.name.clone(), ..Button::new(label, style) };
        Form::button(URL, self.csrf_token, button).with("action", action)
    }

    fn invitation<'b>(&self, row: &'b InvitationRow) -> InvitationLine<'b> {
        InvitationLine {
            row,
            ends: When::new(row.expires_at, self.cx.now),
            accept: self.button("accept", &row.home, "Join", Style::Primary).with("invitation", &row.id),
            decline: self
                .button("decline", &row.home, "Decline", Style::Secondary)
                .with("invitation", &row.id),
        }
    }

    fn join<'b>(&self, row: &'b JoinRow) -> JoinLine<'b> {
        let id = row.home.id.to_string();
        JoinLine {
            row,
            join: self.button("join", &row.home, "Join", Style::Primary).with("organization", &id),
        }
    }

    fn leave(&self, home: &Home) -> Form {
        let mut leave = form(URL, self.csrf_token)
            .with("action", "leave")
            .with("organization", &home.id.to_string())
            .main("flow");
        leave.buttons.push(Button::new(format!("Leave {}", home.name), Style::Primary));
        leave
    }
}

struct MembershipLine<'a> {
    row: &'a MembershipRow,
    pill: Option<(&'static str, &'static str)>,
    leave_url: String,
}

struct InvitationLine<'a> {
    row: &'a InvitationRow,
    ends: When,
    accept: Form,
    decline: Form,
}

struct JoinLine<'a> {
    row: &'a JoinRow,
    join: Form,
}

#[derive(Template)]
#[template(path = "organizations/mine.html")]
struct Document<'a> {
    cx: Context<'a>,
    page: &'static str,
    state: &'static str,
    title: &'static str,
    person: &'a Person,
    section: Section,
    notice: Option<&'a Notice>,
    errors: Option<ErrorSummary>,
    memberships: Vec<MembershipLine<'a>>,
    invitations: Vec<InvitationLine<'a>>,
    joinable: Vec<JoinLine<'a>>,
    paging: &'a Paging,
    leaving: Option<(&'a Home, Form)>,
}

fn membership_line(row: &MembershipRow) -> MembershipLine<'_> {
    let pill = organization_state(row.organization_state)
        .or_else(|| Some(member_state(row.state)).filter(|_| row.state != MemberState::Active));
    MembershipLine { row, pill, leave_url: format!("{URL}?leave={}", row.home.id) }
}
