//! `/organizations/new`: "Create a team".

use super::{
    Refusal,
    fields::{form, line},
    frame::{mark, summary},
};
use crate::{
    Context, Link,
    flows::card::Card,
    parts::{Button, Icon, Sentence, Style},
};

/// Whether the address that was asked about is free.
#[derive(Clone, Copy, Debug)]
pub struct SlugPreview<'a> {
    /// Whether the one asked about is.
    pub is_available: bool,
    /// One that is.
    pub suggestion: &'a str,
}

/// The form for a new team.
#[derive(Clone, Copy, Debug)]
pub struct NewTeam<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Form token.
    pub csrf_token: &'a str,
    /// What was entered.
    pub name: &'a str,
    /// What was entered as its address; empty for one made of the name.
    pub slug: &'a str,
    /// What stands before the slug in addresses, as in `https://id.example.com/organizations/`.
    pub prefix: &'a str,
    /// Where the person goes with the new team, who came from there; empty: to its invitations.
    pub return_to: &'a str,
    /// What became of a look at the address.
    pub preview: Option<SlugPreview<'a>>,
    /// What was refused.
    pub refusals: &'a [Refusal],
}

impl NewTeam<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let state = if self.preview.is_some() { "checked" } else { "form" };
        let mut card = Card::new(self.cx, "organization-new", state, "Create a team");
        card.for_teams = true;
        card.lead.push(Sentence::plain(
            "A team shares one place to sign in to and decides together who belongs to it. Your own account stays yours.",
        ));
        let mut main = form("/organizations/new", self.csrf_token).main("flow");
        if !self.return_to.is_empty() {
            main = main.with("return_to", self.return_to);
        }
        let hint = match self.preview {
            Some(SlugPreview { is_available: true, suggestion }) => {
                format!("{}{suggestion} is free.", self.prefix)
            }
            Some(SlugPreview { suggestion, .. }) => {
                format!("This address is taken. {}{suggestion} is free.", self.prefix)
            }
            None => format!("{}…, made of the name if you leave it empty. It stays as it is.", self.prefix),
        };
        main.fields = vec![
            line("name", "Name of the team", self.name).most(100),
            line("slug", "Address", self.slug).optional().most(64).hint(hint),
        ];
        mark(self.refusals, &mut main.fields);
        let fields: Vec<_> = main.fields.iter().collect();
        card.errors = summary(self.refusals, &fields);
        main.buttons.push(Button::new("Create team", Style::Primary));
        main.buttons.push(Button {
            sends: Some(("action".to_owned(), "check".to_owned())),
            ..Button::new("See whether the address is free", Style::Text)
        });
        card.main = Some(main);
        card.links.push(Link::new("Not now", "/account"));
        card.render()
    }
}

/// Why the person cannot make one.
#[derive(Clone, Copy, Debug)]
pub struct NewTeamClosed<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Whether a proven address would help; where that is done.
    pub verify_url: Option<&'a str>,
}

impl NewTeamClosed<'_> {
    /// The page.
    pub fn render(&self) -> String {
        if let Some(url) = self.verify_url {
            let mut card =
                Card::new(self.cx, "organization-new", "verify_address", "Verify your address first");
            card.icon = Some(Icon::Mail);
            card.lead.push(Sentence::plain(
                "Whoever makes a team can be written to. Nothing was made yet; once your address is proven you come back here.",
            ));
            card.go = Some(Link::new("Verify address", url));
            return card.render();
        }
        let mut card = Card::new(self.cx, "organization-new", "closed", "You cannot create a team");
        card.icon = Some(Icon::Lock);
        card.lead.push(Sentence::plain(
            "Teams are made by those who look after this service. Ask them for one; your account stays as it is.",
        ));
        card.go = Some(Link::new("Go to your account", "/account"));
        card.render()
    }
}
