//! `/sign-up`.

use avnology_model::{
    Timestamp,
    flows::{FlowState, FlowView},
};

use super::{FlowPage, card::Card, forms, sign_in};
use crate::{
    Context, Link, Person,
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
    /// When another code can be asked for.
    pub resend_at: Option<Timestamp>,
}

impl SignUp<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let heading = match self.flow.state {
            FlowState::SentEmail => "Check your e-mail",
            FlowState::VerifyAddress => "Verify your e-mail",
            _ => "Create your account",
        };
        let mut card = Card::new(self.cx, FlowPage::SignUp.name(), self.flow.state.as_str(), heading);
        match self.flow.state {
            FlowState::SentEmail | FlowState::VerifyAddress => {
                card.icon = Some(Icon::Mail);
                card.lead.push(sign_in::code_words(self.flow));
            }
            _ => card.prompt = Some(("Have an account?", Link::new("Sign in", self.sign_in_url))),
        }
        sign_in::show(&mut card, forms::of_flow(self.flow), self.resend_at);
        card.render()
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
