//! What a filter means, one object at a time: the reference that a compiled query must agree with.

use std::collections::BTreeMap;

use super::{Expr, FieldPath, Number, Op, Restriction, Value, rfc3339};
use crate::pattern::{Pattern, equal_ignoring_case};

/// The value of a field that is set.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    /// A text or the value of an enumeration.
    Text {
        /// The text.
        value: String,
        /// Whether `=` and `!=` ignore the case of letters: e-mail, domain and slug.
        case_insensitive: bool,
    },
    /// A number.
    Number(Number),
    /// A boolean.
    Bool(bool),
    /// A timestamp, in microseconds since 1970.
    Time(i64),
    /// A list of texts.
    List(Vec<String>),
    /// A map, whose members are reached by longer paths. A member that is null is left out.
    Map(BTreeMap<String, Datum>),
}

impl Datum {
    /// A text that is compared exactly.
    pub fn text(value: impl Into<String>) -> Self {
        Self::Text { value: value.into(), case_insensitive: false }
    }

    /// A text whose case `=` and `!=` ignore.
    pub fn folded_text(value: impl Into<String>) -> Self {
        Self::Text { value: value.into(), case_insensitive: true }
    }
}

impl Expr {
    /// Whether an object passes. `lookup` gives the value of each field that is set; a path into a map may be
    /// answered by the map itself under a shorter path.
    ///
    /// Logic has two values: a comparison that an unset field makes false is made true by `NOT`. An operator
    /// that does not fit the type of its field is false here; an endpoint refuses it before.
    pub fn matches(&self, lookup: &dyn Fn(&FieldPath) -> Option<Datum>) -> bool {
        match self {
            Self::And(terms) => terms.iter().all(|term| term.matches(lookup)),
            Self::Or(terms) => terms.iter().any(|term| term.matches(lookup)),
            Self::Not(inner) => !inner.matches(lookup),
            Self::Restriction(restriction) => restriction.matches(lookup),
        }
    }
}

impl Restriction {
    fn matches(&self, lookup: &dyn Fn(&FieldPath) -> Option<Datum>) -> bool {
        let found = find(&self.field, lookup);
        if let Some(set) = self.presence() {
            return found.is_some() == set;
        }
        match found {
            None => false,
            Some(_) if matches!(self.value, Value::Null | Value::Any) => false,
            Some(Found::Field(datum)) => self.compare(&datum),
            Some(Found::Member(datum)) => self.compare_member(&datum),
        }
    }

    fn compare(&self, datum: &Datum) -> bool {
        match datum {
            Datum::Text { value, case_insensitive } => self.compare_text(value, *case_insensitive),
            Datum::Number(number) => self.compare_ordered(number, self.number()),
            Datum::Time(time) => self.compare_ordered(time, self.text().and_then(rfc3339::parse).as_ref()),
            Datum::Bool(value) => self.compare_equal(self.value == Value::Bool(*value)),
            Datum::List(elements) => {
                self.op == Op::Has && self.text().is_some_and(|t| elements.iter().any(|e| e == t))
            }
            Datum::Map(members) => self.op == Op::Has && self.text().is_some_and(|t| members.contains_key(t)),
        }
    }

    /// Members of maps are equal or not, and numbers are ordered besides; texts have no prefixes or patterns.
    fn compare_member(&self, datum: &Datum) -> bool {
        match datum {
            Datum::Text { value, .. } => self.compare_equal(self.text() == Some(value)),
            other => self.compare(other),
        }
    }

    fn compare_text(&self, value: &str, case_insensitive: bool) -> bool {
        let Some(wanted) = self.text() else { return self.compare_equal(false) };
        match self.op {
            Op::Has => Pattern::prefix_or_whole(wanted).matches(value),
            Op::Match => Pattern::wildcard(wanted).matches(value),
            Op::Eq | Op::Ne if case_insensitive => self.compare_equal(equal_ignoring_case(value, wanted)),
            // The order of bytes in UTF-8 is the order of code points.
            _ => self.compare_ordered(value, Some(wanted)),
        }
    }

    fn compare_equal(&self, equal: bool) -> bool {
        match self.op {
            Op::Eq => equal,
            Op::Ne => !equal,
            _ => false,
        }
    }

    fn compare_ordered<T: Ord + ?Sized>(&self, left: &T, right: Option<&T>) -> bool {
        let Some(order) = right.map(|right| left.cmp(right)) else { return self.compare_equal(false) };
        match self.op {
            Op::Lt => order.is_lt(),
            Op::Le => order.is_le(),
            Op::Gt => order.is_gt(),
            Op::Ge => order.is_ge(),
            Op::Eq | Op::Ne | Op::Has | Op::Match => self.compare_equal(order.is_eq()),
        }
    }

    fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }

    fn number(&self) -> Option<&Number> {
        if let Value::Number(number) = &self.value { Some(number) } else { None }
    }
}

enum Found {
    Field(Datum),
    Member(Datum),
}

/// The field itself, or else the member of the nearest map above it.
fn find(field: &FieldPath, lookup: &dyn Fn(&FieldPath) -> Option<Datum>) -> Option<Found> {
    if let Some(datum) = lookup(field) {
        return Some(Found::Field(datum));
    }
    for length in (1..field.0.len()).rev() {
        let (above, below) = field.0.split_at_checked(length)?;
        let Some(mut datum) = lookup(&FieldPath(above.to_vec())) else { continue };
        for name in below {
            let Datum::Map(mut members) = datum else { return None };
            datum = members.remove(name)?;
        }
        return Some(Found::Member(datum));
    }
    None
}

#[cfg(test)]
mod tests;
