//! How is it kept? The only SQL of the house: one text for two engines, migrations and transactions.
//!
//! [`Store`] owns the identity layer's database and each organization's own. Work is a closure over a transaction;
//! areas (`events`, …) hold the statements and the functions over [`IdentityTx`] and [`OrgTx`].
//! No rule is decided here, no clock is read and nothing but the databases is touched.

pub mod audit;
pub mod clients;
pub mod columns;
pub mod credentials;
pub mod dialect;
mod engine;
pub mod events;
pub mod flows;
pub mod identities;
pub mod list;
pub mod migrations;
pub mod organizations;
pub mod permissions;
pub mod platform;
pub mod privacy;
pub mod service_accounts;
pub mod sessions;
pub mod statements;

pub use engine::{
    Engine, FromValue, IdentityDb, IdentityTx, Mark, Marks, OrgDb, OrgTx, Placement, Row, Sql, Store,
    StoreConfig, Tx, UniqueViolation, Value,
};
