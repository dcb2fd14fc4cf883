//! `/recovery`: getting back into an account, up to the new password.

use avnology_model::{
    Timestamp,
    flows::{FlowState, FlowView, Group},
};

use super::{FlowPage, card::Card, forms, sign_in};
use crate::{
    Context, Link,
    parts::{Icon, Sentence},
};

/// A recovery flow, or the settings flow that it goes on with.
#[derive(Clone, Copy, Debug)]
pub struct Recovery<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The flow, of kind `recovery` or `settings`.
    pub flow: &'a FlowView,
    /// The way back.
    pub sign_in_url: &'a str,
    /// When another message can be asked for.
    pub resend_at: Option<Timestamp>,
}

impl Recovery<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let (mut card, forms) = if self.flow.state == FlowState::SecondFactor {
            let forms = forms::of_flow(self.flow);
            (self.second_factor(forms.leading), forms)
        } else if sign_in::is_settings(self.flow) {
            (self.new_password(), forms::of_section(self.flow, Group::Password))
        } else if self.flow.state.is_sent() {
            (self.sent(), forms::of_flow(self.flow))
        } else {
            (self.address(), forms::of_flow(self.flow))
        };
        sign_in::show(&mut card, forms, self.resend_at);
        card.render()
    }

    fn card<'b>(&'b self, state: &'b str, heading: &str) -> Card<'b> {
        Card::new(self.cx, FlowPage::Recovery.name(), state, heading)
    }

    fn address(&self) -> Card<'_> {
        let mut card = self.card(self.flow.state.as_str(), "Recover your account");
        let by_phone = self.flow.ui.nodes.iter().any(|n| n.name() == "phone");
        let how = if by_phone { "We text you a code." } else { "We mail you a code." };
        card.lead.push(Sentence::plain(format!("{how} With it you can choose a new password.")));
        card.prompt = Some(("Remembered it?", Link::new("Sign in", self.sign_in_url)));
        card
    }

    fn sent(&self) -> Card<'_> {
        if self.flow.state == FlowState::SentSms {
            let mut card = self.card(self.flow.state.as_str(), "Check your phone");
            card.icon = Some(Icon::Phone);
            card.lead.push(sign_in::texted_words(self.flow));
            return card;
        }
        let mut card = self.card(self.flow.state.as_str(), "Check your e-mail");
        card.icon = Some(Icon::Mail);
        card.lead.push(sign_in::sent_words(self.flow));
        card
    }

    fn second_factor(&self, leading: Option<Group>) -> Card<'_> {
        let mut card = self.card(self.flow.state.as_str(), "Confirm it is you");
        card.lead.push(Sentence::plain(sign_in::second_factor_words(self.flow, leading)));
        card
    }

    fn new_password(&self) -> Card<'_> {
        let mut card = self.card("new_password", "Choose a new password");
        card.lead.push(Sentence::plain(
            "When you save it, you are signed in here and signed out everywhere else.",
        ));
        card
    }
}

/// The new password is saved.
#[derive(Clone, Copy, Debug)]
pub struct RecoveryDone<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Where to go on.
    pub continue_url: &'a str,
}

impl RecoveryDone<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, FlowPage::Recovery.name(), "done", "Your password is changed");
        card.icon = Some(Icon::Check);
        card.lead.push(Sentence::plain("You are signed in here, and were signed out everywhere else."));
        card.go = Some(Link::new("Continue", self.continue_url));
        card.render()
    }
}
