//! `/account/security`: the password section of a settings flow.

use askama::Template;
use avnology_model::{
    Timestamp,
    flows::{FlowView, Group},
};

use crate::{
    Context, Link, Notice, Person,
    flows::forms,
    layout::Section,
    parts::{ErrorSummary, Form, html},
    when::{When, count},
};

/// What the password card shows.
#[derive(Clone, Copy, Debug)]
pub enum PasswordSection<'a> {
    /// The form: the `password` nodes of a settings flow.
    Form(&'a FlowView),
    /// The sign-in is too old: this login flow comes first.
    StepUp {
        /// Where the login flow is.
        url: &'a str,
    },
}

/// The ways to sign in of a person.
#[derive(Clone, Copy, Debug)]
pub struct Security<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Whose.
    pub person: &'a Person,
    /// What was just done, besides what the flow says.
    pub notice: Option<&'a Notice>,
    /// Whether a password is set.
    pub has_password: bool,
    /// When it was last changed, if that is known.
    pub password_changed_at: Option<Timestamp>,
    /// The form, or what comes before it.
    pub password: PasswordSection<'a>,
    /// How many passkeys there are; none where the tenant offers none.
    pub passkeys: Option<usize>,
    /// Whether an authenticator app is enrolled; none where the tenant offers none.
    pub totp: Option<bool>,
    /// Whether codes are sent to a phone; none where the tenant offers none.
    pub sms: Option<bool>,
    /// Backup codes that are left; none where there are no second factors.
    pub backup_codes: Option<u32>,
}

impl Security<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut page = Document {
            cx: self.cx,
            page: "account-security",
            state: "step_up",
            title: "Security",
            person: self.person,
            section: Section::Security,
            notice: self.notice,
            notices: Vec::new(),
            errors: None,
            has_password: self.has_password,
            changed: self.password_changed_at.map(|at| When::new(at, self.cx.now)),
            step_up: None,
            form: None,
            // The anchor `#password` is the field of that name where there is one.
            anchor: true,
            passkeys: self.passkeys,
            totp: self.totp,
            sms: self.sms,
            backup_codes: self.backup_codes,
        };
        match self.password {
            PasswordSection::StepUp { url } => page.step_up = Some(Link::new("Confirm it is you", url)),
            PasswordSection::Form(flow) => {
                let forms = forms::of_section(flow, Group::Password);
                page.state = flow.state.as_str();
                page.errors = forms.errors;
                page.notices = forms.notices;
                let mut form = forms.main;
                if let Some(form) = &mut form {
                    self.person.known_as().clone_into(&mut form.username);
                }
                page.anchor =
                    !form.as_ref().is_some_and(|form| form.fields.iter().any(|f| f.id == "password"));
                page.form = form;
            }
        }
        html(&page)
    }
}

#[derive(Template)]
#[template(path = "account/security.html")]
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
    has_password: bool,
    changed: Option<When>,
    step_up: Option<Link>,
    form: Option<Form>,
    anchor: bool,
    passkeys: Option<usize>,
    totp: Option<bool>,
    sms: Option<bool>,
    backup_codes: Option<u32>,
}

impl Document<'_> {
    fn asks_for_more(&self) -> bool {
        self.totp == Some(true) || self.sms == Some(true) || self.backup_codes.is_some()
    }

    fn passkeys_held(&self) -> String {
        match self.passkeys {
            None | Some(0) => "You have none yet.".to_owned(),
            Some(held) => format!("You have {}.", count(i64::try_from(held).unwrap_or(i64::MAX), "passkey")),
        }
    }

    fn codes_left(&self) -> String {
        match self.backup_codes {
            Some(0) => "None left. Make new ones.".to_owned(),
            Some(left) => format!(
                "{} left. Each works once, when your phone is not at hand.",
                count(i64::from(left), "code")
            ),
            None => "You have none.".to_owned(),
        }
    }
}
