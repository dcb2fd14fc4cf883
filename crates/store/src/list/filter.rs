//! From a filter to a condition of SQL.
//!
//! A comparison with NULL is NULL in SQL and false in a filter. Under AND and OR both come to the same, and NOT is
//! written `IS NOT TRUE`, so a condition is true exactly when `Expr::matches` is.

use avnology_aip::{Expr, Number, Op, Restriction, Value, filter::parse_timestamp};
use avnology_model::Result;

use super::{
    fields::{Field, Kind, List},
    numbers::{Whole, whole},
    pattern, refusal,
    statement::Params,
};
use crate::dialect;

/// The condition that `expr` is. `_902` for a field that the list does not have and for what does not fit its type.
pub(super) fn compile(expr: &Expr, list: &List, params: &mut Params) -> Result<String> {
    match expr {
        Expr::And(terms) => chain(terms, " AND ", "TRUE", list, params),
        Expr::Or(terms) => chain(terms, " OR ", "FALSE", list, params),
        Expr::Not(inner) => Ok(format!("(({}) IS NOT TRUE)", compile(inner, list, params)?)),
        Expr::Restriction(restriction) => comparison(restriction, list, params),
    }
}

fn chain(terms: &[Expr], joiner: &str, empty: &str, list: &List, params: &mut Params) -> Result<String> {
    let terms: Vec<String> = terms.iter().map(|term| compile(term, list, params)).collect::<Result<_>>()?;
    Ok(if terms.is_empty() { empty.to_owned() } else { format!("({})", terms.join(joiner)) })
}

/// The condition that one comparison is.
pub(super) fn comparison(restriction: &Restriction, list: &List, params: &mut Params) -> Result<String> {
    let Restriction { field: path, op, value } = restriction;
    let (field, members) = list.find(path).ok_or_else(|| refusal::unknown(path))?;
    let subject = Subject { name: path.to_string(), column: field.column, op: *op };
    if matches!(value, Value::Text(text) if text.contains('\0')) {
        return Err(subject.unfit("a string without the character 0"));
    }
    if !members.is_empty() {
        let names: Vec<&str> = members.iter().map(String::as_str).collect();
        let place = dialect::json_path(&names).ok_or_else(|| refusal::unknown(path))?;
        return subject.member(&place, restriction, params);
    }
    if let Some(set) = restriction.presence()
        && !matches!(field.kind, Kind::Others(_))
    {
        return Ok(format!("({} IS {}NULL)", field.column, if set { "NOT " } else { "" }));
    }
    subject.field(field, value, params)
}

/// The left side of a comparison.
struct Subject {
    name: String,
    column: &'static str,
    op: Op,
}

impl Subject {
    fn field(&self, field: &Field, value: &Value, params: &mut Params) -> Result<String> {
        match (field.kind, value) {
            (Kind::Text, Value::Text(text)) => Ok(self.text(text, params)),
            (Kind::Folded { key_column, key }, Value::Text(text)) => match self.op {
                Op::Eq | Op::Ne => Ok(compare(key_column, self.sign()?, key(text), params)),
                _ => Ok(self.text(text, params)),
            },
            (Kind::Choice(choices), Value::Text(text)) => self.choice(choices, text, params),
            (Kind::Bool, Value::Bool(flag)) => Ok(compare(self.column, self.equality()?, *flag, params)),
            (Kind::Time, Value::Text(text)) => self.time(text, params),
            (Kind::Number, Value::Number(number)) => self.number(number, params),
            (Kind::Texts, Value::Text(text)) if self.op == Op::Has => {
                Ok(format!("{{json_has:{}:{}}}", self.column, params.add(text)))
            }
            (Kind::Others(condition), Value::Text(text)) => {
                let not = match self.op {
                    Op::Eq | Op::Has => "",
                    Op::Ne => "NOT ",
                    _ => return Err(self.unfit("one of the operators = != :")),
                };
                Ok(format!("({not}{condition}{}))", params.add(text)))
            }
            (Kind::Map, Value::Text(text)) if self.op == Op::Has => Ok(self.holds("$", text, params)),
            (kind, _) => Err(self.unfit(expected(kind))),
        }
    }

    fn text(&self, text: &str, params: &mut Params) -> String {
        match self.sign() {
            Ok(sign) => compare(self.column, sign, text, params),
            Err(_) => pattern::matches(self.column, self.op, text, params),
        }
    }

    fn choice(&self, choices: &[&str], text: &str, params: &mut Params) -> Result<String> {
        let sign = self.equality()?;
        if !choices.contains(&text) {
            return Err(self.unfit(&format!("one of {}", choices.join(", "))));
        }
        Ok(compare(self.column, sign, text, params))
    }

    fn time(&self, text: &str, params: &mut Params) -> Result<String> {
        let micros = parse_timestamp(text).ok_or_else(|| self.unfit(expected(Kind::Time)))?;
        Ok(compare(self.column, self.sign()?, micros, params))
    }

    fn number(&self, number: &Number, params: &mut Params) -> Result<String> {
        self.sign()?;
        Ok(match whole(self.op, number) {
            Whole::Compare(op, value) => compare(self.column, sign(op).unwrap_or("="), value, params),
            Whole::Always => format!("({} IS NOT NULL)", self.column),
            Whole::Never => "FALSE".to_owned(),
        })
    }

    /// The member of a JSON object at `place`.
    fn member(&self, place: &str, restriction: &Restriction, params: &mut Params) -> Result<String> {
        if restriction.op == Op::Has
            && let Value::Text(text) = &restriction.value
        {
            return Ok(self.holds(place, text, params));
        }
        let place = params.add(place);
        let at = |what: &str| format!("{{json_{what}:{}:{place}}}", self.column);
        let kind = at("kind");
        if let Some(set) = restriction.presence() {
            return Ok(format!("({kind} IS {}NULL)", if set { "NOT " } else { "" }));
        }
        match &restriction.value {
            Value::Text(text) => {
                let sign = self.equality()?;
                let same = format!("({kind} = 'string' AND {} {sign} {})", at("text"), params.add(text));
                Ok(self.or_of_other_kind(same, &kind, "'number', 'boolean'"))
            }
            Value::Bool(flag) => {
                let same = format!("({} {} {})", at("bool"), self.equality()?, params.add(*flag));
                Ok(self.or_of_other_kind(same, &kind, "'string', 'number'"))
            }
            Value::Number(number) => {
                let sign = self.sign()?;
                let number = params.add(number.to_string());
                let same = format!("({} {sign} {{number:{number}}})", at("number"));
                Ok(self.or_of_other_kind(same, &kind, "'string', 'boolean'"))
            }
            Value::Null | Value::Any => Err(self.unfit("a string, number or boolean")),
        }
    }

    /// `!=` is true also of what cannot be compared because it is of another kind.
    fn or_of_other_kind(&self, same: String, kind: &str, others: &str) -> String {
        if self.op == Op::Ne { format!("({same} OR {kind} IN ({others}))") } else { same }
    }

    /// Whether the array at `place` has the element, or the object there the key.
    fn holds(&self, place: &str, text: &str, params: &mut Params) -> String {
        let (place, text) = (params.add(place), params.add(text));
        format!("{{json_holds:{}:{place}:{text}}}", self.column)
    }

    /// The operator in SQL, when it is one that compares.
    fn sign(&self) -> Result<&'static str> {
        sign(self.op).ok_or_else(|| self.unfit("one of the operators = != < <= > >="))
    }

    /// The operator in SQL, when it is `=` or `!=`.
    fn equality(&self) -> Result<&'static str> {
        match self.op {
            Op::Eq => Ok("="),
            Op::Ne => Ok("<>"),
            _ => Err(self.unfit("one of the operators = !=")),
        }
    }

    fn unfit(&self, expected: &str) -> avnology_model::Error {
        refusal::unfit(format!("`{}` with `{}` does not fit: {expected} is expected.", self.name, self.op))
    }
}

fn compare(column: &str, sign: &str, value: impl Into<crate::Value>, params: &mut Params) -> String {
    format!("({column} {sign} {})", params.add(value))
}

const fn sign(op: Op) -> Option<&'static str> {
    match op {
        Op::Eq => Some("="),
        Op::Ne => Some("<>"),
        Op::Lt => Some("<"),
        Op::Le => Some("<="),
        Op::Gt => Some(">"),
        Op::Ge => Some(">="),
        Op::Has | Op::Match => None,
    }
}

const fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Folded { .. } | Kind::Choice(_) | Kind::Others(_) => "a string",
        Kind::Bool => "true or false",
        Kind::Time => "an RFC 3339 timestamp in quotes",
        Kind::Number => "a number",
        Kind::Texts => "`:` and an element",
        Kind::Map => "`:` and a key, or a longer path,",
    }
}
