//! A schema in numbers: names are symbols of one index, uses of a name are places in a table.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;

use super::symbols::space;
use crate::schema::{Expr, Namespace, Schema, SubjectType, Tail, built_in};

/// The definition of every relation of an open namespace.
pub(crate) const OPEN: u32 = u32::MAX;

/// Namespaces whose objects ask.
const CALLERS: [&str; 3] = [built_in::IDENTITIES, "service_accounts", "clients"];

type Map<K, V> = HashMap<K, V, FixedState>;

#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) schema: Schema,
    pub(crate) namespaces: Vec<Space>,
    names: Map<Box<str>, u32>,
    spaces: Map<u32, u32>,
    pub(crate) definitions: Vec<Definition>,
    /// Which namespace is `organizations`.
    pub(crate) organizations: u32,
    /// The space of identities.
    pub(crate) identities: u32,
    /// The spaces of people and programs.
    pub(crate) callers: Vec<u32>,
    /// `owner`, `admin`, `member`.
    pub(crate) roles: [u32; 3],
    /// What those list, sorted.
    pub(crate) role_permissions: [Vec<u32>; 3],
    /// Permission keys of organizations that the schema refers to.
    pub(crate) keys: Vec<u32>,
    uses: Map<Fact, Uses>,
    depends: Map<Fact, Vec<Fact>>,
    /// What can be a subject set.
    pub(crate) sets: HashSet<Fact, FixedState>,
    /// Every symbol that this holds.
    pub(super) held: Vec<u32>,
}

/// A kind of facts: namespace and name; all relations of an open namespace are [`OPEN`] in `depends`.
pub(crate) type Fact = (u32, u32);

/// Relations whose tuples are enough for a name.
struct Enough<'p> {
    program: &'p Program,
    /// Definitions that were looked at.
    seen: Vec<u32>,
    relations: Vec<u32>,
}

impl Enough<'_> {
    /// More than so many are not worth a look each.
    const MOST: usize = 4;

    fn definition(&mut self, place: u32) {
        let Some(definition) = self.program.definition(place) else { return };
        if self.seen.contains(&place) || self.relations.len() >= Self::MOST {
            return;
        }
        self.seen.push(place);
        match &definition.rule {
            Rule::Relation(implied) => {
                self.relations.push(definition.name);
                for by in implied {
                    self.definition(*by);
                }
            }
            Rule::Permit(op) => self.op(op),
        }
    }

    fn op(&mut self, op: &Op) {
        match op {
            Op::Or(parts) => {
                for part in parts {
                    self.op(part);
                }
            }
            Op::Same(_, definition) => self.definition(*definition),
            Op::And(_) | Op::Not(_) | Op::Traverse(_) | Op::Equals => {}
        }
    }
}

/// A namespace.
#[derive(Debug)]
pub(crate) struct Space {
    pub(crate) symbol: u32,
    /// The space of its objects.
    pub(crate) objects: u32,
    pub(crate) built_in: bool,
    pub(crate) shared: bool,
    pub(crate) open: bool,
    /// From symbols of names to definitions.
    by_symbol: Map<u32, u32>,
    by_name: Map<Box<str>, u32>,
    /// Permits that hold of an object for itself, and whether that alone decides.
    pub(crate) equals: Vec<(u32, bool)>,
    /// Permits that can hold of an object nothing leads to from the subject.
    pub(crate) unbounded: Vec<u32>,
}

impl Space {
    pub(crate) fn by_name(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    /// The definition of a name, by its symbol.
    pub(crate) fn by_symbol(&self, name: u32) -> Option<u32> {
        if self.open { Some(OPEN) } else { self.by_symbol.get(&name).copied() }
    }
}

#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) namespace: u32,
    pub(crate) name: u32,
    pub(crate) rule: Rule,
    /// Relations of the same object, a tuple of each of which is enough; not all of them if there are many.
    pub(crate) direct: Vec<u32>,
}

#[derive(Debug)]
pub(crate) enum Rule {
    /// Tuples, and relations that imply this one.
    Relation(Vec<u32>),
    Permit(Op),
}

/// When a permit holds.
#[derive(Debug)]
pub(crate) enum Op {
    Or(Vec<Op>),
    And(Vec<Op>),
    Not(Box<Op>),
    /// The same object has it: name, definition.
    Same(u32, u32),
    Traverse(Through),
    Equals,
}

/// To the objects that a relation names, and what is asked of them.
#[derive(Debug)]
pub(crate) struct Through {
    /// Name of the relation.
    pub(crate) relation: u32,
    pub(crate) tails: Vec<TailOf>,
    /// Whether all that the relation can name is objects of the first tail.
    is_uniform: bool,
}

impl Through {
    /// What is asked of an object; its space is looked at only where it can differ.
    #[inline]
    pub(crate) fn tail_of(&self, objects: impl FnOnce() -> u32) -> Option<&TailOf> {
        if self.is_uniform {
            return self.tails.first();
        }
        let objects = objects();
        self.tails.iter().find(|tail| tail.objects == objects)
    }
}

/// What is asked of objects of a space.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TailOf {
    pub(crate) objects: u32,
    pub(crate) name: u32,
    pub(crate) definition: u32,
}

/// What follows from a fact; each with whether it follows for certain, or must be looked at.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    /// Of the same object: name.
    pub(crate) same: Vec<(u32, bool)>,
    /// Of objects whose relation names this one: namespace, relation, permit.
    pub(crate) through: Vec<(u32, u32, u32, bool)>,
}

/// What a program needs of an index to be built: numbers for names.
pub(super) trait Intern {
    fn intern(&mut self, space: u32, text: &str) -> u32;
}

impl Program {
    pub(super) fn new(schema: &Schema, symbols: &mut impl Intern) -> Self {
        let mut held = Vec::new();
        let mut symbol = |space: u32, text: &str| {
            let id = symbols.intern(space, text);
            held.push(id);
            id
        };
        let mut program = Self {
            schema: schema.clone(),
            namespaces: Vec::new(),
            names: Map::default(),
            spaces: Map::default(),
            definitions: Vec::new(),
            organizations: 0,
            identities: 0,
            callers: Vec::new(),
            roles: ["owner", "admin", "member"].map(|role| symbol(space::RELATIONS, role)),
            role_permissions: [&schema.roles().owner, &schema.roles().admin, &schema.roles().member].map(
                |listed| {
                    let mut listed: Vec<u32> =
                        listed.iter().map(|permission| symbol(space::RELATIONS, permission)).collect();
                    listed.sort_unstable();
                    listed
                },
            ),
            keys: Vec::new(),
            uses: Map::default(),
            depends: Map::default(),
            sets: HashSet::default(),
            held: Vec::new(),
        };
        for namespace in schema.namespaces() {
            program.declare(namespace, &mut symbol);
        }
        for (index, namespace) in (0..).zip(schema.namespaces()) {
            program.define(index, namespace, &mut symbol);
        }
        program.invert();
        program.shorten();
        program.keys.sort_unstable();
        program.keys.dedup();
        program.held = held;
        program
    }

    pub(crate) fn namespace_named(&self, name: &str) -> Option<(u32, &Space)> {
        let index = *self.names.get(name)?;
        self.namespaces.get(index as usize).map(|found| (index, found))
    }

    /// The namespace whose objects a space holds.
    pub(crate) fn namespace_of(&self, objects: u32) -> Option<(u32, &Space)> {
        let index = *self.spaces.get(&objects)?;
        self.namespaces.get(index as usize).map(|found| (index, found))
    }

    pub(crate) fn definition(&self, id: u32) -> Option<&Definition> {
        self.definitions.get(id as usize)
    }

    pub(crate) fn uses(&self, fact: Fact) -> Option<&Uses> {
        self.uses.get(&fact)
    }

    /// Every kind of facts from which one of this kind can follow, itself included.
    pub(crate) fn relevant_to(&self, fact: Fact) -> HashSet<Fact, FixedState> {
        let mut seen = HashSet::default();
        let mut stack = vec![self.collapsed(fact)];
        while let Some(fact) = stack.pop() {
            if seen.insert(fact) {
                stack.extend(self.depends.get(&fact).into_iter().flatten());
            }
        }
        seen
    }

    /// Whether a fact can follow from another of its kind at once, as a member of a group from one of a group in it.
    pub(crate) fn rests_on_itself(&self, fact: Fact) -> bool {
        let fact = self.collapsed(fact);
        self.depends.get(&fact).is_some_and(|on| on.contains(&fact))
    }

    pub(crate) fn collapsed(&self, (namespace, name): Fact) -> Fact {
        if namespace == self.organizations { (namespace, OPEN) } else { (namespace, name) }
    }

    fn declare(&mut self, namespace: &Namespace, symbol: &mut impl FnMut(u32, &str) -> u32) {
        let index = u32::try_from(self.namespaces.len()).unwrap_or(u32::MAX);
        let id = symbol(space::NAMESPACES, &namespace.name);
        let objects = space::objects(id);
        let mut made = Space {
            symbol: id,
            objects,
            built_in: namespace.built_in,
            shared: self.schema.is_shared(&namespace.name),
            open: namespace.open,
            by_symbol: Map::default(),
            by_name: Map::default(),
            equals: Vec::new(),
            unbounded: Vec::new(),
        };
        let relations = namespace.relations.iter().map(|relation| &relation.name);
        for name in relations.chain(namespace.permits.iter().map(|permit| &permit.name)) {
            let place = u32::try_from(self.definitions.len()).unwrap_or(OPEN);
            let name_id = symbol(space::RELATIONS, name);
            made.by_symbol.insert(name_id, place);
            made.by_name.insert((&**name).into(), place);
            let rule = Rule::Relation(Vec::new());
            self.definitions.push(Definition { namespace: index, name: name_id, rule, direct: Vec::new() });
        }
        if &*namespace.name == built_in::ORGANIZATIONS {
            self.organizations = index;
        }
        if &*namespace.name == built_in::IDENTITIES {
            self.identities = objects;
        }
        if CALLERS.contains(&&*namespace.name) {
            self.callers.push(objects);
        }
        self.names.insert((&*namespace.name).into(), index);
        self.spaces.insert(objects, index);
        self.namespaces.push(made);
    }

    fn define(&mut self, index: u32, namespace: &Namespace, symbol: &mut impl FnMut(u32, &str) -> u32) {
        for relation in &namespace.relations {
            let place = |program: &Self, name: &str| {
                program.namespaces.get(index as usize).and_then(|space| space.by_name(name))
            };
            let implied: Vec<u32> = relation.implied_by.iter().filter_map(|name| place(self, name)).collect();
            let name = symbol(space::RELATIONS, &relation.name);
            for kind in &relation.types {
                let SubjectType::Set(target, set) = kind else { continue };
                let set = symbol(space::RELATIONS, set);
                if let Some(target) = self.names.get(&**target).copied() {
                    self.sets.insert((target, set));
                    self.refers(target, set);
                    self.depend((index, name), (target, set));
                }
            }
            for &place in &implied {
                if let Some(name_of) = self.definition(place).map(|found| found.name) {
                    self.depend((index, name), (index, name_of));
                }
            }
            if let Some(place) = place(self, &relation.name)
                && let Some(definition) = self.definitions.get_mut(place as usize)
            {
                definition.rule = Rule::Relation(implied);
            }
        }
        for permit in &namespace.permits {
            let name = symbol(space::RELATIONS, &permit.name);
            let op = self.op((index, name), namespace, &permit.expr, symbol);
            let place = self.namespaces.get(index as usize).and_then(|space| space.by_name(&permit.name));
            if let Some(definition) = place.and_then(|place| self.definitions.get_mut(place as usize)) {
                definition.rule = Rule::Permit(op);
            }
        }
    }

    fn depend(&mut self, fact: Fact, on: Fact) {
        let (fact, on) = (self.collapsed(fact), self.collapsed(on));
        self.depends.entry(fact).or_default().push(on);
    }

    /// Notes a permission key that is asked of organizations.
    fn refers(&mut self, namespace: u32, name: u32) {
        if namespace == self.organizations {
            self.keys.push(name);
        }
    }

    fn op(
        &mut self,
        of: Fact,
        namespace: &Namespace,
        expr: &Expr,
        symbol: &mut impl FnMut(u32, &str) -> u32,
    ) -> Op {
        let mut parts = |program: &mut Self, parts: &[Expr]| {
            parts.iter().map(|part| program.op(of, namespace, part, symbol)).collect()
        };
        match expr {
            Expr::Or(of_or) => Op::Or(parts(self, of_or)),
            Expr::And(of_and) => Op::And(parts(self, of_and)),
            Expr::Not(inner) => Op::Not(Box::new(self.op(of, namespace, inner, symbol))),
            Expr::Equals => Op::Equals,
            Expr::Includes(name) | Expr::Permits(name) => {
                let id = symbol(space::RELATIONS, name);
                self.depend(of, (of.0, id));
                let place = self.namespaces.get(of.0 as usize).and_then(|space| space.by_name(name));
                Op::Same(id, place.unwrap_or(OPEN))
            }
            Expr::Traverse(relation, tail) => self.traverse(of, namespace, relation, tail, symbol),
        }
    }

    fn traverse(
        &mut self,
        of: Fact,
        namespace: &Namespace,
        relation: &str,
        tail: &Tail,
        symbol: &mut impl FnMut(u32, &str) -> u32,
    ) -> Op {
        let id = symbol(space::RELATIONS, relation);
        let name = symbol(space::RELATIONS, tail.name());
        self.depend(of, (of.0, id));
        let mut tails = Vec::new();
        for kind in namespace.relation(relation).into_iter().flat_map(|relation| &relation.types) {
            let SubjectType::Object(target) = kind else { continue };
            let Some(index) = self.names.get(&**target).copied() else { continue };
            self.depend(of, (index, name));
            self.refers(index, name);
            if let Some(found) = self.namespaces.get(index as usize)
                && let Some(definition) = found.by_symbol(name)
            {
                tails.push(TailOf { objects: found.objects, name, definition });
            }
        }
        // Where identities have a place, `*` and opaque ids have one too.
        let kinds = namespace.relation(relation).map_or(&[][..], |relation| &relation.types);
        let is_uniform = match kinds {
            [SubjectType::Object(only)] => !tails.is_empty() && &**only != built_in::IDENTITIES,
            _ => false,
        };
        Op::Traverse(Through { relation: id, tails, is_uniform })
    }

    /// Works out, for every name, which tuples are enough for it.
    fn shorten(&mut self) {
        for place in 0..u32::try_from(self.definitions.len()).unwrap_or_default() {
            let mut enough = Enough { program: self, seen: Vec::new(), relations: Vec::new() };
            enough.definition(place);
            let relations = enough.relations;
            if let Some(definition) = self.definitions.get_mut(place as usize) {
                definition.direct = relations;
            }
        }
    }

    /// Works out, for every permit, from which facts to come to it.
    fn invert(&mut self) {
        let definitions = std::mem::take(&mut self.definitions);
        for (place, definition) in (0..).zip(&definitions) {
            let Definition { namespace, name, rule, .. } = definition;
            match rule {
                Rule::Relation(implied) => {
                    let implied = implied.iter().filter_map(|&by| definitions.get(by as usize));
                    for by in implied.filter(|_| *namespace != self.organizations) {
                        self.uses.entry((*namespace, by.name)).or_default().same.push((*name, true));
                    }
                }
                Rule::Permit(op) => match generators(op, true) {
                    Some(found) => {
                        for (op, certain) in found {
                            self.invert_atom(*namespace, (*name, place), op, certain);
                        }
                    }
                    None => {
                        if let Some(space) = self.namespaces.get_mut(*namespace as usize) {
                            space.unbounded.push(place);
                        }
                    }
                },
            }
        }
        self.definitions = definitions;
    }

    fn invert_atom(&mut self, namespace: u32, (name, place): (u32, u32), op: &Op, certain: bool) {
        match op {
            Op::Same(used, _) => {
                self.uses.entry((namespace, *used)).or_default().same.push((name, certain));
            }
            Op::Traverse(Through { relation, tails, .. }) => {
                for tail in tails {
                    let Some(of) = self.spaces.get(&tail.objects).copied() else { continue };
                    let uses = self.uses.entry((of, tail.name)).or_default();
                    uses.through.push((namespace, *relation, name, certain));
                }
            }
            Op::Equals => {
                if let Some(space) = self.namespaces.get_mut(namespace as usize) {
                    space.equals.push((place, certain));
                }
            }
            Op::Or(_) | Op::And(_) | Op::Not(_) => {}
        }
    }
}

/// Atoms one of which must hold when `op` does, each with whether it is enough. `None` when there are none: `op` can
/// hold because of something that is absent.
fn generators(op: &Op, certain: bool) -> Option<Vec<(&Op, bool)>> {
    match op {
        Op::Or(parts) => {
            let each: Option<Vec<_>> = parts.iter().map(|part| generators(part, certain)).collect();
            Some(each?.into_iter().flatten().collect())
        }
        // Any one part will do; the one with the fewest.
        Op::And(parts) => parts.iter().filter_map(|part| generators(part, false)).min_by_key(Vec::len),
        Op::Not(_) => None,
        atom => Some(vec![(atom, certain)]),
    }
}
