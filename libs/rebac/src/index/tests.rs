use super::*;
use crate::{Question, Schema, Subject, Tuple};

const SCHEMA: &str = r#"
class files implements Namespace {
  related: { viewer: (identities | SubjectSet<groups, "member">)[], parent: files[] }
  permits = { view: (ctx) => this.related.viewer.includes(ctx.subject) || this.related.parent.traverse((p) => p.permits.view(ctx)) }
}"#;

fn schema() -> Schema {
    Schema::parse(SCHEMA).expect("a schema")
}

fn tuple(text: &str) -> Tuple {
    Tuple::parse(text, &schema()).expect("a tuple")
}

fn allowed(snapshot: &Snapshot, scope: &Scope, text: &str, now: i64) -> bool {
    let tuple = Tuple::parse(text, snapshot.schema()).expect("a tuple");
    let question = Question {
        namespace: &tuple.namespace,
        object: &tuple.object,
        relation: &tuple.relation,
        subject: &tuple.subject,
    };
    snapshot.query(scope, now).check(&question).expect("an answer")
}

fn org(id: &str) -> Scope {
    Scope::Organization(id.to_owned())
}

#[test]
fn a_snapshot_never_changes() {
    let mut index = Index::new(&schema(), 1);
    let before = index.snapshot();
    assert_eq!(index.insert(&Scope::Tenant, &tuple("files:a#viewer@usr_1"), None), Ok(Written::New));
    index.set_position(7);
    let with = index.snapshot();
    assert!(index.delete(&Scope::Tenant, &tuple("files:a#viewer@usr_1")));
    let after = index.snapshot();
    let answers = [&before, &with, &after].map(|s| allowed(s, &Scope::Tenant, "files:a#view@usr_1", 0));
    assert_eq!(answers, [false, true, false]);
    assert_eq!([before.len(), with.len(), after.len()], [0, 1, 0]);
    assert_eq!([before.position(), with.position()], [0, 7]);
}

#[test]
fn writing_twice_and_deleting_twice_changes_nothing() {
    let mut index = Index::new(&schema(), 1);
    let view = tuple("files:a#viewer@usr_1");
    assert_eq!(index.insert(&Scope::Tenant, &view, None), Ok(Written::New));
    assert_eq!(index.insert(&Scope::Tenant, &view, None), Ok(Written::Same));
    assert_eq!(index.insert(&Scope::Tenant, &view, Some(5)), Ok(Written::Changed));
    assert_eq!(index.insert(&Scope::Tenant, &view, Some(5)), Ok(Written::Same));
    assert_eq!(index.snapshot().tuples().next().and_then(|kept| kept.expire_time), Some(5));
    assert!(index.delete(&Scope::Tenant, &view) && !index.delete(&Scope::Tenant, &view));
    assert!(index.snapshot().is_empty());
    // Its end went with it.
    assert_eq!(index.insert(&Scope::Tenant, &view, None), Ok(Written::New));
    assert_eq!(index.snapshot().tuples().next().and_then(|kept| kept.expire_time), None);
}

#[test]
fn a_tuple_counts_up_to_its_end() {
    let mut index = Index::new(&schema(), 1);
    index.insert(&Scope::Tenant, &tuple("files:a#viewer@groups:g#member"), Some(100)).expect("written");
    index.insert(&Scope::Tenant, &tuple("groups:g#member@usr_1"), Some(50)).expect("written");
    let snapshot = index.snapshot();
    let at = |now| allowed(&snapshot, &Scope::Tenant, "files:a#view@usr_1", now);
    assert_eq!([at(0), at(49), at(50), at(100)], [true, true, false, false]);
    assert!(allowed(&snapshot, &Scope::Tenant, "files:a#viewer@groups:g#member", 99));
    assert!(!allowed(&snapshot, &Scope::Tenant, "files:a#viewer@groups:g#member", 100));
}

#[test]
fn organizations_see_their_own_tuples_and_shared_ones_of_the_tenant() {
    for (shared, seen) in [(vec![], false), (vec!["files"], true)] {
        let mut index = Index::new(&schema().with_shared(shared).expect("own"), 1);
        index.insert(&Scope::Tenant, &tuple("files:t#viewer@usr_1"), None).expect("written");
        index.insert(&org("org_a"), &tuple("files:a#viewer@usr_1"), None).expect("written");
        index.insert(&org("org_a"), &tuple("files:b#parent@files:t"), None).expect("written");
        index.insert(&org("org_a"), &tuple("groups:g#member@usr_1"), None).expect("written");
        let snapshot = index.snapshot();
        let sees = |scope: &Scope, text| allowed(&snapshot, scope, text, 0);
        assert!(sees(&Scope::Tenant, "files:t#view@usr_1") && !sees(&Scope::Tenant, "files:a#view@usr_1"));
        assert!(sees(&org("org_a"), "files:a#view@usr_1") && !sees(&org("org_b"), "files:a#view@usr_1"));
        assert_eq!(sees(&org("org_a"), "files:t#view@usr_1"), seen);
        assert_eq!(sees(&org("org_a"), "files:b#view@usr_1"), seen);
        assert_eq!(sees(&org("org_b"), "files:t#view@usr_1"), seen);
        // Built-in tuples are one set.
        assert!(
            sees(&org("org_b"), "groups:g#member@usr_1") && sees(&Scope::Tenant, "groups:g#member@usr_1")
        );
        let listed =
            |scope| snapshot.query(&scope, 0).list_objects("files", "view", &Subject::identity("usr_1"));
        assert_eq!(listed(org("org_b")).map(|objects| objects.len()), Ok(usize::from(seen)));
        assert_eq!(listed(org("org_a")).map(|objects| objects.len()), Ok(if seen { 3 } else { 1 }));
        // The same tuple in two stores is two tuples.
        assert!(!index.delete(&org("org_a"), &tuple("files:t#viewer@usr_1")));
        assert!(index.delete(&Scope::Tenant, &tuple("files:t#viewer@usr_1")));
    }
}

#[test]
fn roles_imply_their_base_and_their_permissions() {
    let roles = crate::RolePermissions {
        admin: vec!["members:write".into()],
        member: vec!["members:read".into()],
        ..crate::RolePermissions::default()
    };
    let mut index = Index::new(&schema().with_role_permissions(roles), 1);
    for text in [
        "organizations:o#owner@usr_owner",
        "organizations:o#billing@usr_bill",
        "organizations:o#lead@groups:g#member",
        "groups:g#member@usr_lead",
        "organizations:o#invoices:read@usr_single",
        "organizations:o#reports:*@usr_star",
    ] {
        index.insert(&Scope::Tenant, &tuple(text), None).expect("written");
    }
    let role = |key: &str, extends_admin, permissions: &[&str]| CustomRole {
        key: key.to_owned(),
        extends_admin,
        permissions: permissions.iter().map(|&p| p.to_owned()).collect(),
    };
    index.set_roles("o", &[role("billing", false, &["invoices:*"]), role("lead", true, &["teams:write"])]);
    let snapshot = index.snapshot();
    let can = |who: &str, relation: &str| {
        allowed(&snapshot, &Scope::Tenant, &format!("organizations:o#{relation}@usr_{who}"), 0)
    };
    for (who, yes, no) in [
        ("owner", "owner admin member members:write members:read", "billing invoices:write"),
        (
            "bill",
            "billing member members:read invoices:write invoices:* invoices:read",
            "admin members:write teams:write",
        ),
        ("lead", "lead admin member members:write teams:write", "owner invoices:read"),
        ("single", "invoices:read", "member invoices:write members:read"),
        ("star", "reports:read reports:*", "member invoices:read"),
    ] {
        for relation in yes.split(' ') {
            assert!(can(who, relation), "{who} {relation}");
            let objects = snapshot.query(&Scope::Tenant, 0).list_objects(
                "organizations",
                relation,
                &Subject::identity(format!("usr_{who}")),
            );
            assert_eq!(objects, Ok(vec!["o".to_owned()]), "{who} {relation}");
            let subjects =
                snapshot.query(&Scope::Tenant, 0).list_subjects("orgs", "o", relation, "identities");
            assert!(subjects.expect("a list").ids.contains(&format!("usr_{who}")), "{who} {relation}");
        }
        for relation in no.split(' ') {
            assert!(!can(who, relation), "{who} {relation}");
        }
    }
    index.set_roles("o", &[]);
    assert!(!allowed(&index.snapshot(), &Scope::Tenant, "organizations:o#invoices:write@usr_bill", 0));
    assert!(allowed(&snapshot, &Scope::Tenant, "organizations:o#invoices:write@usr_bill", 0));
}

#[test]
fn a_schema_that_would_orphan_tuples_is_refused() {
    let mut index = Index::new(&schema(), 1);
    for text in ["files:a#viewer@usr_1", "files:a#viewer@groups:g#member", "files:a#parent@files:b"] {
        index.insert(&Scope::Tenant, &tuple(text), None).expect("written");
    }
    let parse = |text: &str| Schema::parse(text).expect("a schema");
    let used =
        |relation: &str, tuples| InUse { namespace: "files".into(), relation: relation.into(), tuples };
    assert_eq!(index.set_schema(&Schema::built_in()), Err(vec![used("parent", 1), used("viewer", 2)]));
    let without_parent = SCHEMA
        .replace(", parent: files[]", "")
        .replace(" || this.related.parent.traverse((p) => p.permits.view(ctx))", "");
    assert_eq!(index.set_schema(&parse(&without_parent)), Err(vec![used("parent", 1)]));
    let without_groups = SCHEMA.replace(" | SubjectSet<groups, \"member\">", "");
    assert_eq!(index.set_schema(&parse(&without_groups)), Err(vec![used("viewer", 1)]));
    let renamed = SCHEMA.replace(" view:", " see:").replace("permits.view", "permits.see");
    assert_eq!(index.set_schema(&parse(&renamed)), Ok(()));
    let snapshot = index.snapshot();
    assert!(allowed(&snapshot, &Scope::Tenant, "files:a#see@usr_1", 0));
    let subject = Subject::identity("usr_1");
    let question = Question { namespace: "files", object: "a", relation: "view", subject: &subject };
    assert!(snapshot.query(&Scope::Tenant, 0).check(&question).is_err());
    for kept in snapshot.tuples() {
        assert!(index.delete(&kept.scope, &kept.tuple));
    }
    assert_eq!(index.set_schema(&Schema::built_in()), Ok(()));
}

#[test]
fn what_the_schema_has_no_place_for_is_not_taken_and_a_batch_is_whole() {
    let mut index = Index::new(&schema(), 1);
    let insert = |tuple: Tuple| Change::Insert { scope: Scope::Tenant, tuple, expire_time: None };
    let wrong = Tuple::new("files", "a", "view", Subject::identity("usr_1")).expect("well formed");
    let changes = [insert(tuple("files:a#viewer@usr_1")), insert(wrong)];
    assert!(matches!(index.apply(3, &changes), Err((1, IndexError::Misfit(crate::Misfit::OnlyAPermit(..))))));
    assert!(index.snapshot().is_empty() && index.snapshot().position() == 0);
    let deletes = Change::Delete { scope: Scope::Tenant, tuple: tuple("files:a#viewer@usr_2") };
    let counts = index.apply(4, &[changes[0].clone(), deletes]);
    assert_eq!(counts, Ok(Counts { inserted: 1, deleted: 0 }));
    assert_eq!(index.snapshot().position(), 4);
}

#[test]
fn numbers_are_given_back() {
    let mut index = Index::new(&schema(), 1);
    let mut peak = 0;
    for round in 0..50 {
        let tuples: Vec<Tuple> = (0..200)
            .map(|n| tuple(&format!("files:f{round}_{n}#viewer@groups:g{round}_{n}#member")))
            .collect();
        for tuple in &tuples {
            index.insert(&org(&format!("org_{round}")), tuple, Some(round)).expect("written");
        }
        peak = if round == 0 { index.snapshot().bytes() } else { peak };
        assert!(index.snapshot().bytes() < 2 * peak, "round {round}");
        for tuple in &tuples {
            assert!(index.delete(&org(&format!("org_{round}")), tuple));
        }
    }
    assert!(index.snapshot().is_empty() && index.snapshot().tuples().next().is_none());
}

#[test]
fn readers_and_a_writer_work_at_the_same_time() {
    use std::sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    };
    let mut index = Index::new(&schema(), 1);
    // Two tuples are always written and deleted together: a reader sees both or none.
    let pair = ["files:a#viewer@usr_1", "files:b#viewer@usr_1"].map(tuple);
    let published = Mutex::new(index.snapshot());
    let done = AtomicBool::new(false);
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let snapshot = published.lock().expect("a lock").clone();
                    let both = ["files:a#view@usr_1", "files:b#view@usr_1"]
                        .map(|text| allowed(&snapshot, &Scope::Tenant, text, 0));
                    assert_eq!(both[0], both[1]);
                }
            });
        }
        for round in 0..2_000_u64 {
            let changes: Vec<Change> = pair
                .iter()
                .map(|tuple| {
                    let (scope, tuple) = (Scope::Tenant, tuple.clone());
                    if round % 2 == 0 {
                        Change::Insert { scope, tuple, expire_time: None }
                    } else {
                        Change::Delete { scope, tuple }
                    }
                })
                .collect();
            index.apply(round, &changes).expect("applied");
            *published.lock().expect("a lock") = index.snapshot();
        }
        done.store(true, Ordering::Relaxed);
    });
}
