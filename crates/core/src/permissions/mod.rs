//! Permissions as relations (`contract/50`): tuples and the schema of own namespaces are written here, and questions are
//! answered from memory.
//!
//! What tuples mean is in `libs/rebac`. The tuples of roles, groups and service accounts are written where those change,
//! in the same transaction.

mod check;
mod follow;
mod load;
mod memory;
mod snaptoken;
mod stored;

pub use check::check;
pub use follow::{keep_up, sweep};
pub(crate) use memory::PermissionMemory;
pub use snaptoken::Freshness;
