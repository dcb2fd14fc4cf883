//! Checking an export without the server it came from (`contract/70` §3.4). Each line carries what its hash was computed of, so
//! that a filtered export can be checked line by line too.

use std::io::{self, BufRead};

use avnology_jose::{KeySet, jwt};
use avnology_model::audit::{Digest, Log, Part};
use serde_json::{Map, Value};

use super::{chain, checkpoint, separate::DELETED};
/// Longest line that is read, in bytes.
const LINE_BYTES: u64 = 4 << 20;

/// What an export holds, when all of it is as it was recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// How many records.
    pub records: u64,
    /// The number of the first.
    pub first_sequence: Option<i64>,
    /// The number of the last.
    pub last_sequence: Option<i64>,
    /// How many records that lie between them are not in the file.
    pub missing: u64,
}

/// Why a file is not a sound export.
#[derive(Debug)]
pub enum Unsound {
    /// It could not be read.
    Unreadable(io::Error),
    /// This line, counted from 1, is not what was recorded; what it does.
    Line(u64, String),
    /// The signed state does not fit; what it does.
    Checkpoint(String),
}

/// A signed state of a log: with which record it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedState {
    log: Log,
    /// The number of the record.
    pub sequence: i64,
    hash: Digest,
}

impl SignedState {
    /// Reads a checkpoint and checks its signature with the keys of `/.well-known/jwks.json`.
    pub fn read(jws: &str, keys: &str) -> Result<Self, Unsound> {
        let fault = |why: String| Unsound::Checkpoint(why);
        let keys =
            KeySet::parse(keys).map_err(|why| fault(format!("cannot be checked with these keys: {why}")))?;
        let claims = jwt::verify(jws.trim(), &keys, checkpoint::TYP)
            .map_err(|why| fault(format!("is not signed by these keys: {why}")))?;
        let read = || {
            let log = claims.get("log")?.as_str()?.parse().ok()?;
            Some(Self { log, sequence: claims.get("sequence")?.as_i64()?, hash: digest(claims.get("hash"))? })
        };
        read().ok_or_else(|| fault("names no record".to_owned()))
    }
}

/// Reads an export in JSON Lines, made with `include_proof`, and checks each record and that neighbours follow on each other.
/// With a signed state also that the record it ends with is there and the same, and that the first of all is the beginning of
/// that log.
pub fn check_export(mut file: impl BufRead, signed: Option<&SignedState>) -> Result<Checked, Unsound> {
    let mut checked = Checked::default();
    let mut last: Option<(i64, Digest)> = None;
    let mut is_signed = signed.is_none();
    for number in 1.. {
        let mut line = Vec::new();
        let length = io::Read::take(&mut file, LINE_BYTES).read_until(b'\n', &mut line);
        if length.map_err(Unsound::Unreadable)? == 0 {
            break;
        }
        let fault = |why: &str| Unsound::Line(number, why.to_owned());
        let record = Line::parse(&line).map_err(|why| fault(&why))?;
        record.check().map_err(|why| fault(&why))?;
        let sequence = record.sequence;
        match last {
            Some((before, _)) if sequence <= before => return Err(fault("is not in the order of the log")),
            Some((before, end)) if sequence == before + 1 && record.prev_hash != end => {
                return Err(fault("does not follow on the record before"));
            }
            Some((before, _)) => checked.missing += u64::try_from(sequence - before - 1).unwrap_or_default(),
            None => checked.first_sequence = Some(sequence),
        }
        if let Some(signed) = signed {
            if sequence == 1 && chain::first_hash(signed.log) != record.prev_hash {
                return Err(fault("is not the beginning of the log whose state was signed"));
            }
            if sequence == signed.sequence {
                if record.hash != signed.hash {
                    return Err(Unsound::Checkpoint("was signed over another record".to_owned()));
                }
                is_signed = true;
            }
        }
        checked.records += 1;
        checked.last_sequence = Some(sequence);
        last = Some((sequence, record.hash));
    }
    if is_signed {
        Ok(checked)
    } else {
        Err(Unsound::Checkpoint("ends with a record that is not in the file".to_owned()))
    }
}

/// A record as an export holds it.
struct Line {
    sequence: i64,
    prev_hash: Digest,
    hash: Digest,
    personal_hashes: Vec<Digest>,
    /// Without what is personal.
    public: Value,
    /// The personal parts; none for those who were erased.
    parts: Vec<Option<Part>>,
}

impl Line {
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut record: Map<String, Value> =
            serde_json::from_slice(bytes).map_err(|_| "is no record in JSON".to_owned())?;
        let mut take = |name: &str| record.remove(name).ok_or_else(|| format!("has no `{name}`"));
        let integrity = take("integrity")?;
        let proof = take("proof").map_err(|_| "has no `proof`: export with `include_proof`".to_owned())?;
        let one =
            |name: &str| digest(integrity.get(name)).ok_or_else(|| format!("has no `integrity.{name}`"));
        let (prev_hash, hash) = (one("prev_hash")?, one("hash")?);
        let hashes = integrity.get("personal_hashes").and_then(Value::as_array);
        let personal_hashes = hashes
            .and_then(|all| all.iter().map(|hash| digest(Some(hash))).collect())
            .ok_or_else(|| "has no `integrity.personal_hashes`".to_owned())?;
        let sequence = record.get("sequence").and_then(Value::as_i64);
        let sequence = sequence.ok_or_else(|| "has no `sequence`".to_owned())?;
        let mut public = Value::Object(record);
        let parts = proof.get("parts").and_then(Value::as_array);
        let parts = parts.ok_or_else(|| "has no `proof.parts`".to_owned())?;
        let parts = parts.iter().map(|part| take_part(&mut public, part)).collect::<Result<_, _>>()?;
        Ok(Self { sequence, prev_hash, hash, personal_hashes, public, parts })
    }

    fn check(&self) -> Result<(), String> {
        if self.parts.len() != self.personal_hashes.len() {
            return Err("has another number of parts than of their hashes".to_owned());
        }
        let differs = |(part, hash): (&Option<Part>, &Digest)| {
            part.as_ref().is_some_and(|part| chain::part_hash(part) != *hash)
        };
        if self.parts.iter().zip(&self.personal_hashes).any(differs) {
            return Err("tells something else about a person than was recorded".to_owned());
        }
        if chain::record_hash(&self.prev_hash, &self.public, &self.personal_hashes) != self.hash {
            return Err("is not what was recorded".to_owned());
        }
        Ok(())
    }
}

/// Takes what a part covers out of the record that shows it.
fn take_part(public: &mut Value, part: &Value) -> Result<Option<Part>, String> {
    if part.is_null() {
        return Ok(None);
    }
    let salt = digest(part.get("salt")).ok_or_else(|| "has a part without a salt".to_owned())?;
    let covers = part.get("covers").and_then(Value::as_array);
    let mut values = Map::new();
    for pointer in covers.into_iter().flatten().filter_map(Value::as_str) {
        let slot = public.pointer_mut(pointer).ok_or_else(|| format!("has nothing at `{pointer}`"))?;
        values.insert(pointer.to_owned(), std::mem::replace(slot, DELETED.into()));
    }
    Ok(Some(Part { person: None, salt, values }))
}

fn digest(text: Option<&Value>) -> Option<Digest> {
    let text = text?.as_str()?;
    let mut digits = text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()));
    let mut digest = [0; 32];
    for byte in &mut digest {
        *byte = digits.next()?? << 4 | digits.next()??;
    }
    digits.next().is_none().then_some(digest)
}

#[cfg(test)]
mod tests {
    use avnology_model::{
        Timestamp,
        audit::Record,
        ids::{AuditId, EventId},
    };
    use serde_json::json;

    use super::{super::view, *};

    /// The text of an export of this many records, each with a part of somebody.
    fn export(count: i64) -> Vec<String> {
        let mut prev_hash = chain::first_hash(Log::Tenant);
        let line = |sequence| {
            let (id, event_id, timestamp) =
                (AuditId::from_bytes([1; 16]), EventId::from_bytes([2; 16]), Timestamp::from_micros(0));
            let values = json!({ "/actor/id": format!("usr_{sequence}"), "/ip": "192.0.2.1" });
            let values = values.as_object().cloned().unwrap_or_default();
            let part = Part { person: None, salt: [9; 32], values };
            let public = json!({
                "id": id, "event_id": event_id, "sequence": sequence, "timestamp": timestamp,
                "action": "user.updated", "result": "success",
                "actor": {
                    "type": "identity", "id": DELETED, "display": null, "session_id": null,
                    "client_id": null, "act": null,
                },
                "targets": [], "organization_id": null, "ip": DELETED, "user_agent": null, "location": null,
                "device_id": null, "request_id": null, "decision_id": null, "error_code": null,
                "details": { "changed_fields": ["name"] },
            });
            let personal_hashes = vec![chain::part_hash(&part)];
            let hash = chain::record_hash(&prev_hash, &public, &personal_hashes);
            let parts = if sequence % 3 == 0 { Vec::new() } else { vec![(0, part)] };
            let record =
                Record { sequence, id, event_id, timestamp, public, parts, personal_hashes, prev_hash, hash };
            prev_hash = hash;
            view::line(&record, true).to_string()
        };
        (1..=count).map(line).collect()
    }

    fn check(lines: &[String]) -> Result<Checked, Unsound> {
        check_export(lines.join("\n").as_bytes(), None)
    }

    /// The line with which it is wrong, and what that does.
    #[track_caller]
    fn fault(lines: &[String]) -> (u64, String) {
        match check(lines) {
            Err(Unsound::Line(line, why)) => (line, why),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_export_holds_whole_filtered_and_with_people_who_were_erased() {
        let mut lines = export(7);
        let whole = Checked { records: 7, first_sequence: Some(1), last_sequence: Some(7), missing: 0 };
        assert_eq!(check(&lines).expect("sound"), whole);
        lines.drain(2..4);
        assert_eq!(check(&lines).expect("sound"), Checked { records: 5, missing: 2, ..whole });
        assert_eq!(check(&[]).expect("sound"), Checked::default());
    }

    #[test]
    fn whatever_was_changed_is_found_in_its_line() {
        let lines = export(4);
        let with = |at: usize, from: &str, to: &str| {
            let mut lines = lines.clone();
            assert!(lines[at].contains(from), "{}", lines[at]);
            lines[at] = lines[at].replace(from, to);
            fault(&lines)
        };
        assert_eq!(with(1, "user.updated", "user.deleted"), (2, "is not what was recorded".to_owned()));
        assert_eq!(with(1, "usr_2", "usr_9").0, 2);
        assert_eq!(with(3, "\"0909", "\"0808").0, 4);
        assert_eq!(with(2, "\"sequence\":3", "\"sequence\":4").0, 3);
        let mut swapped = lines.clone();
        swapped.swap(0, 1);
        assert_eq!(fault(&swapped), (2, "is not in the order of the log".to_owned()));
        assert_eq!(
            with(0, "\"proof\"", "\"proofs\""),
            (1, "has no `proof`: export with `include_proof`".to_owned())
        );
        assert_eq!(fault(&["{".to_owned()]), (1, "is no record in JSON".to_owned()));
    }

    proptest::proptest! {
        #[test]
        fn no_input_makes_it_panic(text in "\\PC{0,200}", cut in 0_usize..400) {
            let _ = check_export(text.as_bytes(), None);
            let line = export(1).remove(0);
            let cut = line.get(..cut.min(line.len())).unwrap_or_default();
            let is_short = cut.len() < line.len();
            proptest::prop_assert_eq!(check_export(cut.as_bytes(), None).is_err(), is_short && !cut.is_empty());
        }
    }
}
