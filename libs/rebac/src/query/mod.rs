//! Questions to a snapshot: check, batch check, expand, list objects, list subjects, explain (`contract/50` §5).
//!
//! Every answer is right or an error: where a limit keeps a question from being decided, that is said.

mod evaluate;
mod expand;
mod explain;
mod memo;
mod objects;
mod resolve;
mod subjects;

use std::fmt;

pub use expand::{Tree, TreeKind};
pub use explain::{Explanation, Step};
pub use memo::Outcome;
pub use subjects::Subjects;

use crate::{
    index::{
        Scope, Snapshot,
        edges::NONE,
        program::Space,
        state::{State, store},
    },
    tuple::Subject,
};
use evaluate::Evaluator;
use resolve::{Asker, Target};

/// How far a question may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Relations and permits one behind the other; 1–[`Limits::MAX_DEPTH`], others are read as the nearest.
    pub depth: u32,
    /// Relations and permits of objects that a check, an expansion or an explanation looks at.
    pub nodes: u32,
    /// The same for lists, which answer more.
    pub list: u32,
}

impl Limits {
    /// The largest depth.
    pub const MAX_DEPTH: u32 = 50;
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 32, nodes: 10_000, list: 4_000_000 }
    }
}

/// Which limit a question met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::depth`].
    Depth,
    /// [`Limits::nodes`] or [`Limits::list`].
    Width,
    /// The deadline.
    Time,
}

impl Limit {
    /// As it stands in an answer.
    pub fn name(self) -> &'static str {
        match self {
            Self::Depth => "depth",
            Self::Width => "width",
            Self::Time => "time",
        }
    }
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryError {
    /// No such namespace.
    UnknownNamespace(String),
    /// No such relation or permit in the namespace.
    UnknownRelation(String, String),
    /// It was not decided within the limits.
    Limit(Limit),
    /// A list without an end: it holds for every subject of the namespace that nothing is written about.
    Endless,
}

impl QueryError {
    /// The number of the code in the contract (`contract/00` §8): 500 or 502.
    pub fn number(&self) -> u16 {
        match self {
            Self::UnknownNamespace(_) | Self::UnknownRelation(..) => 500,
            Self::Limit(_) | Self::Endless => 502,
        }
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownNamespace(name) => write!(f, "Unknown namespace \"{name}\"."),
            Self::UnknownRelation(namespace, name) => {
                write!(f, "The namespace \"{namespace}\" has no relation or permit \"{name}\".")
            }
            Self::Limit(limit) => write!(f, "The question met the limit of {}.", limit.name()),
            Self::Endless => f.write_str("The list would hold every subject that nothing is written about."),
        }
    }
}

impl std::error::Error for QueryError {}

/// Whether a subject has a relation to an object, or a permit.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// Namespace; `orgs` and `org` are read as `organizations`.
    pub namespace: &'q str,
    /// Object.
    pub object: &'q str,
    /// Relation or permit.
    pub relation: &'q str,
    /// Who.
    pub subject: &'q Subject,
}

/// How to ask one snapshot: in which scope, at what time, how far.
#[derive(Clone, Copy)]
pub struct Query<'a> {
    state: &'a State,
    view: View,
    now: i64,
    limits: Limits,
    is_late: Option<&'a dyn Fn() -> bool>,
    memo: bool,
}

impl fmt::Debug for Query<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query").field("view", &self.view).field("now", &self.now).finish_non_exhaustive()
    }
}

impl Snapshot {
    /// Asks as seen from a scope at a time, in microseconds of the epoch.
    pub fn query(&self, scope: &Scope, now: i64) -> Query<'_> {
        let state = &*self.state;
        let view = match scope {
            Scope::Tenant => View { own: store::TENANT, tenant: NONE },
            Scope::Organization(id) => {
                View { own: state.store_of(id).unwrap_or(NONE), tenant: store::TENANT }
            }
        };
        Query { state, view, now, limits: Limits::default(), is_late: None, memo: true }
    }
}

impl<'a> Query<'a> {
    /// With other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = Limits { depth: limits.depth.clamp(1, Limits::MAX_DEPTH), ..limits };
        self
    }

    /// With a deadline: `is_late` is asked now and then, and its first yes ends the question.
    #[must_use]
    pub fn with_deadline(mut self, is_late: &'a dyn Fn() -> bool) -> Self {
        self.is_late = Some(is_late);
        self
    }

    /// Works everything out each time it is needed. For tests: answers are the same, only later.
    #[must_use]
    pub fn without_memo(mut self) -> Self {
        self.memo = false;
        self
    }

    /// Whether it follows from the tuples.
    pub fn check(&self, question: &Question<'_>) -> Result<bool, QueryError> {
        let place = self.relation(question.namespace, question.relation)?;
        if self.is_direct(question, place) {
            return Ok(true);
        }
        let (target, subject) = self.resolved_at(question, place)?;
        Evaluator::new(self, subject, question.relation).root(&target)
    }

    /// Many checks, in order. Questions about one subject that follow each other share what they find out.
    pub fn batch_check(&self, questions: &[Question<'_>]) -> Vec<Result<bool, QueryError>> {
        // All tuples first, then all names: looking one up does not wait for the one before.
        let direct: Vec<Result<_, QueryError>> = questions
            .iter()
            .map(|question| {
                let place = self.relation(question.namespace, question.relation)?;
                Ok((!self.is_direct(question, place)).then_some(place))
            })
            .collect();
        let resolved = questions.iter().zip(direct).map(|(question, place)| match place? {
            Some(place) => self.resolved_at(question, place).map(Some),
            None => Ok(None),
        });
        let resolved: Vec<Result<_, QueryError>> = resolved.collect();
        let mut last: Option<(&Subject, Evaluator<'_>)> = None;
        let mut answers = Vec::with_capacity(questions.len());
        for (question, resolved) in questions.iter().zip(resolved) {
            let decide = |resolved: Option<(Target, Asker)>| {
                let Some((target, subject)) = resolved else { return Ok(true) };
                // What nobody names has no number of its own, so nothing about it is kept.
                let known = target.is_known() && subject.is_known();
                if let Some((_, evaluator)) = last.as_mut().filter(|(of, _)| known && *of == question.subject)
                {
                    return evaluator.root(&target);
                }
                let mut evaluator = Evaluator::new(self, subject, question.relation);
                let answer = evaluator.root(&target);
                if known && answer.is_ok() {
                    last = Some((question.subject, evaluator));
                }
                answer
            };
            answers.push(resolved.and_then(decide));
        }
        answers
    }
}

/// Which stores are seen.
#[derive(Clone, Copy, Debug)]
struct View {
    /// The store of own namespaces; [`NONE`] when nothing is in it.
    own: u32,
    /// In an organization's scope, the tenant's store, for shared namespaces.
    tenant: u32,
}

impl View {
    /// The stores in which tuples of a namespace are seen; [`NONE`] for no store.
    fn stores(self, space: &Space) -> [u32; 2] {
        if space.built_in {
            [store::BUILT_IN, NONE]
        } else if space.shared {
            [self.own, self.tenant]
        } else {
            [self.own, NONE]
        }
    }

    /// Every store of which something may be seen.
    fn all(self) -> [u32; 3] {
        [store::BUILT_IN, self.own, self.tenant]
    }

    fn sees(self, space: &Space, store: u32) -> bool {
        self.stores(space).contains(&store)
    }
}
