//! Decimal numbers of any length, exact.

use std::{cmp::Ordering, fmt};

/// A decimal number as written, without loss. Equal numbers are equal however they were written (`1.50`, `1.5`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    /// Never set for zero.
    negative: bool,
    /// Digits before the point, without leading zeros: empty for zero.
    whole: String,
    /// Digits after the point, without trailing zeros.
    fraction: String,
}

impl Number {
    /// Reads `[ "-" ] digits [ "." digits ]`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !are_digits(whole) || !are_digits(fraction) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let zero = whole.is_empty() && fraction.is_empty();
        Some(Self { negative: negative && !zero, whole: whole.to_owned(), fraction: fraction.to_owned() })
    }

    /// The exact value as an `i64`, if it is one.
    pub fn as_i64(&self) -> Option<i64> {
        if self.fraction.is_empty() { self.to_string().parse().ok() } else { None }
    }

    /// The nearest `f64`; infinite for what is larger than any.
    pub fn as_f64(&self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// The shortest decimal that reads back as `value`; `None` for what is not finite.
    pub fn from_f64(value: f64) -> Option<Self> {
        Self::parse(&value.to_string())
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        let digits = value.unsigned_abs().to_string();
        Self {
            negative: value < 0,
            whole: digits.trim_start_matches('0').to_owned(),
            fraction: String::new(),
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = |n: &Self| (n.whole.len(), n.whole.clone(), n.fraction.clone());
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => size(self).cmp(&size(other)),
            (true, true) => size(other).cmp(&size(self)),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        let whole = if self.whole.is_empty() { "0" } else { &self.whole };
        let point = if self.fraction.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{point}{}", self.fraction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> Number {
        Number::parse(text).expect("a number")
    }

    #[test]
    fn equal_numbers_are_equal_however_written() {
        assert_eq!(number("007.50"), number("7.5"));
        assert_eq!(number("-0.0"), number("0"));
        assert_eq!(number("-0"), Number::from(0));
        assert_eq!(number("00.250").to_string(), "0.25");
    }

    #[test]
    fn large_numbers_keep_every_digit() {
        let large = number("9223372036854775808");
        assert_eq!(large.as_i64(), None);
        assert!(large > Number::from(i64::MAX));
        assert_eq!(number("-9223372036854775808").as_i64(), Some(i64::MIN));
        assert!(number("0.1000000000000000000001") > number("0.1"));
        assert_eq!(number("1.5").as_i64(), None);
        assert!(number(&"9".repeat(400)).as_f64().is_infinite());
    }

    #[test]
    fn other_spellings_are_no_numbers() {
        for text in ["", "-", ".5", "5.", "+5", "1e3", "0x1", "1.2.3", "--1", " 1", "٣"] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
        assert_eq!(Number::from_f64(f64::NAN), None);
        assert_eq!(Number::from_f64(f64::INFINITY), None);
    }

    proptest! {
        #[test]
        fn integers_keep_value_and_order(a: i64, b: i64) {
            prop_assert_eq!(Number::from(a).as_i64(), Some(a));
            prop_assert_eq!(Number::from(a).cmp(&Number::from(b)), a.cmp(&b));
            prop_assert_eq!(Number::parse(&a.to_string()), Some(Number::from(a)));
        }

        #[test]
        fn floats_keep_value_and_order(a in proptest::num::f64::NORMAL, b in -10.0..10.0) {
            let (x, y) = (Number::from_f64(a).expect("finite"), Number::from_f64(b).expect("finite"));
            prop_assert_eq!(x.as_f64().to_bits(), a.to_bits());
            prop_assert_eq!(Some(x.cmp(&y)), a.partial_cmp(&b));
        }
    }
}
