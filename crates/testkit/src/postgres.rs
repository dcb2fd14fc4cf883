//! The throw-away PostgreSQL server that all tests of a process share.

pub use avnology_throwaway_postgres::{Stop, ThrowawayPostgres};
