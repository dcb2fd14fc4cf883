//! What follows, worked out in the plainest way: everything that can be said is tried until nothing more is true, in
//! layers so that what stands under `!` is finished before.

use std::collections::{BTreeMap, BTreeSet};

use avnology_rebac::{
    Scope, Subject, Tuple,
    schema::{Expr, SubjectType, Tail},
};

use crate::world::{NOW, World};

type Kind = (String, String);
type Fact = (String, String, String);

pub(crate) struct Reference<'a> {
    world: &'a World,
    pub(crate) seen: Vec<&'a Tuple>,
    layers: BTreeMap<Kind, usize>,
    objects: BTreeSet<(String, String)>,
}

impl<'a> Reference<'a> {
    pub(crate) fn new(world: &'a World, scope: &Scope) -> Self {
        let is_seen = |of: &Scope, tuple: &Tuple| {
            let namespace = world.schema.namespace(&tuple.namespace).expect("a namespace");
            namespace.built_in
                || of == scope
                || (*of == Scope::Tenant && world.schema.is_shared(&tuple.namespace))
        };
        let seen: Vec<&Tuple> = world
            .tuples
            .iter()
            .filter(|((of, tuple), end)| is_seen(of, tuple) && end.is_none_or(|end| end > NOW))
            .map(|((_, tuple), _)| tuple)
            .collect();
        let mut objects: BTreeSet<(String, String)> =
            World::targets().iter().map(|(n, o, _)| ((*n).to_owned(), (*o).to_owned())).collect();
        objects.insert(("groups".into(), "g1".into()));
        let mut reference = Self { world, seen, layers: BTreeMap::new(), objects };
        reference.layer();
        reference
    }

    fn names(&self, namespace: &str) -> Vec<String> {
        let found = self.world.schema.namespace(namespace).expect("a namespace");
        let relations = found.relations.iter().map(|relation| relation.name.to_string());
        let mut names: Vec<String> =
            relations.chain(found.permits.iter().map(|permit| permit.name.to_string())).collect();
        if found.open {
            names.extend(["billing", "employee", "invoices:write", "invoices:*", "x:y"].map(str::to_owned));
        }
        names
    }

    fn layer(&mut self) {
        let kinds: BTreeSet<Kind> = self
            .objects
            .iter()
            .flat_map(|(namespace, _)| {
                self.names(namespace).into_iter().map(move |name| (namespace.clone(), name))
            })
            .collect();
        loop {
            let mut changed = false;
            for kind in &kinds {
                let least = self
                    .needs(kind)
                    .into_iter()
                    .map(|(of, negative)| self.layers.get(&of).copied().unwrap_or(0) + usize::from(negative))
                    .max()
                    .unwrap_or(0);
                let layer = self.layers.entry(kind.clone()).or_default();
                changed |= least > *layer;
                *layer = least.max(*layer);
            }
            if !changed {
                return;
            }
        }
    }

    fn needs(&self, (namespace, name): &Kind) -> Vec<(Kind, bool)> {
        let found = self.world.schema.namespace(namespace).expect("a namespace");
        if let Some(permit) = found.permit(name) {
            let mut needs = Vec::new();
            self.needs_of(namespace, &permit.expr, false, &mut needs);
            return needs;
        }
        let types = found.relation(name).map(|relation| relation.types.clone()).unwrap_or_default();
        let sets = types.into_iter().filter_map(|kind| match kind {
            SubjectType::Set(namespace, name) => Some(((namespace.to_string(), name.to_string()), false)),
            SubjectType::Object(_) => None,
        });
        sets.collect()
    }

    fn needs_of(&self, namespace: &str, expr: &Expr, negative: bool, into: &mut Vec<(Kind, bool)>) {
        let mut need =
            |namespace: &str, name: &str| into.push(((namespace.to_owned(), name.to_owned()), negative));
        match expr {
            Expr::Or(parts) | Expr::And(parts) => {
                for part in parts {
                    self.needs_of(namespace, part, negative, into);
                }
            }
            Expr::Not(inner) => self.needs_of(namespace, inner, true, into),
            Expr::Includes(name) | Expr::Permits(name) => need(namespace, name),
            Expr::Traverse(relation, tail) => {
                need(namespace, relation);
                let found = self.world.schema.namespace(namespace).expect("a namespace");
                for kind in &found.relation(relation).expect("a relation").types {
                    if let SubjectType::Object(target) = kind {
                        need(target, tail.name());
                    }
                }
            }
            Expr::Equals => {}
        }
    }

    /// Everything that is true of a subject.
    pub(crate) fn facts(&self, asker: &Subject) -> BTreeSet<Fact> {
        let mut facts = BTreeSet::new();
        let layers = self.layers.values().max().copied().unwrap_or(0);
        for layer in 0..=layers {
            loop {
                let before = facts.len();
                for (namespace, object) in &self.objects {
                    for name in self.names(namespace) {
                        let kind = (namespace.clone(), name);
                        if self.layers.get(&kind) == Some(&layer) {
                            let fact = (kind.0, object.clone(), kind.1);
                            if !facts.contains(&fact) && self.holds(&facts, &fact, asker) {
                                facts.insert(fact);
                            }
                        }
                    }
                }
                if facts.len() == before {
                    break;
                }
            }
        }
        facts
    }

    fn holds(&self, facts: &BTreeSet<Fact>, (namespace, object, name): &Fact, asker: &Subject) -> bool {
        let found = self.world.schema.namespace(namespace).expect("a namespace");
        if let Some(permit) = found.permit(name) {
            return self.expr(facts, namespace, object, &permit.expr, asker);
        }
        let is_person = matches!(asker, Subject::Anyone)
            || matches!(asker, Subject::Object { namespace, .. } if namespace == "identities");
        let area = name.split_once(':').map(|(area, _)| format!("{area}:*"));
        let counts = |relation: &str| relation == name || Some(relation) == area.as_deref();
        let by_tuple = self.seen.iter().any(|tuple| {
            tuple.namespace == *namespace
                && tuple.object == *object
                && counts(&tuple.relation)
                && (tuple.subject == *asker
                    || (is_person && tuple.subject == Subject::Anyone)
                    || matches!(&tuple.subject, Subject::Set { namespace, object, relation }
                        if facts.contains(&(namespace.clone(), object.clone(), relation.clone()))))
        });
        by_tuple || (namespace == "organizations" && self.implied(facts, object, name, asker))
    }

    fn implied(&self, facts: &BTreeSet<Fact>, object: &str, name: &str, _asker: &Subject) -> bool {
        let has = |relation: &str| facts.contains(&("organizations".into(), object.into(), relation.into()));
        let area = name.split_once(':').map(|(area, _)| format!("{area}:*"));
        let custom = self.world.roles.iter().any(|role| {
            let implies = match name {
                "admin" => role.extends_admin,
                "member" => !role.extends_admin,
                other => role.permissions.iter().any(|p| p == other || Some(p) == area.as_ref()),
            };
            implies && has(&role.key)
        });
        custom
            || match name {
                "admin" => has("owner"),
                "member" | "x:y" => has("admin"),
                _ => false,
            }
    }

    fn expr(
        &self,
        facts: &BTreeSet<Fact>,
        namespace: &str,
        object: &str,
        expr: &Expr,
        asker: &Subject,
    ) -> bool {
        let has = |namespace: &str, object: &str, name: &str| {
            facts.contains(&(namespace.to_owned(), object.to_owned(), name.to_owned()))
        };
        match expr {
            Expr::Or(parts) => parts.iter().any(|part| self.expr(facts, namespace, object, part, asker)),
            Expr::And(parts) => parts.iter().all(|part| self.expr(facts, namespace, object, part, asker)),
            Expr::Not(inner) => !self.expr(facts, namespace, object, inner, asker),
            Expr::Includes(name) | Expr::Permits(name) => has(namespace, object, name),
            Expr::Traverse(relation, Tail::Includes(name) | Tail::Permits(name)) => {
                self.seen.iter().any(|tuple| {
                    tuple.namespace == namespace
                        && tuple.object == object
                        && tuple.relation == **relation
                        && matches!(&tuple.subject, Subject::Object { namespace, object } if has(namespace, object, name))
                })
            }
            Expr::Equals => *asker == Subject::object(namespace, object),
        }
    }
}
