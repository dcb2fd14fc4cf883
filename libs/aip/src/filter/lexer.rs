//! From characters to tokens. A whole field path, a string and a number are one token each: no white space in them.

use std::{iter::Peekable, str::Chars};

use super::{FilterError, Number, Op};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A field path or a keyword: which one depends on where it stands.
    Word(String),
    Text(String),
    Number(Number),
    Op(Op),
    Minus,
    Star,
    Open,
    Close,
}

/// The tokens of `text`, each with the number of characters before it.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, usize)>, FilterError> {
    let mut lexer = Lexer { rest: text.chars().peekable(), position: 0 };
    let mut tokens = Vec::new();
    loop {
        while lexer.take_if(char::is_whitespace).is_some() {}
        let start = lexer.position;
        let Some(first) = lexer.take_if(|_| true) else { return Ok(tokens) };
        tokens.push((lexer.token(first, start)?, start));
    }
}

struct Lexer<'a> {
    rest: Peekable<Chars<'a>>,
    position: usize,
}

impl Lexer<'_> {
    fn take_if(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        let taken = self.rest.next_if(|&c| wanted(c))?;
        self.position += 1;
        Some(taken)
    }

    fn take_while(&mut self, into: &mut String, wanted: impl Fn(char) -> bool + Copy) {
        while let Some(taken) = self.take_if(wanted) {
            into.push(taken);
        }
    }

    fn token(&mut self, first: char, start: usize) -> Result<Token, FilterError> {
        let followed_by_equals = |lexer: &mut Self| lexer.take_if(|c| c == '=').is_some();
        Ok(match first {
            '(' => Token::Open,
            ')' => Token::Close,
            '*' => Token::Star,
            ':' => Token::Op(Op::Has),
            '~' => Token::Op(Op::Match),
            '=' => Token::Op(Op::Eq),
            '<' => Token::Op(if followed_by_equals(self) { Op::Le } else { Op::Lt }),
            '>' => Token::Op(if followed_by_equals(self) { Op::Ge } else { Op::Gt }),
            '!' if followed_by_equals(self) => Token::Op(Op::Ne),
            '!' => return Err(FilterError::new("`!` stands only in `!=`; negate with NOT.", start)),
            '"' => self.text(start)?,
            '-' if !self.rest.peek().is_some_and(char::is_ascii_digit) => Token::Minus,
            '-' | '0'..='9' => self.number(first, start)?,
            c if starts_name(c) => self.word(c)?,
            c => return Err(FilterError::new(format!("`{}` has no place here.", c.escape_debug()), start)),
        })
    }

    fn text(&mut self, start: usize) -> Result<Token, FilterError> {
        let mut text = String::new();
        loop {
            let at = self.position;
            match self.take_if(|_| true) {
                None => return Err(FilterError::new("This string has no closing quote.", start)),
                Some('"') => return Ok(Token::Text(text)),
                Some('\\') => {
                    let escaped = self.take_if(|c| matches!(c, '"' | '\\'));
                    text.push(escaped.ok_or_else(|| {
                        FilterError::new("Only `\\\"` and `\\\\` are escapes: double the backslash.", at)
                    })?);
                }
                Some(c) if c.is_control() => {
                    return Err(FilterError::new("A string holds no control characters.", at));
                }
                Some(c) => text.push(c),
            }
        }
    }

    fn number(&mut self, first: char, start: usize) -> Result<Token, FilterError> {
        let mut text = String::from(first);
        self.take_while(&mut text, |c| c.is_ascii_digit());
        if let Some(point) = self.take_if(|c| c == '.') {
            text.push(point);
            self.take_while(&mut text, |c| c.is_ascii_digit());
        }
        let stands_alone = !self.rest.peek().is_some_and(|&c| continues_name(c) || c == '.');
        Number::parse(&text).filter(|_| stands_alone).map(Token::Number).ok_or_else(|| {
            FilterError::new(
                "A number is digits, with at most one point between them; text is quoted.",
                start,
            )
        })
    }

    fn word(&mut self, first: char) -> Result<Token, FilterError> {
        let mut word = String::from(first);
        loop {
            self.take_while(&mut word, continues_name);
            let Some(dot) = self.take_if(|c| c == '.') else { return Ok(Token::Word(word)) };
            word.push(dot);
            let Some(next) = self.take_if(starts_name) else {
                return Err(FilterError::new("A name is missing after the dot.", self.position));
            };
            word.push(next);
        }
    }
}

fn starts_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn continues_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
