//! Records as a table (RFC 4180): members of objects in columns of their own, named by their path with dots.

use std::collections::BTreeMap;

use serde_json::Value;

/// Columns that come first, in this order.
const FIRST: &[&str] = &[
    "id",
    "event_id",
    "sequence",
    "timestamp",
    "action",
    "result",
    "actor.type",
    "actor.id",
    "actor.display",
    "actor.session_id",
    "targets[0].type",
    "targets[0].id",
    "targets[0].display",
    "targets[1].type",
    "targets[1].id",
    "targets[1].display",
    "organization_id",
    "ip",
    "user_agent",
    "request_id",
    "error_code",
];
/// Columns that hold the rest as JSON: which members they have differs from record to record.
const WHOLE: &[&str] = &["details"];

/// The columns of every table.
pub(super) fn columns(with_proof: bool) -> Vec<String> {
    let others = [
        "actor.client_id",
        "location",
        "device_id",
        "decision_id",
        "details",
        "integrity.prev_hash",
        "integrity.personal_hashes",
        "integrity.hash",
    ];
    let proof = with_proof.then_some("proof.parts");
    FIRST.iter().copied().chain(others).chain(proof).map(str::to_owned).collect()
}

/// The first line.
pub(super) fn head(columns: &[String]) -> String {
    line(columns.iter().map(String::as_str))
}

/// A record as a line.
pub(super) fn row(columns: &[String], record: &Value) -> String {
    let mut cells = BTreeMap::new();
    flatten("", record, &mut cells);
    line(columns.iter().map(|name| cells.get(name).map_or("", String::as_str)))
}

fn flatten(name: &str, value: &Value, cells: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) if !WHOLE.contains(&name) => {
            for (member, value) in members {
                let path = if name.is_empty() { member.clone() } else { format!("{name}.{member}") };
                flatten(&path, value, cells);
            }
        }
        Value::Array(items) if name == "targets" => {
            for (index, item) in items.iter().enumerate() {
                flatten(&format!("{name}[{index}]"), item, cells);
            }
        }
        Value::Null => {}
        Value::String(text) => {
            cells.insert(name.to_owned(), text.clone());
        }
        other => {
            cells.insert(name.to_owned(), other.to_string());
        }
    }
}

fn line<'c>(cells: impl Iterator<Item = &'c str>) -> String {
    let cells: Vec<String> = cells.map(cell).collect();
    format!("{}\r\n", cells.join(","))
}

/// A cell that no spreadsheet takes for a formula.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// The cells of a table, by the grammar of RFC 4180.
    fn read(text: &str) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
        let mut characters = text.chars().peekable();
        let mut quoted = false;
        while let Some(c) = characters.next() {
            match c {
                '"' if quoted && characters.peek() == Some(&'"') => {
                    characters.next();
                    cell.push('"');
                }
                '"' => quoted = !quoted,
                ',' if !quoted => row.push(std::mem::take(&mut cell)),
                '\r' if !quoted && characters.peek() == Some(&'\n') => {
                    characters.next();
                    row.push(std::mem::take(&mut cell));
                    rows.push(std::mem::take(&mut row));
                }
                other => cell.push(other),
            }
        }
        assert!(!quoted && row.is_empty() && cell.is_empty(), "an unfinished line");
        rows
    }

    #[test]
    fn members_of_objects_have_columns_of_their_own() {
        let record = json!({
            "id": "aud_1", "sequence": 7, "actor": { "type": "identity", "id": "usr_1", "display": null },
            "targets": [{ "type": "organization", "id": "org_1" }], "details": { "a": { "b": 1 } },
            "integrity": { "personal_hashes": ["ab"] },
        });
        let columns = columns(false);
        let table = head(&columns) + &row(&columns, &record);
        let rows = read(&table);
        let at = |name: &str| {
            let place = rows[0].iter().position(|column| column == name).unwrap();
            rows[1][place].clone()
        };
        assert_eq!((at("id"), at("sequence"), at("actor.id")), ("aud_1".into(), "7".into(), "usr_1".into()));
        assert_eq!((at("targets[0].id"), at("targets[1].id")), ("org_1".into(), String::new()));
        assert_eq!(at("details"), r#"{"a":{"b":1}}"#);
        assert_eq!(
            (at("actor.display"), at("integrity.personal_hashes")),
            (String::new(), r#"["ab"]"#.into())
        );
    }

    #[test]
    fn what_a_spreadsheet_would_compute_is_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"] {
            assert_eq!(read(&line([formula].into_iter())), [[format!("'{formula}")]]);
        }
        assert_eq!(cell("a=1"), "a=1");
    }

    proptest! {
        #[test]
        fn every_text_reads_back_but_for_the_mark_of_a_formula(cells in prop::collection::vec(any::<String>(), 1..6)) {
            let rows = read(&line(cells.iter().map(String::as_str)));
            prop_assert_eq!(rows.len(), 1);
            prop_assert_eq!(rows[0].len(), cells.len());
            for (read, written) in rows[0].iter().zip(&cells) {
                let marked = format!("'{written}");
                prop_assert!(read == written || *read == marked);
                prop_assert!(!read.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']));
            }
        }
    }
}
