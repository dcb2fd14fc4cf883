//! `/account/security` with the section of one second factor.

use askama::Template;
use avnology_model::{
    Timestamp,
    flows::{FlowView, Group, RemovedPasskey},
};

use crate::{
    Context, Link, Notice, Person,
    flows::forms::{self, Forms, PasskeyForm, Picture, Secret},
    layout::Section,
    parts::{ErrorSummary, Form, html},
    when::When,
};

/// Which second factor a page is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorSection {
    /// Passkeys.
    Passkeys,
    /// Authenticator app.
    Totp,
    /// Phone that is sent codes.
    Sms,
    /// Backup codes.
    BackupCodes,
}

/// A passkey that a person has.
#[derive(Clone, Debug)]
pub struct PasskeyRow {
    /// Id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What made it, where that is known.
    pub authenticator: Option<String>,
    /// Whether it is on more than one device.
    pub synced: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// Last use.
    pub last_used_at: Option<Timestamp>,
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
    /// The passkeys there are; for the section of passkeys.
    pub passkeys: &'a [PasskeyRow],
    /// The passkey that was removed just now, for the browser to forget.
    pub removed: Option<&'a RemovedPasskey>,
    /// The last digits of the phone that is sent codes, where there is one.
    pub phone: Option<&'a str>,
    /// When another code can be asked for.
    pub resend_at: Option<Timestamp>,
    /// Where to go when it is done.
    pub back_url: &'a str,
}

impl FactorPage<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let group = match self.factor {
            FactorSection::Passkeys => Group::Passkey,
            FactorSection::Totp => Group::Totp,
            FactorSection::Sms => Group::Sms,
            FactorSection::BackupCodes => Group::RecoveryCode,
        };
        let mut forms = forms::of_section(self.flow, group);
        let (state, title, lead) = self.words(&forms);
        self.say_when(&mut forms);
        // Passkeys stand in a list of their own.
        let has_forms = self.factor != FactorSection::Passkeys;
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
            passkeys: self.rows(),
            removed: self.removed,
            phone: self.phone,
            action: &self.flow.ui.action,
            csrf_token: csrf(self.flow),
            passkey: forms.passkey.map(|form| PasskeyForm { alone: false, ..form }),
            form: forms.main.filter(|_| has_forms),
            others: if has_forms { forms.others } else { Vec::new() },
            back: Link::new("Back to security", self.back_url),
        })
    }

    fn rows(&self) -> Vec<Row> {
        let now = self.cx.now;
        let row = |row: &PasskeyRow| Row {
            passkey: row.clone(),
            created: When::new(row.created_at, now),
            used: row.last_used_at.map(|at| When::new(at, now)),
        };
        self.passkeys.iter().map(row).collect()
    }

    /// From when another code can be sent.
    fn say_when(&self, forms: &mut Forms) {
        let at = self.resend_at.filter(|at| *at > self.cx.now).map(|at| When::new(at, self.cx.now));
        let resends = |form: &&mut Form| {
            form.buttons.iter().any(|b| b.sends.as_ref().is_some_and(|(name, _)| name == "resend"))
        };
        for form in forms.others.iter_mut().filter(resends) {
            form.works_from = at;
        }
    }

    /// State, heading and what the page asks for.
    fn words(&self, forms: &Forms) -> (&'static str, &'static str, &'static str) {
        match (self.factor, forms.secrets.is_empty()) {
            (FactorSection::Passkeys, _) => (
                "passkeys",
                "Your passkeys",
                "A passkey signs you in with your fingerprint, face or PIN, and works only on the pages it was made for.",
            ),
            (FactorSection::Totp, false) => {
                ("totp", "Set up an authenticator app", crate::flows::ENROLL_WORDS)
            }
            (FactorSection::Totp, true) => (
                "totp_enrolled",
                "Your authenticator app",
                "When you remove it, you sign in without its code, your backup codes are void, and you are signed out \
                 everywhere else.",
            ),
            (FactorSection::Sms, _) if self.phone.is_some() => (
                "sms_enrolled",
                "Codes by text",
                "When you stop them, you sign in without a code from your phone, your backup codes are void unless you have \
                 another second step, and you are signed out everywhere else.",
            ),
            (FactorSection::Sms, _) => {
                let sent = self.flow.ui.nodes.iter().any(|n| n.group == Group::Sms && n.name() == "code");
                if sent {
                    ("sms_sent", "Check your phone", crate::flows::ENTER_TEXTED)
                } else {
                    ("sms", "Get codes by text", crate::flows::ADD_PHONE)
                }
            }
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

/// A passkey with its times in words.
struct Row {
    passkey: PasskeyRow,
    created: When,
    used: Option<When>,
}

/// The form token of a flow.
fn csrf(flow: &FlowView) -> &str {
    let node = flow.ui.nodes.iter().find(|node| node.name() == "csrf_token");
    node.and_then(|node| node.attributes.value.as_deref()).unwrap_or_default()
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
    passkeys: Vec<Row>,
    removed: Option<&'a RemovedPasskey>,
    phone: Option<&'a str>,
    action: &'a str,
    csrf_token: &'a str,
    passkey: Option<PasskeyForm>,
    form: Option<Form>,
    others: Vec<Form>,
    back: Link,
}
