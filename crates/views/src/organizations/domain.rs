//! `/organizations/{id}/domains/{domain}`: the record that proves a domain, and what the domain is good for.

use askama::Template;
use avnology_model::{
    Timestamp,
    organizations::{DomainStatus, RegistrationMode},
};

use super::{
    Frame, Tab,
    fields::{check, form, select},
    frame::At,
    words::domain_status,
};
use crate::{
    parts::{Button, Field, Form, Style},
    when::When,
};

/// How a domain is proven, and how far that came.
#[derive(Clone, Copy, Debug)]
pub struct Proof<'a> {
    /// Whether it is.
    pub status: DomainStatus,
    /// Where the record stands.
    pub name: &'a str,
    /// What it holds.
    pub value: &'a str,
    /// Since when it is proven.
    pub verified_at: Option<Timestamp>,
    /// Last look.
    pub last_checked_at: Option<Timestamp>,
    /// Next look; none until somebody asks.
    pub next_check_at: Option<Timestamp>,
    /// What stood there instead, when somebody has just asked.
    pub found: Option<&'a [String]>,
}

/// A domain of an organization.
#[derive(Clone, Copy, Debug)]
pub struct DomainPage<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// Its name.
    pub domain: &'a str,
    /// Where this page and its forms are.
    pub url: &'a str,
    /// How it is proven.
    pub proof: Proof<'a>,
    /// Whether people with an address there may join by themselves.
    pub auto_join: bool,
    /// Whether an address there leads to the organization's sign-in.
    pub sign_in_routing: bool,
    /// Key of the role of those who join by it; empty for the usual one.
    pub role: &'a str,
    /// The roles that the person may choose, as keys and names.
    pub roles: &'a [(String, String)],
    /// Name of the role that those who join usually get.
    pub usual_role: &'a str,
    /// Who may join.
    pub registration_mode: RegistrationMode,
}

/// The name of the record below its domain, as forms of DNS providers often take it.
fn label(name: &str) -> &str {
    name.split('.').next().unwrap_or_default()
}

impl DomainPage<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let at = At::new(Tab::Domains, "organization-domain", self.proof.status.as_str(), self.domain);
        let is_proven = self.proof.status == DomainStatus::Verified;
        let look =
            self.button("verify", "Check now", if is_proven { Style::Secondary } else { Style::Primary });
        let settings = self.settings(if is_proven { Style::Primary } else { Style::Secondary });
        let (look, settings) =
            if is_proven { (look, settings.main("flow")) } else { (look.main("flow"), settings) };
        let (tone, status) = domain_status(self.proof.status);
        let when = |at: Timestamp| When::new(at, self.frame.cx.now);
        let fields: Vec<&Field> = settings.fields.iter().collect();
        let content = Content {
            back: self.frame.url("/domains"),
            domain: self.domain,
            proof: Evidence {
                proof: self.proof,
                label: label(self.proof.name),
                is_proven,
                tone,
                status,
                verified: self.proof.verified_at.map(when),
                checked: self.proof.last_checked_at.map(when),
                next: self.proof.next_check_at.map(when),
                look,
            },
            is_proven,
            settings: settings.clone(),
            removal_url: format!("{}?remove=true", self.url),
        };
        self.frame.page(&at, &fields, &content)
    }

    fn settings(&self, style: Style) -> Form {
        let mut form = form(self.url, self.frame.csrf_token).with("action", "save");
        let usual = (String::new(), format!("The usual one ({})", self.usual_role));
        let roles: Vec<_> = std::iter::once(usual).chain(self.roles.iter().cloned()).collect();
        form.fields = vec![
            check("auto_join", "People with an address here may join by themselves", self.auto_join)
                .hint(join_hint(self.registration_mode)),
            select("default_role", "Their role", self.role, &roles)
                .plain_optional()
                .hint("Of those who join by this domain without an invitation."),
            check("sign_in_routing", "Addresses here lead to this organization’s sign-in", self.sign_in_routing)
                .hint("Whoever enters one on the sign-in page goes on here. Switch it off for people with accounts of their own."),
        ];
        self.frame.mark(&mut form.fields);
        form.buttons.push(Button::new("Save", style));
        form
    }

    fn button(&self, action: &str, label: &str, style: Style) -> Form {
        Form::button(self.url, self.frame.csrf_token, Button::new(label, style)).with("action", action)
    }
}

/// What joining by a domain means as things are.
fn join_hint(mode: RegistrationMode) -> &'static str {
    match mode {
        RegistrationMode::Public | RegistrationMode::ByInvitationOrDomain => {
            "They need no invitation: who makes an account with a proven address joins, and who has one is offered to."
        }
        RegistrationMode::ByInvitationOnly => {
            "It has no effect now: only people who are invited may join. Change that in the settings."
        }
        RegistrationMode::SsoOnly => {
            "It has no effect now: people join by single sign-on only. Change that in the settings."
        }
        RegistrationMode::Closed => "It has no effect now: nobody may join. Change that in the settings.",
    }
}

/// The record, and what came of looking for it.
#[derive(Template)]
#[template(path = "organizations/proof.html")]
struct Evidence<'a> {
    proof: Proof<'a>,
    label: &'a str,
    is_proven: bool,
    tone: &'static str,
    status: &'static str,
    verified: Option<When>,
    checked: Option<When>,
    next: Option<When>,
    look: Form,
}

#[derive(Template)]
#[template(path = "organizations/domain.html")]
struct Content<'a> {
    back: String,
    domain: &'a str,
    proof: Evidence<'a>,
    is_proven: bool,
    settings: Form,
    removal_url: String,
}
