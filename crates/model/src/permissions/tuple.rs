//! Relation tuples.

use crate::text::text_enum;

text_enum! {
    /// Who wrote a tuple.
    pub enum TupleSource {
        /// Somebody, through the API.
        Api = "api",
        /// The system, with what it belongs to.
        System = "system",
        /// A time-bound grant.
        Grant = "grant",
    }
}
