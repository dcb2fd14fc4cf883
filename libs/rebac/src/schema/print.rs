//! From a schema back to text, in one layout.

use std::fmt::{self, Formatter};

use super::{
    Schema,
    model::{Expr, Name, Namespace, SubjectType, Tail},
};

/// The own namespaces as a document that parses to the same.
impl fmt::Display for Schema {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let own = self.namespaces.iter().filter(|namespace| !namespace.built_in);
        for (index, namespace) in own.enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            class(f, namespace)?;
        }
        Ok(())
    }
}

fn class(f: &mut Formatter<'_>, namespace: &Namespace) -> fmt::Result {
    writeln!(f, "class {} implements Namespace {{", namespace.name)?;
    if !namespace.relations.is_empty() {
        f.write_str("  related: {\n")?;
        for relation in &namespace.relations {
            write!(f, "    {}: ", declared(&relation.name))?;
            types(f, &relation.types)?;
            f.write_str("[]\n")?;
        }
        f.write_str("  }\n")?;
    }
    if !namespace.permits.is_empty() {
        f.write_str("  permits = {\n")?;
        for permit in &namespace.permits {
            writeln!(
                f,
                "    {}: (ctx: Context): boolean =>\n      {},",
                declared(&permit.name),
                Shown(&permit.expr)
            )?;
        }
        f.write_str("  }\n")?;
    }
    f.write_str("}\n")
}

fn types(f: &mut Formatter<'_>, types: &[SubjectType]) -> fmt::Result {
    let many = types.len() > 1;
    f.write_str(if many { "(" } else { "" })?;
    for (index, kind) in types.iter().enumerate() {
        f.write_str(if index > 0 { " | " } else { "" })?;
        match kind {
            SubjectType::Object(namespace) => f.write_str(namespace)?,
            SubjectType::Set(namespace, relation) => write!(f, "SubjectSet<{namespace}, \"{relation}\">")?,
        }
    }
    f.write_str(if many { ")" } else { "" })
}

/// An expression as text.
pub(crate) struct Shown<'a>(pub(crate) &'a Expr);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Expr::Or(parts) => joined(f, parts, " || ", |_| false),
            Expr::And(parts) => joined(f, parts, " && ", |part| matches!(part, Expr::Or(_))),
            Expr::Not(inner) => {
                f.write_str("!")?;
                parenthesised(f, inner, matches!(**inner, Expr::Or(_) | Expr::And(_)))
            }
            Expr::Includes(name) => write!(f, "this.related{}.includes(ctx.subject)", property(name)),
            Expr::Permits(name) => write!(f, "this.permits{}(ctx)", property(name)),
            Expr::Traverse(relation, tail) => {
                write!(f, "this.related{}.traverse((x) => x", property(relation))?;
                match tail {
                    Tail::Includes(name) => write!(f, ".related{}.includes(ctx.subject))", property(name)),
                    Tail::Permits(name) => write!(f, ".permits{}(ctx))", property(name)),
                }
            }
            Expr::Equals => f.write_str("this.equals(ctx.subject)"),
        }
    }
}

fn joined(f: &mut Formatter<'_>, parts: &[Expr], by: &str, needs: fn(&Expr) -> bool) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        f.write_str(if index > 0 { by } else { "" })?;
        parenthesised(f, part, needs(part))?;
    }
    Ok(())
}

fn parenthesised(f: &mut Formatter<'_>, inner: &Expr, needed: bool) -> fmt::Result {
    if needed { write!(f, "({})", Shown(inner)) } else { write!(f, "{}", Shown(inner)) }
}

fn is_word(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `.name`, or `["na-me"]` where a word would not do.
fn property(name: &Name) -> String {
    if is_word(name) { format!(".{name}") } else { format!("[\"{name}\"]") }
}

fn declared(name: &Name) -> String {
    if is_word(name) { name.to_string() } else { format!("\"{name}\"") }
}
