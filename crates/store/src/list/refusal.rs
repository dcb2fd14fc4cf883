//! What the caller is told about a list that cannot be given (`_902`).

use avnology_model::{Error, FieldCode};

/// A field that does not filter here.
pub(super) fn unknown(field: impl std::fmt::Display) -> Error {
    let message = format!("`{field}` is no field that this list can be filtered by.");
    Error::field("filter", FieldCode::UnknownField, message)
}

/// An operator or value that does not fit the field's type.
pub(super) fn unfit(message: impl Into<String>) -> Error {
    Error::field("filter", FieldCode::NotAllowed, message)
}

/// A field that does not sort here.
pub(super) fn unsortable(field: &str) -> Error {
    let message = format!("`{field}` is no field that this list can be sorted by.");
    Error::field("order_by", FieldCode::UnknownField, message)
}

/// A position that is none of this list.
pub(super) fn misplaced() -> Error {
    let message = "This page token belongs to a request with other parameters.";
    Error::field("page_token", FieldCode::InvalidFormat, message)
}
