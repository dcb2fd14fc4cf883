//! Signing out at the wish of a client (OpenID Connect RP-Initiated Logout).

use crate::{
    Context, Link, Person,
    flows::card::Card,
    parts::{Button, Form, Icon, Sentence, Style},
};

/// Asks whether to sign out.
#[derive(Clone, Copy, Debug)]
pub struct ClientSignOut<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Who is signed in.
    pub person: &'a Person,
    /// What the client is called that sent the person here.
    pub client: Option<&'a str>,
    /// Where the button posts.
    pub action: &'a str,
    /// Form token.
    pub csrf_token: &'a str,
    /// The request's parameters, sent along.
    pub parameters: &'a [(String, String)],
}

impl ClientSignOut<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, "sign-out", "confirm", "Sign out?");
        card.lead.push(Sentence::with("You are signed in as ", self.person.known_as(), "."));
        if let Some(client) = self.client {
            card.lead.push(Sentence::with("", client, " asks you to sign out here, too."));
        }
        let mut form = Form::button(self.action, self.csrf_token, Button::new("Sign out", Style::Primary));
        form = form.main("sign-out");
        for (name, value) in self.parameters {
            form = form.with(name, value);
        }
        card.main = Some(form);
        card.links.push(Link::new("Stay signed in", "/account"));
        card.render()
    }
}

/// Signed out, and nowhere to go back to.
#[derive(Clone, Copy, Debug)]
pub struct ClientSignedOut<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
}

impl ClientSignedOut<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, "sign-out", "done", "You are signed out");
        card.icon = Some(Icon::Check);
        card.lead.push(Sentence::plain("You can close this page."));
        card.go = Some(Link::new("Sign in again", "/sign-in"));
        card.render()
    }
}
