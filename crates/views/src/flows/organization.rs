//! `/org/{slug}`: what stands at the door of an organization when nobody gets in, and what is told to whom it turns away.

use avnology_model::flows::{FlowState, FlowView};

use super::{FlowPage, card::Card};
use crate::{
    Context, Link,
    organizations::Home,
    parts::{Icon, Sentence},
};

/// Why there is no form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// It is suspended.
    Suspended,
    /// It is still being made.
    NotReady,
    /// Only who is invited makes an account.
    InvitationOnly,
    /// Only single sign-on leads in.
    SsoOnly,
}

/// The door of an organization, without a form.
#[derive(Clone, Copy, Debug)]
pub struct AtDoor<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The organization.
    pub home: &'a Home,
    /// Why.
    pub door: Door,
    /// Where people sign in for themselves; none where nobody does.
    pub personal_url: Option<&'a str>,
}

impl AtDoor<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let name = &self.home.name;
        let (page, state, icon, heading, words) = match self.door {
            Door::Suspended => (
                FlowPage::SignIn,
                "organization_suspended",
                Icon::Lock,
                format!("{name} is closed at the moment"),
                "It was suspended, so nobody can sign in to it. Nothing is lost, and your account is safe. Ask one of \
                 its owners.",
            ),
            Door::NotReady => (
                FlowPage::SignIn,
                "try_again",
                Icon::Clock,
                format!("{name} is almost ready"),
                "It is being set up, which takes a few seconds. Please try again in a moment.",
            ),
            Door::InvitationOnly => (
                FlowPage::SignUp,
                "needs_invitation",
                Icon::Mail,
                format!("You need an invitation to {name}"),
                "Ask somebody there to invite you. If you have an invitation already, open the link in its message: it \
                 leads you here.",
            ),
            Door::SsoOnly => (
                FlowPage::SignUp,
                "sso_only",
                Icon::Key,
                format!("{name} uses single sign-on"),
                "Accounts are made by signing in with it, not here. Ask an administrator there if that does not work.",
            ),
        };
        let mut card = Card::new(self.cx, page.name(), state, &heading);
        card.home = Some(self.home.clone());
        card.icon = Some(icon);
        card.lead.push(Sentence::plain(words));
        match self.door {
            Door::NotReady => card.go = Some(Link::new("Try again", self.home.door())),
            Door::InvitationOnly | Door::SsoOnly => {
                card.go = Some(Link::new(format!("Sign in to {name}"), self.home.door()));
            }
            Door::Suspended => card.go = self.personal_url.map(|url| Link::new("Sign in without it", url)),
        }
        card.render()
    }
}

/// Whoever signed in does not belong to the organization, and did not join it.
#[derive(Clone, Copy, Debug)]
pub struct TurnedAway<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The flow that ended.
    pub flow: &'a FlowView,
    /// Where to sign in as somebody else.
    pub again_url: &'a str,
    /// Where people sign in for themselves; none where nobody does.
    pub personal_url: Option<&'a str>,
}

impl TurnedAway<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let home = super::home(self.flow);
        let name = home.as_ref().map_or("it", |home| &home.name);
        let declined = self.flow.state == FlowState::ChooseOrganization;
        let (heading, words) = if declined {
            (
                format!("You did not join {name}"),
                "Nothing was changed, and you are not signed in. You can still join later.".to_owned(),
            )
        } else {
            (
                format!("You do not belong to {name}"),
                "Your sign-in was right, but this account is no member there. Use the account that you were invited \
                 with, or ask somebody there to invite you."
                    .to_owned(),
            )
        };
        let mut card = Card::new(self.cx, FlowPage::SignIn.name(), "blocked", &heading);
        card.icon = Some(Icon::Door);
        card.lead.push(Sentence::plain(words));
        if let Some(known_as) = self.flow.identifier.as_deref() {
            card.lead.push(Sentence::with("You used ", known_as, "."));
        }
        let again = Link::new("Use another account", self.again_url);
        match self.personal_url {
            Some(url) => {
                card.go = Some(Link::new("Sign in without it", url));
                card.links.push(again);
            }
            None => card.go = Some(again),
        }
        card.home = home;
        card.render()
    }
}
