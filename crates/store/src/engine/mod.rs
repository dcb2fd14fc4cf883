//! The engine: runs transactions on SQLite and PostgreSQL behind one set of types.
//!
//! Here live connections, pools, the writer threads, retries, the two homes and the organizations' databases.
//! No statement of an area and no rule lives here, and what differs in SQL stands in `dialect.rs` alone.

mod database;
mod failure;
mod lock;
mod marks;
mod organizations;
mod postgres;
mod row;
mod sql;
mod sqlite;
mod store;
mod tx;
mod value;

pub(crate) use database::Database;
pub(crate) use failure::{Failure, Kind};
pub(crate) use row::unreadable;

pub use database::{IdentityDb, IdentityTx, OrgDb, OrgTx};
pub use marks::{Mark, Marks};
pub use row::{FromValue, Row};
pub use sql::Sql;
pub use store::{Placement, Store, StoreConfig};
pub(crate) use tx::News;
pub use tx::{Tx, UniqueViolation};
pub use value::Value;

/// The two database engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// A file of ours.
    Sqlite,
    /// A server of the operator's.
    Postgres,
}
