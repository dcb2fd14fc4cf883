//! Why somebody has access, in words.

use avnology_model::permissions::{Reason, Relation, Thing, Whom};

/// A piece of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Words(&'static str),
    /// What people call something.
    Name(String),
    /// As it stands in tuples.
    Key(String),
}

use Piece::{Key, Name, Words};

/// A sentence for each step.
pub(super) fn sentences(reasons: &[Reason]) -> Vec<Vec<Piece>> {
    reasons.iter().map(sentence).collect()
}

/// What is asked, as in "`view` on `folders:plans`".
pub(super) fn target(of: &Thing, relation: &Relation) -> Vec<Piece> {
    match (is_membership(of, relation), &relation.name) {
        (true, _) => vec![Words("a place in the group "), thing(of)],
        (false, Some(role)) => vec![Words("the role "), Name(role.clone()), Words(" in "), thing(of)],
        (false, None) => vec![Key(relation.key.clone()), Words(" on "), thing(of)],
    }
}

/// An object by its name, or as it stands in tuples.
pub(super) fn thing(thing: &Thing) -> Piece {
    match &thing.name {
        Some(name) => Name(name.clone()),
        None if is_caller(&thing.namespace) || thing.namespace.is_empty() => Key(thing.id.clone()),
        None => Key(format!("{}:{}", thing.namespace, thing.id)),
    }
}

fn is_caller(namespace: &str) -> bool {
    matches!(namespace, "identities" | "service_accounts" | "clients")
}

fn is_membership(of: &Thing, relation: &Relation) -> bool {
    of.namespace == "groups" && relation.key == "member"
}

fn sentence(reason: &Reason) -> Vec<Piece> {
    match reason {
        Reason::Follows { of, relation, from } => follows(of, relation, from),
        Reason::Tuple { of, relation, whom } => tuple(of, relation, whom),
    }
}

fn follows(of: &Thing, relation: &Relation, from: &Relation) -> Vec<Piece> {
    match (&from.name, &relation.name) {
        (Some(from), Some(role)) => {
            vec![
                Words("The role "),
                Name(from.clone()),
                Words(" includes the role "),
                Name(role.clone()),
                Words("."),
            ]
        }
        (Some(from), None) => {
            vec![
                Words("The role "),
                Name(from.clone()),
                Words(" allows "),
                Key(relation.key.clone()),
                Words("."),
            ]
        }
        (None, _) => vec![
            Key(from.key.clone()),
            Words(" on "),
            thing(of),
            Words(" gives "),
            Key(relation.key.clone()),
            Words("."),
        ],
    }
}

fn tuple(of: &Thing, relation: &Relation, whom: &Whom) -> Vec<Piece> {
    // Where one object leads to another.
    if let Whom::One(next) = whom
        && !is_caller(&next.namespace)
    {
        let names = [
            thing(of),
            Words(" has "),
            thing(next),
            Words(" as its "),
            Key(relation.key.clone()),
            Words("."),
        ];
        return names.into();
    }
    let mut pieces = holder(whom);
    match (is_membership(of, relation), &relation.name) {
        (true, _) => pieces.extend([Words(" is in the group "), thing(of)]),
        (false, Some(role)) => pieces.extend([Words(" has the role "), Name(role.clone())]),
        (false, None) => pieces.extend([Words(" has "), Key(relation.key.clone()), Words(" on "), thing(of)]),
    }
    pieces.push(Words("."));
    pieces
}

fn holder(whom: &Whom) -> Vec<Piece> {
    match whom {
        Whom::Everybody => vec![Words("Everybody who is signed in")],
        Whom::One(one) => vec![thing(one)],
        Whom::Other(id) => vec![Key(id.clone())],
        Whom::Holders(of, relation) => match (is_membership(of, relation), &relation.name) {
            (true, _) => vec![Words("Everybody in the group "), thing(of)],
            (false, Some(role)) => vec![Words("Everybody with the role "), Name(role.clone())],
            (false, None) => vec![Words("Whoever has "), Key(relation.key.clone()), Words(" on "), thing(of)],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(namespace: &str, id: &str, name: Option<&str>) -> Thing {
        Thing { namespace: namespace.to_owned(), id: id.to_owned(), name: name.map(str::to_owned) }
    }

    fn relation(key: &str, name: Option<&str>) -> Relation {
        Relation { key: key.to_owned(), name: name.map(str::to_owned) }
    }

    fn read(pieces: &[Piece]) -> String {
        let read = |piece: &Piece| match piece {
            Words(words) => (*words).to_owned(),
            Name(name) => name.clone(),
            Key(key) => format!("`{key}`"),
        };
        pieces.iter().map(read).collect()
    }

    #[test]
    fn each_step_is_a_plain_sentence() {
        let (plans, support) = (at("folders", "plans", None), at("groups", "grp_1", Some("Support")));
        let (acme, jane) =
            (at("organizations", "org_1", Some("Acme")), at("identities", "usr_1", Some("Jane Doe")));
        let tuple = |of: &Thing, relation: &Relation, whom| {
            read(&sentence(&Reason::Tuple { of: of.clone(), relation: relation.clone(), whom }))
        };
        let (viewer, member) = (relation("viewer", None), relation("member", None));
        let admin = relation("admin", Some("Admin"));
        assert_eq!(
            tuple(&plans, &viewer, Whom::Holders(support.clone(), member.clone())),
            "Everybody in the group Support has `viewer` on `folders:plans`."
        );
        assert_eq!(tuple(&support, &member, Whom::One(jane.clone())), "Jane Doe is in the group Support.");
        assert_eq!(tuple(&acme, &admin, Whom::One(jane.clone())), "Jane Doe has the role Admin.");
        assert_eq!(
            tuple(&plans, &relation("parent", None), Whom::One(at("folders", "top", None))),
            "`folders:plans` has `folders:top` as its `parent`."
        );
        assert_eq!(
            tuple(&plans, &viewer, Whom::Everybody),
            "Everybody who is signed in has `viewer` on `folders:plans`."
        );
        assert_eq!(
            tuple(&plans, &viewer, Whom::One(at("identities", "usr_2", None))),
            "`usr_2` has `viewer` on `folders:plans`."
        );
        let follows = |relation, from| read(&sentence(&Reason::Follows { of: acme.clone(), relation, from }));
        let base = relation("member", Some("Member"));
        assert_eq!(follows(base, admin.clone()), "The role Admin includes the role Member.");
        assert_eq!(
            follows(relation("invoices:write", None), admin),
            "The role Admin allows `invoices:write`."
        );
        assert_eq!(follows(relation("view", None), viewer), "`viewer` on Acme gives `view`.");
    }
}
