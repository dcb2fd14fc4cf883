//! `/sign-in/link`: opening a mailed link shows a button; only that button uses the link up.

use super::{Origin, card::Card};
use crate::{
    Context, Link,
    parts::{Button, Form, Icon, Sentence, Style},
};

/// A link that was opened and can be used.
#[derive(Clone, Copy, Debug)]
pub struct SignInLink<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Whose account.
    pub email: &'a str,
    /// Where the button posts.
    pub action: &'a str,
    /// Form token.
    pub csrf_token: &'a str,
    /// The link's token.
    pub token: &'a str,
    /// Who asked for the link, when that was another browser.
    pub other_device: Option<&'a Origin>,
}

impl SignInLink<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = match self.other_device {
            None => Card::new(self.cx, "sign-in-link", "confirm", "Sign in with this link"),
            Some(origin) => {
                let mut card =
                    Card::new(self.cx, "sign-in-link", "confirm_other_device", "Sign in on this device?");
                card.lead.push(Sentence::plain(
                    "The link was asked for in another browser. If you go on, you are signed in here, and not there.",
                ));
                card.facts = origin.facts(self.cx.now);
                card.notices.push(crate::Notice {
                    kind: crate::NoticeKind::Warning,
                    text: "If you did not ask for it, close this page. Nothing happens without the button."
                        .to_owned(),
                });
                card
            }
        };
        card.lead.insert(0, Sentence::with("You are about to sign in as ", self.email, "."));
        let form = Form::button(self.action, self.csrf_token, Button::new("Sign in", Style::Primary))
            .with("method", "link")
            .with("token", self.token);
        card.main = Some(form.main("flow"));
        card.render()
    }
}

/// A link that was used already, or is too old.
#[derive(Clone, Copy, Debug)]
pub struct LinkUsed<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Where to start again.
    pub sign_in_url: &'a str,
}

impl LinkUsed<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, "sign-in-link", "used_or_expired", "This link no longer works");
        card.icon = Some(Icon::Clock);
        card.lead.push(Sentence::plain(format!(
            "A link works once, for {}. Your account is safe; ask for a new one.",
            super::LIFE
        )));
        card.go = Some(Link::new("Sign in again", self.sign_in_url));
        card.render()
    }
}
