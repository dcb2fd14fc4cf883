//! The answer to a client by a form that posts itself (OAuth 2.0 Form Post Response Mode); without scripts by a button.

use crate::{
    Context,
    flows::card::Card,
    parts::{Button, Form, Hidden, Sentence, Style},
};

/// The form.
#[derive(Clone, Copy, Debug)]
pub struct FormPost<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Where it posts.
    pub action: &'a str,
    /// Names and values.
    pub fields: &'a [(&'static str, String)],
}

impl FormPost<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, "form-post", "answer", "One moment");
        card.lead.push(Sentence::plain("You are taken back to the application."));
        let form = Form {
            action: self.action.to_owned(),
            hidden: self.fields.iter().map(|(name, value)| Hidden::new(name, value)).collect(),
            buttons: vec![Button::new("Continue", Style::Primary)],
            ..Form::default()
        };
        card.main = Some(form.main("flow"));
        card.render()
    }
}
