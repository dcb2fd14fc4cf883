//! `order_by`: at most two fields, each with an optional `asc` or `desc`, separated by a comma.

use std::fmt;

/// One field to order by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OrderKey {
    /// The field, dotted where it is inside another.
    pub field: String,
    /// Whether the largest value comes first.
    pub descending: bool,
}

impl fmt::Display for OrderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, if self.descending { "desc" } else { "asc" })
    }
}

/// An `order_by` that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderByError {
    /// What is wrong, for a person.
    pub message: String,
}

impl fmt::Display for OrderByError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for OrderByError {}

/// The keys of `text`, none when it is blank. Which fields sort is the endpoint's to say.
pub fn parse(text: &str) -> Result<Vec<OrderKey>, OrderByError> {
    let mut keys = Vec::new();
    if text.trim().is_empty() {
        return Ok(keys);
    }
    for part in text.split(',') {
        if keys.len() == 2 {
            return refuse("At most two fields, separated by a comma.");
        }
        let key = parse_key(part)?;
        if keys.iter().any(|earlier: &OrderKey| earlier.field == key.field) {
            return refuse("The same field is named twice.");
        }
        keys.push(key);
    }
    Ok(keys)
}

fn parse_key(part: &str) -> Result<OrderKey, OrderByError> {
    let mut words = part.split_whitespace();
    let Some(field) = words.next() else { return refuse("A field is missing.") };
    if !field.split('.').all(is_name) {
        return refuse("A field is a name of letters, digits and `_`, or several joined by dots.");
    }
    let descending = match words.next() {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(_) => return refuse("After a field comes `asc`, `desc` or a comma."),
    };
    if words.next().is_some() {
        return refuse("After `asc` or `desc` comes a comma or nothing.");
    }
    Ok(OrderKey { field: field.to_owned(), descending })
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn refuse<T>(message: &str) -> Result<T, OrderByError> {
    Err(OrderByError { message: message.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(field: &str, descending: bool) -> OrderKey {
        OrderKey { field: field.to_owned(), descending }
    }

    #[test]
    fn one_or_two_fields_are_read() {
        assert_eq!(parse(""), Ok(vec![]));
        assert_eq!(parse("  "), Ok(vec![]));
        assert_eq!(parse("name"), Ok(vec![key("name", false)]));
        assert_eq!(parse("timestamp asc"), Ok(vec![key("timestamp", false)]));
        assert_eq!(
            parse(" identity.email  desc ,create_time"),
            Ok(vec![key("identity.email", true), key("create_time", false)])
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "a,b,c",
            "a,",
            ",a",
            ",",
            "a DESC",
            "a desc asc",
            "a b",
            "a.",
            ".a",
            "1a",
            "a-b",
            "é",
            "a, a desc",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_is_written_as_it_is_read() {
        assert_eq!(parse(&key("a.b", true).to_string()), Ok(vec![key("a.b", true)]));
        assert_eq!(key("a", false).to_string(), "a asc");
    }
}
