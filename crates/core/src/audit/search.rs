//! What people ask of a log, as a filter.

use std::sync::Arc;

use avnology_aip::{
    Expr,
    filter::{FieldPath, Op, Restriction, Value},
};
use avnology_model::{Error, FieldCode, Result, Timestamp, identities::Email};
use avnology_store::list::ListQuery;

use super::Period;
use crate::{
    Tenant,
    organizations::{self, Acting},
};

const DAY: i64 = 24 * 60 * 60;
/// How far back is looked when nobody says from when, in days.
const USUAL_DAYS: i64 = 30;

/// What a log is narrowed down to; empty texts leave nothing out. Days are those of UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditSearch {
    /// A part of an action.
    pub action: String,
    /// Who acted: an id, or the address of a member.
    pub actor: String,
    /// A result.
    pub result: String,
    /// From this day.
    pub from: String,
    /// Until the end of this day.
    pub until: String,
}

impl AuditSearch {
    /// The same with the id of the member whose address was given; other words stay, and fit nobody.
    pub async fn resolved(mut self, app: &Tenant, acting: &Arc<Acting>) -> Result<Self> {
        self.actor = self.actor.trim().to_owned();
        if let Ok(email) = Email::parse(&self.actor) {
            let filter = Some(restriction("identity.email", Op::Eq, Value::Text(email.as_str().to_owned())));
            let query = ListQuery { filter, page_size: 1, ..ListQuery::default() };
            let found = organizations::list_members(app, acting, query).await?;
            if let Some(member) = found.members.first() {
                self.actor = member.identity_id.to_string();
            }
        }
        Ok(self)
    }

    /// The filter; none when nothing is left out. `_902` for a day that is none.
    pub fn filter(&self) -> Result<Option<Expr>> {
        let time = |op, at: Timestamp| restriction("timestamp", op, Value::Text(at.to_string()));
        let mut terms = self.terms();
        terms.extend(day("from", &self.from)?.map(|from| time(Op::Ge, from)));
        terms.extend(day("until", &self.until)?.map(|until| time(Op::Lt, until.plus_seconds(DAY))));
        Ok(all(terms))
    }

    /// The filter without its days, as an export takes it beside its period.
    pub fn text(&self) -> String {
        all(self.terms()).map(|filter| filter.to_string()).unwrap_or_default()
    }

    /// The days as a period; the last 30 where none is said. `_902`.
    pub fn period(&self, now: Timestamp) -> Result<Period> {
        let end = day("until", &self.until)?.map_or(now, |until| until.plus_seconds(DAY).min(now));
        let start = day("from", &self.from)?.unwrap_or_else(|| end.plus_seconds(-USUAL_DAYS * DAY));
        let period = Period { start_time: start, end_time: end };
        period.check().map_err(|_| {
            Error::field(
                "from",
                FieldCode::TooLarge,
                "Choose a day before the last one, and not after today.",
            )
        })?;
        Ok(period)
    }

    fn terms(&self) -> Vec<Expr> {
        let text = |field, op, value: String| restriction(field, op, Value::Text(value));
        let action = self.action.trim().to_lowercase();
        let action = (!action.is_empty()).then(|| text("action", Op::Match, format!("*{action}*")));
        let actor = (!self.actor.is_empty()).then(|| text("actor.id", Op::Eq, self.actor.clone()));
        let result = (!self.result.is_empty()).then(|| text("result", Op::Eq, self.result.clone()));
        [action, actor, result].into_iter().flatten().collect()
    }
}

fn day(field: &'static str, text: &str) -> Result<Option<Timestamp>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    match Timestamp::parse(&format!("{text}T00:00:00Z")) {
        Some(day) => Ok(Some(day)),
        None => Err(Error::field(field, FieldCode::InvalidFormat, "A day, as in 2026-11-22.")),
    }
}

fn all(mut terms: Vec<Expr>) -> Option<Expr> {
    if terms.len() < 2 { terms.pop() } else { Some(Expr::And(terms)) }
}

fn restriction(field: &str, op: Op, value: Value) -> Expr {
    let field = FieldPath(field.split('.').map(str::to_owned).collect());
    Expr::Restriction(Restriction { field, op, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_ask_is_a_filter_of_the_grammar() {
        let search = AuditSearch {
            action: " Member ".to_owned(),
            result: "denied".to_owned(),
            from: "2026-11-01".to_owned(),
            until: "2026-11-02".to_owned(),
            ..AuditSearch::default()
        };
        let text = search.filter().unwrap().unwrap().to_string();
        assert!(avnology_aip::filter::parse(&text).unwrap().is_some(), "{text}");
        assert!(text.contains("timestamp < \"2026-11-03T00:00:00.000Z\""), "the whole last day: {text}");
        assert!(!search.text().contains("timestamp"), "{}", search.text());
        assert_eq!(AuditSearch::default().filter().unwrap(), None);
        let wrong = AuditSearch { from: "yesterday".to_owned(), ..AuditSearch::default() };
        assert!(wrong.filter().is_err());
    }

    #[test]
    fn a_period_ends_now_at_the_latest_and_begins_before() {
        let now = Timestamp::parse("2026-11-22T09:05:00Z").unwrap();
        let at = |from: &str, until: &str| {
            let search =
                AuditSearch { from: from.to_owned(), until: until.to_owned(), ..AuditSearch::default() };
            search.period(now).map(|p| (p.start_time.to_string(), p.end_time.to_string()))
        };
        let (start, end) = at("", "").unwrap();
        assert_eq!((start.as_str(), end.as_str()), ("2026-10-23T09:05:00.000Z", "2026-11-22T09:05:00.000Z"));
        assert_eq!(at("2026-11-01", "2026-11-02").unwrap().1, "2026-11-03T00:00:00.000Z");
        assert!(at("2026-11-03", "2026-11-01").is_err());
        assert!(at("2026-12-01", "").is_err());
    }
}
