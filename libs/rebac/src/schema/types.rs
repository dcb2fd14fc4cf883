//! Whether the names of a schema fit together: each is defined once, exists, and is used as what it is.

use std::collections::HashSet;

use super::{
    MAX_ERRORS, MAX_NAMESPACES, Schema,
    error::SchemaError,
    model::{Expr, Name, Namespace, Relation, SubjectType, Tail},
};
use crate::{names, tuple::canonical_namespace};

pub(super) fn check(schema: &Schema) -> Vec<SchemaError> {
    let mut checker = Checker { schema, errors: Vec::new() };
    let own = schema.namespaces.iter().filter(|namespace| !namespace.built_in);
    let mut seen = HashSet::new();
    for (index, namespace) in own.enumerate() {
        if index == MAX_NAMESPACES {
            checker.error(&namespace.name, format!("A schema has at most {MAX_NAMESPACES} namespaces."));
        }
        if !seen.insert(&*namespace.name) {
            checker.error(&namespace.name, format!("There is a namespace `{}` already.", namespace.name));
        }
        checker.namespace(namespace);
    }
    checker.errors
}

struct Checker<'a> {
    schema: &'a Schema,
    errors: Vec<SchemaError>,
}

impl<'a> Checker<'a> {
    fn error(&mut self, at: &Name, message: impl Into<String>) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(at.span.error(message));
        }
    }

    fn namespace(&mut self, namespace: &'a Namespace) {
        let name = &namespace.name;
        if !names::is_namespace(name) {
            self.error(
                name,
                "A namespace's name is a small letter, then small letters, digits and `_`; 64 at most.",
            );
        }
        let canonical = canonical_namespace(name);
        if self.schema.namespace(canonical).is_some_and(|found| found.built_in) {
            self.error(name, format!("`{name}` is a built-in namespace."));
        }
        let mut seen = HashSet::new();
        let relations = namespace.relations.iter().map(|relation| &relation.name);
        for name in relations.chain(namespace.permits.iter().map(|permit| &permit.name)) {
            if !names::is_relation(name) {
                self.error(
                    name,
                    "The name of a relation or permit is a letter, then letters, digits and any of `_.:*-`; 128 at most.",
                );
            }
            if !seen.insert(&**name) {
                self.error(name, format!("`{name}` is defined in this namespace already."));
            }
        }
        // By name once, so that a long document is not searched for each use of a name.
        let relations: std::collections::HashMap<&str, &Relation> =
            namespace.relations.iter().map(|relation| (&*relation.name, relation)).collect();
        let permits: HashSet<&str> = namespace.permits.iter().map(|permit| &*permit.name).collect();
        for relation in &namespace.relations {
            self.types(relation);
        }
        let scope = Members { relations, permits };
        for permit in &namespace.permits {
            self.expr(&scope, &permit.expr);
        }
    }

    fn types(&mut self, relation: &'a Relation) {
        for kind in &relation.types {
            let (SubjectType::Object(name) | SubjectType::Set(name, _)) = kind;
            let Some(target) = self.schema.namespace(name) else {
                self.error(name, format!("There is no namespace `{name}`."));
                continue;
            };
            if let SubjectType::Set(_, relation) = kind
                && !target.has(relation)
            {
                self.error(relation, format!("`{name}` has no relation or permit `{relation}`."));
            }
        }
    }

    fn expr(&mut self, scope: &Members<'a>, expr: &'a Expr) {
        match expr {
            Expr::Or(parts) | Expr::And(parts) => parts.iter().for_each(|part| self.expr(scope, part)),
            Expr::Not(inner) => self.expr(scope, inner),
            Expr::Equals => {}
            Expr::Permits(name) => {
                if scope.permits.contains(&**name) {
                    return;
                }
                let hint = if scope.relations.contains_key(&**name) {
                    format!(" It is a relation: `this.related.{name}.includes(ctx.subject)`.")
                } else {
                    String::new()
                };
                self.error(name, format!("This namespace has no permit `{name}`.{hint}"));
            }
            Expr::Includes(name) => {
                self.relation(scope, name);
            }
            Expr::Traverse(name, tail) => {
                if let Some(relation) = self.relation(scope, name) {
                    self.tail(relation, tail);
                }
            }
        }
    }

    fn relation(&mut self, scope: &Members<'a>, name: &Name) -> Option<&'a Relation> {
        let found = scope.relations.get(&**name).copied();
        if found.is_none() {
            let hint = if scope.permits.contains(&**name) {
                format!(" It is a permit: `this.permits.{name}(ctx)`.")
            } else {
                String::new()
            };
            self.error(name, format!("This namespace has no relation `{name}`.{hint}"));
        }
        found
    }

    fn tail(&mut self, relation: &'a Relation, tail: &'a Tail) {
        let asked = tail.name();
        for kind in &relation.types {
            let target = match kind {
                SubjectType::Object(target) => target,
                SubjectType::Set(namespace, set) => {
                    let message = format!(
                        "`{}` can hold `SubjectSet<{namespace}, \"{set}\">`, which has no relations to go on with.",
                        relation.name
                    );
                    self.error(asked, message);
                    continue;
                }
            };
            // An unknown namespace is an error of the relation already.
            let Some(namespace) = self.schema.namespace(target) else { continue };
            let (fits, what) = match tail {
                Tail::Includes(_) => (namespace.has_relation(asked), "relation"),
                Tail::Permits(_) => (namespace.permit(asked).is_some(), "permit"),
            };
            if !fits {
                let message =
                    format!("`{}` can hold `{target}`, which has no {what} `{asked}`.", relation.name);
                self.error(asked, message);
            }
        }
    }
}

struct Members<'a> {
    relations: std::collections::HashMap<&'a str, &'a Relation>,
    permits: HashSet<&'a str>,
}
