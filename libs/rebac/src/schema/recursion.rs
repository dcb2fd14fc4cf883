//! No permit may depend on its own absence: recursion through `!` has no meaning.
//!
//! The graph has a node for each relation and permit, an edge for each use. Two nodes on one cycle are in one strongly
//! connected component; found without recursion, since a chain of permits can be as long as the document.

use std::collections::HashMap;

use super::{
    MAX_ERRORS, Schema,
    error::SchemaError,
    model::{Expr, Name, Namespace, SubjectType},
};

pub(super) fn check(schema: &Schema) -> Vec<SchemaError> {
    let graph = Graph::of(schema);
    if graph.negative.is_empty() {
        return Vec::new();
    }
    let component = graph.components();
    let same = |a: usize, b: usize| component.get(a) == component.get(b);
    let circular = graph.negative.iter().filter(|(from, to, _)| same(*from, *to));
    circular
        .take(MAX_ERRORS)
        .map(|(.., name)| {
            name.span.error(format!(
                "`{name}` depends on this permit, so it cannot stand under `!`: recursion through `!`."
            ))
        })
        .collect()
}

struct Graph<'a> {
    schema: &'a Schema,
    ids: HashMap<(&'a str, &'a str), usize>,
    edges: Vec<Vec<usize>>,
    negative: Vec<(usize, usize, &'a Name)>,
}

/// One node stands for all relations of an open namespace: they lead to groups only, and nothing leads back.
const OPEN: &str = "";

impl<'a> Graph<'a> {
    fn of(schema: &'a Schema) -> Self {
        let mut graph = Self { schema, ids: HashMap::new(), edges: Vec::new(), negative: Vec::new() };
        for namespace in &schema.namespaces {
            for relation in &namespace.relations {
                let from = graph.id(&namespace.name, &relation.name);
                for kind in &relation.types {
                    if let SubjectType::Set(target, name) = kind {
                        graph.edge(from, target, name, false);
                    }
                }
            }
            for permit in &namespace.permits {
                let from = graph.id(&namespace.name, &permit.name);
                graph.expr(namespace, from, &permit.expr, false);
            }
        }
        graph
    }

    fn id(&mut self, namespace: &'a str, name: &'a str) -> usize {
        let open = self.schema.namespace(namespace).is_some_and(|namespace| namespace.open);
        let next = self.ids.len();
        let id = *self.ids.entry((namespace, if open { OPEN } else { name })).or_insert(next);
        if id == self.edges.len() {
            self.edges.push(Vec::new());
        }
        id
    }

    fn edge(&mut self, from: usize, namespace: &'a str, name: &'a Name, negative: bool) {
        let to = self.id(namespace, name);
        if let Some(edges) = self.edges.get_mut(from) {
            edges.push(to);
        }
        if negative {
            self.negative.push((from, to, name));
        }
    }

    fn expr(&mut self, namespace: &'a Namespace, from: usize, expr: &'a Expr, negative: bool) {
        match expr {
            Expr::Or(parts) | Expr::And(parts) => {
                for part in parts {
                    self.expr(namespace, from, part, negative);
                }
            }
            Expr::Not(inner) => self.expr(namespace, from, inner, true),
            Expr::Equals => {}
            Expr::Includes(name) | Expr::Permits(name) => self.edge(from, &namespace.name, name, negative),
            Expr::Traverse(name, tail) => {
                self.edge(from, &namespace.name, name, negative);
                let Some(relation) = namespace.relation(name) else { return };
                for kind in &relation.types {
                    if let SubjectType::Object(target) = kind {
                        self.edge(from, target, tail.name(), negative);
                    }
                }
            }
        }
    }

    /// The component of each node (Kosaraju).
    fn components(&self) -> Vec<usize> {
        let mut order = Vec::new();
        let mut seen = vec![false; self.edges.len()];
        for start in 0..self.edges.len() {
            walk(&self.edges, start, &mut seen, &mut |node| order.push(node));
        }
        let mut reversed = vec![Vec::new(); self.edges.len()];
        for (from, edges) in self.edges.iter().enumerate() {
            for &to in edges {
                if let Some(back) = reversed.get_mut(to) {
                    back.push(from);
                }
            }
        }
        let mut component = vec![0; self.edges.len()];
        let mut seen = vec![false; self.edges.len()];
        for (number, start) in order.into_iter().rev().enumerate() {
            walk(&reversed, start, &mut seen, &mut |node| {
                if let Some(slot) = component.get_mut(node) {
                    *slot = number;
                }
            });
        }
        component
    }
}

/// Visits what is reachable from `start` and not seen, telling each node when all behind it is done.
fn walk(edges: &[Vec<usize>], start: usize, seen: &mut [bool], done: &mut impl FnMut(usize)) {
    let mut first = |node: usize| seen.get_mut(node).is_some_and(|seen| !std::mem::replace(seen, true));
    if !first(start) {
        return;
    }
    let mut stack = vec![(start, 0)];
    while let Some((node, next)) = stack.last_mut() {
        if let Some(&to) = edges.get(*node).and_then(|edges| edges.get(*next)) {
            *next += 1;
            if first(to) {
                stack.push((to, 0));
            }
        } else {
            done(*node);
            stack.pop();
        }
    }
}
