//! Who has access to something in an organization.

use avnology_model::{
    ids::IdentityId,
    organizations::MemberState,
    permissions::{Reason, Relation, Thing, Whom},
};

use super::{
    World,
    organizations::{Acme, Pages, acme},
};
use crate::{
    Person,
    organizations::{
        Access, AccessFields, AccessFound, AccessHolder, AccessNamespace, AccessWay, HolderCard, Paging,
        Refusal, Tab,
    },
};

fn thing(namespace: &str, id: &str, name: Option<&str>) -> Thing {
    Thing { namespace: namespace.to_owned(), id: id.to_owned(), name: name.map(str::to_owned) }
}

fn relation(key: &str, name: Option<&str>) -> Relation {
    Relation { key: key.to_owned(), name: name.map(str::to_owned) }
}

fn member(acme: &Acme<'_>, seed: u8, name: &str, email: &str, state: MemberState) -> HolderCard {
    let id = IdentityId::new(acme.world.now, [seed; 10]);
    HolderCard {
        thing: thing("identities", &id.to_string(), Some(name)),
        person: Some(Person { id, name: name.to_owned(), email: Some(email.to_owned()), avatar_url: None }),
        state: Some(state),
    }
}

fn written(of: &Thing, key: &str, whom: Whom) -> Reason {
    Reason::Tuple { of: of.clone(), relation: relation(key, None), whom }
}

fn holders(acme: &Acme<'_>) -> Vec<AccessHolder> {
    let (plans, top) = (thing("folders", "plans-2027", None), thing("folders", "board", None));
    let support = thing("groups", "grp_01kjpwen1beqxacpa21cy98bjd", Some("Support and operations"));
    let acme_itself = thing("organizations", &acme.home.id.to_string(), Some(&acme.home.name));
    let jane = member(acme, 42, "Jane Doe", "jane@example.com", MemberState::Active);
    let bill = member(acme, 7, "Bill Smith", "bill@partner.example", MemberState::Active);
    let zoe = member(acme, 9, "Zoë Ångström", "zoe.angstrom@partner.example", MemberState::Suspended);
    let program = HolderCard {
        thing: thing("service_accounts", "sa_01kjpwe457etztza3v90genf98", Some("Nightly import")),
        person: None,
        state: None,
    };
    let stranger = HolderCard {
        thing: thing("identities", "usr_01kjpwe457etztza3v90genf98", None),
        person: None,
        state: None,
    };
    let gives = |from: &str| Reason::Follows {
        of: plans.clone(),
        relation: relation("view", None),
        from: relation(from, None),
    };
    let direct = |card: &HolderCard| {
        AccessWay::Known(vec![gives("viewer"), written(&plans, "viewer", Whom::One(card.thing.clone()))])
    };
    vec![
        AccessHolder { way: direct(&jane), card: jane },
        AccessHolder {
            way: AccessWay::Known(vec![
                gives("viewer"),
                written(&plans, "viewer", Whom::Holders(support.clone(), relation("member", None))),
                written(&support, "member", Whom::One(bill.thing.clone())),
            ]),
            card: bill,
        },
        AccessHolder {
            way: AccessWay::Known(vec![
                written(&plans, "parent", Whom::One(top.clone())),
                written(&top, "organization", Whom::One(acme_itself.clone())),
                Reason::Tuple {
                    of: acme_itself,
                    relation: relation("admin", Some("Admin")),
                    whom: Whom::One(zoe.thing.clone()),
                },
            ]),
            card: zoe,
        },
        AccessHolder { way: AccessWay::TooFar, card: stranger },
        AccessHolder { way: direct(&program), card: program },
    ]
}

pub(super) fn pages(world: &World) -> Pages {
    let acme = acme(world);
    let names = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let namespace = |name: &str, built_in, relations: &[&str]| AccessNamespace {
        name: name.to_owned(),
        built_in,
        relations: names(relations),
    };
    let namespaces = [
        namespace("folders", false, &["edit", "view", "editor", "organization", "parent", "viewer"]),
        namespace("documents", false, &["read", "folder", "reader"]),
        namespace("organizations", true, &["owner", "admin", "member", "support"]),
        namespace("groups", true, &["member"]),
    ];
    let fields = AccessFields {
        namespace: "folders".to_owned(),
        object: "plans-2027".to_owned(),
        relation: "view".to_owned(),
        subject: String::new(),
    };
    let (plans, view) = (thing("folders", "plans-2027", None), relation("view", None));
    let rows = holders(&acme);
    let list = AccessFound::Holders {
        of: plans.clone(),
        relation: view.clone(),
        rows: rows.clone(),
        people: 1_204,
        programs: 1,
        everybody: None,
    };
    let more = Paging {
        first_url: None,
        next_url: Some("/organizations/acme/permissions?page_token=eyJ".to_owned()),
    };
    let objects = names(&["board", "plans-2027"]);
    let page = Access {
        frame: acme.frame(),
        fields: &fields,
        namespaces: &namespaces,
        objects: &objects,
        found: Some(&list),
        paging: &more,
    };
    let with = |found: AccessFound, paging: &Paging| Access { found: Some(&found), paging, ..page }.render();
    let none = Paging::default();
    let everybody = AccessFound::Holders {
        of: plans.clone(),
        relation: view.clone(),
        rows: Vec::new(),
        people: 0,
        programs: 0,
        everybody: Some((
            AccessWay::Known(vec![written(&plans, "viewer", Whom::Everybody)]),
            11,
            vec![member(&acme, 7, "Bill Smith", "bill@partner.example", MemberState::Active)],
        )),
    };
    let nobody = AccessFound::Holders {
        of: plans.clone(),
        relation: view.clone(),
        rows: Vec::new(),
        people: 0,
        programs: 0,
        everybody: None,
    };
    let verdict = |allowed| AccessFound::Verdict {
        of: plans.clone(),
        relation: view.clone(),
        card: rows
            .get(1)
            .map_or_else(|| member(&acme, 1, "", "", MemberState::Active), |row| row.card.clone()),
        allowed,
        way: if allowed {
            rows.get(1).map_or(AccessWay::TooFar, |row| row.way.clone())
        } else {
            AccessWay::Known(Vec::new())
        },
        looked: if allowed {
            Vec::new()
        } else {
            vec![
                (plans.clone(), view.clone()),
                (plans.clone(), relation("viewer", None)),
                (thing("organizations", "org_1", Some("Acme Corporation")), relation("admin", Some("Admin"))),
                (
                    thing("groups", "grp_01kjpwen1beqxacpa21cy98bjd", Some("Support and operations")),
                    relation("member", None),
                ),
            ]
        },
    };
    let wrong = [Refusal {
        field: "relation".to_owned(),
        text: "“folders” has no “wiev”. It has: editor, organization, parent, viewer, edit, view.".to_owned(),
        code: "AVNOLOGY_AUTH_500".to_owned(),
    }];
    let limit = [Refusal {
        field: String::new(),
        text: "This leads to more than is looked at on a page, so nothing is shown rather than a part. Ask for one person, or \
               for a smaller object."
            .to_owned(),
        code: "AVNOLOGY_AUTH_502".to_owned(),
    }];
    let start = AccessFields::default();
    let chosen = AccessFields { object: String::new(), ..fields.clone() };
    let refused = |refusals: &[Refusal]| {
        Access { frame: acme.frame_with(Tab::ALL, None, refusals), found: None, paging: &none, ..page }
            .render()
    };
    vec![
        ("organization-permissions", page.render()),
        (
            "organization-permissions-ask",
            Access { fields: &start, objects: &[], found: None, paging: &none, ..page }.render(),
        ),
        (
            "organization-permissions-object",
            Access { fields: &chosen, found: None, paging: &none, ..page }.render(),
        ),
        ("organization-permissions-everybody", with(everybody, &none)),
        ("organization-permissions-nobody", with(nobody, &none)),
        ("organization-permissions-yes", with(verdict(true), &none)),
        ("organization-permissions-no", with(verdict(false), &none)),
        ("organization-permissions-unknown", refused(&wrong)),
        ("organization-permissions-too-many", refused(&limit)),
    ]
}
