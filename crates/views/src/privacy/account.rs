//! `/account/privacy`.

use askama::Template;
use avnology_model::{
    Timestamp,
    privacy::{DeletionReason, PrivacyExportStatus},
};

use super::words::size;
use crate::{
    Context, Link, Notice, Person,
    layout::Section,
    organizations::fields::{check, lines, select},
    parts::{Button, Form, Style, html},
    when::When,
};

/// A category of data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryRow {
    /// Name.
    pub title: String,
    /// What it is.
    pub description: String,
    /// What it is for.
    pub purpose: String,
    /// How long it is kept.
    pub retention: String,
}

/// The newest copy of the person's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportCard {
    /// Where it stands.
    pub status: PrivacyExportStatus,
    /// From 0 to 100.
    pub progress: i64,
    /// Where the file is.
    pub download_url: Option<String>,
    /// Bytes of the file.
    pub size: Option<i64>,
    /// Until when the file is kept.
    pub kept_until: Timestamp,
}

/// An organization that nobody else owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// Its name.
    pub name: String,
    /// Where it is handed over or deleted.
    pub url: String,
}

/// What was entered about a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletionForm {
    /// Why.
    pub reason: DeletionReason,
    /// In their words.
    pub note: String,
    /// Whether all sessions end.
    pub revoke_sessions: bool,
    /// Whether a sign-in cancels it.
    pub cancel_on_login: bool,
}

impl Default for DeletionForm {
    fn default() -> Self {
        Self {
            reason: DeletionReason::Other,
            note: String::new(),
            revoke_sessions: false,
            cancel_on_login: true,
        }
    }
}

/// What is held about a person, and what they have a say in.
#[derive(Clone, Copy, Debug)]
pub struct Privacy<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Whose.
    pub person: &'a Person,
    /// What was just done or refused.
    pub notice: Option<&'a Notice>,
    /// Form token of every form.
    pub csrf_token: &'a str,
    /// Where to sign in once more, when that is needed for a copy or a deletion.
    pub step_up_url: Option<&'a str>,
    /// The newest copy.
    pub export: Option<&'a ExportCard>,
    /// When they objected to the sale of their data.
    pub opted_out_at: Option<Timestamp>,
    /// When the account goes, and whether they can cancel that.
    pub deletion: Option<(Timestamp, bool)>,
    /// What was entered about a deletion.
    pub form: &'a DeletionForm,
    /// Organizations that stand in the way of a deletion.
    pub owned: &'a [Owned],
    /// How long a deletion waits, in days.
    pub grace_days: u32,
    /// What is held.
    pub categories: &'a [CategoryRow],
}

impl Privacy<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let button = |action: &str, label: &str, style| {
            Form::button(action, self.csrf_token, Button::new(label, style))
        };
        let is_running = self.export.is_some_and(|export| {
            matches!(export.status, PrivacyExportStatus::Pending | PrivacyExportStatus::Running)
        });
        let is_fresh = self.step_up_url.is_none();
        let copy = (!is_running && is_fresh).then(|| {
            let label = if self.export.is_some() { "Make a new copy" } else { "Make a copy" };
            Form { id: Some("export"), ..button("/account/privacy/export", label, Style::Secondary) }
        });
        let object = self.opted_out_at.is_none().then(|| Form {
            id: Some("opt-out"),
            ..button("/account/privacy/opt-out", "Do not sell my data", Style::Secondary)
        });
        let keep = self.deletion.filter(|(_, is_own)| *is_own).map(|_| Form {
            id: Some("keep"),
            ..button("/account/privacy/keep", "Keep my account", Style::Secondary)
        });
        let may_delete = self.deletion.is_none() && self.owned.is_empty() && is_fresh;
        html(&Document {
            cx: self.cx,
            page: "account-privacy",
            state: if self.deletion.is_some() { "scheduled" } else { "overview" },
            title: "Privacy",
            person: self.person,
            section: Section::Privacy,
            notice: self.notice,
            view: self,
            copy,
            is_running,
            object,
            keep,
            delete: may_delete.then(|| self.delete()),
            step_up: self.step_up_url.map(|url| Link::new("Confirm it is you", url)),
            kept_until: self.export.map(|export| When::new(export.kept_until, self.cx.now)),
            size: self.export.and_then(|export| export.size).map(size).unwrap_or_default(),
            opted_out: self.opted_out_at.map(|at| When::new(at, self.cx.now)),
            goes: self.deletion.map(|(at, _)| When::new(at, self.cx.now)),
            grace: crate::when::count(i64::from(self.grace_days), "day"),
        })
    }

    fn download_url(&self) -> Option<&str> {
        self.export.and_then(|export| export.download_url.as_deref())
    }

    fn delete(&self) -> Form {
        let reasons = [
            (DeletionReason::Other, "Another reason"),
            (DeletionReason::PrivacyConcern, "I do not want my data here"),
            (DeletionReason::DuplicateAccount, "I have another account"),
            (DeletionReason::Unused, "I do not use it"),
        ];
        let reasons: Vec<_> =
            reasons.iter().map(|(reason, label)| (reason.to_string(), (*label).to_owned())).collect();
        let mut note = lines("note", "In your words", &self.form.note, 3).optional();
        note.maxlength = Some(1_000);
        let form = Form::button(
            "/account/privacy/delete",
            self.csrf_token,
            Button::new("Delete my account", Style::Danger),
        );
        Form {
            id: Some("delete"),
            fields: vec![
                select("reason", "Why do you leave?", self.form.reason.as_str(), &reasons),
                note,
                check("revoke_sessions", "Sign me out everywhere now", self.form.revoke_sessions),
                check(
                    "cancel_on_login",
                    "Keep my account if I sign in again before then",
                    self.form.cancel_on_login,
                ),
            ],
            ..form
        }
    }
}

#[derive(Template)]
#[template(path = "account/privacy.html")]
struct Document<'a> {
    cx: Context<'a>,
    page: &'static str,
    state: &'static str,
    title: &'static str,
    person: &'a Person,
    section: Section,
    notice: Option<&'a Notice>,
    view: &'a Privacy<'a>,
    copy: Option<Form>,
    is_running: bool,
    object: Option<Form>,
    keep: Option<Form>,
    delete: Option<Form>,
    step_up: Option<Link>,
    kept_until: Option<When>,
    size: String,
    opted_out: Option<When>,
    goes: Option<When>,
    grace: String,
}
