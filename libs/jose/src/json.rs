//! JSON as security needs it: one object, no member twice at any depth, no deep nesting. Parsers differ on which of two
//! members of one name counts, and whoever signs may use another parser than whoever verifies (RFC 8725 §2.4).

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::{MAX_BYTES, Refusal};

/// How deep lists and objects may stand in one another.
const DEPTH: usize = 32;

/// The object that this text is. `TooLarge` beyond [`MAX_BYTES`]; `Malformed` when it is no object, names a member twice,
/// is nested more than 32 deep, holds a number that no double can, or is followed by anything.
pub fn object(text: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match value(text)? {
        Value::Object(members) => Ok(members),
        _ => Err(Refusal::Malformed),
    }
}

/// The value that this text is, by the same rules.
pub fn value(text: &[u8]) -> Result<Value, Refusal> {
    if text.len() > MAX_BYTES {
        return Err(Refusal::TooLarge);
    }
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Strict(DEPTH).deserialize(&mut reader).map_err(|_| Refusal::Malformed)?;
    reader.end().map_err(|_| Refusal::Malformed)?;
    Ok(value)
}

/// Reads a value, at most so deep.
struct Strict(usize);

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
        Number::from_f64(number).map(Value::Number).ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let below = self.0.checked_sub(1).ok_or_else(|| A::Error::custom("too deep"))?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Strict(below))? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let below = self.0.checked_sub(1).ok_or_else(|| A::Error::custom("too deep"))?;
        let mut object = Map::new();
        while let Some(Name(name)) = members.next_key()? {
            let value = members.next_value_seed(Strict(below))?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

/// The name of a member.
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_every_parser_reads_the_same_is_read() {
        let text = r#" {"a":[1,-2,3.5,"x",null,true,{"b":{}}],"c":"\u00e9","n":18446744073709551615} "#;
        let read = json!({ "a": [1, -2, 3.5, "x", null, true, { "b": {} }], "c": "é", "n": u64::MAX });
        assert_eq!(value(text.as_bytes()), Ok(read));
    }

    #[test]
    fn a_member_that_stands_twice_is_refused_at_any_depth() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":{"a":1,"b":2,"a":3}}"#,
            r#"{"x":[{"a":1,"a":1}]}"#,
        ] {
            assert_eq!(object(text.as_bytes()), Err(Refusal::Malformed), "{text}");
        }
    }

    #[test]
    fn what_parsers_quarrel_about_is_refused() {
        for text in [
            "",
            "{",
            "[]",
            "1",
            "{} {}",
            "{},",
            "{'a':1}",
            "{\"a\":1e999}",
            "{\"a\":NaN}",
            "{\"a\":\"\\ud800\"}",
        ] {
            assert_eq!(object(text.as_bytes()), Err(Refusal::Malformed), "{text}");
        }
        assert_eq!(object(b"{\"a\":\"\xff\"}"), Err(Refusal::Malformed));
        assert_eq!(object("\u{feff}{}".as_bytes()), Err(Refusal::Malformed));
    }

    #[test]
    fn depth_and_size_have_an_end() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(value(deep(DEPTH).as_bytes()).is_ok());
        assert_eq!(value(deep(DEPTH + 1).as_bytes()), Err(Refusal::Malformed));
        assert_eq!(value(&vec![b' '; MAX_BYTES + 1]), Err(Refusal::TooLarge));
    }
}
