//! `/recovery`: getting back into an account, up to the new password.

use avnology_model::{
    Timestamp,
    flows::{FlowState, FlowView, Group, Message},
};

use super::{
    FlowPage,
    card::Card,
    forms::{self, Forms, PasskeyForm},
    sign_in,
};
use crate::{
    Context, Link,
    parts::{Icon, Sentence},
    when,
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
        let (mut card, forms) = if self.lost_factors_since("1060004").is_some() {
            (self.lost_factors(), forms::of_flow(self.flow))
        } else if self.flow.state == FlowState::SecondFactor {
            let forms = forms::of_flow(self.flow);
            (self.second_factor(forms.leading), forms)
        } else if sign_in::is_settings(self.flow) {
            (self.new_password(), Self::new_ways_in(self.flow))
        } else if self.flow.state.is_sent() {
            (self.sent(), forms::of_flow(self.flow))
        } else {
            (self.address(), forms::of_flow(self.flow))
        };
        super::put_client(self.flow, &mut card);
        sign_in::show(&mut card, forms, self.resend_at);
        card.render()
    }

    fn card<'b>(&'b self, state: &'b str, heading: &str) -> Card<'b> {
        Card::new(self.cx, FlowPage::Recovery.name(), state, heading)
    }

    fn address(&self) -> Card<'_> {
        let mut card = self.card(self.flow.state.as_str(), "Recover your account");
        super::say_client(self.flow, &mut card);
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
        if let Some(message) = self.lost_factors_since("1060003") {
            return self.waiting(message);
        }
        let mut card = self.card(self.flow.state.as_str(), "Confirm it is you");
        card.lead.push(Sentence::plain(sign_in::second_factor_words(self.flow, leading)));
        card
    }

    /// Whoever has lost their second factors waits; a factor that is found is still good.
    fn waiting(&self, message: &Message) -> Card<'_> {
        let mut card = self.card("factors_waiting", "Now you have to wait");
        card.icon = Some(Icon::Clock);
        let time = message.context.get("time").and_then(|time| Timestamp::parse(time.as_str()?));
        let from = time.map(when::exact).unwrap_or_default();
        card.lead.push(Sentence::with(
            "Your second factors can be removed from ",
            &from,
            " on. We mail you a link then.",
        ));
        card.lead.push(Sentence::plain("Found one of them? Use it here, and nothing is removed."));
        card
    }

    /// The waiting period is over.
    fn lost_factors(&self) -> Card<'_> {
        let mut card = self.card("factors_ready", "Remove your second factors");
        card.icon = Some(Icon::Clock);
        card.lead.push(Sentence::plain(
            "You have waited long enough. Your authenticator app, passkeys and backup codes stop working, and you are signed \
             out everywhere. Then you choose a new password or passkey.",
        ));
        if self.flow.ui.nodes.iter().any(|node| node.name() == "current_password") {
            card.lead.push(Sentence::plain(
                "Your password is asked for once more. If you have forgotten it, too, ask an administrator.",
            ));
        }
        card.links.push(Link::new("I have found one: sign in with it", self.sign_in_url));
        card
    }

    /// What the flow says of factors that are lost.
    fn lost_factors_since(&self, id: &str) -> Option<&Message> {
        self.flow.ui.messages.iter().find(|message| message.id == id)
    }

    /// A new password, and a passkey where the browser can make one; its usual name is enough here.
    fn new_ways_in(flow: &FlowView) -> Forms {
        let mut forms = forms::of_flow(flow);
        forms.passkey = forms.passkey.map(|form| PasskeyForm { named: false, ..form });
        forms
    }

    fn new_password(&self) -> Card<'_> {
        let mut card = self.card("new_password", "Choose a new password");
        card.lead.push(Sentence::plain(
            "Once it is saved, you are signed in here and signed out everywhere else.",
        ));
        card
    }
}

/// The new password or passkey is saved.
#[derive(Clone, Copy, Debug)]
pub struct RecoveryDone<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Whether it is a passkey.
    pub by_passkey: bool,
    /// Where to go on.
    pub continue_url: &'a str,
}

impl RecoveryDone<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let heading = if self.by_passkey { "Your passkey is saved" } else { "Your password is changed" };
        let mut card = Card::new(self.cx, FlowPage::Recovery.name(), "done", heading);
        card.icon = Some(Icon::Check);
        card.lead.push(Sentence::plain("You are signed in here, and were signed out everywhere else."));
        card.go = Some(Link::new("Continue", self.continue_url));
        card.render()
    }
}
