//! Everything that a relation or permit consists of, as a tree.

use super::{
    Limit, Query, QueryError,
    resolve::{NOWHERE, UNHEARD},
};
use crate::{
    index::{
        edges::NONE,
        program::{OPEN, Op, Rule, Space, Through},
        state::SET,
        symbols::space,
    },
    tuple::{Subject, canonical_namespace},
};

/// What the children of a node are to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeKind {
    /// One is enough.
    Union,
    /// All are needed.
    Intersection,
    /// The first, without the others.
    Exclusion,
    /// None: it names a subject.
    Leaf,
    /// One for each object that has the relation.
    TupleToSubjectSet,
    /// Another relation or permit of the same object.
    ComputedSubjectSet,
    /// What must not hold.
    Not,
}

impl TreeKind {
    /// As it stands in an answer.
    pub fn name(self) -> &'static str {
        match self {
            Self::Union => "union",
            Self::Intersection => "intersection",
            Self::Exclusion => "exclusion",
            Self::Leaf => "leaf",
            Self::TupleToSubjectSet => "tuple_to_subject_set",
            Self::ComputedSubjectSet => "computed_subject_set",
            Self::Not => "not",
        }
    }
}

/// A node of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// What the children are to it.
    pub kind: TreeKind,
    /// Namespace.
    pub namespace: String,
    /// Object.
    pub object: String,
    /// Relation or permit.
    pub relation: String,
    /// The subject of a leaf. A set is a leaf only where it stands inside itself.
    pub subject: Option<Subject>,
    /// What it consists of.
    pub children: Vec<Tree>,
}

impl Query<'_> {
    /// The tree of a relation or permit, whole or not at all.
    pub fn expand(&self, namespace: &str, object: &str, relation: &str) -> Result<Tree, QueryError> {
        let target = self.target(namespace, object, relation)?;
        let names = (canonical_namespace(namespace), object, relation);
        let mut expander = Expander { query: self, names, path: Vec::new(), spent: 0 };
        expander.node(target.object, target.relation, target.definition)
    }
}

type Expanded<T> = Result<T, QueryError>;

struct Expander<'a> {
    query: &'a Query<'a>,
    /// Of the question: what nobody names has no text elsewhere.
    names: (&'a str, &'a str, &'a str),
    /// Objects and relations that are being expanded.
    path: Vec<(u32, u32)>,
    spent: u32,
}

impl<'a> Expander<'a> {
    fn tree(
        &mut self,
        kind: TreeKind,
        (object, relation): (u32, u32),
        children: Vec<Tree>,
    ) -> Expanded<Tree> {
        self.spent += 1;
        if self.spent > self.query.limits.nodes {
            return Err(QueryError::Limit(Limit::Width));
        }
        if self.spent.is_multiple_of(256) && self.query.is_late.is_some_and(|is_late| is_late()) {
            return Err(QueryError::Limit(Limit::Time));
        }
        let state = self.query.state;
        let (namespace, object) = if object == NOWHERE {
            (self.names.0, self.names.1)
        } else {
            (state.namespace_text(object), state.symbols.text(object))
        };
        let relation = if relation == UNHEARD { self.names.2 } else { state.symbols.text(relation) };
        Ok(Tree {
            kind,
            namespace: namespace.to_owned(),
            object: object.to_owned(),
            relation: relation.to_owned(),
            subject: None,
            children,
        })
    }

    fn leaf(&mut self, of: (u32, u32), subject: Option<Subject>) -> Expanded<Tree> {
        Ok(Tree { subject, ..self.tree(TreeKind::Leaf, of, Vec::new())? })
    }

    fn node(&mut self, object: u32, relation: u32, definition: u32) -> Expanded<Tree> {
        if self.path.len() >= self.query.limits.depth as usize {
            return Err(QueryError::Limit(Limit::Depth));
        }
        self.path.push((object, relation));
        let tree = self.rule(object, relation, definition);
        self.path.pop();
        tree
    }

    fn rule(&mut self, object: u32, relation: u32, definition: u32) -> Expanded<Tree> {
        let program = &self.query.state.program;
        let of = (object, relation);
        if definition == OPEN {
            let mut children = Vec::new();
            if let Some(space) = program.namespaces.get(program.organizations as usize) {
                self.tuples(space, of, relation, &mut children)?;
                self.roles(of, space, &mut children)?;
            }
            return self.tree(TreeKind::Union, of, children);
        }
        let Some(found) = program.definition(definition) else {
            return self.tree(TreeKind::Union, of, Vec::new());
        };
        match &found.rule {
            Rule::Permit(op) => self.op(op, of),
            Rule::Relation(implied) => {
                let mut children = Vec::new();
                if let Some(space) = program.namespaces.get(found.namespace as usize) {
                    self.tuples(space, of, relation, &mut children)?;
                }
                for &by in implied {
                    if let Some(name) = program.definition(by).map(|by| by.name) {
                        children.extend(self.computed_if_any(of, name, by)?);
                    }
                }
                self.tree(TreeKind::Union, of, children)
            }
        }
    }

    /// Leaves, and the trees of sets.
    fn tuples(&mut self, space: &Space, of: (u32, u32), relation: u32, into: &mut Vec<Tree>) -> Expanded<()> {
        let Query { state, now, view, .. } = *self.query;
        for store in view.stores(space).into_iter().filter(|&store| store != NONE) {
            let Some((id, node)) = state.find_node(store, of.0, relation) else { continue };
            for subject in node.edges.iter().filter(|&subject| state.is_live(id, node, subject, now)) {
                let set = if subject & SET == 0 { None } else { state.set(subject) };
                let tree = match set {
                    Some(set) if !self.path.contains(&(set.object, set.relation)) => {
                        let namespace = state.program.namespace_of(set.objects);
                        let definition = namespace.and_then(|(_, space)| space.by_symbol(set.relation));
                        self.node(set.object, set.relation, definition.unwrap_or(OPEN))?
                    }
                    _ => self.leaf((of.0, relation), state.subject(subject))?,
                };
                into.push(tree);
            }
        }
        Ok(())
    }

    fn computed(&mut self, of: (u32, u32), name: u32, definition: u32) -> Expanded<Tree> {
        let inner = (of.0, name);
        let children =
            if self.path.contains(&inner) { Vec::new() } else { vec![self.node(of.0, name, definition)?] };
        self.tree(TreeKind::ComputedSubjectSet, inner, children)
    }

    /// What implies a relation, where anybody has it.
    fn computed_if_any(&mut self, of: (u32, u32), name: u32, definition: u32) -> Expanded<Option<Tree>> {
        let tree = self.computed(of, name, definition)?;
        Ok(Some(tree).filter(|tree| tree.children.iter().any(|child| !child.children.is_empty())))
    }

    fn roles(&mut self, of: (u32, u32), space: &Space, into: &mut Vec<Tree>) -> Expanded<()> {
        let state = self.query.state;
        let program = &state.program;
        let (object, relation) = of;
        let [owner, admin, member] = program.roles;
        let mut implied = Vec::new();
        let text = if relation == UNHEARD { self.names.2 } else { state.symbols.text(relation) };
        if relation == admin || relation == member {
            implied.push(if relation == admin { owner } else { admin });
            let custom = state.roles(object).iter().filter(|role| role.admin == (relation == admin));
            implied.extend(custom.map(|role| role.key));
        } else if let Some((area, _)) = text.split_once(':') {
            let whole =
                state.symbols.find(space::RELATIONS, &format!("{area}:*")).filter(|&whole| whole != relation);
            if let Some(whole) = whole {
                self.tuples(space, of, whole, into)?;
            }
            let lists = |permissions: &[u32]| {
                permissions.binary_search(&relation).is_ok()
                    || whole.is_some_and(|whole| permissions.binary_search(&whole).is_ok())
            };
            let built_in = program.roles.iter().zip(&program.role_permissions);
            implied.extend(built_in.filter(|(_, permissions)| lists(permissions)).map(|(role, _)| *role));
            let custom = state.roles(object).iter().filter(|role| lists(&role.permissions));
            implied.extend(custom.map(|role| role.key));
        }
        for role in implied {
            into.extend(self.computed_if_any(of, role, OPEN)?);
        }
        Ok(())
    }

    fn op(&mut self, op: &'a Op, of: (u32, u32)) -> Expanded<Tree> {
        match op {
            Op::Or(parts) => self.many(TreeKind::Union, parts, of),
            Op::And(parts) => self.and(parts, of),
            Op::Not(inner) => {
                let inner = self.op(inner, of)?;
                self.tree(TreeKind::Not, of, vec![inner])
            }
            Op::Same(name, definition) => self.computed(of, *name, *definition),
            Op::Traverse(through) => self.traverse(of, through),
            Op::Equals => {
                let subject = if of.0 == NOWHERE {
                    Some(Subject::object(self.names.0, self.names.1))
                } else {
                    self.query.state.subject(of.0)
                };
                self.leaf(of, subject)
            }
        }
    }

    fn many(&mut self, kind: TreeKind, parts: &'a [Op], of: (u32, u32)) -> Expanded<Tree> {
        let children = parts.iter().map(|part| self.op(part, of)).collect::<Expanded<Vec<_>>>()?;
        self.tree(kind, of, children)
    }

    /// `a && !b` is an exclusion; without `!`, or with nothing but it, an intersection.
    fn and(&mut self, parts: &'a [Op], of: (u32, u32)) -> Expanded<Tree> {
        let (without, with): (Vec<&Op>, Vec<&Op>) = parts.iter().partition(|part| matches!(part, Op::Not(_)));
        if without.is_empty() || with.is_empty() {
            return self.many(TreeKind::Intersection, parts, of);
        }
        let mut base = with.iter().map(|part| self.op(part, of)).collect::<Expanded<Vec<_>>>()?;
        let base = match base.pop() {
            Some(only) if base.is_empty() => only,
            last => {
                base.extend(last);
                self.tree(TreeKind::Intersection, of, base)?
            }
        };
        let mut children = vec![base];
        for part in without {
            if let Op::Not(inner) = part {
                children.push(self.op(inner, of)?);
            }
        }
        self.tree(TreeKind::Exclusion, of, children)
    }

    fn traverse(&mut self, of: (u32, u32), through: &Through) -> Expanded<Tree> {
        let Query { state, now, view, .. } = *self.query;
        let relation = through.relation;
        let mut children = Vec::new();
        let namespace = state.program.namespace_of(state.symbols.space(of.0));
        for store in namespace.map(|(_, space)| view.stores(space)).into_iter().flatten() {
            let Some((id, node)) = state.find_node(store, of.0, relation).filter(|_| store != NONE) else {
                continue;
            };
            for next in node.edges.iter().take_while(|subject| subject & SET == 0) {
                let Some(tail) = through.tail_of(|| state.symbols.space(next)) else { continue };
                if !state.is_live(id, node, next, now) || self.path.contains(&(next, tail.name)) {
                    continue;
                }
                children.push(self.node(next, tail.name, tail.definition)?);
            }
        }
        self.tree(TreeKind::TupleToSubjectSet, (of.0, relation), children)
    }
}
