//! `/verify`: proving an address, and undoing a change of address.

use avnology_model::{
    Timestamp,
    flows::{FlowState, FlowView},
};

use super::{FlowPage, Origin, card::Card, forms, sign_in};
use crate::{
    Context, Link,
    parts::{Button, Form, Icon, Sentence, Style},
};

/// A verification flow.
#[derive(Clone, Copy, Debug)]
pub struct Verify<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The flow, of kind `verification`.
    pub flow: &'a FlowView,
    /// Where to go on once the address is proven.
    pub continue_url: &'a str,
    /// When another code can be asked for.
    pub resend_at: Option<Timestamp>,
}

impl Verify<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let state = self.flow.state;
        let is_phone = self.flow.identifier.as_deref().is_some_and(|entered| entered.starts_with('+'));
        let asks_phone = self.flow.ui.nodes.iter().any(|n| n.name() == "phone");
        let heading = match state {
            FlowState::SentEmail => "Check your e-mail",
            FlowState::SentSms => "Check your phone",
            FlowState::PassedChallenge | FlowState::Passed if is_phone => "Your number is verified",
            FlowState::PassedChallenge | FlowState::Passed => "Your address is verified",
            _ if asks_phone => "Verify your phone",
            _ => "Verify your e-mail",
        };
        let mut card = Card::new(self.cx, FlowPage::Verify.name(), state.as_str(), heading);
        super::put_client(self.flow, &mut card);
        match state {
            FlowState::SentEmail => {
                card.icon = Some(Icon::Mail);
                let address = self.flow.identifier.as_deref().unwrap_or("your address");
                let after = format!(", if it belongs to an account. It works for {}.", super::LIFE);
                card.lead.push(Sentence::with("We have sent a six-digit code to ", address, &after));
            }
            FlowState::SentSms => {
                card.icon = Some(Icon::Phone);
                let number = self.flow.identifier.as_deref().unwrap_or("your phone");
                let after = format!(", if it belongs to an account. It works for {}.", super::LIFE);
                card.lead.push(Sentence::with("We have texted a six-digit code to ", number, &after));
            }
            FlowState::PassedChallenge | FlowState::Passed => {
                card.icon = Some(Icon::Check);
                card.lead.push(Sentence::plain("Thank you. There is nothing else to do here."));
                card.go = Some(Link::new("Continue", self.continue_url));
                return card.render();
            }
            _ if asks_phone => {
                card.lead.push(Sentence::plain("We text you a code that proves the number is yours."));
            }
            _ => card.lead.push(Sentence::plain("We mail you a code that proves the address is yours.")),
        }
        sign_in::show(&mut card, forms::of_flow(self.flow), self.resend_at);
        card.render()
    }
}

/// A mailed link to prove an address was opened.
#[derive(Clone, Copy, Debug)]
pub struct VerifyLink<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The address.
    pub email: &'a str,
    /// Where the buttons post.
    pub action: &'a str,
    /// Form token.
    pub csrf_token: &'a str,
    /// The link's token.
    pub token: &'a str,
    /// When and near where the account was made, outside a session of that account; offers "This was not me",
    /// which posts `decision=deny`.
    pub made: Option<&'a Origin>,
}

impl VerifyLink<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, FlowPage::Verify.name(), "confirm", "Is this your address?");
        card.lead.push(Sentence::with("Confirm that ", self.email, " is yours."));
        let form = |button| {
            Form::button(self.action, self.csrf_token, button)
                .with("method", "link")
                .with("token", self.token)
        };
        card.main = Some(form(Button::new("Verify address", Style::Primary)).main("flow"));
        if let Some(origin) = self.made {
            card.lead.push(Sentence::plain(
                "An account was made with it as shown below. If that was not you, say so, and the account is deleted.",
            ));
            card.facts = origin.facts(self.cx.now);
            let deny = Button {
                sends: Some(("decision".to_owned(), "deny".to_owned())),
                ..Button::new("This was not me", Style::Danger)
            };
            card.others.push(form(deny));
        }
        card.render()
    }
}

/// A link to prove an address that was used already, or is too old.
#[derive(Clone, Copy, Debug)]
pub struct VerifyLinkUsed<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Asks for a new one.
    pub verify_url: &'a str,
}

impl VerifyLinkUsed<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card =
            Card::new(self.cx, FlowPage::Verify.name(), "used_or_expired", "This link no longer works");
        card.icon = Some(Icon::Clock);
        card.lead.push(Sentence::plain("It was used already, or is too old. We can send you a new message."));
        card.go = Some(Link::new("Send a new message", self.verify_url));
        card.render()
    }
}

/// "This was not me" was pressed: the account is gone.
#[derive(Clone, Copy, Debug)]
pub struct VerifyDenied<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
}

impl VerifyDenied<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, FlowPage::Verify.name(), "denied", "The account was deleted");
        card.icon = Some(Icon::Check);
        card.lead
            .push(Sentence::plain("Thank you for telling us. The account made with your address is gone."));
        card.lead.push(Sentence::plain("There is nothing else to do here. You can close this page."));
        card.render()
    }
}

/// The link in the notice to the old address was opened: a button takes the change back.
#[derive(Clone, Copy, Debug)]
pub struct UndoChange<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The old address, which becomes the account's again.
    pub email: &'a str,
    /// Where the button posts.
    pub action: &'a str,
    /// Form token.
    pub csrf_token: &'a str,
    /// The link's token.
    pub token: &'a str,
}

impl UndoChange<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card =
            Card::new(self.cx, FlowPage::Verify.name(), "confirm_undo", "Undo the change of address?");
        card.icon = Some(Icon::Undo);
        card.lead.push(Sentence::with("Your account goes back to ", self.email, "."));
        let button = Button::new("Undo the change", Style::Primary);
        card.main =
            Some(Form::button(self.action, self.csrf_token, button).with("token", self.token).main("flow"));
        card.render()
    }
}

/// The change of address was taken back.
#[derive(Clone, Copy, Debug)]
pub struct Undone<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The address that the account has again.
    pub email: &'a str,
    /// Where a new password is chosen.
    pub recovery_url: &'a str,
}

impl Undone<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, FlowPage::Verify.name(), "undone", "The change was undone");
        card.icon = Some(Icon::Check);
        card.lead.push(Sentence::with("Your account has the address ", self.email, " again."));
        card.lead.push(Sentence::plain("If someone else changed it, choose a new password now."));
        card.go = Some(Link::new("Recover your account", self.recovery_url));
        card.render()
    }
}
