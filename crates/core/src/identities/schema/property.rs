//! What forms need to know of the properties at the top of a schema.

use serde_json::{Map, Value};

/// How a property is filled in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PropertyKind {
    /// A line of text.
    Text,
    /// A line of text that is an e-mail address.
    Email,
    /// Yes or no; the field says whether only yes will do.
    Boolean {
        /// Whether `true` is the only value that is accepted.
        must_be_true: bool,
    },
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// One of these texts.
    Choice(Vec<String>),
    /// Nothing that a form can ask for: lists, objects, and what references or combinations describe.
    Other,
}

/// A property at the top of the schema.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Property {
    /// Its name.
    pub(crate) name: String,
    /// `title`, or else the name.
    pub(crate) title: String,
    /// How it is filled in.
    pub(crate) kind: PropertyKind,
    /// Whether the schema asks for it.
    pub(crate) required: bool,
    /// Whether people may change it themselves.
    pub(crate) self_service: bool,
    /// Least number of characters.
    pub(crate) min_length: Option<u32>,
    /// Largest number of characters.
    pub(crate) max_length: Option<u32>,
}

impl Property {
    /// Whether people may give it when they register.
    pub(crate) fn is_for_registration(&self) -> bool {
        self.required || self.self_service
    }

    /// Whether a form can ask for it.
    pub(crate) fn has_node(&self) -> bool {
        self.kind != PropertyKind::Other
    }

    /// What a form or program sent, with texts read as what the schema wants where they can be; `None` for a field that
    /// was left empty.
    pub(crate) fn read(&self, given: Value) -> Option<Value> {
        let Value::String(text) = &given else { return Some(given) };
        let text = text.trim();
        let read = match self.kind {
            PropertyKind::Other => return Some(given),
            _ if text.is_empty() => return None,
            PropertyKind::Text | PropertyKind::Email | PropertyKind::Choice(_) => None,
            PropertyKind::Boolean { .. } => match text {
                "true" | "on" => Some(Value::Bool(true)),
                "false" => Some(Value::Bool(false)),
                _ => None,
            },
            PropertyKind::Integer => text.parse::<i64>().ok().map(Value::from),
            PropertyKind::Number => text.parse::<f64>().ok().filter(|n| n.is_finite()).map(Value::from),
        };
        Some(read.unwrap_or_else(|| Value::String(text.to_owned())))
    }
}

/// The properties of a schema, by name.
pub(super) fn all(schema: &Map<String, Value>) -> Vec<Property> {
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    properties.map(|(name, property)| of(name, property, required.contains(&name.as_str()))).collect()
}

fn of(name: &str, property: &Value, required: bool) -> Property {
    let text = |key: &str| property.get(key).and_then(Value::as_str);
    let length =
        |key: &str| property.get(key).and_then(Value::as_u64).map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    let title: String = text("title").unwrap_or_default().trim().chars().take(200).collect();
    Property {
        name: name.to_owned(),
        title: if title.is_empty() { name.to_owned() } else { title },
        kind: kind(property),
        required,
        self_service: property.get("x-self-service") == Some(&Value::Bool(true)),
        min_length: length("minLength"),
        max_length: length("maxLength"),
    }
}

fn kind(property: &Value) -> PropertyKind {
    let is_true = |value: Option<&Value>| value == Some(&Value::Bool(true));
    if let Some(values) = property.get("enum").and_then(Value::as_array) {
        let texts: Option<Vec<String>> = values.iter().map(|v| v.as_str().map(str::to_owned)).collect();
        return match (texts, values.as_slice()) {
            (Some(texts), [_, ..]) => PropertyKind::Choice(texts),
            (None, [only]) if is_true(Some(only)) => PropertyKind::Boolean { must_be_true: true },
            _ => PropertyKind::Other,
        };
    }
    match property.get("type").and_then(Value::as_str) {
        Some("string") if property.get("format").and_then(Value::as_str) == Some("email") => {
            PropertyKind::Email
        }
        Some("string") => PropertyKind::Text,
        Some("boolean") => PropertyKind::Boolean { must_be_true: is_true(property.get("const")) },
        Some("integer") => PropertyKind::Integer,
        Some("number") => PropertyKind::Number,
        _ => PropertyKind::Other,
    }
}
