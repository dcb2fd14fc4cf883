//! `/sign-out`: asks before it signs out, and says when it is done.

use crate::{
    Context, Link, Person,
    flows::card::Card,
    parts::{Button, Form, Icon, Sentence, Style},
};

/// Asks whether to sign out.
#[derive(Clone, Copy, Debug)]
pub struct SignOut<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Who is signed in.
    pub person: &'a Person,
    /// Where the button posts.
    pub action: &'a str,
    /// Form token.
    pub csrf_token: &'a str,
    /// The way back.
    pub back_url: &'a str,
}

impl SignOut<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, "sign-out", "confirm", "Sign out?");
        card.lead.push(Sentence::with("You are signed in as ", self.person.known_as(), "."));
        let form = Form::button(self.action, self.csrf_token, Button::new("Sign out", Style::Primary));
        card.main = Some(form.main("sign-out"));
        card.links.push(Link::new("Stay signed in", self.back_url));
        card.render()
    }
}

/// Signed out.
#[derive(Clone, Copy, Debug)]
pub struct SignOutDone<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Where to sign in again.
    pub sign_in_url: &'a str,
    /// With which other account this browser is still signed in.
    pub still: Option<&'a Person>,
}

impl SignOutDone<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, "sign-out", "done", "You are signed out");
        card.icon = Some(Icon::Check);
        if let Some(other) = self.still {
            let known_as = other.known_as();
            card.lead.push(Sentence::with("You are still signed in as ", known_as, " with another account."));
            card.go = Some(Link::new("Go on with that account", "/account"));
            card.links.push(Link::new("Sign out of it as well", "/sign-out"));
            return card.render();
        }
        card.lead.push(Sentence::plain("On a shared computer, close the browser as well."));
        card.go = Some(Link::new("Sign in again", self.sign_in_url));
        card.render()
    }
}

/// Signing out did not work.
#[derive(Clone, Copy, Debug)]
pub struct SignOutFailed<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Tries again.
    pub retry_url: &'a str,
    /// The code, as in `AVNOLOGY_AUTH_015`.
    pub code: &'a str,
    /// For support.
    pub request_id: &'a str,
}

impl SignOutFailed<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, "sign-out", "error", "You are still signed in");
        card.icon = Some(Icon::Alert);
        card.lead.push(Sentence::plain(
            "Signing out did not work this time, and nothing was changed. Please try again.",
        ));
        card.go = Some(Link::new("Try again", self.retry_url));
        self.code.clone_into(&mut card.error_code);
        self.request_id.clone_into(&mut card.request_id);
        card.render()
    }
}
