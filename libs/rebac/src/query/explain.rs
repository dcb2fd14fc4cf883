//! Why something follows, or what was looked at when it does not.

use std::collections::{HashMap, HashSet};

use super::{Query, QueryError, Question, evaluate::Evaluator, memo::Outcome, resolve::NOWHERE};
use crate::tuple::{Tuple, canonical_namespace};

/// The answer to a check, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Whether it follows.
    pub allowed: bool,
    /// The tuples it follows from, from the object to the subject; empty when it does not, or when nothing but
    /// absence speaks for it.
    pub path: Vec<Tuple>,
    /// What was decided on the way, in that order: the last is the question.
    pub steps: Vec<Step>,
}

/// A relation or permit of an object that was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Namespace.
    pub namespace: String,
    /// Object.
    pub object: String,
    /// Relation or permit.
    pub relation: String,
    /// How many steps from the question, which has 1.
    pub depth: u32,
    /// What came of it.
    pub outcome: Outcome,
    /// The expression of a permit.
    pub rule: Option<String>,
}

impl Query<'_> {
    /// A check with its reasons.
    pub fn explain(&self, question: &Question<'_>) -> Result<Explanation, QueryError> {
        let (target, subject) = self.resolved(question)?;
        let mut evaluator = Evaluator::new(self, subject, question.relation);
        evaluator.trace = Some(Trace::default());
        let allowed = evaluator.root(&target)?;
        let trace = evaluator.trace.take().unwrap_or_default();
        let key = (u64::from(target.object) << 32) | u64::from(target.relation);
        let path = if allowed { self.path(&trace, key) } else { Vec::new() };
        let steps = trace.examined.iter().map(|step| self.step(step, question)).collect();
        Ok(Explanation { allowed, path, steps })
    }

    fn path(&self, trace: &Trace, root: u64) -> Vec<Tuple> {
        let mut path = Vec::new();
        let mut seen = HashSet::from([root]);
        let mut stack: Vec<&Part> = trace.proofs.get(&root).into_iter().flatten().rev().collect();
        while let Some(part) = stack.pop() {
            match part {
                Part::Tuple(node, subject) => {
                    path.extend(self.state.node(*node).and_then(|node| self.state.tuple(node, *subject)));
                }
                Part::Has(key) if seen.insert(*key) => {
                    stack.extend(trace.proofs.get(key).into_iter().flatten().rev());
                }
                Part::Has(_) => {}
            }
        }
        path
    }

    fn step(&self, examined: &Examined, question: &Question<'_>) -> Step {
        let (object, relation) = ((examined.key >> 32) as u32, (examined.key & 0xffff_ffff) as u32);
        // Only the question itself, and what it asks of the same object, is about something nobody names.
        let is_question = examined.depth == 1;
        let (namespace, object) = if object == NOWHERE || is_question {
            (canonical_namespace(question.namespace), question.object)
        } else {
            (self.state.namespace_text(object), self.state.symbols.text(object))
        };
        let relation = if is_question { question.relation } else { self.state.symbols.text(relation) };
        let permit = self.state.program.schema.namespace(namespace).and_then(|found| found.permit(relation));
        Step {
            namespace: namespace.to_owned(),
            object: object.to_owned(),
            relation: relation.to_owned(),
            depth: examined.depth,
            outcome: examined.outcome,
            rule: permit.map(|permit| crate::schema::print::Shown(&permit.expr).to_string()),
        }
    }
}

/// What an evaluation leaves behind.
#[derive(Debug, Default)]
pub(super) struct Trace {
    /// What speaks for the question that is being decided.
    parts: Vec<Part>,
    proofs: HashMap<u64, Vec<Part>>,
    examined: Vec<Examined>,
}

#[derive(Debug)]
enum Part {
    Tuple(u32, u32),
    Has(u64),
}

#[derive(Debug)]
struct Examined {
    key: u64,
    depth: u32,
    outcome: Outcome,
}

impl Trace {
    pub(super) fn mark(&self) -> usize {
        self.parts.len()
    }

    pub(super) fn back_to(&mut self, mark: usize) {
        self.parts.truncate(mark);
    }

    pub(super) fn tuple(&mut self, node: u32, subject: u32) {
        self.parts.push(Part::Tuple(node, subject));
    }

    pub(super) fn has(&mut self, object: u32, relation: u32) {
        self.parts.push(Part::Has((u64::from(object) << 32) | u64::from(relation)));
    }

    /// A question is decided: what speaks for it is kept, the first time that it does.
    pub(super) fn decided(&mut self, key: u64, depth: u32, outcome: Outcome, mark: usize) {
        let parts = self.parts.split_off(mark.min(self.parts.len()));
        if outcome == Outcome::Yes {
            self.proofs.entry(key).or_insert(parts);
        }
        self.examined.push(Examined { key, depth, outcome });
    }
}
