//! The frame of an organization's pages: header, side navigation by permission, heading, what was done or refused, content.

use askama::Template;
use avnology_model::flows::{Message, MessageId};

use super::Home;
use crate::{
    Context, Notice, Person,
    parts::{ErrorLine, ErrorSummary, Field, Icon, html},
};

/// The pages of an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// What it is, and what is left to do.
    Overview,
    /// Who belongs to it.
    Members,
    /// Who is invited.
    Invitations,
    /// Groups of its members.
    Groups,
    /// What its members may do.
    Roles,
    /// The domains that it holds.
    Domains,
    /// Service accounts and keys.
    Keys,
    /// Who has access to what.
    Permissions,
    /// What happened in it.
    Audit,
    /// How it is kept.
    Settings,
}

impl Tab {
    /// All of them, in the order of the navigation.
    pub const ALL: &'static [Self] = &[
        Self::Overview,
        Self::Members,
        Self::Invitations,
        Self::Groups,
        Self::Roles,
        Self::Domains,
        Self::Keys,
        Self::Permissions,
        Self::Audit,
        Self::Settings,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Members => "Members",
            Self::Invitations => "Invitations",
            Self::Groups => "Groups",
            Self::Roles => "Roles",
            Self::Domains => "Domains",
            Self::Keys => "API keys",
            Self::Permissions => "Permissions",
            Self::Audit => "Audit log",
            Self::Settings => "Settings",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Overview => "",
            Self::Members => "/members",
            Self::Invitations => "/invitations",
            Self::Groups => "/groups",
            Self::Roles => "/roles",
            Self::Domains => "/domains",
            Self::Keys => "/api-keys",
            Self::Permissions => "/permissions",
            Self::Audit => "/audit",
            Self::Settings => "/settings",
        }
    }

    fn icon(self) -> Icon {
        match self {
            Self::Overview => Icon::Home,
            Self::Members => Icon::People,
            Self::Invitations => Icon::Mail,
            Self::Groups => Icon::Stack,
            Self::Roles => Icon::Shield,
            Self::Domains => Icon::Globe,
            Self::Keys => Icon::Key,
            Self::Permissions => Icon::Lock,
            Self::Audit => Icon::List,
            Self::Settings => Icon::Gear,
        }
    }
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The field that it is about; empty for the whole form.
    pub field: String,
    /// Whole sentences: what happened, what to do next.
    pub text: String,
    /// The code, as in `AVNOLOGY_AUTH_305`.
    pub code: String,
}

/// What every page of an organization is told.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Brand, language, time, switcher.
    pub cx: Context<'a>,
    /// Who looks.
    pub person: &'a Person,
    /// The organization.
    pub home: &'a Home,
    /// The pages that the person may see.
    pub tabs: &'a [Tab],
    /// Form token of every form.
    pub csrf_token: &'a str,
    /// What was just done.
    pub notice: Option<&'a Notice>,
    /// What was just refused.
    pub refusals: &'a [Refusal],
}

/// Which page this is.
pub(super) struct At {
    pub(super) tab: Tab,
    pub(super) page: &'static str,
    pub(super) state: &'static str,
    pub(super) heading: String,
}

impl At {
    pub(super) fn new(tab: Tab, page: &'static str, state: &'static str, heading: &str) -> Self {
        Self { tab, page, state, heading: heading.to_owned() }
    }
}

impl Frame<'_> {
    /// The address of a page below the organization's.
    pub(super) fn url(&self, below: &str) -> String {
        format!("{}{below}", self.home.href())
    }

    /// The whole document around the content. `fields` are those that refusals can be about.
    pub(super) fn page(&self, at: &At, fields: &[&Field], content: &impl Template) -> String {
        html(&Document {
            frame: self,
            cx: self.cx,
            person: self.person,
            page: at.page,
            state: at.state,
            title: format!("{} · {}", at.heading, self.home.name),
            at,
            errors: summary(self.refusals, fields),
            content: html(content),
        })
    }

    /// Marks the fields that were refused.
    pub(super) fn mark(&self, fields: &mut [Field]) {
        mark(self.refusals, fields);
    }
}

/// The refusals at the top of the page, those about a field with a link to it.
pub(super) fn summary(refusals: &[Refusal], fields: &[&Field]) -> Option<ErrorSummary> {
    let lines = refusals.iter().map(|refusal| {
        let field = fields.iter().find(|field| field.name == refusal.field);
        ErrorLine {
            text: match field {
                Some(field) => format!("{}: {}", field.label, refusal.text),
                None => refusal.text.clone(),
            },
            code: refusal.code.clone(),
            href: field.map(|field| format!("#{}", field.id)),
            wait: None,
        }
    });
    ErrorSummary { lines: lines.collect() }.some()
}

/// Writes each refusal beside its field.
pub(super) fn mark(refusals: &[Refusal], fields: &mut [Field]) {
    for refusal in refusals {
        if let Some(field) = fields.iter_mut().find(|field| field.name == refusal.field) {
            field.errors.push(Message {
                id: refusal.code.clone(),
                text: refusal.text.clone(),
                ..MessageId::Invalid.into()
            });
        }
    }
}

#[derive(Template)]
#[template(path = "organizations/layout.html")]
struct Document<'a> {
    frame: &'a Frame<'a>,
    cx: Context<'a>,
    person: &'a Person,
    page: &'static str,
    state: &'static str,
    title: String,
    at: &'a At,
    errors: Option<ErrorSummary>,
    content: String,
}
