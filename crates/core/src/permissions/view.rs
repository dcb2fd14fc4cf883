//! What answers show.

use avnology_model::{Timestamp, permissions::TupleSource};
use avnology_rebac::{Step, Tree, Tuple};
use serde::Serialize;
use utoipa::ToSchema;

/// A tuple as a step of a proof, or as a node of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RelationTuple)]
pub struct TupleView {
    /// Namespace.
    pub namespace: String,
    /// Object.
    pub object: String,
    /// Relation or permit.
    pub relation: String,
    /// Subject; null where the node of a tree stands for everybody who has the relation.
    pub subject: Option<String>,
}

impl TupleView {
    /// The view of a tuple.
    pub fn of(tuple: &Tuple) -> Self {
        Self {
            namespace: tuple.namespace.clone(),
            object: tuple.object.clone(),
            relation: tuple.relation.clone(),
            subject: Some(tuple.subject.to_string()),
        }
    }
}

/// A tuple that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Permission)]
pub struct KeptTuple {
    /// Namespace.
    pub namespace: String,
    /// Object.
    pub object: String,
    /// Relation.
    pub relation: String,
    /// Subject.
    pub subject: String,
    /// When it ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expire_time: Option<Timestamp>,
    /// When it was written.
    #[schema(value_type = String, format = DateTime)]
    pub create_time: Timestamp,
    /// Who wrote it.
    pub source: TupleSource,
}

/// A tuple that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GrantedPermission {
    /// The tuple.
    #[serde(flatten)]
    pub permission: KeptTuple,
    /// Names the moment from which it counts.
    pub snaptoken: String,
}

/// The answer to a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Checked {
    /// Whether the subject has the relation or permit.
    pub allowed: bool,
    /// Names the moment of the answer.
    pub snaptoken: String,
}

/// The answer to one of many checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BatchChecked {
    /// Whether it is allowed; false when it could not be decided.
    pub allowed: bool,
    /// Why it could not be decided.
    pub error: Option<CheckProblem>,
}

/// Why a check could not be decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CheckProblem {
    /// Code.
    pub code: String,
    /// For people.
    pub detail: String,
}

/// A node of an expansion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PermissionTree)]
pub struct TreeView {
    /// What the children are to it: `union`, `intersection`, `exclusion`, `leaf`, `tuple_to_subject_set`,
    /// `computed_subject_set` or `not`.
    pub r#type: &'static str,
    /// What it stands for.
    pub tuple: TupleView,
    /// What it consists of.
    #[schema(no_recursion)]
    pub children: Vec<TreeView>,
}

impl TreeView {
    /// The view of a tree.
    pub fn of(tree: Tree) -> Self {
        let tuple = TupleView {
            namespace: tree.namespace,
            object: tree.object,
            relation: tree.relation,
            subject: tree.subject.map(|subject| subject.to_string()),
        };
        Self { r#type: tree.kind.name(), tuple, children: tree.children.into_iter().map(Self::of).collect() }
    }
}

/// What a check rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Explained {
    /// Whether the subject has the relation or permit.
    pub allowed: bool,
    /// The tuples it follows from, from the object to the subject; empty when it does not.
    pub path: Vec<TupleView>,
    /// What was decided on the way, the question last.
    pub steps: Vec<StepView>,
    /// Names the moment of the answer.
    pub snaptoken: String,
}

/// A relation or permit of an object that was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ExplanationStep)]
pub struct StepView {
    /// Namespace.
    pub namespace: String,
    /// Object.
    pub object: String,
    /// Relation or permit.
    pub relation: String,
    /// How many steps from the question, which has 1.
    pub depth: u32,
    /// `yes`, `no` or `unknown`.
    pub outcome: &'static str,
    /// The expression of a permit.
    pub rule: Option<String>,
}

impl StepView {
    /// The view of a step.
    pub fn of(step: Step) -> Self {
        Self {
            outcome: outcome_name(step.outcome),
            namespace: step.namespace,
            object: step.object,
            relation: step.relation,
            depth: step.depth,
            rule: step.rule,
        }
    }
}

fn outcome_name(outcome: avnology_rebac::Outcome) -> &'static str {
    use avnology_rebac::Outcome;
    match outcome {
        Outcome::Yes => "yes",
        Outcome::No => "no",
        Outcome::Unknown => "unknown",
    }
}
