//! Decimal numbers of filters against columns of whole numbers.

use avnology_aip::{Number, Op};

/// A comparison with a whole number that says the same, or what it comes to for every number.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Whole {
    /// The column compared with a whole number.
    Compare(Op, i64),
    /// True of every number.
    Always,
    /// True of none.
    Never,
}

/// `column op number` for a column of whole numbers.
pub(super) fn whole(op: Op, number: &Number) -> Whole {
    if let Some(exact) = number.as_i64() {
        return Whole::Compare(op, exact);
    }
    let text = number.to_string();
    let negative = text.starts_with('-');
    let towards_zero = text.split_once('.').map_or(text.as_str(), |(whole, _)| whole);
    let below = match towards_zero.parse::<i64>() {
        Ok(cut) if negative => cut.checked_sub(1),
        Ok(cut) => Some(cut),
        Err(_) => None,
    };
    match (op, below) {
        (Op::Ne, _) => Whole::Always,
        // Nothing lies between the number and the whole number below it.
        (Op::Lt | Op::Le, Some(below)) => Whole::Compare(Op::Le, below),
        (Op::Gt | Op::Ge, Some(below)) => Whole::Compare(Op::Gt, below),
        (Op::Lt | Op::Le, None) if !negative => Whole::Always,
        (Op::Gt | Op::Ge, None) if negative => Whole::Always,
        _ => Whole::Never,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn holds(op: Op, left: &Number, right: &Number) -> bool {
        match op {
            Op::Eq => left == right,
            Op::Ne => left != right,
            Op::Lt => left < right,
            Op::Le => left <= right,
            Op::Gt => left > right,
            _ => left >= right,
        }
    }

    fn check(column: i64, op: Op, text: &str) {
        let number = Number::parse(text).unwrap();
        let says = match whole(op, &number) {
            Whole::Compare(op, value) => holds(op, &Number::from(column), &Number::from(value)),
            Whole::Always => true,
            Whole::Never => false,
        };
        assert_eq!(says, holds(op, &Number::from(column), &number), "{column} {op} {text}");
    }

    const OPS: [Op; 6] = [Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge];

    #[test]
    fn numbers_beyond_the_column_compare_as_what_they_are() {
        for text in [
            "9223372036854775808",
            "-9223372036854775809",
            "9223372036854775807.5",
            "-9223372036854775808.5",
            "0.5",
            "-0.5",
        ] {
            for column in [i64::MIN, -1, 0, 1, i64::MAX] {
                for op in OPS {
                    check(column, op, text);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn whole_numbers_compare_with_decimals_as_numbers_do(
            column in -20..20_i64, op in prop::sample::select(OPS.to_vec()), text in "-?[0-9]{1,2}(\\.[0-9]{1,2})?",
        ) {
            check(column, op, &text);
        }
    }
}
