//! The rules of lists: TypeIDs, the filter grammar, `order_by` and page tokens.

pub mod typeid;
