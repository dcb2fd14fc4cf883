//! The rules of lists: `TypeID`s, the filter grammar, `order_by` and page tokens.
//!
//! Nothing here reads a clock, draws a random number, holds a key or knows a database. A filter is parsed into
//! a tree that a caller compiles to its query language; [`Expr::matches`] says what the tree means.
//!
//! ```
//! use avnology_aip::{Datum, FieldPath, filter, order_by};
//!
//! let filter = filter::parse(r#"state = "active" AND email:"jane*""#)?.expect("not empty");
//! let lookup = |field: &FieldPath| match field.to_string().as_str() {
//!     "state" => Some(Datum::text("active")),
//!     "email" => Some(Datum::folded_text("Jane@example.com")),
//!     _ => None,
//! };
//! assert!(filter.matches(&lookup));
//!
//! let order = order_by::parse("create_time desc, id")?;
//! assert!(order[0].descending && !order[1].descending);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod base64url;
pub mod filter;
pub mod order_by;
pub mod page_token;
pub mod pattern;
pub mod typeid;

pub use filter::{Datum, Expr, FieldPath, FilterError, Number, Op, Restriction, Value};
pub use order_by::{OrderByError, OrderKey};
pub use page_token::{Key, PageToken, PageTokenError};
pub use pattern::Pattern;
