//! One text for one JSON value (RFC 8785, JCS), so that its hash can be computed again.

use std::fmt::Write as _;

use serde_json::{Number, Value};

/// The largest whole number below which every one is a double (RFC 8785 §3.2.2.3).
const SAFE: u64 = 1 << 53;

/// The canonical text of a value. Numbers are doubles, as the standard has it: whole ones beyond 2^53 are rounded.
pub fn to_text(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(flag) => text.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => write_number(number, text),
        Value::String(string) => write_string(string, text),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(object) => {
            let mut members: Vec<_> = object.iter().collect();
            members.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
            text.push('{');
            for (index, (name, member)) in members.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_string(name, text);
                text.push(':');
                write(member, text);
            }
            text.push('}');
        }
    }
}

fn write_string(string: &str, text: &mut String) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\u{c}' => text.push_str("\\f"),
            '\r' => text.push_str("\\r"),
            control if control < ' ' => {
                // Writing to a text cannot fail.
                let _ = write!(text, "\\u{:04x}", u32::from(control));
            }
            other => text.push(other),
        }
    }
    text.push('"');
}

fn write_number(number: &Number, text: &mut String) {
    let whole = number.as_i64().filter(|n| n.unsigned_abs() <= SAFE);
    match (whole, number.as_f64()) {
        (Some(whole), _) => {
            let _ = write!(text, "{whole}");
        }
        (None, Some(double)) => write_double(double, text),
        // Not a double: no parser of ours makes one.
        (None, None) => text.push_str("null"),
    }
}

/// As ECMAScript writes numbers (ECMA-262, `Number::toString`).
fn write_double(double: f64, text: &mut String) {
    if double == 0.0 {
        text.push('0');
        return;
    }
    if double < 0.0 {
        text.push('-');
    }
    let scientific = shortest(double.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let count = i32::try_from(digits.len()).unwrap_or_default();
    // The point lies behind so many digits.
    let point = exponent + 1;
    let zeros = |n: i32| "0".repeat(usize::try_from(n).unwrap_or_default());
    match point {
        _ if count <= point && point <= 21 => {
            text.push_str(&digits);
            text.push_str(&zeros(point - count));
        }
        1..=21 => {
            let (before, after) = digits.split_at(usize::try_from(point).unwrap_or_default());
            text.push_str(before);
            text.push('.');
            text.push_str(after);
        }
        -5..=0 => {
            text.push_str("0.");
            text.push_str(&zeros(-point));
            text.push_str(&digits);
        }
        _ => {
            let (first, rest) = digits.split_at(1);
            text.push_str(first);
            if !rest.is_empty() {
                text.push('.');
                text.push_str(rest);
            }
            let sign = if exponent < 0 { '-' } else { '+' };
            let _ = write!(text, "e{sign}{}", exponent.abs());
        }
    }
}

/// The shortest digits that read back as this number; of two that are as close, those with the even end, which the
/// language's own way does not promise.
fn shortest(double: f64) -> String {
    let shortest = format!("{double:e}");
    let digits = shortest.chars().take_while(|c| *c != 'e').filter(char::is_ascii_digit).count();
    let rounded = format!("{double:.*e}", digits.saturating_sub(1));
    let reads_back = rounded.parse::<f64>().is_ok_and(|read| read.to_bits() == double.to_bits());
    if reads_back { rounded } else { shortest }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn double(bits: u64) -> String {
        let mut text = String::new();
        write_double(f64::from_bits(bits), &mut text);
        text
    }

    /// RFC 8785, appendix B.
    #[test]
    fn numbers_are_written_as_the_samples_of_the_standard() {
        for (bits, expected) in [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] {
            assert_eq!(double(bits), expected);
        }
    }

    /// RFC 8785 §3.2.2 and §3.2.3.
    #[test]
    fn strings_and_members_are_written_as_the_samples_of_the_standard() {
        let value: Value = serde_json::from_str(
            r#"{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
                "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"#,
        )
        .unwrap();
        assert_eq!(
            to_text(&value),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
             \"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
        let sorted: Value = serde_json::from_str(
            r#"{"\u20ac": "Euro", "\r": "CR", "\ufb33": "Dalet", "1": "One", "\ud83d\ude00": "Smiley",
                "\u0080": "Control", "\u00f6": "o"}"#,
        )
        .unwrap();
        let text = to_text(&sorted);
        let places: Vec<_> = ["CR", "One", "Control", "\"o\"", "Euro", "Smiley", "Dalet"]
            .iter()
            .map(|name| text.find(name).unwrap())
            .collect();
        assert!(places.is_sorted(), "{text}");
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_filter("a number", |f| f.is_finite()).prop_map(|f| json!(f)),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::hash_map(".*", inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_text_reads_back_and_is_canonical_already(value in values()) {
            let text = to_text(&value);
            let read: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(to_text(&read), text);
        }

        #[test]
        fn a_double_reads_back(double in any::<f64>().prop_filter("a number", |f| f.is_finite())) {
            let mut text = String::new();
            write_double(double, &mut text);
            prop_assert_eq!(text.parse::<f64>().unwrap().abs().to_bits(), double.abs().to_bits());
        }
    }
}
