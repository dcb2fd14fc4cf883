//! `/organizations/{id}/settings`, and the two pages for owners: handing over, deleting.

use askama::Template;
use avnology_model::{
    Timestamp,
    organizations::{RegistrationMode, SessionLimits},
    platform::LoginMethod,
};

use super::{
    Frame, Tab,
    fields::{check, form, line, options, select},
    frame::At,
};
use crate::{
    parts::{Button, Field, Form, Style},
    when::When,
};

/// The settings of an organization.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// Version that the form was made of.
    pub etag: &'a str,
    /// Display name.
    pub name: &'a str,
    /// Who may join.
    pub registration_mode: RegistrationMode,
    /// The domains that let people join by themselves.
    pub auto_join: &'a [String],
    /// Role of those who join without one of their own.
    pub default_role: &'a str,
    /// The roles that can be it, as keys and names.
    pub roles: &'a [(String, String)],
    /// Whether a second factor is asked of everyone.
    pub mfa_required: bool,
    /// The ways to sign in that the service offers, and whether each is allowed here.
    pub methods: &'a [(LoginMethod, bool)],
    /// Shorter session limits.
    pub limits: SessionLimits,
    /// Whether the person may hand over and delete.
    pub is_owner: bool,
}

/// Seconds of an hour and a minute.
const HOUR: u32 = 3_600;
const MINUTE: u32 = 60;

impl Settings<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let at = At::new(Tab::Settings, "organization-settings", "form", "Settings");
        let main = self.main();
        let fields: Vec<&Field> = main.fields.iter().collect();
        self.frame.page(
            &at,
            &fields,
            &Content {
                form: main.clone(),
                preview: join_words(self.registration_mode, self.auto_join),
                ownership_url: self.is_owner.then(|| self.frame.url("/ownership")),
                deletion_url: self.is_owner.then(|| self.frame.url("/deletion")),
            },
        )
    }

    fn main(&self) -> Form {
        let mut main =
            form(&self.frame.url("/settings"), self.frame.csrf_token).with("etag", self.etag).main("flow");
        let modes = options(&[
            ("by_invitation_only", "People who are invited"),
            ("by_invitation_or_domain", "People who are invited, and those at our domains"),
            ("public", "Anyone"),
            ("sso_only", "People who come by single sign-on"),
            ("closed", "Nobody"),
        ]);
        let span = |value: Option<u32>, unit: u32| value.map(|v| (v / unit).to_string()).unwrap_or_default();
        let limit = |name, label, value: Option<u32>, unit| Field {
            inputmode: Some("numeric".to_owned()),
            ..line(name, label, &span(value, unit)).optional().most(6)
        };
        main.fields = vec![
            line("name", "Name", self.name).most(100),
            select("registration_mode", "Who may join", self.registration_mode.as_str(), &modes),
            select("default_role", "Their role", self.default_role, self.roles)
                .hint("Of those who join without an invitation."),
            check("mfa_required", "Ask everyone for a second step when they enter", self.mfa_required)
                .hint("Members without one are asked to set it up, and get in afterwards."),
        ];
        main.fields.extend(self.methods.iter().map(|(method, allowed)| {
            check(
                &format!("method_{}", method.as_str()),
                &format!("Allow to sign in by {}", by(*method)),
                *allowed,
            )
        }));
        main.fields.extend([
            limit(
                "idle_hours",
                "Hours without use after which people sign in again",
                self.limits.idle_timeout_seconds,
                HOUR,
            ),
            limit(
                "absolute_hours",
                "Hours after which everyone signs in again",
                self.limits.absolute_timeout_seconds,
                HOUR,
            ),
            limit(
                "privileged_minutes",
                "Minutes that a sign-in is fresh enough for important changes",
                self.limits.privileged_max_age_seconds,
                MINUTE,
            )
            .hint("Leave these empty for what the service asks for; they can only be shorter."),
        ]);
        self.frame.mark(&mut main.fields);
        main.buttons.push(Button::new("Save settings", Style::Primary));
        main
    }
}

fn by(method: LoginMethod) -> &'static str {
    match method {
        LoginMethod::Password => "password",
        LoginMethod::Passkey => "passkey",
        LoginMethod::Code => "mailed code",
        LoginMethod::Link => "mailed link",
    }
}

/// Who may join as things are, one plain sentence each.
fn join_words(mode: RegistrationMode, auto_join: &[String]) -> Vec<String> {
    let domains = auto_join.join(", ");
    let by_domain = if domains.is_empty() {
        "Nobody else, because no verified domain lets people join by itself yet.".to_owned()
    } else {
        format!("Anyone who proves an address at {domains}, without being asked.")
    };
    let invited = "Whoever accepts an invitation, with the role that it names.".to_owned();
    let added = "Administrators can always add people at verified domains.".to_owned();
    match mode {
        RegistrationMode::Public => {
            vec!["Anyone who has an account, without being asked.".to_owned(), invited, added]
        }
        RegistrationMode::ByInvitationOnly => vec![invited, "Nobody else.".to_owned(), added],
        RegistrationMode::ByInvitationOrDomain => vec![invited, by_domain, added],
        RegistrationMode::SsoOnly => vec![
            "Only people who arrive through your single sign-on.".to_owned(),
            "Invitations stay valid, but must be accepted that way.".to_owned(),
            added,
        ],
        RegistrationMode::Closed => {
            vec!["Nobody. Invitations cannot be sent, and open ones are refused.".to_owned(), added]
        }
    }
}

#[derive(Template)]
#[template(path = "organizations/settings.html")]
struct Content {
    form: Form,
    preview: Vec<String>,
    ownership_url: Option<String>,
    deletion_url: Option<String>,
}

/// Handing an organization over.
#[derive(Clone, Copy, Debug)]
pub struct Ownership<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// Active members who could be the owner, by id and name.
    pub heirs: &'a [(String, String)],
    /// The roles that the present owner can keep, as keys and names.
    pub roles: &'a [(String, String)],
}

impl Ownership<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let state = if self.heirs.is_empty() { "empty" } else { "form" };
        let at = At::new(Tab::Settings, "organization-ownership", state, "Hand over");
        let mut main = form(&self.frame.url("/ownership"), self.frame.csrf_token).main("flow");
        main.fields = vec![
            select("identity_id", "New owner", "", self.heirs),
            select("keep_role", "Your role afterwards", "admin", self.roles),
        ];
        self.frame.mark(&mut main.fields);
        main.buttons.push(Button::new("Hand over", Style::Primary));
        let fields: Vec<&Field> = main.fields.iter().collect();
        let content = OwnershipContent {
            form: (!self.heirs.is_empty()).then(|| main.clone()),
            back: self.frame.url("/settings"),
            invite: self.frame.url("/invitations"),
        };
        self.frame.page(&at, &fields, &content)
    }
}

#[derive(Template)]
#[template(path = "organizations/ownership.html")]
struct OwnershipContent {
    form: Option<Form>,
    back: String,
    invite: String,
}

/// Deleting an organization, and keeping it after all.
#[derive(Clone, Copy, Debug)]
pub struct Deletion<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// How many days it can be taken back.
    pub grace_days: u32,
    /// When it is destroyed, once that was asked for.
    pub scheduled_for: Option<Timestamp>,
}

impl Deletion<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let state = if self.scheduled_for.is_some() { "scheduled" } else { "confirm" };
        let at = At::new(Tab::Settings, "organization-deletion", state, "Delete");
        let action = if self.scheduled_for.is_some() { "restore" } else { "delete" };
        let mut main =
            form(&self.frame.url("/deletion"), self.frame.csrf_token).with("action", action).main("flow");
        if self.scheduled_for.is_some() {
            main.buttons.push(Button::new("Keep this organization", Style::Primary));
        } else {
            main.fields.push(
                line("name", "Its name", "")
                    .most(100)
                    .hint(format!("Type {} to confirm.", self.frame.home.name)),
            );
            main.buttons.push(Button::new("Delete this organization", Style::Primary));
        }
        self.frame.mark(&mut main.fields);
        let fields: Vec<&Field> = main.fields.iter().collect();
        let content = DeletionContent {
            form: main.clone(),
            back: self.frame.url("/settings"),
            days: crate::when::count(i64::from(self.grace_days), "day"),
            scheduled: self.scheduled_for.map(|at| When::new(at, self.frame.cx.now)),
        };
        self.frame.page(&at, &fields, &content)
    }
}

#[derive(Template)]
#[template(path = "organizations/deletion.html")]
struct DeletionContent {
    form: Form,
    back: String,
    days: String,
    scheduled: Option<When>,
}
