//! Audit logs: an organization's in its own database, the tenant's in the identity layer, in the same tables; and, in the
//! identity layer, which logs have something to take over.

pub mod backlog;
pub mod checkpoints;
pub mod erasures;
pub mod exports;
pub mod records;
