//! A mailed or handed-over link to recover an account: only the button on this page uses it up.

use super::card::Card;
use crate::{
    Context,
    parts::{Button, Form, Sentence, Style},
};

/// A link that was opened and can be used.
#[derive(Clone, Copy, Debug)]
pub struct RecoveryLink<'a> {
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
}

impl RecoveryLink<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, "recovery", "link", "Choose a new password");
        card.lead.push(Sentence::with("This link opens the account of ", self.email, "."));
        card.lead.push(Sentence::plain("Next you choose a new password. Nothing changes until you save it."));
        let form = Form::button(self.action, self.csrf_token, Button::new("Continue", Style::Primary))
            .with("method", "link")
            .with("token", self.token);
        card.main = Some(form.main("flow"));
        card.render()
    }
}
