//! Random worlds: a schema, changes of tuples, roles, and everything that can be asked about them.

use std::collections::BTreeMap;

use avnology_rebac::{CustomRole, Index, RolePermissions, Schema, Scope, Subject, Tuple};
use proptest::{collection::vec, prelude::*, sample::select};

pub(crate) const NOW: i64 = 100;
pub(crate) const OBJECTS: [&str; 3] = ["o0", "o1", "o2"];

/// A schema, the tuples that are left after all changes, and an index that went through the changes.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) schema: Schema,
    pub(crate) tuples: BTreeMap<(Scope, Tuple), Option<i64>>,
    pub(crate) roles: Vec<CustomRole>,
    pub(crate) index: Index,
}

impl World {
    /// What can be asked for: namespace, object, relation or permit.
    pub(crate) fn targets() -> Vec<(&'static str, &'static str, &'static str)> {
        let mut targets = Vec::new();
        for namespace in ["n0", "n1"] {
            for object in OBJECTS {
                for name in ["r0", "r1", "up", "p0", "p1", "p2"] {
                    targets.push((namespace, object, name));
                }
            }
        }
        for name in ["owner", "admin", "member", "billing", "employee", "invoices:write", "invoices:*", "x:y"]
        {
            targets.push(("organizations", "org", name));
        }
        targets.push(("groups", "g0", "member"));
        targets
    }

    pub(crate) fn subjects() -> Vec<Subject> {
        vec![
            Subject::identity("usr_0"),
            Subject::identity("usr_1"),
            Subject::identity("usr_new"),
            Subject::Opaque("opaque".into()),
            Subject::Anyone,
            Subject::object("n0", "o0"),
            Subject::set("groups", "g0", "member"),
            Subject::set("n1", "o1", "p0"),
        ]
    }
}

fn expr() -> impl Strategy<Value = String> {
    let own = select(vec!["r0", "r1"]);
    let permit = select(vec!["p0", "p1", "p2"]);
    let atom = prop_oneof![
        4 => own.clone().prop_map(|r| format!("this.related.{r}.includes(ctx.subject)")),
        2 => permit.clone().prop_map(|p| format!("this.permits.{p}(ctx)")),
        3 => permit.prop_map(|p| format!("this.related.up.traverse((x) => x.permits.{p}(ctx))")),
        2 => own.prop_map(|r| format!("this.related.up.traverse((x) => x.related.{r}.includes(ctx.subject))")),
        2 => select(vec![".admin", ".member", ".employee", "[\"invoices:write\"]"])
            .prop_map(|r| format!("this.related.org.traverse((o) => o.related{r}.includes(ctx.subject))")),
        1 => Just("this.equals(ctx.subject)".to_owned()),
    ];
    atom.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            3 => vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" || "))),
            2 => vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" && "))),
            1 => inner.clone().prop_map(|part| format!("!({part})")),
            2 => (inner.clone(), inner).prop_map(|(a, b)| format!("({a} && !{b})")),
        ]
    })
}

fn class(name: &'static str) -> impl Strategy<Value = String> {
    let sets = vec![
        "SubjectSet<groups, \"member\">",
        "SubjectSet<n0, \"r0\">",
        "SubjectSet<n1, \"r0\">",
        "SubjectSet<n0, \"r1\">",
        "SubjectSet<n0, \"p0\">",
        "SubjectSet<n1, \"p0\">",
        "SubjectSet<n1, \"p1\">",
        "SubjectSet<organizations, \"admin\">",
        "SubjectSet<organizations, \"invoices:write\">",
    ];
    let types = move |sets: Vec<&'static str>| {
        vec(select(sets), 0..4).prop_map(|sets| {
            let mut types = vec!["identities"];
            types.extend(sets);
            format!("({})[]", types.join(" | "))
        })
    };
    let up = select(vec!["n0[]", "n1[]", "(n0 | n1)[]"]);
    (types(sets), types(vec!["SubjectSet<groups, \"member\">", "SubjectSet<n0, \"r1\">"]), up, vec(expr(), 3))
        .prop_map(move |(r0, r1, up, permits)| {
            let permits: Vec<String> =
                permits.iter().enumerate().map(|(n, expr)| format!("p{n}: (ctx) => {expr}")).collect();
            format!(
                "class {name} implements Namespace {{\n related: {{ r0: {r0}, r1: {r1}, up: {up}, org: organizations[] }}\n \
                 permits = {{\n  {} }}\n}}\n",
                permits.join(",\n  ")
            )
        })
}

pub(crate) fn schema() -> impl Strategy<Value = Schema> {
    let permissions = RolePermissions { admin: vec!["x:y".into()], ..RolePermissions::default() };
    (class("n0"), class("n1"), any::<bool>()).prop_filter_map(
        "no recursion through !",
        move |(n0, n1, shared)| {
            let schema = Schema::parse(&format!("{n0}{n1}")).ok()?;
            let schema = schema.with_shared(shared.then_some("n1")).ok()?;
            Some(schema.with_role_permissions(permissions.clone()))
        },
    )
}

fn subject() -> impl Strategy<Value = Subject> {
    let object = || select(OBJECTS.to_vec());
    let own = || select(vec!["n0", "n1"]);
    prop_oneof![
        5 => select(vec!["usr_0", "usr_1", "usr_2"]).prop_map(Subject::identity),
        1 => Just(Subject::Anyone),
        1 => Just(Subject::Opaque("opaque".into())),
        4 => (own(), object()).prop_map(|(namespace, object)| Subject::object(namespace, object)),
        1 => Just(Subject::object("organizations", "org")),
        3 => select(vec!["g0", "g1"]).prop_map(|group| Subject::set("groups", group, "member")),
        6 => (own(), object(), select(vec!["r0", "r1", "p0", "p1"]))
            .prop_map(|(namespace, object, name)| Subject::set(namespace, object, name)),
        1 => select(vec!["admin", "invoices:write"]).prop_map(|name| Subject::set("organizations", "org", name)),
    ]
}

fn tuple() -> impl Strategy<Value = Tuple> {
    let place = prop_oneof![
        12 => (select(vec!["n0", "n1"]), select(OBJECTS.to_vec()), select(vec!["r0", "r0", "r1", "up", "up", "org"])),
        2 => select(vec!["owner", "admin", "member", "billing", "employee", "invoices:write", "invoices:*"])
            .prop_map(|relation| ("organizations", "org", relation)),
        2 => select(vec!["g0", "g1"]).prop_map(|group| ("groups", group, "member")),
    ];
    (place, subject()).prop_map(|((namespace, object, relation), subject)| Tuple {
        namespace: namespace.into(),
        object: object.into(),
        relation: relation.into(),
        subject,
    })
}

fn scope() -> impl Strategy<Value = Scope> {
    prop_oneof![
        2 => Just(Scope::Tenant),
        3 => Just(Scope::Organization("a".into())),
        1 => Just(Scope::Organization("b".into())),
    ]
}

pub(crate) fn world() -> impl Strategy<Value = World> {
    let end = prop_oneof![8 => Just(None), 1 => Just(Some(NOW)), 1 => Just(Some(NOW + 1))];
    let change = (scope(), tuple(), end, any::<prop::sample::Index>(), 0..10_u8);
    let role = (any::<bool>(), select(vec!["invoices:*", "invoices:write", "other:x"])).prop_map(
        |(extends_admin, permission)| CustomRole {
            key: "billing".into(),
            extends_admin,
            permissions: vec![permission.into()],
        },
    );
    (schema(), vec(change, 0..120), vec(role, 0..2)).prop_map(|(schema, changes, roles)| {
        let mut index = Index::new(&schema, 99);
        let mut tuples: BTreeMap<(Scope, Tuple), Option<i64>> = BTreeMap::new();
        index.set_roles("org", &roles);
        for (scope, tuple, end, which, turn) in changes {
            if turn == 0 && !tuples.is_empty() {
                let (scope, tuple) = (*which.get(&tuples.keys().collect::<Vec<_>>())).clone();
                assert!(index.delete(&scope, &tuple));
                tuples.remove(&(scope, tuple));
                continue;
            }
            let own = tuple.namespace.starts_with('n');
            let scope = if own { scope } else { Scope::Tenant };
            if index.insert(&scope, &tuple, end).is_ok() {
                tuples.insert((scope, tuple), end);
            } else {
                assert!(schema.check_tuple(&tuple).is_err());
            }
        }
        World { schema, tuples, roles, index }
    })
}
