//! Pages by keyset, and counts.
//!
//! A page costs what it shows, or at most a fixed number of rows that do not pass. Where an index finds few enough rows,
//! these are sorted; else rows are walked through in the list's order, in chunks that grow.

use avnology_aip::{Expr, Key, Restriction};
use avnology_model::Result;

use super::{
    fields::List,
    filter,
    order::{Order, Stretch},
    query::{ListQuery, Page, Scope, Total, check},
    seek::{self, Parts},
    statement::Params,
};
use crate::{Row, Tx};

/// How many rows one page looks at.
const MOST_EXAMINED: u32 = 20_000;
/// How far a list is counted.
const MOST_COUNTED: u32 = 10_000;
/// How many rows for each one wanted the first chunk of a walk has, and how much larger each next one is.
const GROWTH: u32 = 8;

/// One page of a list; `read` makes an item of the list's columns. `_902` for what the list does not offer.
///
/// With a filter that no index answers the page may be short or empty and still have a next one.
pub fn page<T>(
    tx: &mut Tx<'_>,
    list: &List,
    scope: &Scope<'_>,
    query: &ListQuery,
    read: impl Fn(&mut Row) -> Result<T>,
) -> Result<Page<T>> {
    check(list, query)?;
    let order = Order::of(list, &query.order_by)?;
    let after = query.after.as_deref();
    let parts = Parts::of(query.filter.as_ref(), list, &order);
    let mut pager = Pager {
        tx,
        list,
        scope,
        order: &order,
        parts: &parts,
        page_size: query.page_size.max(1),
        found: Vec::new(),
    };
    let next = match pager.seek_with_few_rows()? {
        Some(seek) => pager.sort(seek, after)?,
        None => pager.walk(after)?,
    };
    let items = pager.found.into_iter().map(|(_, mut row)| read(&mut row)).collect::<Result<_>>()?;
    let total = if query.include_total { Some(count(tx, list, scope, query.filter.as_ref())?) } else { None };
    Ok(Page { items, next, total })
}

/// How many rows pass, counted up to 10,000.
pub fn count(tx: &mut Tx<'_>, list: &List, scope: &Scope<'_>, filter: Option<&Expr>) -> Result<Total> {
    let mut params = Params::new(tx.engine(), scope.params.clone());
    let mut conditions = scope_condition(scope);
    if let Some(filter) = filter {
        conditions.push(filter::compile(filter, list, &mut params)?);
    }
    // The part that an index answers is said besides, so that the index is used.
    for restriction in Parts::of(filter, list, &Order::of(list, &[])?).seeks {
        conditions.push(seek::compile(restriction, list, &mut params)?);
    }
    let counted = count_up_to(MOST_COUNTED + 1, tx, list, &conditions, params)?;
    Ok(Total { size: counted.min(MOST_COUNTED), is_minimum: counted > MOST_COUNTED })
}

fn count_up_to(
    limit: u32,
    tx: &mut Tx<'_>,
    list: &List,
    conditions: &[String],
    mut params: Params,
) -> Result<u32> {
    let limit = params.add(limit);
    let text = format!(
        "SELECT COUNT(*) FROM (SELECT 1 AS one FROM {} WHERE {} LIMIT {limit}) AS counted",
        list.from,
        all(conditions),
    );
    let mut rows = tx.query_text(&text, &params.values)?;
    rows.first_mut().map_or(Ok(0), Row::take)
}

fn scope_condition(scope: &Scope<'_>) -> Vec<String> {
    if scope.condition.is_empty() { Vec::new() } else { vec![format!("({})", scope.condition)] }
}

fn all(conditions: &[String]) -> String {
    if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") }
}

/// A page in the making.
struct Pager<'a, 'tx> {
    tx: &'a mut Tx<'tx>,
    list: &'a List,
    scope: &'a Scope<'a>,
    order: &'a Order,
    parts: &'a Parts<'a>,
    page_size: u32,
    /// The rows that pass, in order, each with its position.
    found: Vec<(Vec<Key>, Row)>,
}

impl<'a> Pager<'a, '_> {
    /// The first comparison of which an index finds few rows, if there is one.
    fn seek_with_few_rows(&mut self) -> Result<Option<&'a Restriction>> {
        for &restriction in &self.parts.seeks {
            let mut params = self.params();
            let mut conditions = scope_condition(self.scope);
            conditions.push(seek::compile(restriction, self.list, &mut params)?);
            if count_up_to(MOST_EXAMINED + 1, self.tx, self.list, &conditions, params)? <= MOST_EXAMINED {
                return Ok(Some(restriction));
            }
        }
        Ok(None)
    }

    /// Sorts what an index finds; where the next page begins.
    fn sort(&mut self, seek: &Restriction, after: Option<&[Key]>) -> Result<Option<Vec<Key>>> {
        let mut params = self.params();
        let mut inner = scope_condition(self.scope);
        inner.push(seek::compile(seek, self.list, &mut params)?);
        // The limit keeps the planner from walking through the whole table in order instead.
        let limit = params.add(MOST_EXAMINED + 1);
        let chosen = format!("WHERE {} LIMIT {limit}", all(&inner));
        let mut conditions = self.bounds(&mut params)?;
        conditions.extend(self.rest(&mut params)?);
        conditions.extend(after.map(|position| self.order.after(position, Stretch::Whole, &mut params)));
        self.fetch_from(&chosen, &conditions, Stretch::Whole, params)?;
        Ok(self.cut())
    }

    /// Walks through the rows in order; where the next page begins.
    fn walk(&mut self, after: Option<&[Key]>) -> Result<Option<Vec<Key>>> {
        let stretches = self.order.stretches(after);
        let share = MOST_EXAMINED / u32::try_from(stretches.len()).unwrap_or(1).max(1);
        let mut position = after.map(<[Key]>::to_vec);
        for stretch in stretches {
            let mut left = share;
            let mut chunk = self.page_size.saturating_add(1).saturating_mul(GROWTH);
            loop {
                chunk = chunk.min(left);
                let passed_by = self.step(*stretch, position.as_deref(), chunk)?;
                if self.has_enough() {
                    return Ok(self.cut());
                }
                let Some(passed_by) = passed_by else { break };
                left -= chunk;
                if left == 0 {
                    return Ok(Some(passed_by));
                }
                position = Some(passed_by);
                chunk = chunk.saturating_mul(GROWTH);
            }
            position = None;
        }
        Ok(None)
    }

    /// Looks at the next `chunk` rows of a stretch; the position of the last of them if there are so many and the page is
    /// not full yet.
    fn step(&mut self, stretch: Stretch, position: Option<&[Key]>, chunk: u32) -> Result<Option<Vec<Key>>> {
        let mut params = self.params();
        let mut inner = scope_condition(self.scope);
        inner.extend(self.order.within(stretch));
        inner.extend(self.bounds(&mut params)?);
        inner.extend(position.map(|position| self.order.after(position, stretch, &mut params)));
        let by = self.order.by(stretch);
        if self.parts.rest.is_empty() {
            self.fetch(&format!("{} WHERE {} ORDER BY {by}", self.list.from, all(&inner)), params)?;
            return Ok(None);
        }
        let walked = params.clone();
        let limit = params.add(chunk);
        let chosen = format!("WHERE {} ORDER BY {by} LIMIT {limit}", all(&inner));
        let rest = self.rest(&mut params)?;
        self.fetch_from(&chosen, &rest, stretch, params)?;
        if self.has_enough() {
            return Ok(None);
        }
        self.position_of_last(
            &format!("{} WHERE {} ORDER BY {by}", self.list.from, all(&inner)),
            chunk,
            walked,
        )
    }

    fn position_of_last(
        &mut self,
        ordered: &str,
        chunk: u32,
        mut params: Params,
    ) -> Result<Option<Vec<Key>>> {
        let offset = params.add(chunk.saturating_sub(1));
        let text = format!("SELECT {} FROM {ordered} LIMIT 1 OFFSET {offset}", self.order.columns());
        let mut rows = self.tx.query_text(&text, &params.values)?;
        rows.first_mut().map(|row| self.order.take(row)).transpose()
    }

    /// Reads the rows whose ids `chosen` selects and that pass `conditions`.
    fn fetch_from(
        &mut self,
        chosen: &str,
        conditions: &[String],
        stretch: Stretch,
        params: Params,
    ) -> Result<()> {
        let List { from, id, .. } = self.list;
        // CROSS JOIN makes SQLite begin with the chosen ids.
        let ordered = format!(
            "(SELECT {id} AS chosen_id FROM {from} {chosen}) AS chosen CROSS JOIN {from} \
             WHERE {id} = chosen.chosen_id AND {} ORDER BY {}",
            all(conditions),
            self.order.by(stretch),
        );
        self.fetch(&ordered, params)
    }

    /// Reads as many rows as are missing, and one that tells whether there are more.
    fn fetch(&mut self, ordered: &str, mut params: Params) -> Result<()> {
        let missing = (self.page_size() + 1).saturating_sub(self.found.len());
        let limit = params.add(u32::try_from(missing).unwrap_or(u32::MAX));
        let columns = self.order.columns();
        let text = format!("SELECT {columns}, {} FROM {ordered} LIMIT {limit}", self.list.columns);
        for mut row in self.tx.query_text(&text, &params.values)? {
            let position = self.order.take(&mut row)?;
            self.found.push((position, row));
        }
        Ok(())
    }

    fn params(&self) -> Params {
        Params::new(self.tx.engine(), self.scope.params.clone())
    }

    fn bounds(&self, params: &mut Params) -> Result<Vec<String>> {
        self.parts.bounds.iter().map(|bound| filter::comparison(bound, self.list, params)).collect()
    }

    fn rest(&self, params: &mut Params) -> Result<Vec<String>> {
        self.parts.rest.iter().map(|term| filter::compile(term, self.list, params)).collect()
    }

    fn page_size(&self) -> usize {
        usize::try_from(self.page_size).unwrap_or(usize::MAX)
    }

    fn has_enough(&self) -> bool {
        self.found.len() > self.page_size()
    }

    /// Drops what is too much; where the next page begins, if there was more.
    fn cut(&mut self) -> Option<Vec<Key>> {
        if !self.has_enough() {
            return None;
        }
        self.found.truncate(self.page_size());
        self.found.last().map(|(position, _)| position.clone())
    }
}
