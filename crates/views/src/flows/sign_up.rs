//! `/sign-up`.

use avnology_model::{
    Timestamp,
    flows::{FlowState, FlowView},
};

use super::{FlowPage, card::Card, forms, sign_in};
use crate::{
    Context, Link, Person,
    organizations::Home,
    parts::{Icon, Sentence},
};

/// A registration flow.
#[derive(Clone, Copy, Debug)]
pub struct SignUp<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The flow, of kind `registration`.
    pub flow: &'a FlowView,
    /// Where those go who have an account.
    pub sign_in_url: &'a str,
    /// Whether it answers an invitation.
    pub invited: bool,
    /// Whether the address has to be one of the organization's.
    pub by_domain: bool,
    /// When another code can be asked for.
    pub resend_at: Option<Timestamp>,
}

impl SignUp<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let home = super::home(self.flow).filter(|_| !self.flow.organization_id.is_empty());
        let heading = match (self.flow.state, &home) {
            (FlowState::SentEmail, _) => "Check your e-mail".to_owned(),
            (FlowState::VerifyAddress, _) => "Verify your e-mail".to_owned(),
            (FlowState::CreatePasskey, _) => "Create your passkey".to_owned(),
            (FlowState::EnrollFactor, _) => "Set up a second factor".to_owned(),
            (_, Some(home)) => format!("Join {}", home.name),
            (_, None) => "Create your account".to_owned(),
        };
        let state = match self.flow.state {
            FlowState::ShowForm if self.invited => "invitation",
            state => state.as_str(),
        };
        let mut card = Card::new(self.cx, FlowPage::SignUp.name(), state, &heading);
        match self.flow.state {
            FlowState::SentEmail | FlowState::VerifyAddress => {
                card.icon = Some(Icon::Mail);
                card.lead.push(sign_in::code_words(self.flow));
            }
            FlowState::CreatePasskey => {
                card.lead.push(Sentence::plain(
                    "Your device asks for your fingerprint, face or PIN. There is no password to remember.",
                ));
                card.links.push(Link::new("Start again", "/sign-up"));
            }
            FlowState::EnrollFactor => {
                card.lead.push(Sentence::plain("A second factor is asked of everyone here."));
                card.lead.extend(sign_in::enroll_words(self.flow));
            }
            _ => {
                card.prompt = Some(("Have an account?", Link::new("Sign in", self.sign_in_url)));
                if let Some(home) = &home {
                    card.lead.push(self.about(home));
                }
                super::say_client(self.flow, &mut card);
            }
        }
        card.home = home;
        super::put_client(self.flow, &mut card);
        sign_in::show(&mut card, forms::of_flow(self.flow), self.resend_at);
        card.render()
    }
}

impl SignUp<'_> {
    fn about(&self, home: &Home) -> Sentence {
        Sentence::plain(if self.invited {
            format!("You have been invited to {}. Make your account to join.", home.name)
        } else if self.by_domain {
            format!("Use your address at {}. With another one you need an invitation.", home.name)
        } else {
            "Make your account, and you belong to it at once.".to_owned()
        })
    }
}

/// The account was made.
#[derive(Clone, Copy, Debug)]
pub struct SignUpDone<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The new account.
    pub person: &'a Person,
    /// Where to go on.
    pub continue_url: &'a str,
    /// Where to enter the code that was mailed, as long as the address is not proven.
    pub verify_url: Option<&'a str>,
}

impl SignUpDone<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, FlowPage::SignUp.name(), "done", "Your account is ready");
        card.icon = Some(Icon::Check);
        card.lead.push(Sentence::with("You are signed in as ", self.person.known_as(), "."));
        card.go = Some(Link::new("Continue", self.continue_url));
        if let Some(url) = self.verify_url {
            card.lead.push(Sentence::plain("We have mailed you a code to prove that the address is yours."));
            card.links.push(Link::new("Verify your e-mail now", url));
        }
        card.render()
    }
}

/// Nobody can register here.
#[derive(Clone, Copy, Debug)]
pub struct SignUpClosed<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Where those go who have an account.
    pub sign_in_url: &'a str,
}

impl SignUpClosed<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, FlowPage::SignUp.name(), "closed", "Registration is closed");
        card.icon = Some(Icon::Lock);
        card.lead.push(Sentence::plain(
            "New accounts cannot be made here at the moment. If you have one, sign in to it.",
        ));
        card.go = Some(Link::new("Sign in", self.sign_in_url));
        card.render()
    }
}
