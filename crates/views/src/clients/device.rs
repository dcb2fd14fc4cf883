//! `/device`: what a device without a browser asks for, and the code that it shows.

use avnology_model::{
    clients::ClientAbout,
    flows::{Message, MessageId},
};

use super::{
    OrganizationChoice,
    consent::{ConsentScope, field},
    mark,
};
use crate::{
    Context, Link, Person,
    flows::{Origin, card::Card},
    organizations::fields::{line, select},
    parts::{Button, ErrorSummary, Fact, Form, Icon, Sentence, Style},
};

const PAGE: &str = "device";

/// Why a code did not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeRefused {
    /// There is none like it.
    Wrong,
    /// Too many wrong ones; so many seconds to wait.
    TooMany(u32),
}

/// Asks for the code.
#[derive(Clone, Copy, Debug)]
pub struct EnterCode<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Where the form posts.
    pub action: &'a str,
    /// Form token.
    pub csrf_token: &'a str,
    /// What was entered last.
    pub entered: &'a str,
    /// Why that did not work.
    pub refused: Option<CodeRefused>,
}

impl EnterCode<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, PAGE, "enter_code", "Connect a device");
        card.lead.push(Sentence::plain("Enter the code that your television, tool or other device shows."));
        let mut code = line("user_code", "Code", self.entered).most(32);
        // A refusal takes the focus itself.
        code.autofocus = self.refused.is_none();
        "Eight letters. Capitals and the dash do not matter.".clone_into(&mut code.hint);
        let mut errors = ErrorSummary::default();
        match self.refused {
            Some(CodeRefused::Wrong) => {
                let words = "This code is not right. Compare it with the one on your device";
                let message = Message { text: words.to_owned(), ..MessageId::Invalid.into() };
                errors.add_field("user_code", "Code", &Message { id: String::new(), ..message.clone() });
                code.errors.push(message);
            }
            Some(CodeRefused::TooMany(seconds)) => {
                let words = format!("Too many codes that were not right. Try again in {seconds} seconds");
                errors.add(&Message { text: words, ..MessageId::Invalid.into() });
            }
            None => {}
        }
        card.errors = errors.some();
        let mut form = Form::button(self.action, self.csrf_token, Button::new("Continue", Style::Primary));
        form.fields = vec![code];
        card.main = Some(form.main("flow"));
        card.render()
    }
}

/// Where the tokens will be for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DevicePlace {
    /// Nothing to say.
    Personal,
    /// For this organization.
    Fixed(String),
    /// For this organization, which the person joins.
    Join(String),
    /// As the person says.
    Choice {
        /// Their own.
        choices: Vec<OrganizationChoice>,
        /// Whether none can be chosen.
        has_personal: bool,
        /// What is chosen at first.
        chosen: String,
    },
    /// The client wants an organization, and there is none.
    Missing,
}

/// Asks whether a device may have what it asks for.
#[derive(Clone, Copy, Debug)]
pub struct ConfirmDevice<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Who is asked.
    pub person: &'a Person,
    /// The code that the device shows.
    pub user_code: &'a str,
    /// The client.
    pub client: &'a ClientAbout,
    /// What kind of program asked, where and when.
    pub origin: &'a Origin,
    /// What it asks for.
    pub scopes: &'a [ConsentScope],
    /// For which other services.
    pub resources: &'a [String],
    /// Where the tokens will be for.
    pub place: &'a DevicePlace,
    /// Why the last answer did not work.
    pub refused: Option<&'a str>,
    /// Where the forms post.
    pub action: &'a str,
    /// Form token.
    pub csrf_token: &'a str,
    /// Signs in as somebody else.
    pub other_account_url: &'a str,
}

impl ConfirmDevice<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let heading = format!("Connect {}?", self.client.name);
        let mut card = Card::new(self.cx, PAGE, "confirm", &heading);
        card.lead.push(Sentence::with("Go on only if your device shows the code ", self.user_code, "."));
        card.lead.push(Sentence::plain(
            "If somebody sent you this code, do not allow it: they would get into your account.",
        ));
        if let Some(words) = self.refused {
            card.notices.push(crate::Notice { kind: crate::NoticeKind::Warning, text: words.to_owned() });
        }
        card.facts = self.facts();
        let mut form = Form::button(self.action, self.csrf_token, Button::new("Allow", Style::Primary))
            .main("flow")
            .with("user_code", self.user_code);
        form.fields.extend(self.choice());
        form.fields.extend(self.scopes.iter().map(field));
        let is_missing = *self.place == DevicePlace::Missing;
        // The only answer that there is comes first.
        let style = if is_missing { Style::Primary } else { Style::Secondary };
        let mut deny = Form::button(self.action, self.csrf_token, Button::new("Do not allow", style))
            .with("user_code", self.user_code);
        decides(&mut form, "accept");
        decides(&mut deny, "deny");
        if is_missing {
            let words =
                "You belong to no organization for which this could be used. Ask for an invitation first.";
            card.notices.push(crate::Notice { kind: crate::NoticeKind::Warning, text: words.to_owned() });
            card.main = Some(deny.main("flow"));
        } else {
            card.main = Some(form);
            card.others.push(deny);
        }
        card.links.push(Link::new("Use another account", self.other_account_url));
        mark::put(&mut card, self.client);
        card.render()
    }

    fn facts(&self) -> Vec<Fact> {
        let mut facts = vec![Fact::text("Account", self.person.known_as())];
        match self.place {
            DevicePlace::Fixed(name) => facts.push(Fact::text("Organization", name.as_str())),
            DevicePlace::Join(name) => {
                facts.push(Fact::text("Organization", format!("{name}, which you will join")));
            }
            DevicePlace::Personal | DevicePlace::Choice { .. } | DevicePlace::Missing => {}
        }
        facts.extend(self.origin.facts_of("Asked by", self.cx.now));
        if !self.resources.is_empty() {
            facts.push(Fact::text("For use with", self.resources.join(", ")));
        }
        facts
    }

    fn choice(&self) -> Option<crate::parts::Field> {
        let DevicePlace::Choice { choices, has_personal, chosen } = self.place else { return None };
        let mut options: Vec<(String, String)> = Vec::new();
        if *has_personal {
            options.push((String::new(), "No organization".to_owned()));
        }
        options
            .extend(choices.iter().map(|one| (one.value.clone(), format!("{}, as {}", one.name, one.role))));
        Some(select("organization", "For", chosen, &options).plain_optional())
    }
}

fn decides(form: &mut Form, decision: &str) {
    if let Some(button) = form.buttons.first_mut() {
        button.sends = Some(("decision".to_owned(), decision.to_owned()));
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceEnd {
    /// The device gets its tokens.
    Done,
    /// It gets none.
    Denied,
    /// It waits no more.
    Expired,
}

/// Tells how it ended.
#[derive(Clone, Copy, Debug)]
pub struct DeviceEnded<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// How.
    pub end: DeviceEnd,
}

impl DeviceEnded<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let (state, heading, words, icon) = match self.end {
            DeviceEnd::Done => (
                "done",
                "Your device is connected",
                "It goes on by itself in a few seconds. You can close this page.",
                Icon::Check,
            ),
            DeviceEnd::Denied => {
                ("denied", "Nothing was allowed", "The device gets no access to your account.", Icon::Info)
            }
            DeviceEnd::Expired => (
                "expired",
                "This code is used or too old",
                "Start again on your device: it shows a new code.",
                Icon::Alert,
            ),
        };
        let mut card = Card::new(self.cx, PAGE, state, heading);
        card.icon = Some(icon);
        card.lead.push(Sentence::plain(words));
        match self.end {
            DeviceEnd::Done => card.links.push(Link::new("See what has access", "/account")),
            DeviceEnd::Denied => card.links.push(Link::new("Go to your account", "/account")),
            DeviceEnd::Expired => card.go = Some(Link::new("Enter another code", "/device")),
        }
        card.render()
    }
}
