//! Lists: which fields filter and sort, filters compiled to SQL, keyset pages and counts.
//!
//! An area declares a [`List`] once and calls [`page`]. Only names from that table enter a statement; whatever a
//! caller sends is a parameter. Parsing filters and sealing page tokens is done above, what a filter means is said
//! by `avnology_aip::Expr::matches`, and what differs between the engines stands in `dialect.rs`.

mod fields;
mod filter;
mod numbers;
mod order;
mod paging;
mod pattern;
mod query;
mod refusal;
mod seek;
mod statement;

pub use fields::{Field, List};
pub use paging::{count, page};
pub use query::{ListQuery, Page, Scope, Total, check};
