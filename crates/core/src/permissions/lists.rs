//! Lists of tuples, of objects and of subjects (`contract/50` §2).

use std::sync::Arc;

use avnology_model::{Code, Error, Result};
use avnology_rebac::Subject;
use avnology_store::{
    IdentityTx,
    permissions::{
        changes::TENANT,
        lists::{self as rows, Listed, Shelf, TupleFilter},
    },
};

use super::{
    Asker, Consistency, Parts, input,
    memory::View,
    questions::{aside, limits},
    snaptoken,
    stored::{read_subject, subject_text},
    view::KeptTuple,
};
use crate::{Cx, Tenant};

/// Where a page of tuples ends: which of the tables, and the four parts of its last tuple.
pub type TuplePlace = [String; 5];

/// A page of tuples.
#[derive(Clone, Debug)]
pub struct TuplePage {
    /// The tuples, in order.
    pub permissions: Vec<KeptTuple>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<TuplePlace>,
    /// Names the moment from which they count.
    pub snaptoken: String,
}

impl KeptTuple {
    /// The view of a tuple that is kept.
    pub(super) fn of((tuple, facts): Listed) -> Self {
        Self {
            subject: read_subject(&tuple.relation, &tuple.subject).to_string(),
            namespace: tuple.namespace,
            object: tuple.object,
            relation: tuple.relation,
            expire_time: facts.expire_time,
            create_time: facts.create_time,
            source: facts.source,
        }
    }
}

/// A page of tuples: in the tenant's scope those of built-in namespaces and of the tenant's store; in an organization's
/// those of its store, or with a built-in namespace what is its own there. `_902`, `_500`, `_503`, `_303`.
pub async fn list(
    app: &Arc<Tenant>,
    cx: &Cx,
    asker: &Asker,
    (parts, consistency): (&Parts, &Consistency),
    (after, size): (Option<TuplePlace>, u32),
) -> Result<TuplePage> {
    let view = snaptoken::view(app, &consistency.read()?).await?;
    let (filter, shelves) = shelves(app, cx, asker, &view, parts).await?;
    let now = cx.now;
    let found = app
        .store
        .identity()
        .scan(move |tx| read_page(tx, &shelves, &filter, (after.clone(), size), now))
        .await?;
    let (found, next) = found;
    Ok(TuplePage {
        permissions: found.into_iter().map(KeptTuple::of).collect(),
        next,
        snaptoken: snaptoken::token(app, &view),
    })
}

/// Which tuples are asked for, and where they are.
pub(super) async fn shelves(
    app: &Arc<Tenant>,
    cx: &Cx,
    asker: &Asker,
    view: &View,
    parts: &Parts,
) -> Result<(TupleFilter, Vec<(&'static str, Shelf)>)> {
    let named = parts.namespace.as_deref();
    let namespace = named.map(|name| input::namespace(Some(name), "")).transpose()?;
    let place = namespace.as_deref().unwrap_or_default();
    let object = match parts.object.as_deref() {
        Some(text) => Some(input::object(app, cx, place, Some(text), "").await?),
        None => None,
    };
    let relation = parts.relation.as_deref().map(|name| input::relation(Some(name), "")).transpose()?;
    let subject = input::subject(app, cx, view, parts, "").await?;
    let built_in = match &namespace {
        None => None,
        Some(name) => {
            let found = view.snapshot.schema().namespace(name);
            let found = found.ok_or_else(|| unknown(format!("Unknown namespace \"{name}\".")))?;
            if let Some(relation) = &relation
                && !found.has_relation(relation)
            {
                return Err(unknown(format!("The namespace \"{name}\" has no relation \"{relation}\".")));
            }
            Some(found.built_in)
        }
    };
    let own = asker.organization();
    let mut shelves = Vec::new();
    if built_in != Some(false) {
        match own {
            None => shelves.push(("b", Shelf::BuiltIn)),
            Some(id) if built_in == Some(true) => {
                let name = namespace.as_deref().unwrap_or_default();
                if !matches!(name, "organizations" | "groups" | "roles") {
                    asker.check_own(view, name, "")?;
                }
                if let Some(object) = &object {
                    asker.check_own(view, name, object)?;
                }
                shelves.push(("b", Shelf::OfOrganization(id)));
            }
            // Without a namespace an organization sees its own store.
            Some(_) => {}
        }
    }
    if built_in != Some(true) {
        let store = own.map_or_else(|| TENANT.to_owned(), |id| id.to_string());
        shelves.push(("o", Shelf::Own(store)));
    }
    let subject = subject.as_ref().map(subject_text);
    Ok((TupleFilter { namespace, object, relation, subject }, shelves))
}

fn unknown(detail: String) -> Error {
    Error::new(Code::PermissionUnknown).with_detail(detail)
}

fn read_page(
    tx: &mut IdentityTx<'_>,
    shelves: &[(&'static str, Shelf)],
    filter: &TupleFilter,
    (after, size): (Option<TuplePlace>, u32),
    now: avnology_model::Timestamp,
) -> Result<(Vec<Listed>, Option<TuplePlace>)> {
    let mut found: Vec<Listed> = Vec::new();
    let wanted = size as usize + 1;
    for (name, shelf) in shelves {
        let begins = match &after {
            Some([shelf, ..]) if shelf.as_str() > *name => continue,
            Some([shelf, namespace, object, relation, subject]) if shelf == name => {
                Some([namespace.clone(), object.clone(), relation.clone(), subject.clone()])
            }
            _ => None,
        };
        let room = u32::try_from(wanted - found.len()).unwrap_or(size);
        if room == 0 {
            break;
        }
        found.extend(rows::page(tx, shelf, filter, (begins.as_ref(), room), now)?);
    }
    if found.len() < wanted {
        return Ok((found, None));
    }
    found.pop();
    let Some((tuple, _)) = found.last() else { return Ok((found, None)) };
    let shelf = if tuple.store.is_empty() { "b" } else { "o" };
    let next = [shelf, &tuple.namespace, &tuple.object, &tuple.relation, &tuple.subject].map(str::to_owned);
    Ok((found, Some(next)))
}

/// A page of ids or subjects.
#[derive(Clone, Debug)]
pub struct NamePage {
    /// The names, in order.
    pub names: Vec<String>,
    /// With `*`, whoever is excepted from it.
    pub except: Vec<String>,
    /// Whether there are more behind the last one.
    pub has_more: bool,
    /// Names the moment of the answer.
    pub snaptoken: String,
}

fn page_of(mut names: Vec<String>, (after, size): (Option<&str>, u32), snaptoken: String) -> NamePage {
    if let Some(after) = after {
        let start = names.partition_point(|name| name.as_str() <= after);
        names.drain(..start);
    }
    let has_more = names.len() > size as usize;
    names.truncate(size as usize);
    NamePage { names, except: Vec::new(), has_more, snaptoken }
}

/// The ids of all objects of a namespace to which a subject has a relation or permit: complete, or `_502`. In an
/// organization's scope, of built-in namespaces those of the organization. `_902`, `_500`, `_503`.
pub async fn list_objects(
    app: &Arc<Tenant>,
    cx: &Cx,
    asker: &Asker,
    (parts, consistency, max_depth): (&Parts, &Consistency, Option<u32>),
    (after, size): (Option<&str>, u32),
) -> Result<NamePage> {
    let limits = limits(max_depth)?;
    let view = snaptoken::view(app, &consistency.read()?).await?;
    let namespace = input::namespace(parts.namespace.as_deref(), "")?;
    let relation = input::relation(parts.relation.as_deref(), "")?;
    let subject = asker.subject(input::subject(app, cx, &view, parts, "").await?)?;
    let name = namespace.clone();
    let found = aside(&view, asker, cx, move |query| {
        query.with_limits(limits).list_objects(&name, &relation, &subject)
    });
    let mut found = found.await?;
    if asker.organization().is_some() {
        found.retain(|object| asker.owns(&view, &namespace, object));
    }
    Ok(page_of(found, (after, size), snaptoken::token(app, &view)))
}

/// All subjects of a namespace that have a relation or permit: complete, or `_502`. `*` is listed as itself, beside those
/// who are named, and with whoever is excepted. `_902`, `_500`, `_503`, `_303`.
pub async fn list_subjects(
    app: &Arc<Tenant>,
    cx: &Cx,
    asker: &Asker,
    (parts, of, consistency, max_depth): (&Parts, &str, &Consistency, Option<u32>),
    (after, size): (Option<&str>, u32),
) -> Result<NamePage> {
    let limits = limits(max_depth)?;
    let view = snaptoken::view(app, &consistency.read()?).await?;
    let namespace = input::namespace(parts.namespace.as_deref(), "")?;
    let object = input::object(app, cx, &namespace, parts.object.as_deref(), "").await?;
    let relation = input::relation(parts.relation.as_deref(), "")?;
    let of = input::namespace(Some(of), "subject_")?;
    asker.check_own(&view, &namespace, &object)?;
    let kind = of.clone();
    let found = aside(&view, asker, cx, move |query| {
        query.with_limits(limits).list_subjects(&namespace, &object, &relation, &kind)
    });
    let found = found.await?;
    let subjects = |ids: Vec<String>| -> Vec<String> {
        ids.into_iter().map(|id| Subject::object(of.as_str(), id).to_string()).collect()
    };
    let mut names = subjects(found.ids);
    if found.anyone {
        names.push("*".to_owned());
    }
    names.sort_unstable();
    let page = page_of(names, (after, size), snaptoken::token(app, &view));
    Ok(NamePage { except: subjects(found.except), ..page })
}
