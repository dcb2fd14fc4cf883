//! `/account/security` with the section of one second factor.

use askama::Template;
use avnology_model::flows::{FlowView, Group};

use crate::{
    Context, Link, Notice, Person,
    flows::forms::{self, Forms, Picture, Secret},
    layout::Section,
    parts::{ErrorSummary, Form, html},
};

/// Which second factor a page is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorSection {
    /// Authenticator app.
    Totp,
    /// Backup codes.
    BackupCodes,
}

/// One second factor of a person: set up, changed or removed.
#[derive(Clone, Copy, Debug)]
pub struct FactorPage<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Whose.
    pub person: &'a Person,
    /// The settings flow, with the nodes of the section.
    pub flow: &'a FlowView,
    /// The section.
    pub factor: FactorSection,
    /// Where to go when it is done.
    pub back_url: &'a str,
}

impl FactorPage<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let group = match self.factor {
            FactorSection::Totp => Group::Totp,
            FactorSection::BackupCodes => Group::RecoveryCode,
        };
        let forms = forms::of_section(self.flow, group);
        let (state, title, lead) = self.words(&forms);
        html(&Document {
            cx: self.cx,
            page: "account-security",
            state,
            title,
            person: self.person,
            section: Section::Security,
            notice: None,
            notices: forms.notices,
            errors: forms.errors,
            lead,
            pictures: forms.pictures,
            secrets: forms.secrets,
            form: forms.main,
            others: forms.others,
            back: Link::new("Back to security", self.back_url),
        })
    }

    /// State, heading and what the page asks for.
    fn words(&self, forms: &Forms) -> (&'static str, &'static str, &'static str) {
        match (self.factor, forms.secrets.is_empty()) {
            (FactorSection::Totp, false) => {
                ("totp", "Set up an authenticator app", crate::flows::ENROLL_WORDS)
            }
            (FactorSection::Totp, true) => (
                "totp_enrolled",
                "Your authenticator app",
                "When you remove it, you sign in without its code, your backup codes are void, and you are signed out \
                 everywhere else.",
            ),
            (FactorSection::BackupCodes, false) => (
                "recovery_codes",
                "Save your backup codes",
                "Keep them where you find them without your phone: on paper, or in a password manager. Each works once. They \
                 are shown only now.",
            ),
            (FactorSection::BackupCodes, true) if forms.main.is_some() => (
                "recovery_code",
                "Your backup codes",
                "New codes replace all that you have, as soon as you have saved them.",
            ),
            (FactorSection::BackupCodes, true) => {
                ("recovery_code", "Your backup codes", "They come with a second factor. Set one up first.")
            }
        }
    }
}

#[derive(Template)]
#[template(path = "account/factor.html")]
struct Document<'a> {
    cx: Context<'a>,
    page: &'static str,
    state: &'a str,
    title: &'static str,
    person: &'a Person,
    section: Section,
    notice: Option<&'a Notice>,
    notices: Vec<Notice>,
    errors: Option<ErrorSummary>,
    lead: &'static str,
    pictures: Vec<Picture>,
    secrets: Vec<Secret>,
    form: Option<Form>,
    others: Vec<Form>,
    back: Link,
}
