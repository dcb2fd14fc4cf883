//! `/organizations/{id}/invitations`: who is invited, and inviting.

use askama::Template;
use avnology_model::{Timestamp, organizations::InvitationStatus};

use super::{
    Frame, Paging, Tab,
    fields::{form, lines, options, select},
    frame::At,
    members::Filter,
};
use crate::{
    parts::{Button, Form, Style, html},
    when::When,
};

/// One invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited {
    /// Id.
    pub id: String,
    /// Its address.
    pub email: String,
    /// The role offered, by name.
    pub role: String,
    /// Where it stands.
    pub status: InvitationStatus,
    /// Whether the link is passed on by hand.
    pub is_link: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its end.
    pub expires_at: Timestamp,
}

/// What was entered to invite people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// Addresses, one a line.
    pub emails: String,
    /// A role key.
    pub role: String,
    /// Words that go along.
    pub message: String,
    /// `email` or `link`.
    pub delivery: String,
}

/// A link to pass on, shown this once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InviteLink {
    /// For whom.
    pub email: String,
    /// The link.
    pub url: String,
}

/// The invitations of an organization.
#[derive(Clone, Copy, Debug)]
pub struct Invitations<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// This page of them.
    pub rows: &'a [Invited],
    /// The state that the list is narrowed down to; empty for open ones.
    pub status: &'a str,
    /// Other pages.
    pub paging: &'a Paging,
    /// The roles that the person may offer; none for those who may not invite.
    pub assignable: &'a [(String, String)],
    /// What was entered.
    pub draft: &'a Draft,
    /// Links that were just made.
    pub links: &'a [InviteLink],
}

impl Invitations<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let state = match (self.links.is_empty(), self.rows.is_empty()) {
            (false, _) => "links",
            (true, true) => "empty",
            (true, false) => "list",
        };
        let at = At::new(Tab::Invitations, "organization-invitations", state, "Invitations");
        let statuses = options(&[
            ("", "Open"),
            ("accepted", "Accepted"),
            ("declined", "Declined"),
            ("expired", "Expired"),
            ("revoked", "Taken back"),
        ]);
        let filter = Filter {
            action: self.frame.url("/invitations"),
            fields: vec![select("status", "Show", self.status, &statuses).plain_optional()],
        };
        let invite = (!self.assignable.is_empty()).then(|| self.invite());
        let fields: Vec<_> = invite.iter().flat_map(|form| &form.fields).collect();
        self.frame.page(
            &at,
            &fields,
            &Content {
                page: self,
                rows: self.rows.iter().map(|row| self.row(row)).collect(),
                filter: html(&filter),
                may_act: invite.is_some(),
                overview: self.frame.home.href(),
                invite: invite.clone(),
            },
        )
    }

    fn invite(&self) -> Form {
        let mut invite = form(&self.frame.url("/invitations"), self.frame.csrf_token)
            .with("action", "invite")
            .main("flow");
        let draft = self.draft;
        let role = if draft.role.is_empty() { "member" } else { &draft.role };
        let ways = options(&[("email", "We mail the invitation"), ("link", "I pass the link on myself")]);
        invite.fields = vec![
            lines("emails", "E-mail addresses", &draft.emails, 3).hint("One a line, up to 100."),
            select("role", "Role", role, self.assignable),
            select("delivery", "Delivery", &draft.delivery, &ways),
            lines("message", "A few words", &draft.message, 2)
                .optional()
                .most(500)
                .hint("They stand in the mail."),
        ];
        self.frame.mark(&mut invite.fields);
        invite.buttons.push(Button::new("Invite", Style::Primary));
        invite
    }

    fn row<'b>(&self, row: &'b Invited) -> Row<'b> {
        let is_open = row.status == InvitationStatus::Pending;
        let act = |action: &str, label: &str| {
            let button = Button { about: row.email.clone(), ..Button::new(label, Style::Small) };
            Form::button(&self.frame.url("/invitations"), self.frame.csrf_token, button)
                .with("action", action)
                .with("invitation", &row.id)
        };
        let (tone, state) = match row.status {
            InvitationStatus::Pending => ("", "Open"),
            InvitationStatus::Accepted => ("success", "Accepted"),
            InvitationStatus::Declined => ("", "Declined"),
            InvitationStatus::Expired => ("warning", "Expired"),
            InvitationStatus::Revoked => ("", "Taken back"),
        };
        let again = if row.is_link { "New link" } else { "Send again" };
        Row {
            invited: row,
            tone,
            state,
            created: When::new(row.created_at, self.frame.cx.now),
            ends: When::new(row.expires_at, self.frame.cx.now),
            acts: if is_open && !self.assignable.is_empty() {
                vec![act("resend", again), act("revoke", "Take back")]
            } else {
                Vec::new()
            },
        }
    }
}

struct Row<'a> {
    invited: &'a Invited,
    tone: &'static str,
    state: &'static str,
    created: When,
    ends: When,
    acts: Vec<Form>,
}

#[derive(Template)]
#[template(path = "organizations/invitations.html")]
struct Content<'a> {
    page: &'a Invitations<'a>,
    rows: Vec<Row<'a>>,
    filter: String,
    may_act: bool,
    overview: String,
    invite: Option<Form>,
}
