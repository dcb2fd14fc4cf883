//! Whether something follows, with three values.
//!
//! Depth is bounded, and so is the stack: at most [`super::Limits::MAX_DEPTH`] relations and permits one in the other,
//! each with an expression that nests no deeper than the schema's limit.

use super::{
    Limit, Query, QueryError,
    explain::Trace,
    memo::{Answer, FIRM, Known, Memo, Outcome},
    resolve::{Asker, Target, UNHEARD},
};
use crate::index::{
    edges::NONE,
    program::{OPEN, Op, Rule, Space, TailOf, Through},
    state::{Node, SET},
    symbols::space,
};

/// Between two looks at the deadline.
const BREATH: u32 = 256;

/// Nodes of one relation of one object in the stores that are seen.
type Nodes<'a> = [Option<(u32, &'a Node)>; 2];

/// A relation or permit of an object.
struct About<'a> {
    object: u32,
    relation: u32,
    is_open: bool,
    space: &'a Space,
    rule: &'a Rule,
    /// None for a permit.
    nodes: Nodes<'a>,
}

impl About<'_> {
    /// The rule of relations of organizations, without what roles imply.
    const OPEN: &'static Rule = &Rule::Relation(Vec::new());
}

pub(super) struct Evaluator<'a> {
    pub(super) query: &'a Query<'a>,
    asker: Asker,
    /// The text of [`UNHEARD`].
    relation: &'a str,
    memo: Memo,
    spent: u32,
    limit: Option<Limit>,
    stopped: bool,
    pub(super) trace: Option<Trace>,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(query: &'a Query<'a>, asker: Asker, relation: &'a str) -> Self {
        Self {
            query,
            asker,
            relation,
            memo: Memo::new(query.memo),
            spent: 0,
            limit: None,
            stopped: false,
            trace: None,
        }
    }

    /// The answer to a question, with a budget of its own.
    pub(super) fn root(&mut self, target: &Target) -> Result<bool, QueryError> {
        self.spent = 0;
        let answer = self.node(target.object, target.relation, target.definition, 1);
        match answer.outcome {
            Outcome::Yes => Ok(true),
            Outcome::No => Ok(false),
            Outcome::Unknown => Err(QueryError::Limit(self.limit.unwrap_or(Limit::Width))),
        }
    }

    fn meet(&mut self, limit: Limit) -> Answer {
        self.limit.get_or_insert(limit);
        Answer::UNKNOWN
    }

    /// Takes one step off the budget; whether there was one.
    fn spend(&mut self) -> bool {
        if self.stopped {
            return false;
        }
        self.spent += 1;
        if self.spent > self.query.limits.nodes {
            self.stopped = true;
            self.meet(Limit::Width);
        } else if self.spent.is_multiple_of(BREATH) && self.query.is_late.is_some_and(|is_late| is_late()) {
            self.stopped = true;
            self.meet(Limit::Time);
        }
        !self.stopped
    }

    fn node(&mut self, object: u32, relation: u32, definition: u32, depth: u32) -> Answer {
        if depth > self.query.limits.depth {
            return self.meet(Limit::Depth);
        }
        let Some(about) = self.about(object, relation, definition) else { return Answer::NO };
        // Most answers are a tuple away, or not there at all: nothing of that is worth remembering.
        if self.trace.is_none()
            && let Some(answer) = self.at_once(&about)
        {
            return if self.spend() { answer } else { Answer::UNKNOWN };
        }
        let key = (u64::from(object) << 32) | u64::from(relation);
        let begun = match self.memo.begin(key, depth) {
            Known::Answer(answer) => return answer,
            Known::Begun(begun) => begun,
        };
        let mark = self.trace.as_ref().map(Trace::mark);
        let answer = if self.spend() { self.rule(&about, depth) } else { Answer::UNKNOWN };
        let answer = self.memo.end(&begun, answer);
        if let (Some(trace), Some(mark)) = (&mut self.trace, mark) {
            trace.decided(key, depth, answer.outcome, mark);
        }
        answer
    }

    /// What a relation or permit of an object consists of.
    #[inline]
    fn about(&self, object: u32, relation: u32, definition: u32) -> Option<About<'a>> {
        let program = &self.query.state.program;
        let (namespace, rule) = if definition == OPEN {
            (program.organizations, About::OPEN)
        } else {
            let found = program.definition(definition)?;
            (found.namespace, &found.rule)
        };
        let space = program.namespaces.get(namespace as usize)?;
        let nodes = match rule {
            Rule::Permit(_) => [None; 2],
            Rule::Relation(_) => self.nodes(space, object, relation),
        };
        Some(About { object, relation, is_open: definition == OPEN, space, rule, nodes })
    }

    /// The answer, if the tuples of the relation itself are enough for one.
    #[inline]
    fn at_once(&self, about: &About<'a>) -> Option<Answer> {
        let Rule::Relation(implied) = about.rule else { return None };
        let mut has_sets = false;
        for (id, node) in about.nodes.iter().flatten() {
            if self.named(*id, node).is_some() {
                return Some(Answer::YES);
            }
            has_sets |= node.edges.last().is_some_and(|last| last & SET != 0);
        }
        (!has_sets && implied.is_empty() && !about.is_open).then_some(Answer::NO)
    }

    fn rule(&mut self, about: &About<'a>, depth: u32) -> Answer {
        let program = &self.query.state.program;
        match about.rule {
            Rule::Permit(op) => self.op(op, about.space, about.object, depth),
            Rule::Relation(_) if about.is_open => self.open(about, depth),
            Rule::Relation(implied) => {
                let mut answer = self.tuples(&about.nodes, depth);
                for &by in implied {
                    let Some(name) = program.definition(by).map(|by| by.name) else { continue };
                    if answer.outcome == Outcome::Yes {
                        break;
                    }
                    answer = answer.or(self.same(about.object, name, by, depth));
                }
                answer
            }
        }
    }

    /// The same object has a relation or permit.
    fn same(&mut self, object: u32, relation: u32, definition: u32, depth: u32) -> Answer {
        let answer = self.node(object, relation, definition, depth + 1);
        if answer.outcome == Outcome::Yes
            && let Some(trace) = &mut self.trace
        {
            trace.has(object, relation);
        }
        answer
    }

    fn op(&mut self, op: &'a Op, space: &'a Space, object: u32, depth: u32) -> Answer {
        match op {
            Op::Or(parts) => self.any(parts, space, object, depth),
            Op::And(parts) => self.all(parts, space, object, depth),
            Op::Not(inner) => self.not(inner, space, object, depth),
            Op::Same(name, definition) => self.same(object, *name, *definition, depth),
            Op::Traverse(through) => self.traverse(through, space, object, depth),
            Op::Equals if object == self.asker.subject => Answer::YES,
            Op::Equals => Answer::NO,
        }
    }

    fn any(&mut self, parts: &'a [Op], space: &'a Space, object: u32, depth: u32) -> Answer {
        let mut answer = Answer::NO;
        for part in parts {
            answer = answer.or(self.op(part, space, object, depth));
            if answer.outcome == Outcome::Yes {
                break;
            }
        }
        answer
    }

    fn all(&mut self, parts: &'a [Op], space: &'a Space, object: u32, depth: u32) -> Answer {
        let mut answer = Answer::YES;
        let mark = self.trace.as_ref().map(Trace::mark);
        for part in parts {
            let next = self.op(part, space, object, depth);
            match next.outcome {
                Outcome::Yes => {}
                // A no of one part decides, whatever is unknown of others.
                Outcome::No => {
                    answer = next;
                    break;
                }
                Outcome::Unknown => answer = next,
            }
        }
        if answer.outcome != Outcome::Yes {
            self.drop_proof(mark);
        }
        answer
    }

    fn not(&mut self, inner: &'a Op, space: &'a Space, object: u32, depth: u32) -> Answer {
        let mark = self.trace.as_ref().map(Trace::mark);
        let answer = self.op(inner, space, object, depth);
        self.drop_proof(mark);
        match answer.outcome {
            Outcome::Yes => Answer::NO,
            Outcome::No if answer.rests_on == FIRM => Answer::YES,
            // The schema has no recursion through `!`, so this cannot be; if it were, yes would be a guess.
            Outcome::No | Outcome::Unknown => self.meet(Limit::Depth),
        }
    }

    fn drop_proof(&mut self, mark: Option<usize>) {
        if let (Some(trace), Some(mark)) = (&mut self.trace, mark) {
            trace.back_to(mark);
        }
    }

    /// The nodes of a relation of an object in the stores that are seen.
    #[inline]
    fn nodes(&self, space: &Space, object: u32, relation: u32) -> Nodes<'a> {
        let state = self.query.state;
        self.query
            .view
            .stores(space)
            .map(|store| if store == NONE { None } else { state.find_node(store, object, relation) })
    }

    /// Whom a node names, of the subject and `*` that stands for it.
    #[inline]
    fn named(&self, id: u32, node: &Node) -> Option<u32> {
        let Query { state, now, .. } = *self.query;
        let Asker { subject, is_person } = self.asker;
        if state.holds(id, node, subject, now) {
            return Some(subject);
        }
        (is_person && state.holds(id, node, state.anyone, now)).then_some(state.anyone)
    }

    /// A tuple names the subject, `*` that stands for it, or a set that holds it.
    fn tuples(&mut self, nodes: &Nodes<'a>, depth: u32) -> Answer {
        let Query { state, now, .. } = *self.query;
        for (id, node) in nodes.iter().flatten() {
            if let Some(subject) = self.named(*id, node) {
                if let Some(trace) = &mut self.trace {
                    trace.tuple(*id, subject);
                }
                return Answer::YES;
            }
        }
        let mut answer = Answer::NO;
        for &(id, node) in nodes.iter().flatten() {
            for set in node.edges.from(SET) {
                if !state.is_live(id, node, set, now) {
                    continue;
                }
                answer = answer.or(self.set(id, set, depth));
                if answer.outcome == Outcome::Yes || self.stopped {
                    return answer;
                }
            }
        }
        answer
    }

    fn set(&mut self, node: u32, set: u32, depth: u32) -> Answer {
        let state = self.query.state;
        let Some(record) = state.set(set) else { return Answer::NO };
        let namespace = state.program.namespace_of(record.objects);
        let definition = namespace.and_then(|(_, space)| space.by_symbol(record.relation));
        let Some(definition) = definition else { return Answer::NO };
        let mark = self.trace.as_ref().map(Trace::mark);
        if let Some(trace) = &mut self.trace {
            trace.tuple(node, set);
        }
        let answer = self.same(record.object, record.relation, definition, depth);
        if answer.outcome != Outcome::Yes {
            self.drop_proof(mark);
        }
        answer
    }

    fn traverse(&mut self, through: &'a Through, space: &'a Space, object: u32, depth: u32) -> Answer {
        let Query { state, now, .. } = *self.query;
        let mut answer = Answer::NO;
        for (id, node) in self.nodes(space, object, through.relation).into_iter().flatten() {
            for next in node.edges.iter().take_while(|subject| subject & SET == 0) {
                if !self.spend() {
                    return answer.or(Answer::UNKNOWN);
                }
                let Some(tail) = through.tail_of(|| state.symbols.space(next)) else { continue };
                if !state.is_live(id, node, next, now) {
                    continue;
                }
                answer = answer.or(self.step(id, next, *tail, depth));
                if answer.outcome == Outcome::Yes {
                    return answer;
                }
            }
        }
        answer
    }

    fn step(&mut self, node: u32, next: u32, tail: TailOf, depth: u32) -> Answer {
        let mark = self.trace.as_ref().map(Trace::mark);
        if let Some(trace) = &mut self.trace {
            trace.tuple(node, next);
        }
        let answer = self.same(next, tail.name, tail.definition, depth);
        if answer.outcome != Outcome::Yes {
            self.drop_proof(mark);
        }
        answer
    }

    /// A relation of an organization: its tuples, and what roles imply (`contract/50` §6.1).
    fn open(&mut self, about: &About<'a>, depth: u32) -> Answer {
        let state = self.query.state;
        let program = &state.program;
        let About { object, relation, space, .. } = *about;
        let mut answer = self.tuples(&about.nodes, depth);
        let [owner, admin, member] = program.roles;
        let text = if relation == UNHEARD { self.relation } else { state.symbols.text(relation) };
        if answer.outcome == Outcome::Yes || relation == owner {
            return answer;
        }
        if relation == admin || relation == member {
            let above = if relation == admin { owner } else { admin };
            let custom = state.roles(object).iter();
            let custom = custom.filter(|role| role.admin == (relation == admin)).map(|role| role.key);
            return self.any_role(answer, object, [above].into_iter().chain(custom), depth);
        }
        let Some((area, _)) = text.split_once(':') else { return answer };
        let whole =
            state.symbols.find(space::RELATIONS, &format!("{area}:*")).filter(|&whole| whole != relation);
        if let Some(whole) = whole {
            answer = answer.or(self.tuples(&self.nodes(space, object, whole), depth));
        }
        let lists = |permissions: &[u32]| {
            permissions.binary_search(&relation).is_ok()
                || whole.is_some_and(|whole| permissions.binary_search(&whole).is_ok())
        };
        let built_in = program.roles.iter().zip(&program.role_permissions);
        let built_in = built_in.filter(|(_, permissions)| lists(permissions)).map(|(role, _)| *role);
        let custom = state.roles(object).iter().filter(|role| lists(&role.permissions)).map(|role| role.key);
        self.any_role(answer, object, built_in.chain(custom), depth)
    }

    fn any_role(
        &mut self,
        mut answer: Answer,
        object: u32,
        roles: impl Iterator<Item = u32>,
        depth: u32,
    ) -> Answer {
        for role in roles {
            if answer.outcome == Outcome::Yes {
                break;
            }
            answer = answer.or(self.same(object, role, OPEN, depth));
        }
        answer
    }
}
