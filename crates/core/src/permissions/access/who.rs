//! Everybody who has a relation or permit, or one of them, each with the way that leads there.

use std::sync::Arc;

use avnology_aip::{
    Expr,
    filter::{FieldPath, Op, Restriction, Value},
};
use avnology_model::{
    Code, Error, FieldCode, Result,
    identities::Email,
    ids::GroupId,
    organizations::MemberState,
    permissions::{Relation, Thing},
};
use avnology_rebac::{Explanation, QueryError, Question, Subject, canonical_namespace};
use avnology_store::list::ListQuery;

use super::{
    names::Names,
    reasons::{Target, Why, named, why},
};
use crate::{
    Cx, Tenant,
    organizations::{self, Acting, MemberCard},
    permissions::{Asker, Parts, input, memory::View, questions::aside},
};

/// Whose names are listed: people first.
const KINDS: [&str; 3] = ["identities", "service_accounts", "clients"];

/// What somebody asks, as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessQuestion {
    /// Namespace.
    pub namespace: String,
    /// Object: an id; of an organization also the slug, of a group also the name.
    pub object: String,
    /// Relation or permit.
    pub relation: String,
    /// One person or program, by address or id; empty for everybody.
    pub subject: String,
}

/// A person or a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// Its namespace and id.
    pub thing: Thing,
    /// The card of a member.
    pub member: Option<MemberCard>,
    /// Where the membership stands.
    pub state: Option<MemberState>,
}

/// Somebody who has access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Who.
    pub who: Who,
    /// Why.
    pub why: Why,
}

/// That whoever is signed in has access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Everybody {
    /// Why.
    pub why: Why,
    /// How many are excepted.
    pub excepted: usize,
    /// The first of them.
    pub except: Vec<Who>,
}

/// Who has access: all of them, a page at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holders {
    /// The object.
    pub of: Thing,
    /// The relation or permit.
    pub relation: Relation,
    /// This page.
    pub holders: Vec<Holder>,
    /// How many people there are.
    pub people: usize,
    /// How many programs.
    pub programs: usize,
    /// Whoever is signed in, if so.
    pub everybody: Option<Everybody>,
    /// The last of this page, when more come behind it.
    pub next: Option<String>,
}

/// Whether one has access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The object.
    pub of: Thing,
    /// The relation or permit.
    pub relation: Relation,
    /// Who was asked about; an id that is nobody's card stands for itself.
    pub who: Who,
    /// Whether it has.
    pub allowed: bool,
    /// Why, when it has.
    pub why: Why,
    /// What was looked at and not found, when it has not.
    pub looked: Vec<(Thing, Relation)>,
}

/// What is asked, looked up.
struct Asked {
    namespace: String,
    object: String,
    relation: String,
}

impl Asked {
    fn target(&self) -> Target<'_> {
        (&self.namespace, &self.object, &self.relation)
    }
}

fn unknown(field: &str, message: String) -> Error {
    Error::new(Code::PermissionUnknown).with_field(field, FieldCode::NotFound, message)
}

async fn read(
    app: &Arc<Tenant>,
    cx: &Cx,
    asker: &Asker,
    view: &View,
    question: &AccessQuestion,
) -> Result<Asked> {
    let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let given = filled(&question.namespace);
    let schema = view.snapshot.schema();
    let namespace = given.ok_or_else(|| input::required("namespace"))?;
    let namespace = canonical_namespace(&namespace).to_owned();
    let Some(found) = schema.namespace(&namespace) else {
        return Err(unknown("namespace", format!("There is no namespace “{namespace}”.")));
    };
    let relation = filled(&question.relation).ok_or_else(|| input::required("relation"))?;
    if !found.has(&relation) {
        let names = found.relations.iter().map(|relation| &relation.name);
        let names: Vec<String> =
            names.chain(found.permits.iter().map(|permit| &permit.name)).map(ToString::to_string).collect();
        let known = if names.is_empty() { String::new() } else { format!(" It has: {}.", names.join(", ")) };
        return Err(unknown("relation", format!("“{namespace}” has no “{relation}”.{known}")));
    }
    let object = filled(&question.object).ok_or_else(|| input::required("object"))?;
    let object = match group_named(app, asker, &namespace, &object).await? {
        Some(id) => id.to_string(),
        None => input::object(app, cx, &namespace, Some(&object), "").await?,
    };
    asker.check_own(view, &namespace, &object)?;
    Ok(Asked { namespace, object, relation })
}

/// The group that is called so. `_902` where none is.
async fn group_named(app: &Tenant, asker: &Asker, namespace: &str, text: &str) -> Result<Option<GroupId>> {
    if namespace != "groups" {
        return Ok(None);
    }
    if let Ok(id) = text.parse() {
        return Ok(Some(id));
    }
    let query = only("name", text);
    let found = organizations::list_groups(app, asker.acting()?, query).await?;
    match found.groups.first() {
        Some(group) => Ok(Some(group.id)),
        None => {
            Err(Error::field("object", FieldCode::NotFound, format!("No group here is called “{text}”.")))
        }
    }
}

fn only(field: &str, text: &str) -> ListQuery {
    let field = FieldPath(field.split('.').map(str::to_owned).collect());
    let value = Value::Text(text.to_owned());
    let filter = Some(Expr::Restriction(Restriction { field, op: Op::Eq, value }));
    ListQuery { filter, page_size: 1, ..ListQuery::default() }
}

/// The subject that is written: by address a member, or anything that the API takes.
async fn subject(app: &Arc<Tenant>, cx: &Cx, acting: &Acting, view: &View, text: &str) -> Result<Subject> {
    if let Ok(email) = Email::parse(text) {
        let found = organizations::list_members(app, acting, only("identity.email", email.as_str())).await?;
        let Some(member) = found.members.first() else {
            let words = "No member has this address. Use the id of whoever is none.";
            return Err(Error::field("subject", FieldCode::NotFound, words));
        };
        return Ok(Subject::identity(member.identity_id.to_string()));
    }
    let parts = Parts { subject: Some(text.to_owned()), ..Parts::default() };
    let found = input::subject(app, cx, view, &parts, "").await?;
    found.ok_or_else(|| input::required("subject"))
}

type Explained = Result<Explanation, QueryError>;

/// What a list found: everybody's namespace and id, with the way of those on the page.
struct Found {
    page: Vec<(&'static str, String, Explained)>,
    people: usize,
    programs: usize,
    everybody: Option<(Explained, Vec<String>)>,
    has_more: bool,
}

/// Everybody who has a relation or permit to an object: complete, or `_502`. Of groups, everybody who is in them. `after` is the
/// last of the page before. `_902` for what is missing, `_500` for names that the schema does not have, `_303` for another
/// organization's.
pub async fn who_has(
    app: &Arc<Tenant>,
    cx: &Cx,
    asker: &Asker,
    question: &AccessQuestion,
    (after, size): (Option<&str>, u32),
) -> Result<Holders> {
    let acting = asker.acting()?;
    let view = app.permissions.current(app).await?;
    let about = Arc::new(read(app, cx, asker, &view, question).await?);
    let (it, after) = (Arc::clone(&about), after.map(str::to_owned));
    let found = aside(&view, asker, cx, move |query| {
        let (namespace, object, relation) = it.target();
        let mut all: Vec<(usize, String)> = Vec::new();
        let (mut people, mut programs, mut everybody) = (0, 0, None);
        for (rank, kind) in KINDS.iter().enumerate() {
            let listed = match query.list_subjects(namespace, object, relation, kind) {
                // Where only absence is asked for, every program that nothing is written about has it.
                Err(QueryError::Endless) if rank > 0 => continue,
                listed => listed?,
            };
            if rank == 0 {
                people = listed.ids.len();
                everybody = listed.anyone.then_some(listed.except);
            } else {
                programs += listed.ids.len();
            }
            all.extend(listed.ids.into_iter().map(|id| (rank, id)));
        }
        if let Some(after) = &after {
            let rank = KINDS
                .iter()
                .position(|kind| after.strip_prefix(kind).is_some_and(|rest| rest.starts_with(':')));
            let last = rank.zip(after.split_once(':').map(|(_, id)| id.to_owned()));
            let start = last.map_or(0, |last| all.partition_point(|one| *one <= last));
            all.drain(..start);
        }
        let has_more = all.len() > size as usize;
        all.truncate(size as usize);
        let explain = |subject: &Subject| query.explain(&Question { namespace, object, relation, subject });
        let page = all.into_iter().filter_map(|(rank, id)| {
            let kind = *KINDS.get(rank)?;
            let why = explain(&Subject::object(kind, id.as_str()));
            Some((kind, id, why))
        });
        let page = page.collect();
        let everybody = everybody.map(|except| (explain(&Subject::Anyone), except));
        Ok(Found { page, people, programs, everybody, has_more })
    });
    let found = found.await?;
    let names = names_of(app, acting, &about, &found).await?;
    let why = |explained: &Explained| why(about.target(), explained, &names);
    let next = found.page.last().filter(|_| found.has_more).map(|(kind, id, _)| format!("{kind}:{id}"));
    Ok(Holders {
        of: names.thing(&about.namespace, &about.object),
        relation: names.relation(&about.namespace, &about.relation),
        holders: found
            .page
            .iter()
            .map(|(kind, id, explained)| Holder { who: names.who(kind, id), why: why(explained) })
            .collect(),
        people: found.people,
        programs: found.programs,
        everybody: found.everybody.as_ref().map(|(explained, except)| Everybody {
            why: why(explained),
            excepted: except.len(),
            except: except.iter().take(EXCEPTED).map(|id| names.who("identities", id)).collect(),
        }),
        next,
    })
}

/// So many of those who are excepted are named.
const EXCEPTED: usize = 10;

async fn names_of(app: &Tenant, acting: &Acting, about: &Asked, found: &Found) -> Result<Names> {
    let own = |(namespace, id): (&str, &str)| (namespace.to_owned(), id.to_owned());
    let mut things = vec![(about.namespace.clone(), about.object.clone())];
    for (kind, id, explained) in &found.page {
        things.push(own((kind, id)));
        things.extend(explained.iter().flat_map(|found| named(&found.path)).map(own));
    }
    if let Some((explained, except)) = &found.everybody {
        things.extend(explained.iter().flat_map(|found| named(&found.path)).map(own));
        things.extend(except.iter().take(EXCEPTED).map(|id| own(("identities", id))));
    }
    Names::of(app, acting, things.into_iter()).await
}

/// So much of what was looked at is told.
const LOOKED: usize = 20;

/// Whether one has a relation or permit to an object, and why or what was looked at. `_902`, `_500`, `_502`, `_303`.
pub async fn whether(
    app: &Arc<Tenant>,
    cx: &Cx,
    asker: &Asker,
    question: &AccessQuestion,
) -> Result<Verdict> {
    let acting = asker.acting()?;
    let view = app.permissions.current(app).await?;
    let about = Arc::new(read(app, cx, asker, &view, question).await?);
    let subject = subject(app, cx, acting, &view, question.subject.trim()).await?;
    asker.check_subject(&view, &subject)?;
    let (it, of) = (Arc::clone(&about), subject.clone());
    let explained = aside(&view, asker, cx, move |query| {
        let (namespace, object, relation) = it.target();
        query.explain(&Question { namespace, object, relation, subject: &of })
    });
    let explained = explained.await?;
    let (kind, id) = match &subject {
        Subject::Object { namespace, object } => (namespace.clone(), object.clone()),
        other => (String::new(), other.to_string()),
    };
    let own = |(namespace, id): (&str, &str)| (namespace.to_owned(), id.to_owned());
    let mut things = vec![own((&about.namespace, &about.object)), (kind.clone(), id.clone())];
    things.extend(named(&explained.path).map(own));
    things.extend(explained.steps.iter().map(|step| own((&step.namespace, &step.object))));
    let names = Names::of(app, acting, things.into_iter()).await?;
    let looked = explained.steps.iter().filter(|_| !explained.allowed).rev().take(LOOKED);
    let looked = looked
        .map(|step| {
            (names.thing(&step.namespace, &step.object), names.relation(&step.namespace, &step.relation))
        })
        .collect();
    let allowed = explained.allowed;
    Ok(Verdict {
        of: names.thing(&about.namespace, &about.object),
        relation: names.relation(&about.namespace, &about.relation),
        who: names.who(&kind, &id),
        allowed,
        why: why(about.target(), &Ok(explained), &names),
        looked,
    })
}
