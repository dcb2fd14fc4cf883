//! `/organizations/{id}/audit`: what happened, one record, whether the log is whole, and exports.

use askama::Template;
use avnology_model::{Timestamp, audit::ExportFormat, audit::ExportStatus};

use super::{
    Frame, Paging, Tab,
    fields::{day, form, line, options, select},
    frame::At,
    members::Filter,
};
use crate::{
    Link,
    parts::{Button, Field, Form, Style, html},
    when::{When, count},
    words::sentence,
};

/// What the log is narrowed down to, as it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// A part of an action.
    pub action: String,
    /// An id or address.
    pub actor: String,
    /// A result; empty for all.
    pub result: String,
    /// First day.
    pub from: String,
    /// Last day.
    pub until: String,
}

impl AuditFilter {
    fn is_narrow(&self) -> bool {
        *self != Self::default()
    }

    /// The fields by name.
    fn values(&self) -> [(&'static str, &str); 5] {
        [
            ("action", &self.action),
            ("actor", &self.actor),
            ("result", &self.result),
            ("from", &self.from),
            ("until", &self.until),
        ]
    }
}

/// One record of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its own page.
    pub href: String,
    /// When it happened.
    pub at: Timestamp,
    /// The type of the event, as in `organization.member.added`.
    pub action: String,
    /// Who acted.
    pub actor: String,
    /// Upon what; empty for nothing.
    pub target: String,
    /// `success`, `failure` or `denied`.
    pub result: String,
}

/// Whether the records are as they were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainState {
    /// All that were looked at are.
    Whole {
        /// How many.
        checked: i64,
        /// Since when.
        since: Timestamp,
    },
    /// From one on they are not, or one is missing.
    Broken {
        /// Its number.
        sequence: i64,
    },
    /// More than are looked at on a page.
    TooMany,
}

/// A signed state of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The last record that it covers.
    pub sequence: i64,
    /// When it was made.
    pub at: Timestamp,
}

/// The log.
#[derive(Clone, Copy, Debug)]
pub struct AuditLog<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// This page of it.
    pub rows: &'a [AuditRow],
    /// What it is narrowed down to.
    pub filter: &'a AuditFilter,
    /// Other pages.
    pub paging: &'a Paging,
    /// The newest signed state.
    pub signed: Option<Signed>,
    /// What a check found that was just made.
    pub checked: Option<ChainState>,
    /// Where what is shown is exported, for those who may.
    pub export_url: Option<&'a str>,
}

const PAGE: &str = "organization-audit";

impl AuditLog<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let state = match (self.checked, self.rows.is_empty()) {
            (Some(_), _) => "checked",
            (None, true) => "empty",
            (None, false) => "list",
        };
        let at = At::new(Tab::Audit, PAGE, state, "Audit log");
        let mut fields = filter_fields(self.filter);
        self.frame.mark(&mut fields);
        let filter = Filter { action: self.frame.url("/audit"), fields };
        let mut check = form(&self.frame.url("/audit"), self.frame.csrf_token).with("action", "check");
        check.buttons.push(Button::new("Check the last 30 days", Style::Secondary));
        let marked: Vec<&Field> = filter.fields.iter().collect();
        self.frame.page(
            &at,
            &marked,
            &LogContent {
                page: self,
                filter: html(&filter),
                is_narrow: self.filter.is_narrow(),
                all_url: self.frame.url("/audit"),
                rows: self.rows.iter().map(|row| self.row(row)).collect(),
                signed: self.signed.map(|signed| (signed.sequence, When::new(signed.at, self.frame.cx.now))),
                verdict: self.checked.map(|state| verdict(state, self.frame.cx.now)),
                check,
            },
        )
    }

    fn row<'b>(&self, row: &'b AuditRow) -> Row<'b> {
        let (tone, result) = result_words(&row.result);
        Row {
            record: row,
            what: action_words(&row.action),
            when: When::new(row.at, self.frame.cx.now),
            tone,
            result,
        }
    }
}

fn filter_fields(filter: &AuditFilter) -> Vec<Field> {
    let results =
        options(&[("", "All results"), ("success", "Done"), ("failure", "Failed"), ("denied", "Refused")]);
    vec![
        line("action", "Action", &filter.action).plain_optional().most(100),
        line("actor", "Who, by e-mail or id", &filter.actor).plain_optional().most(254),
        select("result", "Result", &filter.result, &results).plain_optional(),
        day("from", "From day (UTC)", &filter.from).plain_optional(),
        day("until", "To day (UTC)", &filter.until).plain_optional(),
    ]
}

/// A verdict: tone of its pill, its word, a sentence.
fn verdict(state: ChainState, now: Timestamp) -> (&'static str, &'static str, String) {
    match state {
        ChainState::Whole { checked: 0, .. } => {
            ("success", "Whole", "There are no records of the last 30 days.".to_owned())
        }
        ChainState::Whole { checked, since } => {
            let records =
                if checked == 1 { "The one record".to_owned() } else { format!("All {checked} records") };
            let since = When::new(since, now).exact();
            let verb = if checked == 1 { "is as it was" } else { "are as they were" };
            ("success", "Whole", format!("{records} since {since} {verb} written, and none is missing."))
        }
        ChainState::Broken { sequence } => (
            "danger",
            "Broken",
            format!(
                "Record {sequence} is missing or is not what was written. Tell whoever looks after this service, and keep \
                 the exports that you have."
            ),
        ),
        ChainState::TooMany => (
            "warning",
            "Not checked",
            "There are more than 100,000 records. Export them with proof and check the file.".to_owned(),
        ),
    }
}

fn result_words(result: &str) -> (&'static str, &'static str) {
    match result {
        "success" => ("success", "Done"),
        "denied" => ("warning", "Refused"),
        _ => ("danger", "Failed"),
    }
}

/// "Member role changed" for `organization.member.role_changed`.
fn action_words(action: &str) -> String {
    let plain = match action.strip_prefix("organization.") {
        Some(rest) if rest.contains('.') => rest,
        _ => action,
    };
    let words = plain.replace(['.', '_'], " ");
    let words = words.replace("api key", "API key").replace("sso ", "SSO ").replace("mfa", "second step");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

struct Row<'a> {
    record: &'a AuditRow,
    what: String,
    when: When,
    tone: &'static str,
    result: &'static str,
}

#[derive(Template)]
#[template(path = "organizations/audit.html")]
struct LogContent<'a> {
    page: &'a AuditLog<'a>,
    filter: String,
    is_narrow: bool,
    all_url: String,
    rows: Vec<Row<'a>>,
    signed: Option<(i64, When)>,
    verdict: Option<(&'static str, &'static str, String)>,
    check: Form,
}

/// Whether one record is as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordState {
    /// It is, and a signed state covers it.
    Signed(Timestamp),
    /// It is, and will be covered within the hour.
    Unsigned,
    /// It is not.
    Broken,
}

/// One record of the log.
#[derive(Clone, Copy, Debug)]
pub struct AuditEvent<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// When it happened.
    pub at: Timestamp,
    /// The type of the event.
    pub action: &'a str,
    /// The result.
    pub result: &'a str,
    /// What is known about it, by name.
    pub facts: &'a [(&'static str, String)],
    /// The particulars, each with its place, as in `member.role`.
    pub particulars: &'a [(String, String)],
    /// Its number and its hash.
    pub place: (i64, &'a str),
    /// Whether it is as it was written.
    pub state: RecordState,
    /// Back to the list.
    pub back_url: &'a str,
}

impl AuditEvent<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let at = At::new(Tab::Audit, "organization-audit-event", "event", &action_words(self.action));
        let (tone, result) = result_words(self.result);
        let (mark, verdict) = match self.state {
            RecordState::Signed(at) => (
                "success",
                format!(
                    "This record is as it was written. A signed state of {} covers it.",
                    When::new(at, self.frame.cx.now).exact()
                ),
            ),
            RecordState::Unsigned => (
                "success",
                "This record is as it was written. A signed state will cover it within the hour.".to_owned(),
            ),
            RecordState::Broken => (
                "danger",
                "This record is not what was written. Tell whoever looks after this service.".to_owned(),
            ),
        };
        let when = When::new(self.at, self.frame.cx.now);
        let content = EventContent { page: self, when, tone, result, mark, verdict };
        self.frame.page(&at, &[], &content)
    }
}

#[derive(Template)]
#[template(path = "organizations/audit_event.html")]
struct EventContent<'a> {
    page: &'a AuditEvent<'a>,
    when: When,
    tone: &'static str,
    result: &'static str,
    mark: &'static str,
    verdict: String,
}

/// The form that begins an export.
#[derive(Clone, Copy, Debug)]
pub struct NewAuditExport<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// What is exported, as far as it was asked for.
    pub filter: &'a AuditFilter,
    /// The format chosen.
    pub format: &'a str,
    /// Whether proof was asked for.
    pub with_proof: bool,
}

impl NewAuditExport<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let at = At::new(Tab::Audit, "organization-audit-export", "form", "Export the audit log");
        let formats = options(&[("CSV", "CSV, for spreadsheets"), ("JSONL", "JSON Lines, for programs")]);
        let mut export = form(&self.frame.url("/audit/exports"), self.frame.csrf_token).main("flow");
        export.fields = filter_fields(self.filter);
        for field in &mut export.fields {
            field.says_optional = matches!(field.name.as_str(), "action" | "actor");
        }
        for field in export.fields.iter_mut().filter(|field| field.name == "from") {
            "Without days, the last 30 are exported.".clone_into(&mut field.hint);
        }
        export.fields.push(select("format", "Format", self.format, &formats).plain_optional());
        let proof = super::fields::check("include_proof", "With proof", self.with_proof);
        export.fields.push(proof.hint("Salts and the newest signed state, to check the file elsewhere."));
        self.frame.mark(&mut export.fields);
        export.buttons.push(Button::new("Begin export", Style::Primary));
        let fields: Vec<&Field> = export.fields.iter().collect();
        let content =
            FormContent { form: html(&export), back: Link::new("Audit log", self.frame.url("/audit")) };
        self.frame.page(&at, &fields, &content)
    }
}

#[derive(Template)]
#[template(path = "organizations/audit_export_form.html")]
struct FormContent {
    form: String,
    back: Link,
}

/// An export, and where its file is.
#[derive(Clone, Copy, Debug)]
pub struct AuditExport<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// Where it stands.
    pub status: ExportStatus,
    /// How it is written.
    pub format: ExportFormat,
    /// Records written so far.
    pub events: i64,
    /// Where the file is, and until when the link is good.
    pub download: Option<(&'a str, Timestamp)>,
    /// Its SHA-256.
    pub sha256: Option<&'a str>,
    /// This page.
    pub url: &'a str,
    /// Until when the file is kept.
    pub kept_until: Timestamp,
}

impl AuditExport<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let (state, heading, words, go) = match (self.status, self.download) {
            (ExportStatus::Complete, Some((url, _))) => (
                "complete",
                "The export is ready",
                "Whoever has the link can read the file without signing in, so pass it on with care.".to_owned(),
                Link::new("Download", url),
            ),
            (ExportStatus::Failed, _) => (
                "failed",
                "The export failed",
                "Nothing was changed. Begin it again; if it fails again, tell whoever looks after this service.".to_owned(),
                Link::new("Begin again", self.frame.url("/audit/exports")),
            ),
            _ => (
                "pending",
                "The export is being written",
                sentence("It goes on when you leave this page. Most take a few seconds"),
                Link::new("Look again", self.url),
            ),
        };
        let format = match self.format {
            ExportFormat::Csv => "CSV",
            ExportFormat::JsonLines => "JSON Lines",
        };
        let at = At::new(Tab::Audit, "organization-audit-export", state, heading);
        let when = |at| When::new(at, self.frame.cx.now);
        self.frame.page(
            &at,
            &[],
            &ExportContent {
                page: self,
                words,
                go,
                format,
                events: count(self.events, "record"),
                link_until: self.download.map(|(_, until)| when(until)),
                kept_until: when(self.kept_until),
                back: Link::new("Audit log", self.frame.url("/audit")),
            },
        )
    }
}

#[derive(Template)]
#[template(path = "organizations/audit_export.html")]
struct ExportContent<'a> {
    page: &'a AuditExport<'a>,
    words: String,
    go: Link,
    format: &'static str,
    events: String,
    link_until: Option<When>,
    kept_until: When,
    back: Link,
}

/// What narrows the log down, as the query of an address.
pub fn audit_query(filter: &AuditFilter) -> String {
    let pairs = filter.values().into_iter().filter(|(_, value)| !value.is_empty());
    let encode = |text: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        text.bytes()
            .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect::<String>()
    };
    let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}={}", encode(value))).collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_told_in_words() {
        for (action, words) in [
            ("organization.member.role_changed", "Member role changed"),
            ("organization.updated", "Organization updated"),
            ("session.login_failed", "Session login failed"),
            ("api_key.created", "API key created"),
            ("", ""),
        ] {
            assert_eq!(action_words(action), words);
        }
    }

    #[test]
    fn an_address_carries_what_was_asked_for() {
        let filter = AuditFilter { actor: "a&b@x.example".to_owned(), ..AuditFilter::default() };
        assert_eq!(audit_query(&filter), "?actor=a%26b%40x.example");
        assert_eq!(audit_query(&AuditFilter::default()), "");
    }
}
