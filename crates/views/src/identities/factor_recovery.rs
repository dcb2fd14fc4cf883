//! Second factors that are about to be removed: what account pages warn of, and the page behind the mailed link that keeps them.

use avnology_model::Timestamp;

use crate::{
    Context, Link,
    flows::card::Card,
    parts::{Button, Form, Icon, Sentence, Style},
    when,
};

const PAGE: &str = "account-factor-recovery";

/// What stands on every account page while a recovery of factors waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactorRecoveryNotice {
    /// From when on they can be removed.
    pub effective_at: Timestamp,
    /// Whether an administrator asked for it.
    pub by_administrator: bool,
    /// Form token of the page.
    pub csrf_token: String,
}

impl FactorRecoveryNotice {
    pub(crate) fn when(&self) -> String {
        when::exact(self.effective_at)
    }
}

/// A link that keeps the factors is to be confirmed: programs that look at mail open links, too.
#[derive(Clone, Copy, Debug)]
pub struct KeepFactors<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The address of the account.
    pub email: &'a str,
    /// From when on they can be removed.
    pub effective_at: Timestamp,
    /// Where the button posts.
    pub action: &'a str,
    /// Form token.
    pub csrf_token: &'a str,
    /// The link's token.
    pub token: &'a str,
}

impl KeepFactors<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, PAGE, "confirm", "Keep your second factors?");
        card.icon = Some(Icon::Undo);
        let end = format!(" can be removed from {} on.", when::exact(self.effective_at));
        card.lead.push(Sentence::with("The second factors of the account ", self.email, &end));
        let button = Button::new("Keep my second factors", Style::Primary);
        card.main =
            Some(Form::button(self.action, self.csrf_token, button).with("token", self.token).main("flow"));
        card.render()
    }
}

/// The factors stay.
#[derive(Clone, Copy, Debug)]
pub struct FactorsKept<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Where to go on.
    pub security_url: &'a str,
}

impl FactorsKept<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, PAGE, "kept", "Your second factors stay");
        card.icon = Some(Icon::Check);
        card.lead.push(Sentence::plain(
            "If it was not you who asked for their removal, somebody may know your mailbox: change its password, and that of \
             your account.",
        ));
        card.go = Some(Link::new("Look at your security", self.security_url));
        card.render()
    }
}

/// The link was used, is too old, or nothing is about to be removed.
#[derive(Clone, Copy, Debug)]
pub struct KeepFactorsUsed<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Where to sign in.
    pub sign_in_url: &'a str,
}

impl KeepFactorsUsed<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, PAGE, "used", "This link no longer works");
        card.icon = Some(Icon::Clock);
        card.lead
            .push(Sentence::plain("The second factors were kept already, or they are gone. Sign in to see."));
        card.go = Some(Link::new("Sign in", self.sign_in_url));
        card.render()
    }
}
