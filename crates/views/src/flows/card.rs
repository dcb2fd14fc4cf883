//! The page of the sign-in family: one card with a heading, sentences, one main action and what comes after it.

use askama::Template;

use super::forms::{PasskeyForm, Picture, Secret};
use crate::{
    Context, Link, Notice,
    clients::ClientMark,
    organizations::Home,
    parts::{ErrorSummary, Fact, Form, Icon, Sentence, Value, html},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "card.html")]
pub(crate) struct Card<'a> {
    pub(crate) cx: Context<'a>,
    pub(crate) page: &'static str,
    pub(crate) state: &'a str,
    pub(crate) title: String,
    pub(crate) heading: String,
    pub(crate) icon: Option<Icon>,
    pub(crate) lead: Vec<Sentence>,
    pub(crate) errors: Option<ErrorSummary>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) pictures: Vec<Picture>,
    pub(crate) secrets: Vec<Secret>,
    pub(crate) passkey: Option<PasskeyForm>,
    pub(crate) main: Option<Form>,
    /// A link that is the next step.
    pub(crate) go: Option<Link>,
    /// Other ways, as buttons.
    pub(crate) others: Vec<Form>,
    /// Other ways, as links.
    pub(crate) links: Vec<Link>,
    /// A question and its answer under the card: "New here? Create an account".
    pub(crate) prompt: Option<(&'static str, Link)>,
    /// The stable code of an error.
    pub(crate) error_code: String,
    pub(crate) request_id: String,
    /// The organization that it is about, whose name stands in the place of ours.
    pub(crate) home: Option<Home>,
    /// The client that it is about, beside the brand.
    pub(crate) client: Option<ClientMark>,
    /// Whether it loads the script of pages about teams.
    pub(crate) for_teams: bool,
}

impl<'a> Card<'a> {
    pub(crate) fn new(cx: Context<'a>, page: &'static str, state: &'a str, heading: &str) -> Self {
        Self {
            cx,
            page,
            state,
            title: heading.to_owned(),
            heading: heading.to_owned(),
            icon: None,
            lead: Vec::new(),
            errors: None,
            notices: Vec::new(),
            facts: Vec::new(),
            pictures: Vec::new(),
            secrets: Vec::new(),
            passkey: None,
            main: None,
            go: None,
            others: Vec::new(),
            links: Vec::new(),
            prompt: None,
            error_code: String::new(),
            request_id: String::new(),
            home: None,
            client: None,
            for_teams: false,
        }
    }

    pub(crate) fn render(&self) -> String {
        html(self)
    }

    /// A line with "or" stands between the main form and other ways, but not before mere links.
    fn has_other_ways(&self) -> bool {
        self.others.iter().any(is_way)
    }

    /// The small things to do that stand before the other ways: they go with the main form.
    fn beside(&self) -> &[Form] {
        let begin = self.others.iter().position(is_way).unwrap_or_default();
        self.others.get(..begin).unwrap_or_default()
    }

    /// The other ways, and what follows them.
    fn ways(&self) -> &[Form] {
        self.others.get(self.beside().len()..).unwrap_or_default()
    }

    /// Whether a passkey can be made or used here, or a button leads to that.
    fn uses_passkeys(&self) -> bool {
        let leads_there = |form: &Form| form.buttons.iter().any(|button| button.needs_passkeys);
        self.passkey.is_some() || self.main.iter().any(leads_there)
    }

    /// Whether the main form shows a CAPTCHA.
    fn asks_captcha(&self) -> bool {
        self.main.iter().any(|form| form.captcha.is_some())
    }

    fn has_footer(&self) -> bool {
        let brand = self.cx.brand;
        brand.support_email.is_some() || brand.terms_url.is_some() || brand.privacy_url.is_some()
    }
}

/// Whether a form is another way, and not only a small thing to do.
fn is_way(form: &Form) -> bool {
    form.buttons.iter().any(|button| button.style != crate::parts::Style::Text)
}
