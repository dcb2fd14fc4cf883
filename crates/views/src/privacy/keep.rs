//! `/account/privacy/deletion`: the page behind the mailed link that keeps an account.

use avnology_model::Timestamp;

use crate::{
    Context, Link,
    flows::card::Card,
    parts::{Button, Form, Icon, Sentence, Style},
    when,
};

const PAGE: &str = "account-privacy-deletion";

/// A link that keeps an account is to be confirmed: programs that look at mail open links, too.
#[derive(Clone, Copy, Debug)]
pub struct KeepAccount<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The address of the account.
    pub email: Option<&'a str>,
    /// When it goes.
    pub scheduled_for: Timestamp,
    /// Where the button posts.
    pub action: &'a str,
    /// Form token.
    pub csrf_token: &'a str,
    /// The link's token.
    pub token: &'a str,
}

impl KeepAccount<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, PAGE, "confirm", "Keep your account?");
        card.icon = Some(Icon::Undo);
        let end = format!(" will be deleted on {}.", when::exact(self.scheduled_for));
        card.lead.push(match self.email {
            Some(email) => Sentence::with("The account ", email, &end),
            None => Sentence::with("Your account", "", &end),
        });
        let button = Button::new("Keep my account", Style::Primary);
        card.main =
            Some(Form::button(self.action, self.csrf_token, button).with("token", self.token).main("flow"));
        card.render()
    }
}

/// The account stays.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Where to sign in.
    pub sign_in_url: &'a str,
}

impl Kept<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, PAGE, "kept", "Your account stays");
        card.icon = Some(Icon::Check);
        card.lead.push(Sentence::plain("The deletion was cancelled. Nothing was removed."));
        card.go = Some(Link::new("Sign in", self.sign_in_url));
        card.render()
    }
}

/// The link was used, is too old, or the account was kept or deleted.
#[derive(Clone, Copy, Debug)]
pub struct KeepLinkUsed<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Where to sign in.
    pub sign_in_url: &'a str,
}

impl KeepLinkUsed<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, PAGE, "used", "This link no longer works");
        card.icon = Some(Icon::Clock);
        card.lead.push(Sentence::plain("The account was kept already, or it is gone. Sign in to see."));
        card.go = Some(Link::new("Sign in", self.sign_in_url));
        card.render()
    }
}
