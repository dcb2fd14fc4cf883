//! `/organizations/{id}/permissions`: who has access to something, and why.

use askama::Template;
use avnology_model::{
    organizations::MemberState,
    permissions::{Reason, Relation, Thing},
};

use super::{
    Frame, Paging, Tab,
    access_words::{Piece, sentences, target, thing},
    fields::{line, select},
    frame::At,
    members::Filter,
    words::member_state,
};
use crate::{
    Person,
    parts::{Field, html},
};

/// What is asked, as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessFields {
    /// Namespace.
    pub namespace: String,
    /// Object.
    pub object: String,
    /// Relation or permit.
    pub relation: String,
    /// One person; empty for everybody.
    pub subject: String,
}

/// A namespace that can be asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessNamespace {
    /// Name.
    pub name: String,
    /// Whether it belongs to the product.
    pub built_in: bool,
    /// What can be asked of its objects.
    pub relations: Vec<String>,
}

/// A person or program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolderCard {
    /// Its namespace and id, and what it is called.
    pub thing: Thing,
    /// The member.
    pub person: Option<Person>,
    /// Where the membership stands.
    pub state: Option<MemberState>,
}

/// The way to somebody's access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessWay {
    /// Step by step; none where only absence speaks for it.
    Known(Vec<Reason>),
    /// Longer than is looked at.
    TooFar,
}

/// Somebody who has access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessHolder {
    /// Who.
    pub card: HolderCard,
    /// Why.
    pub way: AccessWay,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessFound {
    /// Everybody who has access.
    Holders {
        /// The object.
        of: Thing,
        /// The relation or permit.
        relation: Relation,
        /// This page of them.
        rows: Vec<AccessHolder>,
        /// How many people.
        people: usize,
        /// How many programs.
        programs: usize,
        /// Whoever is signed in, if so: why, how many are excepted, and the first of them.
        everybody: Option<(AccessWay, usize, Vec<HolderCard>)>,
    },
    /// Whether one has.
    Verdict {
        /// The object.
        of: Thing,
        /// The relation or permit.
        relation: Relation,
        /// Who.
        card: HolderCard,
        /// Whether.
        allowed: bool,
        /// Why.
        way: AccessWay,
        /// What was looked at and not found.
        looked: Vec<(Thing, Relation)>,
    },
}

/// Who has access to something.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// What is asked.
    pub fields: &'a AccessFields,
    /// What can be asked about.
    pub namespaces: &'a [AccessNamespace],
    /// Objects to suggest.
    pub objects: &'a [String],
    /// What came of it.
    pub found: Option<&'a AccessFound>,
    /// Other pages.
    pub paging: &'a Paging,
}

impl Access<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let state = match self.found {
            _ if !self.frame.refusals.is_empty() => "refused",
            None => "ask",
            Some(AccessFound::Verdict { .. }) => "verdict",
            Some(AccessFound::Holders { rows, everybody: None, .. }) if rows.is_empty() => "nobody",
            Some(AccessFound::Holders { .. }) => "list",
        };
        let at = At::new(Tab::Permissions, "organization-permissions", state, "Who has access");
        let mut fields = self.form_fields();
        self.frame.mark(&mut fields);
        let filter = Filter { action: self.frame.url("/permissions"), fields };
        let marked: Vec<&Field> = filter.fields.iter().collect();
        let content = Content {
            page: self,
            filter: html(&filter),
            found: self.found.map(Shown::of),
            areas: if self.found.is_none() { self.areas() } else { Vec::new() },
            is_chosen: self
                .chosen()
                .is_some_and(|chosen| !chosen.built_in || !self.fields.relation.is_empty()),
        };
        self.frame.page(&at, &marked, &content)
    }

    fn chosen(&self) -> Option<&AccessNamespace> {
        self.namespaces.iter().find(|namespace| namespace.name == self.fields.namespace)
    }

    fn form_fields(&self) -> Vec<Field> {
        let AccessFields { namespace, object, relation, subject } = self.fields;
        let names: Vec<(String, String)> =
            self.namespaces.iter().map(|one| (one.name.clone(), one.name.clone())).collect();
        let relations: Vec<String> = match self.chosen() {
            Some(chosen) => chosen.relations.clone(),
            None => Vec::new(),
        };
        vec![
            select("namespace", "Namespace", namespace, &names).plain_optional(),
            line("object", "Object", object).plain_optional().most(255).suggesting(self.objects.to_vec()),
            line("relation", "Relation or permit", relation).plain_optional().most(128).suggesting(relations),
            line("subject", "Only this person", subject)
                .plain_optional()
                .most(254)
                .hint("Address or id. Empty for everybody."),
        ]
    }

    /// What can be asked, each with a link that fills the form.
    fn areas(&self) -> Vec<Area> {
        let area = |namespace: &AccessNamespace| {
            let (words, object) = match namespace.name.as_str() {
                "organizations" => ("Roles here", format!("&object={}", self.frame.home.slug)),
                "groups" => ("Groups", String::new()),
                _ => ("", String::new()),
            };
            let link = |relation: &String| {
                let asked = format!("/permissions?namespace={}&relation={relation}{object}", namespace.name);
                (relation.clone(), self.frame.url(&asked))
            };
            let links = namespace.relations.iter().map(link).collect();
            Area { name: namespace.name.clone(), words, links, is_own: !namespace.built_in }
        };
        self.namespaces.iter().map(area).collect()
    }
}

struct Area {
    name: String,
    words: &'static str,
    links: Vec<(String, String)>,
    is_own: bool,
}

struct Row<'a> {
    holder: &'a HolderCard,
    name: Vec<Piece>,
    kind: &'static str,
    pill: Option<(&'static str, &'static str)>,
    why: Way,
}

/// A way in words.
struct Way {
    steps: Vec<Vec<Piece>>,
    is_too_far: bool,
}

impl Way {
    fn of(way: &AccessWay) -> Self {
        match way {
            AccessWay::Known(reasons) => Self { steps: sentences(reasons), is_too_far: false },
            AccessWay::TooFar => Self { steps: Vec::new(), is_too_far: true },
        }
    }
}

impl<'a> Row<'a> {
    fn of(holder: &'a HolderCard, way: &AccessWay) -> Self {
        let kind = match holder.thing.namespace.as_str() {
            "identities" if holder.person.is_none() => "Not a member",
            "service_accounts" => "Service account",
            "clients" => "Application",
            _ => "",
        };
        let pill = holder.state.filter(|state| *state != MemberState::Active).map(member_state);
        Self { name: vec![thing(&holder.thing)], holder, kind, pill, why: Way::of(way) }
    }
}

enum Shown<'a> {
    Holders {
        target: Vec<Piece>,
        rows: Vec<Row<'a>>,
        count: String,
        everybody: Option<(Way, usize, Vec<Vec<Piece>>)>,
    },
    Verdict {
        target: Vec<Piece>,
        row: Row<'a>,
        allowed: bool,
        looked: Vec<Vec<Piece>>,
    },
}

impl<'a> Shown<'a> {
    fn of(found: &'a AccessFound) -> Self {
        match found {
            AccessFound::Holders { of, relation, rows, people, programs, everybody } => Self::Holders {
                target: target(of, relation),
                rows: rows.iter().map(|row| Row::of(&row.card, &row.way)).collect(),
                count: count(*people, *programs, everybody.is_some()),
                everybody: everybody.as_ref().map(|(way, excepted, except)| {
                    (Way::of(way), *excepted, except.iter().map(|card| vec![thing(&card.thing)]).collect())
                }),
            },
            AccessFound::Verdict { of, relation, card, allowed, way, looked } => Self::Verdict {
                target: target(of, relation),
                row: Row::of(card, way),
                allowed: *allowed,
                looked: looked.iter().map(|(of, relation)| target(of, relation)).collect(),
            },
        }
    }
}

fn count(people: usize, programs: usize, is_everybody: bool) -> String {
    let of = |number: usize, one: &str, many: &str| match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    };
    let people_words = of(people, "person", "people");
    let all = match programs {
        0 => people_words,
        _ => format!("{people_words} and {}", of(programs, "program", "programs")),
    };
    if is_everybody { format!("Everybody who is signed in; named besides: {all}") } else { all }
}

#[derive(Template)]
#[template(path = "organizations/access.html")]
struct Content<'a> {
    page: &'a Access<'a>,
    filter: String,
    found: Option<Shown<'a>>,
    areas: Vec<Area>,
    is_chosen: bool,
}
