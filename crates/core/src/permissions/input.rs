//! Tuples and subjects as callers write them (`contract/50` §§1.1–1.2).

use std::sync::Arc;

use avnology_model::{Code, Error, FieldCode, Result, Timestamp};
use avnology_rebac::{Misfit, Subject, Tuple, TupleError, canonical_namespace, names};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{memory::View, snaptoken::Freshness};
use crate::{Cx, Tenant, organizations};

/// Whoever has a relation to an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SubjectSet {
    /// Namespace.
    pub namespace: String,
    /// Object.
    pub object: String,
    /// Relation; empty for the object itself.
    pub relation: String,
}

/// The parts of a tuple to be written, or of a question: exactly one of the three subjects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = PermissionInput)]
pub struct Parts {
    /// Namespace.
    pub namespace: Option<String>,
    /// Object; in `organizations` an id or a slug.
    pub object: Option<String>,
    /// Relation.
    pub relation: Option<String>,
    /// Subject: `usr_…`, `groups:grp_…#member`, `*` or another id.
    pub subject: Option<String>,
    /// Or an id.
    pub subject_id: Option<String>,
    /// Or a set.
    pub subject_set: Option<SubjectSet>,
    /// From then on the tuple counts as absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expire_time: Option<Timestamp>,
}

/// How new an answer must be, as requests say it: one of the three.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consistency {
    /// A token of an earlier answer.
    pub snaptoken: Option<String>,
    /// The same.
    pub at_least_as_fresh: Option<String>,
    /// `full`.
    pub consistency: Option<String>,
}

impl Consistency {
    /// What is asked. `_902` for more than one.
    pub(super) fn read(&self) -> Result<Freshness> {
        let tokens = [&self.snaptoken, &self.at_least_as_fresh];
        let mut tokens = tokens.into_iter().flatten();
        let is_full = match self.consistency.as_deref() {
            None => false,
            Some("full") => true,
            Some(_) => return Err(Error::field("consistency", FieldCode::NotInEnum, "`full`, or nothing.")),
        };
        match (tokens.next(), tokens.next(), is_full) {
            (None, _, false) => Ok(Freshness::Node),
            (None, _, true) => Ok(Freshness::Full),
            (Some(token), None, false) => Ok(Freshness::AtLeast(token.clone())),
            _ => Err(Error::field(
                "consistency",
                FieldCode::Conflict,
                "One of snaptoken, at_least_as_fresh and consistency.",
            )),
        }
    }
}

/// A field that is missing.
pub(super) fn required(field: &str) -> Error {
    Error::field(field, FieldCode::Required, "This field is required.")
}

fn invalid(field: &str, error: TupleError) -> Error {
    Error::field(field, FieldCode::InvalidFormat, error.to_string())
}

/// A namespace under the name that it is kept by. `_902` for what is none.
pub(super) fn namespace(text: Option<&str>, at: &str) -> Result<String> {
    let field = format!("{at}namespace");
    let name = canonical_namespace(text.ok_or_else(|| required(&field))?.trim());
    if names::is_namespace(name) { Ok(name.to_owned()) } else { Err(invalid(&field, TupleError::Namespace)) }
}

/// A relation. `_902` for what is none.
pub(super) fn relation(text: Option<&str>, at: &str) -> Result<String> {
    let field = format!("{at}relation");
    let name = text.ok_or_else(|| required(&field))?.trim();
    if names::is_relation(name) { Ok(name.to_owned()) } else { Err(invalid(&field, TupleError::Relation)) }
}

/// An object. Where organizations are named by their slug, it is the id of the one that has it now.
pub(super) async fn object(
    app: &Arc<Tenant>,
    cx: &Cx,
    namespace: &str,
    text: Option<&str>,
    at: &str,
) -> Result<String> {
    let field = format!("{at}object");
    let text = text.ok_or_else(|| required(&field))?.trim();
    if !names::is_object(text) {
        return Err(invalid(&field, TupleError::Object));
    }
    if namespace == "organizations" && !text.starts_with("org_") {
        let found = organizations::find_named(app, cx, text).await?;
        return Ok(found.map_or_else(|| text.to_owned(), |found| found.id().to_string()));
    }
    Ok(text.to_owned())
}

/// The subject of the parts, if they name one. `_902` for several, or for what is none.
pub(super) async fn subject(
    app: &Arc<Tenant>,
    cx: &Cx,
    view: &View,
    parts: &Parts,
    at: &str,
) -> Result<Option<Subject>> {
    let schema = view.snapshot.schema();
    let conflict = || {
        Error::field(
            format!("{at}subject"),
            FieldCode::Conflict,
            "One of subject, subject_id and subject_set.",
        )
    };
    let read = |field: &str, text: &str| {
        Subject::parse(text.trim(), schema).map_err(|error| invalid(&format!("{at}{field}"), error))
    };
    let found = match (&parts.subject, &parts.subject_id, &parts.subject_set) {
        (None, None, None) => return Ok(None),
        (Some(text), None, None) => read("subject", text)?,
        (None, Some(id), None) if id.contains('#') => {
            return Err(invalid(&format!("{at}subject_id"), TupleError::Subject));
        }
        (None, Some(id), None) => read("subject_id", id)?,
        (None, None, Some(SubjectSet { namespace, object, relation })) => {
            read("subject_set", &format!("{namespace}:{object}#{relation}"))?
        }
        _ => return Err(conflict()),
    };
    Ok(Some(match found {
        Subject::Object { namespace, object } if namespace == "organizations" => {
            Subject::Object { object: self::object(app, cx, &namespace, Some(&object), at).await?, namespace }
        }
        Subject::Set { namespace, object, relation } if namespace == "organizations" => Subject::Set {
            object: self::object(app, cx, &namespace, Some(&object), at).await?,
            namespace,
            relation,
        },
        other => other,
    }))
}

/// The tuple that the parts name. `_902` for what is missing or malformed.
pub(super) async fn tuple(app: &Arc<Tenant>, cx: &Cx, view: &View, parts: &Parts, at: &str) -> Result<Tuple> {
    let namespace = namespace(parts.namespace.as_deref(), at)?;
    let object = object(app, cx, &namespace, parts.object.as_deref(), at).await?;
    let relation = relation(parts.relation.as_deref(), at)?;
    let subject = subject(app, cx, view, parts, at).await?;
    let subject = subject.ok_or_else(|| required(&format!("{at}subject")))?;
    Ok(Tuple { namespace, object, relation, subject })
}

/// `_500` for what the schema has no place for.
pub(super) fn misfit(misfit: &Misfit) -> Error {
    Error::new(Code::PermissionUnknown).with_detail(misfit.to_string())
}
