//! Permissions as relations (`contract/50`): tuples and the schema of own namespaces are written here, and questions are
//! answered from memory.
//!
//! What tuples mean is in `libs/rebac`. The tuples of roles, groups and service accounts are written where those change,
//! in the same transaction.

pub mod access;
mod asker;
mod change;
mod check;
mod follow;
mod input;
mod lists;
mod load;
mod memory;
mod questions;
mod schema;
mod snaptoken;
mod stored;
mod target;
mod view;
mod write;

pub use asker::Asker;
pub use check::check;
pub use follow::{keep_up, sweep};
pub use input::{Consistency, Parts, SubjectSet};
pub use lists::{NamePage, TuplePage, TuplePlace, list, list_objects, list_subjects};
pub(crate) use memory::PermissionMemory;
pub use questions::{batch_check, check as answer, expand, explain};
pub use schema::{
    NamespaceView, ParseError, PlaceInText, SchemaInput, SchemaView, get_schema, put_schema, validate_schema,
};
pub use snaptoken::Freshness;
pub use view::{
    BatchChecked, CheckProblem, Checked, Explained, GrantedPermission, KeptTuple, StepView, TreeView,
    TupleView,
};
pub use write::{
    Action, BatchWritten, Granted, Leniency, Operation, TuplePrecondition, batch, delete_matching, grant,
    revoke,
};
