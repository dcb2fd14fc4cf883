//! From tokens to a tree, by recursive descent. Depth is bounded, so the stack is too.

use std::{iter::Peekable, vec::IntoIter};

use super::{
    Expr, FieldPath, FilterError, MAX_CHARACTERS, MAX_DEPTH, MAX_RESTRICTIONS, Op, Restriction, Value,
    lexer::{Token, tokens},
};

/// The filter that `text` holds, `None` when it is blank.
///
/// Keywords are upper case and no field by themselves. `AND` and `OR` on one level need parentheses.
pub fn parse(text: &str) -> Result<Option<Expr>, FilterError> {
    let leading = text.chars().take_while(|c| c.is_whitespace()).count();
    if text.trim().chars().count() > MAX_CHARACTERS {
        let message = format!("A filter has at most {MAX_CHARACTERS} characters.");
        return Err(FilterError::new(message, leading + MAX_CHARACTERS));
    }
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Ok(None);
    }
    let end = text.trim_end().chars().count();
    let mut parser = Parser { tokens: tokens.into_iter().peekable(), end, restrictions: 0 };
    let expression = parser.expression(0)?;
    match parser.tokens.next() {
        None => Ok(Some(expression)),
        Some((Token::Close, at)) => Err(FilterError::new("This `)` closes nothing.", at)),
        Some((_, at)) => Err(FilterError::new("AND or OR is expected here.", at)),
    }
}

struct Parser {
    tokens: Peekable<IntoIter<(Token, usize)>>,
    /// Where an error stands that is about something missing at the end.
    end: usize,
    restrictions: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Joiner {
    And,
    Or,
}

impl Parser {
    fn expression(&mut self, depth: usize) -> Result<Expr, FilterError> {
        let first = self.term(depth)?;
        let Some((joiner, _)) = self.peek_joiner() else { return Ok(first) };
        let mut terms = vec![first];
        while let Some((next, at)) = self.peek_joiner() {
            if next != joiner {
                let message = "AND and OR need parentheses to stand side by side.";
                return Err(FilterError::new(message, at));
            }
            self.tokens.next();
            terms.push(self.term(depth)?);
        }
        Ok(match joiner {
            Joiner::And => Expr::And(terms),
            Joiner::Or => Expr::Or(terms),
        })
    }

    fn peek_joiner(&mut self) -> Option<(Joiner, usize)> {
        match self.tokens.peek()? {
            (Token::Word(word), at) if word == "AND" => Some((Joiner::And, *at)),
            (Token::Word(word), at) if word == "OR" => Some((Joiner::Or, *at)),
            _ => None,
        }
    }

    fn term(&mut self, depth: usize) -> Result<Expr, FilterError> {
        let negation = self.tokens.next_if(|(token, _)| match token {
            Token::Minus => true,
            Token::Word(word) => word == "NOT",
            _ => false,
        });
        let inner = match self.tokens.next_if(|(token, _)| *token == Token::Open) {
            Some((_, open)) => self.parenthesised(depth + 1, open)?,
            None => Expr::Restriction(self.restriction()?),
        };
        Ok(if negation.is_some() { Expr::Not(Box::new(inner)) } else { inner })
    }

    fn parenthesised(&mut self, depth: usize, open: usize) -> Result<Expr, FilterError> {
        if depth > MAX_DEPTH {
            let message = format!("Parentheses nest at most {MAX_DEPTH} deep.");
            return Err(FilterError::new(message, open));
        }
        let inner = self.expression(depth)?;
        match self.tokens.next() {
            Some((Token::Close, _)) => Ok(inner),
            Some((_, at)) => Err(FilterError::new("AND, OR or `)` is expected here.", at)),
            None => Err(FilterError::new("This `(` is not closed.", open)),
        }
    }

    fn restriction(&mut self) -> Result<Restriction, FilterError> {
        let (field, at) = self.field()?;
        self.restrictions += 1;
        if self.restrictions > MAX_RESTRICTIONS {
            let message = format!("A filter has at most {MAX_RESTRICTIONS} comparisons.");
            return Err(FilterError::new(message, at));
        }
        Ok(Restriction { field, op: self.operator()?, value: self.value()? })
    }

    fn field(&mut self) -> Result<(FieldPath, usize), FilterError> {
        match self.tokens.next() {
            Some((Token::Word(word), at)) if !matches!(word.as_str(), "AND" | "OR" | "NOT") => {
                Ok((FieldPath(word.split('.').map(str::to_owned).collect()), at))
            }
            other => Err(self.expected("A field name", other)),
        }
    }

    fn operator(&mut self) -> Result<Op, FilterError> {
        match self.tokens.next() {
            Some((Token::Op(op), _)) => Ok(op),
            other => Err(self.expected("One of = != < <= > >= : ~", other)),
        }
    }

    fn value(&mut self) -> Result<Value, FilterError> {
        let value = match self.tokens.next() {
            Some((Token::Text(text), _)) => Value::Text(text),
            Some((Token::Number(number), _)) => Value::Number(number),
            Some((Token::Star, _)) => Value::Any,
            Some((Token::Word(word), at)) => match word.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                _ => return Err(FilterError::new("Text stands in double quotes.", at)),
            },
            other => {
                return Err(self.expected("A \"string\", a number, true, false, null or *", other));
            }
        };
        Ok(value)
    }

    fn expected(&self, what: &str, found: Option<(Token, usize)>) -> FilterError {
        let at = found.map_or(self.end, |(_, at)| at);
        FilterError::new(format!("{what} is expected here."), at)
    }
}

#[cfg(test)]
mod tests;
