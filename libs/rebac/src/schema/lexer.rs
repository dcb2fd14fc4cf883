//! From characters to tokens, each with its place.

use std::{iter::Peekable, str::CharIndices};

use super::{
    MAX_ERRORS,
    error::{Position, SchemaError, Span},
};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind<'a> {
    Word(&'a str),
    Text(&'a str),
    Sign(&'static str),
    End,
}

#[derive(Clone, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind<'a>,
    pub(super) span: Span,
}

/// The tokens of `text`, an [`Kind::End`] last, and what could not be read.
pub(super) fn tokens(text: &str) -> (Vec<Token<'_>>, Vec<SchemaError>) {
    let mut lexer = Lexer {
        text,
        rest: text.char_indices().peekable(),
        at: Position { line: 1, column: 1 },
        errors: Vec::new(),
    };
    let mut tokens = Vec::new();
    loop {
        let start = lexer.at;
        let Some((offset, first)) = lexer.next() else {
            tokens.push(Token { kind: Kind::End, span: Span { start, end: start } });
            return (tokens, lexer.errors);
        };
        if let Some(kind) = lexer.token(offset, first, start) {
            tokens.push(Token { kind, span: Span { start, end: lexer.at } });
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    rest: Peekable<CharIndices<'a>>,
    at: Position,
    errors: Vec<SchemaError>,
}

impl<'a> Lexer<'a> {
    fn next(&mut self) -> Option<(usize, char)> {
        let (offset, c) = self.rest.next()?;
        if c == '\n' {
            self.at = Position { line: self.at.line + 1, column: 1 };
        } else {
            self.at.column += 1;
        }
        Some((offset, c))
    }

    fn next_if(&mut self, wanted: impl Fn(char) -> bool) -> bool {
        let fits = self.rest.peek().is_some_and(|&(_, c)| wanted(c));
        if fits {
            self.next();
        }
        fits
    }

    /// The text from `start` to here.
    fn since(&mut self, start: usize) -> &'a str {
        let end = self.rest.peek().map_or(self.text.len(), |&(offset, _)| offset);
        self.text.get(start..end).unwrap_or_default()
    }

    fn error(&mut self, start: Position, message: impl Into<String>) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(Span { start, end: self.at }.error(message));
        }
    }

    fn token(&mut self, offset: usize, first: char, start: Position) -> Option<Kind<'a>> {
        match first {
            // A mark at the start, as some editors write it, says nothing.
            c if c.is_whitespace() || c == '\u{feff}' => None,
            '/' if self.next_if(|c| c == '/') => {
                while self.next_if(|c| c != '\n') {}
                None
            }
            '/' if self.next_if(|c| c == '*') => {
                self.comment(start);
                None
            }
            '"' | '\'' => self.string(first, start),
            c if starts_word(c) => {
                while self.next_if(|c| starts_word(c) || c.is_ascii_digit()) {}
                Some(Kind::Word(self.since(offset)))
            }
            c => self.sign(c, start),
        }
    }

    fn comment(&mut self, start: Position) {
        let mut star = false;
        while let Some((_, c)) = self.next() {
            if star && c == '/' {
                return;
            }
            star = c == '*';
        }
        self.error(start, "This comment is not closed.");
    }

    fn string(&mut self, quote: char, start: Position) -> Option<Kind<'a>> {
        let begin = self.rest.peek().map_or(self.text.len(), |&(offset, _)| offset);
        while self.next_if(|c| c != quote && c != '\n' && c != '\\') {}
        let text = self.since(begin);
        if self.next_if(|c| c == quote) {
            return Some(Kind::Text(text));
        }
        let backslash = self.next_if(|c| c == '\\');
        self.error(
            start,
            if backslash { "A string has no escapes." } else { "This string is not closed on its line." },
        );
        None
    }

    fn sign(&mut self, first: char, start: Position) -> Option<Kind<'a>> {
        let sign = match first {
            '{' => "{",
            '}' => "}",
            '(' => "(",
            ')' => ")",
            '[' => "[",
            ']' => "]",
            '<' => "<",
            '>' => ">",
            ',' => ",",
            ';' => ";",
            ':' => ":",
            '.' => ".",
            '*' => "*",
            '!' => "!",
            '=' if self.next_if(|c| c == '>') => "=>",
            '=' => "=",
            '|' if self.next_if(|c| c == '|') => "||",
            '|' => "|",
            '&' if self.next_if(|c| c == '&') => "&&",
            other => {
                self.error(start, format!("`{}` has no place here.", other.escape_debug()));
                return None;
            }
        };
        Some(Kind::Sign(sign))
    }
}

fn starts_word(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '_' | '$')
}
