//! Which part of a filter an index can answer, so that a page need not walk past rows that do not pass.

use avnology_aip::{Expr, Op, Restriction, Value};
use avnology_model::Result;

use super::{
    fields::{Kind, List},
    filter::comparison,
    order::Order,
    pattern,
    statement::Params,
};

/// A filter in parts that must all hold.
#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    /// Bounds of the column that rows are ordered by: they shorten the walk.
    pub(super) bounds: Vec<&'a Restriction>,
    /// Comparisons of which an index finds the rows, or a few more.
    pub(super) seeks: Vec<&'a Restriction>,
    /// Everything but the bounds.
    pub(super) rest: Vec<&'a Expr>,
}

impl<'a> Parts<'a> {
    pub(super) fn of(filter: Option<&'a Expr>, list: &List, order: &Order) -> Self {
        let terms = match filter {
            None => &[],
            Some(Expr::And(terms)) => terms.as_slice(),
            Some(other) => std::slice::from_ref(other),
        };
        let mut parts = Self::default();
        for term in terms {
            match term {
                Expr::Restriction(restriction) if is_bound(restriction, list, order) => {
                    parts.bounds.push(restriction);
                }
                Expr::Restriction(restriction) if can_seek(restriction, list) => {
                    parts.seeks.push(restriction);
                    parts.rest.push(term);
                }
                _ => parts.rest.push(term),
            }
        }
        parts
    }
}

fn is_bound(restriction: &Restriction, list: &List, order: &Order) -> bool {
    matches!(restriction.op, Op::Eq | Op::Lt | Op::Le | Op::Gt | Op::Ge)
        && restriction.presence().is_none()
        && list.find(&restriction.field).is_some_and(|(field, members)| {
            let by_its_column =
                matches!(field.kind, Kind::Text | Kind::Choice(_) | Kind::Time | Kind::Number);
            by_its_column && members.is_empty() && order.first_column() == Some(field.column)
        })
}

fn can_seek(restriction: &Restriction, list: &List) -> bool {
    let Some((field, [])) = list.find(&restriction.field) else { return false };
    let compares = matches!(restriction.op, Op::Eq | Op::Lt | Op::Le | Op::Gt | Op::Ge);
    field.indexed
        && restriction.presence().is_none()
        && match field.kind {
            Kind::Folded { .. } => restriction.op == Op::Eq || stem(restriction).is_some(),
            Kind::Text | Kind::Choice(_) | Kind::Bool | Kind::Time | Kind::Number => compares,
            Kind::Others(_) => restriction.op == Op::Eq,
            Kind::Texts | Kind::Map => false,
        }
}

/// What the key of a folded text must begin with for a pattern to match it.
fn stem(restriction: &Restriction) -> Option<String> {
    match (restriction.op, &restriction.value) {
        (op @ (Op::Has | Op::Match), Value::Text(text)) => pattern::stem(op, text),
        _ => None,
    }
}

/// A condition that an index answers, true of every row that passes and perhaps of more.
pub(super) fn compile(restriction: &Restriction, list: &List, params: &mut Params) -> Result<String> {
    let (Some((field, _)), Some(stem)) = (list.find(&restriction.field), stem(restriction)) else {
        return comparison(restriction, list, params);
    };
    let mut end = stem.clone();
    let final_letter = end.pop().unwrap_or_default();
    end.push(char::from_u32(u32::from(final_letter) + 1).unwrap_or(char::MAX));
    let (from, to) = (params.add(stem), params.add(end));
    let key = field.sort_column();
    Ok(format!("({key} >= {from} AND {key} < {to})"))
}
