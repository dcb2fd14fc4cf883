//! A record as it is kept: nothing personal in it, and the personal parts beside it.

use serde_json::{Map, Value};

use crate::{
    Timestamp,
    ids::{AuditId, EventId},
};

/// A SHA-256 hash.
pub type Digest = [u8; 32];

/// What a record tells about one person.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The identity whose part it is; none for people without an account.
    pub person: Option<String>,
    /// 32 random bytes, without which nobody can try out what was hashed.
    pub salt: Digest,
    /// JSON pointers into the record, each with the value there.
    pub values: Map<String, Value>,
}

/// What a record is about, to find it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordTarget {
    /// `identity`, `organization`, …
    pub kind: String,
    /// Its id.
    pub id: String,
    /// The person whom the id names.
    pub person: Option<String>,
}

/// A record of a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its number in the log, from 1 without gaps.
    pub sequence: i64,
    /// Id.
    pub id: AuditId,
    /// The event that it is of.
    pub event_id: EventId,
    /// When it happened.
    pub timestamp: Timestamp,
    /// The record; `deleted` stands where something personal was.
    pub public: Value,
    /// The personal parts that are still there, each with its place among the hashes.
    pub parts: Vec<(usize, Part)>,
    /// The hash of each part that was there.
    pub personal_hashes: Vec<Digest>,
    /// The hash of the record before.
    pub prev_hash: Digest,
    /// The hash of this one.
    pub hash: Digest,
}

/// A signed state of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last record that it covers.
    pub sequence: i64,
    /// That record's hash.
    pub hash: Digest,
    /// Root of the Merkle tree over the hashes since the checkpoint before.
    pub root: Digest,
    /// When it was made.
    pub timestamp: Timestamp,
    /// The signed statement.
    pub jws: String,
}
