//! `/account`.

use askama::Template;
use avnology_model::Timestamp;

use crate::{
    Context, Notice, Person,
    layout::Section,
    parts::html,
    when::{When, count},
};

/// The last sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentSignIn {
    /// When.
    pub at: Timestamp,
    /// Browser and system, as in "Firefox on Linux".
    pub device: Option<String>,
    /// Where, as in "near Leeds, GB".
    pub place: Option<String>,
}

/// The overview of an account.
#[derive(Clone, Copy, Debug)]
pub struct Overview<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Whose.
    pub person: &'a Person,
    /// What was just done.
    pub notice: Option<&'a Notice>,
    /// Whether the e-mail is proven.
    pub email_verified: bool,
    /// An address that takes effect once proven.
    pub pending_email: Option<&'a str>,
    /// Where an unproven or pending address is proven.
    pub verify_url: &'a str,
    /// Whether a password is set.
    pub has_password: bool,
    /// When it was last changed, if that is known.
    pub password_changed_at: Option<Timestamp>,
    /// Sessions that work, this one included.
    pub active_sessions: u32,
    /// The last sign-in.
    pub recent_sign_in: Option<&'a RecentSignIn>,
    /// When the account was made.
    pub created_at: Timestamp,
}

impl Overview<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let when = |at| When::new(at, self.cx.now);
        html(&Document {
            cx: self.cx,
            page: "account",
            state: "overview",
            title: "Your account",
            person: self.person,
            section: Section::Overview,
            notice: self.notice,
            overview: self,
            password_changed: self.password_changed_at.map(when),
            recent: self.recent_sign_in.map(|recent| when(recent.at)),
            created: crate::when::day(self.created_at),
            sessions: count(i64::from(self.active_sessions), "device"),
        })
    }
}

#[derive(Template)]
#[template(path = "account/overview.html")]
struct Document<'a> {
    cx: Context<'a>,
    page: &'static str,
    state: &'static str,
    title: &'static str,
    person: &'a Person,
    section: Section,
    notice: Option<&'a Notice>,
    overview: &'a Overview<'a>,
    password_changed: Option<When>,
    recent: Option<When>,
    created: String,
    sessions: String,
}
