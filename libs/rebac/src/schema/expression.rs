//! What stands behind `=>` in a permit.

use super::{
    lexer::Kind,
    model::{Expr, Name, Tail},
    parser::{Parsed, Parser},
};

impl Parser<'_> {
    pub(super) fn expr(&mut self, depth: usize) -> Parsed<Expr> {
        let mut any = Vec::new();
        loop {
            match self.all(depth)? {
                Expr::Or(inner) => any.extend(inner),
                other => any.push(other),
            }
            if !self.take_sign("||") {
                return Ok(one_or(any, Expr::Or));
            }
        }
    }

    fn all(&mut self, depth: usize) -> Parsed<Expr> {
        let mut all = Vec::new();
        loop {
            match self.unary(depth)? {
                Expr::And(inner) => all.extend(inner),
                other => all.push(other),
            }
            if !self.take_sign("&&") {
                return Ok(one_or(all, Expr::And));
            }
        }
    }

    fn unary(&mut self, depth: usize) -> Parsed<Expr> {
        if self.is_sign("!") {
            let depth = self.deeper(depth)?;
            self.take_sign("!");
            return Ok(Expr::Not(Box::new(self.unary(depth)?)));
        }
        if self.is_sign("(") {
            let depth = self.deeper(depth)?;
            self.take_sign("(");
            let inner = self.expr(depth)?;
            self.sign(")")?;
            return Ok(inner);
        }
        self.atom()
    }

    fn atom(&mut self) -> Parsed<Expr> {
        if !self.take_word("this") {
            return self.expected("`this`, `!` or `(`");
        }
        self.sign(".")?;
        if self.take_word("equals") {
            self.subject()?;
            return Ok(Expr::Equals);
        }
        if self.take_word("permits") {
            let name = self.property("The name of a permit")?;
            self.context()?;
            return Ok(Expr::Permits(name));
        }
        if !self.take_word("related") {
            return self.expected("`related`, `permits` or `equals`");
        }
        let relation = self.property("The name of a relation")?;
        self.sign(".")?;
        if self.take_word("includes") {
            self.subject()?;
            return Ok(Expr::Includes(relation));
        }
        if !self.take_word("traverse") {
            return self.expected("`includes` or `traverse`");
        }
        self.sign("(")?;
        let tail = self.arrow()?;
        self.sign(")")?;
        Ok(Expr::Traverse(relation, tail))
    }

    /// `(x) => x.…`, also without the parentheses.
    fn arrow(&mut self) -> Parsed<Tail> {
        let parenthesised = self.take_sign("(");
        let variable = self.ident("A name for the object")?;
        if matches!(&*variable, "ctx" | "this") {
            return self
                .fail(variable.span, format!("`{variable}` has a meaning already: choose another name."));
        }
        if parenthesised {
            self.sign(")")?;
        }
        self.sign("=>")?;
        if !self.take_word(&variable) {
            return self.expected(&format!("`{variable}`"));
        }
        self.sign(".")?;
        if self.take_word("permits") {
            let name = self.property("The name of a permit")?;
            self.context()?;
            return Ok(Tail::Permits(name));
        }
        if !self.take_word("related") {
            return self.expected("`related` or `permits`");
        }
        let name = self.property("The name of a relation")?;
        self.sign(".")?;
        self.word("includes")?;
        self.subject()?;
        Ok(Tail::Includes(name))
    }

    /// `.name` or `["name"]`.
    fn property(&mut self, what: &str) -> Parsed<Name> {
        if self.take_sign("[") {
            let name = self.text(what)?;
            self.sign("]")?;
            return Ok(name);
        }
        if !self.take_sign(".") {
            return self.expected("`.` or `[`");
        }
        if matches!(self.peek().kind, Kind::Text(_)) { self.expected(what) } else { self.ident(what) }
    }

    /// `(ctx.subject)`.
    fn subject(&mut self) -> Parsed<()> {
        self.sign("(")?;
        self.word("ctx")?;
        self.sign(".")?;
        self.word("subject")?;
        self.sign(")")
    }

    /// `(ctx)`.
    fn context(&mut self) -> Parsed<()> {
        self.sign("(")?;
        self.word("ctx")?;
        self.sign(")")
    }
}

fn one_or(mut parts: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            many(parts)
        }
    }
}
