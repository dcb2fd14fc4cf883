//! `/invitations`: the page of a mailed or passed-on invitation.

use avnology_model::Timestamp;

use super::{Home, Refusal, fields::form, frame::summary};
use crate::{
    Context, Link, Person,
    flows::card::Card,
    parts::{Button, Fact, Form, Icon, Sentence, Style},
    when::When,
};

/// What the person can do with it.
#[derive(Clone, Copy, Debug)]
pub enum InvitationStep<'a> {
    /// They are signed in as the right one: accept.
    Accept(&'a Person),
    /// Nobody is signed in, and the address has an account.
    SignIn {
        /// Where that is done.
        url: &'a str,
    },
    /// Nobody is signed in, and the address has none.
    SignUp {
        /// Where one is made.
        url: &'a str,
    },
    /// They are signed in as somebody else.
    WrongAccount(&'a Person),
    /// Only single sign-on leads in.
    SsoRequired,
}

/// An open invitation.
#[derive(Clone, Copy, Debug)]
pub struct InvitationPage<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The organization.
    pub home: &'a Home,
    /// For whom.
    pub email: &'a str,
    /// The role offered, by name.
    pub role: &'a str,
    /// Who invites, if that is a person.
    pub invited_by: Option<&'a str>,
    /// Its end.
    pub expires_at: Timestamp,
    /// What comes next.
    pub step: InvitationStep<'a>,
    /// Form token.
    pub csrf_token: &'a str,
    /// What was just refused.
    pub refusals: &'a [Refusal],
}

const URL: &str = "/invitations";

impl InvitationPage<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let state = match self.step {
            InvitationStep::Accept(_) => "preview",
            InvitationStep::SignIn { .. } => "sign_in",
            InvitationStep::SignUp { .. } => "sign_up",
            InvitationStep::WrongAccount(_) => "wrong_account",
            InvitationStep::SsoRequired => "sso_required",
        };
        let mut card = Card::new(self.cx, "invitation", state, &format!("Join {}", self.home.name));
        card.home = Some(self.home.clone());
        card.lead.push(match self.invited_by {
            Some(name) => Sentence::with("", name, &format!(" invites you to {}.", self.home.name)),
            None => Sentence::plain(format!("You are invited to {}.", self.home.name)),
        });
        card.facts = vec![
            Fact::text("For", self.email),
            Fact::text("Role", self.role),
            Fact::time("Until", When::new(self.expires_at, self.cx.now)),
        ];
        card.errors = summary(self.refusals, &[]);
        let decline = self.button("decline", "Decline", Style::Text);
        match self.step {
            InvitationStep::Accept(person) => {
                card.lead.push(Sentence::with("You are signed in as ", person.known_as(), "."));
                card.main = Some(self.button("accept", "Join", Style::Primary).main("flow"));
                card.others.push(decline);
            }
            InvitationStep::SignIn { url } => {
                card.go = Some(Link::new("Sign in to accept", url));
                card.others.push(decline);
            }
            InvitationStep::SignUp { url } => {
                card.go = Some(Link::new("Create account to accept", url));
                card.others.push(decline);
            }
            InvitationStep::WrongAccount(person) => {
                card.lead.push(Sentence::with(
                    "You are signed in as ",
                    person.known_as(),
                    ", which is another account. The invitation stays open.",
                ));
                card.main = Some(self.button("switch", "Use the other account", Style::Primary).main("flow"));
                card.links.push(Link::new("Stay signed in", "/account"));
            }
            InvitationStep::SsoRequired => {
                card.lead.push(Sentence::plain(
                    "It asks its people to come by single sign-on, which is not set up yet. The invitation stays open; ask whoever invited you.",
                ));
                card.go = Some(Link::new("Go to your account", "/account"));
            }
        }
        card.render()
    }

    fn button(&self, action: &str, label: &str, style: Style) -> Form {
        let mut button = form(URL, self.csrf_token).with("action", action);
        button.buttons.push(Button::new(label, style));
        button
    }
}

/// Why an invitation leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationEnd {
    /// Its time is over.
    Expired,
    /// It was taken back or declined.
    Revoked,
    /// It was accepted.
    Used,
    /// There is none.
    Unknown,
    /// The person has just declined it.
    Declined,
}

/// An invitation that is over.
#[derive(Clone, Copy, Debug)]
pub struct InvitationOver<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Why.
    pub end: InvitationEnd,
}

impl InvitationOver<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let (state, heading, words, icon) = match self.end {
            InvitationEnd::Expired => (
                "expired",
                "This invitation has expired",
                "Nothing was lost. Ask whoever invited you to send it again.",
                Icon::Clock,
            ),
            InvitationEnd::Revoked => (
                "revoked",
                "This invitation was taken back",
                "It cannot be accepted any more. If that surprises you, ask whoever invited you.",
                Icon::Undo,
            ),
            InvitationEnd::Used => (
                "used",
                "This invitation was accepted",
                "Each works once. If it was you, sign in and you are there.",
                Icon::Check,
            ),
            InvitationEnd::Unknown => (
                "unknown",
                "There is no such invitation",
                "The link may be cut off or mistyped, or a newer one was sent. Open the newest message once more.",
                Icon::Search,
            ),
            InvitationEnd::Declined => (
                "declined",
                "You declined the invitation",
                "Whoever invited you sees that. If you change your mind, ask for another one.",
                Icon::Check,
            ),
        };
        let mut card = Card::new(self.cx, "invitation", state, heading);
        card.icon = Some(icon);
        card.lead.push(Sentence::plain(words));
        card.go = Some(Link::new("Go to your account", "/account"));
        card.render()
    }
}
