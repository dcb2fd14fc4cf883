use proptest::prelude::*;
use serde_json::json;

use super::*;
use avnology_model::{
    Timestamp,
    ids::{AuditId, EventId},
};

fn record(sequence: i64, prev_hash: Digest, about: &str) -> Record {
    let part = Part {
        person: Some("usr_1".to_owned()),
        salt: [7; 32],
        values: json!({ "/actor/id": about }).as_object().cloned().unwrap_or_default(),
    };
    let personal_hashes = vec![part_hash(&part)];
    let public = json!({ "sequence": sequence, "actor": { "id": "deleted" } });
    Record {
        sequence,
        id: AuditId::from_bytes([1; 16]),
        event_id: EventId::from_bytes([2; 16]),
        timestamp: Timestamp::from_micros(0),
        hash: record_hash(&prev_hash, &public, &personal_hashes),
        parts: vec![(0, part)],
        public,
        personal_hashes,
        prev_hash,
    }
}

fn records(count: i64) -> Vec<Record> {
    let mut before = first_hash(Log::Tenant);
    (1..=count)
        .map(|sequence| {
            let next = record(sequence, before, &format!("usr_{sequence}"));
            before = next.hash;
            next
        })
        .collect()
}

fn start() -> (i64, Digest) {
    (0, first_hash(Log::Tenant))
}

/// Computed by hand from the words of the contract.
#[test]
fn hashes_are_what_the_contract_says() {
    let text = r#"{"actor":{"id":"deleted"},"personal_hashes":[""#;
    let one = record(1, first_hash(Log::Tenant), "usr_1");
    let mut salted = vec![7_u8; 32];
    salted.extend(br#"{"/actor/id":"usr_1"}"#);
    assert_eq!(one.personal_hashes, [sha256(&salted)]);
    let mut whole = sha256(b"avnology-audit:tenant").to_vec();
    whole.extend(format!("{text}{}\"],\"sequence\":1}}", hex(&one.personal_hashes[0])).into_bytes());
    assert_eq!(one.hash, sha256(&whole));
}

#[test]
fn a_chain_holds_with_and_without_the_parts_of_people_who_were_erased() {
    let mut chain = records(5);
    assert_eq!(check(&chain, start()), None);
    chain[2].parts.clear();
    assert_eq!(check(&chain, start()), None);
}

#[test]
fn whatever_is_changed_breaks_the_chain_where_it_was_changed() {
    type Change = fn(&mut Vec<Record>);
    let changes: [(i64, Change); 6] = [
        (3, |chain| chain[2].public = json!({ "sequence": 3, "actor": { "id": "other" } })),
        (3, |chain| drop(chain[2].parts[0].1.values.insert("/actor/id".to_owned(), json!("usr_other")))),
        (3, |chain| chain[2].personal_hashes.clear()),
        (3, |chain| chain[2].hash = [0; 32]),
        (3, |chain| drop(chain.remove(2))),
        (2, |chain| chain.swap(1, 2)),
    ];
    for (at, change) in changes {
        let mut chain = records(5);
        change(&mut chain);
        assert_eq!(check(&chain, start()), Some(at));
    }
    assert_eq!(
        check(
            &records(2),
            (0, first_hash(Log::Organization(avnology_model::ids::OrganizationId::from_bytes([1; 16]))))
        ),
        Some(1)
    );
}

/// RFC 6962 §2.1.3: a tree of seven leaves.
#[test]
fn the_tree_is_that_of_the_standard() {
    let leaves: Vec<Digest> = (0..7).map(|n| [n; 32]).collect();
    let leaf = |n: usize| merkle_root(&leaves[n..=n]);
    let pair = |n: usize| node(&leaf(n), &leaf(n + 1));
    let (left, right) = (node(&pair(0), &pair(2)), node(&pair(4), &leaf(6)));
    assert_eq!(merkle_root(&leaves), node(&left, &right));
    assert_eq!(merkle_path(&leaves, 0), [leaf(1), pair(2), right]);
    assert_eq!(merkle_path(&leaves, 3), [leaf(2), pair(0), right]);
    assert_eq!(merkle_path(&leaves, 4), [leaf(5), leaf(6), left]);
    assert_eq!(merkle_path(&leaves, 6), [pair(4), left]);
    assert_eq!(merkle_root(&[]), sha256(&[]));
}

/// Climbs a path as a reader of a proof does (RFC 9162 §2.1.3.2).
fn climb(leaf: Digest, mut index: usize, count: usize, path: &[Digest]) -> Digest {
    let (mut last, mut hash) = (count - 1, merkle_root(&[leaf]));
    for sibling in path {
        if index % 2 == 1 || index == last {
            hash = node(sibling, &hash);
            while index.is_multiple_of(2) && index != 0 {
                (index, last) = (index / 2, last / 2);
            }
        } else {
            hash = node(&hash, sibling);
        }
        (index, last) = (index / 2, last / 2);
    }
    hash
}

proptest! {
    #[test]
    fn every_path_leads_to_the_root(count in 1..70_usize, pick in any::<prop::sample::Index>()) {
        let leaves: Vec<Digest> = (0..count).map(|n| sha256(&n.to_be_bytes())).collect();
        let at = pick.index(count);
        prop_assert_eq!(climb(leaves[at], at, count, &merkle_path(&leaves, at)), merkle_root(&leaves));
    }
}
