//! Permissions as relations: tuples, the permission language, and questions answered from memory.
//!
//! A [`Tuple`] says that a subject has a relation to an object. A [`Schema`] says which namespaces, relations and
//! subjects there are, and which permits follow from relations. An [`Index`] holds the tuples; a [`Snapshot`] of it
//! answers: check, batch check, expand, list objects, list subjects, explain. Every answer is right or an error; a list
//! is complete or an error.
//!
//! Nothing here reads a clock, draws a random number, or knows a database: the time, a seed and the place in the log
//! are given.
//!
//! ```
//! use avnology_rebac::{Index, Question, Schema, Scope, Subject, Tuple};
//!
//! let schema = Schema::parse(
//!     r#"class documents implements Namespace {
//!       related: { owner: identities[], reader: (identities | SubjectSet<groups, "member">)[] }
//!       permits = {
//!         read: (ctx) => this.related.reader.includes(ctx.subject) || this.related.owner.includes(ctx.subject),
//!       }
//!     }"#,
//! )
//! .expect("a schema");
//! let mut index = Index::new(&schema, 4711);
//! for text in ["documents:plan#reader@groups:grp_1#member", "groups:grp_1#member@usr_jane"] {
//!     let tuple = Tuple::parse(text, &schema)?;
//!     index.insert(&Scope::Tenant, &tuple, None)?;
//! }
//! let snapshot = index.snapshot();
//! let query = snapshot.query(&Scope::Tenant, 0);
//! let jane = Subject::identity("usr_jane");
//! let question = Question { namespace: "documents", object: "plan", relation: "read", subject: &jane };
//! assert!(query.check(&question)?);
//! assert_eq!(query.list_objects("documents", "read", &jane)?, ["plan"]);
//! assert_eq!(query.explain(&question)?.path.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod index;
pub mod names;
mod query;
pub mod schema;
mod tuple;

pub use index::{Change, Counts, CustomRole, InUse, Index, IndexError, Kept, Scope, Snapshot, Written};
pub use query::{
    Explanation, Limit, Limits, Outcome, Query, QueryError, Question, Step, Subjects, Tree, TreeKind,
};
pub use schema::{Misfit, RolePermissions, Schema, SchemaError};
pub use tuple::{Subject, Tuple, TupleError, canonical_namespace};
