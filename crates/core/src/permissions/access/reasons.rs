//! From the tuples that an answer rests on to the steps that are told.

use avnology_model::permissions::{Reason, Whom};
use avnology_rebac::{Explanation, QueryError, Subject, Tuple};

use super::names::Names;
use crate::permissions::check::refused;

/// The way from an object to whoever has access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Step by step; none where nothing but absence speaks for it.
    Known(Vec<Reason>),
    /// It is longer than is looked at: the limit's name.
    TooFar(String),
}

/// What is asked about: namespace, object, relation.
pub(super) type Target<'a> = (&'a str, &'a str, &'a str);

/// Why an answer is yes, with names.
pub(super) fn why(target: Target<'_>, found: &Result<Explanation, QueryError>, names: &Names) -> Why {
    match found {
        Ok(found) => Why::Known(steps(target, &found.path, names)),
        Err(error) => {
            let limit =
                refused(error).members().get("limit").and_then(|limit| limit.as_str().map(str::to_owned));
            Why::TooFar(limit.unwrap_or_default())
        }
    }
}

fn steps(target: Target<'_>, path: &[Tuple], names: &Names) -> Vec<Reason> {
    let mut steps = Vec::new();
    let mut open = Some((target.0.to_owned(), target.1.to_owned(), target.2.to_owned()));
    for tuple in path {
        let whom = whom(&tuple.subject, names);
        let is_passage = matches!(&whom, Whom::One(thing) if !is_caller(&thing.namespace));
        // Where a permit leads on to another object, that step says it.
        if let Some((namespace, object, relation)) = &open
            && *namespace == tuple.namespace
            && *object == tuple.object
            && *relation != tuple.relation
            && !is_passage
        {
            steps.push(Reason::Follows {
                of: names.thing(namespace, object),
                relation: names.relation(namespace, relation),
                from: names.relation(namespace, &tuple.relation),
            });
        }
        open = match &tuple.subject {
            Subject::Set { namespace, object, relation } => {
                Some((namespace.clone(), object.clone(), relation.clone()))
            }
            _ => None,
        };
        steps.push(Reason::Tuple {
            of: names.thing(&tuple.namespace, &tuple.object),
            relation: names.relation(&tuple.namespace, &tuple.relation),
            whom,
        });
    }
    steps
}

/// Whether the objects of a namespace are people or programs.
pub(super) fn is_caller(namespace: &str) -> bool {
    matches!(namespace, "identities" | "service_accounts" | "clients")
}

fn whom(subject: &Subject, names: &Names) -> Whom {
    match subject {
        Subject::Anyone => Whom::Everybody,
        Subject::Opaque(id) => Whom::Other(id.clone()),
        Subject::Object { namespace, object } => Whom::One(names.thing(namespace, object)),
        Subject::Set { namespace, object, relation } => {
            Whom::Holders(names.thing(namespace, object), names.relation(namespace, relation))
        }
    }
}

/// Every object that the steps name.
pub(super) fn named(path: &[Tuple]) -> impl Iterator<Item = (&str, &str)> {
    path.iter().flat_map(|tuple| {
        let subject = match &tuple.subject {
            Subject::Object { namespace, object } | Subject::Set { namespace, object, .. } => {
                Some((namespace.as_str(), object.as_str()))
            }
            Subject::Anyone | Subject::Opaque(_) => None,
        };
        [Some((tuple.namespace.as_str(), tuple.object.as_str())), subject].into_iter().flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tuple(text: &str) -> Tuple {
        let (object, rest) = text.split_once('#').unwrap();
        let (namespace, object) = object.split_once(':').unwrap();
        let (relation, subject) = rest.split_once('@').unwrap();
        let subject = match subject.split_once('#') {
            Some((object, relation)) => {
                let (namespace, object) = object.split_once(':').unwrap();
                Subject::set(namespace, object, relation)
            }
            None => match subject.split_once(':') {
                Some((namespace, object)) => Subject::object(namespace, object),
                None => Subject::Anyone,
            },
        };
        Tuple {
            namespace: namespace.to_owned(),
            object: object.to_owned(),
            relation: relation.to_owned(),
            subject,
        }
    }

    fn told(target: Target<'_>, path: &[&str]) -> Vec<String> {
        let path: Vec<Tuple> = path.iter().map(|text| tuple(text)).collect();
        let told = |reason: &Reason| match reason {
            Reason::Follows { of, relation, from } => {
                format!("{}: {} from {}", of.id, relation.key, from.key)
            }
            Reason::Tuple { of, relation, whom } => match whom {
                Whom::Everybody => format!("{}#{} everybody", of.id, relation.key),
                Whom::One(thing) => format!("{}#{} {}", of.id, relation.key, thing.id),
                Whom::Holders(thing, of_it) => {
                    format!("{}#{} {}'s {}", of.id, relation.key, thing.id, of_it.key)
                }
                Whom::Other(id) => format!("{}#{} {id}", of.id, relation.key),
            },
        };
        steps(target, &path, &Names::default()).iter().map(told).collect()
    }

    #[test]
    fn the_way_is_told_from_the_object_to_the_person_with_the_rules_between() {
        let view = ("folders", "plans", "view");
        assert_eq!(
            told(view, &["folders:plans#viewer@groups:g#member", "groups:g#member@identities:usr_1"]),
            ["plans: view from viewer", "plans#viewer g's member", "g#member usr_1"]
        );
        assert_eq!(
            told(view, &["folders:plans#parent@folders:top", "folders:top#viewer@*"]),
            ["plans#parent top", "top#viewer everybody"]
        );
        assert_eq!(
            told(("folders", "plans", "viewer"), &["folders:plans#viewer@identities:usr_1"]),
            ["plans#viewer usr_1"]
        );
        let own = "folders:plans#viewer@organizations:acme#member";
        assert_eq!(
            told(("folders", "plans", "viewer"), &[own, "organizations:acme#owner@identities:usr_1"]),
            ["plans#viewer acme's member", "acme: member from owner", "acme#owner usr_1"]
        );
    }
}
