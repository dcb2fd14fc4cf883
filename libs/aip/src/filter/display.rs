//! How a tree is written: what [`parse`](super::parse) reads back as the same tree.

use std::fmt::{self, Display, Formatter, Write};

use super::{Expr, FieldPath, Op, Restriction, Value};

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(terms) => chain(f, terms, " AND "),
            Self::Or(terms) => chain(f, terms, " OR "),
            Self::Not(inner) => match &**inner {
                Self::Restriction(restriction) => write!(f, "NOT {restriction}"),
                other => write!(f, "NOT ({other})"),
            },
            Self::Restriction(restriction) => restriction.fmt(f),
        }
    }
}

fn chain(f: &mut Formatter<'_>, terms: &[Expr], joiner: &str) -> fmt::Result {
    for (index, term) in terms.iter().enumerate() {
        if index > 0 {
            f.write_str(joiner)?;
        }
        match term {
            Expr::And(_) | Expr::Or(_) => write!(f, "({term})")?,
            Expr::Not(_) | Expr::Restriction(_) => term.fmt(f)?,
        }
    }
    Ok(())
}

impl Display for Restriction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.op {
            Op::Has => write!(f, "{}:{}", self.field, self.value),
            op => write!(f, "{} {op} {}", self.field, self.value),
        }
    }
}

impl Display for FieldPath {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

impl Display for Op {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Has => ":",
            Self::Match => "~",
        })
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => quoted(f, text),
            Self::Number(number) => number.fmt(f),
            Self::Bool(value) => value.fmt(f),
            Self::Null => f.write_str("null"),
            Self::Any => f.write_str("*"),
        }
    }
}

fn quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(character)?;
    }
    f.write_char('"')
}
