//! `/organizations/{id}/groups/new` and `…/groups/{group}/edit`: what a group is, and its rule.

use askama::Template;

use super::{
    Frame, Tab,
    fields::{form, line, lines, options, select},
    frame::At,
};
use crate::{
    Person,
    parts::{Button, Field, Form, Style},
    when::count,
};

/// What a group is to be, as it was entered or is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupDraft {
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// `static` or `dynamic`.
    pub kind: String,
    /// The rule of a dynamic group.
    pub rule: String,
    /// Key of the role that it gives; empty for none.
    pub role: String,
    /// Version that the form was made of; empty for a new group.
    pub etag: String,
}

/// Whom a rule fits as things are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleTrial {
    /// The first of them.
    pub people: Vec<Person>,
    /// How many there are among those who were tried.
    pub count: usize,
    /// How many members were tried.
    pub tried: usize,
    /// Whether that was everybody.
    pub is_whole: bool,
}

/// The form of a group.
#[derive(Clone, Copy, Debug)]
pub struct GroupForm<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// The group's page; none for a new group.
    pub group_url: Option<&'a str>,
    /// What was entered, or is.
    pub draft: &'a GroupDraft,
    /// The roles that the person may have given, as keys and names.
    pub roles: &'a [(String, String)],
    /// Whom the rule fits, when that was asked.
    pub trial: Option<&'a RuleTrial>,
}

/// What rules look at, and who has it.
const OF_ALL: &[&str] = &[
    "email",
    "first_name",
    "last_name",
    "display_name",
    "locale",
    "timezone",
    "state",
    "create_time",
    "member.role",
    "member.source",
    "member.joined_at",
];
const OF_MANAGED: &[&str] = &[
    "email_verified",
    "phone",
    "username",
    "external_id",
    "traits.…",
    "metadata.public.…",
    "metadata.admin.…",
];

impl GroupForm<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let is_new = self.group_url.is_none();
        let page = if is_new { "organization-group-new" } else { "organization-group-edit" };
        let state = if self.trial.is_some() { "preview" } else { "form" };
        let heading = if is_new { "New group".to_owned() } else { format!("Change {}", self.draft_name()) };
        let at = At::new(Tab::Groups, page, state, &heading);
        let main = self.main();
        let fields: Vec<&Field> = main.fields.iter().collect();
        self.frame.page(
            &at,
            &fields,
            &Content {
                back: self.group_url.map_or_else(|| self.frame.url("/groups"), str::to_owned),
                is_new,
                form: main.clone(),
                trial: self.trial.map(Trial::of),
                of_all: OF_ALL,
                of_managed: OF_MANAGED,
            },
        )
    }

    fn draft_name(&self) -> &str {
        if self.draft.name.is_empty() { "group" } else { &self.draft.name }
    }

    fn main(&self) -> Form {
        let draft = self.draft;
        let action = match self.group_url {
            None => self.frame.url("/groups/new"),
            Some(url) => format!("{url}/edit"),
        };
        let mut main = form(&action, self.frame.csrf_token).with("etag", &draft.etag).main("flow");
        let kinds = options(&[("static", "People"), ("dynamic", "A rule")]);
        let none = (String::new(), "None".to_owned());
        let roles: Vec<_> = std::iter::once(none).chain(self.roles.iter().cloned()).collect();
        main.fields = vec![
            line("name", "Name", &draft.name).most(100),
            lines("description", "What it is for", &draft.description, 2).optional().most(500),
            select("role", "Role that it gives", &draft.role, &roles)
                .plain_optional()
                .hint("Besides each member’s own. A rule gives no role that runs the organization."),
            select("type", "Who decides on its members", &draft.kind, &kinds),
            lines("rule", "Rule", &draft.rule, 3).plain_optional().most(2_000).hint(
                "For groups that a rule decides on, as in locale:\"de*\" AND member.role = \"member\".",
            ),
        ];
        self.frame.mark(&mut main.fields);
        let does = |label: &str, style, action: &str| Button {
            sends: Some(("action".to_owned(), action.to_owned())),
            ..Button::new(label, style)
        };
        let label = if self.group_url.is_none() { "Create group" } else { "Save group" };
        main.buttons.push(does(label, Style::Primary, "save"));
        main.buttons.push(Button { skips_checks: true, ..does("Try the rule", Style::Secondary, "preview") });
        main
    }
}

struct Trial<'a> {
    people: &'a [Person],
    sentence: String,
    more: usize,
}

impl<'a> Trial<'a> {
    fn of(trial: &'a RuleTrial) -> Self {
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let (fit, tried) = (trial.count, count(number(trial.tried), "member"));
        let all = if trial.is_whole { format!("of {tried}") } else { format!("of the first {tried}") };
        let sentence = match fit {
            0 => format!("Nobody {all} fits it now."),
            1 => format!("One {all} fits it now."),
            _ => format!("{fit} {all} fit it now."),
        };
        Self { people: &trial.people, sentence, more: fit.saturating_sub(trial.people.len()) }
    }
}

#[derive(Template)]
#[template(path = "organizations/group_form.html")]
struct Content<'a> {
    back: String,
    is_new: bool,
    form: Form,
    trial: Option<Trial<'a>>,
    of_all: &'static [&'static str],
    of_managed: &'static [&'static str],
}
