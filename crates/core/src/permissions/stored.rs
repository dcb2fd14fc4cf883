//! Between tuples as they are kept and as the library takes them.

use avnology_rebac::{Scope, Subject, Tuple};
use avnology_store::permissions::changes::{BUILT_IN, StoredTuple, TENANT};

/// Kinds of callers that are kept by their ids alone, and how these begin.
const CALLERS: [(&str, &str); 3] = [("identities", "usr_"), ("service_accounts", "sa_"), ("clients", "cli_")];

/// A subject as it is kept: callers by their ids, all else in its canonical form.
pub(super) fn subject_text(subject: &Subject) -> String {
    match subject {
        Subject::Object { namespace, object } if is_caller(namespace, object) => object.clone(),
        other => other.to_string(),
    }
}

fn is_caller(namespace: &str, object: &str) -> bool {
    CALLERS.iter().any(|(name, prefix)| *name == namespace && object.starts_with(prefix))
        && !object.contains(':')
}

/// The subject that was kept. Versions before tuples had a schema kept organizations by their ids alone.
pub(super) fn read_subject(relation: &str, text: &str) -> Subject {
    if text == "*" {
        return Subject::Anyone;
    }
    if let Some((object, of)) = text.split_once('#') {
        let Some((namespace, object)) = object.split_once(':') else {
            return Subject::Opaque(text.to_owned());
        };
        return if of.is_empty() {
            Subject::object(namespace, object)
        } else {
            Subject::set(namespace, object, of)
        };
    }
    if relation == "organization" && text.starts_with("org_") {
        return Subject::object("organizations", text);
    }
    let by_id = CALLERS.iter().find(|(_, prefix)| text.starts_with(prefix) && !text.contains(':'));
    if let Some((namespace, _)) = by_id {
        return Subject::object(*namespace, text);
    }
    match text.split_once(':') {
        Some((namespace, object)) if CALLERS.iter().any(|(name, _)| *name == namespace) => {
            Subject::object(namespace, object)
        }
        _ => Subject::Opaque(text.to_owned()),
    }
}

/// Whose the tuples of a store are.
pub(super) fn scope_of(store: &str) -> Scope {
    match store {
        BUILT_IN | TENANT => Scope::Tenant,
        organization => Scope::Organization(organization.to_owned()),
    }
}

/// The store of own tuples that are written in a scope.
pub(super) fn store_of(scope: &Scope) -> &str {
    match scope {
        Scope::Tenant => TENANT,
        Scope::Organization(id) => id,
    }
}

/// The tuple that was kept.
pub(super) fn read_tuple(stored: StoredTuple) -> Tuple {
    let subject = read_subject(&stored.relation, &stored.subject);
    let StoredTuple { namespace, object, relation, .. } = stored;
    Tuple { namespace, object, relation, subject }
}

#[cfg(test)]
mod tests {
    use avnology_rebac::Schema;

    use super::*;

    #[test]
    fn every_subject_is_read_as_it_was_written() {
        let schema = Schema::parse("class files implements Namespace {}").expect("a schema");
        for text in [
            "*",
            "usr_1",
            "sa_1",
            "cli_1",
            "identities:jane",
            "groups:g#member",
            "organizations:org_1#",
            "files:a#",
            "jane@example.com",
            "other:a",
        ] {
            let subject = Subject::parse(text, &schema).expect("a subject");
            assert_eq!(read_subject("viewer", &subject_text(&subject)), subject, "{text}");
        }
        assert_eq!(subject_text(&Subject::identity("usr_1")), "usr_1");
        assert_eq!(read_subject("organization", "org_1"), Subject::object("organizations", "org_1"));
    }
}
