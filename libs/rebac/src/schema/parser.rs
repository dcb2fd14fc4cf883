//! From tokens to classes, by recursive descent. After an error the parser goes on behind it, so that one look at the
//! answer shows what is wrong; nesting is bounded, so the stack is too.

use super::{
    MAX_BYTES, MAX_ERRORS, MAX_NESTING,
    error::{Position, SchemaError, Span},
    lexer::{Kind, Token, tokens},
    model::{Name, Namespace, Permit, Relation, SubjectType},
};

/// An error was noted; whoever sees this goes on where it makes sense.
pub(super) struct Failed;

pub(super) type Parsed<T> = Result<T, Failed>;

/// The classes that `text` holds, unchecked but for their form.
pub(super) fn parse(text: &str) -> Result<Vec<Namespace>, Vec<SchemaError>> {
    if text.len() > MAX_BYTES {
        let start = Position { line: 1, column: 1 };
        return Err(vec![
            Span { start, end: start }.error(format!("A schema has at most {MAX_BYTES} bytes.")),
        ]);
    }
    let (tokens, errors) = tokens(text);
    let mut parser = Parser { tokens, at: 0, errors };
    let classes = parser.classes();
    if parser.errors.is_empty() {
        return Ok(classes);
    }
    parser.errors.sort_by_key(|error| error.start);
    parser.errors.truncate(MAX_ERRORS);
    Err(parser.errors)
}

pub(super) struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    errors: Vec<SchemaError>,
}

const END: Token<'static> = Token {
    kind: Kind::End,
    span: Span { start: Position { line: 0, column: 0 }, end: Position { line: 0, column: 0 } },
};

impl<'a> Parser<'a> {
    pub(super) fn peek(&self) -> &Token<'a> {
        self.tokens.get(self.at).or_else(|| self.tokens.last()).unwrap_or(&END)
    }

    pub(super) fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek().kind, Kind::Sign(found) if found == sign)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek().kind, Kind::Word(found) if found == word)
    }

    pub(super) fn take_sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        self.at += usize::from(found);
        found
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    pub(super) fn fail<T>(&mut self, span: Span, message: impl Into<String>) -> Parsed<T> {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(span.error(message));
        }
        Err(Failed)
    }

    pub(super) fn expected<T>(&mut self, what: &str) -> Parsed<T> {
        self.fail(self.peek().span, format!("{what} is expected here."))
    }

    pub(super) fn sign(&mut self, sign: &str) -> Parsed<()> {
        if self.take_sign(sign) { Ok(()) } else { self.expected(&format!("`{sign}`")) }
    }

    pub(super) fn word(&mut self, word: &str) -> Parsed<()> {
        if self.take_word(word) { Ok(()) } else { self.expected(&format!("`{word}`")) }
    }

    pub(super) fn ident(&mut self, what: &str) -> Parsed<Name> {
        let Token { kind: Kind::Word(text), span } = *self.peek() else { return self.expected(what) };
        self.at += 1;
        Ok(Name::new(text, span))
    }

    pub(super) fn text(&mut self, what: &str) -> Parsed<Name> {
        let Token { kind: Kind::Text(text), span } = *self.peek() else { return self.expected(what) };
        self.at += 1;
        Ok(Name::new(text, span))
    }

    /// Refuses to go deeper than the limit.
    pub(super) fn deeper(&mut self, depth: usize) -> Parsed<usize> {
        if depth < MAX_NESTING {
            return Ok(depth + 1);
        }
        self.fail(self.peek().span, format!("This nests more than {MAX_NESTING} deep."))
    }

    fn classes(&mut self) -> Vec<Namespace> {
        let mut classes = Vec::new();
        loop {
            if self.peek().kind == Kind::End {
                return classes;
            }
            if self.take_word("import") {
                self.import();
            } else if self.is_word("class") {
                classes.extend(self.class());
            } else if !self.take_sign(";") {
                let _: Parsed<()> = self.expected("`class`");
                self.skip_to_class();
            }
        }
    }

    /// An import ends with the string that names where from, or before the next class.
    fn import(&mut self) {
        loop {
            match self.peek().kind {
                Kind::End | Kind::Word("class") => return,
                Kind::Text(_) | Kind::Sign(";") => {
                    self.at += 1;
                    return;
                }
                _ => self.at += 1,
            }
        }
    }

    fn skip_to_class(&mut self) {
        while !matches!(self.peek().kind, Kind::End | Kind::Word("class")) {
            self.at += 1;
        }
    }

    fn class(&mut self) -> Option<Namespace> {
        let Ok(name) = self.class_header() else {
            self.skip_to_class();
            return None;
        };
        let mut class =
            Namespace { name, built_in: false, open: false, relations: Vec::new(), permits: Vec::new() };
        if self.members(&mut class).is_err() {
            self.skip_to_class();
        }
        Some(class)
    }

    fn class_header(&mut self) -> Parsed<Name> {
        self.at += 1; // `class`
        let name = self.ident("The name of a namespace")?;
        self.word("implements")?;
        self.word("Namespace")?;
        self.sign("{")?;
        Ok(name)
    }

    fn members(&mut self, class: &mut Namespace) -> Parsed<()> {
        loop {
            if self.take_sign("}") {
                return Ok(());
            }
            if self.take_sign(";") || self.take_sign(",") {
                continue;
            }
            if self.take_word("related") {
                self.sign(":")?;
                self.sign("{")?;
                self.entries(&mut class.relations, Self::relation)?;
            } else if self.take_word("permits") {
                self.sign("=")?;
                self.sign("{")?;
                self.entries(&mut class.permits, Self::permit)?;
            } else {
                return self.expected("`related`, `permits` or `}`");
            }
        }
    }

    /// Entries up to the closing brace; behind a wrong one, the next is read.
    fn entries<T>(&mut self, into: &mut Vec<T>, entry: fn(&mut Self) -> Parsed<T>) -> Parsed<()> {
        loop {
            if self.take_sign("}") {
                return Ok(());
            }
            match entry(self) {
                Ok(read) => into.push(read),
                Err(Failed) => self.skip_entry()?,
            }
            if !self.take_sign(",") {
                self.take_sign(";");
            }
        }
    }

    /// Goes to the separator or brace that ends an entry.
    fn skip_entry(&mut self) -> Parsed<()> {
        let mut open = 0_usize;
        loop {
            match self.peek().kind {
                Kind::End | Kind::Word("class") => return Err(Failed),
                Kind::Sign("," | ";" | "}") if open == 0 => return Ok(()),
                Kind::Sign("(" | "[" | "{") => open += 1,
                Kind::Sign(")" | "]" | "}") => open = open.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
        }
    }

    /// A name that is declared: a word, or a string where a word would not do.
    fn declared(&mut self, what: &str) -> Parsed<Name> {
        if matches!(self.peek().kind, Kind::Text(_)) { self.text(what) } else { self.ident(what) }
    }

    fn relation(&mut self) -> Parsed<Relation> {
        let name = self.declared("The name of a relation")?;
        self.sign(":")?;
        let mut types = Vec::new();
        if self.is_word("Array") && self.next_is_sign("<") {
            self.at += 2;
            self.type_atom(&mut types, 0)?;
            while self.take_sign("|") {
                self.type_atom(&mut types, 0)?;
            }
            self.sign(">")?;
        } else {
            self.type_atom(&mut types, 0)?;
            self.sign("[")?;
            self.sign("]")?;
        }
        Ok(Relation { name, types, implied_by: Vec::new() })
    }

    fn next_is_sign(&self, sign: &str) -> bool {
        self.tokens
            .get(self.at + 1)
            .is_some_and(|token| matches!(token.kind, Kind::Sign(found) if found == sign))
    }

    fn type_atom(&mut self, into: &mut Vec<SubjectType>, depth: usize) -> Parsed<()> {
        if self.is_sign("(") {
            let depth = self.deeper(depth)?;
            self.at += 1;
            loop {
                self.type_atom(into, depth)?;
                if !self.take_sign("|") {
                    return self.sign(")");
                }
            }
        }
        let name = self.ident("A type")?;
        let kind = if &*name == "SubjectSet" && self.take_sign("<") {
            let namespace = self.ident("The name of a namespace")?;
            self.sign(",")?;
            let relation = self.text("The name of a relation in quotes")?;
            self.sign(">")?;
            SubjectType::Set(namespace, relation)
        } else {
            SubjectType::Object(name)
        };
        if !into.contains(&kind) {
            into.push(kind);
        }
        Ok(())
    }

    fn permit(&mut self) -> Parsed<Permit> {
        let name = self.declared("The name of a permit")?;
        self.sign(":")?;
        self.sign("(")?;
        self.word("ctx")?;
        if self.take_sign(":") {
            self.word("Context")?;
        }
        self.sign(")")?;
        if self.take_sign(":") {
            self.word("boolean")?;
        }
        self.sign("=>")?;
        let expr = self.expr(0)?;
        Ok(Permit { name, expr })
    }
}
