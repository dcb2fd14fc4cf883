//! The namespaces of the product (`contract/50` §6.1).

use super::model::{Name, Namespace, Relation, SubjectType};

/// The namespace with open relations: roles, free relations, permission keys.
pub(crate) const ORGANIZATIONS: &str = "organizations";
/// The namespace whose objects are people; `*` stands for any of them.
pub(crate) const IDENTITIES: &str = "identities";

pub(super) fn namespaces() -> Vec<Namespace> {
    let people = || vec![object(IDENTITIES)];
    let people_and_groups = || vec![object(IDENTITIES), members()];
    let organizations = || vec![object(ORGANIZATIONS)];
    vec![
        namespace(
            "platform",
            vec![relation("admin", people(), &[]), relation("viewer", people(), &["admin"])],
        ),
        Namespace {
            open: true,
            ..namespace(
                ORGANIZATIONS,
                vec![
                    relation("owner", people_and_groups(), &[]),
                    relation("admin", people_and_groups(), &["owner"]),
                    relation("member", people_and_groups(), &["admin"]),
                ],
            )
        },
        namespace(
            "groups",
            vec![
                relation("member", people(), &[]),
                relation("manager", people(), &[]),
                relation("organization", organizations(), &[]),
            ],
        ),
        namespace(
            "roles",
            vec![
                relation("assignee", people_and_groups(), &[]),
                relation("organization", organizations(), &[]),
            ],
        ),
        namespace(IDENTITIES, vec![relation("manager", people(), &[])]),
        namespace(
            "clients",
            vec![relation("owner", people(), &[]), relation("organization", organizations(), &[])],
        ),
        namespace(
            "service_accounts",
            vec![relation("owner", people(), &[]), relation("organization", organizations(), &[])],
        ),
    ]
}

/// What the subjects of an open relation may be.
pub(super) fn open_types() -> [SubjectType; 2] {
    [object(IDENTITIES), members()]
}

fn object(namespace: &str) -> SubjectType {
    SubjectType::Object(namespace.into())
}

fn members() -> SubjectType {
    SubjectType::Set("groups".into(), "member".into())
}

fn relation(name: &str, types: Vec<SubjectType>, implied_by: &[&str]) -> Relation {
    Relation {
        name: name.into(),
        types,
        implied_by: implied_by.iter().map(|&name| Name::from(name)).collect(),
    }
}

fn namespace(name: &str, relations: Vec<Relation>) -> Namespace {
    Namespace { name: name.into(), built_in: true, open: false, relations, permits: Vec::new() }
}
