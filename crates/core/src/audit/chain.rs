//! The chain of a log: each record's hash holds the one before (`contract/70` §3.4), and the tree over the hashes between
//! two checkpoints (RFC 6962 §2.1).

use avnology_jose::canonical;
use avnology_model::{
    audit::{Digest, Log, Part, Record},
    secret_token::sha256,
};
use serde_json::Value;

use crate::hex;

/// What comes before the first record of a log.
pub fn first_hash(log: Log) -> Digest {
    sha256(format!("avnology-audit:{log}").as_bytes())
}

/// The hash of a personal part.
pub(super) fn part_hash(part: &Part) -> Digest {
    let mut bytes = part.salt.to_vec();
    bytes.extend(canonical::to_text(&Value::Object(part.values.clone())).into_bytes());
    sha256(&bytes)
}

/// The hash of a record behind the one with `prev_hash`.
pub(super) fn record_hash(prev_hash: &Digest, public: &Value, personal_hashes: &[Digest]) -> Digest {
    let mut whole = public.clone();
    if let Value::Object(members) = &mut whole {
        let hashes: Vec<String> = personal_hashes.iter().map(|hash| hex(hash)).collect();
        members.insert("personal_hashes".to_owned(), hashes.into());
    }
    let mut bytes = prev_hash.to_vec();
    bytes.extend(canonical::to_text(&whole).into_bytes());
    sha256(&bytes)
}

/// Whether a record follows on the one with this number and hash, and is what was hashed; parts that were removed are
/// beyond proof and harm nothing.
pub(super) fn is_sound(record: &Record, before: (i64, &Digest)) -> bool {
    record.sequence == before.0 + 1
        && record.prev_hash == *before.1
        && record.hash == record_hash(before.1, &record.public, &record.personal_hashes)
        && record.parts.iter().all(|(at, part)| record.personal_hashes.get(*at) == Some(&part_hash(part)))
}

/// The number of the first record that breaks the chain behind the record with this number and hash; none when it holds.
pub fn check(records: &[Record], before: (i64, Digest)) -> Option<i64> {
    let mut at = before;
    for record in records {
        if !is_sound(record, (at.0, &at.1)) {
            return Some(at.0 + 1);
        }
        at = (record.sequence, record.hash);
    }
    None
}

/// The root of the Merkle tree over these hashes.
pub(super) fn merkle_root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => sha256(&[]),
        [leaf] => {
            let mut bytes = vec![0];
            bytes.extend(leaf);
            sha256(&bytes)
        }
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(&merkle_root(left), &merkle_root(right))
        }
    }
}

/// The hashes that lead from the leaf at `index` to the root, the lowest first.
pub(super) fn merkle_path(leaves: &[Digest], index: usize) -> Vec<Digest> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let at = split(leaves.len());
    let (left, right) = leaves.split_at(at);
    let (mut path, other) = if index < at {
        (merkle_path(left, index), merkle_root(right))
    } else {
        (merkle_path(right, index - at), merkle_root(left))
    };
    path.push(other);
    path
}

/// The largest power of two that is smaller than a number above one.
fn split(length: usize) -> usize {
    length.div_ceil(2).next_power_of_two()
}

fn node(left: &Digest, right: &Digest) -> Digest {
    let mut bytes = vec![1];
    bytes.extend(left);
    bytes.extend(right);
    sha256(&bytes)
}

#[cfg(test)]
mod tests;
