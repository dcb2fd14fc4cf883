//! `/select-account` and `/select-organization`: with which account, and for which organization.

use avnology_model::clients::ClientAbout;

use super::ClientMark;
use crate::{
    Context, Link, Person,
    flows::card::Card,
    parts::{Button, Form, Sentence, Style},
};

/// Asks with which account to go on.
#[derive(Clone, Copy, Debug)]
pub struct ChooseAccount<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Who is signed in.
    pub person: &'a Person,
    /// Where the button posts.
    pub action: &'a str,
    /// Form token.
    pub csrf_token: &'a str,
    /// The request.
    pub challenge: &'a str,
    /// Signs in as somebody else.
    pub other_account_url: &'a str,
}

impl ChooseAccount<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, "select-account", "list", "Choose an account");
        card.lead.push(Sentence::with("You are signed in as ", self.person.known_as(), "."));
        let words = format!("Go on as {}", self.person.known_as());
        let form = Form::button(self.action, self.csrf_token, Button::new(words, Style::Primary));
        card.main = Some(form.main("flow").with("login_challenge", self.challenge));
        card.links.push(Link::new("Use another account", self.other_account_url));
        card.render()
    }
}

/// An organization to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationChoice {
    /// What is sent.
    pub value: String,
    /// Its name.
    pub name: String,
    /// What the person is there.
    pub role: String,
}

/// Asks for which organization to go on.
#[derive(Clone, Copy, Debug)]
pub struct ChooseOrganization<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The client.
    pub client: &'a ClientAbout,
    /// The person's own.
    pub choices: &'a [OrganizationChoice],
    /// Those that the person is invited to: what is sent, and the name.
    pub invitations: &'a [(String, String)],
    /// Whether none at all can be chosen.
    pub has_personal: bool,
    /// One that can be joined: its name, and what is sent.
    pub to_join: Option<(&'a str, &'a str)>,
    /// Where one can be made.
    pub create_url: Option<&'a str>,
    /// Why the last choice did not work.
    pub refused: Option<&'a str>,
    /// Where the buttons post.
    pub action: &'a str,
    /// Form token.
    pub csrf_token: &'a str,
    /// The request.
    pub challenge: &'a str,
}

impl ChooseOrganization<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = match self.to_join {
            Some((name, _)) => {
                let mut card = Card::new(self.cx, "select-organization", "join", &format!("Join {name}?"));
                card.lead.push(Sentence::with(
                    "",
                    &self.client.name,
                    " asks you to use it for this organization.",
                ));
                card
            }
            None if self.choices.is_empty() && !self.has_personal => {
                let mut card =
                    Card::new(self.cx, "select-organization", "none", "You belong to no organization yet");
                card.lead.push(Sentence::with("", &self.client.name, " is for organizations."));
                card.lead.push(Sentence::plain(match (self.invitations.is_empty(), self.create_url) {
                    (false, _) => "You are invited. Accept to go on.",
                    (true, Some(_)) => {
                        "Ask for an invitation and open it in this browser, or create an organization of your own."
                    }
                    (true, None) => "Ask for an invitation and open it in this browser.",
                }));
                card
            }
            None => {
                let mut card = Card::new(self.cx, "select-organization", "list", "Choose an organization");
                card.lead.push(Sentence::with("", &self.client.name, " opens for the one that you choose."));
                card
            }
        };
        card.client = Some(ClientMark::of(self.client));
        if let Some(words) = self.refused {
            card.notices.push(crate::Notice { kind: crate::NoticeKind::Warning, text: words.to_owned() });
        }
        let mut forms = Vec::new();
        if let Some((name, value)) = self.to_join {
            forms.push(self.form(format!("Join {name}"), "", value));
        }
        for choice in self.choices {
            forms.push(self.form(choice.name.clone(), &format!("as {}", choice.role), &choice.value));
        }
        for (value, name) in self.invitations {
            forms.push(self.form(format!("Accept the invitation to {name}"), "", value));
        }
        if self.has_personal {
            forms.push(self.form("No organization".to_owned(), "", ""));
        }
        let mut forms = forms.into_iter();
        card.main = forms.next().map(|form| {
            let mut form = form.main("flow");
            form.buttons.iter_mut().for_each(|button| button.style = Style::Primary);
            form
        });
        card.others.extend(forms);
        if let Some(url) = self.create_url {
            let link = Link::new("Create an organization", url);
            if card.main.is_none() { card.go = Some(link) } else { card.links.push(link) }
        }
        card.render()
    }

    fn form(&self, label: String, about: &str, value: &str) -> Form {
        let mut button = Button::new(label, Style::Secondary);
        about.clone_into(&mut button.about);
        button.sends = Some(("organization".to_owned(), value.to_owned()));
        Form::button(self.action, self.csrf_token, button).with("login_challenge", self.challenge)
    }
}
