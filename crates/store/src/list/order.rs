//! The order of a list, and positions in it.
//!
//! Rows without a value come last in either direction. A walk goes first through the rows that have a value in the
//! first column and then through those that have none, so that a plain index serves both on either engine.

use avnology_aip::{Key, OrderKey};
use avnology_model::{Error, Result};

use super::{
    fields::{Kind, List},
    refusal,
    statement::Params,
};
use crate::{Row, Value};

/// The columns that a list is ordered by, the id last.
#[derive(Debug)]
pub(super) struct Order {
    terms: Vec<Term>,
}

#[derive(Debug)]
struct Term {
    column: &'static str,
    descending: bool,
    nullable: bool,
    is_number: bool,
}

/// A part of the order that an index gives in one go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stretch {
    /// All of it.
    Whole,
    /// The rows with a value in the first column.
    Valued,
    /// Those without.
    Unvalued,
}

impl Order {
    /// The order that `keys` ask for, or else the list's own. `_902` for a field that does not sort here.
    pub(super) fn of(list: &List, keys: &[OrderKey]) -> Result<Self> {
        let mut terms = Vec::new();
        let named = keys.iter().map(|key| (key.field.as_str(), key.descending));
        let default = list.default_order.iter().copied();
        let wanted: Vec<(&str, bool)> = if keys.is_empty() { default.collect() } else { named.collect() };
        for (name, descending) in wanted {
            let field = list.sortable(name).ok_or_else(|| refusal::unsortable(name))?;
            let is_number = matches!(field.kind, Kind::Time | Kind::Number);
            terms.push(Term { column: field.sort_column(), descending, nullable: field.nullable, is_number });
        }
        if !terms.iter().any(|term| term.column == list.id) {
            let descending = terms.last().is_some_and(|term| term.descending);
            let is_number = list.has_numbered_ids();
            terms.push(Term { column: list.id, descending, nullable: false, is_number });
        }
        Ok(Self { terms })
    }

    /// The column that decides first.
    pub(super) fn first_column(&self) -> Option<&'static str> {
        self.terms.first().map(|term| term.column)
    }

    /// The parts to walk through, beginning with the one that `position` is in.
    pub(super) fn stretches(&self, position: Option<&[Key]>) -> &'static [Stretch] {
        match (self.terms.first(), position.and_then(<[Key]>::first)) {
            (Some(first), _) if !first.nullable => &[Stretch::Whole],
            (_, Some(Key::Null)) => &[Stretch::Unvalued],
            _ => &[Stretch::Valued, Stretch::Unvalued],
        }
    }

    /// What decides in this stretch.
    fn deciding(&self, stretch: Stretch) -> &[Term] {
        match (stretch, self.terms.split_first()) {
            (Stretch::Unvalued, Some((_, others))) => others,
            _ => &self.terms,
        }
    }

    /// The condition that a row is in this stretch, if it says anything.
    pub(super) fn within(&self, stretch: Stretch) -> Option<String> {
        let first = self.first_column()?;
        match stretch {
            Stretch::Whole => None,
            Stretch::Valued => Some(format!("{first} IS NOT NULL")),
            Stretch::Unvalued => Some(format!("{first} IS NULL")),
        }
    }

    /// The columns of a position, for a SELECT list.
    pub(super) fn columns(&self) -> String {
        self.terms.iter().map(|term| term.column).collect::<Vec<_>>().join(", ")
    }

    /// What follows ORDER BY.
    pub(super) fn by(&self, stretch: Stretch) -> String {
        let terms = self.deciding(stretch).iter().enumerate().map(|(index, term)| {
            let direction = if term.descending { "DESC" } else { "ASC" };
            let Term { column, .. } = term;
            let has_nulls = term.nullable && !(index == 0 && stretch == Stretch::Valued);
            if has_nulls {
                format!("({column} IS NULL), {column} {direction}")
            } else {
                format!("{column} {direction}")
            }
        });
        terms.collect::<Vec<_>>().join(", ")
    }

    /// The condition that a row comes after `position`.
    pub(super) fn after(&self, position: &[Key], stretch: Stretch, params: &mut Params) -> String {
        let skipped = self.terms.len() - self.deciding(stretch).len();
        let terms: Vec<(&Term, &Key)> = self.terms.iter().zip(position).skip(skipped).collect();
        let one_way = terms.windows(2).all(|pair| matches!(pair, [a, b] if a.0.descending == b.0.descending));
        let no_nulls = terms
            .iter()
            .enumerate()
            .all(|(index, (term, _))| !term.nullable || (index == 0 && stretch == Stretch::Valued));
        if one_way && no_nulls {
            return row_value(&terms, params);
        }
        let mut ways = Vec::new();
        let mut equal_so_far: Vec<String> = Vec::new();
        for (index, (term, key)) in terms.iter().enumerate() {
            let mut all = equal_so_far.clone();
            all.push(beyond(term, key, params));
            ways.push(format!("({})", all.join(" AND ")));
            if index + 1 < terms.len() {
                equal_so_far.push(equal(term, key, params));
            }
        }
        format!("({})", ways.join(" OR "))
    }

    /// Takes the columns of a position from the front of a row.
    pub(super) fn take(&self, row: &mut Row) -> Result<Vec<Key>> {
        self.terms.iter().map(|_| key(row.take()?)).collect()
    }

    /// Refuses a position that cannot be one of this order.
    pub(super) fn check(&self, position: &[Key]) -> Result<()> {
        let fits = |(term, key): (&Term, &Key)| match key {
            Key::Null => term.nullable,
            Key::Number(_) => term.is_number,
            Key::Text(text) => !term.is_number && !text.contains('\0'),
        };
        let all_fit = position.len() == self.terms.len() && self.terms.iter().zip(position).all(fits);
        if all_fit { Ok(()) } else { Err(refusal::misplaced()) }
    }
}

fn row_value(terms: &[(&Term, &Key)], params: &mut Params) -> String {
    let columns: Vec<&str> = terms.iter().map(|(term, _)| term.column).collect();
    let values: Vec<String> = terms.iter().map(|(_, key)| params.add(value(key))).collect();
    let sign = if terms.first().is_some_and(|(term, _)| term.descending) { "<" } else { ">" };
    format!("(({}) {sign} ({}))", columns.join(", "), values.join(", "))
}

fn beyond(Term { column, descending, nullable, .. }: &Term, key: &Key, params: &mut Params) -> String {
    if *key == Key::Null {
        return "FALSE".to_owned();
    }
    let sign = if *descending { "<" } else { ">" };
    let value = params.add(value(key));
    if *nullable {
        format!("({column} {sign} {value} OR {column} IS NULL)")
    } else {
        format!("{column} {sign} {value}")
    }
}

fn equal(Term { column, .. }: &Term, key: &Key, params: &mut Params) -> String {
    match key {
        Key::Null => format!("{column} IS NULL"),
        _ => format!("{column} = {}", params.add(value(key))),
    }
}

fn value(key: &Key) -> Value {
    match key {
        Key::Text(text) => Value::from(text),
        Key::Number(number) => Value::from(*number),
        Key::Null => Value::Null,
    }
}

fn key(value: Value) -> Result<Key> {
    match value {
        Value::Null => Ok(Key::Null),
        Value::Int(number) => Ok(Key::Number(number)),
        Value::Text(text) => Ok(Key::Text(text)),
        other => Err(Error::internal(format!("{other:?} is no position in a list"))),
    }
}
