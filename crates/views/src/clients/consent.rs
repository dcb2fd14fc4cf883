//! `/consent`: what a client asks for, on whose behalf, and for which organization.

use avnology_model::clients::ClientAbout;

use super::{mark, words::of_scope};
use crate::{
    Context, Link, Person,
    flows::card::Card,
    organizations::fields::check,
    parts::{Button, Fact, Form, Sentence, Style},
};

/// One scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentScope {
    /// Its name.
    pub name: String,
    /// What its resource says of it.
    pub description: Option<String>,
    /// Whether it can be left out.
    pub is_optional: bool,
}

/// Asks whether a client may have what it asks for.
#[derive(Clone, Copy, Debug)]
pub struct Consent<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Who is asked.
    pub person: &'a Person,
    /// The client.
    pub client: &'a ClientAbout,
    /// The host of the document that describes the client.
    pub comes_from: Option<&'a str>,
    /// The host that the person is sent back to.
    pub goes_to: &'a str,
    /// The organization that it is for.
    pub organization: Option<&'a str>,
    /// What it asks for.
    pub scopes: &'a [ConsentScope],
    /// For which other services.
    pub resources: &'a [String],
    /// Where the form posts.
    pub action: &'a str,
    /// Form token.
    pub csrf_token: &'a str,
    /// The request.
    pub challenge: &'a str,
    /// Signs in as somebody else.
    pub other_account_url: &'a str,
}

impl Consent<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let heading = format!("Allow {}?", self.client.name);
        let mut card = Card::new(self.cx, "consent", "scopes", &heading);
        card.lead.push(Sentence::with("", &self.client.name, " asks for access to your account."));
        card.lead
            .push(Sentence::plain("It will be able to do what is ticked. Leave out what you do not want."));
        card.facts.push(Fact::text("Account", self.person.known_as()));
        if let Some(organization) = self.organization {
            card.facts.push(Fact::text("Organization", organization));
        }
        if !self.resources.is_empty() {
            card.facts.push(Fact::text("For use with", self.resources.join(", ")));
        }
        if let Some(host) = self.comes_from {
            card.facts.push(Fact::text("Described at", host));
        }
        card.facts.push(Fact::text("You go back to", self.goes_to));
        let mut form = Form::button(self.action, self.csrf_token, Button::new("Allow", Style::Primary))
            .main("flow")
            .with("login_challenge", self.challenge);
        form.fields = self.scopes.iter().map(field).collect();
        if let Some(allow) = form.buttons.first_mut() {
            allow.sends = Some(("decision".to_owned(), "accept".to_owned()));
        }
        card.main = Some(form);
        let mut deny =
            Form::button(self.action, self.csrf_token, Button::new("Do not allow", Style::Secondary))
                .with("login_challenge", self.challenge);
        if let Some(button) = deny.buttons.first_mut() {
            button.sends = Some(("decision".to_owned(), "deny".to_owned()));
        }
        card.others.push(deny);
        card.links.push(Link::new("Use another account", self.other_account_url));
        mark::put(&mut card, self.client);
        card.render()
    }
}

pub(super) fn field(scope: &ConsentScope) -> crate::parts::Field {
    let words = scope.description.clone().unwrap_or_else(|| of_scope(&scope.name));
    let mut field = check("scope", &words, true);
    field.id = format!("scope-{}", scope.name.replace([':', '.', '/'], "-"));
    field.value.clone_from(&scope.name);
    field.disabled = !scope.is_optional;
    field
}
