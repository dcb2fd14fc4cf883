//! `/account/sessions`.

use askama::Template;
use avnology_model::Timestamp;

use crate::{
    Context, Notice, Person,
    layout::Section,
    parts::{Button, Form, Icon, Style, html},
    when::When,
};

/// One session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Browser and system, as in "Firefox on Linux".
    pub device: String,
    /// Whether it is a phone or tablet.
    pub is_mobile: bool,
    /// Where, as in "near Leeds, GB".
    pub place: Option<String>,
    /// Network address of the sign-in.
    pub ip: String,
    /// When it was made.
    pub signed_in_at: Timestamp,
    /// Last use, to the minute.
    pub last_used_at: Timestamp,
    /// The organization that it acts for, where that is to be said.
    pub organization: Option<String>,
    /// Whether it is the one that asks.
    pub is_this: bool,
    /// Where "End session" posts.
    pub end_action: String,
}

/// One device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRow {
    /// Id.
    pub id: String,
    /// Browser and system, or what the person calls it.
    pub name: String,
    /// Whether it is a phone or tablet.
    pub is_mobile: bool,
    /// Where, as in "near Leeds, GB".
    pub place: Option<String>,
    /// Network address of the last sign-in.
    pub ip: String,
    /// Last sign-in or use.
    pub seen_at: Timestamp,
    /// Until when the second factor is skipped there.
    pub trusted_until: Option<Timestamp>,
    /// Whether it is the one that asks.
    pub is_this: bool,
    /// Where "Save" posts.
    pub name_action: String,
    /// Where "Remove" posts.
    pub remove_action: String,
}

/// The sessions and devices of a person.
#[derive(Clone, Copy, Debug)]
pub struct Sessions<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// Whose.
    pub person: &'a Person,
    /// What was just done, such as "The session was ended."
    pub notice: Option<&'a Notice>,
    /// The sessions, this one first.
    pub rows: &'a [SessionRow],
    /// The devices, this one first.
    pub devices: &'a [DeviceRow],
    /// Where "End all other sessions" posts.
    pub end_others_action: &'a str,
    /// Form token of every form.
    pub csrf_token: &'a str,
}

impl Sessions<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut end_others = Form::button(
            self.end_others_action,
            self.csrf_token,
            Button::new("End all other sessions", Style::Danger),
        );
        end_others.id = Some("end-others");
        let has_others = self.rows.iter().any(|row| !row.is_this);
        html(&Document {
            cx: self.cx,
            page: "account-sessions",
            state: "list",
            title: "Sessions",
            person: self.person,
            section: Section::Sessions,
            notice: self.notice,
            rows: self.rows.iter().map(|row| self.row(row)).collect(),
            end_others: has_others.then_some(end_others),
            devices: self.devices.iter().map(|row| self.device(row)).collect(),
            csrf_token: self.csrf_token,
        })
    }

    fn device<'b>(&self, row: &'b DeviceRow) -> ShownDevice<'b> {
        let button = Button { about: row.name.clone(), ..Button::new("Remove", Style::Small) };
        ShownDevice {
            device: row,
            icon: if row.is_mobile { Icon::Phone } else { Icon::Desktop },
            seen: When::new(row.seen_at, self.cx.now),
            trusted: row.trusted_until.map(|until| When::new(until, self.cx.now)),
            remove: Form::button(&row.remove_action, self.csrf_token, button),
        }
    }

    fn row<'b>(&self, row: &'b SessionRow) -> Row<'b> {
        let button =
            Button { about: format!("on {}", row.device), ..Button::new("End session", Style::Small) };
        Row {
            session: row,
            icon: if row.is_mobile { Icon::Phone } else { Icon::Desktop },
            signed_in: When::new(row.signed_in_at, self.cx.now),
            last_used: When::new(row.last_used_at, self.cx.now),
            end: (!row.is_this).then(|| Form::button(&row.end_action, self.csrf_token, button)),
        }
    }
}

struct Row<'a> {
    session: &'a SessionRow,
    icon: Icon,
    signed_in: When,
    last_used: When,
    end: Option<Form>,
}

struct ShownDevice<'a> {
    device: &'a DeviceRow,
    icon: Icon,
    seen: When,
    trusted: Option<When>,
    remove: Form,
}

#[derive(Template)]
#[template(path = "account/sessions.html")]
struct Document<'a> {
    cx: Context<'a>,
    page: &'static str,
    state: &'static str,
    title: &'static str,
    person: &'a Person,
    section: Section,
    notice: Option<&'a Notice>,
    rows: Vec<Row<'a>>,
    end_others: Option<Form>,
    devices: Vec<ShownDevice<'a>>,
    csrf_token: &'a str,
}
