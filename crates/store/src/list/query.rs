//! What is asked of a list and what it answers.

use avnology_aip::{Expr, Key, OrderKey};
use avnology_model::Result;

use super::{fields::List, filter, order::Order, statement::Params};
use crate::{Engine, Value};

/// A request for one page.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// Which rows; all if `None`.
    pub filter: Option<Expr>,
    /// In which order; the list's own if empty.
    pub order_by: Vec<OrderKey>,
    /// At most how many rows.
    pub page_size: u32,
    /// Where the page before ended.
    pub after: Option<Vec<Key>>,
    /// Whether to count.
    pub include_total: bool,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self { filter: None, order_by: Vec::new(), page_size: 25, after: None, include_total: false }
    }
}

impl ListQuery {
    /// Whether this fits a short read. If not, it wants a scan.
    pub fn is_short(&self) -> bool {
        self.filter.is_none() && !self.include_total
    }
}

/// One page.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The rows; perhaps none although there are more.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<Vec<Key>>,
    /// How many there are, when that was asked.
    pub total: Option<Total>,
}

/// How many rows a list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// The number, at most 10,000.
    pub size: u32,
    /// Whether there may be more.
    pub is_minimum: bool,
}

/// What holds for all rows of a list, whatever the caller asks: whose they are.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    pub(super) condition: &'a str,
    pub(super) params: Vec<Value>,
}

impl<'a> Scope<'a> {
    /// Every row.
    pub fn all() -> Self {
        Self { condition: "", params: Vec::new() }
    }

    /// The rows for which `condition` holds, a text of ours whose `$1` and so on are `params`.
    pub fn of(condition: &'a str, params: impl Into<Vec<Value>>) -> Self {
        Self { condition, params: params.into() }
    }
}

/// Refuses (`_902`) what [`super::page`] would refuse, without a database: unknown fields, operators and values that do
/// not fit, and positions of another order.
pub fn check(list: &List, query: &ListQuery) -> Result<()> {
    if let Some(filter) = &query.filter {
        filter::compile(filter, list, &mut Params::new(Engine::Sqlite, Vec::new()))?;
    }
    let order = Order::of(list, &query.order_by)?;
    query.after.as_deref().map_or(Ok(()), |position| order.check(position))
}
